//! How are tags kept? As a set that is the union of what both added.

use core::ops::Deref;
use std::collections::BTreeSet;

use automerge::ObjId;
use autosurgeon::reconcile::{MapReconciler as _, NoKey};
use autosurgeon::{Hydrate, HydrateError, Prop, ReadDoc, Reconcile, Reconciler};

use super::entity::{EntityField, LimitExceeded};

/// A set of texts. Where one adds a member and the other removes it, it stays.
#[derive(Debug, Clone, Default)]
pub struct TextSet {
    now: BTreeSet<String>,
    loaded: Option<BTreeSet<String>>,
}

impl TextSet {
    /// Adds a member. Returns whether it is new.
    pub fn insert(&mut self, member: &str) -> bool {
        self.now.insert(member.to_owned())
    }

    /// Removes a member. Returns whether it was there.
    pub fn remove(&mut self, member: &str) -> bool {
        self.now.remove(member)
    }

    /// Makes these its members. Those that stay are not written.
    pub fn set(&mut self, members: impl IntoIterator<Item = String>) {
        self.now = members.into_iter().collect();
    }

    /// Checks the members that would be added.
    ///
    /// # Errors
    /// One is longer than `bytes_max`, or there would be more than `count_max`.
    pub fn check(&self, what: &'static str, bytes_max: usize, count_max: usize) -> Result<(), LimitExceeded> {
        let mut added = self.added().peekable();
        if added.peek().is_some() {
            LimitExceeded::check_count(what, self.now.len(), count_max)?;
        }
        added.try_for_each(|member| LimitExceeded::check_bytes(what, member.len(), bytes_max))
    }

    fn added(&self) -> impl Iterator<Item = &String> {
        self.now.iter().filter(|member| self.loaded.as_ref().is_none_or(|loaded| !loaded.contains(*member)))
    }

    fn removed(&self) -> impl Iterator<Item = &String> {
        self.loaded.iter().flatten().filter(|member| !self.now.contains(*member))
    }
}

impl EntityField for TextSet {
    fn detach(&mut self) {
        self.loaded = None;
    }
}

impl Deref for TextSet {
    type Target = BTreeSet<String>;
    fn deref(&self) -> &BTreeSet<String> {
        &self.now
    }
}

impl<S: AsRef<str>> FromIterator<S> for TextSet {
    fn from_iter<I: IntoIterator<Item = S>>(members: I) -> Self {
        Self { now: members.into_iter().map(|member| member.as_ref().to_owned()).collect(), loaded: None }
    }
}

/// Two sets are equal if they have the same members.
impl PartialEq for TextSet {
    fn eq(&self, other: &Self) -> bool {
        self.now == other.now
    }
}

impl Eq for TextSet {}

impl Reconcile for TextSet {
    type Key<'a> = NoKey;

    fn reconcile<R: Reconciler>(&self, mut reconciler: R) -> Result<(), R::Error> {
        if self.loaded.as_ref() == Some(&self.now) {
            return Ok(());
        }
        let mut map = reconciler.map()?;
        self.added().try_for_each(|member| map.put(member, true))?;
        self.removed().try_for_each(|member| map.delete(member))
    }
}

impl Hydrate for TextSet {
    fn hydrate<D: ReadDoc>(document: &D, object: &ObjId, prop: Prop<'_>) -> Result<Self, HydrateError> {
        match document.get(object, &prop)? {
            None => Ok(Self { now: BTreeSet::new(), loaded: Some(BTreeSet::new()) }),
            Some((automerge::Value::Object(automerge::ObjType::Map), id)) => Self::hydrate_map(document, &id),
            Some(_) => Err(HydrateError::unexpected("a set", "something else".to_owned())),
        }
    }

    fn hydrate_map<D: ReadDoc>(document: &D, object: &ObjId) -> Result<Self, HydrateError> {
        let now: BTreeSet<String> = document.map_range(object, ..).map(|item| item.key.to_string()).collect();
        Ok(Self { loaded: Some(now.clone()), now })
    }
}
