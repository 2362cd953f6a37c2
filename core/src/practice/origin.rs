//! Who wrote this, on which device, when and in which zone? And so: in which month's chapter does it lie?

use core::fmt;

use autosurgeon::reconcile::NoKey;
use autosurgeon::{HydrateError, Reconciler};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::document::{DocumentName, Entity, EntityId, Hydrate, Reconcile};
use crate::id::{KeyholderId, PersonId};
use crate::practice::Writer;
use crate::time::Timestamp;

/// Who wrote something down, on which device, when, as its clock said, and in which time zone. It is written once, as one value:
/// `<person>/<device>/<milliseconds>/<zone>`. Of what a newer version may write otherwise, nothing is known here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Here and now.
    #[must_use]
    pub fn new(writer: &Writer, now: Timestamp, zone: &TimeZone) -> Self {
        Self(format!("{}/{}/{}/{}", writer.person, writer.device, now.as_millis(), zone_text(now, zone)))
    }

    fn part(&self, index: usize) -> Option<&str> {
        self.0.splitn(4, '/').nth(index)
    }

    /// Who wrote it.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        self.part(0)?.parse().ok()
    }

    /// On which device.
    #[must_use]
    pub fn device(&self) -> Option<KeyholderId> {
        self.part(1)?.parse().ok()
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        let millis = self.part(2).and_then(|millis| millis.parse().ok());
        Timestamp::from_millis(millis.unwrap_or_default())
    }

    /// In which time zone: an IANA name, or an offset such as `+02`.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.part(3).unwrap_or_default()
    }
}

/// Something that somebody wrote down at a moment. It lies in the chapter of that month ([`chapter`]), under a key that begins
/// with a ULID of that moment.
pub trait Dated: Entity + Send {
    /// What it is, in words for people.
    const WHAT: &'static str;

    /// Who wrote it, and when.
    fn origin(&self) -> &Origin;
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Reconcile for Origin {
    type Key<'a> = NoKey;

    fn reconcile<R: Reconciler>(&self, mut reconciler: R) -> Result<(), R::Error> {
        reconciler.str(&self.0)
    }
}

impl Hydrate for Origin {
    fn hydrate_string(text: &str) -> Result<Self, HydrateError> {
        Ok(Self(text.to_owned()))
    }
}

/// The chapter for what is written at this moment in this zone.
#[must_use]
pub fn chapter(now: Timestamp, zone: &TimeZone) -> DocumentName {
    DocumentName::journal(civil_date(now, zone))
}

/// The chapters that something with this key can lie in, the likeliest first. The key tells the moment and not the zone, so
/// around the turn of a month there are two. None for a key that does not begin with a ULID.
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
    fn it_says_who_wrote_where_and_when() {
        let writer = Phone::new(0xa).writer;
        let zone = TimeZone::get("America/Argentina/Ushuaia").unwrap();
        let origin = Origin::new(&writer, NOW, &zone);
        assert_eq!((origin.person(), origin.device()), (Some(writer.person), Some(writer.device)));
        assert_eq!((origin.at(), origin.zone()), (NOW, "America/Argentina/Ushuaia"));
        let fixed = TimeZone::fixed(jiff::tz::offset(-3));
        assert_eq!(Origin::new(&writer, NOW, &fixed).zone(), "-03");
        let unknown = Origin("who knows".to_owned());
        assert_eq!((unknown.person(), unknown.at(), unknown.zone()), (None, Timestamp::default(), ""));
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
        fn something_is_found_in_the_chapters_of_its_key(millis in 0_u64..(1 << 48), hours in -25_i8..=25) {
            let (now, zone) = (Timestamp::from_millis(millis), TimeZone::fixed(jiff::tz::offset(hours)));
            let id = EntityId::make(now, &mut rand::rngs::ChaCha8Rng::seed_from_u64(1));
            let chapters = chapters_of(&id);
            prop_assert!(chapters.contains(&chapter(now, &zone)));
            prop_assert!(chapters.len() <= 2);
        }
    }
}
