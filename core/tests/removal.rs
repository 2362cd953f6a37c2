//! Where does a removed device's feed end, for everyone alike? Stories of removing and leaving over the two sync machines.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/world.rs"]
mod world;

use entwine_core::feed::clock::SentClock;
use entwine_core::feed::{EntryHeader, EntryKind, EntryRefusal, Position, StoredEntry};
use entwine_core::id::Hash;
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::membership::{Body, KeyRing, MembershipChain};
use entwine_core::sealing::entry::EntryContent;
use entwine_core::sync::RelayRefusal;
use entwine_core::sync::device::Stopped;
use entwine_core::sync::exchange::{extend_chain, to_sent};
use entwine_core::wire::message::{Request, Response};
use proptest::prelude::*;
use world::{NOON, Phone, Relay, Wish, add_tablet, couple, empty_request, prepare_leaving, with_tablet};

/// Ada removes a device of hers: done, and both hold the same, however often it took.
fn remove(ada: &mut Phone, device: &Phone, relay: &mut Relay) {
    ada.wishes.push_back(Wish::Remove(device.id()));
    ada.sync_fully(relay);
    assert!(ada.store.chain().member(&device.id()).is_none());
}

/// What the relay answers to a device that it says was removed.
#[track_caller]
fn removed(phone: &mut Phone, relay: &mut Relay) -> Response {
    match phone.sync(relay).unwrap_err() {
        RelayRefusal::Removed(response) => *response,
        other => panic!("{other:?}"),
    }
}

fn request_of(phone: &Phone, entries: Vec<StoredEntry>) -> Request {
    let chain = phone.store.chain();
    let clock = SentClock::of(chain, &phone.store.clock(), false);
    Request { clock, entries: to_sent(chain, entries), ..empty_request() }
}

/// The reasons for which the relay refuses entries that this phone brings.
fn refusals(phone: &Phone, relay: &mut Relay, entries: Vec<StoredEntry>) -> Vec<EntryRefusal> {
    let response = relay.send(&phone.keys, &request_of(phone, entries)).unwrap();
    response.refused.iter().map(|(_, refusal)| *refusal).collect()
}

#[test]
fn a_removed_device_is_told_so_with_the_records_and_what_it_wrote_stays() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    tablet.write("from the tablet");
    tablet.sync_fully(&mut relay);
    remove(&mut ada, &tablet, &mut relay);
    tablet.write("too late");
    let response = removed(&mut tablet, &mut relay);
    let mut chain = tablet.store.chain().clone();
    let records = extend_chain(&mut chain, &response.records).unwrap();
    assert!(
        matches!(records.last().map(|record| record.body()), Some(Body::Remove(_))),
        "and nothing of what came later"
    );
    assert!(chain.member(&tablet.id()).is_none(), "it need not believe the relay: it reads that in the chain");
    let clock = response.clock.unwrap();
    assert_eq!(clock.chain_head, chain.head());
    assert!(response.entries.is_empty() && clock.lines == Some(Vec::new()));

    noor.sync_fully(&mut relay);
    assert_eq!((ada.words(), noor.words()), (vec!["from the tablet".to_owned()], vec!["from the tablet".to_owned()]));
    assert_eq!((tablet.words(), tablet.pending.len()), (vec!["from the tablet".to_owned()], 1), "it reads on");
}

#[test]
fn what_a_removed_device_sends_is_not_taken_and_nobody_else_brings_it() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    tablet.write("in time");
    tablet.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    remove(&mut ada, &tablet, &mut relay);
    let late = tablet.seal_one("too late");
    let before = relay.store.clock();
    let refusal = relay.send(&tablet.keys, &request_of(&tablet, vec![late.clone()])).unwrap_err();
    assert!(matches!(refusal, RelayRefusal::Removed(_)));
    assert_eq!(refusals(&ada, &mut relay, vec![late.clone()]), [EntryRefusal::NotMember]);
    assert_eq!(refusals(&noor, &mut relay, vec![late]), [EntryRefusal::NotMember], "she names the chain as it was");
    assert_eq!(relay.store.clock(), before);
}

#[test]
fn a_device_that_held_more_lets_it_go_and_hands_it_on() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    let mut laptop = add_tablet(&mut ada, &mut relay, 4);
    tablet.sync_fully(&mut relay);
    tablet.write("in time");
    tablet.sync_fully(&mut relay);
    laptop.sync_fully(&mut relay);
    // A relay that was set back has lost this one since.
    laptop.store.insert(tablet.seal_one("seen by the laptop alone"));
    remove(&mut ada, &tablet, &mut relay);
    laptop.sync_fully(&mut relay);
    assert_eq!(laptop.store.clock()[&tablet.id()], ada.store.clock()[&tablet.id()]);
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    for phone in [&ada, &noor, &laptop] {
        assert!(phone.agrees_with(&relay));
        assert_eq!(phone.words(), ["in time", "seen by the laptop alone"]);
    }
    assert_eq!(relay.store.clock()[&laptop.id()].len(), 1, "the laptop vouches for it");
}

