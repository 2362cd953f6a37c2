//! What became of a ritual? Both say it apart, of one day, and nobody's word replaces the other's.

use entwine_tests::World;
use entwine_tests::phone::{Phone, text};
use entwine_tests::world::meet;
use serde_json::{Value, json};

#[test]
fn both_record_one_evening_apart_and_both_phones_show_it_once_with_both_words() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let id = weekly(&ada, "2027-03-02");
    meet(&[&ada, &noor]);
    let (ada, noor) = (ada.at("2027-03-02"), noor.at("2027-03-02"));
    relay.stop();
    let _ = ada.run(&["ritual", "done", &id, "--note", "for the soup"]);
    let _ = noor.run(&["ritual", "done", &id, "--alone"]);
    let _ = ada.run(&["ritual", "skip", &id, "--date", "2027-03-09"]);
    let _ = noor.run(&["ritual", "move", &id, "--date", "2027-03-09", "--to", "2027-03-11"]);
    relay.start_again();
    meet(&[&ada, &noor, &ada]);
    for phone in [&ada, &noor] {
        let history = phone.run(&["ritual", "history", &id]);
        let days: Vec<String> = list(&history).iter().map(|day| text(day, "date")).collect();
        assert_eq!(days, ["2027-03-11", "2027-03-09", "2027-03-02"]);
        assert_eq!(said(&history[0]), [("Noor", "planned")]);
        assert_eq!(history[0]["records"][0]["from"], "2027-03-09");
        assert_eq!(said(&history[1]), [("Ada", "skipped"), ("Noor", "moved")], "neither is called wrong");
        assert_eq!(said(&history[2]), [("Ada", "together"), ("Noor", "alone")]);
        assert_eq!((&history[2]["together"], &history[1]["together"]), (&json!(true), &json!(false)));
        assert_eq!(history[2]["records"][0]["note"], "for the soup");
        assert_eq!(phone.ritual(&id)["done"], json!([history[2]]), "what was skipped or moved was not done");
        let week = phone.run(&["ritual", "history", &id, "--from", "2027-03-03", "--to", "2027-03-10"]);
        assert_eq!(week, json!([history[1]]));
    }
}

#[test]
fn a_moved_one_is_due_on_the_other_day_alone_also_in_the_next_month_and_can_be_moved_back() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let id = weekly(&ada, "2027-03-02");
    meet(&[&ada, &noor]);
    let (ada, noor) = (ada.at("2027-03-02"), noor.at("2027-03-02"));
    relay.stop();
    let _ = noor.run(&["ritual", "move", &id, "--date", "2027-03-30", "--to", "2027-04-02", "--note", "I am away"]);
    let _ = ada.run(&["ritual", "skip", &id, "--date", "2027-04-06"]);
    relay.start_again();
    meet(&[&noor, &ada, &noor]);
    for phone in [&ada, &noor] {
        assert_eq!(due(phone, "2027-03-23", "2027-03-31"), ["2027-03-23"]);
        assert_eq!(due(phone, "2027-04-01", "2027-04-13"), ["2027-04-02", "2027-04-13"]);
    }
    let _ = noor.run(&["ritual", "move", &id, "--date", "2027-04-02", "--to", "2027-03-30"]);
    assert_eq!(due(&noor, "2027-03-23", "2027-04-13"), ["2027-03-23", "2027-03-30", "2027-04-13"]);
    // Another move takes the first one back.
    let _ = noor.run(&["ritual", "move", &id, "--date", "2027-03-30", "--to", "2027-03-31"]);
    let _ = noor.run(&["ritual", "move", &id, "--date", "2027-03-30", "--to", "2027-04-01"]);
    assert_eq!(due(&noor, "2027-03-23", "2027-04-13"), ["2027-03-23", "2027-04-01", "2027-04-13"]);
    meet(&[&noor, &ada]);
    let then = ada.at("2027-04-01");
    let _ = then.run(&["ritual", "done", &id]);
    meet(&[&ada, &noor]);
    assert_eq!(due(&noor, "2027-03-23", "2027-04-13"), ["2027-03-23", "2027-04-13"]);
    let history = then.run(&["ritual", "history", &id, "--to", "2027-04-01"]);
    assert_eq!(said(&history[0]), [("Noor", "planned"), ("Ada", "together")]);
    assert_eq!(history[0]["records"][0]["from"], "2027-03-30");
}

