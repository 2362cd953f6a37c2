//! Do two phones and a relay come to hold the same? Stories over the two sync machines, with stores in memory.

#[path = "support/world.rs"]
mod world;

use std::collections::BTreeSet;

use entwine_core::feed::clock::{SentClock, TipHash};
use entwine_core::feed::{Clock, Tip};
use entwine_core::id::Hash;
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::limits::TIPS_PER_FEED_MAX;
use entwine_core::membership::{KeyRing, MembershipChain};
use entwine_core::sync::device::Stopped;
use entwine_core::sync::{
    DeviceExchange, DeviceInput, DeviceOutput, RelayExchange, RelayInput, RelayOutput, RelayRefusal,
};
use entwine_core::wire::message::{Request, Response};
use rand::RngExt as _;
use world::{Phone, Relay, Store, Wish, couple, empty_request, invite, join, prepare_join};

#[test]
fn two_who_write_apart_meet_on_the_relay() {
    let (mut ada, mut noor, mut relay) = couple();
    ada.write("from Ada");
    noor.write("from Noor");
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    ada.sync_fully(&mut relay);
    assert_eq!(ada.words(), ["from Ada", "from Noor"]);
    assert_eq!(noor.words(), ada.words());
}

#[test]
fn what_was_written_before_there_was_a_partner_reaches_her() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    ada.write("alone");
    ada.sync_fully(&mut relay);
    let invitation = invite(&mut ada, &mut relay);
    let mut noor = Phone::new(2);
    join(&mut noor, &invitation, &mut relay);
    assert_eq!(noor.words(), ["alone"], "the new seal's history box opens the epoch before it");
}

#[test]
fn an_exchange_in_which_nothing_changed_is_one_request() {
    let (mut ada, _, mut relay) = couple();
    ada.write("something");
    ada.sync_fully(&mut relay);
    assert_eq!(ada.sync_fully(&mut relay), 1);
}

#[test]
fn a_digest_alone_is_enough_while_nothing_changed() {
    let (mut ada, mut noor, mut relay) = couple();
    ada.write("something");
    ada.sync_fully(&mut relay);
    let digest_alone = |phone: &Phone, relay: &mut Relay| -> Response {
        let clock = SentClock { lines: None, ..SentClock::of(phone.store.chain(), &phone.store.clock(), false) };
        let request = Request { clock, ..empty_request() };
        relay.send(&phone.keys, &request).unwrap()
    };
    let equal = digest_alone(&ada, &mut relay);
    assert_eq!(equal.clock.unwrap().digest, SentClock::of(ada.store.chain(), &ada.store.clock(), false).digest);
    let behind = digest_alone(&noor, &mut relay);
    assert_ne!(behind.clock.unwrap().digest, SentClock::of(noor.store.chain(), &noor.store.clock(), false).digest);
    assert!(equal.entries.is_empty() && behind.entries.is_empty(), "whoever differs sends its lines next");
    noor.sync_fully(&mut relay);
    assert_eq!(noor.words(), ["something"]);
}

#[test]
fn a_relay_that_was_set_back_is_filled_by_either_phone() {
    for filler in 0..2 {
        for (records, entries) in [(4, 1), (4, 0), (3, 0), (2, 0), (1, 0)] {
            let (mut ada, mut noor, mut relay) = couple();
            for word in ["one", "two", "three"] {
                ada.write(word);
                ada.sync_fully(&mut relay);
                noor.write(word);
                noor.sync_fully(&mut relay);
            }
            ada.sync_fully(&mut relay);
            relay.store = relay.store.set_back(records, entries);
            let (first, second) = if filler == 0 { (&mut ada, &mut noor) } else { (&mut noor, &mut ada) };
            first.write("afterwards");
            first.refill(&mut relay);
            second.refill(&mut relay);
            assert_eq!(relay.store.entries().count(), 7, "filler {filler}, from {records} records, {entries} entries");
            assert_eq!(first.words(), second.words());
        }
    }
}

#[test]
fn a_wiped_relay_is_filled_again_with_what_either_wrote() {
    let (mut ada, mut noor, mut relay) = couple();
    ada.write("from Ada");
    ada.sync_fully(&mut relay);
    noor.write("from Noor");
    noor.sync_fully(&mut relay);
    relay.wipe();
    assert_eq!(noor.sync(&mut relay).unwrap_err(), RelayRefusal::NotFound);
    noor.refill(&mut relay);
    assert_eq!(relay.store.entries().count(), 2, "Noor brings Ada's words too");
    ada.refill(&mut relay);
    assert_eq!(ada.words(), noor.words());
}

