//! How do entries come in? Known ones are passed over; new ones become tips in the place of those before them, and count for the
//! quota of their space.

use std::collections::BTreeSet;

use entwine_core::feed::{StoredEntry, Tip};
use entwine_core::id::{KeyholderId, SpaceId};
use sqlx::query_builder::Separated;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{fault, read, write};
use crate::store::{Append, StoreError};

/// Rows in one statement. SQLite takes 32,766 values, and an entry has eleven.
pub(super) const ROWS_MAX: usize = 1_000;

/// The beginning of an `INSERT` of [`push_entry`] rows.
pub(super) const INSERT_ENTRIES: &str = "INSERT INTO entry \
     (space, feed, seq, hash, previous, position, kind, critical, sealed, signature, received_at) ";

/// A place in a feed.
pub(super) type Place = (KeyholderId, Tip);

/// Adds the entries of one append to its space, whatever is there already.
pub(super) async fn add(transaction: &mut SqliteConnection, append: &Append) -> Result<(), StoreError> {
    let mut added: BTreeSet<Place> = BTreeSet::new();
    for rows in append.entries.chunks(ROWS_MAX) {
        added.extend(insert(transaction, append, rows).await?);
    }
    let is_new = |entry: &&StoredEntry| added.contains(&(entry.feed, entry.tip()));
    let new: Vec<&StoredEntry> = append.entries.iter().filter(is_new).collect();
    if new.is_empty() {
        return Ok(());
    }
    let followed: BTreeSet<Place> = new.iter().map(|entry| (entry.feed, before(entry))).collect();
    let tips = added.difference(&followed).copied().collect();
    move_tips(transaction, &append.space, &followed, &tips).await?;
    let bytes: u64 = new.iter().map(|entry| entry.sealed.len() as u64).sum();
    sqlx::query("UPDATE space SET bytes = bytes + ? WHERE space = ?")
        .bind(write::integer(bytes))
        .bind(append.space.as_bytes().as_slice())
        .execute(transaction)
        .await
        .map(drop)
        .map_err(fault)
}

/// Whether SQLite has an integer for its seq.
pub(super) fn is_in_reach(entry: &StoredEntry) -> bool {
    i64::try_from(entry.seq).is_ok()
}

/// Where the entry before this one stands.
pub(super) fn before(entry: &StoredEntry) -> Tip {
    Tip { seq: entry.seq.saturating_sub(1), hash: entry.previous }
}

/// Inserts what is not there yet: the places of what is new.
async fn insert(
    transaction: &mut SqliteConnection,
    append: &Append,
    rows: &[StoredEntry],
) -> Result<Vec<Place>, StoreError> {
    if !rows.iter().all(is_in_reach) {
        return Err(StoreError::Damaged("a seq that no feed reaches"));
    }
    let mut query = QueryBuilder::<Sqlite>::new(INSERT_ENTRIES);
    query.push_values(rows, |row, entry| push_entry(row, append, entry));
    query.push(" ON CONFLICT DO NOTHING RETURNING feed, seq, hash");
    let added = query.build().fetch_all(transaction).await.map_err(fault)?;
    added.iter().map(place).collect()
}

fn place(row: &SqliteRow) -> Result<Place, StoreError> {
    Ok((KeyholderId::from_bytes(read::fixed(row, "feed")?), read::tip(row)?))
}

async fn move_tips(
    transaction: &mut SqliteConnection,
    space: &SpaceId,
    followed: &BTreeSet<Place>,
    tips: &BTreeSet<Place>,
) -> Result<(), StoreError> {
    for places in chunks(followed) {
        let mut query = QueryBuilder::<Sqlite>::new("DELETE FROM tip WHERE space = ");
        query.push_bind(space.as_bytes().as_slice()).push(" AND (space, feed, seq, hash) IN (");
        query.push_values(places, |row, (feed, tip)| push_tip(row, space, &feed, &tip));
        query.push(")").build().execute(&mut *transaction).await.map_err(fault)?;
    }
    for places in chunks(tips) {
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO tip (space, feed, seq, hash) ");
        query.push_values(places, |row, (feed, tip)| push_tip(row, space, &feed, &tip));
        query.build().execute(&mut *transaction).await.map_err(fault)?;
    }
    Ok(())
}

fn chunks(places: &BTreeSet<Place>) -> Vec<Vec<Place>> {
    let places: Vec<Place> = places.iter().copied().collect();
    places.chunks(ROWS_MAX).map(<[Place]>::to_vec).collect()
}

/// The values of a row of `entry`.
pub(super) fn push_entry(mut row: Separated<'_, Sqlite, &str>, append: &Append, entry: &StoredEntry) {
    row.push_bind(append.space.as_bytes().as_slice())
        .push_bind(entry.feed.as_bytes().as_slice())
        .push_bind(write::integer(entry.seq))
        .push_bind(entry.hash.as_bytes().as_slice())
        .push_bind(entry.previous.as_bytes().as_slice())
        .push_bind(entry.position)
        .push_bind(entry.kind.code().cast_signed())
        .push_bind(entry.critical)
        .push_bind(entry.sealed.as_slice())
        .push_bind(entry.signature.as_slice())
        .push_bind(write::seconds(append.now));
}

/// The values of a row of `tip`.
pub(super) fn push_tip(mut row: Separated<'_, Sqlite, &str>, space: &SpaceId, feed: &KeyholderId, tip: &Tip) {
    row.push_bind(space.as_bytes().as_slice())
        .push_bind(feed.as_bytes().as_slice())
        .push_bind(write::integer(tip.seq))
        .push_bind(tip.hash.as_bytes().as_slice());
}