/// Safety: nobody is told what they, or the other, have not done.
#[test]
fn nobody_is_reminded_of_what_was_skipped_or_told_that_anything_was_missed() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let id = text(
        &ada.run(&["ritual", "add", "--name", "Call", "--every", "FREQ=DAILY", "--at", "20:00", "--remind", "30"]),
        "id",
    );
    meet(&[&ada, &noor]);
    let today = due(&noor, "2027-03-02", "2027-03-04");
    assert_eq!(today.len(), 3);
    let _ = ada.run(&["ritual", "skip", &id, "--date", "2027-03-03"]);
    meet(&[&ada, &noor]);
    for phone in [&ada, &noor] {
        assert_eq!(due(phone, "2027-03-02", "2027-03-04"), ["2027-03-02", "2027-03-04"]);
        // Days that went by without a word stand nowhere.
        let later = phone.at("2027-03-20");
        assert_eq!(list(&later.run(&["ritual", "history", &id])).len(), 1);
        let told = [later.run(&["ritual", "list"]), later.run(&["ritual", "due"])].map(|answer| answer.to_string());
        assert!(told.iter().all(|told| !told.contains("2027-03-03") && !told.contains("miss")), "{told:?}");
    }
}

#[test]
fn what_one_did_alone_is_due_for_the_other_still_and_one_persons_two_devices_count_once() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let id = weekly(&ada, "2027-03-02");
    let tablet = Phone::init(&world, "Ada's tablet");
    let link = text(&ada.run(&["invite", "--device"]), "link");
    let _ = tablet.run(&["join", &link]);
    meet(&[&ada, &tablet, &noor, &ada]);
    let [ada, tablet, noor] = [ada, tablet, noor].map(|phone| phone.at("2027-03-02"));
    let _ = ada.run(&["ritual", "skip", &id, "--note", "too tired"]);
    let _ = tablet.at("2027-03-02T12:00").run(&["ritual", "done", &id, "--alone", "--note", "after all"]);
    meet(&[&ada, &tablet, &noor, &ada]);
    for phone in [&ada, &noor] {
        let done = &phone.ritual(&id)["done"];
        let outcomes: Vec<&str> = said(&done[0]).into_iter().map(|(_, outcome)| outcome).collect();
        assert_eq!((list(done).len(), outcomes), (1, vec!["alone"]));
        assert_eq!(done[0]["records"][0]["note"], "too tired\nafter all");
    }
    assert_eq!(due(&ada, "2027-03-02", "2027-03-08"), Vec::<String>::new());
    assert_eq!(due(&noor, "2027-03-02", "2027-03-08"), ["2027-03-02"]);
}

#[test]
fn where_their_days_differ_both_call_an_evening_by_the_day_of_the_rituals_zone() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let begun = [
        "ritual",
        "add",
        "--name",
        "Call",
        "--every",
        "FREQ=WEEKLY;BYDAY=SU",
        "--at",
        "20:00",
        "--zone",
        "Europe/Berlin",
    ];
    let id = text(&ada.run(&[&begun[..], &["--starts", "2027-03-07"]].concat()), "id");
    meet(&[&ada, &noor]);
    // It is Sunday evening in Berlin and Monday morning in Sydney.
    let (ada, noor) = (ada.at("2027-03-07T19:05"), noor.at("2027-03-07T19:10").with("TZ", "Australia/Sydney"));
    let _ = ada.run(&["ritual", "done", &id]);
    let _ = noor.run(&["ritual", "done", &id]);
    meet(&[&ada, &noor, &ada]);
    let done = &noor.ritual(&id)["done"];
    assert_eq!((list(done).len(), &done[0]["date"]), (1, &json!("2027-03-07")));
    assert_eq!(said(&done[0]), [("Ada", "together"), ("Noor", "together")]);
    assert_eq!(*done, ada.ritual(&id)["done"]);
}

