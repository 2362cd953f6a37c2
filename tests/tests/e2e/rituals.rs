//! What if both change a ritual at once? One value stands, and the other stays readable until somebody chooses.

use entwine_tests::World;
use entwine_tests::phone::{Phone, text};
use entwine_tests::world::meet;
use serde_json::{Value, json};

#[test]
fn of_two_hours_set_apart_one_wins_on_both_phones_and_the_other_stays_readable() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let id = ada.begin_ritual("Morning coffee", "FREQ=DAILY", "08:00");
    meet(&[&ada, &noor]);
    assert_eq!(noor.ritual(&id)["at"], "08:00");
    assert_eq!(alternatives(&noor.ritual(&id), "at"), Vec::<String>::new());

    ada.set_ritual(&id, "--at", "08:15");
    noor.set_ritual(&id, "--at", "09:30");
    meet(&[&ada, &noor, &ada]);
    let winner = text(&ada.ritual(&id), "at");
    let other = if winner == "08:15" { "09:30" } else { "08:15" };
    assert!(["08:15", "09:30"].contains(&winner.as_str()), "{winner}");
    for phone in [&ada, &noor] {
        assert_eq!(phone.ritual(&id)["at"], winner.as_str());
        assert_eq!(phone.ritual(&id)["alternatives"], json!({ "at": [other] }));
    }

    // What nobody chose between stays open when something else is changed.
    noor.set_ritual(&id, "--name", "Coffee in bed");
    meet(&[&noor, &ada]);
    for phone in [&ada, &noor] {
        assert_eq!(phone.ritual(&id)["name"], "Coffee in bed");
        assert_eq!(phone.ritual(&id)["at"], winner.as_str());
        assert_eq!(alternatives(&phone.ritual(&id), "at"), [other]);
    }

    // Setting the hour is choosing, even where it is the one that stands already.
    ada.set_ritual(&id, "--at", &winner);
    meet(&[&ada, &noor]);
    for phone in [&ada, &noor] {
        assert_eq!(phone.ritual(&id)["at"], winner.as_str());
        assert_eq!(alternatives(&phone.ritual(&id), "at"), Vec::<String>::new());
    }
}

#[test]
fn different_things_changed_apart_are_all_changed() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let id = ada.begin_ritual("Walk", "FREQ=WEEKLY;BYDAY=SU", "15:00");
    meet(&[&ada, &noor]);
    ada.set_ritual(&id, "--name", "Walk after dinner");
    noor.set_ritual(&id, "--every", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU");
    noor.set_ritual(&id, "--at", "19:00");
    meet(&[&ada, &noor, &ada]);
    for phone in [&ada, &noor] {
        let ritual = phone.ritual(&id);
        assert_eq!(ritual["name"], "Walk after dinner");
        assert_eq!(ritual["every"], "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU");
        assert_eq!(ritual["at"], "19:00");
        assert_eq!(ritual["alternatives"], json!({}));
    }
}

#[test]
fn what_both_did_on_a_day_is_recorded_for_both() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let id = ada.begin_ritual("Evening gratitude", "FREQ=DAILY", "21:00");
    meet(&[&ada, &noor]);
    let _ = ada.run(&["ritual", "done", &id, "--note", "for the soup"]);
    let _ = noor.run(&["ritual", "done", &id, "--note", "for the walk"]);
    meet(&[&ada, &noor, &ada]);
    assert_eq!(ada.ritual(&id), noor.ritual(&id));
    let shown = ada.ritual(&id).to_string();
    assert!(shown.contains("for the soup") && shown.contains("for the walk"), "{shown}");
}

