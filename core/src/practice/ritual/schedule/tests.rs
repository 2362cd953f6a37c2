//! Ada in Berlin and Noor in Sydney, ten hours apart for half of the year, and clocks that change on either side.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::practice::ritual::recurrence::occurrences::tests::any_rule;

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

fn schedule(every: &str, at: &str, zone: &str, starts: Date) -> Schedule {
    Schedule {
        every: every.parse().unwrap(),
        starts,
        at: (!at.is_empty()).then(|| at.parse().unwrap()),
        zone: zone.parse().unwrap(),
        reminder_minutes: None,
        pauses: Vec::new(),
        said: SaidDays::default(),
    }
}

/// What is due from one day to another, both included, as local time with its offset.
fn shown(schedule: &Schedule, from: Date, to: Date, here: &str) -> Vec<String> {
    let due = schedule.due(from..to.tomorrow().unwrap(), &zone(here)).unwrap();
    due.iter().map(|due| due.at.as_ref().unwrap().strftime("%m-%d %H:%M %:z").to_string()).collect()
}

#[test]
fn a_floating_hour_is_the_same_hour_for_both_whatever_the_clocks_do() {
    let coffee = schedule("FREQ=WEEKLY;BYDAY=SU", "08:00", "floating", date(2026, 1, 1));
    let (from, to) = (date(2026, 3, 22), date(2026, 4, 12));
    assert_eq!(
        shown(&coffee, from, to, "Europe/Berlin"),
        ["03-22 08:00 +01:00", "03-29 08:00 +02:00", "04-05 08:00 +02:00", "04-12 08:00 +02:00"]
    );
    assert_eq!(
        shown(&coffee, from, to, "Australia/Sydney"),
        ["03-22 08:00 +11:00", "03-29 08:00 +11:00", "04-05 08:00 +10:00", "04-12 08:00 +10:00"]
    );
}

#[test]
fn a_fixed_hour_is_one_moment_for_both_and_moves_with_the_clocks_of_its_zone() {
    let call = schedule("FREQ=WEEKLY;BYDAY=SU", "20:00", "Europe/Berlin", date(2026, 1, 1));
    assert_eq!(
        shown(&call, date(2026, 9, 27), date(2026, 11, 1), "Europe/Berlin"),
        [
            "09-27 20:00 +02:00",
            "10-04 20:00 +02:00",
            "10-11 20:00 +02:00",
            "10-18 20:00 +02:00",
            "10-25 20:00 +01:00",
            "11-01 20:00 +01:00"
        ]
    );
    // In Sydney it is Monday morning, and the clocks of both zones move it.
    assert_eq!(
        shown(&call, date(2026, 9, 27), date(2026, 11, 2), "Australia/Sydney"),
        [
            "09-28 04:00 +10:00",
            "10-05 05:00 +11:00",
            "10-12 05:00 +11:00",
            "10-19 05:00 +11:00",
            "10-26 06:00 +11:00",
            "11-02 06:00 +11:00"
        ]
    );
    let window = date(2026, 9, 27)..date(2026, 11, 3);
    let moments = |here: &str| {
        let due = call.due(window.clone(), &zone(here)).unwrap();
        due.into_iter().map(|due| (due.date, due.at.unwrap().timestamp())).collect::<Vec<_>>()
    };
    assert_eq!(moments("Europe/Berlin"), moments("Australia/Sydney"));
    assert_eq!(moments("Pacific/Kiritimati"), moments("Pacific/Pago_Pago"), "26 hours apart");
}

#[test]
fn who_travels_takes_a_floating_hour_along() {
    let tea = schedule("FREQ=DAILY", "16:30", "floating", date(2026, 1, 1));
    let day = date(2026, 7, 1);
    assert_eq!(shown(&tea, day, day, "Europe/Berlin"), ["07-01 16:30 +02:00"]);
    assert_eq!(shown(&tea, day, day, "Asia/Kathmandu"), ["07-01 16:30 +05:45"]);
    assert_eq!(shown(&tea, day, day, "America/New_York"), ["07-01 16:30 -04:00"]);
}

