//! What is somebody called? Each of a person's devices keeps the name in the space's `home`.

use std::collections::BTreeMap;

use crate::document::{
    Document, DocumentError, Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, Reconcile, Stored,
};
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

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.name, &mut self.named_at]
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
    let latest = latest_of_each(home.collection::<Person>().list().items, |person| *person.named_at);
    latest.into_iter().map(|(id, person)| (id, person.name.get().clone())).collect()
}

/// Of what the devices of each person say under `<person>/<device>`, the latest; at the same moment, the greater key.
pub(super) fn latest_of_each<T>(said: Vec<Stored<T>>, at: impl Fn(&T) -> Timestamp) -> Vec<(PersonId, T)> {
    latest_by(said, |id| id.parts().next()?.parse().ok(), at)
}

/// Of all that is said of one thing, which the key names, the latest; at the same moment, the greater key.
pub(super) fn latest_by<T, K: PartialEq>(
    said: Vec<Stored<T>>,
    of: impl Fn(&EntityId) -> Option<K>,
    at: impl Fn(&T) -> Timestamp,
) -> Vec<(K, T)> {
    let is_earlier = |one: &Stored<T>, other: &Stored<T>| (at(&one.value), &one.id) < (at(&other.value), &other.id);
    let mut latest: Vec<(K, Stored<T>)> = Vec::new();
    for stored in said {
        let Some(of) = of(&stored.id) else { continue };
        match latest.iter_mut().find(|(known, _)| *known == of) {
            None => latest.push((of, stored)),
            Some((_, before)) if is_earlier(before, &stored) => *before = stored,
            Some(_) => {}
        }
    }
    latest.into_iter().map(|(of, stored)| (of, stored.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{NOW, Phone};

    #[test]
    fn it_is_a_proper_entity() {
        crate::document::conformance::check(&Person { name: "Ada".into(), named_at: NOW.into() });
    }

    #[test]
    fn the_latest_name_of_a_persons_devices_holds() {
        let mut ada = Phone::new(0xa);
        let tablet = Writer { device: Phone::new(0xb).writer.device, ..ada.writer };
        let noor = Phone::new(0xc).writer;
        let home = &mut ada.document;
        assert!(write_name(home, &tablet, "Ada L.", NOW.plus_seconds(1)).unwrap());
        assert!(write_name(home, &ada.writer, "Ada", NOW).unwrap());
        assert!(write_name(home, &noor, "Noor", NOW).unwrap());
        assert_eq!(names(home), [(ada.writer.person, "Ada L.".to_owned()), (noor.person, "Noor".to_owned())].into());
        assert!(write_name(home, &ada.writer, "Ada B.", NOW.plus_seconds(2)).unwrap());
        assert!(!write_name(home, &ada.writer, "Ada B.", NOW.plus_seconds(3)).unwrap());
        assert_eq!(names(home)[&ada.writer.person], "Ada B.");
        assert!(write_name(home, &noor, &"n".repeat(NAME_BYTES_MAX + 1), NOW).is_err());
    }
}
