//! What if both change a ritual at once? One value stands, and the other stays readable until somebody chooses.

use entwine_tests::World;
use entwine_tests::phone::text;
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

fn alternatives(ritual: &Value, field: &str) -> Vec<String> {
    let values = ritual["alternatives"][field].as_array().cloned().unwrap_or_default();
    values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}
