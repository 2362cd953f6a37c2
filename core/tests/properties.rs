//! What holds whatever happens? Random histories of clocks and stores; a failing one is printed with its seed.

#[path = "support/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use entwine_core::feed::clock::{SentClock, SentTip, digest};
use entwine_core::feed::{Clock, FeedTree, Tip};
use entwine_core::id::{Hash, KeyholderId};
use entwine_core::membership::{MembershipChain, Record};
use entwine_core::sync::{Plan, Point, reconcile};
use entwine_core::wire::{from_bytes, to_bytes};
use proptest::prelude::*;
use world::{Phone, couple};

/// Grows a tree of entries: the n-th follows the one that `choices` picks among those before it.
fn grow(feed: u8, choices: &[usize]) -> Vec<(Tip, Hash)> {
    let mut entries: Vec<(Tip, Hash)> = Vec::new();
    for (index, choice) in choices.iter().enumerate() {
        let parent = (choice % (index + 1)).checked_sub(1).map(|at| entries[at].0);
        let (seq, previous) = parent.map_or((1, Hash::ZERO), |tip| (tip.seq + 1, tip.hash));
        entries.push((Tip { seq, hash: Hash::of("test", &[&[feed], &(index as u32).to_be_bytes()]) }, previous));
    }
    entries
}

fn line(len: usize) -> Vec<usize> {
    (0..len).collect()
}

/// What a store holds of these entries: those that `mask` picks and that have their place.
fn hold(entries: &[(Tip, Hash)], mask: &[bool]) -> FeedTree {
    let mut tree = FeedTree::default();
    for ((entry, previous), _) in entries.iter().zip(mask).filter(|(_, held)| **held) {
        tree.insert(*entry, *previous).ok();
    }
    tree
}

type Trees = BTreeMap<KeyholderId, FeedTree>;

fn clock_of(trees: &Trees) -> Clock {
    trees.iter().filter(|(_, tree)| !tree.tips().is_empty()).map(|(id, tree)| (*id, tree.tips().clone())).collect()
}

fn plan(chain: &MembershipChain, mine: &Trees, theirs: &Trees, all: &BTreeMap<KeyholderId, Vec<(Tip, Hash)>>) -> Plan {
    let known = |point: &Point| {
        let held = all.get(&point.feed)?.iter().map(|(tip, _)| *tip).find(|tip| point.tip.matches(tip))?;
        mine.get(&point.feed)?.contains(&held).then_some(held)
    };
    reconcile(chain, &clock_of(mine), &SentClock::of(chain, &clock_of(theirs), false), &known)
}

/// Sends what a plan says, and returns how much of it the other had already.
fn deliver(plan: &Plan, from: &Trees, to: &mut Trees, all: &BTreeMap<KeyholderId, Vec<(Tip, Hash)>>) -> usize {
    let mut doubles = 0;
    for range in &plan.send {
        for tip in from[&range.feed].beyond(&range.beyond) {
            let previous = all[&range.feed].iter().find(|(entry, _)| *entry == tip).expect("an entry").1;
            let tree = to.entry(range.feed).or_default();
            doubles += usize::from(tree.contains(&tip));
            tree.insert(tip, previous).expect("parents come before children");
        }
    }
    doubles
}

