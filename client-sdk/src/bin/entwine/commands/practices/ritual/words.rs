//! How does a rule sound? In words; a rule that a newer version wrote, as it stands.

use core::fmt::Display;

use entwine_core::practice::ritual::Recurrence;
use entwine_core::practice::ritual::recurrence::{End, Frequency, RuleDay, Weekday};

use crate::output::printable_line;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) fn in_words(every: &str) -> String {
    let Ok(rule) = every.parse::<Recurrence>() else { return printable_line(every) };
    let unit = match rule.frequency() {
        Frequency::Daily => "day",
        Frequency::Weekly => "week",
        Frequency::Monthly => "month",
        Frequency::Yearly => "year",
    };
    let mut words = match rule.interval() {
        1 => format!("every {unit}"),
        interval => format!("every {interval} {unit}s"),
    };
    let mut add = |before: &str, members: Vec<String>| {
        if !members.is_empty() {
            words += &format!(", {before} {}", members.join(", "));
        }
    };
    add(
        "in",
        rule.months().iter().filter_map(|month| MONTHS.get(usize::try_from(month - 1).ok()?)).map(named).collect(),
    );
    add("on", rule.month_days().iter().map(|day| place(i16::from(*day), "day")).collect());
    add("on", rule.days().iter().map(day_name).collect());
    add("of these only", rule.set_positions().iter().map(|position| place(*position, "")).collect());
    if rule.week_start() != Weekday::Monday {
        add("with weeks from", vec![weekday_name(rule.week_start()).to_owned()]);
    }
    match rule.end() {
        End::Never => {}
        End::Count(count) => add("so many times:", vec![count.to_string()]),
        End::Until(day) => add("until", vec![day.to_string()]),
    }
    words
}

fn named(name: impl Display) -> String {
    name.to_string()
}

fn day_name(day: &RuleDay) -> String {
    match day.ordinal {
        None => weekday_name(day.weekday).to_owned(),
        Some(ordinal) => place(ordinal.into(), weekday_name(day.weekday)),
    }
}

fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// `the 2nd Friday`, `the last day`, `the 3rd last`.
fn place(number: i16, of: &str) -> String {
    let which = match number {
        -1 => "last".to_owned(),
        number if number < 0 => format!("{} last", counted(number.unsigned_abs())),
        number => counted(number.unsigned_abs()),
    };
    format!("the {which} {of}").trim_end().to_owned()
}

fn counted(number: u16) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recurrences_read_as_words() {
        for (every, words) in [
            ("FREQ=DAILY", "every day"),
            ("FREQ=DAILY;INTERVAL=2", "every 2 days"),
            ("FREQ=WEEKLY;BYDAY=SA,SU", "every week, on Saturday, Sunday"),
            ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU", "every 2 weeks, on Sunday, with weeks from Sunday"),
            ("FREQ=MONTHLY;BYDAY=-1FR", "every month, on the last Friday"),
            (
                "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-2,1",
                "every month, on Monday, Tuesday, of these only the 2nd last, the 1st",
            ),
            (
                "FREQ=YEARLY;BYMONTH=3,12;BYMONTHDAY=-1,13",
                "every year, in March, December, on the last day, the 13th day",
            ),
            ("FREQ=MONTHLY;COUNT=3;BYDAY=3TH", "every month, on the 3rd Thursday, so many times: 3"),
            ("FREQ=YEARLY;UNTIL=20301224", "every year, until 2030-12-24"),
            ("FREQ=HOURLY", "FREQ=HOURLY"),
        ] {
            assert_eq!(in_words(every), words);
        }
    }
}
