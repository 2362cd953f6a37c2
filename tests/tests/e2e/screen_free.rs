//! Are the phones quiet when both have promised it? Each for whoever promised, and how each keeps it is their own affair.

use entwine_tests::world::meet;
use entwine_tests::{Phone, World};
use jiff::{ToSpan as _, ZonedDateTime};
use serde_json::{Value, json};

/// The day after tomorrow in Amsterdam, where both are.
fn day() -> String {
    let now = ZonedDateTime::now().in_tz("Europe/Amsterdam").expect("it is a zone");
    now.saturating_add(2.days()).strftime("%Y-%m-%d").to_string()
}

/// When the phone reminds on a day.
fn reminders(phone: &Phone, day: &str) -> Vec<Value> {
    let due = phone.run(&["ritual", "due", "--from", day, "--to", day]);
    due["due"].as_array().unwrap().iter().map(|due| due["remind_at"].clone()).collect()
}

#[test]
fn a_phone_is_quiet_for_who_promised_and_that_one_ended_it_is_for_nobody_else_to_see() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let day = day();
    for at in ["19:00", "20:30"] {
        let _ = ada.make(&["ritual", "add", "--name", "Tea", "--every", "FREQ=DAILY", "--at", at, "--remind", "10"]);
    }
    let (from, to) = (format!("{day}T20:00"), format!("{day}T22:00"));
    let time = ada.make(&["screen-free", "add", "--from", &from, "--to", &to]);
    meet(&[&ada, &noor, &ada]);
    let is_quiet = |phone: &Phone| {
        let reminders = reminders(phone, &day);
        assert!(reminders[0].as_str().unwrap().contains("T18:50:00"), "what falls before it comes: {reminders:?}");
        reminders[1].is_null()
    };
    assert_eq!((is_quiet(&ada), is_quiet(&noor)), (true, false), "Noor has promised nothing");

    let _ = noor.run(&["screen-free", "promise", &time]);
    let _ = noor.run(&["screen-free", "promise", &time]);
    meet(&[&noor, &ada]);
    assert_eq!((is_quiet(&ada), is_quiet(&noor)), (true, true));
    let seen = ada.run(&["screen-free", "list"]);
    assert_eq!(seen[0]["promised_by"], json!(["Ada", "Noor"]));
    assert!(seen[0]["from"].as_str().unwrap().starts_with(&from), "{seen}");
    assert_eq!(
        (&seen[0], &noor.run(&["screen-free", "show", &time])),
        (&ada.run(&["screen-free", "show", &time]), &seen[0])
    );

    // Noor ends it: Noor's phones know, and Ada's sees what it saw.
    let _ = noor.run(&["screen-free", "end", &time]);
    let tablet = noor.next_phone("Noor's tablet");
    meet(&[&noor, &tablet, &ada]);
    assert_eq!((is_quiet(&ada), is_quiet(&noor), is_quiet(&tablet)), (true, false, false));
    assert_eq!(ada.run(&["screen-free", "list"]), seen);
    assert_eq!(seen[0]["ended_at"], Value::Null);
    assert!(tablet.run(&["screen-free", "show", &time])["ended_at"].is_string());
}

#[test]
fn what_nobody_can_keep_is_refused_and_nothing_changes() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let time = ada.make(&["screen-free", "add"]);
    meet(&[&ada, &noor]);
    let later = noor.with("ENTWINE_TEST_CLOCK_OFFSET", "3600");
    let from = ["--from", "2027-01-01T20:00"];
    for (phone, words, why) in [
        (&noor, vec!["end", &time], "screen-free time: you have not promised it"),
        (&later, vec!["promise", &time], "screen-free time: it is over"),
        (&later, vec!["end", &time], "screen-free time: it is over"),
        (&noor, vec!["promise", "nothing"], "there is no screen-free time with the id nothing"),
        (&noor, vec!["add", "--minutes", "0"], "minutes without screens is a number from 1 to 1440"),
        (&noor, vec!["add", "--minutes", "1441"], "minutes without screens is a number from 1 to 1440"),
        (
            &noor,
            vec!["add", from[0], from[1], "--to", "2027-01-01T19:00"],
            "minutes without screens is a number from 1 to 1440",
        ),
        (&noor, vec!["add", "--from", "2027-02-29T20:00"], "is no moment"),
        (&noor, vec!["add", "--from", "1999-12-31T20:00"], "screen-free time: it is over"),
        (&noor, vec!["add", "--from", "2999-12-31T20:00"], "screen-free time: it is more than a year away"),
    ] {
        let refused = phone.refused(&[&["screen-free"][..], &words].concat());
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(noor.run(&["screen-free", "list"])[0]["promised_by"], json!(["Ada"]));
    let _ = ada.run(&["screen-free", "end", &time]);
    let refused = ada.refused(&["screen-free", "promise", &time]);
    assert!(refused.contains("you have ended it: propose another one"), "{refused}");
}
