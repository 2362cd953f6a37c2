//! What do a stranger, a former keyholder, an invitation's finder and a lying relay achieve? Nothing.

#[path = "support/world.rs"]
mod world;

use entwine_core::feed::clock::SentClock;
use entwine_core::feed::{EntryHeader, EntryKind, EntryRefusal, SentEntry, StoredEntry};
use entwine_core::id::Hash;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::keyholder::{KeyholderKind, SecretKeys};
use entwine_core::membership::{Accept, Add, Body, KeyRing, MembershipChain, Record, SpaceKind};
use entwine_core::sealing::entry::{EntryContent, OpenError};
use entwine_core::sealing::epoch::Seal;
use entwine_core::sync::RelayRefusal;
use entwine_core::sync::device::Stopped;
use entwine_core::sync::exchange::to_sent;
use entwine_core::wire::message::{Request, Response};
use world::{NOON, Phone, Relay, Wish, add_phrase, couple, empty_request, invite, join, prepare_join, read_chain};

fn request_of(phone: &Phone, entries: Vec<SentEntry>) -> Request {
    let clock = SentClock::of(phone.store.chain(), &phone.store.clock(), false);
    Request { clock, entries, ..empty_request() }
}

/// What the relay says to these entries, which must not change anything.
fn refusals(phone: &Phone, relay: &mut Relay, entries: Vec<SentEntry>) -> Vec<EntryRefusal> {
    let before = relay.store.clock();
    let response = relay.send(&phone.keys, &request_of(phone, entries)).expect("the relay answers");
    assert_eq!(relay.store.clock(), before);
    response.refused.into_iter().map(|(_, refusal)| refusal).collect()
}

#[test]
fn bad_entries_are_refused_with_their_reason() {
    let (mut ada, noor, mut relay) = couple();
    let chain = ada.store.chain().clone();
    let good = ada.seal_one("good");
    let sent = |entry: &StoredEntry| to_sent(&chain, vec![entry.clone()]).remove(0);
    let base = sent(&good);
    let noors_number = chain.keyholder(&noor.id()).unwrap().number;
    let cases = [
        (SentEntry { signature: [7; 64], ..base.clone() }, EntryRefusal::Signature),
        (SentEntry { sealed: vec![0; 200], ..base.clone() }, EntryRefusal::Signature),
        (SentEntry { critical: false, ..base.clone() }, EntryRefusal::Signature),
        (SentEntry { feed: noors_number, ..base.clone() }, EntryRefusal::Signature),
        (SentEntry { feed: 1, ..base.clone() }, EntryRefusal::NotMember),
        (SentEntry { feed: 99, ..base.clone() }, EntryRefusal::Malformed),
        (SentEntry { position: 99, ..base.clone() }, EntryRefusal::Malformed),
        (SentEntry { position: 2, ..base.clone() }, EntryRefusal::NoEpoch),
        (SentEntry { feed: noors_number, position: 1, ..base.clone() }, EntryRefusal::NotMember),
        (SentEntry { seq: 0, ..base.clone() }, EntryRefusal::Malformed),
        (SentEntry { seq: 2, ..base.clone() }, EntryRefusal::Malformed),
        (SentEntry { seq: 2, previous: Some(Hash::ZERO), ..base.clone() }, EntryRefusal::Malformed),
    ];
    for (entry, expected) in cases {
        assert_eq!(refusals(&ada, &mut relay, vec![entry.clone()]), [expected], "{entry:?}");
    }
    let unknown = ada.seal(&chain, vec![b"?".to_vec()], EntryKind::from_code(9));
    let critical = forge_critical(&ada, &chain, &unknown);
    assert_eq!(refusals(&ada, &mut relay, vec![sent(&critical)]), [EntryRefusal::UnknownKind]);

    ada.store.insert(good);
    let second = ada.seal_one("second");
    assert_eq!(refusals(&ada, &mut relay, vec![sent(&second)]), [EntryRefusal::Gap]);
}

/// The same entry, signed as critical.
fn forge_critical(phone: &Phone, chain: &MembershipChain, entry: &StoredEntry) -> StoredEntry {
    let mut header = entry.header(chain).expect("its position is in the chain");
    header.critical = true;
    header.sign(&phone.keys, entry.sealed.clone()).into_stored()
}

#[test]
fn an_unknown_kind_that_is_not_critical_is_kept_and_passed_on() {
    let (mut ada, mut noor, mut relay) = couple();
    let chain = ada.store.chain().clone();
    let later = ada.seal(&chain, vec![b"of a later version".to_vec()], EntryKind::from_code(9));
    assert!(!later.critical);
    ada.store.insert(later);
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    assert_eq!(noor.store.entries().count(), 1);
}

