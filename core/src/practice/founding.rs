//! Where did we go? A note in the `home` of a space that a person has left behind for one founded anew.
//!
//! The last thing that the founding device writes there, for the person's other devices: who reads it stops writing.

use crate::document::{
    Document, DocumentError, Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, Reconcile,
};
use crate::id::{PersonId, SpaceId};
use crate::practice::Writer;
use crate::time::Timestamp;

/// That a person has founded anew.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct FoundedAnew {
    /// When.
    pub founded_at: Field<Timestamp>,
}

impl Entity for FoundedAnew {
    const KIND: &'static str = "founded-anew";

    fn check(&self) -> Result<(), LimitExceeded> {
        Ok(())
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.founded_at]
    }
}

/// Notes, in the `home` of the space that is left behind, that the writer has founded anew, or joined a space founded anew. The
/// note names the space, since a copy of it goes into the next one.
///
/// # Errors
/// The note is damaged.
pub fn write_note(home: &mut Document, space: &SpaceId, writer: &Writer, now: Timestamp) -> Result<(), DocumentError> {
    let mut notes = home.collection_mut::<FoundedAnew>();
    let id = EntityId::from_parts(&[space, &writer.person, &writer.device]);
    if notes.contains(&id) { Ok(()) } else { notes.put(&id, &FoundedAnew { founded_at: now.into() }, now) }
}

/// Whether a device of this person has left the space behind.
#[must_use]
pub fn is_left_behind(home: &Document, space: &SpaceId, person: &PersonId) -> bool {
    let (space, person) = (space.to_string(), person.to_string());
    home.collection::<FoundedAnew>().list().items.iter().any(|note| {
        let mut parts = note.id.parts();
        parts.next() == Some(space.as_str()) && parts.next() == Some(person.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{NOW, Phone};

    #[test]
    fn it_is_a_proper_entity() {
        crate::document::conformance::check(&FoundedAnew { founded_at: NOW.into() });
    }

    #[test]
    fn only_a_device_of_the_same_person_leaves_a_space_behind() {
        let mut ada = Phone::new(0xa);
        let noor = Phone::new(0xb).writer;
        let (space, next) = (SpaceId::from_bytes([1; 32]), SpaceId::from_bytes([2; 32]));
        let (writer, home) = (ada.writer, &mut ada.document);
        write_note(home, &space, &writer, NOW).unwrap();
        write_note(home, &space, &writer, NOW).unwrap();
        assert!(is_left_behind(home, &space, &writer.person));
        assert!(!is_left_behind(home, &next, &writer.person), "a copy in the next space");
        assert!(!is_left_behind(home, &space, &noor.person), "not Noor");
    }
}
