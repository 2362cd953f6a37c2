//! What are we grateful to each other for? What both wrote apart is all there, and only its writer takes it back.

use entwine_tests::World;
use entwine_tests::phone::text;
use entwine_tests::world::meet;

#[test]
fn what_both_were_grateful_for_apart_is_all_there() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let written = ada.run(&["gratitude", "add", "soup", "that you asked twice", "patience", "--about", "act"]);
    assert_eq!(written["ids"].as_array().unwrap().len(), 3);
    let _ = noor.run(&["gratitude", "add", "that you called your mother", "--about", "effort"]);
    meet(&[&ada, &noor, &ada]);

    let listed = ada.run(&["gratitude", "list"]);
    assert_eq!(listed, noor.run(&["gratitude", "list"]));
    let texts: Vec<String> = listed.as_array().unwrap().iter().map(|one| text(one, "text")).collect();
    for words in ["soup", "that you asked twice", "patience", "that you called your mother"] {
        assert_eq!(texts.iter().filter(|text| *text == words).count(), 1, "{texts:?}");
    }

    let hers = text(&ada.run(&["search", "SOUP"])[0], "id");
    assert!(noor.refused(&["gratitude", "delete", &hers]).contains("only who wrote it"), "Ada wrote it");
    let _ = ada.run(&["gratitude", "delete", &hers]);
    meet(&[&ada, &noor]);
    assert_eq!(noor.run(&["gratitude", "list"]).as_array().unwrap().len(), 3);
    assert_eq!(noor.run(&["search", "soup"]).as_array().unwrap().len(), 0, "what lies in the trash is not found");
    let _ = ada.run(&["gratitude", "restore", &hers]);
    assert_eq!(text(&ada.run(&["gratitude", "show", &hers]), "about"), "act");
}

#[test]
fn what_is_not_taken_changes_nothing() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _) = world.couple(&relay);
    let long = "a".repeat(5_000);
    for (arguments, words) in [
        (&["gratitude", "add", "a", "b", "c", "d"][..], "more than 3"),
        (&["gratitude", "add", "a", " "], "there is nothing in it"),
        (&["gratitude", "add", &long], "longer than 4096 bytes"),
        (&["gratitude", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"], "there is no gratitude"),
        (&["gratitude", "delete", "nothing at all"], "there is no gratitude"),
    ] {
        let refusal = ada.refused(arguments);
        assert!(refusal.contains(words), "{refusal}");
    }
    assert_eq!(ada.run(&["gratitude", "list"]), serde_json::json!([]));
}