#[test]
fn a_refused_entry_is_reported_and_holds_up_no_other_feed() {
    let (mut ada, mut noor, mut relay) = couple();
    noor.write("from Noor");
    noor.sync_fully(&mut relay);
    ada.sync_fully(&mut relay);
    let chain = ada.store.chain().clone();
    let unknown = ada.seal(&chain, vec![b"?".to_vec()], EntryKind::from_code(9));
    let unknown = forge_critical(&ada, &chain, &unknown);
    ada.store.insert(unknown.clone());
    let after = ada.seal_one("after it");
    ada.store.insert(after.clone());

    relay.store = relay.store.set_back(4, 0);
    let outcome = ada.sync(&mut relay).unwrap();
    assert_eq!(outcome.reason, Some(Stopped::Refused(EntryRefusal::UnknownKind)));
    assert_eq!(outcome.refused, [(unknown.hash, EntryRefusal::UnknownKind), (after.hash, EntryRefusal::Gap)]);
    assert_eq!(relay.store.clock().keys().collect::<Vec<_>>(), [&noor.id()], "Noor's entry came back");
    assert_eq!(outcome.relay, relay.store.clock());
}

#[test]
fn a_stranger_learns_nothing() {
    let (ada, _, mut relay) = couple();
    let mut stranger = Phone::founder(666);
    stranger.store = ada.store.clone();
    assert_eq!(stranger.sync(&mut relay).unwrap_err(), RelayRefusal::NotFound);
    let chain = ada.store.chain();
    let accept = chain.accept(&stranger.keys, &stranger.keys, stranger.person);
    for records in [vec![accept.bytes().to_vec()], vec![vec![0xff]], vec![chain.records()[0].bytes().to_vec()]] {
        let request = Request { records, ..request_of(&stranger, Vec::new()) };
        assert_eq!(relay.send(&stranger.keys, &request).unwrap_err(), RelayRefusal::NotFound);
    }
    assert_eq!(relay.store.chain().len(), 4);
}

#[test]
fn an_invitation_reads_the_chain_and_no_entry() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    ada.write("not for finders of links");
    ada.sync_fully(&mut relay);
    let invitation = invite(&mut ada, &mut relay);
    for clock in [SentClock::empty(), SentClock::of(ada.store.chain(), &Default::default(), false)] {
        let response = relay.send(&invitation, &Request { clock: clock.clone(), ..empty_request() }).unwrap();
        assert!(response.entries.is_empty() && response.unknown.is_empty() && !response.more);
        let clock = response.clock_after(&clock);
        assert_eq!(clock.lines, Some(Vec::new()), "not even how much there is");
        assert_eq!(clock.chain_len, 2);
    }
    let entry = ada.seal_one("brought by a finder");
    let entries = to_sent(ada.store.chain(), vec![entry]);
    let before = relay.store.clock();
    relay.send(&invitation, &request_of(&ada, entries)).unwrap();
    assert_eq!(relay.store.clock(), before, "and brings none");
}

#[test]
fn a_phrase_reads_the_chain_and_no_entry() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let phrase = SecretKeys::make_random(&mut ada.rng);
    ada.write("not for finders of paper");
    add_phrase(&mut ada, &mut relay, &phrase);
    for clock in [SentClock::empty(), SentClock::of(ada.store.chain(), &Default::default(), false)] {
        let response = relay.send(&phrase, &Request { clock: clock.clone(), ..empty_request() }).unwrap();
        assert!(response.entries.is_empty() && response.unknown.is_empty() && !response.more);
        let clock = response.clock_after(&clock);
        assert_eq!(clock.lines, Some(Vec::new()), "not even how much there is");
        assert_eq!(clock.chain_head, ada.store.chain().head());
    }
    let entry = ada.seal_one("brought by a finder");
    let entries = to_sent(ada.store.chain(), vec![entry]);
    let before = relay.store.clock();
    relay.send(&phrase, &request_of(&ada, entries)).unwrap();
    assert_eq!(relay.store.clock(), before, "and brings none");

    // It may not say it is someone else's record either: what the relay takes is what the chain lets a phrase append.
    let chain = ada.store.chain();
    let record = unknown_record(&phrase, chain, false);
    let request = Request { records: vec![record.bytes().to_vec()], ..request_of(&ada, Vec::new()) };
    assert!(matches!(relay.send(&phrase, &request).unwrap_err(), RelayRefusal::Record(_)));
    assert_eq!(relay.store.chain().head(), chain.head());
}

