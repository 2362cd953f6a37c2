//! Do two phones that wrote apart hold the same afterwards, with every word of both?

use std::collections::BTreeSet;

use automerge::ReadDoc as _;
use jiff::tz::TimeZone;
use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;

use super::*;
use crate::id::{KeyholderId, PersonId};
use crate::limits::TEXT_BYTES_MAX;
use crate::practice::Writer;
use crate::practice::journal::JournalEntry;
use crate::practice::origin::Origin;
use crate::practice::ritual::{Ritual, Step, Turn};
use crate::time::Timestamp;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_500_000);

/// A phone that has one document open.
pub(crate) struct Phone {
    pub(crate) writer: Writer,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) document: Document,
}

impl Phone {
    pub(crate) fn new(number: u8) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(u64::from(number));
        let device = KeyholderId::from_bytes([number; 16]);
        let document = Document::new(ActorId::make_random(&mut rng, &device));
        Self { writer: Writer { person: PersonId::from_bytes([number; 16]), device }, rng, document }
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::new(&self.writer, NOW, &TimeZone::UTC)
    }

    fn pair() -> (Self, Self) {
        (Self::new(0xa), Self::new(0xb))
    }

    pub(crate) fn writes(&mut self, title: &str, text: &str) -> EntityId {
        let id = EntityId::make(NOW, &mut self.rng);
        let entry = JournalEntry::new(title, text, &self.origin());
        self.document.collection_mut().put(&id, &entry, NOW).unwrap();
        id
    }

    fn adds_ritual(&mut self) -> EntityId {
        let id = EntityId::make(NOW, &mut self.rng);
        let ritual = Ritual::new("Coffee", &"FREQ=DAILY".parse().unwrap(), Some("08:00".parse().unwrap()));
        self.document.collection_mut().put(&id, &ritual, NOW).unwrap();
        id
    }

    pub(crate) fn edits<T: Entity>(&mut self, id: &EntityId, edit: impl FnOnce(&mut T)) -> bool {
        self.document.collection_mut().update(id, edit).unwrap()
    }

    pub(crate) fn sees<T: Entity>(&self, id: &EntityId) -> Stored<T> {
        self.document.collection().get(id).unwrap().expect("it is there")
    }

    fn reads(&self, id: &EntityId) -> String {
        self.sees::<JournalEntry>(id).value.text.as_str().to_owned()
    }

    pub(crate) fn deletes(&mut self, id: &EntityId) -> bool {
        self.document.collection_mut::<JournalEntry>().remove(id, NOW).unwrap()
    }

    pub(crate) fn restores(&mut self, id: &EntityId) -> bool {
        self.document.collection_mut::<JournalEntry>().restore(id).unwrap()
    }

    pub(crate) fn has_in_trash(&self, id: &EntityId) -> bool {
        let journal = self.document.collection::<JournalEntry>();
        let (listed, trashed) = (journal.list(), journal.trash(NOW));
        let is_in = |listing: &Listing<JournalEntry>| listing.items.iter().any(|item| item.id == *id);
        assert_ne!(is_in(&listed), is_in(&trashed), "it is in one of the two");
        is_in(&trashed)
    }

    /// Closes the document and opens it anew, as another command of the same phone does.
    pub(crate) fn reopens(&mut self) {
        let saved = self.document.save();
        let made = self.document.take_changes();
        self.document = Document::load(&saved, ActorId::make_random(&mut self.rng, &self.writer.device)).unwrap();
        self.document.made = made;
    }
}

/// The two phones exchange what each made.
fn meet(ada: &mut Phone, noor: &mut Phone) {
    let (from_ada, from_noor) = (ada.document.take_changes(), noor.document.take_changes());
    ada.document.apply(&from_noor).unwrap();
    noor.document.apply(&from_ada).unwrap();
    assert_eq!(ada.document.heads(), noor.document.heads());
}

