//! The feeds in the device's database: what came, and what another store lacks of it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use entwine_core::feed::clock::TipHash;
use entwine_core::feed::{Clock, EntryKind, FeedTree, StoredEntry, Tip};
use entwine_core::id::{Hash, KeyholderId, SpaceId};
use entwine_core::membership::{KeyRing, MembershipChain};
use entwine_core::sync::{Append, Point, Range, Trace};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::document::{DocumentIndex, EntryState};
use super::sealing::feed_tree;
use super::{Storage, StorageError, chain_mark, from_sql, hash, insert_records, keyholder_id, read_chain, to_sql};

/// What a step that depends on the chain came to.
pub(crate) enum Step<T> {
    /// It is durable.
    Done(T),
    /// Another process moved the chain: begin again with what is stored now.
    Moved,
}

impl Storage {
    /// Chain and clock at one moment.
    pub(crate) async fn space_state(&self, space: &SpaceId) -> Result<(MembershipChain, Clock), StorageError> {
        let mut transaction = self.pool.begin().await?;
        let chain = read_chain(&mut transaction, space).await?;
        let clock = read_tips(&mut transaction, space, TipTable::Own).await?;
        transaction.commit().await?;
        Ok((chain, clock))
    }

    /// Appends what an exchange brought, if the chain has not moved meanwhile: the clock afterwards. `ring` says what this device
    /// opens by a chain.
    pub(crate) async fn append(
        &self,
        append: &Append,
        ring: &(dyn Fn(&MembershipChain) -> KeyRing + Sync),
    ) -> Result<Step<Clock>, StorageError> {
        let space = append.chain.space();
        let mut transaction = self.begin().await?;
        if chain_mark(&mut transaction, &space).await? != append.expected {
            return Ok(Step::Moved);
        }
        if append.takes_branch() {
            self.give_way(&mut transaction, &space, append.kept_len, ring).await?;
        }
        if !append.records.is_empty() {
            insert_records(&mut transaction, &append.chain, append.kept_len).await?;
            // A key may have come with them: what waited for one is tried again.
            sqlx::query("UPDATE entry SET state = ? WHERE space = ? AND state = ?")
                .bind(EntryState::Unopened.code())
                .bind(space.as_bytes().as_slice())
                .bind(EntryState::WaitsForKey.code())
                .execute(&mut *transaction)
                .await?;
        }
        for entry in &append.entries {
            let is_cut = append.cuts.contains_key(&entry.feed);
            let state = if is_cut { EntryState::WaitsForCut } else { EntryState::Unopened };
            insert_entry(&mut transaction, &space, entry, state, None).await?;
        }
        self.apply_cuts(&mut transaction, append, &ring(&append.chain)).await?;
        let clock = read_tips(&mut transaction, &space, TipTable::Own).await?;
        transaction.commit().await?;
        Ok(Step::Done(clock))
    }

    /// The tips of all feeds.
    pub(crate) async fn clock(&self, space: &SpaceId) -> Result<Clock, StorageError> {
        let mut connection = self.pool.acquire().await?;
        read_tips(&mut connection, space, TipTable::Own).await
    }

    /// Which of these entries are here.
    pub(crate) async fn locate(&self, space: &SpaceId, points: &[Point]) -> Result<Vec<Option<Tip>>, StorageError> {
        let mut connection = self.pool.acquire().await?;
        let mut found = Vec::with_capacity(points.len());
        for point in points {
            let rows = sqlx::query("SELECT hash FROM entry WHERE space = ? AND feed = ? AND seq = ?")
                .bind(space.as_bytes().as_slice())
                .bind(point.feed.as_bytes().as_slice())
                .bind(to_sql(point.tip.seq))
                .fetch_all(&mut *connection)
                .await?;
            let hashes = rows.iter().map(|row| hash(row.get(0))).collect::<Result<Vec<_>, _>>()?;
            let hash = hashes.into_iter().find(|hash| match point.tip.hash {
                TipHash::Short(short) => hash.short() == short,
                TipHash::Whole(whole) => *hash == whole,
            });
            found.push(hash.map(|hash| Tip { seq: point.tip.seq, hash }));
        }
        Ok(found)
    }

