//! Which changes may come in? Those that automerge takes, and can give out again exactly as they came.
//!
//! Received changes are signed by a member, and yet a member's phone may be broken or evil. automerge trusts what decodes: some
//! such changes make it panic, and of others it makes a document that, once saved, never loads again. Neither may happen to
//! the phone that receives them, so each batch is tried on a copy of the document and looked at afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::legacy::{Key, ObjectId, OpType};
use automerge::transaction::Transactable as _;
use automerge::{
    AutoCommit, AutomergeError, Change, ChangeHash, LoadOptions, ObjId, Prop, ReadDoc as _, SaveOptions, TextEncoding,
};

use super::{DocumentError, EntityEvent};

/// Changes that wait for others that they follow. automerge keeps them too; these are to take them out of there again.
pub(super) type Waiting = BTreeMap<ChangeHash, Change>;

/// Reads a document, and the changes that wait in it.
pub(super) fn load(saved: &[u8], encoding: TextEncoding) -> Result<(AutoCommit, Waiting), DocumentError> {
    let loaded = catch_unwind(|| {
        let options = LoadOptions::new().text_encoding(encoding);
        AutoCommit::load_with_options(saved, options)
    });
    let mut automerge = loaded.unwrap_or(Err(AutomergeError::Fail)).map_err(DocumentError::Unloadable)?;
    let mut waiting = Waiting::new();
    if !automerge.get_missing_deps(&[]).is_empty() {
        waiting.extend(saved_changes(saved).into_iter().map(|change| (change.hash(), change)));
        retain_waiting(&mut automerge, &mut waiting);
    }
    Ok((automerge, waiting))
}

/// Decodes a batch.
pub(super) fn decode(changes: &[Vec<u8>]) -> Result<Vec<Change>, DocumentError> {
    let decode_one = |(index, bytes): (usize, &Vec<u8>)| {
        // Only plain changes are sent: a compressed one could unpack to any size.
        let plain = bytes.get(CHUNK_KIND_AT) == Some(&CHUNK_CHANGE);
        let change = if plain { Change::try_from(bytes.as_slice()).ok() } else { None };
        change.filter(|change| change.raw_bytes() == bytes).ok_or(DocumentError::Undecodable { index })
    };
    changes.iter().enumerate().map(decode_one).collect()
}

/// Applies a batch, and whatever waited for it. Returns the entities that changed. After an error, all is as before.
///
/// A change that waited and turns out not to apply is dropped: it is not the fault of the batch that let it in.
pub(super) fn apply(
    automerge: &mut AutoCommit,
    waiting: &mut Waiting,
    mut batch: Vec<Change>,
) -> Result<BTreeSet<EntityEvent>, DocumentError> {
    // What is known already, as one's own words are when they come back in an entry, is not worth a copy of the document.
    batch.retain(|change| automerge.get_change_meta_by_hash(&change.hash()).is_none());
    if batch.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut document = automerge.clone();
    let mut events;
    match attempt(&mut document, batch.clone()) {
        Ok(touched) => events = touched,
        Err(error) if waiting.is_empty() => return Err(error),
        Err(_) => {
            document = without_waiting(automerge)?;
            events = attempt(&mut document, batch.clone())?;
            for change in waiting.values() {
                let before = document.clone();
                match attempt(&mut document, vec![change.clone()]) {
                    Ok(touched) => events.extend(touched),
                    Err(_) => document = before,
                }
            }
        }
    }
    *automerge = document;
    waiting.extend(batch.into_iter().map(|change| (change.hash(), change)));
    retain_waiting(automerge, waiting);
    Ok(events)
}

/// Applies, and looks at the result. After an error, the document is not to be used.
fn attempt(document: &mut AutoCommit, changes: Vec<Change>) -> Result<BTreeSet<EntityEvent>, DocumentError> {
    let before = document.base_heads();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        document.apply_changes(changes)?;
        // A document is saved without the bytes of its changes, which are made anew on loading. Where they do not come out as
        // they came in, the saved document does not load. No change is known that automerge 0.12 takes and gives out otherwise: this
        // is for those that nobody knows.
        let given_out = document.get_changes(&before);
        if !given_out.iter().all(|change| document.get_change_meta_by_hash(&change.hash()).is_some()) {
            return Err(AutomergeError::Fail);
        }
        touched_by(document, &given_out)
    }));
    outcome.unwrap_or(Err(AutomergeError::Fail)).map_err(|error| match error {
        AutomergeError::DuplicateSeqNumber(seq, actor) => {
            DocumentError::ActorReused { actor: actor.to_hex_string(), seq }
        }
        error => DocumentError::Inapplicable(error),
    })
}