#[test]
fn both_write_in_one_paragraph_apart() {
    let (mut ada, mut noor) = Phone::pair();
    let id = ada.writes("Lake", "We walked. Ähm, it 🌧 rained.");
    meet(&mut ada, &mut noor);
    ada.edits::<JournalEntry>(&id, |entry| entry.text.append(" I loved it."));
    noor.edits::<JournalEntry>(&id, |entry| assert!(entry.text.replace_first("rained", "poured")));
    meet(&mut ada, &mut noor);
    for phone in [&ada, &noor] {
        assert_eq!(phone.reads(&id), "We walked. Ähm, it 🌧 poured. I loved it.");
    }
}

#[test]
fn what_the_partner_wrote_while_the_editor_was_open_stays() {
    let (mut ada, mut noor) = Phone::pair();
    let id = ada.writes("Lake", "We walked.\nIt rained.\n");
    meet(&mut ada, &mut noor);
    let opened = Heads::from_bytes(&ada.document.heads().to_bytes()).unwrap();
    noor.edits::<JournalEntry>(&id, |entry| assert!(entry.text.replace_first("walked", "walked 👩‍👩‍👧 far")));
    ada.edits::<JournalEntry>(&id, |entry| entry.title.set("The lake".to_owned()));
    meet(&mut ada, &mut noor);
    ada.reopens();
    let saved = "We walked.\nIt rained cats.\nAnd we laughed.\n";
    assert!(ada.document.collection_mut::<JournalEntry>().update_text_at(&id, &opened, saved).unwrap());
    meet(&mut ada, &mut noor);
    for phone in [&ada, &noor] {
        assert_eq!(phone.reads(&id), "We walked 👩‍👩‍👧 far.\nIt rained cats.\nAnd we laughed.\n");
    }
}

#[test]
fn a_contested_hour_keeps_both_values_until_someone_chooses() {
    let (mut ada, mut noor) = Phone::pair();
    let id = ada.adds_ritual();
    meet(&mut ada, &mut noor);
    ada.edits::<Ritual>(&id, |ritual| ritual.set_at(Some("09:00".parse().unwrap())));
    noor.edits::<Ritual>(&id, |ritual| ritual.set_at(Some("09:30".parse().unwrap())));
    meet(&mut ada, &mut noor);
    let contested = ada.sees::<Ritual>(&id);
    let (winner, other) = (contested.value.at.get().clone(), contested.alternatives["at"].clone());
    let mut both = [winner.clone().unwrap(), other[0].clone()];
    both.sort();
    assert_eq!(both, ["09:00", "09:30"]);
    assert_eq!(noor.sees::<Ritual>(&id), contested);

    assert!(ada.edits::<Ritual>(&id, |ritual| ritual.name.set("Morning coffee".to_owned())));
    meet(&mut ada, &mut noor);
    assert_eq!(noor.sees::<Ritual>(&id).alternatives["at"], other, "an edit of the name leaves the hour alone");
    assert_eq!(noor.sees::<Ritual>(&id).alternatives.len(), 1);

    assert!(noor.edits::<Ritual>(&id, |ritual| ritual.at.settle(winner.clone())));
    meet(&mut ada, &mut noor);
    assert!(ada.sees::<Ritual>(&id).alternatives.is_empty());
    assert_eq!(*ada.sees::<Ritual>(&id).value.at, winner);
}

#[test]
fn tags_of_both_stay_and_adding_wins() {
    let (mut ada, mut noor) = Phone::pair();
    let id = ada.writes("Lake", "");
    meet(&mut ada, &mut noor);
    ada.edits::<JournalEntry>(&id, |entry| assert!(entry.tags.insert("rain") && entry.tags.insert("us")));
    noor.edits::<JournalEntry>(&id, |entry| assert!(entry.tags.insert("walk") && entry.tags.insert("us")));
    meet(&mut ada, &mut noor);
    let tags = |phone: &Phone| phone.sees::<JournalEntry>(&id).value.tags.iter().cloned().collect::<Vec<_>>();
    assert_eq!(tags(&ada), ["rain", "us", "walk"]);
    noor.edits::<JournalEntry>(&id, |entry| assert!(entry.tags.remove("rain")));
    meet(&mut ada, &mut noor);
    assert_eq!((tags(&ada), tags(&noor)), (vec!["us".to_owned(), "walk".to_owned()], tags(&ada)));
}

