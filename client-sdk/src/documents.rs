//! Documents, as this device opens and changes them. The only file of the SDK between practices and storage.
//!
//! ```text
//! load   = snapshot + opened entries + pending changes, under an actor of its own; or what stayed open + what is newer
//! change = load, edit, keep what was changed as pending: then it is safe
//! open   = entries that came, into their documents; what does not fit is set aside and stops nothing
//! ```

mod open;

use std::collections::BTreeMap;

use entwine_core::document::{ActorId, Document, DocumentError, DocumentName, Heads};
use entwine_core::feed::EntryKind;
use entwine_core::sealing::entry::{EntryContent, OpenError};
use entwine_core::sync::ChainMark;
use entwine_core::time::Timestamp;

pub(crate) use open::OpenDocuments;
use open::{Loaded, OpenDocument, Place};

use crate::client::told::told_lines;
use crate::client::{Client, SpaceView};
use crate::error::Error;
use crate::status::Reason;
use crate::storage::{
    DocumentWriting, EntryState, Opening, PendingChange, Step, StorageError, StoredDocument, UnopenedEntry,
};
use crate::{clock, random};

/// How many entries and pending changes may lie beyond a snapshot before the next one is made. Each costs a decryption when
/// the document is opened; a snapshot costs writing the whole document.
const TAIL_MAX: usize = 48;
/// Entries that are opened in one step.
const OPENING_BATCH: u32 = 256;

/// An entry that opened: its changes are for one document.
struct Arrived {
    arrival: u64,
    changes: Vec<Vec<u8>>,
}

/// A document while it is changed: what a change does before its edit and after it is the same for all, and compiled once.
struct Change<'c> {
    now: Timestamp,
    writing: DocumentWriting<'c>,
    open: OpenDocument,
    is_again: bool,
    /// What the relay refused for good: it is shown, and not here.
    staying: Vec<Vec<u8>>,
}

