//! How do many phones' entries become one change? By the same few statements for all of them, whatever their number.
//!
//! A statement costs about as much as ten rows in it. Nearly every request brings entries and nothing else, and most commits
//! hold many requests.

use std::collections::{BTreeMap, BTreeSet};

use entwine_core::feed::{StoredEntry, Tip};
use entwine_core::id::{KeyholderId, SpaceId};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{fault, read, write};
use crate::store::{Append, SpaceState, StoreError};

/// Rows in one statement. SQLite takes 32,766 values, and an entry has eleven.
const ROWS_MAX: usize = 1_000;

/// A place in a feed of a space.
type Place = (SpaceId, KeyholderId, Tip);

/// Whether an append brings entries and changes nothing else: then it can be done together with others.
pub(super) fn is_plain(append: &Append) -> bool {
    append.records.is_empty()
        && append.cuts.is_empty()
        && append.keyholders.is_empty()
        && append.kept == append.seen.len
}

/// Does plain appends, all or none: for each, in their order, what its space holds since; none where the chain is another.
pub(super) async fn append(
    transaction: &mut SqliteConnection,
    appends: &[&Append],
) -> Result<Vec<Option<SpaceState>>, StoreError> {
    let before = states(transaction, appends).await?;
    let is_seen = |append: &&&Append| before.get(&append.space).is_some_and(|state| state.mark == append.seen);
    let taken: Vec<&Append> = appends.iter().filter(is_seen).copied().collect();
    let entries = taken.iter().flat_map(|append| append.entries.iter().map(move |entry| (*append, entry)));
    add_entries(transaction, entries.collect()).await?;
    let states = states(transaction, &taken).await?;
    Ok(appends.iter().map(|append| is_seen(&append).then(|| states.get(&append.space).cloned()).flatten()).collect())
}

/// Adds entries, each with the append that brings it: those that are new become tips in the place of those before them, and count
/// for the quota of their space.
pub(super) async fn add_entries(
    transaction: &mut SqliteConnection,
    mut entries: Vec<(&Append, &StoredEntry)>,
) -> Result<(), StoreError> {
    let mut added: BTreeSet<Place> = BTreeSet::new();
    for rows in entries.chunks(ROWS_MAX) {
        added.extend(insert_entries(transaction, rows).await?);
    }
    entries.retain(|(append, entry)| added.contains(&(append.space, entry.feed, entry.tip())));
    let before = |entry: &StoredEntry| Tip { seq: entry.seq.saturating_sub(1), hash: entry.previous };
    let followed = entries.iter().map(|(append, entry)| (append.space, entry.feed, before(entry))).collect();
    move_tips(transaction, &added, &followed).await?;
    count_bytes(transaction, &entries).await
}

/// A list of spaces, each once, for an `IN`.
fn push_spaces(query: &mut QueryBuilder<Sqlite>, spaces: impl Iterator<Item = SpaceId>) {
    let spaces: BTreeSet<SpaceId> = spaces.collect();
    query.push("(");
    let mut list = query.separated(", ");
    for space in spaces {
        list.push_bind(space.as_bytes().to_vec());
    }
    query.push(")");
}

/// Inserts what is not there yet: the places of what is new.
async fn insert_entries(
    transaction: &mut SqliteConnection,
    rows: &[(&Append, &StoredEntry)],
) -> Result<Vec<Place>, StoreError> {
    for (_, entry) in rows {
        i64::try_from(entry.seq).map_err(|_| StoreError::Damaged("a seq that no feed reaches"))?;
    }
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO entry \
         (space, feed, seq, hash, previous, position, kind, critical, sealed, signature, received_at) ",
    );
    query.push_values(rows, |mut row, (append, entry)| {
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
    });
    query.push(" ON CONFLICT DO NOTHING RETURNING space, feed, seq, hash");
    let added = query.build().fetch_all(transaction).await.map_err(fault)?;
    added.iter().map(place).collect()
}

/// New entries take the place of those before them among the tips, unless others follow them already.
async fn move_tips(
    transaction: &mut SqliteConnection,
    added: &BTreeSet<Place>,
    followed: &BTreeSet<Place>,
) -> Result<(), StoreError> {
    for places in chunks(followed) {
        // By its spaces first: for a list of rows alone, SQLite would read the whole table.
        let mut query = QueryBuilder::<Sqlite>::new("DELETE FROM tip WHERE space IN ");
        push_spaces(&mut query, places.iter().map(|(space, ..)| *space));
        query.push(" AND (space, feed, seq, hash) IN (");
        push_places(&mut query, &places);
        query.push(")").build().execute(&mut *transaction).await.map_err(fault)?;
    }
    let tips: BTreeSet<Place> = added.difference(followed).copied().collect();
    for places in chunks(&tips) {
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO tip (space, feed, seq, hash) ");
        push_places(&mut query, &places);
        query.build().execute(&mut *transaction).await.map_err(fault)?;
    }
    Ok(())
}

fn chunks(places: &BTreeSet<Place>) -> Vec<Vec<Place>> {
    let places: Vec<Place> = places.iter().copied().collect();
    places.chunks(ROWS_MAX).map(<[Place]>::to_vec).collect()
}

fn push_places(query: &mut QueryBuilder<Sqlite>, places: &[Place]) {
    query.push_values(places, |mut row, (space, feed, tip)| {
        row.push_bind(space.as_bytes().to_vec())
            .push_bind(feed.as_bytes().to_vec())
            .push_bind(write::integer(tip.seq))
            .push_bind(tip.hash.as_bytes().to_vec());
    });
}

/// Adds what is new to the bytes of its space.
async fn count_bytes(
    transaction: &mut SqliteConnection,
    entries: &[(&Append, &StoredEntry)],
) -> Result<(), StoreError> {
    let mut bytes: BTreeMap<SpaceId, u64> = BTreeMap::new();
    for (append, entry) in entries {
        *bytes.entry(append.space).or_default() += entry.sealed.len() as u64;
    }
    if bytes.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new("UPDATE space SET bytes = bytes + new.column2 FROM (");
    query.push_values(bytes, |mut row, (space, bytes)| {
        row.push_bind(space.as_bytes().to_vec()).push_bind(write::integer(bytes));
    });
    query.push(") AS new WHERE space.space = new.column1");
    query.build().execute(transaction).await.map(drop).map_err(fault)
}

async fn states(
    transaction: &mut SqliteConnection,
    appends: &[&Append],
) -> Result<BTreeMap<SpaceId, SpaceState>, StoreError> {
    let mut query = QueryBuilder::new(read::SPACES);
    query.push("space IN ");
    push_spaces(&mut query, appends.iter().map(|append| append.space));
    query.push(read::SPACES_ORDER);
    read::states(&query.build().fetch_all(transaction).await.map_err(fault)?)
}

fn place(row: &SqliteRow) -> Result<Place, StoreError> {
    let space = SpaceId::from_bytes(read::fixed(row, "space")?);
    Ok((space, KeyholderId::from_bytes(read::fixed(row, "feed")?), read::tip(row)?))
}