#[test]
fn steps_that_both_insert_stay() {
    let (mut ada, mut noor) = Phone::pair();
    let id = ada.adds_ritual();
    let step = |text: &str| Step::new(text, Some(2), Turn::First).unwrap();
    ada.edits::<Ritual>(&id, |ritual| ritual.steps.set(vec![step("grind"), step("pour")]));
    meet(&mut ada, &mut noor);
    ada.edits::<Ritual>(&id, |ritual| ritual.steps.set(vec![step("wake"), step("grind"), step("pour")]));
    noor.edits::<Ritual>(&id, |ritual| ritual.steps.set(vec![step("grind"), step("pour"), step("talk")]));
    meet(&mut ada, &mut noor);
    let steps = noor.sees::<Ritual>(&id).value.steps;
    assert_eq!(steps, vec![step("wake"), step("grind"), step("pour"), step("talk")].into());
    assert_eq!(ada.sees::<Ritual>(&id).value.steps, steps);
}

#[test]
fn of_different_steps_that_both_change_both_changes_stay() {
    let (mut ada, mut noor) = Phone::pair();
    let id = ada.adds_ritual();
    let steps = |texts: [&str; 3]| texts.map(|text| Step::new(text, Some(2), Turn::First).unwrap()).to_vec();
    ada.edits::<Ritual>(&id, |ritual| ritual.steps.set(steps(["grind", "pour", "talk"])));
    meet(&mut ada, &mut noor);
    ada.edits::<Ritual>(&id, |ritual| ritual.steps.set(steps(["grind by hand", "pour", "talk"])));
    noor.edits::<Ritual>(&id, |ritual| ritual.steps.set(steps(["grind", "pour", "talk and laugh"])));
    meet(&mut ada, &mut noor);
    let expected = steps(["grind by hand", "pour", "talk and laugh"]);
    assert_eq!(*noor.sees::<Ritual>(&id).value.steps, *expected);
    assert_eq!(*ada.sees::<Ritual>(&id).value.steps, *expected);
}

#[test]
fn an_edit_that_a_delete_did_not_see_brings_the_entry_back() {
    let (mut ada, mut noor) = Phone::pair();
    let id = ada.writes("Lake", "We walked.");
    meet(&mut ada, &mut noor);
    assert!(ada.deletes(&id));
    assert!(!ada.deletes(&id), "it lies there already");
    assert!(ada.has_in_trash(&id));
    noor.edits::<JournalEntry>(&id, |entry| entry.text.append(" Far."));
    meet(&mut ada, &mut noor);
    assert!(!ada.has_in_trash(&id) && !noor.has_in_trash(&id));
    assert_eq!(ada.reads(&id), "We walked. Far.");
}

#[test]
fn a_delete_that_saw_everything_holds_whichever_note_wins() {
    for noor_first in [false, true] {
        let (mut ada, mut noor) = Phone::pair();
        let id = ada.writes("Lake", "We walked.");
        meet(&mut ada, &mut noor);
        // One of them deletes what was there, the other edits and then deletes: the latter has seen it all.
        let (early, late) = if noor_first { (&mut noor, &mut ada) } else { (&mut ada, &mut noor) };
        early.deletes(&id);
        late.edits::<JournalEntry>(&id, |entry| entry.text.append(" Far."));
        late.deletes(&id);
        meet(&mut ada, &mut noor);
        assert!(ada.has_in_trash(&id) && noor.has_in_trash(&id));
        assert!(ada.restores(&id));
        assert!(!ada.restores(&id));
        meet(&mut ada, &mut noor);
        assert!(!ada.has_in_trash(&id) && !noor.has_in_trash(&id));
    }
}

