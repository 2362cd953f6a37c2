//! How is one kind of thing read and written? Each write reads, edits and writes in one step, and only what was edited.

use core::marker::PhantomData;
use std::collections::{BTreeMap, BTreeSet};

use automerge::iter::MapRangeItem;
use automerge::transaction::Transactable as _;
use automerge::{AutoCommit, ObjId, ObjType, ROOT, ReadDoc as _, ScalarValue, Value, ValueRef};
use autosurgeon::reconcile_prop;

use super::entity::{Entity, EntityField, EntityId, LimitExceeded, Listing, Stored};
use super::fields::Fields;
use super::text::write_differences;
use super::{Document, DocumentError, Heads};
use crate::limits::{TEXT_BYTES_MAX, TRASH_DAYS};
use crate::time::Timestamp;

/// How often an entity was written: a counter, so that edits made apart add up.
const EDITS: &str = "edits";
/// When it was made.
const MADE_AT: &str = "made_at";
/// `{ edits, at }`: how many edits the one who trashed it saw, and when.
const TRASH: &str = "trash";
const TRASH_AT: &str = "at";

/// The entities of one kind, for reading.
pub struct Collection<'a, T> {
    automerge: &'a AutoCommit,
    kind: PhantomData<T>,
}

impl<'a, T: Entity> Collection<'a, T> {
    pub(super) fn new(automerge: &'a AutoCommit) -> Self {
        Self { automerge, kind: PhantomData }
    }

    /// The entity with this key, be it in the trash or not. None if there is nothing under the key.
    ///
    /// # Errors
    /// It is damaged.
    pub fn get(&self, id: &EntityId) -> Result<Option<Stored<T>>, DocumentError> {
        let object = match self.object(id) {
            Err(DocumentError::NotFound { .. }) => return Ok(None),
            found => found?,
        };
        let fields = Fields::of(self.automerge, &object);
        Ok(Some(Beside::of(&fields).with(id.clone(), hydrate(&fields, id)?)))
    }

    /// Whether there is something under this key, be it in the trash or damaged.
    #[must_use]
    pub fn contains(&self, id: &EntityId) -> bool {
        self.value(&document_key::<T>(id)).is_ok_and(|value| value.is_some())
    }

    /// All that are not in the trash.
    #[must_use]
    pub fn list(&self) -> Listing<T> {
        self.select(&|trashed_at| trashed_at.is_none())
    }

    /// All that were put into the trash in the last [`TRASH_DAYS`] days.
    #[must_use]
    pub fn trash(&self, now: Timestamp) -> Listing<T> {
        let oldest = now.as_millis().saturating_sub(TRASH_DAYS * 24 * 3600 * 1000);
        self.select(&|trashed_at| trashed_at.is_some_and(|at| at.as_millis() >= oldest))
    }

    /// All keys, of whatever lies in the trash or is damaged too.
    #[must_use]
    pub fn keys(&self) -> Vec<EntityId> {
        all(self.automerge, T::KIND).filter_map(|item| text_of(&item.key).parse().ok()).collect()
    }

    fn select(&self, wanted: &dyn Fn(Option<Timestamp>) -> bool) -> Listing<T> {
        let mut values = Vec::new();
        let read = &mut |fields: &Fields<'_>| {
            let value = T::hydrate_map(fields, fields.object);
            value.map(|value| values.push(Some(value))).is_ok()
        };
        let Selected { found, damaged } = select(self.automerge, T::KIND, wanted, read);
        let items = found.into_iter().filter_map(|found| {
            let value = values.get_mut(found.place)?.take()?;
            Some(found.beside.with(found.id, value))
        });
        Listing { items: items.collect(), damaged }
    }

    fn value(&self, key: &str) -> Result<Option<(Value<'_>, ObjId)>, DocumentError> {
        self.automerge.get(&ROOT, key).map_err(refused)
    }

    fn object(&self, id: &EntityId) -> Result<ObjId, DocumentError> {
        match self.value(&document_key::<T>(id))? {
            Some((Value::Object(ObjType::Map), object)) => Ok(object),
            Some(_) => Err(damaged::<T>(id)),
            None => Err(DocumentError::NotFound { kind: T::KIND, id: id.clone() }),
        }
    }
}