    /// Which entries lie there on the ways back from entries that are here.
    pub(crate) async fn trace(&self, space: &SpaceId, traces: &[Trace]) -> Result<Vec<Vec<Tip>>, StorageError> {
        let mut transaction = self.pool.begin().await?;
        let mut trees: BTreeMap<KeyholderId, FeedTree> = BTreeMap::new();
        let mut found = Vec::with_capacity(traces.len());
        for trace in traces {
            let tree = match trees.entry(trace.feed) {
                Entry::Occupied(tree) => tree.into_mut(),
                Entry::Vacant(place) => place.insert(feed_tree(&mut transaction, space, &trace.feed).await?),
            };
            found.push(tree.way_back(trace.tip, &trace.seqs));
        }
        transaction.commit().await?;
        Ok(found)
    }

    /// Parts of feeds, parents before children, up to `budget` sealed bytes and one entry at least; whether more follow.
    pub(crate) async fn read(
        &self,
        space: &SpaceId,
        ranges: &[Range],
        budget: usize,
    ) -> Result<(Vec<StoredEntry>, bool), StorageError> {
        let mut connection = self.pool.acquire().await?;
        let mut entries: Vec<StoredEntry> = Vec::new();
        let mut left = budget;
        for range in ranges {
            for tip in beyond(&mut connection, space, range).await? {
                let row = sqlx::query(
                    "SELECT feed, seq, hash, previous, position, kind, critical, sealed, signature FROM entry
                     WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
                )
                .bind(space.as_bytes().as_slice())
                .bind(range.feed.as_bytes().as_slice())
                .bind(to_sql(tip.seq))
                .bind(tip.hash.as_bytes().as_slice())
                .fetch_one(&mut *connection)
                .await?;
                let entry = stored_entry(&row)?;
                if entry.sealed.len() + ENTRY_OVERHEAD_BYTES > left && !entries.is_empty() {
                    return Ok((entries, true));
                }
                left = left.saturating_sub(entry.sealed.len() + ENTRY_OVERHEAD_BYTES);
                entries.push(entry);
            }
        }
        Ok((entries, false))
    }

