//! When does a ritual come round? A rule in the language of RFC 5545, section 3.3.10, as far as it speaks of days.
//!
//! ```text
//! FREQ=DAILY|WEEKLY|MONTHLY|YEARLY  how often              BYMONTH=3,9       only in March and September
//! INTERVAL=2                        every second time      BYMONTHDAY=1,-1   on the first and the last day of a month
//! COUNT=10 or UNTIL=20261224        how long               BYDAY=MO,-1FR     on Mondays, on the last Friday
//! WKST=SU                           when a week begins     BYSETPOS=-1       of these days, the last
//! ```
//!
//! The hour stands beside the rule, and not in it, so what speaks of hours is refused, and `UNTIL` is a day. `text.rs` reads a
//! rule, and [`occurrences`] says on which days it comes round.

pub mod occurrences;
mod text;

use core::fmt;
use core::num::NonZeroU16;
use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::limits::{
    RECURRENCE_COUNT_MAX, RECURRENCE_DAYS_MAX, RECURRENCE_INTERVAL_MAX, RECURRENCE_MONTH_DAYS_MAX,
    RECURRENCE_SET_POSITIONS_MAX,
};

/// A rule such as `FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR`.
///
/// Its text has one form. The parts stand in the order FREQ, INTERVAL, COUNT or UNTIL, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS,
/// WKST; an interval of 1 and a week that begins on Monday are left out. Each list is in its order, and has nothing twice:
/// numbers from the lowest on, and days from Monday on, those with a number behind those without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    frequency: Frequency,
    interval: NonZeroU16,
    end: End,
    months: BTreeSet<i8>,
    month_days: BTreeSet<i8>,
    days: BTreeSet<RuleDay>,
    set_positions: BTreeSet<i16>,
    week_start: Weekday,
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frequency {
    /// Every day, or every so many days.
    Daily,
    /// Every week, or every so many weeks.
    Weekly,
    /// Every month, or every so many months.
    Monthly,
    /// Every year, or every so many years.
    Yearly,
}

/// When a rule ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It does not.
    Never,
    /// After so many times.
    Count(NonZeroU16),
    /// After this day, on which it may come round still.
    Until(Date),
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

/// A day of the week, or one of those in a month or a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleDay {
    /// Which one: 1 is the first, -1 the last, none each of them. Of the month, or of the year where a yearly rule names no
    /// months.
    pub ordinal: Option<i8>,
    /// The day of the week.
    pub weekday: Weekday,
}

/// Why a rule is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceError {
    /// RFC 5545 or RFC 7529 has it, and it is not taken here.
    #[error(
        "{0} is not taken: a rule says on which days, by FREQ=DAILY, WEEKLY, MONTHLY or YEARLY with INTERVAL, COUNT, UNTIL, \
         BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS and WKST"
    )]
    NotTaken(String),
    /// RFC 5545 does not have it.
    #[error("{0} is not part of a recurrence rule")]
    Unknown(String),
    /// A part stands twice.
    #[error("{0} stands twice")]
    Repeated(&'static str),
    /// `FREQ` is missing.
    #[error("a recurrence rule has FREQ=DAILY, FREQ=WEEKLY, FREQ=MONTHLY or FREQ=YEARLY")]
    NoFrequency,
    /// The interval is not a number that is taken.
    #[error("INTERVAL must be a whole number from 1 to {RECURRENCE_INTERVAL_MAX}")]
    Interval,
    /// The count is not a number that is taken.
    #[error("COUNT must be a whole number from 1 to {RECURRENCE_COUNT_MAX}")]
    Count,
    /// The last day is none.
    #[error("UNTIL must be a day such as 20261224, without an hour")]
    Until,
    /// A day is none, or there are too many.
    #[error(
        "BYDAY must list days, of MO, TU, WE, TH, FR, SA, SU, with or without a number from 1 to 53 or from -1 to -53 before \
         them, at most {RECURRENCE_DAYS_MAX}"
    )]
    Days,
    /// A month is none.
    #[error("BYMONTH must list whole numbers from 1 to 12")]
    Months,
    /// A day of the month is none, or there are too many.
    #[error(
        "BYMONTHDAY must list whole numbers from 1 to 31 or from -1 to -31, at most {RECURRENCE_MONTH_DAYS_MAX} of them"
    )]
    MonthDays,
    /// A position is none, or there are too many.
    #[error(
        "BYSETPOS must list whole numbers from 1 to 366 or from -1 to -366, at most {RECURRENCE_SET_POSITIONS_MAX} of them"
    )]
    SetPositions,
    /// The first day of the week is none.
    #[error("WKST must be one of MO, TU, WE, TH, FR, SA, SU")]
    WeekStart,
    /// Two ends.
    #[error("a rule ends by COUNT or by UNTIL, not by both")]
    TwoEnds,
    /// There are several Mondays in a month, and one in a week.
    #[error("a number before a day in BYDAY needs FREQ=MONTHLY or FREQ=YEARLY")]
    OrdinalWithoutMonth,
    /// A week has no days of the month.
    #[error("BYMONTHDAY does not go with FREQ=WEEKLY")]
    MonthDaysOfWeek,
    /// There is nothing to choose from.
    #[error("BYSETPOS needs BYMONTH, BYMONTHDAY or BYDAY beside it")]
    SetPositionsAlone,
}

