//! When does a ritual come round? A rule in the language of RFC 5545, of which daily and weekly ones are taken.

use core::fmt;
use core::num::NonZeroU16;
use core::str::FromStr;
use std::collections::BTreeSet;

use crate::limits::RECURRENCE_INTERVAL_MAX;

/// A rule such as `FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR`. Its text has one form: the parts in this order, an interval of 1 left
/// out, the days from Monday on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    frequency: Frequency,
    interval: NonZeroU16,
    days: BTreeSet<Weekday>,
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frequency {
    /// Every day, or every so many days.
    Daily,
    /// Every week, or every so many weeks.
    Weekly,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they are the days of the week")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Why a rule is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceError {
    /// RFC 5545 has it, and this version does not.
    #[error("{0} is not taken yet; FREQ=DAILY and FREQ=WEEKLY with INTERVAL and BYDAY are")]
    NotTakenYet(String),
    /// RFC 5545 does not have it.
    #[error("{0} is not part of a recurrence rule")]
    Unknown(String),
    /// A part stands twice.
    #[error("{0} stands twice")]
    Repeated(&'static str),
    /// `FREQ` is missing.
    #[error("a recurrence rule begins with FREQ=DAILY or FREQ=WEEKLY")]
    NoFrequency,
    /// The interval is not a number that is taken.
    #[error("INTERVAL must be a whole number from 1 to {RECURRENCE_INTERVAL_MAX}")]
    Interval,
    /// A day is none.
    #[error("BYDAY must list days, of MO, TU, WE, TH, FR, SA, SU")]
    Days,
}

impl Recurrence {
    /// How often.
    #[must_use]
    pub const fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// Every so many days or weeks.
    #[must_use]
    pub const fn interval(&self) -> u16 {
        self.interval.get()
    }

    /// Only on these days of the week. If there are none: on every day, or on the day of the week of the first time.
    #[must_use]
    pub const fn days(&self) -> &BTreeSet<Weekday> {
        &self.days
    }
}

impl FromStr for Recurrence {
    type Err = RecurrenceError;

    /// Reads a rule, with or without `RRULE:` before it, in capital or small letters.
    fn from_str(text: &str) -> Result<Self, RecurrenceError> {
        let text = text.trim().to_ascii_uppercase();
        let text = text.strip_prefix("RRULE:").unwrap_or(&text);
        let (mut frequency, mut interval, mut days) = (None, None, None);
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name {
                "FREQ" => put_once(&mut frequency, "FREQ", parse_frequency(value)?)?,
                "INTERVAL" => put_once(&mut interval, "INTERVAL", parse_interval(value)?)?,
                "BYDAY" => put_once(&mut days, "BYDAY", parse_days(value)?)?,
                _ if NOT_TAKEN_YET.contains(&name) => return Err(RecurrenceError::NotTakenYet(name.to_owned())),
                _ => return Err(RecurrenceError::Unknown(shortened(name))),
            }
        }
        Ok(Self {
            frequency: frequency.ok_or(RecurrenceError::NoFrequency)?,
            interval: interval.unwrap_or(NonZeroU16::MIN),
            days: days.unwrap_or_default(),
        })
    }
}

/// The other parts of a rule in RFC 5545, section 3.3.10.
const NOT_TAKEN_YET: [&str; 11] = [
    "UNTIL",
    "COUNT",
    "BYSECOND",
    "BYMINUTE",
    "BYHOUR",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
];
/// The other frequencies there.
const NOT_TAKEN_YET_FREQUENCIES: [&str; 5] = ["SECONDLY", "MINUTELY", "HOURLY", "MONTHLY", "YEARLY"];

const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

fn put_once<T>(slot: &mut Option<T>, name: &'static str, value: T) -> Result<(), RecurrenceError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(RecurrenceError::Repeated(name)),
    }
}

