//! Does a second phone, or a phone that comes back by a phrase, come to hold all that its person has? Stories over the sync
//! machines, in shared and private space.

#[path = "support/world.rs"]
mod world;

use std::collections::BTreeSet;

use entwine_core::id::SpaceId;
use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::{KeyRing, device_safety_words};
use entwine_core::sync::RelayRefusal;
use entwine_core::sync::device::Stopped;
use entwine_core::sync::relay::may_found_private;
use world::{
    NOON, Phone, Relay, Wish, add_phrase, come_back, couple, empty_request, invite, join, link, prepare_join,
    read_chain,
};

/// Ada's phone in both her spaces, and Noor's in the one that they share; each has written.
struct Couple {
    ada: Phone,
    noor: Phone,
    shared: Relay,
    adas_own: Phone,
    private: Relay,
}

fn couple_with_private_space() -> Couple {
    let (mut ada, mut noor, mut shared) = couple();
    let mut adas_own = ada.in_private(11);
    let mut private = Relay::new(adas_own.store.chain().clone());
    ada.write("from Ada");
    ada.sync_fully(&mut shared);
    noor.write("from Noor");
    noor.sync_fully(&mut shared);
    ada.sync_fully(&mut shared);
    adas_own.write("for me alone");
    adas_own.sync_fully(&mut private);
    Couple { ada, noor, shared, adas_own, private }
}

/// Ada's tablet, taken up in both spaces by one link.
fn with_tablet(couple: &mut Couple) -> (Phone, Phone, SecretKeys) {
    let keys = SecretKeys::make_random(&mut couple.ada.rng);
    link(&mut couple.ada, &mut couple.shared, &keys);
    link(&mut couple.adas_own, &mut couple.private, &keys);
    let mut tablet = couple.ada.next(12);
    let mut tablets_own = tablet.elsewhere(13);
    join(&mut tablet, &keys, &mut couple.shared);
    join(&mut tablets_own, &keys, &mut couple.private);
    (tablet, tablets_own, keys)
}

#[test]
fn a_second_phone_gets_all_of_the_shared_and_the_private_space() {
    let mut couple = couple_with_private_space();
    let (mut tablet, mut tablets_own, keys) = with_tablet(&mut couple);
    assert_eq!(tablet.words(), ["from Ada", "from Noor"], "from before it came");
    assert_eq!(tablets_own.words(), ["for me alone"]);
    assert!(matches!(read_chain(&keys, &mut couple.shared), Err(RelayRefusal::Removed(_))), "the link is used up");

    tablet.write("from the tablet");
    tablet.sync_fully(&mut couple.shared);
    tablets_own.write("also for me");
    tablets_own.sync_fully(&mut couple.private);
    for phone in [&mut couple.ada, &mut couple.noor] {
        phone.sync_fully(&mut couple.shared);
        assert_eq!(phone.words(), ["from Ada", "from Noor", "from the tablet"]);
    }
    couple.adas_own.sync_fully(&mut couple.private);
    assert_eq!(couple.adas_own.words(), ["also for me", "for me alone"]);

    let chain = couple.ada.store.chain();
    assert_eq!(chain.persons().len(), 2);
    assert_eq!(chain.member(&tablet.id()).unwrap().person, couple.ada.person);
    let words = |phone: &Phone| device_safety_words(phone.store.chain(), &tablet.id()).unwrap();
    assert_eq!(words(&couple.ada), words(&tablet), "both show the same six words");
}

#[test]
fn two_own_phones_that_write_apart_meet() {
    let mut couple = couple_with_private_space();
    let (mut tablet, mut tablets_own, _) = with_tablet(&mut couple);
    couple.ada.sync_fully(&mut couple.shared);
    for n in 0..3 {
        couple.ada.write(&format!("phone {n}"));
        tablet.write(&format!("tablet {n}"));
        couple.adas_own.write(&format!("own, phone {n}"));
        tablets_own.write(&format!("own, tablet {n}"));
    }
    for _ in 0..2 {
        for phone in [&mut couple.ada, &mut tablet, &mut couple.noor] {
            phone.sync_fully(&mut couple.shared);
        }
        for phone in [&mut tablets_own, &mut couple.adas_own] {
            phone.sync_fully(&mut couple.private);
        }
    }
    assert_eq!(tablet.words().len(), 8);
    assert_eq!(tablet.words(), couple.ada.words());
    assert_eq!(tablet.words(), couple.noor.words());
    assert_eq!(tablets_own.words().len(), 7);
    assert_eq!(tablets_own.words(), couple.adas_own.words());
    assert!(tablet.store.clock().values().all(|tips| tips.len() == 1), "each phone has a feed of its own");
}

