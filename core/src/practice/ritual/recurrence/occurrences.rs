//! On which days does a rule come round? Counted on the calendar alone: no clock, no hour and no zone.
//!
//! A rule divides time into periods: days, weeks, months or years, each so many after the last. All days of a period that are
//! as the rule says make its set (RFC 5545, section 3.3.10: whether a part of a rule adds days or takes some away, the set is
//! the days that pass all of its parts); BYSETPOS chooses among them. Only then is cut off what lies before the first day,
//! after UNTIL or beyond COUNT. A first day that the rule itself does not hit is no occurrence; the RFC leaves that open.

use core::ops::Range;
use std::collections::BTreeSet;
use std::vec::IntoIter;

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan as _};

use super::{End, Frequency, Recurrence, RuleDay, Weekday};
use crate::limits::RECURRENCE_YEAR_MAX;

/// The days on which a rule comes round, in their order, none after the year [`RECURRENCE_YEAR_MAX`]. So it ends, whatever
/// the rule.
#[derive(Debug, Clone)]
pub struct Occurrences<'r> {
    rule: &'r Recurrence,
    filter: Filter,
    start: Date,
    from: Date,
    last: Date,
    /// The next period to be looked at: its number, from that of the first day on, each an interval after the last.
    period: i32,
    /// What is left of the set before it.
    set: IntoIter<Date>,
    /// How often it may come round yet.
    left: Option<u16>,
}

impl Recurrence {
    /// The days on which it comes round, from this first day on (DTSTART in RFC 5545).
    #[must_use]
    pub fn occurrences(&self, start: Date) -> Occurrences<'_> {
        self.occurrences_within(start, start..Date::MAX)
    }

    /// Those of [`Recurrence::occurrences`] that lie in a window, which does not have its end. However late it lies, nothing
    /// before it is looked at, unless the rule has a count.
    #[must_use]
    pub fn occurrences_within(&self, start: Date, window: Range<Date>) -> Occurrences<'_> {
        let mut last = window.end.yesterday().unwrap_or(Date::MIN).min(date(RECURRENCE_YEAR_MAX, 12, 31));
        let left = match self.end {
            _ if window.is_empty() => Some(0),
            End::Never => None,
            End::Count(count) => Some(count.get()),
            End::Until(until) => {
                last = last.min(until);
                None
            }
        };
        let period = if left.is_none() { self.period_of(start, window.start) } else { 0 };
        let filter = Filter::of(self, start);
        Occurrences { rule: self, filter, start, from: window.start, last, period, set: Vec::new().into_iter(), left }
    }

    /// The number of the last period that begins on this day or before; 0 for any day before `start`.
    fn period_of(&self, start: Date, day: Date) -> i32 {
        let units = match self.frequency {
            Frequency::Daily => days_between(start, day),
            Frequency::Weekly => days_between(self.week_of(start), day).div_euclid(7),
            Frequency::Monthly => month_number(day) - month_number(start),
            Frequency::Yearly => i32::from(day.year()) - i32::from(start.year()),
        };
        units.div_euclid(self.interval().into()).max(0)
    }

    /// The first day of a period and how many days it has. None where the calendar ends.
    fn period(&self, start: Date, number: i32) -> Option<(Date, i16)> {
        let units = number.checked_mul(self.interval().into())?;
        match self.frequency {
            Frequency::Daily => Some((plus_days(start, units)?, 1)),
            Frequency::Weekly => Some((plus_days(self.week_of(start), units.checked_mul(7)?)?, 7)),
            Frequency::Monthly => {
                let months = month_number(start).checked_add(units)?;
                let month = i8::try_from(months.rem_euclid(12)).ok()? + 1;
                let first = Date::new(i16::try_from(months.div_euclid(12)).ok()?, month, 1).ok()?;
                Some((first, first.days_in_month().into()))
            }
            Frequency::Yearly => {
                let year = i32::from(start.year()).checked_add(units)?;
                let first = Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
                Some((first, first.days_in_year()))
            }
        }
    }

    /// The first day of the week that a day lies in.
    fn week_of(&self, day: Date) -> Date {
        day.saturating_sub(Weekday::of(day).days_since(self.week_start).days())
    }
}

