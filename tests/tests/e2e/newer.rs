//! What if one of the two has a newer version, or the relay is one? What it wrote is kept, passed on and never in the way, and whoever
//! cannot go on says that this app needs an update.

use entwine_core::document::{
    ActorId, Document, Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, List, Reconcile, Text, TextSet,
};
use entwine_core::feed::EntryKind;
use entwine_core::feed::clock::SentClock;
use entwine_core::membership::{Body, Record};
use entwine_core::practice::Writer;
use entwine_core::practice::origin::Origin;
use entwine_core::sealing::entry::EntryContent;
use entwine_core::time::Timestamp;
use entwine_tests::double::Trick;
use entwine_tests::http::Answer;
use entwine_tests::phone::text;
use entwine_tests::world::meet;
use entwine_tests::{Double, Member, World};
use jiff::tz::TimeZone;

const TOKEN: (&str, &str) = ("ENTWINE_REGISTRATION_TOKEN", "a fixed token, so that an emptied relay fills by itself");
/// A kind of entry and of record that comes with a later version.
const LATER: u64 = 9;

/// A journal entry as a later version may have it: with a field and a list more.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub(crate) struct LaterEntry {
    pub(crate) title: Field<String>,
    pub(crate) text: Text,
    tags: TextSet,
    origin: Field<Origin>,
    weather: Field<Option<String>>,
    dreams: List<String>,
}

impl Entity for LaterEntry {
    const KIND: &'static str = "journal";

    fn check(&self) -> Result<(), LimitExceeded> {
        Ok(())
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.title, &mut self.text, &mut self.tags, &mut self.origin, &mut self.weather, &mut self.dreams]
    }
}

impl LaterEntry {
    pub(crate) fn new(member: &Member, title: &str, text: &str, now: Timestamp) -> Self {
        let device = member.keys().id();
        let writer = Writer { person: member.chain().keyholder(&device).unwrap().person, device };
        Self {
            title: title.into(),
            text: text.into(),
            tags: TextSet::default(),
            origin: Field::new(Origin::new(&writer, now, &TimeZone::get("Europe/Amsterdam").unwrap())),
            weather: Field::new(Some("rain".to_owned())),
            dreams: List::default(),
        }
    }
}

/// A kind of thing that only a later version has.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
struct Mood {
    level: Field<u64>,
}

impl Entity for Mood {
    const KIND: &'static str = "mood";

    fn check(&self) -> Result<(), LimitExceeded> {
        Ok(())
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.level]
    }
}

/// A document as a member's client has it, with all that the relay holds of it.
pub(crate) fn document(member: &Member, name: &str) -> Document {
    let mut document = Document::new(ActorId::make_random(&mut rand::rng(), &member.keys().id()));
    document.apply(&member.changes_of(name)).unwrap();
    document
}

fn journal(member: &Member) -> String {
    member.documents().into_iter().find(|name| name.starts_with("journal/")).unwrap()
}

/// Brings what a later version writes into a document.
fn push(member: &mut Member, name: &str, changes: Vec<Vec<u8>>) {
    let header = member.header(EntryKind::CHANGES, true);
    let entry = member.seal(&header, &Member::content(name, changes));
    member.push(vec![entry]);
}

#[test]
fn what_a_newer_version_wrote_is_kept_beside_an_older_ones_edits_and_passed_on() {
    let world = World::new();
    let mut relay = world.relay_with(&[TOKEN]);
    let (ada, noor) = world.couple(&relay);
    let id = ada.write("Lake", "We walked.");
    meet(&[&ada, &noor]);

    let mut newer = Member::of(&noor, &relay);
    let name = journal(&newer);
    let mut pages = document(&newer, &name);
    let entity: EntityId = id.parse().unwrap();
    let later = |entry: &mut LaterEntry| {
        entry.weather.set(Some("rain".to_owned()));
        entry.dreams.set(vec!["calm".to_owned(), "tired".to_owned()]);
    };
    assert!(pages.collection_mut::<LaterEntry>().update(&entity, later).unwrap());
    let mood: EntityId = "01J00000000000000000000000".parse().unwrap();
    let now = Timestamp::from_seconds(1_790_000_000);
    pages.collection_mut().put(&mood, &Mood { level: Field::new(7) }, now).unwrap();
    push(&mut newer, &name, pages.take_changes());
    // A document, a kind of entry and a kind of record that the others have never heard of.
    let mut letters = document(&newer, "letters/2031");
    letters.collection_mut().put(&mood, &Mood { level: Field::new(8) }, now).unwrap();
    push(&mut newer, "letters/2031", letters.take_changes());
    newer.append(Body::Unknown { kind: LATER, critical: false, bytes: b"of a later version".to_vec() });
    let header = newer.header(EntryKind::from_code(LATER), false);
    let entry = newer.seal(&header, &Member::content("?", Vec::new()));
    newer.push(vec![entry]);

    meet(&[&ada, &noor]);
    ada.append(&id, " Far.");
    meet(&[&ada, &noor, &ada]);
    for phone in [&ada, &noor] {
        assert_eq!(phone.read(&id), "We walked. Far.");
        let status = phone.status();
        assert_eq!((&status["in_sync"], &status["set_aside"]), (&true.into(), &0.into()), "{status}");
    }
    the_newer_one_sees_all_of_it(&Member::of(&noor, &relay), &name, &entity, &mood);

    // The relay loses everything, and an older phone fills it again.
    relay.stop();
    relay.wipe();
    relay.start_again();
    let _ = ada.sync();
    the_newer_one_sees_all_of_it(&Member::of(&noor, &relay), &name, &entity, &mood);
}