#[test]
fn a_wiped_relay_is_filled_by_the_second_phone_alone() {
    let mut couple = couple_with_private_space();
    let (mut tablet, mut tablets_own, _) = with_tablet(&mut couple);
    couple.shared.wipe();
    couple.private.wipe();
    tablet.refill(&mut couple.shared);
    assert!(may_found_private(tablet.store.chain(), tablets_own.store.chain(), &tablet.id()), "without a registration");
    tablets_own.refill(&mut couple.private);
    couple.noor.sync_fully(&mut couple.shared);
    couple.adas_own.sync_fully(&mut couple.private);
    assert_eq!(couple.shared.store.entries().count(), 2);
    assert_eq!(couple.private.store.entries().count(), 1);
}

#[test]
fn where_a_link_was_taken_up_by_half_the_other_phone_opens_the_epoch() {
    let mut couple = couple_with_private_space();
    let keys = SecretKeys::make_random(&mut couple.ada.rng);
    link(&mut couple.ada, &mut couple.shared, &keys);
    let mut tablet = couple.ada.next(12);
    prepare_join(&mut tablet, &keys, &mut couple.shared);
    tablet.brings.truncate(1);
    tablet.rotates = false;
    tablet.sync_fully(&mut couple.shared);
    assert!(tablet.store.chain().open_epoch().is_none());
    assert!(KeyRing::derive(tablet.store.chain(), &tablet.keys).is_empty(), "nothing is sealed to it yet");
    couple.ada.write("after the tablet");
    couple.ada.sync_fully(&mut couple.shared);
    tablet.sync_fully(&mut couple.shared);
    assert_eq!(tablet.words(), ["after the tablet", "from Ada", "from Noor"]);
}

/// Ada's phrase, in both spaces.
fn with_phrase(couple: &mut Couple) -> SecretKeys {
    let phrase = SecretKeys::make_random(&mut couple.ada.rng);
    add_phrase(&mut couple.ada, &mut couple.shared, &phrase);
    add_phrase(&mut couple.adas_own, &mut couple.private, &phrase);
    phrase
}

#[test]
fn who_lost_every_phone_comes_back_by_the_phrase_with_everything() {
    let mut couple = couple_with_private_space();
    let phrase = with_phrase(&mut couple);
    couple.noor.write("while you were gone");
    couple.noor.sync_fully(&mut couple.shared);
    let mut laptop = Phone::new(21);
    let mut laptops_own = laptop.elsewhere(22);
    come_back(&mut laptop, &phrase, &mut couple.shared).unwrap();
    come_back(&mut laptops_own, &phrase, &mut couple.private).unwrap();
    laptop.sync_fully(&mut couple.shared);
    laptops_own.sync_fully(&mut couple.private);
    assert_eq!(laptop.words(), ["from Ada", "from Noor", "while you were gone"]);
    assert_eq!(laptops_own.words(), ["for me alone"]);
    assert_eq!(laptop.person, couple.ada.person);

    laptop.write("here again");
    laptop.sync_fully(&mut couple.shared);
    couple.noor.sync_fully(&mut couple.shared);
    assert_eq!(couple.noor.words(), laptop.words());
}

#[test]
fn a_phrase_comes_back_into_a_relay_that_lost_entries() {
    let mut couple = couple_with_private_space();
    let phrase = with_phrase(&mut couple);
    let len = couple.ada.store.chain().len() as usize;
    couple.shared.store = couple.shared.store.set_back(len, 0);
    let mut laptop = Phone::new(21);
    come_back(&mut laptop, &phrase, &mut couple.shared).unwrap();
    laptop.sync_fully(&mut couple.shared);
    assert_eq!(laptop.words(), [""; 0], "the relay has none");
    couple.noor.sync_fully(&mut couple.shared);
    laptop.sync_fully(&mut couple.shared);
    assert_eq!(laptop.words(), ["from Ada", "from Noor"], "the partner's phone brought them all");
}

