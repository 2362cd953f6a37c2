//! What happened today, in words? A journal entry, which both partners can write in.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::document::{
    DocumentName, Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, Reconcile, Text, TextSet,
};
use crate::id::{KeyholderId, PersonId};
use crate::limits::{TAG_BYTES_MAX, TAGS_MAX, TEXT_BYTES_MAX, TITLE_BYTES_MAX};
use crate::practice::Writer;
use crate::time::Timestamp;

/// An entry of the journal. It lies in the chapter of the month in which it was written ([`chapter`]).
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct JournalEntry {
    /// The title; may be empty.
    pub title: Field<String>,
    /// The text.
    pub text: Text,
    /// Tags, in the writer's own words.
    pub tags: TextSet,
    /// Who began it, a [`PersonId`].
    pub author: Field<String>,
    /// On which device, a [`KeyholderId`].
    pub device: Field<String>,
    /// When, as the device's clock said.
    pub written_at: Field<Timestamp>,
    /// The time zone of that device: an IANA name, or an offset such as `+02:00`.
    pub zone: Field<String>,
}

impl Entity for JournalEntry {
    const KIND: &'static str = "journal";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.title.check("title", TITLE_BYTES_MAX)?;
        self.text.check("text", TEXT_BYTES_MAX)?;
        self.tags.check("tags", TAG_BYTES_MAX, TAGS_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![
            &mut self.title,
            &mut self.text,
            &mut self.tags,
            &mut self.author,
            &mut self.device,
            &mut self.written_at,
            &mut self.zone,
        ]
    }
}

impl JournalEntry {
    /// A new entry, without tags. Its key is [`EntityId::make`] of the same moment.
    #[must_use]
    pub fn new(title: &str, text: &str, writer: &Writer, now: Timestamp, zone: &TimeZone) -> Self {
        Self {
            title: title.into(),
            text: text.into(),
            tags: TextSet::default(),
            author: writer.person.to_string().into(),
            device: writer.device.to_string().into(),
            written_at: now.into(),
            zone: zone_text(now, zone).into(),
        }
    }

    /// Who began it.
    #[must_use]
    pub fn author(&self) -> Option<PersonId> {
        self.author.parse().ok()
    }

    /// On which device.
    #[must_use]
    pub fn device(&self) -> Option<KeyholderId> {
        self.device.parse().ok()
    }
}

/// The chapter for what is written at this moment in this zone.
#[must_use]
pub fn chapter(now: Timestamp, zone: &TimeZone) -> DocumentName {
    DocumentName::journal(civil_date(now, zone))
}

/// The chapters that an entry with this key can lie in, the likeliest first. The key tells the moment and not the zone, so
/// around the turn of a month there are two. None for a key that is no ULID.
#[must_use]
pub fn chapters_of(id: &EntityId) -> Vec<DocumentName> {
    let Some(made) = id.ulid_time() else { return Vec::new() };
    // The zones that people live in reach from UTC−12 to UTC+14; jiff's offsets to not quite 26 hours.
    let shift = 26 * 3600 * 1000;
    let earlier = Timestamp::from_millis(made.as_millis().saturating_sub(shift));
    let later = made.plus_seconds(shift / 1000);
    let mut chapters: Vec<DocumentName> = Vec::new();
    for moment in [made, earlier, later] {
        let chapter = chapter(moment, &TimeZone::UTC);
        if !chapters.contains(&chapter) {
            chapters.push(chapter);
        }
    }
    chapters
}

/// The day that a moment belongs to in a zone. Moments beyond the year 9999 belong to its last day.
#[must_use]
pub fn civil_date(now: Timestamp, zone: &TimeZone) -> Date {
    now.to_moment().to_zoned_datetime(zone.clone()).date()
}

fn zone_text(now: Timestamp, zone: &TimeZone) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => zone.to_offset(now.to_moment()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{NOW, Phone};
    use jiff::civil::date;
    use proptest::prelude::*;
    use rand::SeedableRng as _;

    #[test]
    fn it_is_a_proper_entity() {
        let mut entry = JournalEntry::new("Lake", "We walked.", &Phone::new(0xa).writer, NOW, &TimeZone::UTC);
        assert!(entry.tags.insert("us"));
        crate::document::conformance::check(&entry);
    }

    #[test]
    fn an_entry_knows_who_wrote_it_where_and_when() {
        let writer = Phone::new(0xa).writer;
        let zone = TimeZone::get("Asia/Beirut").unwrap();
        let entry = JournalEntry::new("Lake", "", &writer, NOW, &zone);
        assert_eq!((entry.author(), entry.device()), (Some(writer.person), Some(writer.device)));
        assert_eq!((*entry.written_at, entry.zone.as_str()), (NOW, "Asia/Beirut"));
        let fixed = TimeZone::fixed(jiff::tz::offset(-3));
        assert_eq!(*JournalEntry::new("", "", &writer, NOW, &fixed).zone, "-03");
    }

    #[test]
    fn the_month_is_the_writers() {
        let new_year = Timestamp::from_millis(1_798_761_600_000); // 2027-01-01T00:00Z
        for (zone, month) in [("America/New_York", "2026-12"), ("UTC", "2027-01"), ("Asia/Tokyo", "2027-01")] {
            assert_eq!(chapter(new_year, &TimeZone::get(zone).unwrap()).month(), Some(month), "{zone}");
        }
        let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(1);
        let id = EntityId::make(new_year, &mut rng);
        let chapters = [DocumentName::journal(date(2027, 1, 1)), DocumentName::journal(date(2026, 12, 1))];
        assert_eq!(chapters_of(&id), chapters);
        let id = EntityId::make(new_year.plus_seconds(10 * 24 * 3600), &mut rng);
        assert_eq!(chapters_of(&id), chapters[..1]);
        assert_eq!(chapters_of(&"home".parse().unwrap()), []);
    }

    proptest! {
        #[test]
        fn an_entry_is_found_in_the_chapters_of_its_key(millis in 0_u64..(1 << 48), hours in -25_i8..=25) {
            let (now, zone) = (Timestamp::from_millis(millis), TimeZone::fixed(jiff::tz::offset(hours)));
            let id = EntityId::make(now, &mut rand::rngs::ChaCha8Rng::seed_from_u64(1));
            let chapters = chapters_of(&id);
            prop_assert!(chapters.contains(&chapter(now, &zone)));
            prop_assert!(chapters.len() <= 2);
        }
    }
}
