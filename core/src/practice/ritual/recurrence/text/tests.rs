//! One text for each rule, and a name for whatever is refused.

use proptest::prelude::*;

use super::*;
use crate::limits::RECURRENCE_BYTES_MAX;
use crate::practice::ritual::recurrence::occurrences::tests::any_rule;

#[test]
fn a_rule_has_one_text() {
    for (written, kept) in [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("rrule:freq=weekly;byday=fr,mo;interval=2", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR"),
        ("INTERVAL=1;FREQ=WEEKLY;", "FREQ=WEEKLY"),
        ("FREQ=DAILY;BYDAY=SU,SU", "FREQ=DAILY;BYDAY=SU"),
        (
            "WKST=SU;BYSETPOS=+2,-1;BYDAY=-1FR,1MO,TU;BYMONTHDAY=31,-1,01;BYMONTH=12,1;UNTIL=20261224;INTERVAL=3;FREQ=YEARLY",
            "FREQ=YEARLY;INTERVAL=3;UNTIL=20261224;BYMONTH=1,12;BYMONTHDAY=-1,1,31;BYDAY=TU,-1FR,1MO;BYSETPOS=-1,2;WKST=SU",
        ),
        ("FREQ=MONTHLY;WKST=MO;COUNT=10", "FREQ=MONTHLY;COUNT=10"),
    ] {
        let rule: Recurrence = written.parse().unwrap();
        assert_eq!(rule.to_string(), kept);
        assert_eq!(kept.parse(), Ok(rule));
    }
}

#[test]
fn what_earlier_versions_wrote_stays_the_same_text() {
    const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    for frequency in ["DAILY", "WEEKLY"] {
        for interval in ["", ";INTERVAL=2", ";INTERVAL=999"] {
            for chosen in 0..128_u8 {
                let days: Vec<&str> = (0..7).filter(|day| chosen >> day & 1 == 1).map(|day| DAYS[day]).collect();
                let days = if days.is_empty() { String::new() } else { format!(";BYDAY={}", days.join(",")) };
                let text = format!("FREQ={frequency}{interval}{days}");
                assert_eq!(text.parse::<Recurrence>().unwrap().to_string(), text);
            }
        }
    }
}

#[test]
fn what_is_not_taken_is_refused_by_its_name() {
    for (written, name) in [
        ("FREQ=SECONDLY", "FREQ=SECONDLY"),
        ("FREQ=MINUTELY", "FREQ=MINUTELY"),
        ("FREQ=HOURLY", "FREQ=HOURLY"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR"),
        ("FREQ=DAILY;BYMINUTE=0,20", "BYMINUTE"),
        ("FREQ=DAILY;BYSECOND=0", "BYSECOND"),
        ("FREQ=YEARLY;BYYEARDAY=100", "BYYEARDAY"),
        ("FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO"),
        ("RSCALE=HEBREW;FREQ=YEARLY", "RSCALE"),
        ("FREQ=YEARLY;SKIP=FORWARD", "SKIP"),
    ] {
        assert_eq!(written.parse::<Recurrence>(), Err(RecurrenceError::NotTaken(name.to_owned())));
    }
    for (written, error) in [
        ("FREQ=OFTEN", "FREQ=OFTEN is not part of a recurrence rule"),
        ("every day", "EVERY DAY is not part of a recurrence rule"),
    ] {
        assert_eq!(written.parse::<Recurrence>().unwrap_err().to_string(), error);
    }
}

#[test]
fn what_the_rfc_forbids_is_refused() {
    use RecurrenceError as Refused;
    for (written, error) in [
        ("", Refused::NoFrequency),
        ("INTERVAL=2", Refused::NoFrequency),
        ("FREQ=DAILY;FREQ=DAILY", Refused::Repeated("FREQ")),
        ("FREQ=DAILY;WKST=MO;WKST=MO", Refused::Repeated("WKST")),
        ("FREQ=DAILY;COUNT=3;UNTIL=20261224", Refused::TwoEnds),
        ("FREQ=WEEKLY;BYDAY=1MO", Refused::OrdinalWithoutMonth),
        ("FREQ=DAILY;BYDAY=MO,-1SU", Refused::OrdinalWithoutMonth),
        ("FREQ=WEEKLY;BYMONTHDAY=1", Refused::MonthDaysOfWeek),
        ("FREQ=MONTHLY;BYSETPOS=1", Refused::SetPositionsAlone),
    ] {
        assert_eq!(written.parse::<Recurrence>(), Err(error), "{written}");
    }
}

#[test]
fn numbers_and_lists_have_bounds() {
    use RecurrenceError as Refused;
    for (part, values, error) in [
        ("INTERVAL", vec!["0", "+2", "1000", "", "2.5"], Refused::Interval),
        ("COUNT", vec!["0", "-1", "10000", ""], Refused::Count),
        ("UNTIL", vec!["20260230", "19971224T000000Z", "2026122", "+2026122", "2026-12-24", ""], Refused::Until),
        ("BYMONTH", vec!["0", "13", "-1", "", "1,", "MAY"], Refused::Months),
        ("BYMONTHDAY", vec!["0", "32", "-32", "", "1,,2", "٣"], Refused::MonthDays),
        ("BYDAY", vec!["", "MONDAY", "0MO", "54MO", "-54MO", "1", "M", "ÄMO"], Refused::Days),
        ("BYSETPOS", vec!["0", "367", "-367", ""], Refused::SetPositions),
        ("WKST", vec!["", "XX", "1MO", "MO,TU"], Refused::WeekStart),
    ] {
        for value in values {
            let written = format!("FREQ=YEARLY;{part}={value}");
            assert_eq!(written.parse::<Recurrence>(), Err(error.clone()), "{written}");
        }
    }
    let list = |part: &str, members: Vec<String>| {
        format!("FREQ=YEARLY;BYMONTH=1;{part}={}", members.join(",")).parse::<Recurrence>()
    };
    let numbers = |count: usize| (1..=count).map(|number| number.to_string()).collect::<Vec<_>>();
    let month_days = |count: usize| (1..=count).map(|day| format!("{}", 31 - 2 * day as i32)).collect::<Vec<_>>();
    assert!(list("BYMONTHDAY", month_days(RECURRENCE_MONTH_DAYS_MAX)).is_ok());
    assert_eq!(list("BYMONTHDAY", [numbers(31), vec!["-1".to_owned()]].concat()), Err(Refused::MonthDays));
    let mondays = |count: usize| numbers(count).into_iter().map(|number| format!("{number}MO")).collect::<Vec<_>>();
    assert!(list("BYDAY", mondays(RECURRENCE_DAYS_MAX)).is_ok());
    assert_eq!(list("BYDAY", mondays(RECURRENCE_DAYS_MAX + 1)), Err(Refused::Days));
    assert!(list("BYSETPOS", numbers(RECURRENCE_SET_POSITIONS_MAX)).is_ok());
    assert_eq!(list("BYSETPOS", numbers(RECURRENCE_SET_POSITIONS_MAX + 1)), Err(Refused::SetPositions));
}

#[test]
fn the_longest_rule_can_be_stored() {
    let list = |numbers: &mut dyn Iterator<Item = i32>, day: &str| {
        numbers.map(|number| format!("{number}{day}")).collect::<Vec<_>>().join(",")
    };
    let longest = format!(
        "FREQ=MONTHLY;INTERVAL=999;UNTIL=99991231;BYMONTH={};BYMONTHDAY={};BYDAY={};BYSETPOS={};WKST=SU",
        list(&mut (1..=12), ""),
        list(&mut (-31..=-1), ""),
        list(&mut (-53..).take(RECURRENCE_DAYS_MAX), "SU"),
        list(&mut (-366..).take(RECURRENCE_SET_POSITIONS_MAX), ""),
    );
    let kept = longest.parse::<Recurrence>().unwrap().to_string();
    assert_eq!(kept, longest);
    assert!(kept.len() <= RECURRENCE_BYTES_MAX, "{} bytes", kept.len());
}

proptest! {
    #[test]
    fn a_rule_is_read_as_it_was_written(rule in any_rule()) {
        let text = rule.to_string();
        prop_assert!(text.len() <= RECURRENCE_BYTES_MAX);
        prop_assert_eq!(text.parse(), Ok(rule.clone()));
        prop_assert_eq!(format!("rrule:{};", text.to_lowercase()).parse(), Ok(rule));
    }

    #[test]
    fn whatever_is_read_has_one_text(text in "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;(INTERVAL|COUNT|UNTIL|BYMONTH|BYMONTHDAY|BYDAY|BYSETPOS|WKST)=[-+0-9MOTUWEHFRSA,]{0,9}){0,4}") {
        if let Ok(rule) = text.parse::<Recurrence>() {
            prop_assert_eq!(rule.to_string().parse(), Ok(rule));
        }
    }
}
