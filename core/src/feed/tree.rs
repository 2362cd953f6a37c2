//! What does a feed look like? Entries by their hashes, each with the one before it: a tree, normally a line.
//!
//! Kept in memory where a whole feed is looked at: by tests, by simulated stores, and where a feed has branches.

use std::collections::{BTreeMap, BTreeSet};

use super::{EntryRefusal, Tip};
use crate::id::Hash;
use crate::limits::TIPS_PER_FEED_MAX;

/// The shape of one feed: places and links, no content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedTree {
    /// Entry → the one before it. Sorted by seq first, so parents come before their children.
    links: BTreeMap<Tip, Hash>,
    tips: BTreeSet<Tip>,
}

/// What a cut came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What left the feed, parents before children.
    pub displaced: Vec<Tip>,
    /// Whether all tips of the cut are here: then all that is left has its place.
    pub is_whole: bool,
}

impl FeedTree {
    /// Adds an entry after the one that it names. Adding it again changes nothing.
    ///
    /// # Errors
    /// [`EntryRefusal::Gap`] if the one before it is missing, [`EntryRefusal::TooManyTips`] if it would begin one branch
    /// too many; growing a tip is never refused.
    pub fn insert(&mut self, entry: Tip, previous: Hash) -> Result<(), EntryRefusal> {
        if self.links.contains_key(&entry) {
            return Ok(());
        }
        let parent = entry.seq.checked_sub(1).map(|seq| Tip { seq, hash: previous }).ok_or(EntryRefusal::Malformed)?;
        if parent.seq > 0 && !self.links.contains_key(&parent) {
            return Err(EntryRefusal::Gap);
        }
        advance_tips(&mut self.tips, entry, previous)?;
        self.links.insert(entry, previous);
        Ok(())
    }

    /// The entries that nothing follows.
    #[must_use]
    pub fn tips(&self) -> &BTreeSet<Tip> {
        &self.tips
    }

    /// Whether the entry is here.
    #[must_use]
    pub fn contains(&self, entry: &Tip) -> bool {
        self.links.contains_key(entry)
    }

    /// The entry before this one, if it is here and has one.
    #[must_use]
    pub fn previous(&self, entry: &Tip) -> Option<Tip> {
        let hash = *self.links.get(entry)?;
        (entry.seq > 1).then(|| Tip { seq: entry.seq - 1, hash })
    }

    /// All entries that are neither one of `tips` nor an ancestor of one, parents before children.
    #[must_use]
    pub fn beyond(&self, tips: &[Tip]) -> Vec<Tip> {
        let mut covered = BTreeSet::new();
        for tip in tips {
            let mut next = Some(*tip);
            while let Some(entry) = next {
                let Some(previous) = self.links.get(&entry) else { break };
                if !covered.insert(entry) {
                    break;
                }
                next = entry.seq.checked_sub(1).map(|seq| Tip { seq, hash: *previous });
            }
        }
        self.links.keys().filter(|entry| !covered.contains(entry)).copied().collect()
    }

    /// The entries with these places on the way back from one that is here; the highest first, as the places are.
    #[must_use]
    pub fn way_back(&self, from: Tip, seqs: &[u64]) -> Vec<Tip> {
        let mut found = Vec::with_capacity(seqs.len());
        let mut next = Some(from);
        while let Some((entry, previous)) = next.and_then(|entry| self.links.get_key_value(&entry)) {
            if seqs.get(found.len()) == Some(&entry.seq) {
                found.push(*entry);
            }
            next = entry.seq.checked_sub(1).map(|seq| Tip { seq, hash: *previous });
        }
        found
    }
}

impl FeedTree {
    /// Ends the feed at a removed device's cut: whatever can be neither one of its tips nor before one leaves the feed. As long
    /// as a tip of the cut is missing, what is lower may be before that one, and stays.
    pub fn cut(&mut self, cut: &[Tip]) -> Ended {
        let (here, missing): (Vec<Tip>, Vec<Tip>) = cut.iter().partition(|tip| self.contains(tip));
        let stays_below = missing.iter().map(|tip| tip.seq).max().unwrap_or_default();
        let displaced: Vec<Tip> = self.beyond(&here).into_iter().filter(|entry| entry.seq >= stays_below).collect();
        self.take_out(&displaced);
        Ended { displaced, is_whole: missing.is_empty() }
    }