impl Client {
    /// Opens a document to read it; an empty one where nothing was ever written.
    pub(crate) async fn load(&self, view: &SpaceView, name: &DocumentName) -> Result<Loaded<'_>, Error> {
        let kept = self.documents.take(&view.space, name.as_str());
        let is_again = kept.is_some();
        let held = kept.as_ref().map(|kept| kept.held);
        let mut stored = self.storage.stored_document(&view.space, name.as_str(), held).await?;
        let staying: Vec<Vec<u8>> = stored.staying.drain(..).map(|change| change.bytes).collect();
        let mut open = self.bring_up(view, kept, stored)?;
        if !staying.is_empty() {
            // To be shown, and never to be written on: so it does not stay open.
            let heads = open.document.heads();
            open.document.apply(&staying)?;
            return Ok(Loaded::with_staying(open, heads));
        }
        let place = Place { documents: &self.documents, space: view.space, name: name.as_str().to_owned(), is_again };
        Ok(Loaded::new(open, place))
    }

    /// The state that a document had when its last entry was the one that arrived as this number, and nothing in it was pending.
    pub(crate) async fn former_heads(&self, view: &SpaceView, name: &DocumentName, until: u64) -> Result<Heads, Error> {
        let mut document = Document::new(ActorId::make_random(&mut random::generator(), &self.keys.id()));
        let entries = self.storage.entries_of(&view.space, name.as_str(), until).await?;
        let opened = entries.iter().filter_map(|entry| EntryContent::open(entry, &view.chain, &view.ring).ok());
        let changes: Vec<Vec<u8>> = opened.flat_map(|content| content.changes).collect();
        apply_what_fits(&mut document, &changes);
        Ok(document.heads())
    }

    /// Makes a document out of what is stored of it, or brings one that stayed open up to date.
    ///
    /// Every loading has an actor of its own: one that was used before, with a history that a restored phone forgot, would make
    /// all others refuse what it writes.
    fn bring_up(
        &self,
        view: &SpaceView,
        kept: Option<OpenDocument>,
        stored: StoredDocument,
    ) -> Result<OpenDocument, Error> {
        let mut open = match (kept, &stored.snapshot) {
            (Some(kept), _) if stored.is_newer => kept,
            (_, snapshot) => {
                let actor = ActorId::make_random(&mut random::generator(), &self.keys.id());
                let document = match snapshot {
                    Some(bytes) => Document::load(bytes, actor)?,
                    None => Document::new(actor),
                };
                let bytes = snapshot.as_ref().map_or(0, Vec::len);
                OpenDocument { document, held: stored.held, snapshot_until: stored.snapshot_until, tail: 0, bytes }
            }
        };
        // They opened when they came, and were set aside where not all of it applied; should one not now, the others still stand.
        let opened = stored.tail.iter().filter_map(|entry| EntryContent::open(entry, &view.chain, &view.ring).ok());
        let changes: Vec<Vec<u8>> = opened.flat_map(|content| content.changes).collect();
        open.add(&changes, stored.tail.len());
        let pending: Vec<Vec<u8>> = stored.pending.into_iter().map(|change| change.bytes).collect();
        open.add(&pending, pending.len());
        open.held = stored.held;
        Ok(open)
    }

    /// Changes a document. When this returns, the change is safe on this device.
    pub(crate) async fn change<R>(
        &self,
        view: &SpaceView,
        name: &DocumentName,
        edit: impl FnOnce(&mut Document, Timestamp) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut change = self.begin_change(view, name).await?;
        let result = match edit(&mut change.open.document, change.now) {
            Ok(result) => result,
            Err(error) => return Err(change.explain(error)),
        };
        self.finish_change(view, name, change).await?;
        Ok(result)
    }

    async fn begin_change(&self, view: &SpaceView, name: &DocumentName) -> Result<Change<'_>, Error> {
        match view.gone {
            Some(Reason::Left) => return Err(Error::Left),
            Some(_) => return Err(Error::Removed),
            None => {}
        }
        let now = clock::now();
        let mut writing = self.storage.write_document(&view.space, name.as_str()).await?;
        let kept = self.documents.take(&view.space, name.as_str());
        let is_again = kept.is_some();
        let mut stored = writing.stored(kept.as_ref().map(|kept| kept.held)).await?;
        let staying = stored.staying.drain(..).map(|change| change.bytes).collect();
        // Without what the relay set aside for good: others could not open what is written on that.
        let open = self.bring_up(view, kept, stored)?;
        Ok(Change { now, writing, open, is_again, staying })
    }

    async fn finish_change(&self, view: &SpaceView, name: &DocumentName, change: Change<'_>) -> Result<(), Error> {
        let Change { now, writing, mut open, is_again, .. } = change;
        let changes: Vec<PendingChange> =
            open.document.take_changes().into_iter().map(|bytes| PendingChange { bytes, written: now }).collect();
        if let Some(last) = writing.keep(&changes).await? {
            open.held.pending_until = last;
            open.tail += changes.len();
            open.bytes += changes.iter().map(|change| change.bytes.len()).sum::<usize>();
        }
        if open.tail > TAIL_MAX {
            self.keep_snapshot(view, name, &mut open).await;
        }
        self.documents.put(&view.space, name.as_str(), open, is_again);
        Ok(())
    }

    /// Where another process was quicker, its snapshot is as good; and where there is no room for one, what was written is kept all
    /// the same, and must not be called lost.
    async fn keep_snapshot(&self, view: &SpaceView, name: &DocumentName, open: &mut OpenDocument) {
        let snapshot = open.snapshot();
        match self.storage.set_snapshot(&view.space, name.as_str(), open.held.version, &snapshot).await {
            Ok(Step::Done(version)) => open.moved_to(version, true),
            Ok(Step::Moved) => {}
            Err(error) => tracing::debug!(%error, "no snapshot was kept"),
        }
    }

    /// Opens everything that came and was not opened yet, in all spaces, and does what it says. Whoever reads calls this first.
    pub(crate) async fn open_arrived(&self) -> Result<(), Error> {
        if self.open_what_came().await? { self.heed_notes().await } else { Ok(()) }
    }

    /// Opens it: whether there was any.
    pub(crate) async fn open_what_came(&self) -> Result<bool, Error> {
        let mut is_any = false;
        while let Step::Moved = self.open_batches(&mut is_any).await? {}
        Ok(is_any)
    }

    /// Opens batch by batch, as long as no chain moves on the way.
    async fn open_batches(&self, is_any: &mut bool) -> Result<Step<()>, Error> {
        for view in self.views().await? {
            loop {
                let batch = self.storage.unopened(&view.space, OPENING_BATCH).await?;
                if batch.is_empty() {
                    break;
                }
                *is_any = true;
                if let Step::Moved = self.open_batch(&view, &batch).await? {
                    return Ok(Step::Moved);
                }
            }
        }
        Ok(Step::Done(()))
    }

    /// The same, for whoever reads: where there is no room to keep what was opened, what was there before can still be read.
    pub(crate) async fn open_arrived_if_there_is_room(&self) -> Result<(), Error> {
        match self.open_arrived().await {
            Err(Error::Storage(StorageError::DiskFull)) => Ok(()),
            result => result,
        }
    }

    /// The shared or the private space, for whoever reads it.
    pub(crate) async fn opened_view(&self, private: bool) -> Result<SpaceView, Error> {
        self.open_arrived_if_there_is_room().await?;
        self.view(private).await
    }

    /// Opens entries, unless the chain has moved since it was read and one of them does not open: its key may have come with it.
    async fn open_batch(&self, view: &SpaceView, batch: &[UnopenedEntry]) -> Result<Step<()>, Error> {
        let mut without_document = Vec::new();
        let mut told = Vec::new();
        let mut by_document: BTreeMap<(String, u32), Vec<Arrived>> = BTreeMap::new();
        for UnopenedEntry { arrival, entry } in batch {
            if entry.kind != EntryKind::CHANGES {
                let state = if entry.critical { EntryState::WaitsForNewerApp } else { EntryState::KeptUnread };
                without_document.push((*arrival, state));
                continue;
            }
            let content = EntryContent::open(entry, &view.chain, &view.ring).map(|mut content| {
                told.extend(told_lines(&view.chain, *arrival, entry, std::mem::take(&mut content.clock)));
                content
            });
            match content {
                Ok(content) if content.generation != 0 => {
                    without_document.push((*arrival, EntryState::WaitsForNewerApp));
                }
                Ok(content) => {
                    let document = by_document.entry((content.document, content.generation)).or_default();
                    document.push(Arrived { arrival: *arrival, changes: content.changes });
                }
                Err(OpenError::KeyMissing) => without_document.push((*arrival, EntryState::WaitsForKey)),
                Err(_) => without_document.push((*arrival, EntryState::SetAside)),
            }
        }
        // Before they count as opened, so that a kill in between loses nothing of it.
        if !told.is_empty() {
            self.storage.keep_told(&view.space, &told).await?;
        }
        if !without_document.is_empty() {
            let mark = ChainMark::of(&view.chain);
            if let Step::Moved = self.storage.set_entry_states(&view.space, mark, &without_document).await? {
                return Ok(Step::Moved);
            }
        }
        for ((name, generation), entries) in by_document {
            while let Step::Moved = self.open_into(view, &name, generation, &entries).await? {}
        }
        Ok(Step::Done(()))
    }

    /// Puts the changes of some entries into their document. Where automerge refuses them together, halves are tried, down to the
    /// single change: what is refused alone is left out, and its entry counts as set aside.
    async fn open_into(
        &self,
        view: &SpaceView,
        name: &str,
        generation: u32,
        entries: &[Arrived],
    ) -> Result<Step<()>, Error> {
        let kept = self.documents.take(&view.space, name);
        let is_again = kept.is_some();
        let stored = self.storage.stored_document(&view.space, name, kept.as_ref().map(|kept| kept.held)).await?;
        let mut open = self.bring_up(view, kept, stored)?;
        let mut states = Vec::with_capacity(entries.len());
        open_what_fits(&mut open.document, entries, &mut states);
        // What a later reader finds by its arrival needs no snapshot, unless a snapshot already claims to hold it, or it would have
        // to be taken to pieces again each time.
        let is_claimed = entries.iter().any(|entry| entry.arrival <= open.snapshot_until);
        let is_broken = states.iter().any(|(_, state)| *state == EntryState::SetAside);
        let newest = entries.iter().map(|entry| entry.arrival).max().unwrap_or_default();
        open.held.entries_until = open.held.entries_until.max(newest);
        open.tail += entries.len();
        open.bytes += entries.iter().flat_map(|entry| &entry.changes).map(Vec::len).sum::<usize>();
        if view.is_private {
            self.wait_for_answers_in(name, &open.document).await?;
        }
        let snapshot = (is_claimed || is_broken || open.tail > TAIL_MAX).then(|| open.snapshot());
        let is_snapshot = snapshot.is_some();
        let opening = Opening { name: name.to_owned(), generation, version: open.held.version, states, snapshot };
        match self.storage.finish_opening(&view.space, &opening).await? {
            Step::Done(version) => {
                open.moved_to(version, is_snapshot);
                self.documents.put(&view.space, name, open, is_again);
                Ok(Step::Done(()))
            }
            Step::Moved => Ok(Step::Moved),
        }
    }
}

