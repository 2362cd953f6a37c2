//! What becomes of two branches of one membership chain? Stories of a relay that was set back while the couple went on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/world.rs"]
mod world;

use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::{KeyRing, Standing, which_stands};
use entwine_core::sync::RelayRefusal;
use entwine_core::sync::device::Stopped;
use proptest::prelude::*;
use world::{
    NOON, Phone, Relay, Store, Wish, add_phrase, add_tablet, couple, invite, link, prepare_leaving, with_tablet,
};

/// A relay that holds the same as this one, and goes its own way from here on.
fn copy_of(relay: &Relay) -> Relay {
    Relay { store: relay.store.clone(), now: NOON, ..Relay::default() }
}

fn link_device(phone: &mut Phone, relay: &mut Relay) {
    let keys = SecretKeys::make_random(&mut phone.rng);
    link(phone, relay, &keys);
}

/// All of them in turn, until all are through.
fn settle(phones: &mut [&mut Phone], relay: &mut Relay) {
    for _ in 0..3 {
        for phone in phones.iter_mut() {
            phone.sync(relay).unwrap();
        }
    }
    for phone in phones {
        assert!(phone.agrees_with(relay));
        assert_eq!((phone.pending.len(), phone.store.displaced.len()), (0, 0));
    }
}

#[test]
fn a_removal_stands_against_a_branch_without_one() {
    let (mut ada, mut noor, tablet, mut relay) = with_tablet();
    let mut set_back = copy_of(&relay);
    ada.wishes.push_back(Wish::Remove(tablet.id()));
    ada.write("after the removal");
    ada.sync_fully(&mut relay);
    // The relay is set back; Noor's phone adds a link there, and writes under the old key.
    link_device(&mut noor, &mut set_back);
    noor.write("on the other branch");
    noor.sync_fully(&mut set_back);
    assert_eq!(which_stands(ada.store.chain(), noor.store.chain()), Standing::Mine);
    settle(&mut [&mut ada, &mut noor], &mut set_back);
    assert!(noor.store.chain().member(&tablet.id()).is_none(), "nobody unsees the removal");
    assert!(noor.store.chain().current().all(|keyholder| !keyholder.kind.is_invitation()), "the link is lost");
    for phone in [&ada, &noor] {
        assert_eq!(phone.words(), ["after the removal", "on the other branch"]);
    }
}

#[test]
fn a_relay_that_holds_the_weightier_branch_is_followed() {
    let (mut ada, mut noor, tablet, mut relay) = with_tablet();
    let mut set_back = copy_of(&relay);
    link_device(&mut noor, &mut relay);
    noor.write("under a record that is lost");
    noor.sync_fully(&mut relay);
    ada.wishes.push_back(Wish::Remove(tablet.id()));
    ada.sync_fully(&mut set_back);
    settle(&mut [&mut noor, &mut ada], &mut set_back);
    assert_eq!((ada.words(), noor.words()), (noor.words(), vec!["under a record that is lost".to_owned()]));
}

#[test]
fn of_two_branches_without_joins_and_removals_the_one_with_the_smaller_hash_stands() {
    for seed in 0..4 {
        let (mut ada, mut noor, mut relay) = couple();
        let mut set_back = copy_of(&relay);
        let (mut adas, mut noors) = (ada.copy(100 + seed), noor.copy(200 + seed));
        link_device(&mut adas, &mut relay);
        link_device(&mut noors, &mut set_back);
        let (with_adas, with_noors) = (adas.store.chain().clone(), noors.store.chain().clone());
        let fork = with_adas.common_len(&with_noors);
        let smaller = with_adas.hash_at(fork).min(with_noors.hash_at(fork));
        (ada, noor) = (adas, noors);
        ada.write("from Ada");
        ada.sync_fully(&mut relay);
        noor.write("from Noor");
        noor.sync_fully(&mut set_back);
        settle(&mut [&mut ada, &mut noor], &mut set_back);
        assert_eq!(ada.store.chain().hash_at(fork), smaller);
        assert_eq!(ada.words(), ["from Ada", "from Noor"]);
        assert_eq!(noor.words(), ada.words());
    }
}

#[test]
fn where_both_branches_add_or_remove_others_neither_gives_way() {
    let (mut ada, mut noor, tablet, mut relay) = with_tablet();
    let mut set_back = copy_of(&relay);
    ada.wishes.push_back(Wish::Remove(tablet.id()));
    ada.sync_fully(&mut relay);
    let phrase = SecretKeys::make_random(&mut noor.rng);
    add_phrase(&mut noor, &mut set_back, &phrase);
    ada.write("kept here");
    let outcome = ada.sync(&mut set_back).unwrap();
    assert_eq!(outcome.reason, Some(Stopped::ChainsDiffer));
    assert_eq!(ada.pending.len(), 1, "nothing is sealed on a branch");
    let answer = set_back.take_chain(ada.id(), ada.store.chain());
    assert_eq!(answer, Err(RelayRefusal::ChainsDiffer), "the relay keeps its own");
    assert!(noor.agrees_with(&set_back));
    ada.sync_fully(&mut relay);
}