#[test]
fn a_phrase_comes_back_once_somebody_told_a_set_back_relay_of_it() {
    let mut couple = couple_with_private_space();
    let phrase = with_phrase(&mut couple);
    couple.noor.sync_fully(&mut couple.shared);
    couple.shared.store = couple.shared.store.set_back(4, 0);
    let mut laptop = Phone::new(21);
    let refused = come_back(&mut laptop, &phrase, &mut couple.shared).unwrap_err();
    assert_eq!(refused, RelayRefusal::NotFound, "this relay never saw the phrase");
    couple.noor.sync_fully(&mut couple.shared);
    come_back(&mut laptop, &phrase, &mut couple.shared).unwrap();
    laptop.sync_fully(&mut couple.shared);
    assert_eq!(laptop.words(), ["from Ada", "from Noor"]);
}

#[test]
fn a_phrase_that_comes_back_where_records_are_missing_makes_a_branch_and_nothing_is_lost() {
    let mut couple = couple_with_private_space();
    let phrase = with_phrase(&mut couple);
    let len = couple.ada.store.chain().len() as usize;
    with_tablet(&mut couple);
    couple.ada.sync_fully(&mut couple.shared);
    couple.shared.store = couple.shared.store.set_back(len, 9);
    come_back(&mut Phone::new(21), &phrase, &mut couple.shared).unwrap();
    couple.ada.write("mine");
    let outcome = couple.ada.sync(&mut couple.shared).unwrap();
    assert_eq!(outcome.reason, Some(Stopped::ChainsDiffer));
    assert_eq!((couple.ada.pending.len(), couple.ada.words().len()), (1, 2));
}

#[test]
fn a_phrase_whom_another_record_overtook_reads_the_chain_anew() {
    let mut couple = couple_with_private_space();
    let phrase = with_phrase(&mut couple);
    let stale = read_chain(&phrase, &mut couple.shared).unwrap();
    let mut laptop = Phone::new(21);
    let ring = KeyRing::derive(&stale, &phrase);
    let late = stale.add_device(&mut laptop.rng, &phrase, &ring, &laptop.keys).unwrap();
    link(&mut couple.ada, &mut couple.shared, &SecretKeys::from_bytes(&[9; 64]));
    let records = vec![late.bytes().to_vec()];
    let request = entwine_core::wire::message::Request { records, ..empty_request() };
    let answer = couple.shared.send(&phrase, &request).unwrap();
    assert_ne!(answer.clock.unwrap().chain_head, late.hash(), "who came first counts");
    assert!(couple.shared.store.chain().member(&laptop.id()).is_none());
    come_back(&mut laptop, &phrase, &mut couple.shared).unwrap();
    laptop.sync_fully(&mut couple.shared);
    assert_eq!(laptop.words(), ["from Ada", "from Noor"]);
}

#[test]
fn a_replaced_phrase_is_told_so_and_opens_nothing_that_came_later() {
    let mut couple = couple_with_private_space();
    let old = with_phrase(&mut couple);
    let new = with_phrase(&mut couple);
    couple.ada.wishes.push_back(Wish::Remove(old.id()));
    couple.ada.write("after it");
    couple.ada.sync_fully(&mut couple.shared);
    let refused = come_back(&mut Phone::new(21), &old, &mut couple.shared).unwrap_err();
    let RelayRefusal::Removed(told) = refused else { panic!("{refused:?}") };
    assert!(told.entries.is_empty());
    let chain = couple.ada.store.chain();
    let removed_at = chain.keyholder(&old.id()).unwrap().removed_at.unwrap();
    assert_eq!(told.clock.unwrap().chain_len, removed_at + 1, "and nothing of what came after it");
    let opened = chain.open_epoch().unwrap().hash();
    assert!(KeyRing::derive(chain, &old).get(&opened).is_none());
    let mut laptop = Phone::new(22);
    come_back(&mut laptop, &new, &mut couple.shared).unwrap();
    laptop.sync_fully(&mut couple.shared);
    assert_eq!(laptop.words(), ["after it", "from Ada", "from Noor"]);
}

/// A link in both spaces, taken up in the shared one, and then its ten minutes are over.
fn half_taken_up() -> (Couple, Phone, SecretKeys) {
    let mut couple = couple_with_private_space();
    let keys = SecretKeys::make_random(&mut couple.ada.rng);
    link(&mut couple.ada, &mut couple.shared, &keys);
    link(&mut couple.adas_own, &mut couple.private, &keys);
    let mut tablet = couple.ada.next(12);
    join(&mut tablet, &keys, &mut couple.shared);
    let mut tablets_own = tablet.elsewhere(13);
    prepare_join(&mut tablets_own, &keys, &mut couple.private);
    couple.private.now = NOON.plus_seconds(601);
    (couple, tablets_own, keys)
}