#[test]
fn what_cannot_be_said_of_a_day_is_refused_and_changes_nothing() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let id = weekly(&ada, "2027-03-02");
    let ada = ada.at("2027-03-02");
    let _ = ada.run(&["ritual", "done", &id]);
    let before = (ada.rituals(), ada.run(&["ritual", "history", &id]));
    let (long, nothing) = ("x".repeat(5_000), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    for (arguments, told) in [
        (["done", nothing].as_slice(), "there is no ritual"),
        (&["skip", nothing], "there is no ritual"),
        (&["move", nothing, "--to", "2027-03-04"], "there is no ritual"),
        (&["history", nothing], "there is no ritual"),
        (&["delete", "x"], "there is no ritual"),
        (&["restore", nothing], "there is no ritual"),
        (&["done", &id, "--date", "2027-02-30"], "is not a day"),
        (&["done", &id, "--date", "2027-03-09"], "has not come yet"),
        (&["done", &id, "--date", "2016-03-01"], "more than ten years away"),
        (&["skip", &id, "--date", "2037-03-09"], "more than ten years away"),
        (&["done", &id, "--note", &long], "note is longer"),
        (&["move", &id, "--to", "2027-03-04"], "it is not due on 2027-03-02"),
        (&["move", &id, "--to", "2027-03-04", "--date", "2027-03-10"], "it is not due on 2027-03-10"),
        (&["move", &id, "--to", "2027-03-09", "--date", "2027-03-09"], "it is on 2027-03-09 already"),
        (&["move", &id, "--to", "2027-03-02", "--date", "2027-03-09"], "was done, skipped or moved already"),
        (&["move", &id, "--to", "2038-03-02", "--date", "2027-03-09"], "more than ten years away"),
        (&["move", &id, "--to", "2027-03-10", "--date", "2027-03-09", "--note", &long], "note is longer"),
        (&["history", &id, "--from", "2027-03-02", "--to", "2027-03-01"], "is before the first"),
        (&["adopt", "tea-for-two"], "there are six-minute-morning, coffee-together"),
        (&["add", "--name", " ", "--every", "FREQ=DAILY"], "there is nothing in it"),
        (&["set", &id, "--step", &long], "step is longer"),
        (&["set", &id, "--why", &long], "why is longer"),
    ] {
        let answer = ada.refused(&[&["ritual"], arguments].concat());
        assert!(answer.contains(told), "{arguments:?}: {answer}");
    }
    assert_eq!((ada.rituals(), ada.run(&["ritual", "history", &id])), before);
    let _ = ada.run(&["ritual", "delete", &id]);
    let told = ada.refused(&["ritual", "done", &id]);
    assert!(told.contains("in the trash: restore it first"), "{told}");
}

/// A ritual of every week, from this day on.
fn weekly(phone: &Phone, starts: &str) -> String {
    let begin = ["ritual", "add", "--name", "Tea", "--every", "FREQ=WEEKLY", "--starts", starts];
    text(&phone.run(&begin), "id")
}

fn list(answer: &Value) -> &Vec<Value> {
    answer.as_array().expect("a list")
}

/// Who says what.
fn said(occurrence: &Value) -> Vec<(&str, &str)> {
    list(&occurrence["records"])
        .iter()
        .map(|record| (record["by"].as_str().unwrap(), record["outcome"].as_str().unwrap()))
        .collect()
}

/// On which days of the rule it is due.
fn due(phone: &Phone, from: &str, to: &str) -> Vec<String> {
    let answer = phone.run(&["ritual", "due", "--from", from, "--to", to]);
    list(&answer["due"]).iter().map(|due| text(due, "date")).collect()
}
