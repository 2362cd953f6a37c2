//! Vulnerability steps and the A.R.E. look: at the pace of the more reserved one, with nothing said of what the other has not done.

use entwine_tests::phone::text;
use entwine_tests::search::holds;
use entwine_tests::world::meet;
use entwine_tests::{Phone, World};
use serde_json::{Value, json};

use crate::reader::opened_by;

#[test]
fn the_pace_of_the_more_reserved_one_holds_and_neither_learns_what_the_other_has_not_done() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let tablet = ada.next_phone("Ada-tablet");
    let next = |phone: &Phone| phone.run(&["vulnerability", "next"]);
    let _ = ada.run(&["vulnerability", "pace", "weekly"]);
    assert_eq!(next(&ada), json!({ "step": null, "from": null }), "nothing begins before both have chosen");
    let _ = noor.run(&["vulnerability", "pace", "monthly"]);
    meet(&[&ada, &noor, &ada]);
    assert_eq!(ada.run(&["vulnerability", "pace"]), json!({ "holds": "monthly", "own": "weekly" }));
    let first = next(&ada);
    assert_eq!(first["step"]["id"], "small-admission");

    // Two devices of one person, apart.
    let _ = ada.run(&["vulnerability", "done", "small-admission", "--note", "She only said thank you"]);
    let _ = tablet.run(&["vulnerability", "done", "name-the-feeling"]);
    meet(&[&ada, &tablet, &ada, &noor]);
    let second = next(&ada);
    assert_eq!(second["step"]["id"], "ask-for-something");
    assert_eq!(next(&tablet), second);
    let day = |value: &Value| value["from"].as_str().unwrap().parse::<jiff::civil::Date>().unwrap();
    let today = ada.run(&["vulnerability", "list"])[0]["done"][0].as_str().unwrap().parse().unwrap();
    assert_eq!(day(&second), jiff::civil::Date::checked_add(today, jiff::Span::new().months(1)).unwrap());
    // Noor's phone knows nothing of it, and shows nothing of it.
    let shown = noor.run(&["vulnerability", "list"]);
    assert!(shown.as_array().unwrap().iter().all(|step| step["done"] == json!([])), "{shown}");
    assert_eq!(next(&noor)["step"]["id"], "small-admission");
    let all = opened_by(&world, &relay, &noor, "noor");
    assert!(!holds(&all, b"She only said thank you") && !holds(&all, b"name-the-feeling"));
    assert!(holds(&all, b"monthly"), "it would have been found");

    let _ = noor.run(&["vulnerability", "pace", "not-now"]);
    meet(&[&noor, &ada]);
    assert_eq!(next(&ada)["step"], Value::Null);
    assert!(ada.refused(&["vulnerability", "done", "nothing"]).contains("there is no vulnerability step"));
    let too_long = ["vulnerability", "done", "tell-a-fear", "--note", &"n".repeat(5_000)];
    assert!(ada.refused(&too_long).contains("longer than"));
    assert_eq!(ada.run(&["vulnerability", "list"])[3]["done"], json!([]));
}

#[test]
fn a_look_is_one_a_week_though_both_begin_it_apart_and_is_read_by_both_or_neither() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let week = ["--week", "2026-W40"];
    let look = |phone: &Phone| phone.run(&[["are", "show"], week].concat());
    let hers = ["On Tuesday, at once", "You asked twice", ""];
    let his = ["In the night", "", "Your notes"];
    let answers = |phone: &Phone, texts: [&str; 3]| phone.run(&[["are", "answer"].as_slice(), &texts, &week].concat());
    assert_eq!(text(&answers(&ada, hers), "id"), "2026-W40");
    let _ = ada.sync();
    let _ = noor.sync();
    assert_eq!(
        (&look(&noor)["state"], noor.run(&["are", "list"])),
        (&json!("open"), json!([])),
        "nothing is said of Ada"
    );
    let _ = answers(&noor, his);
    meet(&[&noor, &ada, &noor]);
    for (phone, yours, theirs) in [(&ada, hers, his), (&noor, his, hers)] {
        let look = look(phone);
        assert_eq!((&look["state"], &look["yours"]), (&json!("revealed"), &json!(yours)), "{look}");
        assert_eq!(look["theirs"], json!(theirs));
        let ids: Vec<&Value> = look["questions"].as_array().unwrap().iter().map(|asked| &asked["id"]).collect();
        assert_eq!(ids, ["accessible", "responsive", "engaged"]);
        assert_eq!(phone.run(&["are", "list"]), json!([look]));
        assert!(phone.refused(&[["are", "answer"].as_slice(), &hers, &week].concat()).contains("opened already"));
    }
    for coming in [
        vec!["are", "answer", "a", "b", "c", "--week", "2999-W01"],
        vec!["sealed-answer", "answer", "2999-W01", "a", "b", "c"],
    ] {
        assert!(ada.refused(&coming).contains("has not come yet"), "{coming:?}");
    }
    let _ = ada.start(&["are", "show", "--week", "2026-W54"]).finish().misused();
    let _ = ada.start(&["are", "answer", "only one"]).finish().misused();
    let _ = ada.run(&["are", "skip"]);
    assert_eq!(ada.run(&["are", "show"])["state"], "skipped");
}
