//! How do changes get into entries, and out of them again? Pending ones are sealed; what lost its place is handed on; what the relay
//! sets aside is sealed again once, one change an entry.

use std::collections::{BTreeMap, BTreeSet};

use entwine_core::feed::clock::{ClockLine, SentClock};
use entwine_core::feed::{Clock, EntryHeader, EntryKind, Position, StoredEntry, Tip};
use entwine_core::id::{Hash, KeyholderId, SpaceId};
use entwine_core::limits::{ENTRY_CHANGES_BYTES, ENTRY_CHANGES_MAX};
use entwine_core::membership::{KeyRing, MembershipChain};
use entwine_core::sealing::entry::{EntryContent, carries_full_clock};

use super::Tools;
use super::device::{Device, Pending, Replica};

/// A change whose entry was set aside so often is not sealed any more.
pub(super) const REFUSALS_MAX: u32 = 2;

impl Device {
    /// Turns everything pending into as few entries as their limit allows, in one transaction: the clock, and how many; none
    /// where the chain moved meanwhile.
    pub(super) fn seal(
        &mut self,
        space: SpaceId,
        chain: &MembershipChain,
        tools: &mut Tools,
    ) -> Option<(Clock, usize)> {
        let replica = self.replicas.get_mut(&space).expect("a space of this device");
        if replica.store.chain().head() != chain.head() {
            tools.counters.hit("process: the chain moved under it");
            return None;
        }
        let ring = tools.memory.ring(chain, &self.keys, replica.invitation.as_ref());
        let Some(epoch) = chain.open_epoch().and_then(|opening| ring.get(&opening.hash())) else {
            return Some((replica.store.clock(), 0));
        };
        let (staying, pending) = std::mem::take(&mut replica.pending).into_iter().partition(Pending::is_set_aside);
        replica.pending = staying;
        let batches = batches(pending);
        let count = batches.len();
        for batch in batches {
            let changes: Vec<Vec<u8>> = batch.iter().map(|pending| pending.change.clone()).collect();
            let last = own_line(replica, &self.keys.id(), tools);
            let header = EntryHeader {
                space,
                feed: self.keys.id(),
                seq: last.seq + 1,
                previous: last.hash,
                position: Position { index: chain.len() - 1, hash: chain.head() },
                kind: EntryKind::CHANGES,
                critical: true,
            };
            let now = SentClock::of(chain, &replica.store.clock(), false).lines.unwrap_or_default();
            let told = std::mem::replace(&mut replica.told, now.clone());
            let is_told = |line: &ClockLine| !carries_full_clock(header.seq) && told.contains(line);
            let times = || batch.iter().map(|pending| pending.written);
            let content = EntryContent {
                document: batch[0].document.clone(),
                generation: 0,
                changes: changes.clone(),
                clock: now.into_iter().filter(|line| !is_told(line)).collect(),
                written: (times().min().unwrap_or_default(), times().max().unwrap_or_default()),
            };
            let entry: StoredEntry = content.seal(&mut tools.rng, &self.keys, epoch, &header).into_stored();
            tools.oracle.sealed(chain, &entry, &changes);
            tools.say(|| {
                format!(
                    "{} seals {}/{} with {:?}",
                    self.name,
                    entry.seq,
                    entry.hash,
                    tools.oracle.words_of(&entry.hash)
                )
            });
            if batch[0].refusals > 0 {
                tools.counters.hit("entry: sealed again with one change, after a refusal");
                replica.refusals.insert(entry.hash, batch[0].refusals);
            }
            replica.own = Some(entry.tip());
            replica.store.insert(entry);
        }
        self.views.entry(space).or_default().pending_changed();
        Some((replica.store.clock(), count))
    }

