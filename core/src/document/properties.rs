//! Does every order in which three phones write and meet end the same, and as a plain model of the rules says?
//!
//! In the model, an edit is an event that knows which events its phone saw before it. What holds in the end follows from these
//! pasts alone: a word stays unless someone who saw it removed it; a choice counts unless someone who saw it chose again; a
//! tag stays unless someone removed it who saw all of its additions; a deletion holds if it saw every edit.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::{NOW, Phone};
use super::*;
use crate::practice::journal::JournalEntry;

type EventId = usize;

#[derive(Debug, Clone)]
enum Act {
    Write,
    AddWord,
    RemoveWord(prop::sample::Index),
    SetTitle,
    AddTag(u8),
    RemoveTag(u8),
    Delete,
    Restore,
    OpenEditor,
    SaveEditor { in_front: bool },
    Reopen,
    Receive(Vec<prop::sample::Index>),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => Just(Act::Write),
        4 => Just(Act::AddWord),
        2 => any::<prop::sample::Index>().prop_map(Act::RemoveWord),
        2 => Just(Act::SetTitle),
        2 => (0_u8..3).prop_map(Act::AddTag),
        2 => (0_u8..3).prop_map(Act::RemoveTag),
        3 => Just(Act::Delete),
        2 => Just(Act::Restore),
        1 => Just(Act::OpenEditor),
        2 => any::<bool>().prop_map(|in_front| Act::SaveEditor { in_front }),
        1 => Just(Act::Reopen),
        6 => prop::collection::vec(any::<prop::sample::Index>(), 1..6).prop_map(Act::Receive),
    ]
}

/// What an event did, and to which entry.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Did {
    Created,
    AddedWord(char),
    RemovedWord(char),
    SetTitle(String),
    AddedTag(String),
    RemovedTag(String),
    Deleted,
    Restored,
}

struct Event {
    entry: EntityId,
    did: Did,
    /// All that its phone saw before it.
    past: BTreeSet<EventId>,
    change: Vec<u8>,
}

struct Editor {
    entry: EntityId,
    opened: Heads,
    text: String,
    seen: BTreeSet<EventId>,
}

struct World {
    phones: Vec<Phone>,
    received: Vec<BTreeSet<EventId>>,
    editors: Vec<Option<Editor>>,
    events: Vec<Event>,
}

impl World {
    fn new() -> Self {
        Self {
            phones: (1..=3).map(Phone::new).collect(),
            received: vec![BTreeSet::new(); 3],
            editors: vec![None, None, None],
            events: Vec::new(),
        }
    }

    /// The events that a phone received together with all that they follow.
    fn seen(&self, phone: usize) -> BTreeSet<EventId> {
        let received = &self.received[phone];
        received.iter().copied().filter(|event| self.events[*event].past.is_subset(received)).collect()
    }

