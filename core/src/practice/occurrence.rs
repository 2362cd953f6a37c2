//! Did we do it? What each of the two says of a ritual on one day: that it was done, skipped, or moved to another one.
//!
//! Nobody's word replaces the other's: of one day there is one occurrence, with a record of each person ([`Said`]), and where
//! they say different things, both stand. A move is told of on both of its days, so that whoever asks what is due in a month
//! reads the chapter of that month alone.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::document::{
    Document, DocumentError, DocumentName, Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, Reconcile,
    Stored, Text, choices,
};
use crate::id::PersonId;
use crate::limits::{NOTE_BYTES_MAX, OCCURRENCE_DAYS_MAX};
use crate::practice::Writer;
use crate::practice::ritual::Schedule;
use crate::practice::ritual::schedule::{SaidDays, ScheduleError, parse_day};
use crate::practice::search::Findable;
use crate::time::Timestamp;

choices! {
    /// What became of a ritual on a day.
    Outcome, "outcome" {
        /// Done, by both together.
        Together = "together",
        /// Done, by this person alone.
        Alone = "alone",
        /// Left out. It is due no more on that day.
        Skipped = "skipped",
        /// Moved to another day. It is due on that one.
        Moved = "moved",
        /// Moved here from another day: it is due.
        Planned = "planned",
    }
}

impl Outcome {
    /// Whether somebody did it.
    #[must_use]
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Together | Self::Alone)
    }
}

/// What one person says, on one device, about a ritual on one day. Both may say it apart: one occurrence, two records. It lies
/// in the chapter of its day ([`chapter`]).
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct RitualOccurrence {
    /// The ritual's key.
    pub ritual: Field<String>,
    /// The day, as `YYYY-MM-DD`.
    pub date: Field<String>,
    /// What became of it. None in what earlier versions wrote: it was done.
    pub outcome: Field<Option<Outcome>>,
    /// Where it was moved, the day to which or from which, as `YYYY-MM-DD`.
    pub other_day: Field<Option<String>>,
    /// A few words about it; may be empty.
    pub note: Text,
    /// When it was recorded.
    pub done_at: Field<Timestamp>,
    /// Who says so, a [`PersonId`].
    pub by: Field<String>,
    /// On which device, a [`KeyholderId`](crate::id::KeyholderId).
    pub device: Field<String>,
}

impl Entity for RitualOccurrence {
    const KIND: &'static str = "occurrence";
    const TEXT_FIELD: &'static str = "note";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.note.check("note", NOTE_BYTES_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![
            &mut self.ritual,
            &mut self.date,
            &mut self.outcome,
            &mut self.other_day,
            &mut self.note,
            &mut self.done_at,
            &mut self.by,
            &mut self.device,
        ]
    }
}

impl Findable for RitualOccurrence {
    fn words(&self) -> Vec<&str> {
        vec![self.note.as_str()]
    }
}

impl RitualOccurrence {
    /// What became of it.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome.unwrap_or(Outcome::Together)
    }
}

/// The chapter that records of this day lie in.
#[must_use]
pub fn chapter(date: Date) -> DocumentName {
    DocumentName::journal(date)
}

/// The key of what this writer says about this ritual on this day.
#[must_use]
pub fn key(ritual: &EntityId, date: Date, writer: &Writer) -> EntityId {
    EntityId::from_parts(&[ritual, &date, &writer.person, &writer.device])
}

/// Reads a day that something can be said of.
///
/// # Errors
/// It is no day, or more than ten years away.
pub fn parse_occurrence_day(text: &str, today: Date) -> Result<Date, ScheduleError> {
    let day = parse_day(text)?;
    let days = OCCURRENCE_DAYS_MAX.days();
    let near = today.saturating_sub(days)..=today.saturating_add(days);
    if near.contains(&day) { Ok(day) } else { Err(ScheduleError::TooFar(day)) }
}

/// Refuses that something was done on a day that has not come. Where the partner is, it may have come already.
///
/// # Errors
/// It is after tomorrow.
pub fn check_has_come(day: Date, today: Date) -> Result<(), ScheduleError> {
    if day > today.saturating_add(1.days()) { Err(ScheduleError::NotYet(day)) } else { Ok(()) }
}