impl Change<'_> {
    /// Why an edit was refused: what it was about may be there to be read, and not to be written on.
    fn explain(mut self, error: Error) -> Error {
        let (what, id) = match &error {
            Error::NotFound { what, id } => (*what, id.clone()),
            Error::Document(refusal) => match &**refusal {
                DocumentError::NotFound { kind, id } => (*kind, id.to_string()),
                _ => return error,
            },
            _ => return error,
        };
        let shown = self.open.document.apply(&self.staying).unwrap_or_default();
        if shown.iter().any(|event| event.key == id) { Error::Stays { what, id } } else { error }
    }
}

impl OpenDocument {
    /// Takes in changes that lie beyond the snapshot, in so many entries or pending changes. Those that are known already, as one's
    /// own are once they were sealed, were counted before.
    fn add(&mut self, changes: &[Vec<u8>], count: usize) {
        let before = (self.document.heads(), self.document.waits());
        apply_what_fits(&mut self.document, changes);
        if before != (self.document.heads(), self.document.waits()) {
            self.tail += count;
            self.bytes += changes.iter().map(Vec::len).sum::<usize>();
        }
    }
}

/// Opens entries into their document: all at once, or by halves down to the single entry.
fn open_what_fits(document: &mut Document, entries: &[Arrived], states: &mut Vec<(u64, EntryState)>) {
    let together: Vec<Vec<u8>> = entries.iter().flat_map(|entry| entry.changes.iter().cloned()).collect();
    match entries {
        _ if document.apply(&together).is_ok() => {
            states.extend(entries.iter().map(|entry| (entry.arrival, EntryState::Opened)));
        }
        [entry] => {
            apply_what_fits(document, &entry.changes);
            states.push((entry.arrival, EntryState::SetAside));
        }
        _ => {
            let (first, second) = entries.split_at(entries.len() / 2);
            open_what_fits(document, first, states);
            open_what_fits(document, second, states);
        }
    }
}

