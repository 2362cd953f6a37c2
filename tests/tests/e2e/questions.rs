//! Do two who ask each other questions, apart or together, draw each once, no deeper than both want, and come to the same place?

use entwine_tests::phone::text;
use entwine_tests::world::meet;
use entwine_tests::{Phone, World};
use serde_json::{Value, json};

fn draws(phone: &Phone, options: &[&str]) -> Value {
    phone.run(&[&["question", "draw"], options].concat())
}

fn session(phone: &Phone, id: &str) -> Value {
    phone.run(&["question", "session", "show", id])
}

#[test]
fn a_question_is_drawn_once_and_own_ones_are_for_both() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let own = text(&ada.run(&["question", "add", "Shall we move to the sea?", "--deck", "own"]), "id");
    let first = draws(&noor, &[]);
    assert_eq!(draws(&noor, &[]), first, "as long as nobody has answered it");
    meet(&[&ada, &noor]);
    let drawn = draws(&noor, &[]);
    assert_eq!((&drawn["id"], &drawn["author"], &drawn["deck"]), (&json!(own), &json!("Ada"), &json!("own")));
    assert_eq!(draws(&ada, &[]), drawn, "both draw the same one");

    // Apart: one answers, the other passes the next one over.
    let _ = noor.run(&["question", "answer", &own, "With you, yes."]);
    let _ = ada.run(&["question", "skip", &text(&first, "id")]);
    meet(&[&ada, &noor, &ada]);
    let next = draws(&ada, &[]);
    assert_eq!(draws(&noor, &[]), next);
    assert!(next["id"] != drawn["id"] && next["id"] != first["id"], "{next}");
    let answers = ada.run(&["question", "show", &own]);
    assert_eq!(answers, noor.run(&["question", "show", &own]));
    assert_eq!((&answers[0]["text"], &answers[0]["author"]), (&json!("With you, yes."), &json!("Noor")));
    assert_eq!(draws(&ada, &["--deck", "own"]), Value::Null, "none is left");

    for (command, said) in [
        (["question", "add", " "].as_slice(), "there is nothing in it"),
        (&["question", "add", "What?", "--deck", "nothing"], "is no deck"),
        (&["question", "add", "What?", "--depth", "4"], "a number from 1 to 3"),
        (&["question", "draw", "--depth", "0"], "a number from 1 to 3"),
        (&["question", "answer", "nothing", "Yes."], "there is no question"),
        (&["question", "answer", &own, ""], "there is nothing in it"),
        (&["question", "answer", &own, "", "--sealed"], "there is nothing in it"),
        (&["question", "answer", &own, &"y".repeat(17_000)], "longer than"),
        (&["question", "answer", &own, &"y".repeat(17_000), "--sealed"], "longer than"),
        (&["question", "session", "start", "--count", "1"], "how many questions"),
        (&["question", "session", "show", &own], "there is no session"),
    ] {
        let refusal = noor.refused(command);
        assert!(refusal.contains(said), "{command:?}: {refusal}");
    }
    assert!(noor.refused(&["question", "delete", &own]).contains("only who wrote it"));
    assert_eq!(draws(&noor, &[]), next, "nothing has changed");
    assert_eq!(noor.run(&["sealed-answer", "list"]), json!([]));
}

#[test]
fn the_lower_ceiling_holds_and_nobody_is_told_whose_it_is() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let ceiling = |phone: &Phone| phone.run(&["question", "ceiling"]);
    let _ = ada.run(&["question", "ceiling", "3"]);
    assert_eq!(noor.run(&["question", "ceiling", "1"]), json!({ "holds": 1, "own": 1 }));
    meet(&[&ada, &noor, &ada]);
    assert_eq!(ceiling(&ada), json!({ "holds": 1, "own": 3 }), "the two numbers, and nothing else");
    assert_eq!(draws(&ada, &["--depth", "2"]), Value::Null);
    let id = text(&ada.run(&["question", "session", "start"]), "id");
    let depths: Vec<Value> = questions(&session(&ada, &id)).iter().map(|asked| asked["depth"].clone()).collect();
    assert_eq!(depths, vec![json!(1); 6]);
    assert!(ada.refused(&["question", "ceiling", "0"]).contains("a number from 1 to 3"));
    let _ = noor.run(&["question", "ceiling", "2"]);
    meet(&[&noor, &ada]);
    assert_eq!(ceiling(&ada)["holds"], 2);
    assert_eq!(draws(&ada, &["--depth", "2"])["depth"], 2);
}

