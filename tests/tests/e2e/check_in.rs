//! How is each of them today? From one tap to all of it, for both or for oneself.

use entwine_tests::World;
use entwine_tests::world::meet;
use serde_json::{Value, json};

#[test]
fn each_checks_in_apart_and_a_check_in_with_oneself_stays_with_oneself() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let tap = ada.make(&["check-in", "add", "--mood", "light"]);
    let own = ada.make(&["check-in", "add", "--mood", "like a wet dog", "--energy", "low", "--private"]);
    let all = [
        "check-in",
        "add",
        "--part",
        "evening",
        "--mood",
        "heavy",
        "--energy",
        "middle",
        "--feeling",
        "tired",
        "--feeling",
        "calm",
        "--need",
        "An early night",
        "--talk",
        "not-today",
        "--wish",
        "just-listen",
        "--line",
        "The train stood still.",
    ];
    let all = noor.make(&all);
    meet(&[&ada, &noor, &ada]);
    let full = ada.run(&["check-in", "show", &all]);
    assert_eq!(full, noor.run(&["check-in", "show", &all]));
    let expected = json!({
        "author": "Noor", "mood": "heavy", "energy": "middle", "feelings": ["calm", "tired"], "need": "An early night",
        "talk": "not-today", "line": "The train stood still.", "wish": "just-listen", "part": "evening", "private": false,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&full[field], value, "{field}");
    }
    let ids = |list: Value| list.as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(noor.run(&["check-in", "list"])), [json!(all), json!(tap)]);
    assert_eq!(ids(ada.run(&["check-in", "list"])).len(), 3);
    assert_eq!(noor.run(&["check-in", "show", &tap])["energy"], Value::Null);
    let refused = noor.refused(&["check-in", "show", &own]);
    assert!(refused.contains("there is no check-in"), "{refused}");
    assert_eq!(
        (noor.run(&["search", "wet dog"]), &ada.run(&["search", "wet dog"])[0]["private"]),
        (json!([]), &json!(true))
    );
}

#[test]
fn its_writer_changes_a_check_in_and_nobody_else_and_never_into_nothing() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let id = ada.make(&["check-in", "add", "--mood", "even", "--talk", "open"]);
    let _ = ada.run(&["check-in", "set", &id, "--talk", "none", "--need", "Tea", "--part", "morning"]);
    meet(&[&ada, &noor]);
    let before = noor.run(&["check-in", "show", &id]);
    assert_eq!((&before["talk"], &before["need"], &before["part"]), (&Value::Null, &json!("Tea"), &json!("morning")));
    let long = "ä".repeat(2049);
    for (phone, words, why) in [
        (&noor, vec!["set", &id, "--mood", "bright"], "check-in: only who wrote it may do that"),
        (&noor, vec!["delete", &id], "check-in: only who wrote it may do that"),
        (&ada, vec!["set", &id, "--mood", "", "--need", ""], "check-in: there is nothing in it"),
        (&ada, vec!["set", &id, "--line", &long], "line of the day is longer than 4096 bytes"),
        (&ada, vec!["set", "nothing", "--mood", "bright"], "there is no check-in with the id nothing"),
        (&ada, vec!["add", "--mood", " "], "check-in: there is nothing in it"),
        (&ada, vec!["add"], "check-in: there is nothing in it"),
    ] {
        let refused = phone.refused(&[&["check-in"][..], &words].concat());
        assert!(refused.contains(why), "{refused}");
    }
    let misused = ada.start(&["check-in", "add", "--talk", "never"]).finish().misused();
    assert!(misused.contains("open, maybe, not-today"), "{misused}");
    assert_eq!(
        (ada.run(&["check-in", "show", &id]), ada.run(&["check-in", "list"])),
        (before.clone(), json!([before]))
    );
    let _ = ada.run(&["check-in", "delete", &id]);
    assert_eq!(ada.run(&["check-in", "list"]), json!([]));
    let _ = ada.run(&["check-in", "restore", &id]);
    assert_eq!(ada.run(&["check-in", "list"]), json!([before]));
}
