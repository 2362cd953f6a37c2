//! Did we do it? A record that a ritual was done on a day, by each who says so.

use jiff::civil::Date;

use crate::document::{
    Document, DocumentError, DocumentName, Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, Reconcile,
    Text,
};
use crate::limits::NOTE_BYTES_MAX;
use crate::practice::Writer;
use crate::practice::search::Findable;
use crate::time::Timestamp;

/// What one person says, on one device, about a ritual on one day. Both may say it apart: one occurrence, two records. It lies
/// in the chapter of its day ([`chapter`]).
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct RitualOccurrence {
    /// The ritual's key.
    pub ritual: Field<String>,
    /// The day, as `YYYY-MM-DD`.
    pub date: Field<String>,
    /// A few words about it; may be empty.
    pub note: Text,
    /// When it was recorded.
    pub done_at: Field<Timestamp>,
    /// Who says so, a [`PersonId`](crate::id::PersonId).
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
        vec![&mut self.ritual, &mut self.date, &mut self.note, &mut self.done_at, &mut self.by, &mut self.device]
    }
}

impl Findable for RitualOccurrence {
    fn words(&self) -> Vec<&str> {
        vec![self.note.as_str()]
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

/// Records, in the day's chapter, that the ritual was done. Doing it a second time on the day adds the note to the record, and
/// takes the record out of the trash.
///
/// # Errors
/// The note is too long.
pub fn record(
    chapter: &mut Document,
    ritual: &EntityId,
    date: Date,
    writer: &Writer,
    note: &str,
    now: Timestamp,
) -> Result<EntityId, DocumentError> {
    let mut records = chapter.collection_mut::<RitualOccurrence>();
    let id = key(ritual, date, writer);
    if records.contains(&id) {
        records.update(&id, |record| {
            record.done_at.settle(now);
            if !note.is_empty() {
                let separator = if record.note.as_str().is_empty() { "" } else { "\n" };
                record.note.append(&format!("{separator}{note}"));
            }
        })?;
        return Ok(id);
    }
    let record = RitualOccurrence {
        ritual: ritual.to_string().into(),
        date: date.to_string().into(),
        note: note.into(),
        done_at: now.into(),
        by: writer.person.to_string().into(),
        device: writer.device.to_string().into(),
    };
    records.put(&id, &record, now)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{NOW, Phone};
    use jiff::civil::date;

    const DAY: Date = date(2026, 11, 24);

    #[test]
    fn it_is_a_proper_entity() {
        crate::document::conformance::check(&RitualOccurrence {
            ritual: "01".into(),
            date: DAY.to_string().into(),
            note: "Slow.".into(),
            done_at: NOW.into(),
            by: "0a".into(),
            device: "0b".into(),
        });
    }

    #[test]
    fn both_record_the_same_morning_apart() {
        let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
        let ritual = EntityId::make(NOW, &mut ada.rng);
        let hers = record(&mut ada.document, &ritual, DAY, &ada.writer, "Slow.", NOW).unwrap();
        let his = record(&mut noor.document, &ritual, DAY, &noor.writer, "", NOW).unwrap();
        assert_ne!(hers, his);
        noor.document.apply(&ada.document.take_changes()).unwrap();
        assert_eq!(noor.document.collection::<RitualOccurrence>().list().items.len(), 2);
        assert_eq!(chapter(DAY).as_str(), "journal/2026-11");
    }

    #[test]
    fn doing_it_twice_on_a_day_keeps_both_notes() {
        let mut ada = Phone::new(0xa);
        let ritual = EntityId::make(NOW, &mut ada.rng);
        let (writer, later) = (ada.writer, NOW.plus_seconds(60));
        let mut notes = |note: &str| {
            let id = record(&mut ada.document, &ritual, DAY, &writer, note, later).unwrap();
            ada.sees::<RitualOccurrence>(&id).value.note.as_str().to_owned()
        };
        assert_eq!([notes(""), notes("Slow."), notes(""), notes("Sweet.")], ["", "Slow.", "Slow.", "Slow.\nSweet."]);
    }
}
