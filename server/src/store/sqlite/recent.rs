//! What was written a moment ago? Kept in memory, because that is what nearly everybody asks for: one phone brings an entry,
//! and the other fetches it.
//!
//! Only this process writes spaces (the folder's lock sees to that), so the writer knows what every commit left, and nothing
//! is kept here before its commit returned. What is not here is read from the database.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use entwine_core::feed::{StoredEntry, Tip};
use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::sync::{ChainMark, Point, Range};

use crate::store::{Append, SpaceState};

/// Entries of one space, at most.
const ENTRIES_MAX: usize = 8;
/// Bytes of all that is kept. About 30,000 spaces with a short entry each.
const BYTES_MAX: usize = 32 * 1024 * 1024;
/// What a space takes here beside its entries: its id, its chain's mark, and a few tips.
const SPACE_BYTES: usize = 512;

/// The last commits of this process.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Spaces>);

#[derive(Debug, Default)]
struct Spaces {
    by_id: BTreeMap<SpaceId, Kept>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    state: SpaceState,
    entries: VecDeque<StoredEntry>,
}

impl Kept {
    fn bytes(&self) -> usize {
        SPACE_BYTES + self.entries.iter().map(|entry| entry.sealed.len()).sum::<usize>()
    }

    fn tips<'k>(&'k self, feed: &'k KeyholderId) -> impl Iterator<Item = &'k Tip> {
        self.state.tips.iter().filter(move |(held, _)| held == feed).map(|(_, tip)| tip)
    }
}

impl Recent {
    /// A space, where its chain stands at `known`.
    pub(super) fn load(&self, space: &SpaceId, known: Option<ChainMark>) -> Option<SpaceState> {
        let spaces = self.lock();
        let kept = spaces.by_id.get(space)?;
        (Some(kept.state.mark) == known).then(|| kept.state.clone())
    }

    /// A space, wherever its chain stands: for who writes it, and nobody else does.
    pub(super) fn state(&self, space: &SpaceId) -> Option<SpaceState> {
        self.lock().by_id.get(space).map(|kept| kept.state.clone())
    }

    /// The entries at these points, where all are here.
    pub(super) fn locate(&self, space: &SpaceId, points: &[Point]) -> Option<Vec<Option<Tip>>> {
        let spaces = self.lock();
        let kept = spaces.by_id.get(space)?;
        let found = points.iter().map(|point| {
            let held = kept.entries.iter().filter(|entry| entry.feed == point.feed).map(StoredEntry::tip);
            let before = kept.entries.iter().filter(|entry| entry.feed == point.feed && entry.seq > 1);
            let before = before.map(|entry| Tip { seq: entry.seq - 1, hash: entry.previous });
            held.chain(before).find(|tip| point.tip.matches(tip)).map(Some)
        });
        found.collect()
    }

    /// The entries of these ranges, where all of them are here and fit: each of one feed that is a line, beyond one place in it.
    pub(super) fn read(&self, space: &SpaceId, ranges: &[Range], budget: usize) -> Option<Vec<StoredEntry>> {
        let spaces = self.lock();
        let kept = spaces.by_id.get(space)?;
        let mut page = Vec::new();
        for range in ranges {
            let mut tips = kept.tips(&range.feed);
            let (Some(tip), None, [from]) = (tips.next(), tips.next(), range.beyond.as_slice()) else { return None };
            let held = kept.entries.iter().filter(|entry| entry.feed == range.feed && entry.seq > from.seq);
            let before = page.len();
            page.extend(held.cloned());
            let is_whole = (page.len() - before) as u64 == tip.seq.saturating_sub(from.seq);
            if !is_whole || page.get(before).is_some_and(|first: &StoredEntry| first.previous != from.hash) {
                return None;
            }
        }
        let bytes: usize = page.iter().map(|entry| entry.sealed.len()).sum();
        (bytes <= budget).then_some(page)
    }

    /// Something was committed, and this is what a space holds since, if that is known.
    pub(super) fn committed(&self, append: &Append, state: Option<SpaceState>) {
        let mut spaces = self.lock();
        let before = spaces.by_id.remove(&append.space);
        spaces.bytes -= before.as_ref().map_or(0, Kept::bytes);
        let Some(state) = state else { return };
        let mut kept = Kept { state, entries: before.map(|kept| kept.entries).unwrap_or_default() };
        for entry in &append.entries {
            if !kept.entries.iter().any(|held| held.hash == entry.hash) {
                kept.entries.push_back(entry.clone());
            }
        }
        while kept.entries.len() > ENTRIES_MAX {
            kept.entries.pop_front();
        }
        if spaces.bytes + kept.bytes() > BYTES_MAX {
            // All of it is in the database: simpler than to know what was used last.
            *spaces = Spaces::default();
        }
        spaces.bytes += kept.bytes();
        spaces.by_id.insert(append.space, kept);
    }

    fn lock(&self) -> MutexGuard<'_, Spaces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
