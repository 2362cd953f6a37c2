//! On which days does a rule come round? Asked of RFC 5545 itself, and of python-dateutil.

use entwine_core::practice::ritual::Recurrence;
use jiff::ToSpan as _;
use jiff::civil::{Date, date};

fn number(text: &str) -> i16 {
    text.parse().expect("a number")
}

/// A day as a rule writes it.
fn day(text: &str) -> Date {
    date(number(&text[..4]), number(&text[4..6]) as i8, number(&text[6..]) as i8)
}

/// Days as the RFC lists them: `1997 Sep 2,9-11 Oct 1`.
fn days(text: &str) -> Vec<Date> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (mut year, mut month, mut found) = (0, 0, Vec::new());
    for word in text.split_whitespace() {
        if let Some(index) = MONTHS.iter().position(|name| *name == word) {
            month = index as i8 + 1;
        } else if word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit()) {
            year = number(word);
        } else {
            for range in word.split(',') {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                found.extend((number(first)..=number(last)).map(|day| date(year, month, day as i8)));
            }
        }
    }
    found
}

/// The examples of RFC 5545, section 3.8.5.3, in its order: the rule, DTSTART, and the days. `...` stands where it goes on.
///
/// Its moments at 9:00 in New York are days here. So is UNTIL, which the RFC wants in the form of DTSTART: midnight UTC of 24
/// December is before 9:00 of that day, and 14:00 UTC of 31 January is 9:00. Left out are those with what is not taken.
const OF_THE_RFC: &[(&str, &str, &str)] = &[
    ("FREQ=DAILY;COUNT=10", "19970902", "1997 Sep 2-11"),
    ("FREQ=DAILY;UNTIL=19971223", "19970902", "1997 Sep 2-30 Oct 1-31 Nov 1-30 Dec 1-23"),
    (
        "FREQ=DAILY;INTERVAL=2",
        "19970902",
        "1997 Sep 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30 Oct 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30 \
         Nov 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29 Dec 1,3 ...",
    ),
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", "19970902", "1997 Sep 2,12,22 Oct 2,12"),
    (
        "FREQ=YEARLY;UNTIL=20000131;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
        "19980101",
        "1998 Jan 1-31 1999 Jan 1-31 2000 Jan 1-31",
    ),
    ("FREQ=DAILY;UNTIL=20000131;BYMONTH=1", "19980101", "1998 Jan 1-31 1999 Jan 1-31 2000 Jan 1-31"),
    ("FREQ=WEEKLY;COUNT=10", "19970902", "1997 Sep 2,9,16,23,30 Oct 7,14,21,28 Nov 4"),
    ("FREQ=WEEKLY;UNTIL=19971223", "19970902", "1997 Sep 2,9,16,23,30 Oct 7,14,21,28 Nov 4,11,18,25 Dec 2,9,16,23"),
    (
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
        "19970902",
        "1997 Sep 2,16,30 Oct 14,28 Nov 11,25 Dec 9,23 1998 Jan 6,20 Feb 3,17 ...",
    ),
    ("FREQ=WEEKLY;UNTIL=19971006;WKST=SU;BYDAY=TU,TH", "19970902", "1997 Sep 2,4,9,11,16,18,23,25,30 Oct 2"),
    ("FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "19970902", "1997 Sep 2,4,9,11,16,18,23,25,30 Oct 2"),
    (
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971223;WKST=SU;BYDAY=MO,WE,FR",
        "19970901",
        "1997 Sep 1,3,5,15,17,19,29 Oct 1,3,13,15,17,27,29,31 Nov 10,12,14,24,26,28 Dec 8,10,12,22",
    ),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "19970902", "1997 Sep 2,4,16,18,30 Oct 2,14,16"),
    (
        "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
        "19970905",
        "1997 Sep 5 Oct 3 Nov 7 Dec 5 1998 Jan 2 Feb 6 Mar 6 Apr 3 May 1 Jun 5",
    ),
    ("FREQ=MONTHLY;UNTIL=19971223;BYDAY=1FR", "19970905", "1997 Sep 5 Oct 3 Nov 7 Dec 5"),
    (
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "19970907",
        "1997 Sep 7,28 Nov 2,30 1998 Jan 4,25 Mar 1,29 May 3,31",
    ),
    ("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "19970922", "1997 Sep 22 Oct 20 Nov 17 Dec 22 1998 Jan 19 Feb 16"),
    ("FREQ=MONTHLY;BYMONTHDAY=-3", "19970928", "1997 Sep 28 Oct 29 Nov 28 Dec 29 1998 Jan 29 Feb 26 ..."),
    ("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "19970902", "1997 Sep 2,15 Oct 2,15 Nov 2,15 Dec 2,15 1998 Jan 2,15"),
    (
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
        "19970930",
        "1997 Sep 30 Oct 1 Oct 31 Nov 1,30 Dec 1,31 1998 Jan 1,31 Feb 1",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
        "19970910",
        "1997 Sep 10,11,12,13,14,15 1999 Mar 10,11,12,13",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
        "19970902",
        "1997 Sep 2,9,16,23,30 Nov 4,11,18,25 1998 Jan 6,13,20,27 Mar 3,10,17,24,31 ...",
    ),
    (
        "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
        "19970610",
        "1997 Jun 10 Jul 10 1998 Jun 10 Jul 10 1999 Jun 10 Jul 10 2000 Jun 10 Jul 10 2001 Jun 10 Jul 10",
    ),
    (
        "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
        "19970310",
        "1997 Mar 10 1999 Jan 10 Feb 10 Mar 10 2001 Jan 10 Feb 10 Mar 10 2003 Jan 10 Feb 10 Mar 10",
    ),
    ("FREQ=YEARLY;BYDAY=20MO", "19970519", "1997 May 19 1998 May 18 1999 May 17 ..."),
    ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "19970313", "1997 Mar 13,20,27 1998 Mar 5,12,19,26 1999 Mar 4,11,18,25 ..."),
    (
        "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8",
        "19970605",
        "1997 Jun 5,12,19,26 Jul 3,10,17,24,31 Aug 7,14,21,28 1998 Jun 4,11,18,25 Jul 2,9,16,23,30 Aug 6,13,20,27 \
         1999 Jun 3,10,17,24 Jul 1,8,15,22,29 Aug 5,12,19,26 ...",
    ),
    // With EXDATE of the first day in the RFC, which the rule does not hit.
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "19970902", "1998 Feb 13 Mar 13 Nov 13 1999 Aug 13 2000 Oct 13 ..."),
    (
        "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
        "19970913",
        "1997 Sep 13 Oct 11 Nov 8 Dec 13 1998 Jan 10 Feb 7 Mar 7 Apr 11 May 9 Jun 13 ...",
    ),
    (
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        "19961105",
        "1996 Nov 5 2000 Nov 7 2004 Nov 2 ...",
    ),
    ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19970904", "1997 Sep 4 Oct 7 Nov 6"),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
        "19970929",
        "1997 Sep 29 Oct 30 Nov 27 Dec 30 1998 Jan 29 Feb 26 Mar 30 ...",
    ),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805", "1997 Aug 5,10,19,24"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805", "1997 Aug 5,17,19,31"),
    ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "20070115", "2007 Jan 15,30 Feb 15 Mar 15,30"),
];