/// Applies changes: all at once, or by halves, so that one that automerge refuses takes none of the others with it.
fn apply_what_fits(document: &mut Document, changes: &[Vec<u8>]) {
    if document.apply(changes).is_err() && changes.len() > 1 {
        let (first, second) = changes.split_at(changes.len() / 2);
        apply_what_fits(document, first);
        apply_what_fits(document, second);
    }
}

#[cfg(test)]
mod tests {
    use entwine_core::feed::{EntryHeader, Position, VerifiedEntry};
    use entwine_core::id::Hash;
    use entwine_core::sync::{Append, ChainMark};

    use super::*;
    use crate::{ClientOptions, NewEntry};

    /// What Ada's own key signs in this space: an entry with these bytes in the place of changes.
    fn signed(client: &Client, view: &SpaceView, before: Option<&VerifiedEntry>, changes: &[&[u8]]) -> VerifiedEntry {
        let header = EntryHeader {
            space: view.space,
            feed: client.keyholder(),
            seq: before.map_or(1, |before| before.seq + 1),
            previous: before.map_or(Hash::ZERO, |before| before.hash),
            position: Position { index: view.chain.len() - 1, hash: view.chain.head() },
            kind: EntryKind::CHANGES,
            critical: true,
        };
        let content = EntryContent {
            document: "home".to_owned(),
            generation: 0,
            changes: changes.iter().map(|change| change.to_vec()).collect(),
            clock: Vec::new(),
            written: (Timestamp::default(), Timestamp::default()),
        };
        let epoch = view.chain.open_epoch().map(|record| record.hash()).expect("a founded space has an open epoch");
        let secret = view.ring.get(&epoch).expect("its founder has the key");
        content.seal(&mut random::generator(), &client.keys, secret, &header)
    }

