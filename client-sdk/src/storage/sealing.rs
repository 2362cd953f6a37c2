//! Pending changes become entries: few, under the newest epoch, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use entwine_core::feed::clock::SentClock;
use entwine_core::feed::{Clock, EntryHeader, EntryKind, FeedTree, Position, StoredEntry, Tip};
use entwine_core::id::{Hash, KeyholderId, SpaceId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::limits::{ENTRY_CHANGES_BYTES, ENTRY_CHANGES_MAX};
use entwine_core::membership::{KeyRing, MembershipChain};
use entwine_core::sealing::entry::{EntryContent, carries_full_clock};
use entwine_core::sealing::epoch::EpochSecret;
use entwine_core::sync::ChainMark;
use entwine_core::wire::{from_bytes, to_bytes};
use sqlx::{Row as _, SqliteConnection};

use super::document::{DocumentIndex, EntryState, PendingChange};
use super::feed::{Step, TipTable, insert_entry, read_tips};
use super::refusal::REFUSALS_MAX;
use super::{Storage, StorageError, chain_mark, from_sql, hash, to_sql};
use crate::random;

/// What came of sealing.
pub(crate) struct Sealing {
    pub(crate) clock: Clock,
    /// Changes stay pending: the key of the open epoch is not here.
    pub(crate) key_missing: bool,
}

/// Sealing what is pending.
impl Storage {
    /// Turns everything pending into as few entries as their limit allows, under the epoch that is open, in one transaction.
    /// `chain` is what the exchange learned; if the store's is another by now, nothing happens.
    pub(crate) async fn seal_pending(
        &self,
        keys: &SecretKeys,
        chain: &MembershipChain,
        ring: &KeyRing,
    ) -> Result<Step<Sealing>, StorageError> {
        let space = chain.space();
        let mut transaction = self.begin().await?;
        if chain_mark(&mut transaction, &space).await? != ChainMark::of(chain) {
            return Ok(Step::Moved);
        }
        let batches = self.pending_batches(&mut transaction, &space).await?;
        let mut clock = read_tips(&mut transaction, &space, TipTable::Own).await?;
        let Some(epoch) = chain.open_epoch().and_then(|record| ring.get(&record.hash())) else {
            return Ok(Step::Done(Sealing { clock, key_missing: !batches.is_empty() }));
        };
        if batches.is_empty() {
            return Ok(Step::Done(Sealing { clock, key_missing: false }));
        }
        let mut line = self.own_line(&mut transaction, &space, keys, &clock).await?;
        let written_until = batches.iter().flat_map(|batch| &batch.ids).max();
        for batch in &batches {
            let entry = line.seal(keys, chain, epoch, &clock, batch);
            insert_entry(&mut transaction, &space, &entry, EntryState::Opened, Some(&batch.index)).await?;
            let own = "UPDATE entry SET written_until = ?, refusals = ? WHERE space = ? AND feed = ? AND seq = ? AND hash = ?";
            sqlx::query(own)
                .bind(written_until)
                .bind(batch.refusals)
                .bind(space.as_bytes().as_slice())
                .bind(entry.feed.as_bytes().as_slice())
                .bind(to_sql(entry.seq))
                .bind(entry.hash.as_bytes().as_slice())
                .execute(&mut *transaction)
                .await?;
            for change in &batch.ids {
                sqlx::query("DELETE FROM pending WHERE change = ?").bind(change).execute(&mut *transaction).await?;
            }
            clock = read_tips(&mut transaction, &space, TipTable::Own).await?;
        }
        sqlx::query("UPDATE space SET own_seq = ?, own_hash = ?, own_clock = ? WHERE space = ?")
            .bind(to_sql(line.tip.seq))
            .bind(line.tip.hash.as_bytes().as_slice())
            .bind(line.seen.as_ref().map(to_bytes))
            .bind(space.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Step::Done(Sealing { clock, key_missing: false }))
    }

    async fn pending_batches(
        &self,
        connection: &mut SqliteConnection,
        space: &SpaceId,
    ) -> Result<Vec<Batch>, StorageError> {
        let rows = sqlx::query(
            "SELECT pending.change, pending.document, pending.sealed, document.name, pending.refusals FROM pending
             JOIN document ON document.space = pending.space AND document.document = pending.document
             WHERE pending.space = ? AND pending.refusals < ? ORDER BY pending.change",
        )
        .bind(space.as_bytes().as_slice())
        .bind(REFUSALS_MAX)
        .fetch_all(connection)
        .await?;
        let mut open: BTreeMap<DocumentIndex, Batch> = BTreeMap::new();
        let mut full = Vec::new();
        for row in rows {
            let index = DocumentIndex::try_from(row.get::<&[u8], _>(1))
                .map_err(|_| StorageError::Damaged("a document's index"))?;
            let change = self.open_pending(space, &index, row.get(2))?;
            let refusals: i64 = row.get(4);
            if open.get(&index).is_some_and(|batch| !batch.has_room_for(&change, refusals)) {
                full.extend(open.remove(&index));
            }
            let (name, generation) = self.open_name(space, &index, row.get(3))?;
            open.entry(index)
                .or_insert_with(|| Batch { index, name, generation, refusals, ids: Vec::new(), changes: Vec::new() })
                .add(row.get(0), change);
        }
        full.extend(open.into_values());
        Ok(full)
    }

    /// Where the next own entry goes: on the highest own tip that descends from the last entry sealed in this store. So a
    /// restored or copied store makes a branch, and never writes on a line that it does not know.
    async fn own_line(
        &self,
        connection: &mut SqliteConnection,
        space: &SpaceId,
        keys: &SecretKeys,
        clock: &Clock,
    ) -> Result<OwnLine, StorageError> {
        let row = sqlx::query("SELECT own_seq, own_hash, own_clock FROM space WHERE space = ?")
            .bind(space.as_bytes().as_slice())
            .fetch_one(&mut *connection)
            .await?;
        let seen = row.get::<Option<&[u8]>, _>(2).and_then(|bytes| from_bytes::<SentClock>(bytes).ok());
        let last = match row.get::<Option<&[u8]>, _>(1) {
            Some(bytes) => Tip { seq: from_sql(row.get(0)), hash: hash(bytes)? },
            None => Tip { seq: 0, hash: Hash::ZERO },
        };
        let tips = clock.get(&keys.id()).cloned().unwrap_or_default();
        let tip = match (tips.len(), last.seq) {
            (0, _) => Tip { seq: 0, hash: Hash::ZERO },
            (1, _) | (_, 0) => *tips.last().expect("there is a tip"),
            _ => highest_descendant(connection, space, keys, last, &tips).await?,
        };
        Ok(OwnLine { tip, seen })
    }
}

async fn highest_descendant(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    keys: &SecretKeys,
    last: Tip,
    tips: &BTreeSet<Tip>,
) -> Result<Tip, StorageError> {
    let tree = feed_tree(connection, space, &keys.id()).await?;
    // An entry lies beyond every tip that does not descend from it.
    let descends = |tip: &&Tip| !tree.beyond(&[**tip]).contains(&last);
    Ok(tips.iter().rev().find(descends).copied().unwrap_or(last))
}

/// Changes of one document that go into one entry.
struct Batch {
    index: DocumentIndex,
    name: String,
    generation: u32,
    /// How often the relay set aside what carried these changes: more than never, and each goes alone.
    refusals: i64,
    ids: Vec<i64>,
    changes: Vec<PendingChange>,
}

impl Batch {
    fn has_room_for(&self, change: &PendingChange, refusals: i64) -> bool {
        if refusals > 0 || self.refusals > 0 {
            return false;
        }
        let bytes: usize = self.changes.iter().map(|change| change.bytes.len()).sum();
        bytes + change.bytes.len() <= ENTRY_CHANGES_BYTES && self.changes.len() < ENTRY_CHANGES_MAX
    }

    fn add(&mut self, id: i64, change: PendingChange) {
        self.ids.push(id);
        self.changes.push(change);
    }
}

/// The own feed while entries are added to it.
struct OwnLine {
    tip: Tip,
    /// The clock that the entries up to here have told.
    seen: Option<SentClock>,
}

impl OwnLine {
    fn seal(
        &mut self,
        keys: &SecretKeys,
        chain: &MembershipChain,
        epoch: &EpochSecret,
        clock: &Clock,
        batch: &Batch,
    ) -> StoredEntry {
        let header = EntryHeader {
            space: chain.space(),
            feed: keys.id(),
            seq: self.tip.seq + 1,
            previous: self.tip.hash,
            position: Position { index: chain.len() - 1, hash: chain.head() },
            kind: EntryKind::CHANGES,
            critical: true,
        };
        let now = SentClock::of(chain, clock, false);
        let told = self.seen.take().and_then(|clock| clock.lines).unwrap_or_default();
        let mut lines = now.lines.clone().unwrap_or_default();
        if !carries_full_clock(header.seq) {
            lines.retain(|line| !told.contains(line));
        }
        let times = || batch.changes.iter().map(|change| change.written);
        let content = EntryContent {
            document: batch.name.clone(),
            generation: batch.generation,
            changes: batch.changes.iter().map(|change| change.bytes.clone()).collect(),
            clock: lines,
            written: (times().min().unwrap_or_default(), times().max().unwrap_or_default()),
        };
        let entry = content.seal(&mut random::generator(), keys, epoch, &header).into_stored();
        self.tip = entry.tip();
        self.seen = Some(now);
        entry
    }
}

/// The shape of a whole feed.
pub(super) async fn feed_tree(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    feed: &KeyholderId,
) -> Result<FeedTree, StorageError> {
    let rows = sqlx::query("SELECT seq, hash, previous FROM entry WHERE space = ? AND feed = ? ORDER BY seq, hash")
        .bind(space.as_bytes().as_slice())
        .bind(feed.as_bytes().as_slice())
        .fetch_all(connection)
        .await?;
    let mut tree = FeedTree::default();
    for row in rows {
        let tip = Tip { seq: from_sql(row.get(0)), hash: hash(row.get(1))? };
        tree.insert(tip, hash(row.get(2))?).map_err(|_| StorageError::Damaged("a feed has a gap"))?;
    }
    Ok(tree)
}