fn feeds() -> (MembershipChain, KeyholderId, KeyholderId) {
    static FEEDS: OnceLock<(MembershipChain, KeyholderId, KeyholderId)> = OnceLock::new();
    let made = || {
        let (ada, noor, _) = couple();
        (ada.store.chain().clone(), ada.id(), noor.id())
    };
    FEEDS.get_or_init(made).clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn lines_meet_in_one_round_and_nothing_is_sent_twice(lens in [0..9_usize, 0..9, 0..9, 0..9]) {
        let (chain, ada, noor) = feeds();
        let all = BTreeMap::from([(ada, grow(1, &line(9))), (noor, grow(2, &line(9)))]);
        let take = |a: usize, n: usize| -> Trees {
            BTreeMap::from([(ada, hold(&all[&ada][..a], &[true; 9])), (noor, hold(&all[&noor][..n], &[true; 9]))])
        };
        let (mut one, mut other) = (take(lens[0], lens[1]), take(lens[2], lens[3]));
        let (there, back) = (plan(&chain, &one, &other, &all), plan(&chain, &other, &one, &all));
        prop_assert_eq!(there.ask, lens[2] > lens[0] || lens[3] > lens[1]);
        prop_assert_eq!(there.sends_nothing(), lens[0] <= lens[2] && lens[1] <= lens[3]);
        prop_assert_eq!(deliver(&there, &one.clone(), &mut other, &all) + deliver(&back, &other.clone(), &mut one, &all), 0);
        prop_assert_eq!(clock_of(&one), clock_of(&other));
        prop_assert_eq!(plan(&chain, &one, &other, &all), Plan::default());
    }

    /// Trees meet too, as long as somebody knows one of the other's tips; and nobody sends what the other has if it knows all.
    #[test]
    fn trees_meet(
        choices in proptest::collection::vec(0..8_usize, 1..20),
        mine in proptest::collection::vec(any::<bool>(), 20),
        theirs in proptest::collection::vec(any::<bool>(), 20),
    ) {
        let (chain, ada, _) = feeds();
        let all = BTreeMap::from([(ada, grow(1, &choices))]);
        let (mut one, mut other) =
            (BTreeMap::from([(ada, hold(&all[&ada], &mine))]), BTreeMap::from([(ada, hold(&all[&ada], &theirs))]));
        let union = all[&ada].iter().filter(|(tip, _)| one[&ada].contains(tip) || other[&ada].contains(tip)).count();
        for _ in 0..2 {
            for _ in 0..2 {
                let plan = plan(&chain, &one, &other, &all);
                let doubles = deliver(&plan, &one, &mut other, &all);
                prop_assert!(doubles == 0 || plan.ask, "who knows all their tips sends nothing that they have");
                std::mem::swap(&mut one, &mut other);
            }
        }
        if clock_of(&one) == clock_of(&other) {
            prop_assert_eq!(&one, &other);
            prop_assert_eq!(one[&ada].beyond(&[]).len(), union);
        } else {
            let knows = |tree: &FeedTree, tips: &BTreeSet<Tip>| tips.iter().any(|tip| tree.contains(tip));
            prop_assert!(!knows(&one[&ada], other[&ada].tips()) && !knows(&other[&ada], one[&ada].tips()));
        }
    }

    #[test]
    fn two_digests_are_equal_exactly_if_the_clocks_are(
        one in proptest::collection::btree_set((0..2_usize, 1..4_u64, 0..3_u8), 0..5),
        other in proptest::collection::btree_set((0..2_usize, 1..4_u64, 0..3_u8), 0..5),
        whole in any::<bool>(),
    ) {
        let (chain, ada, noor) = feeds();
        let build = |tips: &BTreeSet<(usize, u64, u8)>| {
            let mut clock = Clock::new();
            for (feed, seq, hash) in tips {
                let feed = [ada, noor][*feed];
                clock.entry(feed).or_default().insert(Tip { seq: *seq, hash: Hash::of("test", &[&[*hash]]) });
            }
            clock
        };
        let (first, second) = (build(&one), build(&other));
        prop_assert_eq!(digest(&chain, &first) == digest(&chain, &second), first == second);
        let shorter = MembershipChain::parse(chain.records()[..3].iter().map(Record::bytes)).unwrap();
        prop_assert_ne!(digest(&chain, &first), digest(&shorter, &first), "the chain counts too");

        let sent = SentClock::of(&chain, &first, whole);
        prop_assert_eq!(from_bytes::<SentClock>(&to_bytes(&sent)), Ok(sent.clone()));
        for line in sent.lines.iter().flatten() {
            let feed = chain.by_number(line.feed).unwrap().id;
            let tips = &first[&feed];
            prop_assert!(line.tips.iter().zip(tips).all(|(sent, tip)| sent.matches(tip)));
            prop_assert_eq!(line.tips.len(), tips.len());
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Two phones write and sync in any order: in the end both hold every word of both.
    #[test]
    fn whatever_the_order_of_exchanges_all_words_arrive(steps in proptest::collection::vec((0..2_usize, any::<bool>()), 1..12)) {
        let (ada, noor, mut relay) = couple();
        let mut phones = [ada, noor];
        let mut words = Vec::new();
        for (n, (who, writes)) in steps.iter().enumerate() {
            let phone: &mut Phone = &mut phones[*who];
            if *writes {
                words.push(format!("word {n:02}"));
                phone.write(&format!("word {n:02}"));
            } else {
                phone.sync_fully(&mut relay);
            }
        }
        for who in [0, 1, 0] {
            phones[who].sync_fully(&mut relay);
        }
        prop_assert_eq!(phones[0].words(), words.clone());
        prop_assert_eq!(phones[1].words(), words);
    }
}

#[test]
fn a_tip_in_short_form_stands_for_the_same_entry() {
    let tip = Tip { seq: 3, hash: Hash::of("test", &[b"tip"]) };
    assert!(SentTip::short(&tip).matches(&tip) && SentTip::whole(&tip).matches(&tip));
    let other = Tip { seq: 4, ..tip };
    assert!(!SentTip::short(&tip).matches(&other) && !SentTip::whole(&tip).matches(&other));
}