#[test]
fn the_same_removal_on_both_branches_is_no_quarrel() {
    let (mut ada, mut noor, tablet, mut relay) = with_tablet();
    let mut set_back = copy_of(&relay);
    let mut laptop = ada.copy(300);
    ada.wishes.push_back(Wish::Remove(tablet.id()));
    laptop.wishes.push_back(Wish::Remove(tablet.id()));
    ada.sync_fully(&mut relay);
    ada.write("on the first");
    ada.sync_fully(&mut relay);
    laptop.sync_fully(&mut set_back);
    settle(&mut [&mut ada, &mut noor, &mut laptop], &mut set_back);
    assert_eq!(noor.words(), ["on the first"]);
}

#[test]
fn the_same_removal_by_one_who_goes_gives_way_to_nothing() {
    let (mut ada, mut tablet, mut relay) = {
        let (ada, _, tablet, relay) = with_tablet();
        (ada, tablet, relay)
    };
    let mut laptop = add_tablet(&mut ada, &mut relay, 9);
    tablet.sync_fully(&mut relay);
    let mut set_back = copy_of(&relay);
    // On one branch the tablet removes the laptop and is removed itself; on the other Ada removes both.
    tablet.wishes.push_back(Wish::Remove(laptop.id()));
    tablet.sync_fully(&mut relay);
    ada.wishes.push_back(Wish::Remove(tablet.id()));
    let mut elsewhere = ada.copy(301);
    ada.sync_fully(&mut relay);
    elsewhere.wishes.extend([Wish::Remove(tablet.id()), Wish::Remove(laptop.id())]);
    elsewhere.sync_fully(&mut set_back);
    assert_eq!(which_stands(ada.store.chain(), elsewhere.store.chain()), Standing::Neither);
    laptop.sync(&mut set_back).unwrap_err();
}

#[test]
fn whoever_leaves_from_a_branch_as_long_as_the_relays_gets_away() {
    for seed in 0..4 {
        let (ada, noor, mut relay) = couple();
        let mut set_back = copy_of(&relay);
        let (mut ada, mut noor) = (ada.copy(400 + seed), noor.copy(500 + seed));
        link_device(&mut ada, &mut relay);
        link_device(&mut noor, &mut set_back);
        assert_eq!(ada.store.chain().len(), noor.store.chain().len());
        prepare_leaving(&mut ada);
        ada.sync(&mut set_back).expect("she is told which branch stands");
        noor.sync_fully(&mut set_back);
        assert!(noor.store.chain().member(&ada.id()).is_none(), "she has left");
    }
}

#[test]
fn a_former_keyholder_is_told_so_whatever_branch_it_brings() {
    let (mut ada, _, mut tablet, mut relay) = with_tablet();
    let mut set_back = copy_of(&relay);
    ada.wishes.push_back(Wish::Remove(tablet.id()));
    ada.sync_fully(&mut relay);
    let phrase = SecretKeys::make_random(&mut tablet.rng);
    add_phrase(&mut tablet, &mut set_back, &phrase);
    let answer = relay.take_chain(tablet.id(), tablet.store.chain()).unwrap_err();
    assert!(matches!(answer, RelayRefusal::Removed(_)), "{answer:?}");
    let answer = relay.take_chain(phrase.id(), tablet.store.chain()).unwrap_err();
    assert_eq!(answer, RelayRefusal::ChainsDiffer, "known to the other branch alone, it learns no record");
    assert!(ada.agrees_with(&relay));
}

#[test]
fn an_old_key_that_signs_at_an_old_index_changes_nothing() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    let thief = tablet.copy(302);
    ada.wishes.push_back(Wish::Remove(tablet.id()));
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    let mut chain = thief.store.chain().clone();
    let ring = KeyRing::derive(&chain, &thief.keys);
    chain.append_record(chain.rotate(&mut tablet.rng, &thief.keys, &ring).unwrap()).unwrap();
    let mut hostile = Relay::new(chain);
    ada.write("mine");
    assert_eq!(ada.sync(&mut hostile).unwrap().reason, None, "her branch has the removal, and is the relay's now");
    assert!(hostile.store.chain().member(&thief.id()).is_none());
    assert!(matches!(relay.take_chain(thief.id(), thief.store.chain()), Err(RelayRefusal::Removed(_))));
}

