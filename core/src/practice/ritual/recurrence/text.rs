//! How is a rule read? Each part once, every number within its bounds, and no two parts that exclude each other.

use core::num::NonZeroU16;
use core::str::FromStr;
use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{End, Frequency, Recurrence, RecurrenceError, RuleDay, Weekday};
use crate::limits::{
    RECURRENCE_COUNT_MAX, RECURRENCE_DAYS_MAX, RECURRENCE_INTERVAL_MAX, RECURRENCE_MONTH_DAYS_MAX,
    RECURRENCE_SET_POSITIONS_MAX,
};

impl FromStr for Recurrence {
    type Err = RecurrenceError;

    /// Reads a rule, with or without `RRULE:` before it, in capital or small letters.
    fn from_str(text: &str) -> Result<Self, RecurrenceError> {
        let text = text.trim().to_ascii_uppercase();
        let text = text.strip_prefix("RRULE:").unwrap_or(&text);
        let mut parts = Parts::default();
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            parts.take(name, value)?;
        }
        parts.into_rule()
    }
}

/// What stood there so far.
#[derive(Default)]
struct Parts {
    frequency: Option<Frequency>,
    interval: Option<NonZeroU16>,
    count: Option<NonZeroU16>,
    until: Option<Date>,
    months: Option<BTreeSet<i8>>,
    month_days: Option<BTreeSet<i8>>,
    days: Option<BTreeSet<RuleDay>>,
    set_positions: Option<BTreeSet<i16>>,
    week_start: Option<Weekday>,
}

/// The other parts of a rule in RFC 5545, section 3.3.10, and in RFC 7529, section 4.
const NOT_TAKEN: [&str; 7] = ["BYSECOND", "BYMINUTE", "BYHOUR", "BYYEARDAY", "BYWEEKNO", "RSCALE", "SKIP"];
/// The other frequencies.
const NOT_TAKEN_FREQUENCIES: [&str; 3] = ["SECONDLY", "MINUTELY", "HOURLY"];

impl Parts {
    fn take(&mut self, name: &str, value: &str) -> Result<(), RecurrenceError> {
        use RecurrenceError as Refused;
        match name {
            "FREQ" => put_once(&mut self.frequency, "FREQ", parse_frequency(value)?),
            "INTERVAL" => {
                let interval = parse_positive(value, RECURRENCE_INTERVAL_MAX).ok_or(Refused::Interval)?;
                put_once(&mut self.interval, "INTERVAL", interval)
            }
            "COUNT" => {
                let count = parse_positive(value, RECURRENCE_COUNT_MAX).ok_or(Refused::Count)?;
                put_once(&mut self.count, "COUNT", count)
            }
            "UNTIL" => put_once(&mut self.until, "UNTIL", parse_day(value).ok_or(Refused::Until)?),
            "BYMONTH" => {
                let months = parse_list(value, 12, |text| parse_small(text, 12).filter(|month| *month > 0));
                put_once(&mut self.months, "BYMONTH", months.ok_or(Refused::Months)?)
            }
            "BYMONTHDAY" => {
                let days = parse_list(value, RECURRENCE_MONTH_DAYS_MAX, |text| parse_small(text, 31));
                put_once(&mut self.month_days, "BYMONTHDAY", days.ok_or(Refused::MonthDays)?)
            }
            "BYDAY" => {
                let days = parse_list(value, RECURRENCE_DAYS_MAX, parse_rule_day);
                put_once(&mut self.days, "BYDAY", days.ok_or(Refused::Days)?)
            }
            "BYSETPOS" => {
                let positions = parse_list(value, RECURRENCE_SET_POSITIONS_MAX, |text| parse_number(text, 366));
                put_once(&mut self.set_positions, "BYSETPOS", positions.ok_or(Refused::SetPositions)?)
            }
            "WKST" => put_once(&mut self.week_start, "WKST", parse_weekday(value).ok_or(Refused::WeekStart)?),
            _ if NOT_TAKEN.contains(&name) => Err(Refused::NotTaken(name.to_owned())),
            _ => Err(Refused::Unknown(shortened(name))),
        }
    }