/// A relay knows a phrase's public keys, and its offer to the space in which it stands. It founds a space of its own beside
/// it, so that who comes back by the phrase would let the relay's device in among the own.
#[test]
fn a_relay_cannot_invent_a_space_for_a_phrase() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let phrase = SecretKeys::make_random(&mut ada.rng);
    add_phrase(&mut ada, &mut relay, &phrase);
    let Body::Add(real) = ada.store.chain().records()[1].body().clone() else { panic!("an Add") };

    let operator = SecretKeys::from_bytes(&[5; 64]);
    for kind in [SpaceKind::Shared, SpaceKind::Private { of: ada.store.chain().space() }] {
        let first = MembershipChain::create(&mut ada.rng, &operator, ada.person, kind);
        let invented = MembershipChain::found(first.bytes()).unwrap();
        let ring = KeyRing::derive(&invented, &operator);
        let secret = ring.get(&first.hash()).unwrap();
        let seal = Seal::make(&mut ada.rng, secret, &invented.seal_place(1), phrase.public());
        let by_operator = operator.sign_offer(&invented.space(), &ada.person, KeyholderKind::RecoveryPhrase);
        for offer in [real.offer, by_operator, [0; 64]] {
            let add = Add { offer, seal: seal.clone(), ..(*real).clone() };
            let record = Record::sign(&operator, 1, first.hash(), Body::Add(Box::new(add)));
            let shown = MembershipChain::parse([first.bytes(), record.bytes()]);
            assert!(shown.is_err(), "who holds the phrase takes no such chain");
        }
    }
    // Nor as anything else: as a device that an invitation of the relay's own brings.
    let first = MembershipChain::create(&mut ada.rng, &operator, ada.person, SpaceKind::Shared);
    let mut invented = MembershipChain::found(first.bytes()).unwrap();
    let (ring, link) = (KeyRing::derive(&invented, &operator), SecretKeys::make_random(&mut ada.rng));
    let with = (InvitationKind::Device, NOON);
    let add = invented.invite(&mut ada.rng, &operator, &ring, &link, with).unwrap();
    invented.append_record(add).unwrap();
    let accept = Accept { person: ada.person, device: *phrase.public(), offer: real.offer };
    let record = Record::sign(&link, invented.len(), invented.head(), Body::Accept(accept));
    assert!(invented.append_record(record).is_err());
}

#[test]
fn whoever_was_removed_is_told_the_chain_up_to_the_removal() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let invitation = invite(&mut ada, &mut relay);
    ada.wishes.push_back(Wish::Remove(invitation.id()));
    ada.sync_fully(&mut relay);
    let removal = ada.store.chain().records()[2].hash();
    let prefix = SentClock::of(
        &MembershipChain::found(ada.store.chain().records()[0].bytes()).unwrap(),
        &Default::default(),
        false,
    );
    for (clock, expected) in [(SentClock::empty(), 3), (prefix, 2)] {
        let refusal = relay.send(&invitation, &Request { clock, ..empty_request() }).unwrap_err();
        let RelayRefusal::Removed(response) = refusal else { panic!("{refusal:?}") };
        assert_eq!(response.records.len(), expected, "Create, Add, Remove; not the Rotate after it");
        let clock = response.clock.unwrap();
        assert_eq!((clock.chain_len, clock.chain_head), (3, removal));
        assert!(response.entries.is_empty() && !response.more);
    }
}

#[test]
fn an_invitation_past_its_hour_lets_nobody_in() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let invitation = invite(&mut ada, &mut relay);
    let mut noor = Phone::new(2);
    prepare_join(&mut noor, &invitation, &mut relay);
    let mut late = noor.copy(82);
    relay.now = NOON.plus_seconds(48 * 3600);
    let at_the_hour = relay.store.clone();
    noor.sync_fully(&mut relay);
    relay.store = at_the_hour;
    relay.now = NOON.plus_seconds(48 * 3600 + 1);
    assert_eq!(late.sync(&mut relay).unwrap_err(), RelayRefusal::InvitationExpired(invitation.id()));
    assert_eq!(relay.store.chain().len(), 2);
}

