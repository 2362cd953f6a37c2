//! When is a note seen? When its time has come where its reader is, and not before.

use entwine_tests::world::meet;
use entwine_tests::{Phone, World};
use jiff::{ToSpan as _, ZonedDateTime};
use serde_json::{Value, json};

/// A day later.
const TOMORROW: (&str, &str) = ("ENTWINE_TEST_CLOCK_OFFSET", "86400");

/// An hour of the wall in Amsterdam, where both are, so many hours from now.
fn hour(hours: i64) -> String {
    let now = ZonedDateTime::now().in_tz("Europe/Amsterdam").expect("it is a zone");
    now.saturating_add(hours.hours()).strftime("%Y-%m-%dT%H:%M").to_string()
}

fn texts(phone: &Phone) -> Vec<Value> {
    phone.run(&["note", "list"]).as_array().unwrap().iter().map(|note| note["text"].clone()).collect()
}

#[test]
fn a_note_is_neither_listed_nor_found_before_its_hour_where_its_reader_is() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let hour = hour(3);
    let note = ada.make(&["note", "add", "Look under the pillow.", "--at", &hour]);
    let _ = ada.make(&["note", "add", "A dog with your haircut!"]);
    let _ = noor.make(&["note", "add", "There you are.", "--when-online"]);
    meet(&[&ada, &noor, &ada]);
    assert_eq!(texts(&ada), ["There you are.", "A dog with your haircut!", "Look under the pillow."]);
    assert_eq!(ada.run(&["note", "show", &note])["at"], hour.as_str());
    assert_eq!(ada.run(&["note", "list"])[0]["when"], "online");

    assert_eq!(texts(&noor), ["There you are.", "A dog with your haircut!"]);
    assert_eq!(noor.run(&["search", "pillow"]), json!([]));
    assert_eq!(noor.run(&["note", "next"]), json!({ "at": hour }), "an app looks again then, and knows no word");
    assert_eq!(ada.run(&["note", "next"]), json!({ "at": null }), "its writer waits for nothing");
    for words in [["note", "show", &note], ["note", "withdraw", &note]] {
        let refused = noor.refused(&words);
        assert!(refused.contains("there is no note with the id"), "{refused}");
    }
    // Its hour has come in Tokyo, and here it comes too.
    for there in [noor.with("TZ", "Asia/Tokyo"), noor.with(TOMORROW.0, TOMORROW.1)] {
        assert_eq!(texts(&there), texts(&ada));
        assert_eq!(there.run(&["note", "next"]), json!({ "at": null }));
        assert_eq!(there.run(&["note", "show", &note]), ada.run(&["note", "show", &note]));
        assert_eq!(there.run(&["search", "pillow"])[0]["id"], note.as_str());
    }
}

#[test]
fn a_note_is_withdrawn_before_its_hour_and_what_has_come_stays() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let hour = hour(3);
    let [withdrawn, stays] = ["Not this.", "But this."].map(|text| ada.make(&["note", "add", text, "--at", &hour]));
    let now = ada.make(&["note", "add", "And this."]);
    meet(&[&ada, &noor]);
    let _ = ada.run(&["note", "withdraw", &withdrawn]);
    assert_eq!(ada.run(&["note", "show", &withdrawn])["withdrawn"], true);
    meet(&[&ada, &noor]);
    let noor_tomorrow = noor.with(TOMORROW.0, TOMORROW.1);
    assert_eq!(texts(&noor_tomorrow), ["And this.", "But this."]);
    let refused = noor_tomorrow.refused(&["note", "show", &withdrawn]);
    assert!(refused.contains("there is no note"), "{refused}");
    let long = "ä".repeat(2049);
    for (phone, words, why) in [
        (&ada.with(TOMORROW.0, TOMORROW.1), vec!["withdraw", &stays], "its hour has come, and what has come stays"),
        (&ada, vec!["withdraw", &now], "what has come stays"),
        (&noor, vec!["withdraw", &now], "note: only who wrote it may do that"),
        (&ada, vec!["withdraw", "nothing"], "there is no note with the id nothing"),
        (&ada, vec!["add", " "], "note: there is nothing in it"),
        (&ada, vec!["add", &long], "note is longer than 4096 bytes"),
        (&ada, vec!["add", "Hello", "--at", "2026-02-30T08:00"], "is no moment: a moment looks like"),
        (&ada, vec!["add", "Hello", "--at", "1999-12-31T23:59"], "its hour has passed everywhere"),
        (&ada, vec!["add", "Hello", "--at", "2999-12-31T23:59"], "its hour is more than a year away"),
    ] {
        let refused = phone.refused(&[&["note"][..], &words].concat());
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(texts(&ada), ["And this.", "But this."]);
}

#[test]
fn nobody_is_told_whether_a_note_was_read() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let note = ada.make(&["note", "add", "A dog with your haircut!"]);
    meet(&[&ada]);
    let before = ada.run(&["note", "show", &note]);
    meet(&[&noor]);
    let _ = noor.run(&["note", "show", &note]);
    meet(&[&noor, &ada]);
    assert_eq!(ada.run(&["note", "show", &note]), before);
    assert_eq!(noor.status()["waiting_up"], 0, "reading writes nothing");
}