#[test]
fn many_small_entries_travel_in_pages_that_fit_a_message() {
    let (mut ada, mut noor, mut relay) = couple();
    let count = 3_000; // some 340 bytes each
    for n in 0..count {
        ada.write(&n.to_string());
    }
    assert!(ada.sync_fully(&mut relay) >= 3, "two pages up, at least");
    assert!(noor.sync_fully(&mut relay) >= 2, "two pages down, at least");
    assert_eq!(noor.store.entries().count(), count);
}

#[test]
fn large_entries_travel_in_pages_that_fit_a_message() {
    let (mut ada, mut noor, mut relay) = couple();
    for _ in 0..5 {
        let mut incompressible = vec![0; 380_000];
        ada.rng.fill(&mut incompressible[..]);
        ada.pending.push(incompressible);
    }
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    assert_eq!(noor.store.entries().count(), 5);
}

/// A chain with so many invitations made and revoked: each closes an epoch, and every opening's history box is longer.
fn grow(phone: &mut Phone, invitations: usize) {
    let chain = phone.store.chain.as_mut().expect("the space is known here");
    for _ in 0..invitations {
        let ring = KeyRing::derive(chain, &phone.keys);
        let invitation = SecretKeys::make_random(&mut phone.rng);
        let add = chain.invite(&mut phone.rng, &phone.keys, &ring, &invitation, (InvitationKind::Partner, world::NOON));
        chain.append_record(add.expect("a member invites")).expect("the next record");
        let remove = chain.remove(&phone.keys, [invitation.id()], &Clock::new()).expect("a member revokes");
        chain.append_record(remove).expect("the next record");
        let rotate = chain.rotate(&mut phone.rng, &phone.keys, &ring).expect("a member rotates");
        chain.append_record(rotate).expect("the next record");
    }
}

#[test]
fn a_long_chain_travels_in_pages_both_ways() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    ada.write("in the first epoch");
    ada.sync_fully(&mut relay);
    grow(&mut ada, 170);
    let bytes: usize = ada.store.chain().records().iter().map(|record| record.bytes().len()).sum();
    assert!(bytes > entwine_core::limits::PAGE_BYTES, "{bytes} bytes are more than a page");
    ada.write("in the last epoch");
    ada.sync_fully(&mut relay);
    let invitation = invite(&mut ada, &mut relay);
    let mut noor = Phone::new(2);
    join(&mut noor, &invitation, &mut relay);
    assert_eq!(noor.words(), ["in the first epoch", "in the last epoch"], "171 epochs later");
}

#[test]
fn a_branch_of_a_feed_travels_both_ways() {
    let (mut ada, mut noor, mut relay) = couple();
    ada.write("before the copy");
    ada.sync_fully(&mut relay);
    let mut copy = ada.copy(77);
    let (left, right) = (ada.seal_one("on the phone"), copy.seal_one("on its copy"));
    assert_eq!((left.seq, left.previous), (right.seq, right.previous), "two entries follow one");
    ada.store.insert(left.clone());
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);

    noor.store.insert(right);
    noor.sync_fully(&mut relay);
    ada.sync_fully(&mut relay);
    assert_eq!(ada.words(), ["before the copy", "on its copy", "on the phone"]);
    assert_eq!(relay.store.clock()[&ada.id()].len(), 2, "two tips");

    ada.write("goes on");
    noor.write("and she");
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    assert_eq!(noor.words(), ["and she", "before the copy", "goes on", "on its copy", "on the phone"]);
}

#[test]
fn whoever_knows_one_tip_of_the_other_brings_branches_together() {
    let (mut ada, _, mut relay) = couple();
    ada.write("before the copy");
    ada.sync_fully(&mut relay);
    let mut copy = ada.copy(78);
    copy.write("on its copy");
    copy.sync_fully(&mut relay);
    let left = ada.seal_one("on the phone");
    relay.store.insert(left.clone());
    ada.store.insert(left);
    ada.write("and further");
    ada.sync_fully(&mut relay);
    assert_eq!(ada.words(), ["and further", "before the copy", "on its copy", "on the phone"]);
}

#[test]
fn too_many_branches_are_refused_and_the_rest_goes_on() {
    let (mut ada, mut noor, mut relay) = couple();
    for n in 0..=TIPS_PER_FEED_MAX {
        let mut copy = noor.copy(1_000 + n as u64);
        let branch = copy.seal_one(&n.to_string());
        if n < TIPS_PER_FEED_MAX {
            relay.store.insert(branch.clone());
            ada.store.insert(branch);
        } else {
            noor.store.insert(branch);
        }
    }
    let outcome = noor.sync(&mut relay).unwrap();
    assert!(outcome.reason.is_some());
    assert_eq!(relay.store.clock()[&noor.id()].len(), TIPS_PER_FEED_MAX);
    ada.write("still heard");
    ada.sync_fully(&mut relay);
}