    /// What RFC 5545, section 3.3.10, says about parts that stand together.
    fn into_rule(self) -> Result<Recurrence, RecurrenceError> {
        let frequency = self.frequency.ok_or(RecurrenceError::NoFrequency)?;
        let end = match (self.count, self.until) {
            (None, None) => End::Never,
            (Some(count), None) => End::Count(count),
            (None, Some(day)) => End::Until(day),
            (Some(_), Some(_)) => return Err(RecurrenceError::TwoEnds),
        };
        let has_months = matches!(frequency, Frequency::Monthly | Frequency::Yearly);
        if !has_months && self.days.iter().flatten().any(|day| day.ordinal.is_some()) {
            return Err(RecurrenceError::OrdinalWithoutMonth);
        }
        if frequency == Frequency::Weekly && self.month_days.is_some() {
            return Err(RecurrenceError::MonthDaysOfWeek);
        }
        let is_choice = self.months.is_some() || self.month_days.is_some() || self.days.is_some();
        if self.set_positions.is_some() && !is_choice {
            return Err(RecurrenceError::SetPositionsAlone);
        }
        Ok(Recurrence {
            frequency,
            interval: self.interval.unwrap_or(NonZeroU16::MIN),
            end,
            months: self.months.unwrap_or_default(),
            month_days: self.month_days.unwrap_or_default(),
            days: self.days.unwrap_or_default(),
            set_positions: self.set_positions.unwrap_or_default(),
            week_start: self.week_start.unwrap_or(Weekday::Monday),
        })
    }
}

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
        "MONTHLY" => Ok(Frequency::Monthly),
        "YEARLY" => Ok(Frequency::Yearly),
        _ if NOT_TAKEN_FREQUENCIES.contains(&value) => Err(RecurrenceError::NotTaken(format!("FREQ={value}"))),
        _ => Err(RecurrenceError::Unknown(shortened(&format!("FREQ={value}")))),
    }
}

fn parse_positive(value: &str, max: u16) -> Option<NonZeroU16> {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<NonZeroU16> = if is_number { value.parse().ok() } else { None };
    number.filter(|number| number.get() <= max)
}

/// A number from 1 to `max`, or from -1 to -`max`. The RFC allows a plus before it.
fn parse_number(text: &str, max: i16) -> Option<i16> {
    let number: i16 = text.parse().ok()?;
    (number != 0 && number.abs() <= max).then_some(number)
}

fn parse_small(text: &str, max: i8) -> Option<i8> {
    parse_number(text, max.into())?.try_into().ok()
}

/// A day as RFC 5545, section 3.3.4, writes it.
fn parse_day(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Date::new(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?).ok()
}

fn parse_weekday(text: &str) -> Option<Weekday> {
    Weekday::ALL.iter().find(|(name, _)| *name == text).map(|(_, day)| *day)
}

/// `MO` is a Monday, `1MO` the first, `-1SU` the last Sunday.
fn parse_rule_day(text: &str) -> Option<RuleDay> {
    let (number, weekday) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let weekday = parse_weekday(weekday)?;
    let ordinal = if number.is_empty() { None } else { Some(parse_small(number, 53)?) };
    Some(RuleDay { ordinal, weekday })
}

/// A list in which each member is one, and of which at most `max` differ.
fn parse_list<T: Ord>(value: &str, max: usize, parse: impl Fn(&str) -> Option<T>) -> Option<BTreeSet<T>> {
    // One by one: to collect them would sort them first, and sorting is large code, made anew for each type.
    let mut members = BTreeSet::new();
    for member in value.split(',') {
        members.insert(parse(member)?);
    }
    (members.len() <= max).then_some(members)
}

/// What somebody wrote, short enough for a message.
fn shortened(text: &str) -> String {
    text.chars().take(32).collect()
}

#[cfg(test)]
mod tests;