fn hydrate<T: Entity>(fields: &Fields<'_>, id: &EntityId) -> Result<T, DocumentError> {
    T::hydrate_map(fields, fields.object).map_err(|_| damaged::<T>(id))
}

fn damaged<T: Entity>(id: &EntityId) -> DocumentError {
    DocumentError::Damaged { kind: T::KIND, id: id.clone() }
}

/// The entities of one kind, for writing. Each call that writes makes one change.
pub struct CollectionMut<'a, T> {
    document: &'a mut Document,
    kind: PhantomData<T>,
}

impl<'a, T: Entity> CollectionMut<'a, T> {
    pub(super) fn new(document: &'a mut Document) -> Self {
        Self { document, kind: PhantomData }
    }

    /// See [`Collection::get`].
    ///
    /// # Errors
    /// It is damaged.
    pub fn get(&self, id: &EntityId) -> Result<Option<Stored<T>>, DocumentError> {
        self.read().get(id)
    }

    /// See [`Collection::contains`].
    #[must_use]
    pub fn contains(&self, id: &EntityId) -> bool {
        self.read().contains(id)
    }

    /// Begins an entity under a key that nothing lies under. It may be one that was read from somewhere else: this is how a
    /// copy is made.
    ///
    /// # Errors
    /// There is something under the key, or a limit is exceeded.
    pub fn put(&mut self, id: &EntityId, value: &T, now: Timestamp) -> Result<(), DocumentError> {
        if self.contains(id) {
            return Err(DocumentError::Exists { kind: T::KIND, id: id.clone() });
        }
        let mut value = value.clone();
        value.fields().into_iter().for_each(EntityField::detach);
        value.check()?;
        let key = document_key::<T>(id);
        let made = self.document.write(|automerge| {
            let object = automerge.put_object(&ROOT, &key, ObjType::Map).map_err(refused)?;
            automerge.put(&object, EDITS, ScalarValue::counter(1)).map_err(refused)?;
            automerge.put(&object, MADE_AT, now.as_millis()).map_err(refused)?;
            reconcile_prop(automerge, &ROOT, key.as_str(), &value).map_err(refused)
        })?;
        debug_assert!(made, "a new key is always written");
        Ok(())
    }

    /// Edits an entity: reads it, lets `edit` change it, and writes only what was changed. Returns whether anything was. An
    /// entity that lies in the trash comes back by it.
    ///
    /// # Errors
    /// There is no such entity, it is damaged, or a limit is exceeded.
    pub fn update(&mut self, id: &EntityId, edit: impl FnOnce(&mut T)) -> Result<bool, DocumentError> {
        let (object, key) = (self.read().object(id)?, document_key::<T>(id));
        let mut value: T = hydrate(&Fields::of(&self.document.automerge, &object), id)?;
        edit(&mut value);
        value.check()?;
        self.document.write(|automerge| {
            reconcile_prop(automerge, &ROOT, key.as_str(), &value).map_err(refused)?;
            count_edit(automerge, &object)
        })
    }

    /// Makes the text [`Entity::TEXT_FIELD`] what an editor saved that had opened it at `opened`
    /// ([`Document::heads`]). What was saved is compared by grapheme with the text as it was opened, so that what others
    /// wrote meanwhile stays. Returns whether anything was changed.
    ///
    /// # Errors
    /// The state at opening is not known here or does not have the entity, or the text is too long.
    pub fn update_text_at(&mut self, id: &EntityId, opened: &Heads, saved: &str) -> Result<bool, DocumentError> {
        if !self.document.knows(opened) {
            return Err(DocumentError::UnknownHeads);
        }
        let object = self.read().object(id)?;
        let concurrent = self.document.heads() != *opened;
        self.document.write(|automerge| {
            if concurrent {
                // Within the isolation, the document is as it was opened. Where this actor has written since, automerge
                // derives another one for the change: this actor's id with a number behind it.
                automerge.isolate(&opened.0);
            }
            let text = match automerge.get(&object, T::TEXT_FIELD).map_err(refused)? {
                Some((Value::Object(ObjType::Text), text)) => text,
                _ => return Err(DocumentError::NotFound { kind: T::KIND, id: id.clone() }),
            };
            let as_opened = automerge.text(&text).map_err(refused)?;
            LimitExceeded::check_bytes(T::TEXT_FIELD, saved.len(), TEXT_BYTES_MAX.max(as_opened.len()))?;
            write_differences(automerge, &text, &as_opened, saved).map_err(refused)?;
            count_edit(automerge, &object)
        })
    }