    fn of_entry<'a>(&'a self, entry: &'a EntityId, seen: &'a BTreeSet<EventId>) -> impl Iterator<Item = EventId> + 'a {
        seen.iter().copied().filter(move |event| self.events[*event].entry == *entry)
    }

    fn record(&mut self, phone: usize, entry: &EntityId, did: Did, past: BTreeSet<EventId>) {
        let mut changes = self.phones[phone].document.take_changes();
        assert_eq!(changes.len(), 1, "{did:?} makes one change");
        self.received[phone].insert(self.events.len());
        self.events.push(Event { entry: entry.clone(), did, past, change: changes.remove(0) });
    }

    fn fresh_word(&self) -> char {
        char::from_u32(0x4e00 + u32::try_from(self.events.len()).expect("is small")).expect("is a character")
    }

    /// Lets a phone do something to an entry that it sees; what has no effect must change nothing.
    fn act(&mut self, phone: usize, act: &Act, which: prop::sample::Index) {
        match act {
            Act::Write => {
                let past = self.seen(phone);
                let id = self.phones[phone].writes("", "");
                return self.record(phone, &id, Did::Created, past);
            }
            Act::Reopen => return self.phones[phone].reopens(),
            Act::Receive(picks) => return self.receive(phone, picks),
            Act::SaveEditor { in_front } => return self.save_editor(phone, *in_front),
            _ => {}
        }
        let seen = self.seen(phone);
        let created = |event: &EventId| self.events[*event].did == Did::Created;
        let entries: Vec<EventId> = seen.iter().copied().filter(created).collect();
        if !entries.is_empty() {
            let entry = self.events[*which.get(&entries)].entry.clone();
            self.act_on(phone, act, &entry, seen);
        }
    }

    fn act_on(&mut self, phone: usize, act: &Act, entry: &EntityId, seen: BTreeSet<EventId>) {
        let expected = self.expected(entry, &seen);
        let word = self.fresh_word();
        let title = format!("title {}", self.events.len());
        let at = &mut self.phones[phone];
        let (written, did) = match act {
            Act::AddWord => {
                let written = at.edits::<JournalEntry>(entry, |entry| entry.text.append(&word.to_string()));
                (written, Some(Did::AddedWord(word)))
            }
            Act::RemoveWord(which) => {
                let words: Vec<char> = expected.words.iter().copied().collect();
                if words.is_empty() {
                    return;
                }
                let word = *which.get(&words);
                let written = at.edits::<JournalEntry>(entry, |entry| {
                    assert!(entry.text.replace_first(&word.to_string(), ""));
                });
                (written, Some(Did::RemovedWord(word)))
            }
            Act::SetTitle => {
                let written = at.edits::<JournalEntry>(entry, |entry| entry.title.set(title.clone()));
                (written, Some(Did::SetTitle(title)))
            }
            Act::AddTag(tag) => {
                let tag = tag.to_string();
                let written = at.edits::<JournalEntry>(entry, |entry| _ = entry.tags.insert(&tag));
                (written, (!expected.tags.contains(&tag)).then_some(Did::AddedTag(tag)))
            }
            Act::RemoveTag(tag) => {
                let tag = tag.to_string();
                let written = at.edits::<JournalEntry>(entry, |entry| _ = entry.tags.remove(&tag));
                (written, expected.tags.contains(&tag).then_some(Did::RemovedTag(tag)))
            }
            Act::Delete => (at.deletes(entry), (!expected.in_trash).then_some(Did::Deleted)),
            Act::Restore => (at.restores(entry), expected.in_trash.then_some(Did::Restored)),
            Act::OpenEditor => {
                let (opened, text) =
                    (at.document.heads(), at.sees::<JournalEntry>(entry).value.text.as_str().to_owned());
                self.editors[phone] = Some(Editor { entry: entry.clone(), opened, text, seen });
                return;
            }
            Act::Write | Act::Reopen | Act::Receive(_) | Act::SaveEditor { .. } => unreachable!("done before"),
        };
        assert_eq!(written, did.is_some(), "{act:?}");
        if let Some(did) = did {
            self.record(phone, entry, did, seen);
        }
    }

    fn save_editor(&mut self, phone: usize, in_front: bool) {
        let word = self.fresh_word();
        let Some(editor) = self.editors[phone].take() else { return };
        let saved = if in_front { format!("{word}{}", editor.text) } else { format!("{}{word}", editor.text) };
        let mut journal = self.phones[phone].document.collection_mut::<JournalEntry>();
        assert!(journal.update_text_at(&editor.entry, &editor.opened, &saved).unwrap());
        self.record(phone, &editor.entry, Did::AddedWord(word), editor.seen);
    }

    fn receive(&mut self, phone: usize, picks: &[prop::sample::Index]) {
        if self.events.is_empty() {
            return;
        }
        let picked: Vec<EventId> = picks.iter().map(|pick| pick.index(self.events.len())).collect();
        self.deliver(phone, &picked);
    }

    fn deliver(&mut self, phone: usize, picked: &[EventId]) {
        let before = self.seen(phone);
        let changes: Vec<Vec<u8>> = picked.iter().map(|event| self.events[*event].change.clone()).collect();
        let told = self.phones[phone].document.apply(&changes).unwrap();
        self.received[phone].extend(picked);
        let after = self.seen(phone);
        assert_eq!(self.phones[phone].document.waits(), self.received[phone].len() - after.len());
        let touched =
            |event: &EventId| EntityEvent { kind: "journal".to_owned(), key: self.events[*event].entry.to_string() };
        let touched: BTreeSet<EntityEvent> = after.difference(&before).map(touched).collect();
        assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), touched);
    }

    fn expected(&self, entry: &EntityId, seen: &BTreeSet<EventId>) -> Expected {
        let events: Vec<EventId> = self.of_entry(entry, seen).collect();
        let did = |event: EventId| &self.events[event].did;
        let saw = |later: EventId, earlier: EventId| self.events[later].past.contains(&earlier);
        let mut expected = Expected::default();
        for event in events.iter().copied() {
            match did(event) {
                Did::AddedWord(word) if !events.iter().any(|other| *did(*other) == Did::RemovedWord(*word)) => {
                    expected.words.insert(*word);
                }
                Did::AddedTag(tag) => {
                    let removed = Did::RemovedTag(tag.clone());
                    if !events.iter().any(|other| *did(*other) == removed && saw(*other, event)) {
                        expected.tags.insert(tag.clone());
                    }
                }
                Did::SetTitle(title) => {
                    let chose_again = |other: &EventId| matches!(did(*other), Did::SetTitle(_)) && saw(*other, event);
                    if !events.iter().any(chose_again) {
                        expected.titles.insert(title.clone());
                    }
                }
                Did::Deleted => {
                    let is_edit = |other: &EventId| *did(*other) != Did::Deleted;
                    expected.in_trash |= events.iter().copied().filter(is_edit).all(|edit| saw(event, edit));
                }
                _ => {}
            }
        }
        if expected.titles.is_empty() {
            expected.titles.insert(String::new());
        }
        expected
    }

    /// Checks what a phone holds against the model.
    fn check(&self, phone: usize) {
        let seen = self.seen(phone);
        let entries: BTreeMap<&EntityId, ()> = seen.iter().map(|event| (&self.events[*event].entry, ())).collect();
        for entry in entries.into_keys() {
            let expected = self.expected(entry, &seen);
            let stored = self.phones[phone].sees::<JournalEntry>(entry);
            let words: BTreeSet<char> = stored.value.text.as_str().chars().collect();
            assert_eq!(words, expected.words);
            assert_eq!(stored.value.text.as_str().chars().count(), words.len(), "no word stands twice");
            assert_eq!(*stored.value.tags, expected.tags);
            let others = stored.alternatives.get("title").into_iter().flatten().cloned();
            let titles: BTreeSet<String> = others.chain([stored.value.title.get().clone()]).collect();
            assert_eq!(titles, expected.titles);
            assert_eq!(stored.alternatives.keys().filter(|field| *field != "title").count(), 0);
            assert_eq!(self.phones[phone].has_in_trash(entry), expected.in_trash);
            let is_edit = |event: &EventId| self.events[*event].did != Did::Deleted;
            assert_eq!(stored.edits, self.of_entry(entry, &seen).filter(is_edit).count() as u64);
        }
    }

    /// Everyone receives everything; then all must hold the same.
    fn settle(&mut self) {
        let all: Vec<EventId> = (0..self.events.len()).rev().collect();
        for phone in 0..3 {
            self.deliver(phone, &all);
            self.phones[phone].reopens();
            self.check(phone);
        }
        let listed = |phone: &Phone| {
            let journal = phone.document.collection::<JournalEntry>();
            (journal.list(), journal.trash(NOW))
        };
        assert_eq!(listed(&self.phones[0]), listed(&self.phones[1]));
        assert_eq!(listed(&self.phones[0]), listed(&self.phones[2]));
        assert_eq!(self.phones[0].document.heads(), self.phones[1].document.heads());
    }
}

#[derive(Debug, Default)]
struct Expected {
    words: BTreeSet<char>,
    titles: BTreeSet<String>,
    tags: BTreeSet<String>,
    in_trash: bool,
}

proptest! {
    #[test]
    fn every_order_ends_as_the_rules_say(
        acts in prop::collection::vec((0_usize..3, act(), any::<prop::sample::Index>()), 1..60),
    ) {
        let mut world = World::new();
        for (phone, act, which) in acts {
            world.act(phone, &act, which);
            world.check(phone);
        }
        world.settle();
    }
}
