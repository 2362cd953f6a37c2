//! What does an entry say beside its text, and who sees it when? And how is it found again?

use entwine_tests::World;
use entwine_tests::phone::text;
use entwine_tests::world::meet;
use serde_json::json;

#[test]
fn what_each_adds_to_an_entry_apart_is_all_there() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let arguments = ["write", "--title", "The call", "--text", "My father called.", "--feeling", "uneasy"];
    let more = ["--sensation", "tight chest", "--set-off", "the phone", "--with", "Noor", "--place", "our kitchen"];
    let id = text(&ada.run(&[&arguments[..], &more, &["--wish", "just-listen"]].concat()), "id");
    meet(&[&ada, &noor]);
    let seen = noor.run(&["read", &id]);
    assert_eq!((&seen["feelings"], &seen["sensations"]), (&json!(["uneasy"]), &json!(["tight chest"])));
    assert_eq!((&seen["set_off"], &seen["people"]), (&json!("the phone"), &json!(["Noor"])));
    assert_eq!((&seen["place"], &seen["wish"]), (&json!("our kitchen"), &json!("just-listen")));

    let _ = ada.run(&["journal", "set", &id, "--feeling", "uneasy", "--feeling", "angry", "--wish", "ask-me"]);
    let _ = noor.run(&["journal", "set", &id, "--feeling", "uneasy", "--feeling", "close", "--wish", "think-with-me"]);
    meet(&[&ada, &noor, &ada]);
    let seen = ada.run(&["read", &id]);
    assert_eq!(seen, noor.run(&["read", &id]));
    assert_eq!(seen["feelings"], json!(["angry", "close", "uneasy"]));
    let chosen = [text(&seen, "wish"), seen["alternatives"]["wish"][0].as_str().unwrap().to_owned()];
    assert!(chosen.contains(&"ask-me".to_owned()) && chosen.contains(&"think-with-me".to_owned()), "{chosen:?}");

    let refusal = ada.start(&["journal", "set", &id, "--wish", "applause"]).finish().misused();
    assert!(refusal.contains("there are just-listen, ask-me, think-with-me"), "{refusal}");
}

#[test]
fn private_is_private_until_its_writer_shares_it_and_a_passage_is_that_passage() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let draft = ada.write_private("To myself", "I was afraid. I was also angry.");
    meet(&[&ada, &noor]);
    assert!(noor.refused(&["read", &draft]).contains("there is no journal entry"));
    assert!(noor.refused(&["journal", "share", &draft]).contains("there is no journal entry"));

    assert!(ada.refused(&["journal", "share", &draft, "--passage", "I was glad."]).contains("does not contain"));
    let passage = text(&ada.run(&["journal", "share", &draft, "--passage", "I was afraid."]), "id");
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&passage), "I was afraid.");
    for stayed in ["angry", "myself"] {
        assert_eq!(noor.run(&["search", stayed]), json!([]), "the rest stayed where it was, the title too");
    }
    assert_eq!(ada.run(&["read", &draft])["private"], json!(true));

    let whole = text(&ada.run(&["journal", "share", &draft]), "id");
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&whole), "I was afraid. I was also angry.");
    assert_eq!(ada.trash(), [draft.as_str()], "the private one is in the trash");
    assert!(ada.refused(&["journal", "share", &whole]).contains("it is shared already"));
    assert!(ada.refused(&["journal", "share", &draft]).contains("it lies in the trash"));
    assert!(noor.refused(&["journal", "share", &whole]).contains("only who wrote it"));
}

#[test]
fn any_word_is_found_whatever_its_case_and_accents_and_this_day_comes_round() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let year_seconds = 365 * 24 * 3600 + 6 * 3600;
    // Three years of 365.25 days ago is this day, or at night the one before.
    let then = ada.with("ENTWINE_TEST_CLOCK_OFFSET", &format!("-{}", 3 * year_seconds));
    let old = then.write("Café", "We stood at the Straße and laughed.");
    let day = text(&ada.run(&["read", &old]), "written_at")[..10].to_owned();
    let today = ada.write("Today", "Nothing in particular.");
    let year = text(&ada.run(&["read", &today]), "written_at")[..4].to_owned();
    let _ = ada.write_private("Mine", "Laughed alone.");
    meet(&[&ada, &noor]);
    for words in [&["cafe"][..], &["STRASSE", "LAUGHED"], &["strasse", "cafe"]] {
        let found = noor.run(&[&["search"], words].concat());
        assert_eq!(found.as_array().unwrap().len(), 1, "{words:?}: {found}");
        assert_eq!((&found[0]["id"], &found[0]["what"]), (&json!(old), &json!("entry")));
    }
    assert_eq!(ada.run(&["search", "laughed"]).as_array().unwrap().len(), 2);
    assert_eq!(noor.run(&["search", "laughed", "zebra"]), json!([]));
    assert!(ada.refused(&["search", " "]).contains("there is nothing in it"));

    let this_day = format!("{year}{}", day[4..].replace("02-29", "02-28"));
    let listed = noor.run(&["journal", "on-this-day", &this_day]);
    assert_eq!(listed.as_array().unwrap().iter().map(|entry| text(entry, "id")).collect::<Vec<_>>(), [old]);
    assert!(ada.refused(&["journal", "on-this-day", "2026-02-30"]).contains("is no day"));
}