#[test]
fn a_device_of_which_nothing_was_seen_leaves_no_feed() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    noor.store.insert(tablet.seal_one("seen by Noor alone"));
    remove(&mut ada, &tablet, &mut relay);
    noor.sync_fully(&mut relay);
    ada.sync_fully(&mut relay);
    assert!(!noor.store.clock().contains_key(&tablet.id()));
    assert_eq!(ada.words(), ["seen by Noor alone"], "handed on by Noor");
}

#[test]
fn a_wiped_relay_is_filled_through_a_removal_by_anyone_who_stayed() {
    for filler in 0..2 {
        let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
        for word in ["one", "two"] {
            tablet.write(word);
            tablet.sync_fully(&mut relay);
        }
        remove(&mut ada, &tablet, &mut relay);
        ada.write("three");
        ada.sync_fully(&mut relay);
        noor.sync_fully(&mut relay);
        relay.wipe();
        let phones = if filler == 0 { [&mut ada, &mut noor] } else { [&mut noor, &mut ada] };
        for phone in phones {
            phone.refill(&mut relay);
            assert_eq!(phone.words(), ["one", "three", "two"]);
        }
        removed(&mut tablet, &mut relay);
    }
}

/// The relay lost the removal, and the removed device filled it again and went on writing, until somebody comes who knows better.
#[test]
fn what_a_removed_device_told_a_relay_that_forgot_leaves_its_feed() {
    for filler in 0..2 {
        for kept in [3, 1, 0] {
            let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
            let before = tablet.store.chain().len() as usize;
            let mut thief = tablet.copy(55);
            for word in ["one", "two", "three"] {
                tablet.write(word);
                tablet.sync_fully(&mut relay);
                if word == "one" {
                    thief.store = tablet.store.clone();
                }
            }
            remove(&mut ada, &tablet, &mut relay);
            noor.sync_fully(&mut relay);
            relay.store = relay.store.set_back(before, kept);
            thief.write("by the thief");
            if kept == 3 {
                thief = tablet.copy(56);
                thief.write("by the thief");
            }
            thief.sync_fully(&mut relay);

            let phones = if filler == 0 { [&mut ada, &mut noor] } else { [&mut noor, &mut ada] };
            for phone in phones {
                phone.refill(&mut relay);
                assert_eq!(phone.words(), ["one", "three", "two"], "filler {filler}, {kept} kept");
            }
            assert_eq!(relay.store.clock()[&tablet.id()], ada.store.clock()[&tablet.id()]);
            removed(&mut thief, &mut relay);
        }
    }
}

/// Ada alone held what the cut names, and she is gone with her phone. What the relay and Noor hold lies on another branch, which
/// nobody would take from the other: so neither may keep it.
#[test]
fn what_cannot_lie_within_a_cut_leaves_the_feed_before_all_of_the_cut_is_there() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    let mut forgetful = Relay { store: relay.store.clone(), now: NOON, ..Relay::default() };
    let mut older = tablet.copy(57);
    tablet.write("seen by Ada alone");
    tablet.sync_fully(&mut relay);
    remove(&mut ada, &tablet, &mut relay);
    older.write("from an older store");
    older.sync_fully(&mut forgetful);
    noor.sync_fully(&mut forgetful);

    let mut wiped = Relay::new(ada.store.chain().clone());
    noor.sync_fully(&mut wiped);
    noor.sync_fully(&mut forgetful);
    for relay in [&wiped, &forgetful] {
        assert!(!relay.store.clock().contains_key(&tablet.id()));
    }
    assert_eq!(noor.words(), ["from an older store"], "handed on");
    ada.refill(&mut wiped);
    assert_eq!(ada.words(), ["from an older store", "seen by Ada alone"]);
}

#[test]
fn a_removed_feed_arrives_page_by_page() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    let count = 3_000; // some 340 bytes each
    for n in 0..count {
        tablet.write(&n.to_string());
    }
    tablet.sync_fully(&mut relay);
    remove(&mut ada, &tablet, &mut relay);
    assert!(noor.sync_fully(&mut relay) >= 2, "two pages down, at least");
    assert_eq!(noor.store.entries().count(), count);
    let mut laptop = add_tablet(&mut ada, &mut relay, 4);
    assert_eq!(laptop.words().len(), count, "also to one who came after it was gone");
    relay.wipe();
    laptop.refill(&mut relay);
    assert_eq!(relay.store.entries().count(), count);
    noor.refill(&mut relay);
}