#[test]
fn an_hour_that_the_clocks_skip_comes_as_late_after_the_change() {
    for (place, day, at, moment) in [
        ("Europe/Berlin", date(2026, 3, 29), "02:30", "03-29 03:30 +02:00"),
        ("America/New_York", date(2026, 3, 8), "02:00", "03-08 03:00 -04:00"),
        // Half an hour.
        ("Australia/Lord_Howe", date(2026, 10, 4), "02:15", "10-04 02:45 +11:00"),
        // At midnight.
        ("America/Sao_Paulo", date(2018, 11, 4), "00:10", "11-04 01:10 -02:00"),
    ] {
        for whose in ["floating", place] {
            let ritual = schedule("FREQ=DAILY", at, whose, date(2010, 1, 1));
            assert_eq!(shown(&ritual, day, day, place), [moment], "{place}");
        }
    }
    // Samoa had no 30 December 2011: what was due on it comes a day later, beside what is due then.
    let ritual = schedule("FREQ=DAILY", "08:00", "Pacific/Apia", date(2010, 1, 1));
    assert_eq!(
        shown(&ritual, date(2011, 12, 29), date(2011, 12, 31), "Pacific/Apia"),
        ["12-29 08:00 -10:00", "12-31 08:00 +14:00", "12-31 08:00 +14:00"]
    );
}

#[test]
fn of_an_hour_that_comes_twice_it_is_the_first() {
    for (place, day, at, moment) in [
        ("Europe/Berlin", date(2026, 10, 25), "02:30", "10-25 02:30 +02:00"),
        ("America/New_York", date(2026, 11, 1), "01:30", "11-01 01:30 -04:00"),
        ("Australia/Lord_Howe", date(2026, 4, 5), "01:45", "04-05 01:45 +11:00"),
    ] {
        for whose in ["floating", place] {
            let ritual = schedule("FREQ=DAILY", at, whose, date(2010, 1, 1));
            assert_eq!(shown(&ritual, day, day, place), [moment], "{place}");
        }
    }
}

#[test]
fn nothing_is_due_in_a_pause_and_both_pause_the_same() {
    let mut call = schedule("FREQ=DAILY;COUNT=10", "20:00", "Europe/Berlin", date(2026, 12, 1));
    call.pauses = vec![
        PausedDays::new(date(2026, 12, 2), Some(date(2026, 12, 3))).unwrap(),
        PausedDays::new(date(2026, 12, 3), Some(date(2026, 12, 4))).unwrap(),
        PausedDays::new(date(2026, 12, 9), None).unwrap(),
    ];
    let window = date(2026, 12, 1)..date(2026, 12, 31);
    for here in ["Europe/Berlin", "Australia/Sydney"] {
        let due: Vec<i8> = call.due(window.clone(), &zone(here)).unwrap().iter().map(|due| due.date.day()).collect();
        assert_eq!(due, [1, 5, 6, 7, 8], "what was paused counts, and is not made up for");
    }
    let (from, to) = (date(2026, 12, 2), date(2026, 12, 1));
    assert_eq!(PausedDays::new(from, Some(to)), Err(ScheduleError::Backwards { from, to }));
}

#[test]
fn what_was_skipped_or_moved_is_due_no_more_on_its_day_and_what_was_moved_is_on_the_other() {
    let mut call = schedule("FREQ=WEEKLY;BYDAY=SU", "20:00", "Europe/Berlin", date(2026, 11, 1));
    call.pauses = vec![PausedDays::new(date(2026, 11, 16), Some(date(2026, 11, 24))).unwrap()];
    // The first was skipped, the second moved to a Tuesday in the pause, and the third to a day on which it is due anyway.
    call.said.over = [date(2026, 11, 1), date(2026, 11, 8), date(2026, 11, 15)].into();
    call.said.planned = [date(2026, 11, 17), date(2026, 11, 29)].into();
    let window = date(2026, 11, 1)..date(2026, 12, 1);
    for here in ["Europe/Berlin", "Australia/Sydney"] {
        let due: Vec<i8> = call.due(window.clone(), &zone(here)).unwrap().iter().map(|due| due.date.day()).collect();
        assert_eq!(due, [17, 29], "{here}");
    }
    for (day, is_due) in [(1, false), (8, false), (17, true), (22, false), (29, true), (30, false)] {
        assert_eq!(call.is_due_on(date(2026, 11, day)), is_due, "{day}");
    }
    call.reminder_minutes = Some(10);
    let from = date(2026, 11, 1).at(0, 0, 0, 0).to_zoned_datetime(TimeZone::UTC).unwrap().timestamp();
    let reminders = call.reminders(from..from + 720.hours(), &zone("Europe/Berlin")).unwrap();
    let days: Vec<i8> = reminders.iter().map(|reminder| reminder.due.date.day()).collect();
    assert_eq!(days, [17, 29], "nobody is told of what was skipped");
}

