//! What does a store do that lives in memory? The same as a real one, in the same steps.

use std::collections::{BTreeMap, BTreeSet};

use entwine_core::feed::{Clock, FeedTree, StoredEntry, Tip};
use entwine_core::id::KeyholderId;
use entwine_core::membership::{MembershipChain, Record};
use entwine_core::sync::{Append, ChainMark, Point, Range, Trace};

/// What a device or a relay keeps of one space.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    pub(crate) chain: Option<MembershipChain>,
    entries: BTreeMap<KeyholderId, BTreeMap<Tip, StoredEntry>>,
    pub(crate) trees: BTreeMap<KeyholderId, FeedTree>,
    /// What came after its author was removed, and is not known yet to lie within the cut.
    pub(crate) waiting: BTreeSet<(KeyholderId, Tip)>,
    /// What had its place and lost it, beyond the cut of its feed.
    pub(crate) displaced: Vec<StoredEntry>,
}

impl Store {
    pub(crate) fn new(chain: MembershipChain) -> Self {
        Self { chain: Some(chain), ..Self::default() }
    }

    pub(crate) fn chain(&self) -> &MembershipChain {
        self.chain.as_ref().expect("the space is known here")
    }

    pub(crate) fn clock(&self) -> Clock {
        let held = self.trees.iter().filter(|(_, tree)| !tree.tips().is_empty());
        held.map(|(feed, tree)| (*feed, tree.tips().clone())).collect()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &StoredEntry> {
        self.entries.values().flat_map(BTreeMap::values)
    }

    pub(crate) fn entry(&self, feed: &KeyholderId, tip: &Tip) -> Option<&StoredEntry> {
        self.entries.get(feed)?.get(tip)
    }

    pub(crate) fn locate(&self, points: &[Point]) -> Vec<Option<Tip>> {
        points
            .iter()
            .map(|point| self.entries.get(&point.feed)?.keys().find(|tip| point.tip.matches(tip)).copied())
            .collect()
    }

    pub(crate) fn trace(&self, traces: &[Trace]) -> Vec<Vec<Tip>> {
        traces.iter().map(|trace| self.trees[&trace.feed].way_back(trace.tip, &trace.seqs)).collect()
    }

    /// # Panics
    /// On a gap, or a chain that is not the one that the machine began with: neither may happen.
    pub(crate) fn append(&mut self, append: Append) -> Clock {
        assert_eq!(ChainMark::of(self.chain()), append.expected, "compare and swap");
        if append.takes_branch() {
            self.give_way(append.kept_len);
        }
        assert_eq!(self.chain().len() as usize + append.records.len(), append.chain.len() as usize);
        self.chain = Some(append.chain);
        for entry in append.entries {
            let place = (entry.feed, entry.tip());
            if append.cuts.contains_key(&place.0)
                && !self.trees.get(&place.0).is_some_and(|tree| tree.contains(&place.1))
            {
                self.waiting.insert(place);
            }
            self.insert(entry.into_stored());
        }
        for (feed, cut) in append.cuts {
            let Some(tree) = self.trees.get_mut(&feed) else { continue };
            let ended = tree.cut(&cut);
            for place in ended.displaced {
                let entry = self.entries.get_mut(&feed).and_then(|entries| entries.remove(&place));
                if !self.waiting.remove(&(feed, place)) {
                    self.displaced.extend(entry);
                }
            }
            self.waiting.retain(|(waiting, _)| *waiting != feed || !ended.is_whole);
        }
        self.clock()
    }

    /// The chain keeps so many records; what is bound to the others, and what follows that, loses its place.
    fn give_way(&mut self, kept_len: u32) {
        let kept = self.chain().records().iter().take(kept_len as usize).map(Record::bytes);
        self.chain = Some(MembershipChain::parse(kept).expect("a prefix of a chain is one"));
        for feed in self.trees.keys().copied().collect::<Vec<_>>() {
            let lost = self.take_out(&feed, |entry| entry.position >= kept_len);
            self.displaced.extend(lost);
        }
    }

    /// Takes these entries of a feed out of it, and whatever follows them: those that had their place, parents before children.
    pub(crate) fn take_out(&mut self, feed: &KeyholderId, is_lost: impl Fn(&StoredEntry) -> bool) -> Vec<StoredEntry> {
        let (Some(tree), Some(entries)) = (self.trees.get_mut(feed), self.entries.get_mut(feed)) else {
            return Vec::new();
        };
        let lost = entries.values().filter(|entry| is_lost(entry)).map(StoredEntry::tip).collect();
        let places = tree.displace(&lost).into_iter();
        let out = places.filter_map(|place| Some((place, entries.remove(&place)?)));
        out.filter(|(place, _)| !self.waiting.remove(&(*feed, *place))).map(|(_, entry)| entry).collect()
    }

    pub(crate) fn insert(&mut self, entry: StoredEntry) {
        self.trees.entry(entry.feed).or_default().insert(entry.tip(), entry.previous).expect("it has its place");
        self.entries.entry(entry.feed).or_default().insert(entry.tip(), entry);
    }

    pub(crate) fn read(&self, ranges: &[Range], budget: usize) -> (Vec<StoredEntry>, bool) {
        let (mut page, mut bytes) = (Vec::new(), 0);
        for range in ranges {
            let Some(tree) = self.trees.get(&range.feed) else { continue };
            for tip in tree.beyond(&range.beyond) {
                let entry = &self.entries[&range.feed][&tip];
                bytes += entry.sealed.len();
                if bytes > budget {
                    return (page, true);
                }
                page.push(entry.clone());
            }
        }
        (page, false)
    }

    /// A relay of a later version took this.
    pub(crate) fn append_record(&mut self, record: Record) {
        self.chain.as_mut().expect("known").append_record(record).expect("the next record");
    }

    /// The same store as it was when its chain had `len` records and each feed `entries` entries.
    pub(crate) fn set_back(&self, len: usize, entries: u64) -> Self {
        let records = self.chain().records().iter().take(len).map(Record::bytes);
        let mut store = Self::new(MembershipChain::parse(records).expect("a prefix of a chain is one"));
        for entry in self.entries().filter(|entry| entry.seq <= entries && (entry.position as usize) < len) {
            store.insert(entry.clone());
        }
        store
    }
}
