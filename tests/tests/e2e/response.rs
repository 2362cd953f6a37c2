//! How do they answer each other? Each response is a thing of its own, below what it answers, and none is ever counted.

use entwine_tests::World;
use entwine_tests::world::meet;
use serde_json::{Value, json};

#[test]
fn both_answer_an_entry_apart_and_how_it_wants_to_be_heard_stands_before_it() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.make(&["write", "--title", "Work", "--text", "It was too much.", "--wish", "just-listen"]);
    meet(&[&ada, &noor]);
    let said = "What I hear is that nobody helped.";
    let ended = noor.start(&["response", "add", &entry, "--kind", "reflect", said]).finish();
    let reflect = ended.done()["id"].clone();
    assert!(ended.stderr.contains("Wishes that you just listen."), "{}", ended.stderr);
    let heard = noor.make(&["response", "add", &entry]);
    let thanks = ada.make(&["response", "add", &entry, "--kind", "thanks"]);
    meet(&[&ada, &noor, &ada]);
    let list = noor.run(&["response", "list", &entry]);
    assert_eq!(list, ada.run(&["response", "list", &entry]));
    assert_eq!(list["wish"], "just-listen");
    let shown = |field| list["responses"].as_array().unwrap().iter().map(|one| one[field].clone()).collect::<Vec<_>>();
    assert_eq!(shown("id"), [reflect, json!(heard), json!(thanks)]);
    assert_eq!(shown("kind"), ["reflect", "heard", "thanks"]);
    assert_eq!(shown("author"), ["Noor", "Noor", "Ada"]);
    assert_eq!((shown("text")[0].clone(), shown("to")[2].clone()), (json!(said), json!(entry)));
    let lines = ada.start_as_it_is(&["response", "list", &entry]).finish().stdout;
    assert!(lines.starts_with("Wishes that you just listen."), "{lines}");
    let hit = &ada.run(&["search", "nobody helped"])[0];
    assert_eq!((&hit["what"], hit["id"].as_str()), (&json!("response"), list["responses"][0]["id"].as_str()));

    // A check-in is answered as an entry is.
    let check_in = noor.make(&["check-in", "add", "--mood", "heavy", "--wish", "ask-me"]);
    meet(&[&noor, &ada]);
    let ended = ada.start(&["response", "add", &check_in]).finish();
    assert!(ended.stderr.contains("Wishes to be asked."), "{}", ended.stderr);
    let answered = ada.run(&["response", "list", &check_in]);
    assert_eq!((&answered["wish"], &answered["responses"][0]["id"]), (&json!("ask-me"), &ended.done()["id"]));

    let watching = noor.watch();
    watching.until_in_sync();
    let _ = ada.run(&["response", "delete", &thanks]);
    let _ = ada.sync();
    watching.until_changed("response_changed", &entry);
    drop(watching);
    assert_eq!(noor.run(&["response", "list", &entry])["responses"].as_array().unwrap().len(), 2);
    let _ = noor.run(&["response", "restore", &thanks]);
    assert_eq!(noor.run(&["response", "show", &thanks])["kind"], "thanks");
}

#[test]
fn responses_are_never_counted_and_what_answers_a_private_page_stays_with_its_writer() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let page = ada.write_private("Alone", "I was afraid.");
    let response = ada.make(&["response", "add", &page, "--kind", "validate", "Of course I was."]);
    meet(&[&ada, &noor]);
    let list = ada.run(&["response", "list", &page]);
    assert_eq!((&list["responses"][0]["private"], &list["wish"]), (&json!(true), &Value::Null));
    assert!(!has_number(&list), "{list}");
    assert_eq!(noor.run(&["search", "course"]), json!([]));
    for words in [["response", "list", &page], ["response", "add", &page], ["response", "show", &response]] {
        let refused = noor.refused(&words);
        assert!(refused.contains("there is no "), "{refused}");
    }
}

#[test]
fn what_is_no_response_is_refused_and_nothing_changes() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("Work", "It was too much.");
    let gone = ada.write("Gone", "Nothing.");
    let _ = ada.run(&["delete", &gone]);
    let heard = ada.make(&["response", "add", &entry]);
    meet(&[&ada, &noor]);
    let before = noor.run(&["response", "list", &entry]);
    let long = "ä".repeat(2049);
    for (words, why) in [
        (vec!["add", &entry, "--kind", "reflect"], "response: there is nothing in it"),
        (vec!["add", &entry, " ", "--kind", "question"], "response: there is nothing in it"),
        (vec!["add", &entry, &long], "response is longer than 4096 bytes"),
        (vec!["add", "nothing"], "there is no journal entry or check-in with the id nothing"),
        (vec!["add", &heard], "there is no journal entry or check-in with the id"),
        (vec!["add", &gone], "journal entry: it lies in the trash"),
        (vec!["delete", &heard], "response: only who wrote it may do that"),
        (vec!["show", &entry], "there is no response with the id"),
    ] {
        let refused = noor.refused(&[&["response"][..], &words].concat());
        assert!(refused.contains(why), "{refused}");
    }
    let misused = noor.start(&["response", "add", &entry, "--kind", "like"]).finish().misused();
    assert!(misused.contains("heard, reflect, question, thanks, validate"), "{misused}");
    assert_eq!(noor.run(&["response", "list", &entry]), before);
}

/// Whether anywhere in it there is a number.
fn has_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Array(all) => all.iter().any(has_number),
        Value::Object(all) => all.values().any(has_number),
        _ => false,
    }
}