/// An entry that is signed now and says that it was written back then, after the first of the feed.
fn backdate(thief: &mut Phone, chain: &MembershipChain, index: u32) -> StoredEntry {
    let first = thief.store.entries().find(|entry| entry.feed == thief.id() && entry.seq == 1).unwrap().clone();
    let ring = KeyRing::derive(chain, &thief.keys);
    let epoch = ring.get(&chain.epoch_at(index).unwrap().hash()).unwrap();
    let header = EntryHeader {
        space: chain.space(),
        feed: thief.id(),
        seq: 2,
        previous: first.hash,
        position: Position { index, hash: chain.hash_at(index).unwrap() },
        kind: EntryKind::CHANGES,
        critical: true,
    };
    let content = EntryContent {
        document: "journal/2026-12".to_owned(),
        generation: 0,
        changes: vec![b"never said".to_vec()],
        clock: Vec::new(),
        written: (NOON, NOON),
    };
    content.seal(&mut thief.rng, &thief.keys, epoch, &header).into_stored()
}

#[test]
fn an_old_key_writes_nothing_into_the_past() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    for word in ["one", "two", "three"] {
        tablet.write(word);
        tablet.sync_fully(&mut relay);
    }
    let position = tablet.store.chain().len() - 1;
    remove(&mut ada, &tablet, &mut relay);
    let backdated = backdate(&mut tablet, ada.store.chain(), position);
    assert_eq!(refusals(&ada, &mut relay, vec![backdated.clone()]), [EntryRefusal::NotMember], "the whole cut is here");

    // A relay that is in league with the thief has it. Noor, who has nothing of that feed yet, takes nothing of it.
    relay.store.insert(backdated);
    noor.sync(&mut relay).unwrap();
    assert_eq!(noor.words(), ["one", "three", "two"], "nor does she hand on what never had a place");
    assert!(noor.store.displaced.is_empty() && noor.pending.is_empty());
    assert_eq!(noor.store.clock()[&tablet.id()], ada.store.clock()[&tablet.id()]);
}

#[test]
fn a_thief_who_goes_on_writing_delays_a_removal_once_and_no_longer() {
    let (mut ada, mut noor, mut thief, mut relay) = with_tablet();
    thief.write("one");
    thief.sync_fully(&mut relay);
    ada.sync_fully(&mut relay);
    thief.write("right before the removal");
    let thiefs = thief.id();
    relay.meanwhile = Some(Box::new(move |relay| {
        thief.sync_fully(relay);
        relay.meanwhile = Some(Box::new(move |relay| {
            thief.write("right before the second attempt");
            let outcome = thief.sync(relay).unwrap();
            assert_eq!(outcome.reason, Some(Stopped::Refused(EntryRefusal::Retry)));
            let with = (InvitationKind::Device, relay.now.plus_seconds(600));
            let link = SecretKeys::make_random(&mut thief.rng);
            thief.wishes.push_back(Wish::Invite(Box::new(link), with));
            assert_eq!(thief.sync(relay).unwrap_err(), RelayRefusal::Retry);
        }));
    }));
    ada.wishes.push_back(Wish::Remove(thiefs));
    ada.sync_fully(&mut relay);
    assert!(relay.meanwhile.is_none(), "there was a second attempt");
    noor.sync_fully(&mut relay);
    assert_eq!(noor.words(), ["one", "right before the removal"], "what the thief had brought is not cut off unseen");
    assert_eq!(ada.words(), noor.words());
}

#[test]
fn a_removal_that_another_record_overtook_is_written_anew() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    let phrase = SecretKeys::make_random(&mut noor.rng);
    let added = phrase.id();
    relay.meanwhile = Some(Box::new(move |relay| {
        noor.wishes.push_back(Wish::Phrase(Box::new(phrase)));
        noor.sync_fully(relay);
        assert!(relay.turned_back.is_empty());
    }));
    remove(&mut ada, &tablet, &mut relay);
    assert!(ada.store.chain().member(&added).is_some(), "both stand");
    assert_eq!(relay.turned_back[&ada.id()], [tablet.id()].into(), "held up as long as it took");
    removed(&mut tablet, &mut relay);
}

