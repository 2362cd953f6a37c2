//! How do many phones' entries become one change? By four statements for all of them, in one go.
//!
//! A statement costs about as much as ten rows in it, and the way to the database's thread and back as much as a statement.
//! Nearly every request brings entries that go on where a feed ends, and nothing else; most commits hold many requests.

use std::collections::{BTreeMap, BTreeSet};

use entwine_core::feed::{StoredEntry, Tip};
use entwine_core::id::{Hash, KeyholderId, SpaceId};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::entries::{INSERT_ENTRIES, ROWS_MAX, before, is_in_reach, push_entry, push_tip};
use super::recent::Recent;
use super::{fault, read, write};
use crate::store::{Append, SpaceState, StoreError};

/// Whether an append brings entries and changes nothing else.
pub(super) fn is_plain(append: &Append) -> bool {
    append.records.is_empty()
        && append.cuts.is_empty()
        && append.keyholders.is_empty()
        && append.kept == append.seen.len
}

/// Does those of these plain appends whose entries go on where their feeds end: for each what its space holds since; none for one
/// that was left, and has to be done alone. Where it fails, the transaction has to be given up.
pub(super) async fn append(
    transaction: &mut SqliteConnection,
    recent: &Recent,
    appends: &[&Append],
) -> Result<Vec<Option<SpaceState>>, StoreError> {
    let spaces: BTreeSet<SpaceId> = appends.iter().map(|append| append.space).collect();
    let before = states(transaction, recent, spaces).await?;
    let mut after = before.clone();
    let mut rows = Vec::new();
    let mut states = Vec::new();
    for append in appends {
        let state = after.get_mut(&append.space).filter(|_| rows.len() + append.entries.len() <= ROWS_MAX);
        states.push(state.and_then(|state| {
            rows.extend(extend(state, append)?.into_iter().map(|entry| (*append, entry)));
            Some(state.clone())
        }));
    }
    if !rows.is_empty() {
        write(transaction, &rows, &before, &after).await?;
    }
    Ok(states)
}

/// These spaces, as far as they are known.
async fn states(
    transaction: &mut SqliteConnection,
    recent: &Recent,
    mut spaces: BTreeSet<SpaceId>,
) -> Result<BTreeMap<SpaceId, SpaceState>, StoreError> {
    let mut states: BTreeMap<SpaceId, SpaceState> =
        spaces.iter().filter_map(|space| Some((*space, recent.state(space)?))).collect();
    spaces.retain(|space| !states.contains_key(space));
    if !spaces.is_empty() {
        let mut query = QueryBuilder::<Sqlite>::new(read::SPACES);
        push_spaces(query.push("space IN "), &spaces);
        query.push(read::SPACES_ORDER);
        states.extend(read::states(&query.build().fetch_all(transaction).await.map_err(fault)?)?);
    }
    Ok(states)
}

/// Adds entries to what a space holds: those that are new. None, and nothing is changed, where the chain is another, or an entry
/// stands elsewhere than at the end of its feed.
fn extend<'a>(state: &mut SpaceState, append: &'a Append) -> Option<Vec<&'a StoredEntry>> {
    if state.mark != append.seen {
        return None;
    }
    let mut tips: BTreeSet<(KeyholderId, Tip)> = state.tips.iter().copied().collect();
    let mut new = Vec::new();
    for entry in &append.entries {
        let is_first = || entry.previous == Hash::ZERO && tips.iter().all(|(feed, _)| *feed != entry.feed);
        if tips.contains(&(entry.feed, entry.tip())) {
            continue;
        }
        if !is_in_reach(entry) || !is_first() && !tips.remove(&(entry.feed, before(entry))) {
            return None;
        }
        tips.insert((entry.feed, entry.tip()));
        new.push(entry);
    }
    state.tips = tips.into_iter().collect();
    state.bytes += new.iter().map(|entry| entry.sealed.len() as u64).sum::<u64>();
    Some(new)
}

/// Writes what is different.
async fn write(
    transaction: &mut SqliteConnection,
    rows: &[(&Append, &StoredEntry)],
    before: &BTreeMap<SpaceId, SpaceState>,
    after: &BTreeMap<SpaceId, SpaceState>,
) -> Result<(), StoreError> {
    let (old, new) = (places(before), places(after));
    let gone: Vec<_> = old.difference(&new).collect();
    let come: Vec<_> = new.difference(&old).collect();
    let spaces: BTreeSet<SpaceId> = rows.iter().map(|(append, _)| append.space).collect();

    let mut query = QueryBuilder::<Sqlite>::new(INSERT_ENTRIES);
    query.push_values(rows, |row, (append, entry)| push_entry(row, append, entry));
    if !gone.is_empty() {
        // By its spaces first: for a list of rows alone, SQLite would read the whole table.
        push_spaces(query.push("; DELETE FROM tip WHERE space IN "), &spaces);
        query.push(" AND (space, feed, seq, hash) IN (");
        query.push_values(&gone, |row, (space, feed, tip)| push_tip(row, space, feed, tip)).push(")");
    }
    query.push("; INSERT INTO tip (space, feed, seq, hash) ");
    query.push_values(&come, |row, (space, feed, tip)| push_tip(row, space, feed, tip));
    query.push("; UPDATE space SET bytes = new.column2 FROM (");
    query.push_values(&spaces, |mut row, space| {
        let bytes = after.get(space).map_or(0, |state| state.bytes);
        row.push_bind(space.as_bytes().as_slice()).push_bind(write::integer(bytes));
    });
    query.push(") AS new WHERE space.space = new.column1");

    let done = query.build().execute(transaction).await.map_err(fault)?;
    let expected = rows.len() + gone.len() + come.len() + spaces.len();
    if done.rows_affected() != expected as u64 {
        return Err(StoreError::Damaged("spaces are not what they were known to be"));
    }
    Ok(())
}

fn places(states: &BTreeMap<SpaceId, SpaceState>) -> BTreeSet<(SpaceId, KeyholderId, Tip)> {
    states.iter().flat_map(|(space, state)| state.tips.iter().map(|(feed, tip)| (*space, *feed, *tip))).collect()
}

/// A list for an `IN`.
fn push_spaces(query: &mut QueryBuilder<Sqlite>, spaces: &BTreeSet<SpaceId>) {
    query.push("(");
    let mut list = query.separated(", ");
    for space in spaces {
        list.push_bind(space.as_bytes().as_slice());
    }
    query.push(")");
}