impl Recurrence {
    /// How often.
    #[must_use]
    pub const fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// Every so many days, weeks, months or years.
    #[must_use]
    pub const fn interval(&self) -> u16 {
        self.interval.get()
    }

    /// When it ends.
    #[must_use]
    pub const fn end(&self) -> End {
        self.end
    }

    /// Only in these months, from 1 to 12. If there are none: in every one, or, once a year, in the month of the first time.
    #[must_use]
    pub const fn months(&self) -> &BTreeSet<i8> {
        &self.months
    }

    /// Only on these days of the month; -1 is the last one. If there are none, and no days of the week: once a month or a year
    /// on the day of the first time.
    #[must_use]
    pub const fn month_days(&self) -> &BTreeSet<i8> {
        &self.month_days
    }

    /// Only on these days of the week. If there are none: on every day, or, once a week, on the day of the first time.
    #[must_use]
    pub const fn days(&self) -> &BTreeSet<RuleDay> {
        &self.days
    }

    /// Of the days that a day, a week, a month or a year has by all this, only the first (1), the last (-1) and so on.
    #[must_use]
    pub const fn set_positions(&self) -> &BTreeSet<i16> {
        &self.set_positions
    }

    /// When a week begins: with an interval, it decides which days are in one week.
    #[must_use]
    pub const fn week_start(&self) -> Weekday {
        self.week_start
    }
}

impl Weekday {
    /// All, in their order, with what RFC 5545 calls them.
    const ALL: [(&str, Self); 7] = [
        ("MO", Self::Monday),
        ("TU", Self::Tuesday),
        ("WE", Self::Wednesday),
        ("TH", Self::Thursday),
        ("FR", Self::Friday),
        ("SA", Self::Saturday),
        ("SU", Self::Sunday),
    ];

    /// The day of the week of a date.
    #[must_use]
    pub fn of(date: Date) -> Self {
        let days_since_monday = date.weekday().to_monday_zero_offset();
        Self::ALL[usize::from(days_since_monday.unsigned_abs())].1
    }

    /// How many days after the last `start` it comes, from 0 to 6.
    fn days_since(self, start: Self) -> i32 {
        (self as i32 - start as i32).rem_euclid(7)
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL[*self as usize].0)
    }
}

impl fmt::Display for RuleDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(ordinal) = self.ordinal {
            write!(f, "{ordinal}")?;
        }
        write!(f, "{}", self.weekday)
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Daily => "DAILY",
            Self::Weekly => "WEEKLY",
            Self::Monthly => "MONTHLY",
            Self::Yearly => "YEARLY",
        })
    }
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FREQ={}", self.frequency)?;
        if self.interval() > 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        match self.end {
            End::Never => {}
            End::Count(count) => write!(f, ";COUNT={count}")?,
            End::Until(day) => write!(f, ";UNTIL={:04}{:02}{:02}", day.year(), day.month(), day.day())?,
        }
        write_list(f, "BYMONTH", &self.months)?;
        write_list(f, "BYMONTHDAY", &self.month_days)?;
        write_list(f, "BYDAY", &self.days)?;
        write_list(f, "BYSETPOS", &self.set_positions)?;
        if self.week_start == Weekday::Monday { Ok(()) } else { write!(f, ";WKST={}", self.week_start) }
    }
}

fn write_list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, name: &str, members: &BTreeSet<T>) -> fmt::Result {
    for (index, member) in members.iter().enumerate() {
        if index == 0 { write!(f, ";{name}={member}")? } else { write!(f, ",{member}")? }
    }
    Ok(())
}