#[test]
fn words_that_hung_on_lost_words_are_said_anew_in_their_order() {
    let (mut ada, mut noor, tablet, mut relay) = with_tablet();
    noor.write("before");
    noor.sync_fully(&mut relay);
    ada.sync_fully(&mut relay);
    let mut set_back = copy_of(&relay);
    link_device(&mut noor, &mut relay);
    for word in ["one", "two", "three"] {
        noor.write(word);
        noor.sync_fully(&mut relay);
    }
    let before = noor.store.clock()[&noor.id()].clone();
    ada.wishes.push_back(Wish::Remove(tablet.id()));
    ada.sync_fully(&mut set_back);
    settle(&mut [&mut noor, &mut ada], &mut set_back);
    assert_eq!(ada.words(), ["before", "one", "three", "two"]);
    let after = noor.store.clock()[&noor.id()].clone();
    assert_eq!((before.len(), after.len()), (1, 1), "one line, from the last own entry that still has its place");
    assert_ne!(before, after);
}

#[test]
fn a_relay_that_names_another_head_and_shows_no_chain_for_it_is_left_alone() {
    let (mut ada, _, mut relay) = couple();
    relay.lie = Some(Box::new(|response| {
        response.clock.as_mut().unwrap().chain_head = entwine_core::id::Hash::of("test", &[b"nothing"]);
    }));
    ada.write("mine");
    relay.log.clear();
    let outcome = ada.sync(&mut relay).unwrap();
    assert_eq!(outcome.reason, Some(Stopped::NoProgress));
    assert!(relay.log.len() < 5, "it ends: {} requests", relay.log.len());
    relay.lie = None;
    ada.sync_fully(&mut relay);
}

#[test]
fn an_emptied_relay_that_another_filled_with_an_older_branch_follows_in_the_end() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let old = ada.copy(303);
    invite(&mut ada, &mut relay);
    relay.wipe();
    relay.store = Store::new(old.store.chain().clone());
    ada.sync_fully(&mut relay);
    assert_eq!(relay.store.chain().len(), 2, "a shorter prefix is a relay that is behind, no branch");
}

/// What is done to the membership on a branch.
fn act(phone: &mut Phone, relay: &mut Relay, choice: u8, others: &[&Phone]) {
    match choice % 5 {
        0 => link_device(phone, relay),
        1 => {
            let phrase = SecretKeys::make_random(&mut phone.rng);
            add_phrase(phone, relay, &phrase);
        }
        2 | 3 => {
            let own = others.iter().find(|other| other.person == phone.person && other.id() != phone.id());
            phone.wishes.extend(own.map(|other| Wish::Remove(other.id())));
        }
        _ => {}
    }
    phone.write(&format!("after {} records, by {:?}", relay.store.chain().len(), phone.id()));
    let outcome = phone.sync(relay).unwrap();
    assert_eq!(outcome.reason, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is done on two branches: both sides decide alike, and either everyone ends on one branch with every word, or
    /// everyone keeps their own and says so.
    #[test]
    fn both_sides_of_two_branches_decide_alike(
        adas in proptest::collection::vec(0..5_u8, 1..3),
        noors in proptest::collection::vec(0..5_u8, 1..3),
    ) {
        let (mut ada, mut noor, tablet, mut relay) = with_tablet();
        let mut laptop = add_tablet(&mut noor, &mut relay, 8);
        ada.sync_fully(&mut relay);
        laptop.sync_fully(&mut relay);
        let mut set_back = copy_of(&relay);
        for choice in &adas {
            act(&mut ada, &mut relay, *choice, &[&tablet]);
        }
        for choice in &noors {
            act(&mut noor, &mut set_back, *choice, &[&laptop]);
        }
        let standing = which_stands(ada.store.chain(), noor.store.chain());
        let mirrored = match which_stands(noor.store.chain(), ada.store.chain()) {
            Standing::Mine => Standing::Theirs,
            Standing::Theirs => Standing::Mine,
            Standing::Neither => Standing::Neither,
        };
        let is_same = ada.store.chain().head() == noor.store.chain().head();
        prop_assert!(is_same || standing == mirrored);
        if standing == Standing::Neither {
            let (before, words) = (ada.store.chain().head(), ada.words());
            prop_assert_eq!(ada.sync(&mut set_back).unwrap().reason, Some(Stopped::ChainsDiffer));
            prop_assert_eq!((ada.store.chain().head(), ada.words()), (before, words));
        } else {
            let mut words = [ada.words(), noor.words()].concat();
            words.sort();
            settle(&mut [&mut ada, &mut noor], &mut set_back);
            prop_assert_eq!((ada.words(), noor.words()), (words.clone(), words));
        }
    }
}
