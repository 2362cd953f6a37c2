//! What would I like to tell you, now, at that hour, or when you are there again? A short note, to be seen when it is time and not before.

use jiff::civil::DateTime;
use jiff::{Span, ToSpan as _};

use crate::document::{Entity, EntityField, Field, Hydrate, LimitExceeded, Reconcile, Text, choices};
use crate::limits::{NOTE_BYTES_MAX, NOTE_DAYS_AHEAD_MAX};
use crate::practice::moment::{parse_wall, wall_text};
use crate::practice::origin::{Dated, Origin};
use crate::practice::refusal::{Refusal, check_not_empty};
use crate::practice::search::{Findable, Reader};

/// Hours by which the clocks on two walls may differ: Baker Island and the Line Islands are 26 hours apart.
const WALLS_APART_HOURS: i64 = 26;

choices! {
    /// When a note is to be seen.
    NoteWhen, "time for a note" {
        /// As soon as it comes.
        Now = "now",
        /// At an hour of the reader's own wall clock.
        Hour = "hour",
        /// When the reader is there again: an app greets with it.
        Online = "online",
    }
}

/// A note. It lies in the chapter of the month in which it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Note {
    /// What it says.
    pub text: Text,
    /// When it is to be seen.
    pub when: Field<NoteWhen>,
    /// At which hour, as `YYYY-MM-DDTHH:MM` of the wall clock wherever the reader is; empty without one.
    pub at: Field<String>,
    /// Who wrote it, and when.
    pub origin: Field<Origin>,
}

impl Entity for Note {
    const KIND: &'static str = "note";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.text.check("note", NOTE_BYTES_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.text, &mut self.when, &mut self.at, &mut self.origin]
    }
}

impl Dated for Note {
    const WHAT: &'static str = "note";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Findable for Note {
    fn words(&self) -> Vec<&str> {
        vec![self.text.as_str()]
    }

    /// Who wrote it sees it at once. A time that only a later version knows is waited for.
    fn is_seen_by(&self, reader: &Reader) -> bool {
        self.origin.person() == Some(reader.person)
            || match *self.when {
                NoteWhen::Now | NoteWhen::Online => true,
                NoteWhen::Hour => self.has_come(reader.wall),
                NoteWhen::Later => false,
            }
    }
}

impl Note {
    /// A note for as soon as it comes, or for when the other is there again.
    ///
    /// # Errors
    /// It is empty.
    pub fn new(text: &str, is_greeting: bool, origin: &Origin) -> Result<Self, Refusal> {
        check_not_empty("note", text)?;
        let when = if is_greeting { NoteWhen::Online } else { NoteWhen::Now };
        Ok(Self { text: text.into(), when: when.into(), at: "".into(), origin: origin.clone().into() })
    }

    /// A note for an hour of the reader's wall clock, where `wall` is the writer's now.
    ///
    /// # Errors
    /// It is empty, the hour is none, has passed everywhere, or is more than [`NOTE_DAYS_AHEAD_MAX`] days away.
    pub fn at_hour(text: &str, at: &str, wall: DateTime, origin: &Origin) -> Result<Self, Refusal> {
        check_not_empty("note", text)?;
        let hour = parse_wall(at)?;
        let moved = |span: Span| wall.saturating_add(span);
        if hour < moved(-WALLS_APART_HOURS.hours()) {
            return Err(Refusal::State { what: "note", state: "its hour has passed everywhere" });
        }
        if hour > moved(NOTE_DAYS_AHEAD_MAX.days()) {
            return Err(Refusal::State { what: "note", state: "its hour is more than a year away" });
        }
        let (when, at) = (NoteWhen::Hour.into(), wall_text(hour).into());
        Ok(Self { text: text.into(), when, at, origin: origin.clone().into() })
    }

    /// The hour at which this reader will see it, where that is still to come.
    #[must_use]
    pub fn waits_for(&self, reader: &Reader) -> Option<DateTime> {
        let waits = *self.when == NoteWhen::Hour && !self.is_seen_by(reader);
        parse_wall(&self.at).ok().filter(|_| waits)
    }

    /// Whether its hour has come on this wall. An hour that cannot be read here does not come.
    fn has_come(&self, wall: DateTime) -> bool {
        parse_wall(&self.at).is_ok_and(|hour| hour <= wall)
    }