    /// Ada, who founded a space that no relay knows.
    pub(in crate::documents) async fn founder(folder: &std::path::Path) -> (Client, SpaceView) {
        let client = Client::init(folder, "Ada", ClientOptions::default()).await.unwrap();
        client.create("http://127.0.0.1:9", None).await.unwrap_err();
        let view = client.view(false).await.unwrap();
        (client, view)
    }

    /// A change that her other device could have made.
    fn good_change(client: &Client, view: &SpaceView) -> Vec<u8> {
        let mut other = Document::new(ActorId::make_random(&mut random::generator(), &client.keyholder()));
        let writer =
            entwine_core::practice::Writer { person: client.person(view).unwrap(), device: client.keyholder() };
        entwine_core::practice::person::write_name(&mut other, &writer, "Ada", clock::now()).unwrap();
        other.take_changes().remove(0)
    }

    #[tokio::test]
    async fn a_change_that_automerge_refuses_takes_none_of_the_others_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (client, view) = founder(folder.path()).await;
        let good: Vec<Vec<u8>> = (0..6).map(|_| good_change(&client, &view)).collect();
        let broken: &[u8] = b"no change at all";
        let first = signed(&client, &view, None, &[&good[0], &good[1], broken, &good[2]]);
        let second = signed(&client, &view, Some(&first), &[&good[3], &good[4]]);
        let third = signed(&client, &view, Some(&second), &[broken, &good[5], broken]);
        let append = Append::new(ChainMark::of(&view.chain), (*view.chain).clone(), vec![first, second, third]);
        assert!(matches!(client.storage.append(&append, &|_| (*view.ring).clone()).await.unwrap(), Step::Done(_)));
        assert_eq!(client.status().await.unwrap().set_aside, 2, "two entries are not whole");
        let changes = client.load(&view, &DocumentName::home()).await.unwrap().all_changes();
        assert!(good.iter().all(|change| changes.contains(change)));
    }

    #[tokio::test]
    async fn an_entry_that_never_opens_is_set_aside_and_counted_and_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (client, view) = founder(folder.path()).await;
        let good = good_change(&client, &view);

        let broken = signed(&client, &view, None, &[b"no change at all"]);
        let whole = signed(&client, &view, Some(&broken), &[&good]);
        let append = Append::new(ChainMark::of(&view.chain), (*view.chain).clone(), vec![broken, whole]);
        assert!(matches!(client.storage.append(&append, &|_| (*view.ring).clone()).await.unwrap(), Step::Done(_)));
        assert_eq!(client.status().await.unwrap().set_aside, 1);
        let counts = client.storage.counts(&view.space).await.unwrap();
        assert_eq!(counts.unopened, 0, "the one after it was opened");
        client.journal().write(NewEntry { title: "Goes on".to_owned(), ..NewEntry::default() }).await.unwrap();
        assert_eq!(client.status().await.unwrap().set_aside, 1);
    }
}