#[test]
fn a_relay_that_lost_a_joining_takes_it_from_the_inviter_at_any_hour() {
    let (mut ada, mut noor, mut relay) = couple();
    relay.now = NOON.plus_seconds(1_000_000);
    relay.store = relay.store.set_back(2, 0);
    let refused = relay.take_chain(noor.id(), noor.store.chain()).unwrap_err();
    assert!(matches!(refused, RelayRefusal::InvitationExpired(_)), "it may be a found link");
    ada.refill(&mut relay);
    noor.sync_fully(&mut relay);

    relay.store = relay.store.set_back(1, 0);
    noor.refill(&mut relay);
    assert!(ada.agrees_with(&relay), "an Accept that comes with its Add is taken");
}

#[test]
fn a_used_invitation_lets_nobody_else_in() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let invitation = invite(&mut ada, &mut relay);
    join(&mut Phone::new(2), &invitation, &mut relay);
    assert!(matches!(read_chain(&invitation, &mut relay), Err(RelayRefusal::Removed(_))));
}

fn unknown_record(author: &SecretKeys, chain: &MembershipChain, critical: bool) -> Record {
    let body = Body::Unknown { kind: 77, critical, bytes: vec![1, 2, 3] };
    Record::sign(author, chain.len(), chain.head(), body)
}

#[test]
fn a_critical_record_of_a_later_version_parks_writing_on_both_ends() {
    let (mut ada, mut noor, mut relay) = couple();
    noor.write("before");
    noor.sync_fully(&mut relay);
    let record = unknown_record(&ada.keys, ada.store.chain(), true);
    let request = Request { records: vec![record.bytes().to_vec()], ..request_of(&ada, Vec::new()) };
    assert_eq!(relay.send(&ada.keys, &request).unwrap_err(), RelayRefusal::RelayTooOld);

    let mut later_relay = relay;
    later_relay.store.append_record(record);
    ada.write("waits for an update");
    let outcome = ada.sync(&mut later_relay).unwrap();
    assert_eq!(outcome.reason, Some(Stopped::AppTooOld));
    assert_eq!(ada.words(), ["before"], "reading goes on");
    assert_eq!(ada.pending.len(), 1);
}

#[test]
fn a_record_of_a_later_version_that_is_not_critical_changes_nothing() {
    let (mut ada, mut noor, mut relay) = couple();
    let record = unknown_record(&ada.keys, ada.store.chain(), false);
    let request = Request { records: vec![record.bytes().to_vec()], ..request_of(&ada, Vec::new()) };
    relay.send(&ada.keys, &request).unwrap();
    noor.write("still writes");
    noor.sync_fully(&mut relay);
    ada.sync_fully(&mut relay);
    assert_eq!(ada.words(), ["still writes"]);
}

/// Ada's exchange with a relay that lies once she has something to say and something to hear; afterwards, with one that does not.
fn lied_to(lie: impl FnMut(&mut Response) + 'static) -> (Option<Stopped>, Vec<String>) {
    let (mut ada, mut noor, mut relay) = couple();
    noor.write("from Noor");
    noor.sync_fully(&mut relay);
    ada.write("from Ada");
    relay.lie = Some(Box::new(lie));
    let outcome = ada.sync(&mut relay).expect("the relay answers");
    assert!(relay.log.len() < 40, "it ends: {} requests", relay.log.len());
    let heard = ada.words();
    relay.lie = None;
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    assert_eq!(ada.words(), ["from Ada", "from Noor"]);
    assert_eq!(noor.words(), ada.words());
    (outcome.reason, heard)
}

#[test]
fn garbage_for_records_is_not_taken() {
    let (reason, _) = lied_to(|response| response.records.push(vec![0xff; 40]));
    assert!(matches!(reason, Some(Stopped::BadRecord(_))), "{reason:?}");
}

#[test]
fn records_of_another_space_are_not_taken() {
    let elsewhere = Phone::founder(999).store.chain().records()[0].clone();
    let (reason, _) = lied_to(move |response| {
        response.records = vec![elsewhere.bytes().to_vec()];
        let clock = response.clock.as_mut().unwrap();
        (clock.chain_head, clock.chain_len) = (elsewhere.hash(), 1);
    });
    assert!(matches!(reason, Some(Stopped::BadRecord(_))), "{reason:?}");
}

#[test]
fn an_invented_record_is_not_taken() {
    let (ada, _, _) = couple();
    let stranger = SecretKeys::from_bytes(&[5; 64]);
    let invented = unknown_record(&stranger, ada.store.chain(), false);
    let (reason, _) = lied_to(move |response| response.records.push(invented.bytes().to_vec()));
    assert!(matches!(reason, Some(Stopped::BadRecord(_))), "{reason:?}");
}

