//! Do two phones that wrote apart hold the same afterwards, with every word of both?

use jiff::tz::TimeZone;
use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;

use super::*;
use crate::id::{KeyholderId, PersonId};
use crate::practice::Writer;
use crate::practice::journal::JournalEntry;
use crate::practice::ritual::{Ritual, Step};
use crate::time::Timestamp;

pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_795_500_000);

/// A phone that has one document open.
pub(super) struct Phone {
    pub(super) writer: Writer,
    pub(super) rng: ChaCha8Rng,
    pub(super) document: Document,
}

impl Phone {
    pub(super) fn new(number: u8) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(u64::from(number));
        let device = KeyholderId::from_bytes([number; 16]);
        let document = Document::new(ActorId::make_random(&mut rng, &device));
        Self { writer: Writer { person: PersonId::from_bytes([number; 16]), device }, rng, document }
    }

    fn pair() -> (Self, Self) {
        (Self::new(0xa), Self::new(0xb))
    }

    pub(super) fn writes(&mut self, title: &str, text: &str) -> EntityId {
        let id = EntityId::make(NOW, &mut self.rng);
        let entry = JournalEntry::new(title, text, &self.writer, NOW, &TimeZone::UTC);
        self.document.collection_mut().put(&id, &entry, NOW).unwrap();
        id
    }

    fn adds_ritual(&mut self) -> EntityId {
        let id = EntityId::make(NOW, &mut self.rng);
        let ritual = Ritual::new("Coffee", &"FREQ=DAILY".parse().unwrap(), Some("08:00".parse().unwrap()));
        self.document.collection_mut().put(&id, &ritual, NOW).unwrap();
        id
    }

    pub(super) fn edits<T: Entity>(&mut self, id: &EntityId, edit: impl FnOnce(&mut T)) -> bool {
        self.document.collection_mut().update(id, edit).unwrap()
    }

    pub(super) fn sees<T: Entity>(&self, id: &EntityId) -> Stored<T> {
        self.document.collection().get(id).unwrap().expect("it is there")
    }

    fn reads(&self, id: &EntityId) -> String {
        self.sees::<JournalEntry>(id).value.text.as_str().to_owned()
    }

    pub(super) fn deletes(&mut self, id: &EntityId) -> bool {
        self.document.collection_mut::<JournalEntry>().remove(id, NOW).unwrap()
    }

    pub(super) fn restores(&mut self, id: &EntityId) -> bool {
        self.document.collection_mut::<JournalEntry>().restore(id).unwrap()
    }

    pub(super) fn has_in_trash(&self, id: &EntityId) -> bool {
        let journal = self.document.collection::<JournalEntry>();
        let (listed, trashed) = (journal.list(), journal.trash(NOW));
        let is_in = |listing: &Listing<JournalEntry>| listing.items.iter().any(|item| item.id == *id);
        assert_ne!(is_in(&listed), is_in(&trashed), "it is in one of the two");
        is_in(&trashed)
    }

    /// Closes the document and opens it anew, as another command of the same phone does.
    pub(super) fn reopens(&mut self) {
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
    let step = |text: &str| Step { text: text.to_owned(), minutes: Some(2) };
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