#[test]
fn rule_zone_and_pauses_that_both_changed_apart_come_together_and_both_are_called_at_one_moment() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    // Ten hours apart, until the clocks of both change in a week.
    let noor = noor.with("TZ", "Australia/Sydney");
    let begun = ["ritual", "add", "--name", "Call", "--every", "FREQ=DAILY", "--at", "20:00", "--starts", "2027-01-03"];
    let id = text(&ada.run(&begun), "id");
    meet(&[&ada, &noor]);
    let sunday = ("2027-03-07", "2027-03-07");
    assert_eq!(moments(&ada, sunday), ["2027-03-07T20:00:00+01:00"]);
    assert_eq!(moments(&noor, sunday), ["2027-03-07T20:00:00+11:00"], "for each at eight, wherever they are");

    relay.stop();
    ada.set_ritual(&id, "--every", "FREQ=WEEKLY;BYDAY=SU");
    let ill = pause(&ada, &id, "2027-03-01", "2027-03-10");
    noor.set_ritual(&id, "--zone", "europe/berlin");
    noor.set_ritual(&id, "--remind", "30");
    pause(&noor, &id, "2027-03-20", "2027-04-02");
    relay.start_again();
    meet(&[&ada, &noor, &ada]);
    assert_eq!(ada.ritual(&id), noor.ritual(&id));
    let ritual = ada.ritual(&id);
    assert_eq!((&ritual["every"], &ritual["zone"]), (&json!("FREQ=WEEKLY;BYDAY=SU"), &json!("Europe/Berlin")));
    assert_eq!((&ritual["starts"], &ritual["reminder_minutes"]), (&json!("2027-01-03"), &json!(30)));
    assert_eq!((&ritual["alternatives"], ritual["pauses"].as_array().unwrap().len()), (&json!({}), 2));
    let weeks = ("2027-03-02", "2027-04-12");
    assert_eq!(
        moments(&ada, weeks),
        ["2027-03-14T20:00:00+01:00", "2027-04-04T20:00:00+02:00", "2027-04-11T20:00:00+02:00"]
    );
    assert_eq!(
        moments(&noor, weeks),
        ["2027-03-15T06:00:00+11:00", "2027-04-05T04:00:00+10:00", "2027-04-12T04:00:00+10:00"]
    );
    assert_eq!(due(&noor, weeks)[0]["remind_at"], "2027-03-15T05:30:00+11:00");
    assert_eq!(due(&noor, weeks)[0]["date"], "2027-03-14", "the day that the rule names");

    // Ada is well again, and both move the call apart.
    relay.stop();
    assert_eq!(noor.run(&["ritual", "resume", &id, "--pause", &ill])["ended"], 1);
    ada.set_ritual(&id, "--zone", "America/New_York");
    noor.set_ritual(&id, "--zone", "floating");
    relay.start_again();
    meet(&[&ada, &noor, &ada]);
    let ritual = ada.ritual(&id);
    assert_eq!(ritual, noor.ritual(&id));
    let (winner, other) =
        if ritual["zone"].is_null() { (Value::Null, "America/New_York") } else { (json!("America/New_York"), "") };
    assert_eq!((&ritual["zone"], alternatives(&ritual, "zone")), (&winner, vec![other.to_owned()]));
    noor.set_ritual(&id, "--zone", "America/New_York");
    meet(&[&noor, &ada]);
    assert_eq!(moments(&ada, ("2027-03-08", "2027-03-08")), ["2027-03-08T02:00:00+01:00"]);
    assert_eq!(moments(&noor, ("2027-03-08", "2027-03-08")), ["2027-03-08T12:00:00+11:00"]);
    assert_eq!(alternatives(&noor.ritual(&id), "zone"), Vec::<String>::new());
}

#[test]
fn a_ritual_rests_until_it_is_resumed_and_the_other_phone_hears_of_both() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let id = ada.begin_ritual("Tea", "FREQ=DAILY", "16:30");
    let holidays = pause(&ada, &id, "2099-07-01", "2099-07-31");
    meet(&[&ada, &noor]);
    let watching = noor.watch();
    watching.until_in_sync();
    let _ = ada.run(&["ritual", "pause", &id]);
    let _ = ada.sync();
    watching.until_changed("ritual_changed", &id);
    assert_eq!(noor.run(&["ritual", "due"])["due"], json!([]));
    assert_eq!(noor.run(&["ritual", "resume", &id])["ended"], 1);
    assert_eq!(noor.run(&["ritual", "resume", &id])["ended"], 0);
    assert_eq!(watching.stop("INT"), Some(130));
    meet(&[&noor, &ada]);
    let today = ada.run(&["ritual", "due"]);
    assert_eq!(today["due"].as_array().unwrap().len(), 7, "a week: {today}");
    assert_eq!(due(&ada, ("2099-06-30", "2099-08-01")).len(), 2, "what is planned for later stays");
    assert_eq!(noor.run(&["ritual", "resume", &id, "--pause", &holidays])["ended"], 1);
    assert_eq!(due(&noor, ("2099-06-30", "2099-08-01")).len(), 33);
}

/// Lets a ritual rest, and returns the pause's id.
fn pause(phone: &Phone, id: &str, from: &str, to: &str) -> String {
    text(&phone.run(&["ritual", "pause", id, "--from", from, "--to", to]), "id")
}

/// What is due from one day to another.
fn due(phone: &Phone, (from, to): (&str, &str)) -> Vec<Value> {
    let answer = phone.run(&["ritual", "due", "--from", from, "--to", to]);
    assert_eq!(answer["not_understood"], json!([]));
    answer["due"].as_array().expect("a list").clone()
}

/// When.
fn moments(phone: &Phone, days: (&str, &str)) -> Vec<String> {
    due(phone, days).iter().map(|due| text(due, "at")).collect()
}

fn alternatives(ritual: &Value, field: &str) -> Vec<String> {
    let values = ritual["alternatives"][field].as_array().cloned().unwrap_or_default();
    values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}