/// Whether a ritual may be moved from one day to another, by this person, as the two have spoken of both days. What somebody moved
/// already, they may move again, or back.
///
/// # Errors
/// It is not due on the one, or was done, skipped or moved on the other.
pub fn check_move(
    said: &SaidOf,
    mut schedule: Schedule,
    (from, to): (Date, Date),
    mover: PersonId,
) -> Result<(), ScheduleError> {
    let is_movers = |said: &Said| said.person == Some(mover);
    let of_day = |day: Date| said.get(&day).into_iter().flatten();
    schedule.said = days(said, mover);
    let was_moved = of_day(from).any(|said| is_movers(said) && said.outcome == Outcome::Moved);
    if from == to {
        return Err(ScheduleError::SameDay(to));
    }
    if !was_moved && !schedule.is_due_on(from) {
        return Err(ScheduleError::NotDue(from));
    }
    let others = of_day(to).filter(|said| !is_movers(said) || said.outcome.is_done()).cloned().collect();
    let is_over = !days(&[(to, others)].into(), mover).over.is_empty();
    if is_over { Err(ScheduleError::Over(to)) } else { Ok(()) }
}

/// Refuses a note that would not fit beside what this writer noted of the day before.
///
/// # Errors
/// It would be too long.
pub fn check_note(
    chapter: &Document,
    ritual: &EntityId,
    date: Date,
    writer: &Writer,
    note: &str,
) -> Result<(), DocumentError> {
    let before = chapter.collection::<RitualOccurrence>().get(&key(ritual, date, writer))?;
    let bytes = before.map_or(0, |stored| stored.value.note.as_str().len() + 1);
    if !note.is_empty() {
        LimitExceeded::check_bytes("note", bytes + note.len(), NOTE_BYTES_MAX)?;
    }
    Ok(())
}

/// Where this writer has moved a ritual from this day, in the chapter of which it is told.
///
/// # Errors
/// The record is damaged.
pub fn moved_to(
    chapter: &Document,
    ritual: &EntityId,
    date: Date,
    writer: &Writer,
) -> Result<Option<Date>, DocumentError> {
    let record = chapter.collection::<RitualOccurrence>().get(&key(ritual, date, writer))?;
    let moved = record.filter(|stored| stored.value.outcome() == Outcome::Moved);
    Ok(moved.and_then(|stored| parse_day(stored.value.other_day.as_deref()?).ok()))
}

/// What is to be recorded of a day.
#[derive(Debug, Clone, Copy)]
pub struct Word<'w> {
    /// What became of it.
    pub outcome: Outcome,
    /// A few words; may be empty.
    pub note: &'w str,
    /// Of what is moved, the day to which or from which.
    pub other_day: Option<Date>,
}

/// Records, in the day's chapter, what became of a ritual. Of a second word on the same day the outcome stands and the note is
/// added to the first, and the record comes out of the trash.
///
/// # Errors
/// The note is too long.
pub fn record(
    chapter: &mut Document,
    ritual: &EntityId,
    date: Date,
    writer: &Writer,
    word: &Word<'_>,
    now: Timestamp,
) -> Result<EntityId, DocumentError> {
    let mut records = chapter.collection_mut::<RitualOccurrence>();
    let id = key(ritual, date, writer);
    let other_day = word.other_day.map(|day| day.to_string());
    if records.contains(&id) {
        records.update(&id, |record| {
            // What was planned and is done now tells still from which day it came.
            if !(record.outcome() == Outcome::Planned && word.outcome.is_done()) {
                record.other_day.set(other_day);
            }
            record.done_at.settle(now);
            record.outcome.set(Some(word.outcome));
            if !word.note.is_empty() {
                let separator = if record.note.as_str().is_empty() { "" } else { "\n" };
                record.note.append(&format!("{separator}{}", word.note));
            }
        })?;
        return Ok(id);
    }
    let record = RitualOccurrence {
        ritual: ritual.to_string().into(),
        date: date.to_string().into(),
        outcome: Some(word.outcome).into(),
        other_day: other_day.into(),
        note: word.note.into(),
        done_at: now.into(),
        by: writer.person.to_string().into(),
        device: writer.device.to_string().into(),
    };
    records.put(&id, &record, now)?;
    Ok(id)
}

/// Takes back that this writer moved a ritual from one day to another, in the chapter of the latter: it is due there no more.
///
/// # Errors
/// The record is damaged.
pub fn unplan(
    chapter: &mut Document,
    ritual: &EntityId,
    (from, to): (Date, Date),
    writer: &Writer,
    now: Timestamp,
) -> Result<(), DocumentError> {
    let mut records = chapter.collection_mut::<RitualOccurrence>();
    let id = key(ritual, to, writer);
    let is_from = |record: &RitualOccurrence| record.other_day.as_deref() == Some(from.to_string().as_str());
    let planned =
        records.get(&id)?.filter(|stored| stored.value.outcome() == Outcome::Planned && is_from(&stored.value));
    if planned.is_some() {
        records.remove(&id, now)?;
    }
    Ok(())
}