#[test]
fn who_loses_the_race_for_a_record_writes_it_anew() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let mut tablet = ada.copy(81);
    let (first, second) = (SecretKeys::make_random(&mut ada.rng), SecretKeys::make_random(&mut tablet.rng));
    let (winner, loser) = (second.id(), first.id());
    let with = (InvitationKind::Partner, relay.now.plus_seconds(3600));
    relay.meanwhile = Some(Box::new(move |relay| {
        tablet.wishes.push_back(Wish::Invite(Box::new(second), with));
        tablet.sync_fully(relay);
    }));
    ada.wishes.push_back(Wish::Invite(Box::new(first), with));
    ada.sync_fully(&mut relay);
    let chain = ada.store.chain();
    assert_eq!(chain.keyholder(&winner).map(|keyholder| keyholder.added_at), Some(1));
    assert_eq!(chain.keyholder(&loser).map(|keyholder| keyholder.added_at), Some(2));
}

#[test]
fn a_joiner_whom_another_record_overtook_reads_the_chain_anew() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let invitation = invite(&mut ada, &mut relay);
    let mut noor = Phone::new(2);
    prepare_join(&mut noor, &invitation, &mut relay);
    let another = invite(&mut ada, &mut relay);
    assert_eq!(noor.sync(&mut relay).unwrap_err(), RelayRefusal::NotFound);
    join(&mut noor, &invitation, &mut relay);
    ada.sync_fully(&mut relay);
    assert!(ada.store.chain().member(&another.id()).is_some());
    assert_eq!(ada.store.chain().persons().len(), 2);
}

/// Noor's phone dies after the relay took `Accept`, before it sent `Rotate`.
fn half_joined() -> (Phone, Phone, Relay) {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let invitation = invite(&mut ada, &mut relay);
    let mut noor = Phone::new(2);
    prepare_join(&mut noor, &invitation, &mut relay);
    noor.brings.truncate(1);
    noor.rotates = false;
    noor.sync_fully(&mut relay);
    assert_eq!(relay.store.chain().open_epoch(), None);
    noor.rotates = true;
    (ada, noor, relay)
}

#[test]
fn a_closed_epoch_is_followed_by_the_next_before_anything_is_sealed() {
    for first in 0..2 {
        let (mut ada, mut noor, mut relay) = half_joined();
        ada.write("from Ada");
        noor.write("from Noor");
        let mut phones = [ada, noor];
        if first == 1 {
            phones.reverse();
        }
        let [one, other] = &mut phones;
        one.sync_fully(&mut relay);
        other.sync_fully(&mut relay);
        one.sync_fully(&mut relay);
        assert_eq!(one.words(), ["from Ada", "from Noor"]);
        assert_eq!(other.words(), one.words());
        assert_eq!(relay.store.chain().len(), 4, "one Rotate, whoever came first");
        assert!(relay.store.entries().all(|entry| entry.position == 3));
    }
}

#[test]
fn where_nobody_opens_an_epoch_nothing_is_sealed() {
    let (mut ada, _, mut relay) = half_joined();
    ada.rotates = false;
    ada.write("waits");
    ada.sync_fully(&mut relay);
    assert_eq!(ada.pending.len(), 1);
    ada.rotates = true;
    ada.sync_fully(&mut relay);
    assert_eq!(ada.words(), ["waits"]);
}

#[test]
fn what_is_pending_is_sealed_under_what_the_relay_knows_by_then() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let invitation = invite(&mut ada, &mut relay);
    ada.write("written before Noor joined, sent after");
    join(&mut Phone::new(2), &invitation, &mut relay);
    ada.sync_fully(&mut relay);
    assert!(ada.store.entries().all(|entry| entry.position == 3), "under the epoch that Noor opened");
}

#[test]
fn nothing_is_sealed_before_the_relay_answered() {
    let (mut ada, _, _) = couple();
    ada.write("waits");
    let mut machine = DeviceExchange::new(ada.id(), ada.store.chain().clone(), ada.store.clock());
    machine.handle(DeviceInput::Start);
    assert!(matches!(machine.poll_output(), Some(DeviceOutput::Send(_))));
    assert!(machine.poll_output().is_none(), "a cut here loses and reveals nothing");
}

#[test]
fn a_revoked_invitation_closes_the_epoch_and_the_revoker_opens_the_next() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let invitation = invite(&mut ada, &mut relay);
    ada.wishes.push_back(Wish::Remove(invitation.id()));
    ada.write("after it");
    ada.sync_fully(&mut relay);
    assert_eq!(relay.store.chain().len(), 4, "Create, Add, Remove, Rotate");
    assert!(relay.store.entries().all(|entry| entry.position == 3));
}

