//! Every day that comes out is as the rule says, and none is left out: asked of a second way of counting, which walks.

use core::num::NonZeroU16;
use std::collections::BTreeMap;

use proptest::collection::btree_set;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const WEEKDAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn any_weekday() -> impl Strategy<Value = Weekday> + Clone {
    select(WEEKDAYS.to_vec())
}

fn any_date() -> impl Strategy<Value = Date> {
    (1970_i16..2200, 1_i8..=12, 1_i8..=31).prop_map(|(year, month, day)| {
        let first = date(year, month, 1);
        date(year, month, day.min(first.days_in_month()))
    })
}

fn any_end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => Just(End::Never),
        1 => (1_u16..40).prop_map(|count| End::Count(NonZeroU16::new(count).unwrap())),
        1 => any_date().prop_map(End::Until),
    ]
}

/// Any rule that can be written.
pub(crate) fn any_rule() -> impl Strategy<Value = Recurrence> {
    let frequency = select(vec![Frequency::Daily, Frequency::Weekly, Frequency::Monthly, Frequency::Yearly]);
    let interval = prop_oneof![3 => Just(1_u16), 3 => 2_u16..8, 1 => 8_u16..=999];
    let months = prop_oneof![2 => btree_set(1_i8..=12, 0..1), 1 => btree_set(1_i8..=12, 1..4)];
    let month_day = prop_oneof![1_i8..=31, -31_i8..=-1];
    let month_days = prop_oneof![2 => btree_set(month_day.clone(), 0..1), 1 => btree_set(month_day, 1..6)];
    let ordinal = prop_oneof![3 => 1_i8..=5, 3 => -5_i8..=-1, 1 => 6_i8..=53, 1 => -53_i8..=-6];
    let day = (option::of(ordinal), any_weekday()).prop_map(|(ordinal, weekday)| RuleDay { ordinal, weekday });
    let days = prop_oneof![1 => btree_set(day.clone(), 0..1), 2 => btree_set(day, 1..8)];
    let position = prop_oneof![4 => 1_i16..6, 4 => -5_i16..=-1, 1 => 6_i16..=366, 1 => -366_i16..=-6];
    let positions = prop_oneof![2 => btree_set(position.clone(), 0..1), 1 => btree_set(position, 1..4)];
    (frequency, interval, any_end(), months, month_days, days, positions, any_weekday()).prop_map(
        |(frequency, interval, end, months, mut month_days, days, mut set_positions, week_start)| {
            let has_months = matches!(frequency, Frequency::Monthly | Frequency::Yearly);
            if frequency == Frequency::Weekly {
                month_days.clear();
            }
            let days: BTreeSet<RuleDay> =
                days.into_iter().map(|day| RuleDay { ordinal: day.ordinal.filter(|_| has_months), ..day }).collect();
            if months.is_empty() && month_days.is_empty() && days.is_empty() {
                set_positions.clear();
            }
            let interval = NonZeroU16::new(interval).unwrap();
            Recurrence { frequency, interval, end, months, month_days, days, set_positions, week_start }
        },
    )
}

/// The days until `last`, by walking from day to day and counting the periods that begin.
fn walk(rule: &Recurrence, start: Date, last: Date) -> Vec<Date> {
    let begins = |day: Date| match rule.frequency {
        Frequency::Daily => true,
        Frequency::Weekly => Weekday::of(day) == rule.week_start,
        Frequency::Monthly => day.day() == 1,
        Frequency::Yearly => day.day_of_year() == 1,
    };
    let mut day = start;
    while !begins(day) {
        day = day.yesterday().unwrap();
    }
    let mut periods: BTreeMap<u32, Vec<Date>> = BTreeMap::new();
    let mut number = 0;
    // The period that the last day lies in is walked to its end: BYSETPOS may count from there.
    loop {
        if number % u32::from(rule.interval()) == 0 && is_as_the_rule_says(rule, start, day) {
            periods.entry(number).or_default().push(day);
        }
        day = day.tomorrow().unwrap();
        if begins(day) {
            number += 1;
            if day > last {
                break;
            }
        }
    }
    let mut days: Vec<Date> = periods.into_values().flat_map(|set| chosen(rule, &set)).collect();
    days.retain(|day| *day >= start);
    match rule.end {
        End::Never => {}
        End::Count(count) => days.truncate(count.get().into()),
        End::Until(until) => days.retain(|day| *day <= until),
    }
    days.retain(|day| *day <= last);
    days
}

fn chosen(rule: &Recurrence, set: &[Date]) -> Vec<Date> {
    if rule.set_positions.is_empty() {
        return set.to_vec();
    }
    let at = |position: i16| match usize::from(position.unsigned_abs()) {
        place if position > 0 => set.get(place - 1),
        place => set.iter().rev().nth(place - 1),
    };
    let days: BTreeSet<Date> = rule.set_positions.iter().filter_map(|position| at(*position)).copied().collect();
    days.into_iter().collect()
}