/// What one person says of a ritual on a day, from whichever devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who. None: not known to this version.
    pub person: Option<PersonId>,
    /// What became of it, in the person's latest word.
    pub outcome: Outcome,
    /// Of what is or was moved, the day to which or from which.
    pub other_day: Option<Date>,
    /// Every note of the day, from the first on.
    pub note: String,
    /// When the latest word was recorded.
    pub at: Timestamp,
}

/// By day, what each of the two says of a ritual, from the earliest word on.
pub type SaidOf = BTreeMap<Date, Vec<Said>>;

/// Collects what was said in chapters, by ritual: one word of each person for each day. What is written as this version does
/// not know is left out.
#[derive(Debug, Default)]
pub struct Told(BTreeMap<String, Records>);

/// By day and person.
type Records = BTreeMap<(Date, String), Vec<Stored<RitualOccurrence>>>;

impl Told {
    /// Reads a chapter.
    pub fn read(&mut self, chapter: &Document) {
        for stored in chapter.collection::<RitualOccurrence>().list() {
            let record = &stored.value;
            let Ok(date) = parse_day(&record.date) else { continue };
            let (ritual, by) = (record.ritual.get().clone(), record.by.get().clone());
            self.0.entry(ritual).or_default().entry((date, by)).or_default().push(stored);
        }
    }

    /// What was said of a ritual.
    #[must_use]
    pub fn of(&self, ritual: &EntityId) -> SaidOf {
        self.0.get(ritual.as_str()).map(said_of).unwrap_or_default()
    }

    /// What was said of each, by its key.
    pub fn all(&self) -> impl Iterator<Item = (String, SaidOf)> {
        self.0.iter().map(|(ritual, records)| (ritual.clone(), said_of(records)))
    }
}

fn said_of(records: &Records) -> SaidOf {
    let mut said = SaidOf::new();
    for ((date, by), records) in records {
        said.entry(*date).or_default().extend(in_one(by, records));
    }
    for of_day in said.values_mut() {
        of_day.sort_by_key(|said| (said.at, said.person));
    }
    said
}

/// One person's records of one day, made one on each of their devices.
fn in_one(by: &str, records: &[Stored<RitualOccurrence>]) -> Option<Said> {
    let mut records: Vec<_> = records.iter().collect();
    records.sort_by_key(|stored| (*stored.value.done_at, &stored.id));
    let latest = &records.last()?.value;
    let notes = records.iter().map(|stored| stored.value.note.as_str()).filter(|note| !note.is_empty());
    Some(Said {
        person: by.parse().ok(),
        outcome: latest.outcome(),
        other_day: latest.other_day.as_deref().and_then(|day| parse_day(day).ok()),
        note: notes.collect::<Vec<_>>().join("\n"),
        at: *latest.done_at,
    })
}