#[test]
fn a_cut_after_any_message_is_mended_by_the_next_exchange() {
    for cut_after in 0..6 {
        let (mut ada, mut noor, mut relay) = couple();
        noor.write("from Noor");
        noor.sync_fully(&mut relay);
        ada.write("from Ada");
        sync_until_cut(&mut ada, &mut relay, cut_after);
        ada.sync_fully(&mut relay);
        noor.sync_fully(&mut relay);
        assert_eq!(noor.words(), ["from Ada", "from Noor"], "cut after {cut_after} steps");
        assert_eq!(relay.store.entries().count(), 2, "sealed once, sent as often as needed");
    }
}

/// Runs an exchange, and drops it after so many of its outputs were done.
fn sync_until_cut(phone: &mut Phone, relay: &mut Relay, steps: usize) {
    let mut machine = DeviceExchange::new(phone.id(), phone.store.chain().clone(), phone.store.clock());
    machine.handle(DeviceInput::Start);
    for _ in 0..steps {
        let Some(output) = machine.poll_output() else { return };
        let Some(input) = phone.perform(output, relay).expect("the relay answers") else { return };
        machine.handle(input);
    }
}

/// Two entries whose hashes begin with the same 8 bytes: made by hand here, and by nobody by chance.
#[test]
fn where_eight_bytes_do_not_tell_whole_hashes_are_exchanged() {
    let (ada, _, relay) = couple();
    let chain = ada.store.chain().clone();
    let clock = |last: u8| {
        let mut hash = [7; 32];
        hash[31] = last;
        Clock::from([(ada.id(), BTreeSet::from([Tip { seq: 1, hash: Hash::from_bytes(hash) }]))])
    };
    let mut device = DeviceExchange::new(ada.id(), chain.clone(), clock(1));
    let mut requests = Vec::new();
    let mut input = DeviceInput::Start;
    let outcome = loop {
        device.handle(input);
        input = match device.poll_output().unwrap() {
            DeviceOutput::Send(request) => {
                let mut machine = RelayExchange::new(ada.id(), relay.now, chain.clone(), clock(2));
                machine.handle(RelayInput::Received(request.as_ref().clone())).unwrap();
                requests.push(*request);
                let response = loop {
                    match machine.poll_output().unwrap() {
                        RelayOutput::Locate(points) => {
                            machine.handle(RelayInput::Located(vec![None; points.len()])).unwrap();
                        }
                        RelayOutput::Read { .. } => {
                            machine.handle(RelayInput::Page { entries: Vec::new(), more: false }).unwrap();
                        }
                        RelayOutput::Respond(response) => break response,
                        other => panic!("{other:?}"),
                    }
                };
                DeviceInput::Received(response)
            }
            DeviceOutput::Locate(points) => DeviceInput::Located(vec![None; points.len()]),
            DeviceOutput::Trace(traces) => DeviceInput::Traced(vec![Vec::new(); traces.len()]),
            DeviceOutput::Learned(_) => DeviceInput::Propose(Vec::new()),
            DeviceOutput::Seal(_) => DeviceInput::Sealed(clock(1)),
            DeviceOutput::Done(outcome) => break outcome,
            other => panic!("{other:?}"),
        };
    };
    let is_whole = |request: &Request| {
        let lines = request.clock.lines.as_ref().unwrap();
        matches!(lines[0].tips[0].hash, TipHash::Whole(_))
    };
    assert_eq!(requests.iter().map(is_whole).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(requests[2].locators.len(), 1, "two feeds, then, of which neither side knows the other's");
    assert_eq!(outcome.reason, Some(Stopped::NoProgress), "there are no such entries to send");
}

#[test]
fn a_private_space_has_one_person_and_syncs_alike() {
    let mut ada = Phone::founder(1);
    let shared = ada.store.chain().clone();
    let kind = entwine_core::membership::SpaceKind::Private { of: shared.space() };
    let record = MembershipChain::create(&mut ada.rng, &ada.keys, ada.person, kind);
    let private = MembershipChain::found(record.bytes()).unwrap();
    assert!(entwine_core::sync::relay::may_found_private(&shared, &private, &ada.id()));
    assert!(!entwine_core::sync::relay::may_found_private(&private, &private, &ada.id()));

    ada.store = Store::new(private.clone());
    let mut relay = Relay::new(private.clone());
    ada.write("for me alone");
    ada.sync_fully(&mut relay);
    let invitation = SecretKeys::make_random(&mut ada.rng);
    let ring = KeyRing::derive(&private, &ada.keys);
    let record =
        private.invite(&mut ada.rng, &ada.keys, &ring, &invitation, (InvitationKind::Partner, relay.now)).unwrap();
    assert!(private.clone().append_record(record).is_err(), "nobody is let in");
}
