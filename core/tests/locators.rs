//! Do two stores meet if neither knows a tip of the other's feed? Stories of copied phones and relays that were set back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/world.rs"]
mod world;

use std::collections::BTreeSet;

use entwine_core::feed::{EntryHeader, EntryKind, Position, StoredEntry, Tip};
use entwine_core::id::Hash;
use entwine_core::limits::{LOCATOR_POINTS_MAX, LOCATORS_PER_MESSAGE_MAX, TIPS_PER_FEED_MAX};
use entwine_core::membership::KeyRing;
use entwine_core::sealing::entry::EntryContent;
use entwine_core::sync::device::Stopped;
use entwine_core::wire::message::Response;
use proptest::prelude::*;
use world::{NOON, Phone, Wish, couple, with_tablet};

/// An entry after this one, or a first one, which is not stored yet.
fn after(phone: &mut Phone, before: Option<&StoredEntry>, change: Vec<u8>) -> StoredEntry {
    let chain = phone.store.chain().clone();
    let ring = KeyRing::derive(&chain, &phone.keys);
    let epoch = ring.get(&chain.open_epoch().unwrap().hash()).unwrap();
    let header = EntryHeader {
        space: chain.space(),
        feed: phone.id(),
        seq: before.map_or(1, |entry| entry.seq + 1),
        previous: before.map_or(Hash::ZERO, |entry| entry.hash),
        position: Position { index: chain.len() - 1, hash: chain.head() },
        kind: EntryKind::CHANGES,
        critical: true,
    };
    let content = EntryContent {
        document: "journal/2026-12".to_owned(),
        generation: 0,
        changes: vec![change],
        clock: Vec::new(),
        written: (NOON, NOON),
    };
    content.seal(&mut phone.rng, &phone.keys, epoch, &header).into_stored()
}

/// A line of so many entries after this one, with so many bytes each.
fn line(phone: &mut Phone, mut before: Option<StoredEntry>, count: usize, bytes: usize) -> Vec<StoredEntry> {
    let mut entries = Vec::new();
    for _ in 0..count {
        let mut incompressible = vec![0; bytes];
        phone.rng.fill_bytes(&mut incompressible);
        let entry = after(phone, before.as_ref(), incompressible);
        before = Some(entry.clone());
        entries.push(entry);
    }
    entries
}

#[test]
fn a_phone_and_its_copy_meet_whose_branches_neither_the_relay_nor_they_know() {
    let (mut ada, mut noor, mut relay) = couple();
    ada.write("before the copy");
    ada.sync_fully(&mut relay);
    let mut copy = ada.copy(79);
    ada.write("on the phone");
    ada.sync_fully(&mut relay);
    let sealed_before_a_cut = copy.seal_one("on its copy");
    copy.store.insert(sealed_before_a_cut);
    copy.sync_fully(&mut relay);
    let locators: usize = relay.log.iter().map(|(request, _)| request.locators.len()).sum();
    assert_eq!(locators, 1);
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    for phone in [&ada, &copy, &noor] {
        assert_eq!(phone.words(), ["before the copy", "on its copy", "on the phone"]);
    }
    assert_eq!(relay.store.clock()[&ada.id()].len(), 2, "both branches stay");
}

#[test]
fn feeds_that_have_nothing_in_common_meet() {
    let (mut ada, _, mut relay) = couple();
    let mut copy = ada.copy(80);
    ada.write("one");
    ada.sync_fully(&mut relay);
    let two = copy.seal_one("two");
    copy.store.insert(two);
    let three = copy.seal_one("three");
    copy.store.insert(three);
    copy.sync_fully(&mut relay);
    assert_eq!(copy.words(), ["one", "three", "two"]);
}

/// A place at which branches part, far behind both ends and far from every power of two: more lies between than fits a page.
#[test]
fn the_place_is_found_in_a_few_rounds_however_far_back_it_is() {
    let (mut ada, _, mut relay) = couple();
    let mut copy = ada.copy(81);
    let shared = line(&mut ada, None, 900, 3_000);
    let parting = shared.last().cloned();
    let on_the_phone = line(&mut ada, parting.clone(), 500, 3_000);
    let on_the_copy = line(&mut copy, parting, 1_030, 3_000);
    for entry in &shared {
        relay.store.insert(entry.clone());
        copy.store.insert(entry.clone());
    }
    on_the_phone.into_iter().for_each(|entry| relay.store.insert(entry));
    on_the_copy.into_iter().for_each(|entry| copy.store.insert(entry));
    let requests = copy.sync_fully(&mut relay);
    assert_eq!(copy.store.entries().count(), 900 + 500 + 1_030);
    assert!(requests < 20, "{requests} requests");
    let searching = relay.log.iter().filter(|(request, _)| request.locators.iter().any(|it| it.points.len() > 1));
    assert!((2..=4).contains(&searching.count()));
}