impl Iterator for Occurrences<'_> {
    type Item = Date;

    fn next(&mut self) -> Option<Date> {
        while self.left != Some(0) {
            let Some(day) = self.set.next() else {
                self.set = self.next_set()?;
                continue;
            };
            if day > self.last {
                return None;
            }
            if day < self.start {
                continue;
            }
            self.left = self.left.map(|left| left - 1);
            if day >= self.from {
                return Some(day);
            }
        }
        None
    }
}

impl Occurrences<'_> {
    /// What the next period has. None where it begins after the last day.
    fn next_set(&mut self) -> Option<IntoIter<Date>> {
        let (first, length) = self.rule.period(self.start, self.period)?;
        if first > self.last {
            return None;
        }
        self.period += 1;
        let mut set = Vec::new();
        let mut next = Some(first);
        for _ in 0..length {
            let Some(day) = next else { break };
            if self.filter.takes(day) {
                set.push(day);
            }
            next = day.tomorrow().ok();
        }
        Some(self.rule.choose(set).into_iter())
    }
}

impl Recurrence {
    /// Of the set of a period, what BYSETPOS chooses.
    fn choose(&self, set: Vec<Date>) -> Vec<Date> {
        if self.set_positions.is_empty() {
            return set;
        }
        let is_chosen = |index: usize| {
            let from_first = i16::try_from(index + 1).unwrap_or(i16::MAX);
            let from_last = -i16::try_from(set.len() - index).unwrap_or(i16::MAX);
            self.set_positions.contains(&from_first) || self.set_positions.contains(&from_last)
        };
        set.iter().enumerate().filter(|(index, _)| is_chosen(*index)).map(|(_, day)| *day).collect()
    }
}

/// What a day must be. Where a rule says nothing, the first day stands for it: a yearly one has its day and month, a monthly
/// one its day, a weekly one its day of the week.
#[derive(Debug, Clone)]
struct Filter {
    months: BTreeSet<i8>,
    month_days: BTreeSet<i8>,
    days: BTreeSet<RuleDay>,
    /// Whether the first Monday is that of the year, and not of the month.
    is_of_year: bool,
}

impl Filter {
    fn of(rule: &Recurrence, start: Date) -> Self {
        let is_of_year = rule.frequency == Frequency::Yearly && rule.months.is_empty();
        let mut filter = Self {
            months: rule.months.clone(),
            month_days: rule.month_days.clone(),
            days: rule.days.clone(),
            is_of_year,
        };
        if rule.days.is_empty() && rule.month_days.is_empty() {
            match rule.frequency {
                Frequency::Daily => {}
                Frequency::Weekly => {
                    filter.days.insert(RuleDay { ordinal: None, weekday: Weekday::of(start) });
                }
                Frequency::Monthly | Frequency::Yearly => {
                    filter.month_days.insert(start.day());
                    if is_of_year {
                        filter.months.insert(start.month());
                    }
                }
            }
        }
        filter
    }

    fn takes(&self, day: Date) -> bool {
        let (is_any_month, is_any_month_day) = (self.months.is_empty(), self.month_days.is_empty());
        (is_any_month || self.months.contains(&day.month()))
            && (is_any_month_day || self.takes_month_day(day))
            && (self.days.is_empty() || self.takes_weekday(day))
    }

    fn takes_month_day(&self, day: Date) -> bool {
        let from_last = day.day() - day.days_in_month() - 1;
        self.month_days.contains(&day.day()) || self.month_days.contains(&from_last)
    }

    fn takes_weekday(&self, day: Date) -> bool {
        let weekday = Weekday::of(day);
        let (place, length) = if self.is_of_year {
            (day.day_of_year(), day.days_in_year())
        } else {
            (day.day().into(), day.days_in_month().into())
        };
        let (from_first, from_last) = ((place - 1) / 7 + 1, -((length - place) / 7 + 1));
        let is_it = |ordinal: i8| [from_first, from_last].contains(&ordinal.into());
        self.days.iter().any(|one| one.weekday == weekday && one.ordinal.is_none_or(is_it))
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span: Span| span.get_days())
}

fn plus_days(day: Date, days: i32) -> Option<Date> {
    day.checked_add(Span::new().try_days(days).ok()?).ok()
}

/// Months since January of the year 0.
fn month_number(day: Date) -> i32 {
    i32::from(day.year()) * 12 + i32::from(day.month()) - 1
}

#[cfg(test)]
pub(crate) mod tests;
