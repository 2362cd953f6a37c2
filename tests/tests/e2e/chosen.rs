//! Which practices do they use? Those that somebody wants, and that neither lets rest.

use entwine_tests::world::meet;
use entwine_tests::{Phone, World};
use serde_json::Value;

fn standing(phone: &Phone, name: &str) -> Value {
    let all = phone.run(&["practices", "list"]);
    let found = all.as_array().unwrap().iter().find(|practice| practice["name"] == name).cloned();
    found.unwrap_or_else(|| panic!("no {name} in {all}"))["standing"].clone()
}

#[test]
fn either_begins_a_practice_and_either_puts_one_to_rest() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    assert!(ada.run(&["practices", "list"]).as_array().unwrap().iter().all(|one| one["standing"] == "out-of-sight"));
    let _ = ada.run(&["practices", "use", "check-in"]);
    let _ = ada.run(&["practices", "use", "gratitude"]);
    let _ = noor.run(&["practices", "rest", "gratitude"]);
    meet(&[&ada, &noor, &ada]);
    let names = ["check-in", "gratitude", "note"];
    for phone in [&ada, &noor] {
        assert_eq!(names.map(|name| standing(phone, name)), ["in-use", "at-rest", "out-of-sight"]);
    }
    // Wanting it once more does not overrule the other, who takes it up when they like.
    let _ = ada.run(&["practices", "use", "gratitude"]);
    assert_eq!(standing(&ada, "gratitude"), "at-rest");
    let _ = noor.run(&["practices", "use", "gratitude"]);
    meet(&[&ada, &noor, &ada]);
    assert_eq!([&ada, &noor].map(|phone| standing(phone, "gratitude")), ["in-use", "in-use"]);
}

#[test]
fn nobody_is_told_who_lets_a_practice_rest_and_what_is_none_is_refused() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let _ = noor.run(&["practices", "rest", "check-in"]);
    meet(&[&noor, &ada]);
    let all = ada.run(&["practices", "list"]);
    assert!(!all.to_string().contains("Noor"), "{all}");
    let refused = ada.refused(&["practices", "use", "yoga"]);
    assert!(refused.contains("\"yoga\" is no practice: there are journal, "), "{refused}");
    assert_eq!(ada.run(&["practices", "list"]), all);
}