fn questions(session: &Value) -> Vec<Value> {
    session["questions"].as_array().unwrap().clone()
}

#[test]
fn a_session_rises_takes_turns_and_is_left_and_resumed_on_either_phone() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let id = text(&ada.run(&["question", "session", "start", "--deck", "childhood", "--count", "4"]), "id");
    meet(&[&ada, &noor]);
    let begun = session(&noor, &id);
    assert_eq!((&begun["now"], &begun["done"], &begun["author"]), (&json!(1), &json!(false), &json!("Ada")));
    let asked = questions(&begun);
    let fields = |field: &str| -> Vec<Value> { asked.iter().map(|asked| asked[field].clone()).collect() };
    assert_eq!(fields("depth"), [json!(1), json!(1), json!(2), json!(3)]);
    assert_eq!(fields("begins"), [json!("Ada"), json!("Noor"), json!("Ada"), json!("Noor")]);
    assert_eq!(fields("state"), [json!("now"), json!("later"), json!("later"), json!("later")]);

    // Apart: both answer the first one in the open, Ada goes on, Noor passes it over and the next one too.
    let first = text(&asked[0], "id");
    let _ = ada.run(&["question", "answer", &first, "My grandmother", "--session", &id]);
    let _ = noor.run(&["question", "answer", &first, "The radio", "--session", &id]);
    assert_eq!(ada.run(&["question", "session", "next", &id])["now"], 2);
    assert_eq!(noor.run(&["question", "session", "next", &id, "--skip"])["now"], 2);
    assert_eq!(noor.run(&["question", "session", "next", &id, "--skip"])["now"], 3);
    // The third one under seal.
    let third = text(&asked[2], "id");
    let sealed = ["question", "answer", &third, "That they would leave", "--session", &id, "--sealed"];
    let round = text(&noor.run(&sealed), "id");
    meet(&[&ada, &noor, &ada]);
    assert_eq!(session(&ada, &id)["questions"][2]["sealed"], "open", "nothing is said of the other");
    let _ = ada.run(&["question", "answer", &third, "The dark", "--session", &id, "--sealed"]);
    meet(&[&ada, &noor, &ada]);
    let (of_ada, of_noor) = (session(&ada, &id), session(&noor, &id));
    assert_eq!(of_ada, of_noor);
    let asked = questions(&of_ada);
    let states: Vec<Value> = asked.iter().map(|asked| asked["state"].clone()).collect();
    assert_eq!(states, [json!("done"), json!("skipped"), json!("now"), json!("later")]);
    assert_eq!((&asked[0]["answers"].as_array().unwrap().len(), &asked[2]["sealed"]), (&2, &json!("revealed")));
    assert_eq!(asked[2]["round"], round.as_str());
    let shown = ada.run(&["sealed-answer", "show", &round]);
    assert_eq!((&shown["yours"], &shown["theirs"]), (&json!(["The dark"]), &json!(["That they would leave"])));

    // Another day, and to the end.
    assert_eq!(noor.run(&["question", "session", "next", &id])["now"], 4);
    let ended = noor.run(&["question", "session", "next", &id]);
    assert_eq!((&ended["now"], &ended["done"]), (&Value::Null, &json!(true)));
    assert_eq!(noor.run(&["question", "session", "next", &id]), ended);
    assert_eq!(noor.run(&["question", "session", "list"]), json!([ended]));
    let refusal = noor.refused(&["question", "answer", "unseen-smile", "x", "--session", &id]);
    assert!(refusal.contains("there is no question"), "{refusal}");
}