#[test]
fn a_link_past_its_hour_is_taken_up_in_the_private_space_beside_the_one_that_it_opened_in_time() {
    let (mut couple, mut tablets_own, keys) = half_taken_up();
    let late = Err(RelayRefusal::InvitationExpired(keys.id()));
    let brings = tablets_own.brings.clone();
    let shared = couple.ada.store.chain().space();
    let another = SecretKeys::from_bytes(&[9; 64]).id();
    let nothing = [
        None,
        Some((keys.id(), BTreeSet::new())),
        Some((keys.id(), BTreeSet::from([SpaceId::ZERO, couple.adas_own.store.chain().space()]))),
        Some((another, BTreeSet::from([shared]))),
    ];
    for admitted in nothing {
        couple.private.admitted = admitted;
        tablets_own.brings = brings.clone();
        assert_eq!(tablets_own.sync(&mut couple.private), late);
    }
    assert_eq!(couple.private.store.chain().len(), 2);
    couple.private.admitted = Some((keys.id(), BTreeSet::from([SpaceId::ZERO, shared])));
    tablets_own.brings = brings;
    tablets_own.sync_fully(&mut couple.private);
    assert_eq!(tablets_own.words(), ["for me alone"]);
}

/// Whoever finds a link can found a space, add the link's keys there and let itself in, at any hour.
#[test]
fn a_found_link_past_its_hour_opens_no_shared_space_whatever_else_it_opened() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let keys = SecretKeys::make_random(&mut ada.rng);
    link(&mut ada, &mut relay, &keys);
    let partners = invite(&mut ada, &mut relay);
    for (found, person) in [(keys, ada.person), (partners, Phone::new(66).person)] {
        relay.now = NOON;
        let mut finder = Phone { person, ..Phone::new(66) };
        prepare_join(&mut finder, &found, &mut relay);
        relay.now = NOON.plus_seconds(1_000_000);
        let elsewhere = finder.in_private(67).store.chain().space();
        relay.admitted = Some((found.id(), BTreeSet::from([elsewhere, SpaceId::ZERO])));
        assert_eq!(finder.sync(&mut relay).unwrap_err(), RelayRefusal::InvitationExpired(found.id()));
    }
    assert_eq!(relay.store.chain().len(), 3);
}

#[test]
fn a_relay_that_lost_a_second_phone_takes_it_late_from_the_first_alone() {
    let mut couple = couple_with_private_space();
    let (mut tablet, ..) = with_tablet(&mut couple);
    couple.ada.sync_fully(&mut couple.shared);
    couple.noor.sync_fully(&mut couple.shared);
    couple.shared.now = NOON.plus_seconds(1_000_000);
    couple.shared.store = couple.shared.store.set_back(5, 9);
    let refused = couple.shared.take_chain(tablet.id(), tablet.store.chain()).unwrap_err();
    assert!(matches!(refused, RelayRefusal::InvitationExpired(_)), "it may be a found link");
    let refused = couple.noor.sync(&mut couple.shared).unwrap_err();
    assert!(matches!(refused, RelayRefusal::InvitationExpired(_)), "the partner does not vouch for it");
    couple.ada.sync_fully(&mut couple.shared);
    tablet.sync_fully(&mut couple.shared);
    couple.noor.sync_fully(&mut couple.shared);
}

#[test]
fn who_came_after_a_link_was_made_does_not_vouch_for_who_takes_it_up_late() {
    let mut couple = couple_with_private_space();
    let forgotten = SecretKeys::from_bytes(&[9; 64]);
    link(&mut couple.ada, &mut couple.shared, &forgotten);
    let (tablet, ..) = with_tablet(&mut couple);
    let mut finder = couple.ada.next(66);
    prepare_join(&mut finder, &forgotten, &mut couple.shared);
    couple.shared.now = NOON.plus_seconds(601);
    let records = finder.brings.iter().map(|record| record.bytes().to_vec()).collect();
    let request = entwine_core::wire::message::Request { records, ..empty_request() };
    for late in [&tablet, &couple.noor, &finder] {
        let refused = couple.shared.send(&late.keys, &request).unwrap_err();
        assert_eq!(refused, RelayRefusal::InvitationExpired(forgotten.id()));
    }
    couple.shared.send(&couple.ada.keys, &request).expect("she was in before it");
    assert!(couple.shared.store.chain().member(&finder.id()).is_some());
}