    /// What the relay was seen to hold of this store's entries.
    pub(crate) async fn set_relay_clock(&self, space: &SpaceId, clock: &Clock) -> Result<(), StorageError> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM relay_tip WHERE space = ?")
            .bind(space.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await?;
        let tips: Vec<_> = clock.iter().flat_map(|(feed, tips)| tips.iter().map(move |tip| (feed, tip))).collect();
        for (feed, tip) in tips {
            sqlx::query("INSERT INTO relay_tip (space, feed, seq, hash) VALUES (?, ?, ?, ?)")
                .bind(space.as_bytes().as_slice())
                .bind(feed.as_bytes().as_slice())
                .bind(to_sql(tip.seq))
                .bind(tip.hash.as_bytes().as_slice())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Number of entries here that the relay was not seen to hold.
    pub(crate) async fn unacknowledged(&self, space: &SpaceId) -> Result<u64, StorageError> {
        let mut transaction = self.pool.begin().await?;
        let mine = read_tips(&mut transaction, space, TipTable::Own).await?;
        let theirs = read_tips(&mut transaction, space, TipTable::Relay).await?;
        let mut count = 0;
        for feed in mine.keys() {
            let seen = theirs.get(feed).map(|tips| tips.iter().copied().collect()).unwrap_or_default();
            count += beyond(&mut transaction, space, &Range { feed: *feed, beyond: seen }).await?.len() as u64;
        }
        transaction.commit().await?;
        Ok(count)
    }
}

/// What an entry takes in a message beside its sealed bytes: signature, hash, numbers and their heads.
const ENTRY_OVERHEAD_BYTES: usize = 128;

#[derive(Clone, Copy)]
pub(super) enum TipTable {
    Own,
    Relay,
}

pub(super) async fn read_tips(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    table: TipTable,
) -> Result<Clock, StorageError> {
    let statement = match table {
        TipTable::Own => "SELECT feed, seq, hash FROM tip WHERE space = ?",
        TipTable::Relay => "SELECT feed, seq, hash FROM relay_tip WHERE space = ?",
    };
    let rows = sqlx::query(statement).bind(space.as_bytes().as_slice()).fetch_all(connection).await?;
    let mut clock: BTreeMap<KeyholderId, BTreeSet<Tip>> = BTreeMap::new();
    for row in rows {
        let tip = Tip { seq: from_sql(row.get(1)), hash: hash(row.get(2))? };
        clock.entry(keyholder_id(row.get(0))?).or_default().insert(tip);
    }
    Ok(clock)
}

/// Adds an entry whose predecessor is here, and moves the tips; one that is here already changes nothing.
pub(super) async fn insert_entry(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    entry: &StoredEntry,
    state: EntryState,
    document: Option<&DocumentIndex>,
) -> Result<(), StorageError> {
    let inserted = sqlx::query(
        "INSERT INTO entry (space, feed, seq, hash, previous, position, kind, critical, sealed, signature, state, document)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(space.as_bytes().as_slice())
    .bind(entry.feed.as_bytes().as_slice())
    .bind(to_sql(entry.seq))
    .bind(entry.hash.as_bytes().as_slice())
    .bind(entry.previous.as_bytes().as_slice())
    .bind(i64::from(entry.position))
    .bind(to_sql(entry.kind.code()))
    .bind(i64::from(entry.critical))
    .bind(entry.sealed.as_slice())
    .bind(entry.signature.as_slice())
    .bind(state.code())
    .bind(document.map(|document| document.as_slice()))
    .execute(&mut *connection)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query("DELETE FROM tip WHERE space = ? AND feed = ? AND seq = ? AND hash = ?")
        .bind(space.as_bytes().as_slice())
        .bind(entry.feed.as_bytes().as_slice())
        .bind(to_sql(entry.seq) - 1)
        .bind(entry.previous.as_bytes().as_slice())
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO tip (space, feed, seq, hash) VALUES (?, ?, ?, ?)")
        .bind(space.as_bytes().as_slice())
        .bind(entry.feed.as_bytes().as_slice())
        .bind(to_sql(entry.seq))
        .bind(entry.hash.as_bytes().as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

/// The places of all entries of a feed that are neither one of `range.beyond` nor an ancestor, parents before children.
pub(super) async fn beyond(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    range: &Range,
) -> Result<Vec<Tip>, StorageError> {
    // Where the feed is a line up to the one tip that the other side has, what lies beyond is whatever has a higher number.
    if let [tip] = range.beyond.as_slice() {
        let row = sqlx::query("SELECT COUNT(*) FROM entry WHERE space = ? AND feed = ? AND seq <= ?")
            .bind(space.as_bytes().as_slice())
            .bind(range.feed.as_bytes().as_slice())
            .bind(to_sql(tip.seq))
            .fetch_one(&mut *connection)
            .await?;
        if from_sql(row.get(0)) == tip.seq {
            let places = places_from(connection, space, &range.feed, tip.seq + 1).await?;
            return Ok(places.into_iter().map(|(tip, _)| tip).collect());
        }
    }
    let places = places_from(connection, space, &range.feed, 1).await?;
    if range.beyond.is_empty() {
        return Ok(places.into_iter().map(|(tip, _)| tip).collect());
    }
    let mut tree = FeedTree::default();
    for (tip, previous) in places {
        tree.insert(tip, previous).map_err(|_| StorageError::Damaged("a feed has a gap"))?;
    }
    Ok(tree.beyond(&range.beyond))
}

async fn places_from(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    feed: &KeyholderId,
    seq: u64,
) -> Result<Vec<(Tip, Hash)>, StorageError> {
    let rows = sqlx::query(
        "SELECT seq, hash, previous FROM entry WHERE space = ? AND feed = ? AND seq >= ? ORDER BY seq, hash",
    )
    .bind(space.as_bytes().as_slice())
    .bind(feed.as_bytes().as_slice())
    .bind(to_sql(seq))
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((Tip { seq: from_sql(row.get(0)), hash: hash(row.get(1))? }, hash(row.get(2))?))).collect()
}

/// A row that selects feed, seq, hash, previous, position, kind, critical, sealed, signature, in this order.
pub(super) fn stored_entry(row: &SqliteRow) -> Result<StoredEntry, StorageError> {
    Ok(StoredEntry {
        feed: keyholder_id(row.get(0))?,
        seq: from_sql(row.get(1)),
        hash: hash(row.get(2))?,
        previous: hash(row.get(3))?,
        position: u32::try_from(row.get::<i64, _>(4)).map_err(|_| StorageError::Damaged("a position"))?,
        kind: EntryKind::from_code(from_sql(row.get(5))),
        critical: row.get::<i64, _>(6) == 1,
        sealed: row.get(7),
        signature: row.get::<&[u8], _>(8).try_into().map_err(|_| StorageError::Damaged("a signature"))?,
    })
}
