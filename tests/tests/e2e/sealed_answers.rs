//! Does neither read what the other answered before both have, whatever phones are lost, off, or in twos?

use entwine_tests::phone::text;
use entwine_tests::search::holds;
use entwine_tests::world::meet;
use entwine_tests::{Phone, World};
use serde_json::{Value, json};

use crate::reader::opened_by;

fn asks(phone: &Phone, question: &str) -> String {
    text(&phone.run(&["sealed-answer", "add", question]), "id")
}

fn answers(phone: &Phone, round: &str, answer: &str) {
    assert_eq!(phone.run(&["sealed-answer", "answer", round, answer])["id"], round);
}

fn sees(phone: &Phone, round: &str) -> (String, Value, Value) {
    let round = phone.run(&["sealed-answer", "show", round]);
    (text(&round, "state"), round["yours"].clone(), round["theirs"].clone())
}

fn seen(state: &str, yours: Option<&str>, theirs: Option<&str>) -> (String, Value, Value) {
    let one = |text: Option<&str>| text.map_or(Value::Null, |text| json!([text]));
    (state.to_owned(), one(yours), one(theirs))
}

#[test]
fn answers_are_opened_by_the_phones_themselves_once_both_are_there_and_nothing_can_be_read_before() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let round = asks(&ada, "Which fear of yours is new?");
    meet(&[&ada, &noor]);
    // Apart, and without a network.
    let (hers, his) = ("That you get bored of me", "Growing old without children");
    answers(&ada, &round, hers);
    answers(&noor, &round, his);
    assert_eq!(sees(&ada, &round), seen("you answered", Some(hers), None));
    assert_eq!(sees(&noor, &round), seen("you answered", Some(his), None));

    let _ = ada.sync();
    let before = opened_by(&world, &relay, &noor, "noor-before");
    assert!(holds(&before, b"Which fear of yours is new?") && !holds(&before, hers.as_bytes()));
    assert_eq!(noor.run(&["search", "bored of me"]), json!([]));
    // Noor's sync brings his commitment, finds hers, and opens his.
    let _ = noor.sync();
    assert_eq!(sees(&noor, &round), seen("both answered", Some(his), None));
    let between = opened_by(&world, &relay, &noor, "noor-between");
    assert!(holds(&between, his.as_bytes()) && !holds(&between, hers.as_bytes()), "Ada's phone is off");
    let _ = ada.sync();
    assert_eq!(sees(&ada, &round), seen("revealed", Some(hers), Some(his)));
    let _ = noor.sync();
    assert_eq!(sees(&noor, &round), seen("revealed", Some(his), Some(hers)));
    assert!(holds(&opened_by(&world, &relay, &noor, "noor-after"), hers.as_bytes()), "it would have been found");
    let found = noor.run(&["search", "bored of me"]);
    assert_eq!((&found[0]["what"], found.as_array().unwrap().len()), (&json!("sealed_answer"), 1));

    let listed = noor.run(&["sealed-answer", "list"]);
    assert_eq!(listed, json!([noor.run(&["sealed-answer", "show", &round])]));
    assert_eq!((&listed[0]["opened_by"], &listed[0]["questions"][0]["id"]), (&json!("Ada"), &json!("")));
}

