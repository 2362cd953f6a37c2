//! What does a device show? Documents that are made of its store: opened entries and pending changes, each under a fresh actor.
//!
//! A view is not durable: it is dropped wherever a process ends, and made anew.

use std::collections::{BTreeMap, BTreeSet};

use entwine_core::document::{ActorId, Document, EntityId};
use entwine_core::id::{Hash, KeyholderId, PersonId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::practice::Writer;
use entwine_core::practice::journal::JournalEntry;
use entwine_core::practice::origin::Origin;
use entwine_core::sealing::entry::{EntryContent, OpenError};
use entwine_core::time::Timestamp;
use jiff::tz::TimeZone;
use rand::RngExt as _;
use rand::rngs::ChaCha20Rng;

use super::Tools;
use super::device::Replica;

/// All documents of one space, as one process has them open.
#[derive(Default)]
pub(crate) struct View {
    documents: BTreeMap<String, Document>,
    opened: BTreeSet<Hash>,
    /// The journal entries of each document.
    entries: BTreeMap<String, BTreeSet<String>>,
    /// How many of the pending changes are in there.
    pending: usize,
}

impl View {
    /// The pending changes are others now.
    pub(crate) fn pending_changed(&mut self) {
        self.pending = 0;
    }

    /// Opens what came: whether everything opened.
    ///
    /// # Panics
    /// On an entry that can never be opened: nobody here writes such.
    pub(crate) fn refresh(&mut self, replica: &Replica, keys: &SecretKeys, tools: &mut Tools) -> bool {
        let chain = replica.store.chain();
        let ring = tools.memory.ring(chain, keys, replica.invitation.as_ref());
        let mut opens = true;
        let mut changes: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        for entry in replica.store.entries() {
            if self.opened.contains(&entry.hash) || replica.store.waiting.contains(&(entry.feed, entry.tip())) {
                continue;
            }
            match EntryContent::open(entry, chain, &ring) {
                Ok(content) => {
                    self.opened.insert(entry.hash);
                    changes.entry(content.document).or_default().extend(content.changes);
                }
                Err(OpenError::KeyMissing) => opens = false,
                Err(error) => panic!("an entry never opens: {error}"),
            }
        }
        // Nothing is written on what the relay set aside for good.
        for pending in replica.pending.iter().skip(self.pending).filter(|pending| !pending.is_set_aside()) {
            changes.entry(pending.document.clone()).or_default().push(pending.change.clone());
        }
        self.pending = replica.pending.len();
        for (name, changes) in changes {
            let events = self.document(&name, &keys.id(), &mut tools.rng).apply(&changes);
            let events = events.expect("nobody here makes a change that does not apply");
            self.entries.entry(name).or_default().extend(events.into_iter().map(|event| event.key));
        }
        opens
    }

    /// Types a word somewhere in a document: the change.
    pub(crate) fn type_word(
        &mut self,
        (document, word): (&str, &str),
        (keys, person): (&SecretKeys, PersonId),
        now: Timestamp,
        rng: &mut ChaCha20Rng,
    ) -> Vec<u8> {
        let id = EntityId::make(now, rng);
        let entries = self.entries.entry(document.to_owned()).or_default();
        let chosen = if rng.random_bool(0.7) { entries.iter().nth(rng.random_range(0..=entries.len())) } else { None };
        let chosen: Option<EntityId> = chosen.map(|key| key.parse().expect("the key of an entry"));
        if chosen.is_none() {
            entries.insert(id.as_str().to_owned());
        }
        let document = self.document(document, &keys.id(), rng);
        if let Some(chosen) = chosen {
            let written = document.collection_mut::<JournalEntry>().update(&chosen, |entry| entry.text.append(word));
            assert!(written.expect("an entry takes a word"), "a word is a change");
        } else {
            let writer = Writer { person, device: keys.id() };
            let entry = JournalEntry::new("", word, &Origin::new(&writer, now, &TimeZone::UTC));
            document.collection_mut().put(&id, &entry, now).expect("a new entry");
        }
        let [change] = <[Vec<u8>; 1]>::try_from(document.take_changes()).expect("one edit is one change");
        self.pending += 1;
        change
    }

    /// All documents, saved.
    pub(crate) fn save(&mut self) -> BTreeMap<String, Vec<u8>> {
        self.documents.iter_mut().map(|(name, document)| (name.clone(), document.save())).collect()
    }

    fn document(&mut self, name: &str, device: &KeyholderId, rng: &mut ChaCha20Rng) -> &mut Document {
        self.documents.entry(name.to_owned()).or_insert_with(|| Document::new(ActorId::make_random(rng, device)))
    }
}