#[test]
fn of_two_phones_that_remove_the_same_one_does() {
    let (mut ada, _, tablet, mut relay) = with_tablet();
    let mut laptop = add_tablet(&mut ada, &mut relay, 4);
    let gone = tablet.id();
    relay.meanwhile = Some(Box::new(move |relay| {
        laptop.wishes.push_back(Wish::Remove(gone));
        laptop.sync_fully(relay);
    }));
    let before = ada.store.chain().len();
    remove(&mut ada, &tablet, &mut relay);
    assert_eq!(ada.store.chain().len(), before + 2, "one removal, and one opening");
}

/// The relay lost the latest that the removed device wrote, and the remover has it: it is brought back, and the removal stands.
#[test]
fn a_removal_goes_through_where_the_relay_holds_less_than_its_cut() {
    for kept in [1, 0] {
        let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
        for word in ["one", "two"] {
            tablet.write(word);
            tablet.sync_fully(&mut relay);
        }
        ada.sync_fully(&mut relay);
        relay.store = relay.store.set_back(relay.store.chain().len() as usize, kept);
        remove(&mut ada, &tablet, &mut relay);
        noor.sync_fully(&mut relay);
        assert_eq!(noor.words(), ["one", "two"], "{kept} entries kept");
        removed(&mut tablet, &mut relay);
    }
}

/// Else nobody could fill the feed any more, if the remover's phone went at that moment.
#[test]
fn a_removal_is_not_taken_before_the_relay_holds_all_of_its_cut() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    tablet.write("seen by Ada alone");
    tablet.sync_fully(&mut relay);
    ada.sync_fully(&mut relay);
    relay.store = relay.store.set_back(relay.store.chain().len() as usize, 0);
    let removal = ada.store.chain().remove(&ada.keys, [tablet.id()], &ada.store.clock()).unwrap();
    let request = Request { records: vec![removal.bytes().to_vec()], ..request_of(&ada, Vec::new()) };
    let response = relay.send(&ada.keys, &request).unwrap();
    assert_eq!(response.clock.unwrap().chain_len, ada.store.chain().len());
    noor.sync_fully(&mut relay);
    assert!(noor.store.chain().member(&tablet.id()).is_some());
}

#[test]
fn a_device_that_removes_itself_stops_and_the_others_go_on() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    tablet.write("goodbye");
    tablet.sync_fully(&mut relay);
    tablet.wishes.push_back(Wish::Remove(tablet.id()));
    tablet.write("kept to itself");
    assert_eq!(tablet.sync(&mut relay).unwrap().reason, Some(Stopped::Removed));
    assert!(tablet.store.chain().open_epoch().is_none(), "who leaves never picks the next key");
    assert_eq!(tablet.pending.len(), 1);
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    assert_eq!(noor.words(), ["goodbye"]);
    assert!(
        KeyRing::derive(noor.store.chain(), &tablet.keys).len() < KeyRing::derive(noor.store.chain(), &noor.keys).len()
    );
}

#[test]
fn leaving_is_the_first_thing_said_and_the_keys_of_who_left_open_nothing_new() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    ada.write("while together");
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    noor.write("not read by who leaves");
    noor.sync_fully(&mut relay);
    ada.write("never sent");
    prepare_leaving(&mut ada);
    let requests = relay.log.len();
    assert_eq!(ada.sync(&mut relay).unwrap().reason, Some(Stopped::Removed));
    assert_eq!(relay.log.len() - requests, 1, "at once");
    assert_eq!(ada.words(), ["while together"], "nothing is pulled");
    assert_eq!(ada.pending.len(), 1);

    noor.write("alone again");
    noor.sync_fully(&mut relay);
    assert_eq!(noor.words(), ["alone again", "not read by who leaves", "while together"]);
    let chain = noor.store.chain();
    let last = chain.open_epoch().expect("who stays opened it").hash();
    for keys in [&ada.keys, &tablet.keys] {
        assert!(KeyRing::derive(chain, keys).get(&last).is_none());
    }
    let alone = noor.store.entries().last().unwrap();
    assert_eq!(chain.epoch_at(alone.position).map(|opening| opening.hash()), Some(last));
    removed(&mut tablet, &mut relay);
    removed(&mut ada, &mut relay);
}

/// Her tablet wrote something that the leaving phone has not seen: it is pulled, and then she leaves.
#[test]
fn leaving_loses_no_word_of_ones_own_other_phone() {
    let (mut ada, mut noor, mut tablet, mut relay) = with_tablet();
    tablet.write("from her tablet");
    tablet.sync_fully(&mut relay);
    prepare_leaving(&mut ada);
    assert_eq!(ada.sync(&mut relay).unwrap().reason, Some(Stopped::Removed));
    assert_eq!(ada.words(), ["from her tablet"]);
    noor.sync_fully(&mut relay);
    assert_eq!(noor.words(), ada.words());
    assert_eq!(noor.store.chain().current().map(|keyholder| keyholder.id).collect::<Vec<_>>(), [noor.id()]);
}