#[test]
fn a_mind_is_changed_until_both_have_answered_and_what_is_taken_back_is_never_shown() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let question = ["sealed-answer", "add", "--question", "unseen-smile"];
    let (round, skipped) = (text(&noor.run(&question), "id"), asks(&noor, "And else?"));
    meet(&[&noor, &ada]);
    answers(&ada, &round, "The first thing that came to mind");
    let _ = ada.sync();
    answers(&ada, &round, "A better thing");
    answers(&ada, &skipped, "Nothing that I want to say");
    let _ = ada.run(&["sealed-answer", "skip", &skipped]);
    let _ = ada.sync();
    answers(&noor, &round, "The neighbour's dog");
    answers(&noor, &skipped, "Kept");
    meet(&[&noor, &ada, &noor]);
    assert_eq!(sees(&noor, &round), seen("revealed", Some("The neighbour's dog"), Some("A better thing")));
    for phone in [&ada, &noor] {
        let refusal = phone.refused(&["sealed-answer", "answer", &round, "Something else"]);
        assert!(refusal.contains("opened already"), "{refusal}");
    }
    // A skip gives no reason, and leaves the other's answer sealed until Noor chooses.
    assert_eq!(sees(&noor, &skipped), seen("skipped", Some("Kept"), None));
    assert_eq!(sees(&ada, &skipped), seen("skipped", None, None));
    let all = opened_by(&world, &relay, &noor, "noor");
    for words in ["The first thing", "Nothing that I want", "Kept"] {
        assert!(!holds(&all, words.as_bytes()), "{words}");
    }
    let _ = noor.run(&["sealed-answer", "publish", &skipped]);
    meet(&[&noor, &ada]);
    assert_eq!(sees(&ada, &skipped), seen("skipped", None, Some("Kept")));

    let third = asks(&noor, "And then?");
    let unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for (command, said) in [
        (["sealed-answer", "answer", unknown, "x"].as_slice(), "there is no round"),
        (&["sealed-answer", "show", "no id"], "there is no round"),
        (&["sealed-answer", "answer", &third, "a", "b"], "how many answers"),
        (&["sealed-answer", "answer", &third, &"a".repeat(17_000)], "longer than"),
        (&["sealed-answer", "answer", &third, ""], "there is nothing in it"),
        (&["sealed-answer", "publish", &round], "opened already"),
        (&["sealed-answer", "add", " "], "there is nothing in it"),
        (&["sealed-answer", "add", &"?".repeat(2_000)], "longer than"),
        (&["sealed-answer", "add", "--question", "nothing"], "there is no question"),
    ] {
        let refusal = noor.refused(command);
        assert!(refusal.contains(said), "{command:?}: {refusal}");
    }
    assert_eq!(noor.run(&["sealed-answer", "list"]).as_array().unwrap().len(), 3);
    assert_eq!(sees(&noor, &third), seen("open", None, None));
}

#[test]
fn any_phone_of_a_person_opens_what_another_sealed_and_a_lost_answer_is_given_up() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let tablet = ada.next_phone("Ada-tablet");
    meet(&[&ada, &noor]);
    let (round, lost) = (asks(&ada, "What do you hide?"), asks(&ada, "What do you miss?"));
    meet(&[&ada, &noor, &tablet]);
    answers(&ada, &round, "How much I need you");
    meet(&[&ada, &tablet, &noor]);
    // Ada's phone is off from now on, and with it an answer that only its commitment has left in time.
    answers(&noor, &round, "That I read your poems");
    meet(&[&noor, &tablet, &noor]);
    assert_eq!(sees(&tablet, &round), seen("revealed", Some("How much I need you"), Some("That I read your poems")));
    assert_eq!(sees(&noor, &round), seen("revealed", Some("That I read your poems"), Some("How much I need you")));

    // Killed between the two spaces: the commitment is there, the answer is not.
    answers(&ada, &lost, "The sea");
    ada.with("ENTWINE_TEST_FAULT", "sync:after-shared").start(&["sync"]).finish().killed();
    answers(&noor, &lost, "My brother");
    meet(&[&noor, &tablet]);
    assert_eq!(sees(&tablet, &lost), seen("both answered", None, None));
    let _ = tablet.run(&["sealed-answer", "skip", &lost]);
    meet(&[&tablet, &noor]);
    assert_eq!(sees(&noor, &lost).0, "skipped");
    // Should the phone be found after all, it shows nothing of what was given up.
    meet(&[&ada, &noor]);
    assert!(!holds(&opened_by(&world, &relay, &noor, "noor"), b"The sea"));
}