    /// Puts an entity into the trash. Returns whether it was not there already. An edit that is not known here yet brings it
    /// back.
    ///
    /// # Errors
    /// There is no such entity.
    pub fn remove(&mut self, id: &EntityId, now: Timestamp) -> Result<bool, DocumentError> {
        let object = self.read().object(id)?;
        self.document.write(|automerge| {
            let edits = edits(automerge, &object);
            if trashed_at(automerge, &object, edits).is_some() {
                return Ok(());
            }
            let trash = automerge.put_object(&object, TRASH, ObjType::Map).map_err(refused)?;
            automerge.put(&trash, EDITS, edits).map_err(refused)?;
            automerge.put(&trash, TRASH_AT, now.as_millis()).map_err(refused)
        })
    }

    /// Takes an entity out of the trash. Returns whether it was in there.
    ///
    /// # Errors
    /// There is no such entity.
    pub fn restore(&mut self, id: &EntityId) -> Result<bool, DocumentError> {
        let object = self.read().object(id)?;
        self.document.write(|automerge| {
            if trashed_at(automerge, &object, edits(automerge, &object)).is_none() {
                return Ok(());
            }
            automerge.increment(&object, EDITS, 1).map_err(refused)
        })
    }

    fn read(&self) -> Collection<'_, T> {
        self.document.collection()
    }
}

// What follows is the same for all kinds, and compiled once.

fn all<'a>(automerge: &'a AutoCommit, kind: &str) -> impl Iterator<Item = MapRangeItem<'a>> + use<'a> {
    // '0' is the character after '/'.
    automerge.map_range(&ROOT, format!("{kind}/")..format!("{kind}0"))
}

/// Those of a kind that are wanted, in the order in which they were made.
struct Selected {
    found: Vec<Found>,
    /// In the order of their keys.
    damaged: Vec<String>,
}

struct Found {
    id: EntityId,
    beside: Beside,
    /// As which of all that were found its fields were read.
    place: usize,
}