    /// Whether it can be withdrawn, as the writer's wall has it: what has come stays with whom it was for.
    ///
    /// # Errors
    /// It had no hour, or its hour has come.
    pub fn check_withdrawable(&self, wall: DateTime) -> Result<(), Refusal> {
        let state = match *self.when {
            NoteWhen::Hour if !self.has_come(wall) => return Ok(()),
            NoteWhen::Hour => "its hour has come, and what has come stays",
            _ => "it is on its way, and what has come stays",
        };
        Err(Refusal::State { what: "note", state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::EntityId;
    use crate::document::tests::{NOW, Phone};
    use jiff::civil::date;

    const WALL: DateTime = date(2026, 11, 24).at(9, 0, 0, 0);

    fn reader(phone: &Phone, wall: DateTime) -> Reader {
        Reader { person: phone.writer.person, now: NOW, wall }
    }

    fn at(phone: &Phone, hour: &str) -> Result<Note, Refusal> {
        Note::at_hour("Look out of the window.", hour, WALL, &phone.origin())
    }

    #[test]
    fn it_is_a_proper_entity() {
        crate::document::conformance::check(&at(&Phone::new(0xa), "2026-12-24T08:00").unwrap());
    }

    #[test]
    fn the_reader_sees_a_note_at_its_hour_on_the_own_wall_and_the_writer_at_once() {
        let (ada, noor) = (Phone::new(0xa), Phone::new(0xb));
        let note = at(&ada, "2026-11-24T18:00").unwrap();
        assert!(note.is_seen_by(&reader(&ada, WALL)));
        assert!(!note.is_seen_by(&reader(&noor, date(2026, 11, 24).at(17, 59, 59, 999_999_999))));
        assert!(note.is_seen_by(&reader(&noor, date(2026, 11, 24).at(18, 0, 0, 0))));
        assert_eq!(note.waits_for(&reader(&noor, WALL)), Some(date(2026, 11, 24).at(18, 0, 0, 0)));
        for reader in [reader(&noor, date(2026, 11, 24).at(18, 0, 0, 0)), reader(&ada, WALL)] {
            assert_eq!(note.waits_for(&reader), None);
        }
        for is_greeting in [false, true] {
            let note = Note::new("Good morning", is_greeting, &ada.origin()).unwrap();
            assert!(note.is_seen_by(&reader(&noor, WALL)) && note.waits_for(&reader(&noor, WALL)).is_none());
        }
    }

    #[test]
    fn a_time_that_this_version_does_not_know_is_waited_for() {
        let (ada, noor) = (Phone::new(0xa), Phone::new(0xb));
        let mut note = at(&ada, "2026-11-24T18:00").unwrap();
        note.at = "at dusk".into();
        let late = reader(&noor, date(2100, 1, 1).at(0, 0, 0, 0));
        assert!(!note.is_seen_by(&late) && note.waits_for(&late).is_none());
        note.when = NoteWhen::Later.into();
        assert!(!note.is_seen_by(&late) && note.is_seen_by(&reader(&ada, WALL)));
    }

    #[test]
    fn only_an_hour_that_somebody_can_still_wait_for_is_taken() {
        let ada = Phone::new(0xa);
        for taken in ["2026-11-23T07:00", "2026-11-24T09:00", "2027-11-25T09:00"] {
            assert!(at(&ada, taken).is_ok(), "{taken}");
        }
        for (refused, why) in [
            ("2026-11-23T06:59", "has passed everywhere"),
            ("2027-11-25T09:01", "more than a year away"),
            ("tonight", "is no moment"),
        ] {
            assert!(at(&ada, refused).unwrap_err().to_string().contains(why), "{refused}");
        }
        assert_eq!(Note::new(" ", false, &ada.origin()), Err(Refusal::Empty("note")));
    }

    #[test]
    fn a_note_is_withdrawn_before_its_hour_and_not_after_it() {
        let ada = Phone::new(0xa);
        let note = at(&ada, "2026-11-24T18:00").unwrap();
        assert_eq!(note.check_withdrawable(WALL), Ok(()));
        for (note, wall) in [
            (note, date(2026, 11, 24).at(18, 0, 0, 0)),
            (Note::new("Hello", false, &ada.origin()).unwrap(), WALL),
            (Note::new("Hello", true, &ada.origin()).unwrap(), WALL),
        ] {
            assert!(note.check_withdrawable(wall).unwrap_err().to_string().contains("what has come stays"));
        }
    }

    #[test]
    fn what_both_wrote_apart_is_all_there() {
        let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
        for phone in [&mut ada, &mut noor] {
            let (id, note) = (EntityId::make(NOW, &mut phone.rng), at(phone, "2026-11-24T18:00").unwrap());
            phone.document.collection_mut().put(&id, &note, NOW).unwrap();
        }
        noor.document.apply(&ada.document.take_changes()).unwrap();
        assert_eq!(noor.document.collection::<Note>().list().items.len(), 2);
    }
}
