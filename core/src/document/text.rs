//! How is text written by two people at once? As splices by character, so that what either typed stays.

use automerge::transaction::Transactable as _;
use automerge::{AutoCommit, AutomergeError, ObjId, ObjType, Value};
use autosurgeon::reconcile::{NoKey, TextReconciler as _};
use autosurgeon::{Hydrate, HydrateError, Prop, ReadDoc, Reconcile, Reconciler};

use super::difference::{Step, script};
use super::entity::{EntityField, LimitExceeded};
use crate::limits::{TEXT_COMPARED_CHARACTERS_MAX, TEXT_COMPARED_LINES_MAX};

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
        self.edits.extend(differences(&self.value, saved));
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

impl EntityField for Text {
    fn detach(&mut self) {
        self.loaded_bytes = None;
        self.edits.clear();
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

/// Writes into the text object what makes `old`, which it holds, into `new`.
pub(super) fn write_differences(
    automerge: &mut AutoCommit,
    object: &ObjId,
    old: &str,
    new: &str,
) -> Result<(), AutomergeError> {
    differences(old, new).into_iter().try_for_each(|edit| match edit {
        Edit::Splice { at, delete, insert } => automerge.splice_text(object, at, signed(delete), &insert),
        Edit::Compare(saved) => automerge.update_text(object, saved),
    })
}

/// What makes `old` into `new`, one after the other.
fn differences(old: &str, new: &str) -> Vec<Edit> {
    if old == new {
        return Vec::new();
    }
    let start = common_lines(old, new);
    let end = common_lines_from_end(&old[start..], &new[start..]);
    let (old_passage, new_passage) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    if is_comparable(old_passage, new_passage) {
        return vec![Edit::Compare(new.to_owned())];
    }
    let old_lines: Vec<&str> = old_passage.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new_passage.split_inclusive('\n').collect();
    if old_lines.len().saturating_mul(new_lines.len()) > TEXT_COMPARED_LINES_MAX {
        return vec![Edit::splice(old, start, old_passage.len(), new_passage)];
    }
    let mut text = old.to_owned();
    let mut edits = Vec::new();
    for hunk in hunks(&old_lines, &new_lines) {
        let at = start + hunk.at;
        let comparable = is_comparable(&text[at..at + hunk.delete], &hunk.insert);
        let splice = Edit::splice(&text, at, hunk.delete, &hunk.insert);
        text.replace_range(at..at + hunk.delete, &hunk.insert);
        edits.push(if comparable { Edit::Compare(text.clone()) } else { splice });
    }
    edits
}

fn is_comparable(old: &str, new: &str) -> bool {
    old.chars().count() + new.chars().count() <= TEXT_COMPARED_CHARACTERS_MAX
}

/// Lines that follow each other and are replaced.
#[derive(Default)]
struct Hunk {
    /// Where, in bytes from the start, once the hunks before it are done.
    at: usize,
    /// How many bytes go.
    delete: usize,
    insert: String,
}

fn hunks(old: &[&str], new: &[&str]) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut hunk = Hunk::default();
    let mut removed = old.iter();
    let mut next_old = || removed.next().expect("the script keeps or removes each old line once").len();
    for step in script(old, new) {
        match step {
            Step::Remove => hunk.delete += next_old(),
            Step::Insert(line) => hunk.insert.push_str(line),
            Step::Keep => {
                let at = hunk.at + hunk.insert.len() + next_old();
                let done = core::mem::replace(&mut hunk, Hunk { at, ..Hunk::default() });
                hunks.push(done);
            }
        }
    }
    hunks.push(hunk);
    hunks.retain(|hunk| hunk.delete > 0 || !hunk.insert.is_empty());
    hunks
}

impl Edit {
    /// From a position and a length in bytes.
    fn splice(text: &str, at: usize, delete: usize, insert: &str) -> Self {
        Self::Splice {
            at: text[..at].chars().count(),
            delete: text[at..at + delete].chars().count(),
            insert: insert.to_owned(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn apply(old: &str, edits: &[Edit]) -> String {
        edits.iter().fold(old.to_owned(), |text, edit| match edit {
            Edit::Compare(saved) => saved.clone(),
            Edit::Splice { at, delete, insert } => {
                let (before, rest) = (text.chars().take(*at), text.chars().skip(at + delete));
                before.chain(insert.chars()).chain(rest).collect()
            }
        })
    }

    fn long_line(letter: char) -> String {
        format!("{}\n", letter.to_string().repeat(TEXT_COMPARED_CHARACTERS_MAX))
    }

    #[test]
    fn two_changes_far_apart_leave_what_is_between_alone() {
        let (a, b, c) = (long_line('a'), long_line('ß'), long_line('c'));
        let old = format!("Dear Noor,\n{a}{b}{c}Ada\n");
        let new = format!("Dear, dear Noor,\n{a}{c}Your Ada\n");
        let edits = differences(&old, &new);
        let [Edit::Compare(_), Edit::Splice { at, delete, insert }, Edit::Compare(_)] = edits.as_slice() else {
            panic!("a short change, a long one, a short one: {}", edits.len());
        };
        assert_eq!(*at, "Dear, dear Noor,\n".len() + a.len());
        assert_eq!((*delete, insert.as_str()), (TEXT_COMPARED_CHARACTERS_MAX + 1, ""));
        assert_eq!(apply(&old, &edits), new);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))] // long texts, in a slow build
        #[test]
        fn the_differences_lead_from_old_to_new(
            old in prop::collection::vec(0_usize..6, 0..8),
            new in prop::collection::vec(0_usize..6, 0..8),
            cut in any::<bool>(),
        ) {
            let lines = ["short\n", "ä\n", "\n", &long_line('x'), &long_line('ü'), "no end"];
            let text = |picks: &[usize]| picks.iter().map(|pick| lines[*pick]).collect::<String>();
            let (old, mut new) = (text(&old), text(&new));
            if cut {
                new.pop();
            }
            prop_assert_eq!(apply(&old, &differences(&old, &new)), new);
        }
    }
}
