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
fn why_it_matters_and_steps_that_both_changed_apart_keep_the_words_of_both() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let begin = ["ritual", "add", "--name", "Tea", "--every", "FREQ=DAILY", "--why", "It is ours."];
    let steps = ["--step", "2 first Pour", "--step", "each Say what you look forward to", "--step", "Drink"];
    let id = text(&ada.run(&[&begin[..], &steps].concat()), "id");
    meet(&[&ada, &noor]);
    let step = |minutes: Option<u32>, turn: &str, text: &str| json!({ "minutes": minutes, "turn": turn, "text": text });
    let middle = step(None, "each", "Say what you look forward to");
    assert_eq!(noor.ritual(&id)["steps"], json!([step(Some(2), "first", "Pour"), middle, step(None, "both", "Drink")]));

    relay.stop();
    let rest = ["--step", "each Say what you look forward to", "--step", "Drink"];
    let _ = ada.run(&[&["ritual", "set", &id, "--step", "3 second Pour for the other"], &rest[..]].concat());
    ada.set_ritual(&id, "--why", "It is ours. It was your grandmother's.");
    let first = ["ritual", "set", &id, "--step", "2 first Pour", "--step", "each Say what you look forward to"];
    let _ = noor.run(&[&first[..], &["--step", "5 both Drink slowly"]].concat());
    noor.set_ritual(&id, "--why", "Since Lisbon. It is ours.");
    relay.start_again();
    meet(&[&ada, &noor, &ada]);
    for phone in [&ada, &noor] {
        let ritual = phone.run(&["ritual", "show", &id]);
        let steps =
            json!([step(Some(3), "second", "Pour for the other"), middle, step(Some(5), "both", "Drink slowly")]);
        assert_eq!(ritual["steps"], steps);
        assert_eq!(ritual["why"], "Since Lisbon. It is ours. It was your grandmother's.");
    }
    let _ = noor.run(&["ritual", "set", &id, "--no-steps"]);
    assert_eq!(noor.ritual(&id)["steps"], json!([]));
}

#[test]
fn a_template_is_copied_and_two_who_adopt_it_apart_have_two_rituals() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let content = ada.run(&["content", "templates"]);
    let template = content.as_array().unwrap().iter().find(|template| template["id"] == "date-night").unwrap();
    let id = text(&ada.run(&["ritual", "adopt", "date-night", "--at", "19:30"]), "id");
    let other = text(&noor.run(&["ritual", "adopt", "date-night", "--every", "FREQ=WEEKLY;BYDAY=FR"]), "id");
    meet(&[&ada, &noor, &ada]);
    assert_eq!((ada.rituals(), noor.rituals().len()), (noor.rituals(), 2));
    let ritual = noor.ritual(&id);
    for (field, of_template) in [("name", "name"), ("why", "why"), ("steps", "steps"), ("every", "cadence")] {
        assert_eq!(ritual[field], template[of_template], "{field}");
    }
    assert_eq!((&ritual["at"], &ritual["template"]), (&json!("19:30"), &json!("date-night")));
    assert_eq!(ada.ritual(&other)["every"], "FREQ=WEEKLY;BYDAY=FR");

    // It is their own from then on; and one of the two goes, until somebody who has not heard of it changes it.
    noor.set_ritual(&id, "--name", "Our Friday");
    let _ = noor.run(&["ritual", "done", &other]);
    let _ = ada.run(&["ritual", "delete", &other]);
    assert_eq!(ada.rituals().len(), 1);
    meet(&[&ada, &noor, &ada]);
    assert_eq!((text(&ada.ritual(&id), "name"), noor.rituals().len()), ("Our Friday".to_owned(), 1));
    assert_eq!(noor.run(&["ritual", "history", &other]).as_array().unwrap().len(), 1, "what was done stays");
    assert_eq!(
        noor.run(&["ritual", "due", "--to", "2099-12-31", "--from", "2099-12-01"])["due"].as_array().unwrap().len(),
        1
    );
    noor.set_ritual(&other, "--name", "Friday");
    meet(&[&noor, &ada]);
    assert_eq!(ada.ritual(&other)["name"], "Friday");
    let _ = ada.run(&["ritual", "delete", &id]);
    let _ = ada.run(&["ritual", "restore", &id]);
    assert_eq!(ada.rituals().len(), 2);
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