#[test]
fn as_many_branches_as_a_feed_may_have_meet_in_several_feeds_at_once() {
    let (mut ada, mut noor, mut relay) = couple();
    let mut all = noor.copy(90);
    for phone in [&mut ada, &mut noor] {
        let shared = line(phone, None, 200, 20);
        for entry in &shared {
            relay.store.insert(entry.clone());
            all.store.insert(entry.clone());
        }
        for n in 0..TIPS_PER_FEED_MAX {
            let branch = line(phone, shared.get(199 - n / 2).cloned(), 3, 20);
            let store = if n % 3 == 0 { &mut relay.store } else { &mut all.store };
            branch.into_iter().for_each(|entry| store.insert(entry));
        }
    }
    all.sync_fully(&mut relay);
    assert_eq!(all.store.entries().count(), 2 * (200 + 3 * TIPS_PER_FEED_MAX));
    let most = relay.log.iter().map(|(request, _)| request.locators.len()).max();
    assert_eq!(most, Some(LOCATORS_PER_MESSAGE_MAX), "there are more tips than that, and it is enough");
    let sent = relay.log.iter().flat_map(|(request, _)| &request.locators);
    assert!(sent.clone().all(|locator| locator.points.len() <= LOCATOR_POINTS_MAX));
}

#[test]
fn a_device_is_removed_though_the_relay_knows_another_branch_of_its_feed() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    tablet.write("in time");
    tablet.sync_fully(&mut relay);
    ada.sync_fully(&mut relay);
    let mut copy = tablet.copy(82);
    ada.store.insert(copy.seal_one("seen by Ada, before the relay was set back"));
    tablet.write("seen by the relay");
    tablet.sync_fully(&mut relay);
    ada.wishes.push_back(Wish::Remove(tablet.id()));
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    assert!(ada.store.chain().member(&tablet.id()).is_none());
    let all = ["in time", "seen by Ada, before the relay was set back", "seen by the relay"];
    assert_eq!((ada.words(), noor.words()), (all.map(str::to_owned).to_vec(), all.map(str::to_owned).to_vec()));
}

#[test]
fn large_branches_travel_in_pages() {
    let (mut ada, _, mut relay) = couple();
    let mut copy = ada.copy(83);
    line(&mut ada, None, 5, 380_000).into_iter().for_each(|entry| relay.store.insert(entry));
    let on_the_copy = line(&mut copy, None, 5, 380_000);
    on_the_copy.into_iter().for_each(|entry| copy.store.insert(entry));
    copy.sync_fully(&mut relay);
    assert_eq!(copy.store.entries().count(), 10);
}

/// An exchange of a copy with a relay that lies about what it has; afterwards, with one that does not.
fn lied_to(lie: impl FnMut(&mut Response) + 'static) -> Option<Stopped> {
    let (mut ada, _, mut relay) = couple();
    let shared = line(&mut ada, None, 200, 20);
    let mut copy = ada.copy(84);
    for entry in &shared {
        relay.store.insert(entry.clone());
        copy.store.insert(entry.clone());
    }
    let there = after(&mut ada, shared.last(), b"on the phone".to_vec());
    let here = after(&mut copy, shared.last(), b"on its copy".to_vec());
    relay.store.insert(there);
    copy.store.insert(here);
    relay.lie = Some(Box::new(lie));
    let outcome = copy.sync(&mut relay).unwrap();
    assert!(relay.log.len() < 12, "it ends: {} requests", relay.log.len());
    relay.lie = None;
    copy.sync_fully(&mut relay);
    outcome.reason
}

#[test]
fn a_relay_that_says_nonsense_of_the_points_holds_nobody_up() {
    assert_eq!(lied_to(|response| response.entries.clear()), Some(Stopped::NoProgress));
    let lacks_the_tip_alone = |response: &mut Response| {
        response.entries.clear();
        response.unknown.truncate(1);
    };
    assert_eq!(lied_to(lacks_the_tip_alone), Some(Stopped::NoProgress));
    let more_for_ever = |response: &mut Response| {
        response.entries.clear();
        response.more = true;
    };
    assert_eq!(lied_to(more_for_ever), Some(Stopped::NoProgress));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever parts of a tree two copies of a phone and a relay hold, they come to hold all of it, in whatever order they meet.
    #[test]
    fn any_parts_of_a_tree_come_together(
        choices in proptest::collection::vec(0..8_usize, 1..24),
        held in proptest::collection::vec([any::<bool>(), any::<bool>(), any::<bool>()], 24),
        order in proptest::collection::vec(any::<bool>(), 0..4),
    ) {
        let (mut ada, _, mut relay) = couple();
        let mut copy = ada.copy(85);
        let mut entries: Vec<StoredEntry> = Vec::new();
        for (n, choice) in choices.iter().enumerate() {
            let before = (choice % (n + 1)).checked_sub(1).map(|at| entries[at].clone());
            let entry = after(&mut ada, before.as_ref(), format!("{n}").into_bytes());
            entries.push(entry);
        }
        let mut all: BTreeSet<Tip> = BTreeSet::new();
        for (entry, held) in entries.iter().zip(&held) {
            let before = Tip { seq: entry.seq - 1, hash: entry.previous };
            for (store, held) in [&mut ada.store, &mut copy.store, &mut relay.store].into_iter().zip(held) {
                let has_place = entry.seq == 1 || store.entries().any(|entry| entry.tip() == before);
                if *held && has_place {
                    store.insert(entry.clone());
                    all.insert(entry.tip());
                }
            }
        }
        for is_ada in order.into_iter().chain([true, false, true]) {
            if is_ada { ada.sync_fully(&mut relay) } else { copy.sync_fully(&mut relay) };
        }
        for store in [&ada.store, &copy.store, &relay.store] {
            prop_assert_eq!(&store.entries().map(StoredEntry::tip).collect::<BTreeSet<_>>(), &all);
        }
    }
}
