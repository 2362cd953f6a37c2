//! What changed in a document, as an app would show it?

use std::collections::BTreeSet;

use entwine_core::document::{Document, Entity as _, EntityEvent, EntityId};
use entwine_core::practice::person::Person;
use entwine_core::practice::search::Reader;

use super::KINDS;

/// Something that an app shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    /// Something of a practice, which calls it so.
    Of(&'static str, EntityId),
    /// What somebody is called.
    Names,
}

/// The things that these entities of a document are, or belong to: the key of what belongs to another thing begins with that one's. Of
/// what is not there for its reader yet, nothing is told.
pub(crate) fn things(document: &Document, events: &[EntityEvent], reader: &Reader) -> BTreeSet<Thing> {
    events.iter().filter_map(|event| thing(document, event, reader)).collect()
}

fn thing(document: &Document, event: &EntityEvent, reader: &Reader) -> Option<Thing> {
    if event.kind == Person::KIND {
        return Some(Thing::Names);
    }
    let kind = KINDS.iter().find(|kind| kind.name == event.kind)?;
    let id: EntityId = event.key.parse().ok()?;
    (kind.is_seen)(document, &id, reader).then(|| Thing::Of(kind.what, id.root()))
}

#[cfg(test)]
mod tests {
    use entwine_core::document::ActorId;
    use entwine_core::id::{KeyholderId, PersonId};
    use entwine_core::practice::Writer;
    use entwine_core::practice::note::Note;
    use entwine_core::practice::origin::Origin;
    use entwine_core::time::Timestamp;
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::random;

    const NOOR: Reader = Reader {
        person: PersonId::from_bytes([0xb; 16]),
        now: Timestamp::from_seconds(1_795_500_000),
        wall: date(2026, 11, 24).at(9, 0, 0, 0),
    };

    fn document() -> Document {
        Document::new(ActorId::make_random(&mut random::generator(), &KeyholderId::from_bytes([0xb; 16])))
    }

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
        assert_eq!(things(&document(), &events, &NOOR), BTreeSet::from(expected));
    }

    #[test]
    fn nothing_is_told_of_a_note_before_its_hour() {
        let ada = Writer { person: PersonId::from_bytes([0xa; 16]), device: KeyholderId::from_bytes([0xa; 16]) };
        let origin = Origin::new(&ada, NOOR.now, &TimeZone::UTC);
        let (mut document, wall) = (document(), NOOR.wall);
        let id = EntityId::make(NOOR.now, &mut random::generator());
        let note = Note::at_hour("Look out of the window.", "2026-11-24T18:00", wall, &origin).unwrap();
        document.collection_mut().put(&id, &note, NOOR.now).unwrap();
        let events = [EntityEvent { kind: Note::KIND.to_owned(), key: id.to_string() }];
        assert_eq!(things(&document, &events, &NOOR), BTreeSet::new());
        let told = BTreeSet::from([Thing::Of("note", id)]);
        assert_eq!(things(&document, &events, &Reader { person: ada.person, ..NOOR }), told);
        let evening = Reader { wall: date(2026, 11, 24).at(18, 0, 0, 0), ..NOOR };
        assert_eq!(things(&document, &events, &evening), told);
    }
}
