//! What changed in a document, as an app would show it?

use std::collections::BTreeSet;

use entwine_core::document::{Document, Entity as _, EntityEvent, EntityId};
use entwine_core::practice::journal::JournalEntry;
use entwine_core::practice::occurrence::RitualOccurrence;
use entwine_core::practice::pause::Pause;
use entwine_core::practice::person::Person;
use entwine_core::practice::ritual::Ritual;

/// Something that an app shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    /// Something of a practice, which calls it so.
    Of(&'static str, EntityId),
    /// What somebody is called.
    Names,
}

/// The things that these entities of a document are, or belong to.
pub(crate) fn things(document: &Document, events: &[EntityEvent]) -> BTreeSet<Thing> {
    events.iter().filter_map(|event| thing(document, event)).collect()
}

fn thing(document: &Document, event: &EntityEvent) -> Option<Thing> {
    let id = event.key.parse::<EntityId>().ok()?;
    match event.kind.as_str() {
        Person::KIND => Some(Thing::Names),
        JournalEntry::KIND => Some(Thing::Of("entry", id)),
        Ritual::KIND => Some(Thing::Of("ritual", id)),
        // A record's key begins with its ritual's.
        RitualOccurrence::KIND => Some(Thing::Of("ritual", id.parts().next()?.parse().ok()?)),
        Pause::KIND => {
            let pause = document.collection::<Pause>().get(&id).ok()??;
            Some(Thing::Of("ritual", pause.value.ritual.parse().ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use entwine_core::document::ActorId;
    use entwine_core::id::KeyholderId;

    use super::*;
    use crate::random;

    #[test]
    fn what_was_recorded_of_a_ritual_is_a_change_of_the_ritual() {
        let event = |kind: &str, key: &str| EntityEvent { kind: kind.to_owned(), key: key.to_owned() };
        let ritual = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        let events = [
            event("occurrence", &format!("{ritual}/2026-11-24/someone/somewhere")),
            event("occurrence", &format!("{ritual}/2026-11-25/someone/somewhere")),
            event("registration", "someone/somewhere"),
            event("person", "someone/somewhere"),
        ];
        let expected = [Thing::Of("ritual", ritual.parse().unwrap()), Thing::Names];
        let document = Document::new(ActorId::make_random(&mut random::generator(), &KeyholderId::from_bytes([7; 16])));
        assert_eq!(things(&document, &events), BTreeSet::from(expected));
    }
}
