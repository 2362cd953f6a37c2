//! Which moment does somebody mean who reads it off the clock on the wall?

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::practice::refusal::Refusal;
use crate::time::Timestamp;

/// How such a moment is written.
const FORM: &str = "%Y-%m-%dT%H:%M";

/// Reads a moment of a wall clock as `YYYY-MM-DDTHH:MM`, and nothing else.
///
/// # Errors
/// It is none.
pub fn parse_wall(text: &str) -> Result<DateTime, Refusal> {
    let refused = || Refusal::Moment(text.chars().take(32).collect());
    let moment = DateTime::strptime(FORM, text).map_err(|_| refused())?;
    if moment.year() >= 0 && wall_text(moment) == text { Ok(moment) } else { Err(refused()) }
}

/// The same moment as text.
#[must_use]
pub fn wall_text(moment: DateTime) -> String {
    moment.strftime(FORM).to_string()
}

/// What the clock on a wall in this zone says at a moment.
#[must_use]
pub fn wall_at(now: Timestamp, zone: &TimeZone) -> DateTime {
    now.to_moment().to_zoned_datetime(zone.clone()).datetime()
}

/// The moment at which it says this. One that a change of the clocks skips is as late after the change as it would have been without
/// one, and of one that comes twice it is the first. What lies before 1970 is its beginning.
#[must_use]
pub fn moment_of(wall: DateTime, zone: &TimeZone) -> Timestamp {
    let moment = zone.to_ambiguous_timestamp(wall).compatible().unwrap_or(jiff::Timestamp::MAX);
    Timestamp::from_millis(moment.as_millisecond().try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_moment_is_read_in_one_form_and_only_if_there_is_one() {
        assert_eq!(wall_text(parse_wall("2026-12-24T08:05").unwrap()), "2026-12-24T08:05");
        for text in [
            "",
            "tomorrow",
            "2026-12-24",
            "2026-12-24 08:00",
            "2026-12-24T8:00",
            "2026-12-24T08:00:30",
            "2026-02-30T08:00",
            "2026-12-24T24:00",
            "2026-12-24T08:60",
            "-2026-12-24T08:00",
            "2026-12-24T08:00Z",
        ] {
            let refused = parse_wall(text).unwrap_err().to_string();
            assert!(refused.contains("is no moment"), "{text}: {refused}");
        }
    }

    #[test]
    fn a_wall_has_each_moment_and_each_moment_is_found_on_it() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (wall, seen) in [
            (date(2026, 11, 24).at(8, 5, 0, 0), "2026-11-24T08:05"),
            (date(2027, 3, 28).at(2, 30, 0, 0), "2027-03-28T03:30"),
            (date(2026, 10, 25).at(2, 30, 0, 0), "2026-10-25T02:30"),
        ] {
            assert_eq!(wall_text(wall_at(moment_of(wall, &berlin), &berlin)), seen);
        }
        let twice = moment_of(date(2026, 10, 25).at(2, 30, 0, 0), &berlin).to_moment();
        assert_eq!(twice.to_string(), "2026-10-25T00:30:00Z", "the first of the two");
        assert_eq!(moment_of(date(1950, 1, 1).at(0, 0, 0, 0), &berlin), Timestamp::default());
    }
}