#[test]
fn leaving_comes_through_where_the_relay_has_forgotten_records() {
    let (mut ada, mut noor, _, mut relay) = with_tablet();
    for kept in [1, 4] {
        let mut leaver = ada.copy(57);
        let mut forgetful = Relay { store: relay.store.set_back(kept, 0), now: NOON, ..Relay::default() };
        prepare_leaving(&mut leaver);
        assert_eq!(leaver.sync(&mut forgetful).unwrap().reason, Some(Stopped::Removed), "{kept} records kept");
        assert_eq!(forgetful.store.chain().len(), ada.store.chain().len() + 1);
    }
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
}

/// Her phone died between sealing and sending, and leaving is the next thing that it says. It is gone then: so what its cut names
/// comes before.
#[test]
fn what_was_sealed_and_not_sent_is_brought_before_leaving() {
    let (mut ada, mut noor, _, mut relay) = with_tablet();
    let sealed = ada.seal_one("sealed and not sent");
    ada.store.insert(sealed);
    prepare_leaving(&mut ada);
    assert_eq!(ada.sync(&mut relay).unwrap().reason, Some(Stopped::Removed));
    noor.sync_fully(&mut relay);
    assert_eq!(noor.words(), ["sealed and not sent"]);
    assert_eq!(noor.store.clock()[&ada.id()], ada.store.clock()[&ada.id()]);
}

#[test]
fn what_is_pending_is_never_sealed_for_a_removed_device() {
    let (mut ada, mut noor, tablet, mut relay) = with_tablet();
    noor.write("written before the removal, sent after");
    remove(&mut ada, &tablet, &mut relay);
    noor.sync_fully(&mut relay);
    let (chain, entry) = (noor.store.chain(), noor.store.entries().next().unwrap());
    let removed_at = chain.keyholder(&tablet.id()).unwrap().removed_at.unwrap();
    assert!(entry.position > removed_at);
    assert!(EntryContent::open(entry, chain, &KeyRing::derive(chain, &tablet.keys)).is_err());
}

#[test]
fn an_empty_cut_says_that_nothing_stands() {
    let (mut ada, mut noor, mut relay) = couple();
    let mut tablet = add_tablet(&mut ada, &mut relay, 3);
    remove(&mut ada, &tablet, &mut relay);
    noor.sync_fully(&mut relay);
    let first = tablet.seal_one("never sent in time");
    assert_eq!((first.seq, first.previous), (1, Hash::ZERO));
    assert_eq!(refusals(&noor, &mut relay, vec![first]), [EntryRefusal::NotMember]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whoever writes and syncs when, and whenever the tablet is removed: who stays ends with the same, and holds every word
    /// that the tablet had brought before.
    #[test]
    fn who_stays_agrees_whenever_somebody_is_removed(
        before in proptest::collection::vec((0..3_usize, any::<bool>()), 0..8),
        after in proptest::collection::vec((0..3_usize, any::<bool>()), 0..8),
    ) {
        let (ada, noor, tablet, mut relay) = with_tablet();
        let mut phones = [ada, noor, tablet];
        let mut words = Vec::new();
        let mut turn = |phones: &mut [Phone; 3], relay: &mut Relay, who: usize, writes: bool, is_removed: bool| {
            if writes {
                let word = format!("word {:02}", words.len());
                phones[who].write(&word);
                words.push((who, word));
            } else if is_removed && who == 2 {
                removed(&mut phones[who], relay);
            } else {
                phones[who].sync_fully(relay);
            }
        };
        before.iter().for_each(|(who, writes)| turn(&mut phones, &mut relay, *who, *writes, false));
        let [ada, _, tablet] = &mut phones;
        remove(ada, tablet, &mut relay);
        after.iter().for_each(|(who, writes)| turn(&mut phones, &mut relay, *who, *writes, true));
        for who in [0, 1, 0] {
            phones[who].sync_fully(&mut relay);
        }
        let [ada, noor, tablet] = &phones;
        prop_assert_eq!(ada.words(), noor.words());
        let sealed: Vec<String> = tablet.words();
        let unsent: Vec<&[u8]> = tablet.pending.iter().map(Vec::as_slice).collect();
        for (who, word) in &words {
            prop_assert_eq!(ada.words().contains(word), *who < 2 || !unsent.contains(&word.as_bytes()));
        }
        prop_assert!(sealed.iter().all(|word| ada.words().contains(word)));
    }
}