#[test]
fn two_deletes_apart_are_one() {
    let (mut ada, mut noor) = Phone::pair();
    let id = ada.writes("Lake", "We walked.");
    meet(&mut ada, &mut noor);
    assert!(ada.deletes(&id) && noor.deletes(&id));
    meet(&mut ada, &mut noor);
    assert!(ada.has_in_trash(&id) && noor.has_in_trash(&id));
    let journal = ada.document.collection::<JournalEntry>();
    assert_eq!(journal.trash(NOW.plus_seconds(30 * 24 * 3600)).items.len(), 1);
    assert!(journal.trash(NOW.plus_seconds(30 * 24 * 3600 + 1)).items.is_empty(), "listed for 30 days");
    assert!(journal.list().items.is_empty());
}

#[test]
fn changes_that_arrive_too_early_wait_also_on_disk() {
    let (mut ada, mut noor) = Phone::pair();
    let id = ada.writes("Lake", "We walked.");
    ada.edits::<JournalEntry>(&id, |entry| entry.text.append(" Far."));
    ada.edits::<JournalEntry>(&id, |entry| entry.text.append(" Home."));
    let changes = ada.document.take_changes();
    assert_eq!(changes.len(), 3);
    assert_eq!(noor.document.apply(&changes[1..]).unwrap(), []);
    assert_eq!(noor.document.waits(), 2);
    noor.reopens();
    assert_eq!(noor.document.waits(), 2);
    let event = EntityEvent { kind: "journal".to_owned(), key: id.to_string() };
    assert_eq!(noor.document.apply(&changes[..1]).unwrap(), [event]);
    assert_eq!(noor.document.waits(), 0);
    assert_eq!(noor.reads(&id), "We walked. Far. Home.");
    assert_eq!(noor.document.apply(&changes).unwrap(), [], "known ones do no harm");
    noor.reopens();
    assert_eq!(noor.reads(&id), "We walked. Far. Home.");
}

#[test]
fn a_batch_is_refused_as_a_whole() {
    let (mut ada, mut noor) = Phone::pair();
    ada.writes("Lake", "We walked.");
    let good = ada.document.take_changes().remove(0);
    for bad in [vec![], vec![0; 40], good[..good.len() - 1].to_vec(), ada.document.save()] {
        let before = noor.document.save();
        let error = noor.document.apply(&[good.clone(), bad]).unwrap_err();
        assert!(matches!(error, DocumentError::Undecodable { index: 1 }), "{error}");
        assert_eq!(noor.document.save(), before);
    }
    // A copied phone goes on with the same actor.
    let mut copy = Phone::new(0xa);
    copy.writes("Sea", "We swam.");
    let other = copy.document.take_changes().remove(0);
    let error = noor.document.apply(&[good.clone(), other.clone()]).unwrap_err();
    assert!(matches!(error, DocumentError::ActorReused { seq: 1, .. }), "{error}");
    assert!(noor.document.collection::<JournalEntry>().list().items.is_empty());
    noor.document.apply(&[good]).unwrap();
    assert!(matches!(noor.document.apply(&[other]), Err(DocumentError::ActorReused { seq: 1, .. })));
    assert_eq!(noor.document.collection::<JournalEntry>().list().items.len(), 1);
}

#[test]
fn what_a_newer_version_wrote_survives_an_edit_here() {
    let (mut ada, mut noor) = Phone::pair();
    let id = ada.writes("Lake", "We walked.");
    let key = format!("journal/{id}");
    let newer = &mut ada.document;
    newer
        .write(|automerge| {
            let (_, entry) = automerge.get(&automerge::ROOT, &key).unwrap().unwrap();
            automerge.put(&entry, "weather", "rain").unwrap();
            let feelings = automerge.put_object(&entry, "dreams", automerge::ObjType::List).unwrap();
            automerge.insert(&feelings, 0, "calm").unwrap();
            automerge.put(automerge::ROOT, "mood/1", 7).map_err(|error| DocumentError::Refused(Box::new(error)))
        })
        .unwrap();
    meet(&mut ada, &mut noor);
    assert!(noor.edits::<JournalEntry>(&id, |entry| {
        entry.title.set("The lake".to_owned());
        entry.text.append(" Far.");
    }));
    meet(&mut ada, &mut noor);
    let (_, entry) = ada.document.automerge.get(&automerge::ROOT, &key).unwrap().unwrap();
    let (weather, _) = ada.document.automerge.get(&entry, "weather").unwrap().unwrap();
    assert_eq!(weather.as_str(), Some("rain"));
    let (_, feelings) = ada.document.automerge.get(&entry, "dreams").unwrap().unwrap();
    assert_eq!(ada.document.automerge.length(&feelings), 1);
    assert_eq!(ada.sees::<JournalEntry>(&id).value.title, "The lake".into());
    assert!(ada.document.automerge.get(&automerge::ROOT, "mood/1").unwrap().is_some());
}

