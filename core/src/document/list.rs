//! How are steps in an order kept? As a list in which items are inserted and removed, never rewritten.

use core::ops::Deref;

use automerge::ObjId;
use autosurgeon::reconcile::{NoKey, SeqReconciler as _};
use autosurgeon::{Hydrate, HydrateError, Prop, ReadDoc, Reconcile, Reconciler};

use super::difference::{Step, script};
use super::entity::EntityField;

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

impl<T> EntityField for List<T> {
    fn detach(&mut self) {
        self.loaded = None;
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