fn parse_frequency(value: &str) -> Result<Frequency, RecurrenceError> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        _ if NOT_TAKEN_YET_FREQUENCIES.contains(&value) => Err(RecurrenceError::NotTakenYet(format!("FREQ={value}"))),
        _ => Err(RecurrenceError::Unknown(shortened(&format!("FREQ={value}")))),
    }
}

fn parse_interval(value: &str) -> Result<NonZeroU16, RecurrenceError> {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { value.parse().ok() } else { None };
    number.filter(|number: &NonZeroU16| number.get() <= RECURRENCE_INTERVAL_MAX).ok_or(RecurrenceError::Interval)
}

fn parse_days(value: &str) -> Result<BTreeSet<Weekday>, RecurrenceError> {
    let day = |text: &str| DAYS.iter().find(|(name, _)| *name == text).map(|(_, day)| *day);
    let parse_one = |text: &str| match day(text) {
        Some(day) => Ok(day),
        // `1MO` is the first Monday of a month, `-1SU` the last Sunday.
        None if text.len() > 2 && text.is_ascii() && day(&text[text.len() - 2..]).is_some() => {
            Err(RecurrenceError::NotTakenYet(shortened(&format!("BYDAY={text}"))))
        }
        None => Err(RecurrenceError::Days),
    };
    value.split(',').map(parse_one).collect()
}

/// What somebody wrote, short enough for a message.
fn shortened(text: &str) -> String {
    text.chars().take(32).collect()
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.frequency {
            Frequency::Daily => "FREQ=DAILY",
            Frequency::Weekly => "FREQ=WEEKLY",
        })?;
        if self.interval() > 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        let days: Vec<&str> = DAYS.iter().filter(|(_, day)| self.days.contains(day)).map(|(name, _)| *name).collect();
        if days.is_empty() { Ok(()) } else { write!(f, ";BYDAY={}", days.join(",")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_one_text() {
        for (written, kept) in [
            ("FREQ=DAILY", "FREQ=DAILY"),
            ("rrule:freq=weekly;byday=fr,mo;interval=2", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR"),
            ("INTERVAL=1;FREQ=WEEKLY;", "FREQ=WEEKLY"),
            ("FREQ=DAILY;BYDAY=SU,SU", "FREQ=DAILY;BYDAY=SU"),
        ] {
            let rule: Recurrence = written.parse().unwrap();
            assert_eq!(rule.to_string(), kept);
            assert_eq!(kept.parse(), Ok(rule));
        }
    }

    #[test]
    fn what_is_not_taken_is_refused_by_its_name() {
        for (written, name) in [
            ("FREQ=MONTHLY", "FREQ=MONTHLY"),
            ("FREQ=DAILY;BYSETPOS=-1", "BYSETPOS"),
            ("FREQ=DAILY;COUNT=3", "COUNT"),
            ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO"),
        ] {
            assert_eq!(written.parse::<Recurrence>(), Err(RecurrenceError::NotTakenYet(name.to_owned())));
        }
        for (written, error) in [
            ("", RecurrenceError::NoFrequency),
            ("INTERVAL=2", RecurrenceError::NoFrequency),
            ("FREQ=DAILY;INTERVAL=0", RecurrenceError::Interval),
            ("FREQ=DAILY;INTERVAL=+2", RecurrenceError::Interval),
            ("FREQ=DAILY;INTERVAL=1000", RecurrenceError::Interval),
            ("FREQ=DAILY;BYDAY=", RecurrenceError::Days),
            ("FREQ=DAILY;BYDAY=MONDAY", RecurrenceError::Days),
            ("FREQ=DAILY;FREQ=DAILY", RecurrenceError::Repeated("FREQ")),
            ("FREQ=OFTEN", RecurrenceError::Unknown("FREQ=OFTEN".to_owned())),
            ("every day", RecurrenceError::Unknown("EVERY DAY".to_owned())),
        ] {
            assert_eq!(written.parse::<Recurrence>(), Err(error), "{written}");
        }
    }
}