#[test]
fn what_is_damaged_is_named_and_the_rest_listed() {
    let mut ada = Phone::new(0xa);
    let (whole, broken) = (ada.writes("Lake", "We walked."), ada.writes("Sea", "We swam."));
    let key = format!("journal/{broken}");
    let refused = |error| DocumentError::Refused(Box::new(error));
    ada.document
        .write(|automerge| {
            let (_, entry) = automerge.get(&automerge::ROOT, &key).unwrap().unwrap();
            automerge.put_object(&entry, "title", automerge::ObjType::Map).unwrap();
            automerge.put(automerge::ROOT, "journal/not a key", "x").unwrap();
            automerge.put(automerge::ROOT, "journal/scalar", "x").map_err(refused)
        })
        .unwrap();
    let mut journal = ada.document.collection_mut::<JournalEntry>();
    assert!(matches!(journal.get(&broken), Err(DocumentError::Damaged { .. })));
    assert!(matches!(journal.update(&broken, |_| {}), Err(DocumentError::Damaged { .. })));
    assert!(journal.contains(&broken));
    let listing = ada.document.collection::<JournalEntry>().list();
    assert_eq!(listing.items.iter().map(|item| item.id.clone()).collect::<Vec<_>>(), [whole]);
    assert_eq!(listing.damaged, [broken.to_string(), "not a key".to_owned(), "scalar".to_owned()]);
}

#[test]
fn what_is_older_than_a_field_has_its_default() {
    let mut ada = Phone::new(0xa);
    let id = ada.writes("Lake", "We walked.");
    let key = format!("journal/{id}");
    ada.document
        .write(|automerge| {
            let (_, entry) = automerge.get(&automerge::ROOT, &key).unwrap().unwrap();
            for field in ["title", "text", "tags", "feelings", "origin"] {
                automerge.delete(&entry, field).unwrap();
            }
            Ok(())
        })
        .unwrap();
    let entry = ada.sees::<JournalEntry>(&id).value;
    assert_eq!((entry.title.as_str(), entry.text.as_str(), entry.tags.len()), ("", "", 0));
    assert!(!ada.edits::<JournalEntry>(&id, |_| {}), "and nothing is written for that");
    assert!(ada.edits::<JournalEntry>(&id, |entry| entry.text.append("New.")));
    assert_eq!(ada.reads(&id), "New.");
}

#[test]
fn an_update_that_changes_nothing_writes_nothing() {
    let mut ada = Phone::new(0xa);
    let id = ada.writes("Lake", "We walked.");
    ada.document.take_changes();
    let opened = ada.document.heads();
    let mut journal = ada.document.collection_mut::<JournalEntry>();
    assert!(!journal.update(&id, |entry| entry.title.set("Lake".to_owned())).unwrap());
    assert!(!journal.update(&id, |entry| entry.text.update("We walked.")).unwrap());
    assert!(!journal.update_text_at(&id, &opened, "We walked.").unwrap());
    assert!(!journal.restore(&id).unwrap());
    assert_eq!(ada.document.take_changes(), Vec::<Vec<u8>>::new());
    assert_eq!(ada.sees::<JournalEntry>(&id).edits, 1);
    assert_eq!(ada.document.heads(), opened);
}