fn the_newer_one_sees_all_of_it(newer: &Member, name: &str, entity: &EntityId, mood: &EntityId) {
    let pages = document(newer, name);
    let entry = pages.collection::<LaterEntry>().get(entity).unwrap().unwrap().value;
    assert_eq!(entry.text.as_str(), "We walked. Far.");
    assert_eq!(entry.weather.get().as_deref(), Some("rain"));
    assert_eq!(*entry.dreams, ["calm".to_owned(), "tired".to_owned()]);
    assert!(pages.collection::<Mood>().contains(mood));
    assert!(document(newer, "letters/2031").collection::<Mood>().contains(mood));
    assert_eq!(newer.entries_of(EntryKind::from_code(LATER)).len(), 1);
    let kept = newer.chain().records().iter().filter(|record| matches!(record.body(), Body::Unknown { .. }));
    assert_eq!(kept.count(), 1);
}

#[test]
fn what_only_a_newer_version_can_show_waits_for_an_update_and_everything_else_goes_on() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let id = ada.write("Lake", "We walked.");
    meet(&[&ada, &noor]);
    let mut newer = Member::of(&noor, &relay);
    let header = newer.header(EntryKind::CHANGES, true);
    let content =
        EntryContent { generation: 1, ..Member::content(&journal(&newer), vec![b"of a later version".to_vec()]) };
    let entry = newer.seal(&header, &content);
    newer.push(vec![entry]);
    for (phone, words) in [(&ada, " Far."), (&noor, " Home.")] {
        phone.append(&id, words);
        assert_eq!(phone.sync_stops(), "app_too_old");
        assert!(text(&phone.status(), "remedy").contains("update"), "{}", phone.status());
    }
    let _ = ada.start(&["sync"]).finish();
    assert_eq!(ada.read(&id), noor.read(&id));
    for phone in [&ada, &noor] {
        let words = phone.read(&id);
        assert!(words.contains(" Far.") && words.contains(" Home."), "{words}");
        let status = phone.status();
        assert_eq!((&status["waiting_up"], &status["set_aside"]), (&0.into(), &0.into()), "{status}");
    }
}

/// A partner and a relay that have both gone on: their chain has a record that everybody must understand.
#[test]
fn a_record_that_this_version_would_have_to_know_stops_writing_into_the_space_and_nothing_else() {
    let world = World::new();
    let relay = world.relay();
    let double = Double::start(relay.address());
    let (ada, noor) = world.couple_by(&double.url(), relay.token());
    let id = ada.write("Lake", "We walked.");
    meet(&[&ada, &noor]);
    let newer = Member::of(&noor, &relay);
    let chain = newer.chain().clone();
    let body = Body::Unknown { kind: LATER, critical: true, bytes: b"of a later version".to_vec() };
    let record = Record::sign(newer.keys(), chain.len(), chain.head(), body);
    double.play(Box::new(move |asked, relay| {
        let answer = relay(&asked.body);
        match (asked.exchange(), answer.response()) {
            (Some((space, request)), Some(mut response)) if space == chain.space() => {
                response.records.push(record.bytes().to_vec());
                let clock = response.clock_after(&request.clock).clone();
                response.clock = Some(SentClock { chain_len: chain.len() + 1, chain_head: record.hash(), ..clock });
                Answer::message(&response)
            }
            _ => answer,
        }
    }));
    ada.append(&id, " Far.");
    assert_eq!(ada.sync_stops(), "app_too_old");
    ada.append(&id, " Home.");
    assert_eq!(ada.read(&id), "We walked. Far. Home.");
    // A relay that has not gone on does not take that record: this time it is the relay that needs an update.
    double.be_honest();
    assert_eq!(ada.sync_stops(), "refused");
    assert!(text(&ada.status(), "remedy").contains("relay is too old"), "{}", ada.status());
    assert_eq!(ada.read(&id), "We walked. Far. Home.");
}

/// What becomes of an answer.
type Change = fn(&mut Answer);

/// Answers every exchange with what this makes of the real relay's answer.
fn later(change: Change) -> Trick {
    Box::new(move |asked, relay| {
        let mut answer = relay(&asked.body);
        if asked.exchange().is_some() {
            change(&mut answer);
        }
        answer
    })
}

/// A relay that has gone on to a later version, in every way in which it can say so.
#[test]
fn a_newer_relay_is_told_of_as_an_update_that_this_app_needs() {
    let world = World::new();
    let relay = world.relay();
    let double = Double::start(relay.address());
    let (ada, noor) = world.couple_by(&double.url(), relay.token());
    let ways: [(&str, Change); 3] = [
        // The second byte of a response is its version; an entry's comes after the head of its array of ten.
        ("a later message", |answer| answer.body[1] = 2),
        ("a later kind of entry", |answer| {
            let at = answer.body.windows(3).position(|bytes| bytes == [0x8a, 1, 1]);
            answer.body[at.map_or(1, |at| at + 1)] = 2;
        }),
        ("426", |answer| *answer = Answer::refusal(426, "app_too_old")),
    ];
    for (number, (name, change)) in ways.into_iter().enumerate() {
        let entry = noor.write(&format!("Letter {number}"), "From an older relay.");
        let _ = noor.sync();
        let own = ada.write(&format!("Own {number}"), "It waits.");
        double.play(later(change));
        assert_eq!(ada.sync_stops(), "app_too_old", "{name}");
        assert!(text(&ada.status(), "remedy").contains("update this app"), "{name}: {}", ada.status());
        let watching = ada.watch();
        watching.until_reason("app_too_old");
        drop(watching);
        assert_eq!(ada.read(&own), "It waits.", "{name}");
        double.be_honest();
        meet(&[&ada, &noor]);
        assert_eq!([ada.read(&entry), noor.read(&own)], ["From an older relay.", "It waits."], "{name}");
    }
}
