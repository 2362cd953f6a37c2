//! What is somebody called? Each of a person's devices keeps the name in the space's `home`.

use std::collections::BTreeMap;

use crate::document::{Document, DocumentError, Entity, EntityId, Field, Hydrate, LimitExceeded, Reconcile};
use crate::id::PersonId;
use crate::limits::NAME_BYTES_MAX;
use crate::practice::Writer;
use crate::time::Timestamp;

/// What one device says its person is called.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Person {
    /// The name.
    pub name: Field<String>,
    /// When it was given.
    pub named_at: Field<Timestamp>,
}

impl Entity for Person {
    const KIND: &'static str = "person";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.name.check("name", NAME_BYTES_MAX)
    }
}

/// The key of what this device says of its person.
#[must_use]
pub fn key(writer: &Writer) -> EntityId {
    EntityId::from_parts(&[&writer.person, &writer.device])
}

/// Gives the writer a name, in `home`. Returns whether it is another one than this device said before.
///
/// # Errors
/// The name is too long.
pub fn write_name(home: &mut Document, writer: &Writer, name: &str, now: Timestamp) -> Result<bool, DocumentError> {
    let mut people = home.collection_mut::<Person>();
    let id = key(writer);
    if !people.contains(&id) {
        people.put(&id, &Person { name: name.into(), named_at: now.into() }, now)?;
        return Ok(true);
    }
    people.update(&id, |person| {
        if *person.name != name {
            person.name.set(name.to_owned());
            person.named_at.set(now);
        }
    })
}

/// What everyone is called whom `home` names. Of what a person's devices say, the latest holds; at the same moment, the greater
/// key.
#[must_use]
pub fn names(home: &Document) -> BTreeMap<PersonId, String> {
    let mut people = home.collection::<Person>().list().items;
    people.sort_by(|one, other| (*one.value.named_at, &one.id).cmp(&(*other.value.named_at, &other.id)));
    let named = people.into_iter().filter_map(|person| {
        let id = person.id.parts().next()?.parse().ok()?;
        Some((id, person.value.name.get().clone()))
    });
    named.collect()
}