#[test]
fn what_has_no_hour_is_due_on_its_day_wherever_one_is() {
    let mut snow = schedule("FREQ=YEARLY", "", "Europe/Berlin", date(2020, 12, 24));
    snow.reminder_minutes = Some(60);
    for here in ["Europe/Berlin", "Australia/Sydney"] {
        let due = snow.due(date(2026, 12, 24)..date(2026, 12, 25), &zone(here)).unwrap();
        assert_eq!(due, [Due { date: date(2026, 12, 24), at: None }]);
        let ever = jiff::Timestamp::from_second(1_795_000_000).unwrap();
        assert_eq!(snow.reminders(ever..ever + 8000.hours(), &zone(here)), Ok(Vec::new()));
    }
}

#[test]
fn one_is_reminded_so_long_before() {
    let mut call = schedule("FREQ=DAILY", "00:20", "Europe/Berlin", date(2026, 1, 1));
    call.reminder_minutes = Some(30);
    let berlin = zone("Europe/Berlin");
    let moment =
        |hour, minute| date(2026, 7, 1).at(hour, minute, 0, 0).to_zoned_datetime(berlin.clone()).unwrap().timestamp();
    let reminders = |from, to| {
        let reminders = call.reminders(from..to, &berlin).unwrap();
        let shown = |reminder: Reminder| (reminder.at.strftime("%d %H:%M").to_string(), reminder.due.date.day());
        reminders.into_iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(reminders(moment(0, 0), moment(23, 50)), []);
    assert_eq!(reminders(moment(0, 0), moment(23, 51)), [("01 23:50".to_owned(), 2)]);
    assert_eq!(reminders(moment(23, 50), moment(23, 50) + 24.hours()), [("01 23:50".to_owned(), 2)]);
    // Sydney's clock says another hour, and it is the same moment.
    let there = call.reminders(moment(0, 0)..moment(23, 51), &zone("Australia/Sydney")).unwrap();
    assert_eq!(there[0].at.strftime("%d %H:%M %:z").to_string(), "02 07:50 +10:00");
}

#[test]
fn a_zone_is_one_that_there_is() {
    for (written, kept) in [
        ("europe/amsterdam", "Europe/Amsterdam"),
        ("Floating", "floating"),
        ("UTC", "UTC"),
        ("asia/kathmandu", "Asia/Kathmandu"),
    ] {
        assert_eq!(written.parse::<Zone>().unwrap().to_string(), kept);
    }
    for name in ["", "Europe/Entenhausen", "Etc/Unknown", "+02:00", "EST5EDT,M3.2.0,M11.1.0", "../etc/passwd"] {
        assert_eq!(name.parse::<Zone>(), Err(ScheduleError::UnknownZone(name.to_owned())));
    }
    let longest = TimeZoneDatabase::bundled().available().map(|name| name.as_str().len()).max();
    assert_eq!(longest, Some(32));
}

#[test]
fn days_and_windows_have_bounds() {
    assert_eq!(parse_day("2026-02-28"), Ok(date(2026, 2, 28)));
    for text in ["", "2026-02-30", "20260228", "2026-2-28", "2026-02-28T08:00", "tomorrow", "-002026-02-28"] {
        assert_eq!(parse_day(text), Err(ScheduleError::Day(text.to_owned())));
    }
    assert_eq!(parse_start("1899-12-31"), Err(ScheduleError::Start));
    assert_eq!(parse_start("2501-01-01"), Err(ScheduleError::Start));
    let daily = schedule("FREQ=DAILY", "08:00", "floating", date(1900, 1, 1));
    let from = date(2026, 1, 1);
    let days = |days: i32| daily.due(from..from + days.days(), &TimeZone::UTC).map(|due| due.len());
    assert_eq!(days(DUE_DAYS_MAX), Ok(3_653));
    assert_eq!(days(DUE_DAYS_MAX + 1), Err(ScheduleError::TooManyDays));
    assert_eq!(days(-1), Ok(0));
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let zones = vec!["floating", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "Pacific/Apia"];
    (any_rule(), -3_000_i32..3_000, proptest::option::of((0_u8..24, 0_u8..60)), select(zones), 0_i32..40).prop_map(
        |(every, shift, at, zone, paused)| {
            let starts = date(2012, 1, 1) + shift.days();
            let at = at.map_or_else(String::new, |(hour, minute)| format!("{hour:02}:{minute:02}"));
            let paused = PausedDays { from: starts + paused.days(), to: Some(starts + (paused * 2).days()) };
            Schedule { every, pauses: vec![paused], ..schedule("FREQ=DAILY", &at, zone, starts) }
        },
    )
}

proptest! {
    /// Ada and Noor are ten zones apart, and the clocks of both change on the way.
    #[test]
    fn both_see_the_right_day_and_hour_whatever_the_clocks_do(
        starts in 0_i32..3_000,
        hour in 0_u8..24,
        minute in 0_u8..60,
        days in 1_i32..400,
        (adas, noors) in select(vec![("Europe/Berlin", "Australia/Sydney"), ("America/New_York", "Asia/Tokyo"),
            ("Europe/London", "Australia/Lord_Howe"), ("America/Los_Angeles", "Europe/Athens")]),
    ) {
        let (starts, at) = (date(2018, 1, 1) + starts.days(), format!("{hour:02}:{minute:02}"));
        let window = starts..starts + days.days();
        let every_day: Vec<Date> = (0..days).map(|day| starts + day.days()).collect();
        let asked = |whose: &str, here: &str| {
            schedule("FREQ=DAILY", &at, whose, starts).due(window.start - 2.days()..window.end + 2.days(), &zone(here)).unwrap()
        };
        let local = |due: &Due, place: &str| due.at.as_ref().unwrap().timestamp().to_zoned_datetime(zone(place)).datetime();
        // What the wall shows at that hour; where the clocks skip it, as late after the change.
        let wall = |day: Date, place: &str| {
            let written = day.at(hour.try_into().unwrap(), minute.try_into().unwrap(), 0, 0);
            let found = written.to_zoned_datetime(zone(place)).unwrap().datetime();
            let offset = zone(place).to_ambiguous_timestamp(written).offset();
            let skipped = matches!(offset, jiff::tz::AmbiguousOffset::Gap { .. });
            prop_assert!(skipped || found == written);
            Ok(found)
        };
        for place in [adas, noors] {
            let floating: Vec<Due> = asked("floating", place);
            let inside = floating.iter().filter(|due| every_day.contains(&due.date));
            for (due, day) in inside.zip(&every_day) {
                prop_assert_eq!((due.date, local(due, place)), (*day, wall(*day, place)?), "at that hour for each");
            }
            let fixed: Vec<Due> = asked(adas, place).into_iter().filter(|due| every_day.contains(&due.date)).collect();
            prop_assert_eq!(fixed.len(), every_day.len());
            for (due, day) in fixed.iter().zip(&every_day) {
                prop_assert_eq!((due.date, local(due, adas)), (*day, wall(*day, adas)?), "at Ada's hour for both");
                prop_assert_eq!(due.day_here(), local(due, place).date(), "on the day that it is where one is");
            }
        }
    }

    #[test]
    fn two_windows_side_by_side_have_what_one_has(
        schedule in any_schedule(),
        here in select(vec!["Europe/Berlin", "Australia/Sydney", "Pacific/Apia", "America/Sao_Paulo"]),
        from in -100_i32..3_000,
        lengths in (0_i32..200, 0_i32..200),
    ) {
        let (here, first) = (zone(here), schedule.starts + from.days());
        let (middle, end) = (first + lengths.0.days(), first + (lengths.0 + lengths.1).days());
        let due = |window: Range<Date>| schedule.due(window, &here).unwrap();
        prop_assert_eq!([due(first..middle), due(middle..end)].concat(), due(first..end));
        for due in due(first..end) {
            prop_assert!((first..end).contains(&due.day_here()));
            prop_assert!(!schedule.pauses[0].has(due.date));
        }
    }
}