/// The entities that these changes, which are in the document, write to. automerge's patches would not do: they leave out a
/// third value of a contested field, and a third note that something lies in the trash.
pub(super) fn touched_by(document: &AutoCommit, changes: &[Change]) -> Result<BTreeSet<EntityEvent>, AutomergeError> {
    let mut keys = BTreeSet::new();
    let mut objects = BTreeSet::new();
    for operation in changes.iter().flat_map(|change| change.decode().operations) {
        // Nothing here marks passages of a text, and automerge saves some marks so that they do not load.
        if matches!(operation.action, OpType::MarkBegin(_) | OpType::MarkEnd(_)) {
            return Err(AutomergeError::Fail);
        }
        match (operation.obj, operation.key) {
            (ObjectId::Root, Key::Map(key)) => _ = keys.insert(key.to_string()),
            (ObjectId::Root, Key::Seq(_)) => return Err(AutomergeError::Fail),
            (ObjectId::Id(id), _) => _ = objects.insert((id.counter(), id.actor().clone())),
        }
    }
    for (counter, actor) in objects {
        // The last step up leads into the root.
        match document.parents(ObjId::Id(counter, actor, 0))?.last().map(|parent| parent.prop) {
            Some(Prop::Map(key)) => _ = keys.insert(key),
            _ => return Err(AutomergeError::Fail),
        }
    }
    Ok(keys.iter().filter_map(|key| EntityEvent::from_document_key(key)).collect())
}

/// The same document without the changes that wait.
fn without_waiting(automerge: &mut AutoCommit) -> Result<AutoCommit, DocumentError> {
    let saved = automerge.save_with_options(SaveOptions { retain_orphans: false, ..SaveOptions::default() });
    let (mut document, _) = load(&saved, automerge.text_encoding())?;
    document.set_actor(automerge.get_actor().clone());
    Ok(document)
}

/// Forgets what does not wait any more, and what automerge has given up.
fn retain_waiting(automerge: &mut AutoCommit, waiting: &mut Waiting) {
    if automerge.get_missing_deps(&[]).is_empty() {
        waiting.clear();
    }
    waiting.retain(|hash, _| automerge.get_change_meta_by_hash(hash).is_none());
}

/// Where a chunk's kind stands: after the magic number and the checksum, 4 bytes each.
const CHUNK_KIND_AT: usize = 8;
const CHUNK_CHANGE: u8 = 1;

/// The single changes that follow the document in what automerge saved: those that waited.
///
/// A chunk is `magic (4) ‖ checksum (4) ‖ kind (1) ‖ length (LEB128) ‖ content`
/// (<https://automerge.org/automerge-binary-format-spec/>).
fn saved_changes(mut saved: &[u8]) -> Vec<Change> {
    let mut changes = Vec::new();
    while let Some((chunk, rest)) = split_chunk(saved) {
        if chunk.get(CHUNK_KIND_AT) == Some(&CHUNK_CHANGE) {
            changes.extend(Change::try_from(chunk));
        }
        saved = rest;
    }
    changes
}

