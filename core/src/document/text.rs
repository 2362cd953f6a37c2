//! How is text written by two people at once? As splices by character, so that what either typed stays.

use automerge::transaction::Transactable as _;
use automerge::{AutoCommit, AutomergeError, ObjId, ObjType, Value};
use autosurgeon::reconcile::{NoKey, TextReconciler as _};
use autosurgeon::{Hydrate, HydrateError, Prop, ReadDoc, Reconcile, Reconciler};

use crate::document::entity::LimitExceeded;
use crate::limits::TEXT_COMPARED_CHARACTERS_MAX;

/// A text that both partners can write in. It is edited in place and never set.
///
/// A text must be there from its entity's creation, be it empty: if two phones each began it later, one would hide the other.
#[derive(Debug, Clone, Default)]
pub struct Text {
    value: String,
    loaded_bytes: Option<usize>,
    edits: Vec<Edit>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Edit {
    /// Positions and lengths count Unicode code points, as every document here does.
    Splice { at: usize, delete: usize, insert: String },
    /// Compare with this by grapheme, and splice where they differ.
    Compare(String),
}

impl Text {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Adds at the end.
    pub fn append(&mut self, addition: &str) {
        self.splice(self.value.len(), 0, addition);
    }

    /// Replaces the first place where `old` stands. Returns whether it stands anywhere; an empty `old` does not.
    pub fn replace_first(&mut self, old: &str, new: &str) -> bool {
        if old.is_empty() {
            return false;
        }
        let found = self.value.find(old);
        if let Some(at) = found {
            self.splice(at, old.len(), new);
        }
        found.is_some()
    }

    /// Makes it `saved`, writing only where the two differ, by grapheme. For a text that was open in an editor meanwhile, use
    /// [`CollectionMut::update_text_at`](super::CollectionMut::update_text_at): it knows what the writer had seen.
    pub fn update(&mut self, saved: &str) {
        self.edits.extend(Edit::between(&self.value, saved));
        saved.clone_into(&mut self.value);
    }

    /// Checks the length of what would be written. A text that others made longer may still be shortened.
    ///
    /// # Errors
    /// The text is longer than `bytes_max`, and longer than it was.
    pub fn check(&self, what: &'static str, bytes_max: usize) -> Result<(), LimitExceeded> {
        LimitExceeded::check_bytes(what, self.value.len(), bytes_max.max(self.loaded_bytes.unwrap_or(0)))
    }

    fn splice(&mut self, at: usize, delete: usize, insert: &str) {
        if delete == 0 && insert.is_empty() {
            return;
        }
        self.edits.push(Edit::splice(&self.value, at, delete, insert));
        self.value.replace_range(at..at + delete, insert);
    }
}

impl From<&str> for Text {
    fn from(value: &str) -> Self {
        Self { value: value.to_owned(), ..Self::default() }
    }
}

/// Two texts are equal if they read the same.
impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Text {}

impl Reconcile for Text {
    type Key<'a> = NoKey;

    fn reconcile<R: Reconciler>(&self, mut reconciler: R) -> Result<(), R::Error> {
        if self.loaded_bytes.is_none() {
            return reconciler.text()?.splice(0, 0, &self.value);
        }
        if self.edits.is_empty() {
            return Ok(());
        }
        let mut text = reconciler.text()?;
        self.edits.iter().try_for_each(|edit| match edit {
            Edit::Splice { at, delete, insert } => text.splice(*at, signed(*delete), insert),
            Edit::Compare(saved) => text.update(saved),
        })
    }
}

impl Hydrate for Text {
    fn hydrate<D: ReadDoc>(document: &D, object: &ObjId, prop: Prop<'_>) -> Result<Self, HydrateError> {
        match document.get(object, &prop)? {
            None => Ok(Self { loaded_bytes: Some(0), ..Self::default() }),
            Some((Value::Object(ObjType::Text), id)) => Self::hydrate_text(document, &id),
            Some(_) => Err(HydrateError::unexpected("a text", "something else".to_owned())),
        }
    }

    fn hydrate_text<D: ReadDoc>(document: &D, object: &ObjId) -> Result<Self, HydrateError> {
        let value = document.text(object)?;
        Ok(Self { loaded_bytes: Some(value.len()), value, edits: Vec::new() })
    }
}

impl Edit {
    /// What makes `old` into `new`; none if they are the same.
    fn between(old: &str, new: &str) -> Option<Self> {
        if old == new {
            return None;
        }
        let start = common_lines(old, new);
        let end = common_lines_from_end(&old[start..], &new[start..]);
        let (old_passage, new_passage) = (&old[start..old.len() - end], &new[start..new.len() - end]);
        if old_passage.chars().count() + new_passage.chars().count() <= TEXT_COMPARED_CHARACTERS_MAX {
            return Some(Self::Compare(new.to_owned()));
        }
        Some(Self::splice(old, start, old_passage.len(), new_passage))
    }

    /// From a position and a length in bytes.
    fn splice(text: &str, at: usize, delete: usize, insert: &str) -> Self {
        Self::Splice {
            at: text[..at].chars().count(),
            delete: text[at..at + delete].chars().count(),
            insert: insert.to_owned(),
        }
    }
}

/// Writes into the text object what makes `old`, which it holds, into `new`.
pub(super) fn write_differences(
    automerge: &mut AutoCommit,
    object: &ObjId,
    old: &str,
    new: &str,
) -> Result<(), AutomergeError> {
    match Edit::between(old, new) {
        None => Ok(()),
        Some(Edit::Splice { at, delete, insert }) => automerge.splice_text(object, at, signed(delete), &insert),
        Some(Edit::Compare(saved)) => automerge.update_text(object, saved),
    }
}

/// Bytes of whole lines that both begin with. A line's end is always the end of a grapheme.
fn common_lines(one: &str, other: &str) -> usize {
    let pairs = one.split_inclusive('\n').zip(other.split_inclusive('\n'));
    pairs.take_while(|(one, other)| one == other).map(|(line, _)| line.len()).sum()
}

/// Bytes of whole lines that both end with.
fn common_lines_from_end(one: &str, other: &str) -> usize {
    let pairs = one.split_inclusive('\n').rev().zip(other.split_inclusive('\n').rev());
    pairs.take_while(|(one, other)| one == other).map(|(line, _)| line.len()).sum()
}

fn signed(count: usize) -> isize {
    isize::try_from(count).expect("a text in memory has fewer characters than that")
}
