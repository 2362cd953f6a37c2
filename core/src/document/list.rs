//! How are steps in an order kept? As a list in which items are inserted and removed, never rewritten.

use core::ops::Deref;

use automerge::ObjId;
use autosurgeon::reconcile::{NoKey, SeqReconciler as _};
use autosurgeon::{Hydrate, HydrateError, Prop, ReadDoc, Reconcile, Reconciler};

/// A list. A changed item is removed and inserted anew, so where both partners change the same one apart, both versions stay.
#[derive(Debug, Clone)]
pub struct List<T> {
    now: Vec<T>,
    loaded: Option<Vec<T>>,
}

impl<T: PartialEq> List<T> {
    /// Changes the list to these items. Those that stay in their order are not written.
    pub fn set(&mut self, items: Vec<T>) {
        self.now = items;
    }

    /// Whether the next write of the entity writes it.
    pub fn is_changed(&self) -> bool {
        self.loaded.as_ref() != Some(&self.now)
    }
}

impl<T> Deref for List<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.now
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { now: Vec::new(), loaded: None }
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self { now: items, loaded: None }
    }
}

/// Two lists are equal if their items are.
impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.now == other.now
    }
}

impl<T: Eq> Eq for List<T> {}

impl<T: Reconcile + PartialEq> Reconcile for List<T> {
    type Key<'a> = NoKey;

    fn reconcile<R: Reconciler>(&self, mut reconciler: R) -> Result<(), R::Error> {
        if !self.is_changed() {
            return Ok(());
        }
        let mut list = reconciler.seq()?;
        let mut index = 0;
        for step in script(self.loaded.as_deref().unwrap_or_default(), &self.now) {
            match step {
                Step::Keep => index += 1,
                Step::Remove => list.delete(index)?,
                Step::Insert(item) => {
                    list.insert(index, item)?;
                    index += 1;
                }
            }
        }
        Ok(())
    }
}

impl<T: Hydrate + Clone> Hydrate for List<T> {
    fn hydrate<D: ReadDoc>(document: &D, object: &ObjId, prop: Prop<'_>) -> Result<Self, HydrateError> {
        let now = match document.get(object, &prop)? {
            Some(_) => Vec::hydrate(document, object, prop)?,
            None => Vec::new(),
        };
        Ok(Self { loaded: Some(now.clone()), now })
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Step<'a, T> {
    Keep,
    Remove,
    Insert(&'a T),
}

/// What makes `old` into `new` and keeps as many items as possible. Takes time and memory in the product of their lengths.
fn script<'a, T: PartialEq>(old: &[T], new: &'a [T]) -> Vec<Step<'a, T>> {
    // kept[i][j]: how many items old[i..] and new[j..] can keep.
    let mut kept = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            kept[i][j] = if old[i] == new[j] { kept[i + 1][j + 1] + 1 } else { kept[i + 1][j].max(kept[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut steps) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            steps.push(Step::Keep);
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && kept[i + 1][j] >= kept[i][j + 1]) {
            steps.push(Step::Remove);
            i += 1;
        } else {
            steps.push(Step::Insert(&new[j]));
            j += 1;
        }
    }
    steps
}