    /// Takes own entries that the relay set aside out of their feed, with all that follow them. What they carry is pending again;
    /// or stays here for good, together with what was written on it in the same document.
    pub(super) fn take_back(&mut self, space: SpaceId, refused: &BTreeSet<Hash>, tools: &mut Tools) {
        let me = self.id();
        let replica = self.replicas.get_mut(&space).expect("a space of this device");
        let taken = replica.store.take_out(&me, |entry| refused.contains(&entry.hash));
        if taken.is_empty() {
            return;
        }
        let chain = replica.store.chain().clone();
        let ring = tools.memory.ring(&chain, &self.keys, replica.invitation.as_ref());
        replica.step_back_before(&taken);
        let newest = replica.pending.len();
        let mut staying: BTreeSet<String> = BTreeSet::new();
        for entry in taken {
            let Ok(content) = EntryContent::open(&entry, &chain, &ring) else {
                tools.counters.hit("hand on: waits for its key");
                replica.store.displaced.push(entry);
                continue;
            };
            let before = replica.refusals.remove(&entry.hash).unwrap_or_default();
            let refusals = before + u32::from(refused.contains(&entry.hash));
            if refusals >= REFUSALS_MAX && staying.insert(content.document.clone()) {
                let written_on_it =
                    replica.pending[..newest].iter_mut().filter(|held| held.document == content.document);
                written_on_it.for_each(|held| held.refusals = REFUSALS_MAX);
            }
            let stays = staying.contains(&content.document);
            tools.counters.hit(match stays {
                true => "entry: set aside for good at the second refusal",
                false => "entry: taken back at a refusal",
            });
            let refusals = if stays { REFUSALS_MAX } else { refusals };
            let pending = |change| Pending { refusals, ..Pending::new(&content.document, change, content.written.1) };
            replica.pending.extend(content.changes.iter().cloned().map(pending));
        }
        self.views.remove(&space);
    }
}

impl Replica {
    /// The store is an older one: the next entry follows the highest own one there.
    pub(super) fn step_back_to_what_is_there(&mut self, me: &KeyholderId) {
        self.told.clear();
        self.own = self.store.clock().get(me).and_then(|tips| tips.last().copied());
    }

    /// Where the last entry that this store sealed is among those that were taken out, the next one follows the one before them.
    fn step_back_before(&mut self, taken: &[StoredEntry]) {
        self.told.clear();
        while let Some(entry) = self.own.and_then(|own| taken.iter().find(|entry| entry.tip() == own)) {
            self.own = (entry.seq > 1).then(|| Tip { seq: entry.seq - 1, hash: entry.previous });
        }
    }
}

/// The changes of what lost its place join the pending ones, as far as it opens; the rest waits for its key.
pub(super) fn hand_on(replica: &mut Replica, chain: &MembershipChain, ring: &KeyRing, tools: &mut Tools) {
    for entry in std::mem::take(&mut replica.store.displaced) {
        match EntryContent::open(&entry, chain, ring) {
            Ok(content) => {
                let is_bound = replica.store.chain().hash_at(entry.position) != chain.hash_at(entry.position);
                tools.counters.hit(match is_bound {
                    true => "hand on: an entry bound to a record that does not stand",
                    false => "hand on: an entry beyond a cut, or after one that lost its place",
                });
                tools.say(|| format!("handed on: {:?}", tools.oracle.words_of(&entry.hash)));
                let (document, written) = (content.document, content.written.1);
                replica
                    .pending
                    .extend(content.changes.into_iter().map(|change| Pending::new(&document, change, written)));
            }
            Err(_) => {
                tools.counters.hit("hand on: waits for its key");
                replica.store.displaced.push(entry);
            }
        }
    }
}

/// Where the next own entry goes: on the highest own tip that descends from the last entry sealed in this store.
fn own_line(replica: &Replica, me: &KeyholderId, tools: &mut Tools) -> Tip {
    let start = Tip { seq: 0, hash: Hash::ZERO };
    let Some(tree) = replica.store.trees.get(me) else { return start };
    let tips = tree.tips();
    match (tips.len(), replica.own) {
        (0, _) => start,
        (1, _) | (_, None) => *tips.last().expect("there is a tip"),
        (_, Some(own)) => {
            tools.counters.hit("feed: the next own entry goes on the line that this store knows");
            // An entry lies beyond every tip that does not descend from it.
            let descends = |tip: &&Tip| !tree.beyond(&[**tip]).contains(&own);
            tips.iter().rev().find(descends).copied().unwrap_or(own)
        }
    }
}

/// Changes of one document each, up to the limit of an entry.
fn batches(pending: Vec<Pending>) -> Vec<Vec<Pending>> {
    let mut open: BTreeMap<String, Vec<Pending>> = BTreeMap::new();
    let mut full = Vec::new();
    for change in pending {
        let batch = open.entry(change.document.clone()).or_default();
        let bytes: usize = batch.iter().map(|held| held.change.len()).sum();
        let goes_alone = change.refusals > 0 || batch.iter().any(|held| held.refusals > 0);
        let is_full = bytes + change.change.len() > ENTRY_CHANGES_BYTES || batch.len() >= ENTRY_CHANGES_MAX;
        if !batch.is_empty() && (goes_alone || is_full) {
            full.push(std::mem::take(batch));
        }
        batch.push(change);
    }
    full.extend(open.into_values());
    full
}
