//! How is a choice of one value kept? Both values of a contested one stay until somebody chooses again.

use core::ops::Deref;

use automerge::ObjId;
use autosurgeon::reconcile::NoKey;
use autosurgeon::{Hydrate, HydrateError, Prop, ReadDoc, Reconcile, Reconciler};

use super::entity::{EntityField, LimitExceeded};
use crate::time::Timestamp;

/// A field of an entity that holds one value: a name, an hour.
///
/// It is written only if it was changed. A plain value would be written by every update of its entity, and so erase the other
/// value of a field that both partners had changed.
#[derive(Debug, Clone, Default)]
pub struct Field<T> {
    now: T,
    loaded: Option<T>,
    settled: bool,
}

impl<T: PartialEq> Field<T> {
    /// A field of a new entity.
    pub const fn new(value: T) -> Self {
        Self { now: value, loaded: None, settled: false }
    }

    /// The value.
    pub const fn get(&self) -> &T {
        &self.now
    }

    /// Changes the value. Setting the value that it has changes nothing, also where the other value of a contested field
    /// still waits.
    pub fn set(&mut self, value: T) {
        self.now = value;
    }

    /// Chooses the value and thereby ends a contest, also if it is the value that won it.
    pub fn settle(&mut self, value: T) {
        self.now = value;
        self.settled = true;
    }

    /// Whether the next write of the entity writes this field.
    pub fn is_changed(&self) -> bool {
        self.settled || self.loaded.as_ref() != Some(&self.now)
    }
}

impl Field<String> {
    /// Checks the length of what would be written. What was there before is never refused.
    ///
    /// # Errors
    /// The value is longer than `bytes_max`.
    pub fn check(&self, what: &'static str, bytes_max: usize) -> Result<(), LimitExceeded> {
        if self.is_changed() { LimitExceeded::check_bytes(what, self.now.len(), bytes_max) } else { Ok(()) }
    }
}

impl<T> EntityField for Field<T> {
    fn detach(&mut self) {
        self.loaded = None;
    }
}

impl<T> Deref for Field<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.now
    }
}

impl<T: PartialEq> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Field<String> {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

/// Two fields are equal if their values are.
impl<T: PartialEq> PartialEq for Field<T> {
    fn eq(&self, other: &Self) -> bool {
        self.now == other.now
    }
}

impl<T: Eq> Eq for Field<T> {}

impl<T: Reconcile + PartialEq> Reconcile for Field<T> {
    type Key<'a> = NoKey;

    fn reconcile<R: Reconciler>(&self, reconciler: R) -> Result<(), R::Error> {
        if self.is_changed() { self.now.reconcile(reconciler) } else { Ok(()) }
    }
}

impl<T: Hydrate + Clone + Default> Hydrate for Field<T> {
    fn hydrate<D: ReadDoc>(document: &D, object: &ObjId, prop: Prop<'_>) -> Result<Self, HydrateError> {
        // An older version did not write the field: it has its default, and nothing is written for that.
        let now = match document.get(object, &prop)? {
            Some(_) => T::hydrate(document, object, prop)?,
            None => T::default(),
        };
        Ok(Self { loaded: Some(now.clone()), now, settled: false })
    }
}

impl Reconcile for Timestamp {
    type Key<'a> = NoKey;

    fn reconcile<R: Reconciler>(&self, mut reconciler: R) -> Result<(), R::Error> {
        reconciler.u64(self.as_millis())
    }
}

impl Hydrate for Timestamp {
    fn hydrate_uint(millis: u64) -> Result<Self, HydrateError> {
        Ok(Self::from_millis(millis))
    }
}