fn is_as_the_rule_says(rule: &Recurrence, start: Date, day: Date) -> bool {
    let named = |number: i8| {
        let (first, last) = (day.first_of_month(), day.last_of_month());
        let named = if number > 0 { first + (number - 1).days() } else { last - (-number - 1).days() };
        named == day
    };
    let weekday = |one: &RuleDay| {
        let jiff_day = jiff::civil::Weekday::from_monday_zero_offset(one.weekday as i8).unwrap();
        match one.ordinal {
            None => day.weekday() == jiff_day,
            Some(n) if rule.frequency == Frequency::Yearly && rule.months.is_empty() => {
                let (before, after) =
                    (day.first_of_year().yesterday().unwrap(), day.last_of_year().tomorrow().unwrap());
                let edge = if n > 0 { before } else { after };
                edge.nth_weekday(n.into(), jiff_day).unwrap() == day
            }
            Some(n) if n.abs() > 5 => false,
            Some(n) => day.nth_weekday_of_month(n, jiff_day).is_ok_and(|named| named == day),
        }
    };
    let is_silent = rule.days.is_empty() && rule.month_days.is_empty();
    let as_the_first = match rule.frequency {
        Frequency::Weekly if is_silent => day.weekday() == start.weekday(),
        Frequency::Monthly if is_silent => day.day() == start.day(),
        Frequency::Yearly if is_silent && rule.months.is_empty() => {
            (day.month(), day.day()) == (start.month(), start.day())
        }
        Frequency::Yearly if is_silent => day.day() == start.day(),
        _ => true,
    };
    as_the_first
        && (rule.months.is_empty() || rule.months.contains(&day.month()))
        && (rule.month_days.is_empty() || rule.month_days.iter().any(|number| named(*number)))
        && (rule.days.is_empty() || rule.days.iter().any(weekday))
}

proptest! {
    #[test]
    fn walking_from_day_to_day_finds_the_same(rule in any_rule(), start in any_date(), days in 0_i32..4_000) {
        let last = start + days.days();
        let found: Vec<Date> = rule.occurrences_within(start, start..last.tomorrow().unwrap()).collect();
        prop_assert_eq!(found, walk(&rule, start, last), "{}", rule);
    }

    #[test]
    fn two_windows_side_by_side_have_what_one_has(
        rule in any_rule(),
        start in any_date(),
        from in -400_i32..80_000,
        lengths in (0_i32..1_500, 0_i32..1_500),
    ) {
        let first = start + from.days();
        let (middle, end) = (first + lengths.0.days(), first + (lengths.0 + lengths.1).days());
        let within = |window: Range<Date>| rule.occurrences_within(start, window).collect::<Vec<_>>();
        prop_assert_eq!([within(first..middle), within(middle..end)].concat(), within(first..end), "{}", &rule);
        let all = rule.occurrences(start).take_while(|day| *day < end).filter(|day| *day >= first);
        prop_assert_eq!(all.collect::<Vec<_>>(), within(first..end), "{}", &rule);
    }
}

#[test]
fn a_rule_that_never_comes_true_ends() {
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1",
        "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=3",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
    ] {
        let rule: Recurrence = rule.parse().unwrap();
        let mut occurrences = rule.occurrences(date(2026, 11, 23));
        assert_eq!(occurrences.next(), None, "{rule}");
        assert!(occurrences.period <= 200_000, "{rule}: {} periods looked at", occurrences.period);
    }
}

#[test]
fn a_far_window_costs_no_walk_to_it() {
    let window = date(2480, 3, 1)..date(2480, 4, 1);
    for (rule, found, looked_at) in [
        ("FREQ=DAILY", 31, 31),
        ("FREQ=DAILY;INTERVAL=3;BYMONTH=3", 10, 12),
        ("FREQ=WEEKLY;BYDAY=MO,TH", 8, 6),
        ("FREQ=MONTHLY;BYDAY=-1FR", 1, 2),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1,2", 2, 2),
    ] {
        let rule: Recurrence = rule.parse().unwrap();
        let mut occurrences = rule.occurrences_within(date(1997, 9, 2), window.clone());
        let before = occurrences.period;
        assert_eq!(occurrences.by_ref().count(), found, "{rule}");
        assert!(occurrences.period - before <= looked_at, "{rule}: {} periods", occurrences.period - before);
    }
}

#[test]
fn at_the_edges_of_the_calendar_there_is_an_end() {
    for rule in ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY;INTERVAL=999", "FREQ=YEARLY;INTERVAL=999"] {
        let rule: Recurrence = rule.parse().unwrap();
        assert_eq!(rule.occurrences(Date::MAX).next(), None, "beyond the last year");
        assert_eq!(rule.occurrences(Date::MIN).next(), Some(Date::MIN));
        assert_eq!(rule.occurrences_within(Date::MIN, Date::MIN..Date::MIN).next(), None);
        assert!(rule.occurrences(date(2400, 2, 29)).all(|day| day.year() <= RECURRENCE_YEAR_MAX));
    }
}

#[test]
fn a_first_day_that_the_rule_does_not_hit_is_none_of_them() {
    let rule: Recurrence = "FREQ=WEEKLY;BYDAY=FR;COUNT=2".parse().unwrap();
    let found: Vec<Date> = rule.occurrences(date(2026, 11, 25)).collect();
    assert_eq!(found, [date(2026, 11, 27), date(2026, 12, 4)]);
}

#[test]
fn a_day_with_and_one_without_a_number_add_up() {
    let rule: Recurrence = "FREQ=MONTHLY;BYDAY=WE,1MO".parse().unwrap();
    let found: Vec<Date> = rule.occurrences_within(date(2026, 11, 1), date(2026, 11, 1)..date(2026, 11, 12)).collect();
    assert_eq!(found, [date(2026, 11, 2), date(2026, 11, 4), date(2026, 11, 11)]);
}
