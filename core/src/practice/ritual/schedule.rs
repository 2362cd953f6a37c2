//! When is a ritual due, for somebody who looks at it somewhere? Its rule, its hour and its pauses, in the zone of a phone.
//!
//! The rule says on which days, and the hour beside it is either *floating*, 8:00 for each of the two wherever they are, or
//! *fixed* to a zone, one moment for both, which is 8:00 there. Each phone counts for its own zone; nothing here asks the
//! system for the time or the zone. An hour that a change of the clocks skips is as late after the change as it would have been
//! without one, and of an hour that comes twice it is the first (RFC 5545, section 3.3.5).

use core::fmt;
use core::ops::Range;
use core::str::FromStr;
use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, ToSpan as _, ZonedDateTime};

use super::{ParseTimeOfDayError, Recurrence, RecurrenceError, Ritual, TimeOfDay};
use crate::limits::{DUE_DAYS_MAX, RECURRENCE_YEAR_MAX, START_YEAR_MIN};
use crate::practice::origin::civil_date;
use crate::time::Timestamp;

/// All that decides when a ritual is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// When it comes round.
    pub every: Recurrence,
    /// The first day, from which the rule counts.
    pub starts: Date,
    /// At which hour. None: on the whole day.
    pub at: Option<TimeOfDay>,
    /// Whose hour it is.
    pub zone: Zone,
    /// How many minutes before the hour to remind of it.
    pub reminder_minutes: Option<u32>,
    /// Days on which nothing is due. They are days of the rule, and so the same for both, wherever they are.
    pub pauses: Vec<PausedDays>,
    /// What the two have said of single days.
    pub said: SaidDays,
}

/// Days of which somebody has said something. Like the days of a pause, they are days of the rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaidDays {
    /// On these it is due no more: it was done, skipped or moved.
    pub over: BTreeSet<Date>,
    /// On these it is due, whatever rule and pauses say: it was moved here.
    pub planned: BTreeSet<Date>,
}

/// Whose hour a ritual's hour is. As text: an IANA name, or `floating`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zone {
    /// That of whoever looks, wherever they are.
    Floating,
    /// That of one zone, for both.
    Fixed(TimeZone),
}

/// Days of a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PausedDays {
    /// The first of them.
    pub from: Date,
    /// The last of them, not before the first. None: it goes on until somebody ends it.
    pub to: Option<Date>,
}

/// Once that a ritual is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The day that the rule names. In another zone than the ritual's the moment may lie on the day before or after.
    pub date: Date,
    /// The moment, in the zone of whoever looks. None where the ritual has no hour.
    pub at: Option<ZonedDateTime>,
}

/// That somebody is to be reminded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// When, in the zone of whoever looks.
    pub at: ZonedDateTime,
    /// Of what.
    pub due: Due,
}

/// Why it cannot be said when a ritual is due.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The rule is not taken.
    #[error(transparent)]
    Recurrence(#[from] RecurrenceError),
    /// The hour is none.
    #[error(transparent)]
    TimeOfDay(#[from] ParseTimeOfDayError),
    /// The zone is none that is known here.
    #[error(
        "there is no time zone {0:?}: expected a name such as Europe/Amsterdam, or floating for the hour of wherever one is"
    )]
    UnknownZone(String),
    /// Text that is no day.
    #[error("{0:?} is not a day: expected YYYY-MM-DD")]
    Day(String),
    /// The first day lies beyond all calendars in use.
    #[error("a ritual begins in a year from {START_YEAR_MIN} to {RECURRENCE_YEAR_MAX}")]
    Start,
    /// The last day is before the first.
    #[error("the last day, {to}, is before the first, {from}")]
    Backwards {
        /// The first day.
        from: Date,
        /// The last day.
        to: Date,
    },
    /// A day on which nobody can say anything of a ritual.
    #[error("{0} is more than ten years away")]
    TooFar(Date),
    /// A day on which nothing can have been done.
    #[error("{0} has not come yet")]
    NotYet(Date),
    /// There is nothing to be moved.
    #[error("it is not due on {0}")]
    NotDue(Date),
    /// It would be moved to where it is.
    #[error("it is on {0} already")]
    SameDay(Date),
    /// It cannot be moved there.
    #[error("on {0} it was done, skipped or moved already")]
    Over(Date),
    /// Too many days at once.
    #[error("what is due can be asked for {DUE_DAYS_MAX} days at once")]
    TooManyDays,
}