#[test]
fn the_examples_of_the_rfc_come_out_as_they_stand_there() {
    for (text, start, expected) in OF_THE_RFC {
        let rule: Recurrence = text.parse().unwrap();
        let (expected, goes_on) = match expected.strip_suffix("...") {
            Some(expected) => (days(expected), true),
            None => (days(expected), false),
        };
        let mut occurrences = rule.occurrences(day(start));
        let found: Vec<Date> = occurrences.by_ref().take(expected.len()).collect();
        assert_eq!(found, expected, "{text}");
        assert_eq!(occurrences.next().is_some(), goes_on, "{text}");
    }
}

#[test]
fn the_other_examples_of_the_rfc_are_refused() {
    for (text, name) in [
        ("FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200", "BYYEARDAY"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "BYWEEKNO"),
        ("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z", "FREQ=HOURLY"),
        ("FREQ=MINUTELY;INTERVAL=15;COUNT=6", "FREQ=MINUTELY"),
        ("FREQ=MINUTELY;INTERVAL=90;COUNT=4", "FREQ=MINUTELY"),
        ("FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40", "BYHOUR"),
        ("FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16", "FREQ=MINUTELY"),
    ] {
        let refusal = text.parse::<Recurrence>().unwrap_err().to_string();
        assert!(refusal.starts_with(&format!("{name} is not taken")), "{refusal}");
    }
}

/// The file says which dateutil and which seed; `make_cases.py` beside it says where the two differ on purpose.
#[test]
fn dateutil_says_the_same() {
    let cases = include_str!("recurrence/cases.txt");
    let mut compared = 0;
    for case in cases.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = case.split('|').collect();
        let [text, window, gaps] = parts[..] else { panic!("{case}") };
        let rule: Recurrence = text.parse().unwrap_or_else(|error| panic!("{case}: {error}"));
        let (start, shift) = window.split_once('+').unwrap();
        let start = day(start);
        let mut last = start + shift.parse::<i32>().unwrap().days();
        let mut occurrences = rule.occurrences_within(start, last..date(2251, 1, 1));
        for gap in gaps.split(' ') {
            let expected = match gap {
                "." => None,
                gap => {
                    last += gap.parse::<i32>().unwrap().days();
                    Some(last)
                }
            };
            assert_eq!(occurrences.next(), expected, "{case}");
        }
        compared += 1;
    }
    assert_eq!(compared, 3000);
}