#[test]
fn limits_are_named_and_what_is_longer_already_may_be_shortened() {
    let mut ada = Phone::new(0xa);
    let id = ada.writes("Lake", &"x".repeat(TEXT_BYTES_MAX));
    let opened = ada.document.heads();
    let refusal = |result: Result<bool, DocumentError>| result.unwrap_err().to_string();
    let mut journal = ada.document.collection_mut::<JournalEntry>();
    assert_eq!(
        refusal(journal.update(&id, |entry| entry.title.set("x".repeat(513)))),
        "title is longer than 512 bytes"
    );
    assert_eq!(refusal(journal.update(&id, |entry| entry.text.append("x"))), "text is longer than 131072 bytes");
    let saved = "x".repeat(TEXT_BYTES_MAX + 1);
    assert_eq!(refusal(journal.update_text_at(&id, &opened, &saved)), "text is longer than 131072 bytes");
    assert_eq!(
        refusal(journal.update(&id, |entry| (0..65).for_each(|tag| _ = entry.tags.insert(&tag.to_string())))),
        "tags: more than 64"
    );
    assert_eq!(ada.document.heads(), opened, "nothing of it was written");
    ada.edits::<JournalEntry>(&id, |entry| assert!(entry.text.replace_first("x", "")));
}

/// The worst text that the limit allows: each character's length differs from the one's before, and each is new.
#[test]
fn the_longest_text_makes_a_change_that_can_be_sent() {
    let mut ada = Phone::new(0xa);
    let mut worst = "xä".repeat(TEXT_BYTES_MAX / 3);
    ada.writes("", &worst);
    let size = ada.document.take_changes()[0].len();
    assert!(size < CHANGE_BYTES_MAX, "{size}");
    // Typed backwards and so in pieces, it may be replaced as a whole only in several changes.
    let id = ada.writes("", "");
    worst.truncate("xä".len() * 150);
    for letter in worst.chars() {
        ada.edits::<JournalEntry>(&id, |entry| {
            let text = format!("{letter}{}", entry.text.as_str());
            entry.text.update(&text);
        });
    }
    ada.document.take_changes();
    ada.edits::<JournalEntry>(&id, |entry| entry.text.update("gone"));
    let size = ada.document.take_changes()[0].len();
    assert!(size < 300 * 32, "{size}");
}

#[test]
fn an_edit_too_big_to_be_sent_is_refused_before_anything_is_changed() {
    let mut ada = Phone::new(0xa);
    let id = ada.writes("Lake", "We walked.");
    ada.document.take_changes();
    let before = ada.document.save();
    let big = "x".repeat(CHANGE_BYTES_MAX);
    let error = ada.document.write(|automerge| {
        automerge.put(automerge::ROOT, "journal/big", big).map_err(|error| DocumentError::Refused(Box::new(error)))
    });
    assert!(matches!(error, Err(DocumentError::ChangeTooLarge { bytes }) if bytes > CHANGE_BYTES_MAX));
    assert_eq!(ada.document.save(), before);
    assert_eq!(ada.document.take_changes(), Vec::<Vec<u8>>::new());
    assert!(ada.edits::<JournalEntry>(&id, |entry| entry.text.append(" Far.")));
}

#[test]
fn a_key_is_begun_once_and_what_is_not_there_is_named() {
    let mut ada = Phone::new(0xa);
    let id = ada.writes("Lake", "We walked.");
    let entry = ada.sees::<JournalEntry>(&id).value;
    let absent = EntityId::make(NOW, &mut ada.rng);
    let unknown = Heads::from_bytes(&[7; 32]).unwrap();
    let mut journal = ada.document.collection_mut::<JournalEntry>();
    assert!(matches!(journal.put(&id, &entry, NOW), Err(DocumentError::Exists { kind: "journal", .. })));
    assert!(journal.get(&absent).unwrap().is_none());
    assert!(matches!(journal.update(&absent, |_| {}), Err(DocumentError::NotFound { kind: "journal", .. })));
    assert!(matches!(journal.remove(&absent, NOW), Err(DocumentError::NotFound { .. })));
    assert!(matches!(journal.restore(&absent), Err(DocumentError::NotFound { .. })));
    assert!(matches!(journal.update_text_at(&id, &unknown, ""), Err(DocumentError::UnknownHeads)));
    assert!(matches!(
        journal.update_text_at(&id, &Heads::from_bytes(&[]).unwrap(), ""),
        Err(DocumentError::NotFound { .. })
    ));
    assert!(Heads::from_bytes(&[7; 31]).is_none());
}