impl Schedule {
    /// When it is due on the days of a window, which are days here and do not have its end, from the earliest on.
    ///
    /// # Errors
    /// The window has more than [`DUE_DAYS_MAX`] days.
    pub fn due(&self, window: Range<Date>, here: &TimeZone) -> Result<Vec<Due>, ScheduleError> {
        let days = window.start.until(window.end).map_or(i32::MAX, |days| days.get_days());
        if days > DUE_DAYS_MAX {
            return Err(ScheduleError::TooManyDays);
        }
        // Two zones may be 26 hours apart, and Samoa once skipped a day.
        let nearby = window.start.saturating_sub(3.days())..window.end.saturating_add(3.days());
        let days = self.days(nearby).into_iter();
        let mut due: Vec<Due> =
            days.filter_map(|date| self.due_on(date, here)).filter(|due| window.contains(&due.day_here())).collect();
        due.sort_by_cached_key(|due| (due.day_here(), due.at.as_ref().map(ZonedDateTime::timestamp), due.date));
        Ok(due)
    }

    /// Whether it is due on a day of the rule.
    #[must_use]
    pub fn is_due_on(&self, date: Date) -> bool {
        !self.days(date..date.saturating_add(1.days())).is_empty()
    }

    /// The days of the rule on which it is due.
    fn days(&self, window: Range<Date>) -> BTreeSet<Date> {
        let is_paused = |date: &Date| self.pauses.iter().any(|pause| pause.has(*date));
        let planned = self.said.planned.iter().copied().filter(|date| window.contains(date));
        let days = self.every.occurrences_within(self.starts, window.clone()).filter(|date| !is_paused(date));
        days.chain(planned).filter(|date| !self.said.over.contains(date)).collect()
    }

    /// Of what to remind from one moment until before another, from the earliest on. What has no hour has no reminder.
    ///
    /// # Errors
    /// There are more than [`DUE_DAYS_MAX`] days between them.
    pub fn reminders(&self, window: Range<jiff::Timestamp>, here: &TimeZone) -> Result<Vec<Reminder>, ScheduleError> {
        let Some(before) = self.reminder() else { return Ok(Vec::new()) };
        let day_of = |moment: jiff::Timestamp| {
            moment.saturating_add(before).unwrap_or(moment).to_zoned_datetime(here.clone()).date()
        };
        let days = day_of(window.start)..day_of(window.end).saturating_add(1.days());
        let remind = |due: Due| {
            let at = self.remind_at(&due)?;
            window.contains(&at.timestamp()).then_some(Reminder { at, due })
        };
        Ok(self.due(days, here)?.into_iter().filter_map(remind).collect())
    }

    /// When to remind of it. None where it has no hour, or nobody wants to be reminded.
    #[must_use]
    pub fn remind_at(&self, due: &Due) -> Option<ZonedDateTime> {
        due.at.as_ref()?.checked_sub(self.reminder()?).ok()
    }

    fn reminder(&self) -> Option<SignedDuration> {
        self.reminder_minutes.map(|minutes| SignedDuration::from_mins(minutes.into()))
    }