/// What this says to somebody of what is due: on which days no more, and on which although the rule does not name them. What
/// both did is over for both, what one did alone for that one.
#[must_use]
pub fn days(said: &SaidOf, reader: PersonId) -> SaidDays {
    let is_over = |said: &Said| match said.outcome {
        Outcome::Together | Outcome::Skipped | Outcome::Moved => true,
        Outcome::Alone => said.person == Some(reader),
        Outcome::Planned | Outcome::Later => false,
    };
    let mut days = SaidDays::default();
    for (date, of_day) in said {
        if of_day.iter().any(is_over) {
            days.over.insert(*date);
        } else if of_day.iter().any(|said| said.outcome == Outcome::Planned) {
            days.planned.insert(*date);
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{NOW, Phone};
    use crate::id::KeyholderId;
    use crate::practice::ritual::Ritual;
    use jiff::civil::date;

    const DAY: Date = date(2026, 11, 24);
    const NEXT: Date = date(2026, 11, 25);

    impl Phone {
        fn says(&mut self, ritual: &EntityId, date: Date, outcome: Outcome, note: &str, minute: u64) -> EntityId {
            let word = Word { outcome, note, other_day: None };
            self.says_word(ritual, date, &word, minute)
        }

        fn says_word(&mut self, ritual: &EntityId, date: Date, word: &Word<'_>, minute: u64) -> EntityId {
            let writer = self.writer;
            record(&mut self.document, ritual, date, &writer, word, NOW.plus_seconds(60 * minute)).unwrap()
        }

        fn told(&self, ritual: &EntityId) -> SaidOf {
            let mut told = Told::default();
            told.read(&self.document);
            told.of(ritual)
        }

        fn days(&self, ritual: &EntityId) -> SaidDays {
            days(&self.told(ritual), self.writer.person)
        }

        fn meets(&mut self, other: &mut Self) {
            self.document.apply(&other.document.take_changes()).unwrap();
            other.document.apply(&self.document.take_changes()).unwrap();
        }
    }

    fn three() -> (Phone, Phone, EntityId) {
        let (mut ada, noor) = (Phone::new(0xa), Phone::new(0xb));
        let ritual = EntityId::make(NOW, &mut ada.rng);
        (ada, noor, ritual)
    }

    #[test]
    fn it_is_a_proper_entity() {
        crate::document::conformance::check(&RitualOccurrence {
            ritual: "01".into(),
            date: DAY.to_string().into(),
            outcome: Some(Outcome::Alone).into(),
            other_day: Some(NEXT.to_string()).into(),
            note: "Slow.".into(),
            done_at: NOW.into(),
            by: "0a".into(),
            device: "0b".into(),
        });
    }

    #[test]
    fn both_record_the_same_morning_apart_and_it_is_one_occurrence_with_two_records() {
        let (mut ada, mut noor, ritual) = three();
        let hers = ada.says(&ritual, DAY, Outcome::Together, "Slow.", 0);
        let his = noor.says(&ritual, DAY, Outcome::Alone, "", 1);
        assert_ne!(hers, his);
        ada.meets(&mut noor);
        let said = ada.told(&ritual);
        assert_eq!(said, noor.told(&ritual));
        assert_eq!(said.keys().collect::<Vec<_>>(), [&DAY]);
        let words: Vec<_> = said[&DAY].iter().map(|said| (said.person, said.outcome, said.note.as_str())).collect();
        let (adas, noors) = (Some(ada.writer.person), Some(noor.writer.person));
        assert_eq!(words, [(adas, Outcome::Together, "Slow."), (noors, Outcome::Alone, "")], "neither is wrong");
        assert_eq!(chapter(DAY).as_str(), "journal/2026-11");
    }

    #[test]
    fn of_one_persons_two_devices_the_newest_outcome_stands_and_every_note() {
        let (mut ada, mut tablet, ritual) = three();
        tablet.writer = Writer { person: ada.writer.person, device: KeyholderId::from_bytes([0xc; 16]) };
        ada.says(&ritual, DAY, Outcome::Skipped, "Too tired.", 0);
        tablet.says(&ritual, DAY, Outcome::Alone, "After all.", 5);
        ada.meets(&mut tablet);
        let said = ada.told(&ritual);
        assert_eq!(said[&DAY].len(), 1, "one person is shown once");
        assert_eq!((said[&DAY][0].outcome, said[&DAY][0].note.as_str()), (Outcome::Alone, "Too tired.\nAfter all."));
    }

    #[test]
    fn what_one_did_alone_is_over_for_that_one_and_what_both_did_or_one_skipped_for_both() {
        let (mut ada, mut noor, ritual) = three();
        let skipped = date(2026, 11, 26);
        ada.says(&ritual, DAY, Outcome::Alone, "", 0);
        ada.says(&ritual, NEXT, Outcome::Together, "", 0);
        ada.says(&ritual, skipped, Outcome::Skipped, "", 0);
        ada.meets(&mut noor);
        assert_eq!(ada.days(&ritual).over, [DAY, NEXT, skipped].into());
        assert_eq!(noor.days(&ritual).over, [NEXT, skipped].into());
    }

    #[test]
    fn what_was_moved_is_due_on_the_other_day_until_it_is_done_or_taken_back() {
        let (mut ada, _, ritual) = three();
        let moved = Word { outcome: Outcome::Moved, note: "", other_day: Some(NEXT) };
        let planned = Word { outcome: Outcome::Planned, note: "", other_day: Some(DAY) };
        ada.says_word(&ritual, NEXT, &planned, 0);
        ada.says_word(&ritual, DAY, &moved, 0);
        assert_eq!(ada.days(&ritual), SaidDays { over: [DAY].into(), planned: [NEXT].into() });

        ada.says(&ritual, NEXT, Outcome::Together, "", 1);
        assert_eq!(ada.days(&ritual).planned, [].into());
        assert_eq!(ada.told(&ritual)[&NEXT][0].other_day, Some(DAY), "it tells still where it came from");

        // Nothing that was done is taken back with a move.
        let writer = ada.writer;
        unplan(&mut ada.document, &ritual, (DAY, NEXT), &writer, NOW).unwrap();
        assert_eq!(ada.told(&ritual)[&NEXT][0].outcome, Outcome::Together);
        ada.says_word(&ritual, NEXT, &planned, 2);
        unplan(&mut ada.document, &ritual, (date(2026, 11, 1), NEXT), &writer, NOW).unwrap();
        assert_eq!(ada.days(&ritual).planned, [NEXT].into(), "another move");
        unplan(&mut ada.document, &ritual, (DAY, NEXT), &writer, NOW).unwrap();
        assert_eq!(ada.told(&ritual).keys().collect::<Vec<_>>(), [&DAY]);
    }

    #[test]
    fn only_what_is_due_is_moved_and_only_to_where_nobody_has_settled_it() {
        let (mut ada, mut noor, ritual) = three();
        let every = Ritual::new("Call", &"FREQ=WEEKLY;BYDAY=TU".parse().unwrap(), None);
        let schedule = every.schedule(NOW.plus_seconds(0), Vec::new()).unwrap();
        let schedule = Schedule { starts: date(2026, 11, 1), ..schedule };
        let check = |phone: &Phone, from, to| {
            check_move(&phone.told(&ritual), schedule.clone(), (from, to), phone.writer.person)
        };
        assert_eq!(check(&ada, DAY, NEXT), Ok(()));
        assert_eq!(check(&ada, DAY, DAY), Err(ScheduleError::SameDay(DAY)));
        assert_eq!(check(&ada, NEXT, DAY), Err(ScheduleError::NotDue(NEXT)));

        ada.says_word(&ritual, NEXT, &Word { outcome: Outcome::Planned, note: "", other_day: Some(DAY) }, 0);
        ada.says_word(&ritual, DAY, &Word { outcome: Outcome::Moved, note: "", other_day: Some(NEXT) }, 0);
        ada.meets(&mut noor);
        assert_eq!(check(&ada, DAY, date(2026, 11, 26)), Ok(()), "again");
        assert_eq!(check(&ada, NEXT, DAY), Ok(()), "back");
        assert_eq!(check(&noor, NEXT, date(2026, 11, 26)), Ok(()), "and further, by either");
        assert_eq!(check(&noor, DAY, date(2026, 11, 26)), Err(ScheduleError::NotDue(DAY)));
        assert_eq!(check(&noor, NEXT, DAY), Err(ScheduleError::Over(DAY)));
        ada.says(&ritual, date(2026, 12, 1), Outcome::Alone, "", 0);
        assert_eq!(check(&ada, NEXT, date(2026, 12, 1)), Err(ScheduleError::Over(date(2026, 12, 1))));
    }

    #[test]
    fn a_note_that_is_too_long_is_refused_before_anything_is_written() {
        let (mut ada, _, ritual) = three();
        ada.says(&ritual, DAY, Outcome::Together, &"x".repeat(NOTE_BYTES_MAX - 2), 0);
        let check =
            |note: &str| check_note(&ada.document, &ritual, DAY, &ada.writer, note).map_err(|error| error.to_string());
        assert_eq!((check(""), check("x")), (Ok(()), Ok(())));
        assert_eq!(check("xx"), Err("note is longer than 4096 bytes".to_owned()));
    }

    #[test]
    fn doing_it_twice_on_a_day_keeps_both_notes() {
        let (mut ada, _, ritual) = three();
        let mut notes = |note: &str| {
            let id = ada.says(&ritual, DAY, Outcome::Together, note, 1);
            ada.sees::<RitualOccurrence>(&id).value.note.as_str().to_owned()
        };
        assert_eq!([notes(""), notes("Slow."), notes(""), notes("Sweet.")], ["", "Slow.", "Slow.", "Slow.\nSweet."]);
    }

    #[test]
    fn days_that_are_none_or_too_far_or_have_not_come_are_refused() {
        let today = DAY;
        assert_eq!(parse_occurrence_day("2036-11-20", today), Ok(date(2036, 11, 20)));
        for (text, refusal) in [
            ("2026-02-30", ScheduleError::Day("2026-02-30".to_owned())),
            ("2036-12-24", ScheduleError::TooFar(date(2036, 12, 24))),
            ("2016-10-24", ScheduleError::TooFar(date(2016, 10, 24))),
        ] {
            assert_eq!(parse_occurrence_day(text, today), Err(refusal));
        }
        assert_eq!(check_has_come(NEXT, today), Ok(()), "where the partner is, it may be tomorrow");
        assert_eq!(check_has_come(date(2026, 11, 26), today), Err(ScheduleError::NotYet(date(2026, 11, 26))));
    }
}