#[test]
fn whatever_changes_in_an_entity_is_told() {
    let mut ada = Phone::new(0xa);
    let id = ada.writes("Lake", "We walked.");
    let beginning = ada.document.take_changes();
    // Three phones choose a title and delete the entry apart: whichever comes last, one of the others may hide it.
    let mut made = Vec::new();
    for number in 1..=3 {
        let mut phone = Phone::new(number);
        phone.document.apply(&beginning).unwrap();
        phone.edits::<JournalEntry>(&id, |entry| entry.title.set(number.to_string()));
        phone.deletes(&id);
        made.extend(phone.document.take_changes());
    }
    let event = EntityEvent { kind: "journal".to_owned(), key: id.to_string() };
    for order in [[0, 1, 2, 3, 4, 5], [4, 5, 2, 3, 0, 1], [2, 3, 0, 1, 4, 5]] {
        let mut noor = Phone::new(0xb);
        noor.document.apply(&beginning).unwrap();
        for index in order {
            let told = noor.document.apply(&made[index..=index]).unwrap();
            assert_eq!(told, std::slice::from_ref(&event));
        }
    }
}

#[test]
fn a_ritual_of_an_earlier_version_is_due_from_the_day_it_was_made() {
    let mut ada = Phone::new(0xa);
    let id = ada.adds_ritual();
    ada.edits::<Ritual>(&id, |ritual| ritual.steps.set(vec![Step::new("grind", None, Turn::Each).unwrap()]));
    let key = format!("ritual/{id}");
    ada.document
        .write(|automerge| {
            let (_, ritual) = automerge.get(&automerge::ROOT, &key).unwrap().unwrap();
            for field in ["starts", "zone", "reminder_minutes", "template"] {
                automerge.delete(&ritual, field).unwrap();
            }
            let (_, steps) = automerge.get(&ritual, "steps").unwrap().unwrap();
            let (_, step) = automerge.get(&steps, 0).unwrap().unwrap();
            automerge.delete(&step, "turn").unwrap();
            Ok(())
        })
        .unwrap();
    let stored = ada.sees::<Ritual>(&id);
    let schedule = stored.value.schedule(stored.made_at, Vec::new()).unwrap();
    assert_eq!(schedule.starts, crate::practice::origin::civil_date(NOW, &TimeZone::UTC));
    assert_eq!(schedule.zone, crate::practice::ritual::Zone::Floating);
    assert_eq!(schedule.reminder_minutes, None);
    assert_eq!(stored.value.steps[0].turn(), Turn::Both);
    assert!(!ada.edits::<Ritual>(&id, |_| {}), "and nothing is written for that");
}

#[test]
fn what_was_written_since_a_state_is_told_and_nothing_from_before() {
    let (mut ada, mut noor) = Phone::pair();
    let [lake, train] = ["Lake", "Train"].map(|title| ada.writes(title, "We went."));
    meet(&mut ada, &mut noor);
    let before = ada.document.heads();
    assert_eq!(ada.document.changed_since(&before), Some(Vec::new()));
    noor.edits::<JournalEntry>(&lake, |entry| entry.text.append(" Again."));
    let home = noor.writes("Home", "We came back.");
    assert_eq!(ada.document.changed_since(&noor.document.heads()), None, "a state that is not known here");
    meet(&mut ada, &mut noor);
    let told = |document: &mut Document, heads| -> BTreeSet<String> {
        document.changed_since(heads).unwrap().into_iter().map(|event| event.key).collect()
    };
    let keys = |ids: &[&EntityId]| ids.iter().map(|id| id.as_str().to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(told(&mut ada.document, &before), keys(&[&lake, &home]));
    assert!(ada.deletes(&train));
    assert_eq!(told(&mut ada.document, &before), keys(&[&lake, &train, &home]));
    assert_eq!(told(&mut ada.document, &Heads::of_nothing()).len(), 3);
}
