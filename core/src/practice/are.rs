//! Can I reach you, can I rely on your answer, do I know that you stay close? The A.R.E. look: three questions in words, answered
//! under seal, once a week at most.
//!
//! Nobody opens a look: there is one for each week. So two who begin apart have begun the same one, and no week has two. Its key is
//! the week, its answers are those of [`sealed`](super::sealed), and it lies in the chapter of the week's Monday.

use core::fmt;
use core::str::FromStr;

use jiff::civil::{Date, ISOWeekDate, Weekday};

use crate::content::Content;
use crate::document::{DocumentName, EntityId};
use crate::practice::refusal::Refusal;
use crate::practice::sealed::{Asked, Round};

/// A week from Monday to Sunday, as ISO 8601 counts them: `2026-W48`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Week(Date);

impl Week {
    /// The week that a day lies in.
    #[must_use]
    pub fn of(day: Date) -> Self {
        let week = day.iso_week_date();
        let monday = ISOWeekDate::new(week.year(), week.week(), Weekday::Monday);
        Self(monday.map_or(day, ISOWeekDate::date))
    }

    /// Its Monday.
    #[must_use]
    pub fn monday(&self) -> Date {
        self.0
    }

    /// The chapter that its look lies in.
    #[must_use]
    pub fn chapter(&self) -> DocumentName {
        DocumentName::journal(self.0)
    }

    /// Refuses what is still to come for whoever is in the week `now`.
    ///
    /// # Errors
    /// It lies after that week.
    pub fn check_has_come(&self, now: &Self) -> Result<(), Refusal> {
        if self <= now {
            return Ok(());
        }
        Err(Refusal::State { what: "A.R.E. look", state: "this week has not come yet" })
    }

    /// The key of its look.
    #[must_use]
    pub fn key(&self) -> EntityId {
        EntityId::from_parts(&[self])
    }

    /// The look of this key. None if it is no week's.
    #[must_use]
    pub fn of_key(id: &EntityId) -> Option<Self> {
        id.as_str().parse().ok()
    }

    /// Its look: the three questions, in the words of a locale.
    #[must_use]
    pub fn round(&self, locale: &str) -> Round {
        let asked = Content::of(locale).are_questions.into_iter();
        let questions = asked.map(|question| Asked { id: question.id, text: question.text }).collect();
        Round { id: self.key(), questions }
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week = self.0.iso_week_date();
        write!(f, "{:04}-W{:02}", week.year(), week.week())
    }
}

impl FromStr for Week {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let refusal = || Refusal::Week(text.chars().take(64).collect());
        let (year, week) = text.split_once("-W").ok_or_else(refusal)?;
        let is_digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(year, 4) || !is_digits(week, 2) {
            return Err(refusal());
        }
        let (year, week) = (year.parse().map_err(|_| refusal())?, week.parse().map_err(|_| refusal())?);
        let monday = ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| refusal())?;
        Ok(Self(monday.date()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_week_is_named_as_iso_8601_does_and_lies_in_the_month_of_its_monday() {
        for (day, name, chapter) in [
            (date(2026, 11, 25), "2026-W48", "journal/2026-11"),
            (date(2026, 12, 31), "2026-W53", "journal/2026-12"),
            (date(2027, 1, 3), "2026-W53", "journal/2026-12"),
            (date(2027, 1, 4), "2027-W01", "journal/2027-01"),
            (date(2024, 12, 30), "2025-W01", "journal/2024-12"),
        ] {
            let week = Week::of(day);
            assert_eq!((week.to_string().as_str(), week.chapter().as_str()), (name, chapter), "{day}");
            assert_eq!(name.parse(), Ok(week));
            assert_eq!(Week::of_key(&week.key()), Some(week));
        }
        for text in ["2026-48", "2026-W54", "2025-W53", "2026-W00", "2026-W4", "2026-w48", "+026-W48", "W48"] {
            assert_eq!(
                text.parse::<Week>().unwrap_err().to_string(),
                format!("{text:?} is no week: a week looks like 2026-W48")
            );
        }
    }

    #[test]
    fn a_look_asks_the_same_three_in_every_language() {
        let ids = |locale| -> Vec<String> {
            let week = Week::of(date(2026, 11, 25));
            week.round(locale).questions.into_iter().map(|asked| asked.id).collect()
        };
        assert_eq!(ids("en"), ["accessible", "responsive", "engaged"]);
        assert_eq!(ids("tlh"), ids("en"));
    }
}
