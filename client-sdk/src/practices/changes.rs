//! What changed in a document, as an app would show it?

use std::collections::BTreeSet;

use entwine_core::document::{Entity as _, EntityEvent, EntityId};
use entwine_core::practice::person::Person;

use super::KINDS;

/// Something that an app shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    /// Something of a practice, which calls it so.
    Of(&'static str, EntityId),
    /// What somebody is called.
    Names,
}

/// The things that these entities of a document are, or belong to: the key of what belongs to another thing begins with that one's.
pub(crate) fn things(events: &[EntityEvent]) -> BTreeSet<Thing> {
    events.iter().filter_map(thing).collect()
}

fn thing(event: &EntityEvent) -> Option<Thing> {
    if event.kind == Person::KIND {
        return Some(Thing::Names);
    }
    let kind = KINDS.iter().find(|kind| kind.name == event.kind)?;
    Some(Thing::Of(kind.what, event.key.parse::<EntityId>().ok()?.root()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_of_a_ritual_is_a_change_of_the_ritual() {
        let event = |kind: &str, key: &str| EntityEvent { kind: kind.to_owned(), key: key.to_owned() };
        let ritual = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        let events = [
            event("occurrence", &format!("{ritual}/2026-11-24/someone/somewhere")),
            event("occurrence", &format!("{ritual}/2026-11-25/someone/somewhere")),
            event("pause", &format!("{ritual}/01ARZ3NDEKTSV4RRFFQ69G5FAW")),
            event("registration", "someone/somewhere"),
            event("person", "someone/somewhere"),
        ];
        let expected = [Thing::Of("ritual", ritual.parse().unwrap()), Thing::Names];
        assert_eq!(things(&events), BTreeSet::from(expected));
    }
}
