//! Which documents stay open between one use and the next? A few, so that a word costs no loading of the whole month.
//!
//! ```text
//! take ─► what is newer in the database ─► read or edit ─► all of it durable ─► put back
//!                                                      └─► an error, a cut, any doubt: it is gone, and loaded anew
//! ```
//!
//! Whoever uses a document takes it out of here, so that only what came to its end is ever put back; two who want the same one at
//! once have each their own. A document that goes on keeps its actor. It may: all that this actor wrote is durable, and should it
//! lose its place for good, the version of the document has moved, and the document is not taken any more.

use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use entwine_core::document::{Document, EntityEvent, Heads};
use entwine_core::id::SpaceId;

use crate::storage::{Held, Snapshot};

/// How many stay open: `home` and the month of both spaces, and two months that somebody pages through.
const DOCUMENTS_MAX: usize = 6;
/// How many bytes they take together, as saved; in memory a document takes some ten times as much, and iOS ends a share extension
/// at 24 MB. A month of a hundred long entries is saved in 50 KB. One alone may be larger: whoever uses it has that much.
const BYTES_MAX: usize = 512 * 1024;

/// A document that is open, and up to where it holds everything.
#[derive(Debug)]
pub(crate) struct OpenDocument {
    pub(crate) document: Document,
    pub(crate) held: Held,
    /// The arrival up to which its snapshot in the database claims to hold everything.
    pub(crate) snapshot_until: u64,
    /// What lies beyond that snapshot: what whoever loads it has to open one by one.
    pub(crate) tail: usize,
    /// About how large it is, as saved.
    pub(crate) bytes: usize,
}

impl OpenDocument {
    pub(crate) fn snapshot(&mut self) -> Snapshot {
        let bytes = self.document.save();
        self.bytes = bytes.len();
        Snapshot { bytes, entries_until: self.held.entries_until, pending_until: self.held.pending_until }
    }

    /// A snapshot of it was kept, or it was brought up to date, and this is its version now.
    pub(crate) fn moved_to(&mut self, version: u64, is_snapshot_kept: bool) {
        self.held.version = version;
        if is_snapshot_kept {
            self.snapshot_until = self.held.entries_until;
            self.tail = 0;
        }
    }
}

/// The documents that stay open.
#[derive(Debug, Default)]
pub(crate) struct OpenDocuments {
    /// From the one that goes next to the one that goes last. One that was used twice goes after all that were used once, so that
    /// leafing through ten years closes neither `home` nor this month.
    kept: Mutex<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    space: SpaceId,
    name: String,
    open: OpenDocument,
}

impl OpenDocuments {
    /// Takes a document out, if it is open.
    pub(crate) fn take(&self, space: &SpaceId, name: &str) -> Option<OpenDocument> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|kept| kept.space == *space && kept.name == name)?;
        Some(kept.remove(place).open)
    }

    /// Puts a document here that is as the database has it, or was at this version. `is_again`: it was taken out before.
    pub(crate) fn put(&self, space: &SpaceId, name: &str, open: OpenDocument, is_again: bool) {
        if open.held == Held::default() {
            // Nothing was ever written there: somebody looked whether there was.
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = kept.iter().position(|kept| kept.space == *space && kept.name == name) {
            // Two used it at once. The one that knows more stays.
            if kept[place].open.held >= open.held {
                return;
            }
            kept.remove(place);
        }
        let bytes = |kept: &[Kept]| kept.iter().map(|kept| kept.open.bytes).sum::<usize>();
        while !kept.is_empty() && (kept.len() >= DOCUMENTS_MAX || bytes(&kept) + open.bytes > BYTES_MAX) {
            kept.remove(0);
        }
        let place = if is_again { kept.len() } else { 0 };
        kept.insert(place, Kept { space: *space, name: name.to_owned(), open });
    }

    /// How many are open.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A document for reading. It stays open afterwards.
pub(crate) struct Loaded<'c> {
    open: Option<OpenDocument>,
    goes_back: Option<Place<'c>>,
    /// Its state without what the relay refused for good, where it shows any of that.
    without_staying: Option<Heads>,
}

/// Where a document goes that was read.
pub(crate) struct Place<'c> {
    pub(crate) documents: &'c OpenDocuments,
    pub(crate) space: SpaceId,
    pub(crate) name: String,
    pub(crate) is_again: bool,
}

impl<'c> Loaded<'c> {
    pub(crate) fn new(open: OpenDocument, goes_back: Place<'c>) -> Self {
        Self { open: Some(open), goes_back: Some(goes_back), without_staying: None }
    }

    /// One that shows what the relay refused for good, and had this state without it.
    pub(crate) fn with_staying(open: OpenDocument, heads: Heads) -> Self {
        Self { open: Some(open), goes_back: None, without_staying: Some(heads) }
    }

    /// The state that whoever writes now finds: what an editor was opened at.
    pub(crate) fn heads_to_write_on(&self) -> Heads {
        self.without_staying.clone().unwrap_or_else(|| self.heads())
    }

    /// See [`Document::changed_since`].
    pub(crate) fn changed_since(&mut self, heads: &Heads) -> Option<Vec<EntityEvent>> {
        self.open.as_mut().and_then(|open| open.document.changed_since(heads))
    }

    /// See [`Document::all_changes`].
    pub(crate) fn all_changes(&mut self) -> Vec<Vec<u8>> {
        self.open.as_mut().map(|open| open.document.all_changes()).unwrap_or_default()
    }
}

impl Deref for Loaded<'_> {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.open.as_ref().expect("it is taken out when this is dropped, and not before").document
    }
}

impl Drop for Loaded<'_> {
    fn drop(&mut self) {
        if let (Some(open), Some(place)) = (self.open.take(), self.goes_back.take()) {
            place.documents.put(&place.space, &place.name, open, place.is_again);
        }
    }
}

#[cfg(test)]
mod tests;