    /// None where the moment lies beyond the calendar.
    fn due_on(&self, date: Date, here: &TimeZone) -> Option<Due> {
        let Some(at) = self.at else { return Some(Due { date, at: None }) };
        let zone = match &self.zone {
            Zone::Floating => here,
            Zone::Fixed(zone) => zone,
        };
        let hour = date.at(at.hour().try_into().ok()?, at.minute().try_into().ok()?, 0, 0);
        // Compatible with RFC 5545, jiff's documentation says of this choice between before and after.
        let moment = zone.to_ambiguous_timestamp(hour).compatible().ok()?;
        Some(Due { date, at: Some(moment.to_zoned_datetime(here.clone())) })
    }
}

impl Due {
    /// On which day it is for whoever looks.
    #[must_use]
    pub fn day_here(&self) -> Date {
        self.at.as_ref().map_or(self.date, ZonedDateTime::date)
    }
}

impl PausedDays {
    /// Days from one to another, both included.
    ///
    /// # Errors
    /// The last is before the first.
    pub fn new(from: Date, to: Option<Date>) -> Result<Self, ScheduleError> {
        match to {
            Some(to) if to < from => Err(ScheduleError::Backwards { from, to }),
            _ => Ok(Self { from, to }),
        }
    }

    /// Whether a day is one of them.
    #[must_use]
    pub fn has(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

impl Zone {
    /// The IANA name of a fixed one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Floating => None,
            Self::Fixed(zone) => zone.iana_name(),
        }
    }

    /// From what a ritual has stored.
    fn from_stored(name: Option<&String>) -> Result<Self, ScheduleError> {
        name.map_or(Ok(Self::Floating), |name| find_zone(name))
    }
}

/// The zone of a name, in capital or small letters, in the database that is part of this program: both phones know the same
/// zones, whatever their systems have.
fn find_zone(name: &str) -> Result<Zone, ScheduleError> {
    match TimeZoneDatabase::bundled().get(name) {
        Ok(zone) if !zone.is_unknown() => Ok(Zone::Fixed(zone)),
        _ => Err(ScheduleError::UnknownZone(name.chars().take(64).collect())),
    }
}

impl FromStr for Zone {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        if text.eq_ignore_ascii_case("floating") { Ok(Self::Floating) } else { find_zone(text) }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().unwrap_or("floating"))
    }
}

/// Reads a day as `YYYY-MM-DD`, and nothing else.
///
/// # Errors
/// It is none.
pub fn parse_day(text: &str) -> Result<Date, ScheduleError> {
    let refused = || ScheduleError::Day(text.chars().take(32).collect());
    let day: Date = text.parse().map_err(|_| refused())?;
    if day.year() >= 0 && day.to_string() == text { Ok(day) } else { Err(refused()) }
}

/// Reads the first day of a ritual.
///
/// # Errors
/// It is no day, or lies before [`START_YEAR_MIN`] or after [`RECURRENCE_YEAR_MAX`].
pub fn parse_start(text: &str) -> Result<Date, ScheduleError> {
    let day = parse_day(text)?;
    let years = date(START_YEAR_MIN, 1, 1)..=date(RECURRENCE_YEAR_MAX, 12, 31);
    if years.contains(&day) { Ok(day) } else { Err(ScheduleError::Start) }
}

impl Ritual {
    /// When it is due, while nothing was said of single days: read out of what is stored, which a newer version may have written.
    ///
    /// # Errors
    /// The rule, the hour, the first day or the zone is none that this version knows.
    pub fn schedule(&self, made_at: Timestamp, pauses: Vec<PausedDays>) -> Result<Schedule, ScheduleError> {
        Ok(Schedule {
            every: self.recurrence()?,
            starts: match self.starts.get() {
                Some(day) => parse_start(day)?,
                None => civil_date(made_at, &TimeZone::UTC),
            },
            at: self.at.as_deref().map(str::parse).transpose()?,
            zone: Zone::from_stored(self.zone.as_ref())?,
            reminder_minutes: *self.reminder_minutes.get(),
            pauses,
            said: SaidDays::default(),
        })
    }
}

#[cfg(test)]
mod tests;
