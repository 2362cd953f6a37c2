//! Can one of the two use it to watch the other? What a phone shows and tells of the partner is what they wrote, and nothing beside it.

use entwine_tests::world::meet;
use entwine_tests::{Phone, World};
use serde_json::Value;

/// Everything that a phone shows without being asked for one thing.
const SHOWN: &[&[&str]] = &[
    &["status"],
    &["devices"],
    &["invitations"],
    &["list"],
    &["trash"],
    &["ritual", "list"],
    &["ritual", "due"],
    &["gratitude", "list"],
    &["check-in", "list"],
    &["note", "list"],
    &["note", "next"],
    &["reaching-out", "list"],
    &["screen-free", "list"],
    &["sealed-answer", "list"],
    &["question", "session", "list"],
    &["question", "ceiling"],
    &["vulnerability", "list"],
    &["are", "list"],
    &["practices", "list"],
    &["search", "lake"],
];

fn shown(phone: &Phone) -> Vec<Value> {
    SHOWN.iter().map(|words| phone.run(words)).collect()
}

/// One of each thing that somebody could wait to be seen or answered.
fn says_all_that_can_be_said(ada: &Phone) -> [String; 4] {
    let entry = ada.write("At the lake", "The lake was frozen.");
    let ritual = ada.begin_ritual("Walk to the lake", "FREQ=DAILY", "08:00");
    let _ = ada.run(&["gratitude", "add", "You carried the skates to the lake"]);
    let _ = ada.make(&["check-in", "add", "--mood", "light", "--line", "Skates on the lake"]);
    let note = ada.make(&["note", "add", "The lake misses you"]);
    let _ = ada.make(&["reaching-out", "add", "Come to the lake", "--kind", "need-you"]);
    let round = ada.make(&["sealed-answer", "add", "Which lake?"]);
    let _ = ada.run(&["sealed-answer", "answer", &round, "The small lake"]);
    [entry, ritual, note, round]
}

#[test]
fn that_the_other_was_there_and_read_everything_is_nowhere_to_be_seen() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let [entry, ritual, note, round] = says_all_that_can_be_said(&ada);
    meet(&[&ada]);
    let before = shown(&ada);
    meet(&[&noor]);
    let _ = shown(&noor);
    for words in [
        vec!["read", &entry],
        vec!["response", "list", &entry],
        vec!["ritual", "show", &ritual],
        vec!["ritual", "history", &ritual],
        vec!["note", "show", &note],
        vec!["sealed-answer", "show", &round],
    ] {
        let _ = noor.run(&words);
    }
    let watching = noor.watch();
    watching.until_in_sync();
    assert_eq!(noor.status()["waiting_up"], 0, "to read and to be there writes nothing");
    meet(&[&ada]);
    for ((words, before), after) in SHOWN.iter().zip(before).zip(shown(&ada)) {
        assert_eq!(after, before, "{words:?}");
    }
    assert_eq!(watching.stop("INT"), Some(130));
}

#[test]
fn what_is_told_as_it_comes_names_things_and_holds_no_word_of_them() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let watching = noor.watch();
    watching.until_in_sync();
    let [entry, ritual, note, _] = says_all_that_can_be_said(&ada);
    let _ = ada.sync();
    let told = std::cell::RefCell::new(Vec::new());
    for id in [&entry, &ritual, &note] {
        let is_of = |event: &Value| event["id"] == **id;
        if told.borrow().iter().any(is_of) {
            continue;
        }
        let _ = watching.until(|event| {
            told.borrow_mut().push(event.clone());
            is_of(event)
        });
    }
    for event in told.borrow().iter() {
        let told = event.to_string().to_lowercase();
        for word in ["lake", "skates"] {
            assert!(!told.contains(word), "a lock screen would show it: {told}");
        }
    }
    assert_eq!(watching.stop("INT"), Some(130));
}