/// Whether it lies in the trash is asked before its fields are read, which takes long. `read` says whether they could be.
fn select(
    automerge: &AutoCommit,
    kind: &str,
    wanted: &dyn Fn(Option<Timestamp>) -> bool,
    read: &mut dyn FnMut(&Fields<'_>) -> bool,
) -> Selected {
    let mut selected = Selected { found: Vec::new(), damaged: Vec::new() };
    for item in all(automerge, kind) {
        let object = item.id();
        let fields = Fields::of(automerge, &object);
        let beside = Beside::of(&fields);
        if !wanted(beside.trashed_at) {
            continue;
        }
        let text = text_of(&item.key);
        match text.parse() {
            Ok(id) if matches!(item.value, ValueRef::Object(ObjType::Map)) && read(&fields) => {
                selected.found.push(Found { id, beside, place: selected.found.len() });
            }
            _ => selected.damaged.push(text.to_owned()),
        }
    }
    selected.found.sort_by_cached_key(|found| (found.beside.made_at, found.id.clone()));
    selected
}

/// What is written beside the fields of an entity.
struct Beside {
    made_at: Timestamp,
    edits: u64,
    trashed_at: Option<Timestamp>,
    alternatives: BTreeMap<String, Vec<String>>,
}

impl Beside {
    fn of(fields: &Fields<'_>) -> Self {
        let (automerge, object) = (fields.automerge, fields.object);
        let (mut made_at, mut edits, mut alternatives) = (0, 0, BTreeMap::new());
        let mut was_trashed = false;
        for item in fields.iter() {
            match item.key.as_ref() {
                EDITS => edits = counted(&item.value.clone().into_value()),
                MADE_AT => made_at = unsigned(&item.value.clone().into_value()).unwrap_or(0),
                TRASH => was_trashed = true,
                field if item.conflict => {
                    let others = others(automerge, object, field);
                    alternatives.extend(others.map(|others| (field.to_owned(), others)));
                }
                _ => {}
            }
        }
        let trashed_at = if was_trashed { trashed_at(automerge, object, edits) } else { None };
        Self { made_at: Timestamp::from_millis(made_at), edits, trashed_at, alternatives }
    }

    fn with<T>(self, id: EntityId, value: T) -> Stored<T> {
        let Self { made_at, edits, trashed_at, alternatives } = self;
        Stored { id, value, made_at, edits, trashed_at, alternatives }
    }
}

/// What stands after the kind.
fn text_of(key: &str) -> &str {
    key.split_once('/').map(|(_, text)| text).unwrap_or_default()
}

fn document_key<T: Entity>(id: &EntityId) -> String {
    format!("{}/{id}", T::KIND)
}

/// Counts an edit, if there is one.
fn count_edit(automerge: &mut AutoCommit, object: &ObjId) -> Result<(), DocumentError> {
    if automerge.pending_ops() == 0 { Ok(()) } else { automerge.increment(object, EDITS, 1).map_err(refused) }
}

fn edits(automerge: &AutoCommit, object: &ObjId) -> u64 {
    automerge.get(object, EDITS).ok().flatten().map_or(0, |(value, _)| counted(&value))
}

fn counted(value: &Value<'_>) -> u64 {
    match value.as_scalar() {
        Some(ScalarValue::Counter(counter)) => u64::try_from(i64::from(counter)).unwrap_or(0),
        _ => 0,
    }
}

/// An entity lies in the trash while somebody who put it there had seen all of its edits. Of several who did so apart, the
/// one whom automerge lets win may have seen fewer than another: so all are asked.
fn trashed_at(automerge: &AutoCommit, object: &ObjId, edits: u64) -> Option<Timestamp> {
    let notes = automerge.get_all(object, TRASH).unwrap_or_default();
    notes
        .iter()
        .filter(|(_, note)| number(automerge, note, EDITS) == Some(edits))
        .map(|(_, note)| Timestamp::from_millis(number(automerge, note, TRASH_AT).unwrap_or(0)))
        .max()
}

fn number(automerge: &AutoCommit, object: &ObjId, field: &str) -> Option<u64> {
    unsigned(&automerge.get(object, field).ok()??.0)
}

fn unsigned(value: &Value<'_>) -> Option<u64> {
    match value.as_scalar()? {
        ScalarValue::Uint(number) => Some(*number),
        _ => None,
    }
}

/// What others chose for a field, and did not win. None if there is nothing else to be seen.
fn others(automerge: &AutoCommit, object: &ObjId, field: &str) -> Option<Vec<String>> {
    // The last one is the winner.
    let values = automerge.get_all(object, field).unwrap_or_default();
    let ((winner, _), others) = values.split_last()?;
    let winner = shown(winner)?;
    let others = others.iter().filter_map(|(other, _)| shown(other));
    let others: BTreeSet<String> = others.filter(|other| *other != winner).collect();
    if others.is_empty() { None } else { Some(others.into_iter().collect()) }
}

fn shown(value: &Value<'_>) -> Option<String> {
    let Value::Scalar(value) = value else { return None };
    match value.as_ref() {
        ScalarValue::Str(text) => Some(text.to_string()),
        ScalarValue::Int(number) => Some(number.to_string()),
        ScalarValue::Uint(number) => Some(number.to_string()),
        ScalarValue::F64(number) => Some(number.to_string()),
        ScalarValue::Boolean(truth) => Some(truth.to_string()),
        ScalarValue::Null => Some(String::new()),
        _ => None,
    }
}

fn refused(error: impl core::error::Error + Send + Sync + 'static) -> DocumentError {
    DocumentError::Refused(Box::new(error))
}