    /// Takes out what lost its place, and whatever follows it: returned, parents before children.
    pub fn displace(&mut self, lost: &BTreeSet<Tip>) -> Vec<Tip> {
        let mut displaced: BTreeSet<Tip> = BTreeSet::new();
        for (entry, previous) in &self.links {
            let parent = Tip { seq: entry.seq.saturating_sub(1), hash: *previous };
            if lost.contains(entry) || displaced.contains(&parent) {
                displaced.insert(*entry);
            }
        }
        let displaced: Vec<Tip> = displaced.into_iter().collect();
        self.take_out(&displaced);
        displaced
    }

    /// Takes out entries, in order, together with all that follow them.
    fn take_out(&mut self, displaced: &[Tip]) {
        self.links.retain(|entry, _| displaced.binary_search(entry).is_err());
        let followed: BTreeSet<Tip> =
            self.links.iter().map(|(entry, previous)| Tip { seq: entry.seq - 1, hash: *previous }).collect();
        self.tips = self.links.keys().filter(|entry| !followed.contains(entry)).copied().collect();
    }
}

/// What a new entry does to a feed's tips: it takes the place of the one before it, or begins a branch.
///
/// # Errors
/// [`EntryRefusal::TooManyTips`]; then nothing changed.
pub fn advance_tips(tips: &mut BTreeSet<Tip>, entry: Tip, previous: Hash) -> Result<(), EntryRefusal> {
    let parent = Tip { seq: entry.seq.saturating_sub(1), hash: previous };
    if !tips.remove(&parent) && tips.len() >= TIPS_PER_FEED_MAX {
        return Err(EntryRefusal::TooManyTips);
    }
    tips.insert(entry);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hash(n: u32) -> Hash {
        if n == 0 { Hash::ZERO } else { Hash::of("test", &[&n.to_be_bytes()]) }
    }

    /// Grows a tree: entry n (from 1) follows the entry that `choices` picks among those before it.
    fn grow(choices: &[usize]) -> Vec<(Tip, Hash)> {
        let mut entries: Vec<(Tip, Hash)> = Vec::new();
        for (index, choice) in choices.iter().enumerate() {
            let parent = choice % (index + 1);
            let (seq, previous) = match parent.checked_sub(1).map(|at| entries[at].0) {
                None => (1, Hash::ZERO),
                Some(tip) => (tip.seq + 1, tip.hash),
            };
            entries.push((Tip { seq, hash: hash(index as u32 + 1) }, previous));
        }
        entries
    }

    #[test]
    fn an_entry_without_the_one_before_it_is_a_gap() {
        let mut tree = FeedTree::default();
        assert_eq!(tree.insert(Tip { seq: 2, hash: hash(2) }, hash(1)), Err(EntryRefusal::Gap));
        assert_eq!(tree.insert(Tip { seq: 1, hash: hash(1) }, Hash::ZERO), Ok(()));
        assert_eq!(tree.insert(Tip { seq: 2, hash: hash(2) }, hash(1)), Ok(()));
        assert_eq!(tree.tips().len(), 1);
    }

    #[test]
    fn the_sixty_fifth_branch_is_refused_and_growing_a_tip_never() {
        let mut tree = FeedTree::default();
        for n in 1..=64 {
            tree.insert(Tip { seq: 1, hash: hash(n) }, Hash::ZERO).unwrap();
        }
        assert_eq!(tree.insert(Tip { seq: 1, hash: hash(65) }, Hash::ZERO), Err(EntryRefusal::TooManyTips));
        assert_eq!(tree.insert(Tip { seq: 2, hash: hash(66) }, hash(1)), Ok(()));
    }

    #[test]
    fn a_cut_that_names_an_ancestor_of_another_of_its_tips_ends_at_the_later() {
        let entries = grow(&[0, 1, 2, 2, 3]); // 1 ← 2, 2 ← 3 ← 5, 2 ← 4
        let mut tree = FeedTree::default();
        for (entry, previous) in &entries {
            tree.insert(*entry, *previous).unwrap();
        }
        let [first, third] = [entries[0].0, entries[2].0];
        assert_eq!(tree.cut(&[first, third]).displaced.len(), 2);
        assert_eq!(tree.tips(), &BTreeSet::from([third]));
        let again = tree.cut(&[first, third]);
        assert_eq!(again, Ended { displaced: Vec::new(), is_whole: true }, "cutting again changes nothing");
        assert_eq!(tree.cut(&[]).displaced.len(), 3, "a cut without tips leaves nothing");
        assert_eq!(tree, FeedTree::default());
    }

    #[test]
    fn with_an_entry_goes_whatever_follows_it() {
        let entries = grow(&[0, 1, 2, 2, 3]); // 1 ← 2, 2 ← 3 ← 5, 2 ← 4
        let mut tree = FeedTree::default();
        for (entry, previous) in &entries {
            tree.insert(*entry, *previous).unwrap();
        }
        let [first, second, third, fourth, fifth] = [0, 1, 2, 3, 4].map(|at| entries[at].0);
        assert_eq!(tree.previous(&third), Some(second));
        assert_eq!(tree.previous(&first), None);
        assert_eq!(tree.displace(&BTreeSet::from([third])), [third, fifth]);
        assert_eq!(tree.tips(), &BTreeSet::from([fourth]));
        assert_eq!(tree.displace(&BTreeSet::from([third])), [], "again changes nothing");
        assert_eq!(tree.displace(&BTreeSet::from([fourth])), [fourth]);
        assert_eq!(tree.tips(), &BTreeSet::from([second]), "what it followed is a tip again");
    }

    proptest! {
        /// What stands after a cut is each of its tips and whatever is before one, or may be before one that is missing.
        #[test]
        fn a_cut_leaves_its_tips_and_what_is_before_them(
            choices in proptest::collection::vec(0..8_usize, 1..30),
            part in 0..30_usize,
            named in proptest::collection::btree_set(0..30_usize, 0..4),
        ) {
            let entries = grow(&choices);
            let held = &entries[..part.min(entries.len())];
            let cut: BTreeSet<Tip> = named.iter().filter_map(|at| Some(entries.get(*at)?.0)).collect();
            let cut: Vec<Tip> = cut.into_iter().collect();
            let mut tree = FeedTree::default();
            for (entry, previous) in held {
                tree.insert(*entry, *previous).unwrap();
            }
            let (before, ended) = (tree.clone(), tree.cut(&cut));
            let missing = || cut.iter().filter(|tip| !before.contains(tip));
            let previous_of = |tip: &Tip| held.iter().find(|(entry, _)| entry == tip).unwrap().1;
            let mut standing: BTreeSet<Tip> = BTreeSet::new();
            for (entry, _) in held.iter().rev() {
                let follows = |later: &Tip| later.seq == entry.seq + 1 && previous_of(later) == entry.hash;
                if cut.contains(entry) || standing.iter().any(follows) || missing().any(|tip| tip.seq > entry.seq) {
                    standing.insert(*entry);
                }
            }
            let mut expected = FeedTree::default();
            for (entry, previous) in held.iter().filter(|(entry, _)| standing.contains(entry)) {
                expected.insert(*entry, *previous).unwrap();
            }
            let gone: BTreeSet<Tip> = held.iter().map(|(entry, _)| *entry).filter(|it| !standing.contains(it)).collect();
            prop_assert_eq!(ended.displaced.into_iter().collect::<BTreeSet<_>>(), gone);
            prop_assert_eq!(ended.is_whole, missing().next().is_none());
            prop_assert_eq!(tree, expected);
        }

        /// Whatever part of a tree one store has, `beyond` its tips is exactly what it lacks, in an order that it can take.
        #[test]
        fn beyond_is_what_the_other_lacks(choices in proptest::collection::vec(0..8_usize, 1..40), part in 0..40_usize) {
            let entries = grow(&choices);
            let mut whole = FeedTree::default();
            let mut held = FeedTree::default();
            for (index, (entry, previous)) in entries.iter().enumerate() {
                whole.insert(*entry, *previous).unwrap();
                if index < part {
                    held.insert(*entry, *previous).unwrap();
                }
            }
            let tips: Vec<Tip> = held.tips().iter().copied().collect();
            let missing = whole.beyond(&tips);
            prop_assert_eq!(missing.len(), entries.len() - part.min(entries.len()));
            for entry in missing {
                let previous = entries.iter().find(|(tip, _)| *tip == entry).unwrap().1;
                prop_assert_eq!(held.insert(entry, previous), Ok(()));
            }
            prop_assert_eq!(held, whole);
        }
    }
}