fn split_chunk(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_usize;
    for (index, byte) in bytes.get(CHUNK_KIND_AT + 1..)?.iter().take(5).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.split_at_checked((CHUNK_KIND_AT + 2 + index).checked_add(length)?);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use crate::document::tests::Phone;
    use crate::document::{ActorId, Document, DocumentError, EntityId};
    use crate::practice::journal::JournalEntry;

    /// Three changes of one entry, in a row.
    fn written_by_ada() -> (EntityId, Vec<Vec<u8>>) {
        let mut ada = Phone::new(0xa);
        let id = ada.writes("Lake", "We walked.");
        ada.edits::<JournalEntry>(&id, |entry| {
            entry.title.set("The lake".to_owned());
            entry.text.append(" Far.");
            assert!(entry.text.replace_first("walked", "ran") && entry.tags.insert("us"));
        });
        ada.edits::<JournalEntry>(&id, |entry| entry.text.append(" Home."));
        (id, ada.document.take_changes())
    }

    fn content_of(change: &[u8]) -> &[u8] {
        let length_bytes = change[9..].iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
        &change[9 + length_bytes..]
    }

    /// Changes bytes of a change's content and makes its checksum fit again, as a broken phone might.
    fn broken(mut change: Vec<u8>, edits: &[(prop::sample::Index, u8)]) -> Vec<u8> {
        let length_bytes = change[9..].iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
        let content = 9 + length_bytes..change.len();
        for (at, flip) in edits {
            let at = content.start + at.index(content.len());
            change[at] ^= flip;
        }
        let checksum = Sha256::digest(&change[8..]);
        change[4..8].copy_from_slice(&checksum[..4]);
        change
    }

    /// Reads all of a document, saves it, and opens it again.
    fn is_usable(phone: &mut Phone) -> bool {
        let listing = phone.document.collection::<JournalEntry>().list();
        let saved = phone.document.save();
        let loaded = Document::load(&saved, ActorId::make_random(&mut phone.rng, &phone.writer.device));
        loaded.is_ok_and(|loaded| {
            loaded.waits() == phone.document.waits() && loaded.collection::<JournalEntry>().list() == listing
        })
    }

    #[test]
    fn a_marked_passage_is_refused() {
        use automerge::marks::{ExpandMark, Mark};
        use automerge::transaction::Transactable as _;
        let mut evil = automerge::AutoCommit::new();
        let text = evil.put_object(automerge::ROOT, "text", automerge::ObjType::Text).unwrap();
        evil.splice_text(&text, 0, 0, "a word").unwrap();
        evil.mark(&text, Mark::new("bold".to_owned(), true, 0, 1), ExpandMark::None).unwrap();
        evil.commit();
        let change = evil.get_last_local_change().unwrap().raw_bytes().to_vec();
        let mut noor = Phone::new(0xb);
        noor.writes("Lake", "We walked.");
        assert!(matches!(noor.document.apply(&[change]), Err(DocumentError::Inapplicable(_))));
        assert!(is_usable(&mut noor));
    }

    /// The change with one more author among those that it refers to, to whom it does not refer. Its checksum fits, it decodes, and
    /// automerge 0.12 panics over it.
    fn naming_a_stranger(change: &[u8]) -> Vec<u8> {
        let (header, content) = change.split_at(change.len() - content_of(change).len());
        let mut at = 0;
        let number = |at: &mut usize| {
            let mut value = 0_usize;
            for shift in (0..).step_by(7) {
                let byte = content[*at];
                *at += 1;
                value |= usize::from(byte & 0x7f) << shift;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            value
        };
        // Changes that it follows, its author, its number, its first operation, its time and its message come before the others.
        at += 32 * number(&mut at);
        at += number(&mut at);
        let _ = [number(&mut at), number(&mut at), number(&mut at)];
        at += number(&mut at);
        let before = at;
        let others = number(&mut at);
        let after = at;
        assert!(others < 0x7f);
        let stranger = [0xff; 16];
        let mut named = content[..before].to_vec();
        named.push(u8::try_from(others + 1).unwrap());
        let mut rest = content[after..].to_vec();
        // They are in order, and this one is the last.
        let end: usize = (0..others).fold(0, |end, _| end + 1 + usize::from(rest[end]));
        rest.splice(end..end, [&[16], &stranger[..]].concat());
        named.extend(rest);
        let mut length = Vec::new();
        let mut left = named.len();
        while left >= 0x80 {
            length.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        length.push(left as u8);
        let mut change = [&header[..9], &length, &named].concat();
        let checksum = Sha256::digest(&change[8..]);
        change[4..8].copy_from_slice(&checksum[..4]);
        change
    }

    #[test]
    fn a_change_over_which_automerge_panics_is_refused_and_harms_nobody() {
        let (id, changes) = written_by_ada();
        let mut noor = Phone::new(0xb);
        let refusal = noor.document.apply(&[naming_a_stranger(&changes[0])]).unwrap_err();
        assert!(matches!(refusal, DocumentError::Inapplicable(_)), "{refusal:?}");
        assert!(is_usable(&mut noor));
        noor.document.apply(&changes).unwrap();
        assert!(noor.document.collection::<JournalEntry>().contains(&id));
    }

    proptest! {
        #[test]
        fn no_change_of_a_broken_phone_breaks_the_phone_that_receives_it(
            which in 0_usize..3,
            edits in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..3),
        ) {
            let (_, mut changes) = written_by_ada();
            changes[which] = broken(changes[which].clone(), &edits);
            let mut noor = Phone::new(0xb);
            let before = noor.document.save();
            if noor.document.apply(&changes).is_err() {
                prop_assert_eq!(noor.document.save(), before);
            }
            prop_assert!(is_usable(&mut noor));
        }

        #[test]
        fn a_broken_change_that_waits_does_not_harm_what_lets_it_in(
            edits in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..3),
        ) {
            let (id, changes) = written_by_ada();
            let mut noor = Phone::new(0xb);
            let _ = noor.document.apply(&[broken(changes[1].clone(), &edits)]);
            prop_assert!(is_usable(&mut noor));
            noor.document.apply(&changes[..1]).unwrap();
            prop_assert!(noor.document.collection::<JournalEntry>().contains(&id));
            prop_assert!(is_usable(&mut noor));
        }
    }
}