#[test]
fn invented_entries_are_not_taken_and_hold_nothing_up() {
    let lies: [fn(&mut SentEntry); 5] = [
        |entry| entry.signature = [0; 64],
        |entry| entry.sealed[30] ^= 1,
        |entry| entry.feed = 0,
        |entry| entry.seq += 1,
        |entry| entry.position = 0,
    ];
    for lie in lies {
        let (reason, heard) = lied_to(move |response| response.entries.iter_mut().for_each(lie));
        assert!(matches!(reason, Some(Stopped::BadEntry(_))), "{reason:?}");
        assert_eq!(heard, ["from Ada"], "her own word was sealed and sent all the same");
    }
}

#[test]
fn an_entry_of_another_space_is_not_taken() {
    let mut elsewhere = Phone::founder(3);
    let foreign = elsewhere.seal_one("elsewhere");
    let sent = to_sent(elsewhere.store.chain(), vec![foreign]);
    let (reason, heard) = lied_to(move |response| response.entries = sent.clone());
    assert!(matches!(reason, Some(Stopped::BadEntry(_))), "{reason:?}");
    assert_eq!(heard, ["from Ada"]);
}

#[test]
fn a_relay_that_withholds_is_noticed_and_holds_nothing_up() {
    let (reason, heard) = lied_to(|response| response.entries.clear());
    assert_eq!(reason, Some(Stopped::NoProgress));
    assert_eq!(heard, ["from Ada"]);
}

#[test]
fn a_relay_that_promises_more_for_ever_is_left() {
    let (_, heard) = lied_to(|response| response.more = true);
    assert_eq!(heard, ["from Ada", "from Noor"]);
    let (reason, _) = lied_to(|response| {
        response.more = true;
        response.entries.clear();
    });
    assert_eq!(reason, Some(Stopped::NoProgress));
}

#[test]
fn a_relay_that_always_shows_an_old_clock_is_left() {
    let (ada, _, _) = couple();
    let first = MembershipChain::found(ada.store.chain().records()[0].bytes()).unwrap();
    let old = SentClock::of(&first, &Default::default(), false);
    let (reason, heard) = lied_to(move |response| response.clock = Some(old.clone()));
    assert_eq!(reason, Some(Stopped::NoProgress));
    assert_eq!(heard, ["from Noor"], "nothing is sealed under a chain that the relay does not hold");
}

#[test]
fn a_relay_that_claims_to_hold_everything_is_believed_and_nothing_is_lost() {
    let (ada, _, _) = couple();
    let clock = SentClock::of(ada.store.chain(), &Default::default(), false);
    lied_to(move |response| *response = Response::holding(clock.clone()));
}

#[test]
fn a_relay_that_passes_over_a_record_is_noticed() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let alone = SentClock::of(ada.store.chain(), &Default::default(), false);
    relay.lie = Some(Box::new(move |response| *response = Response::holding(alone.clone())));
    let invitation = SecretKeys::make_random(&mut ada.rng);
    let with = (InvitationKind::Partner, NOON.plus_seconds(3600));
    ada.wishes.push_back(Wish::Invite(Box::new(invitation), with));
    let outcome = ada.sync(&mut relay).unwrap();
    assert_eq!(outcome.reason, Some(Stopped::NoProgress));
}

/// Not even for who may sign there: a thief with one device's keys cannot let old words stand as new ones.
#[test]
fn what_was_sealed_for_one_place_opens_at_no_other() {
    let (mut ada, noor, _relay) = couple();
    let chain = ada.store.chain().clone();
    let ring = KeyRing::derive(&chain, &noor.keys);
    let good = ada.seal_one("good");
    assert!(EntryContent::open(&good, &chain, &ring).is_ok());
    let header = good.header(&chain).unwrap();
    for elsewhere in [
        EntryHeader { seq: 2, ..header.clone() },
        EntryHeader { previous: Hash::from_bytes([7; 32]), ..header.clone() },
        EntryHeader { critical: !header.critical, ..header.clone() },
        EntryHeader { kind: EntryKind::from_code(9), ..header.clone() },
    ] {
        let moved = elsewhere.sign(&ada.keys, good.sealed.clone());
        assert!(matches!(EntryContent::open(&moved, &chain, &ring), Err(OpenError::Broken(_))), "{elsewhere:?}");
    }
    assert!(EntryContent::open(&header.sign(&ada.keys, good.sealed.clone()), &chain, &ring).is_ok());
}
