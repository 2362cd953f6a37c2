//! What if one reaches out? The other turns towards it when they can, and until then it is simply what it is.

use entwine_tests::World;
use entwine_tests::world::meet;
use serde_json::{Value, json};

#[test]
fn each_reaches_out_apart_and_the_other_turns_towards_it() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let adas = ada.make(&["reaching-out", "add", "They took my drawing!", "--kind", "good-news"]);
    let noors = noor.make(&["reaching-out", "add", "--kind", "need-you"]);
    meet(&[&ada, &noor, &ada]);
    let _ = noor.make(&["reaching-out", "answer", &adas, "--kind", "tell-me-more"]);
    let _ = ada.make(&["reaching-out", "answer", &noors, "I am on the train.", "--after", "18:00"]);
    let _ = ada.make(&["reaching-out", "answer", &noors]);
    meet(&[&ada, &noor, &ada]);
    let list = ada.run(&["reaching-out", "list"]);
    assert_eq!(list, noor.run(&["reaching-out", "list"]));
    assert_eq!(list.as_array().unwrap().len(), 2);
    let noors = ada.run(&["reaching-out", "show", &noors]);
    assert_eq!((&noors["bid"], &noors["author"]), (&json!("need-you"), &json!("Noor")));
    let said = |at: usize| {
        let answer = &noors["answers"][at];
        (answer["turning"].clone(), answer["after"].clone(), answer["text"].clone())
    };
    assert_eq!(said(0), (json!("after"), json!("18:00"), json!("I am on the train.")));
    assert_eq!(said(1), (json!("here"), Value::Null, json!("")));
    assert!(list.as_array().unwrap().contains(&noors), "{list}");
    assert_eq!(noor.run(&["search", "train"])[0]["what"], "reaching_out");
}

#[test]
fn what_has_no_answer_is_shown_as_what_has_one_and_nothing_counts_or_reminds() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let (one, other) = (ada.make(&["reaching-out", "add"]), ada.make(&["reaching-out", "add"]));
    meet(&[&ada, &noor]);
    let _ = noor.make(&["reaching-out", "answer", &one]);
    meet(&[&noor, &ada]);
    for phone in [&ada.with("ENTWINE_TEST_CLOCK_OFFSET", "2592000"), &noor.with("ENTWINE_TEST_CLOCK_OFFSET", "2592000")]
    {
        let [one, other] = [&one, &other].map(|id| phone.run(&["reaching-out", "show", id]));
        let fields = |view: &Value| view.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(fields(&one), fields(&other));
        let all = other.as_object().unwrap().values();
        let nothing = all.filter(|value| !value.is_string()).collect::<Vec<_>>();
        assert_eq!(nothing, [&json!([])], "words, and an empty list of answers: no number, no flag");
        assert_eq!(phone.run(&["ritual", "due"]), json!({ "due": [], "not_understood": [] }));
        let lines = phone.start_as_it_is(&["reaching-out", "show", other["id"].as_str().unwrap()]).finish().stdout;
        assert_eq!(lines.trim().lines().count(), 1, "{lines}");
        assert!(lines.trim().ends_with("thinking of you"), "{lines}");
    }
}

#[test]
fn one_does_not_answer_oneself_and_what_is_none_is_refused() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let adas = ada.make(&["reaching-out", "add"]);
    let gone = ada.make(&["reaching-out", "add", "Never mind"]);
    let _ = ada.run(&["reaching-out", "delete", &gone]);
    meet(&[&ada, &noor]);
    let before = noor.run(&["reaching-out", "list"]);
    let long = "ä".repeat(2049);
    for (phone, words, why) in [
        (&ada, vec!["answer", &adas], "reaching out: this is for the other one of you to do"),
        (&noor, vec!["answer", &gone], "reaching out: it lies in the trash"),
        (&noor, vec!["answer", &adas, "--after", "25:00"], "not a time of day: expected HH:MM"),
        (&noor, vec!["answer", &adas, "--kind", "after"], "hour: there is nothing in it"),
        (&noor, vec!["answer", &adas, &long], "words is longer than 4096 bytes"),
        (&noor, vec!["answer", "nothing"], "there is no reaching out with the id nothing"),
        (&noor, vec!["delete", &adas], "reaching out: only who wrote it may do that"),
        (&noor, vec!["add", &long], "words is longer than 4096 bytes"),
    ] {
        let refused = phone.refused(&[&["reaching-out"][..], &words].concat());
        assert!(refused.contains(why), "{refused}");
    }
    let misused = noor.start(&["reaching-out", "add", "--kind", "poke"]).finish().misused();
    assert!(misused.contains("thinking-of-you, good-news, bad-news, need-you"), "{misused}");
    assert_eq!(noor.run(&["reaching-out", "list"]), before);
    let _ = ada.run(&["reaching-out", "restore", &gone]);
    assert_eq!(ada.run(&["reaching-out", "list"]).as_array().unwrap().len(), 2);
}
