//! What becomes of words that two people write apart? They meet, and none is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use entwine_tests::world::meet;
use entwine_tests::{Phone, Relay, World, program};

#[test]
fn entries_written_on_both_sides_without_a_relay_are_on_both_sides_once_there_is_one() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    relay.stop();
    for number in 1..=3 {
        let _ = ada.write(&format!("Ada's {number}"), "Written on the train.");
        let _ = noor.write(&format!("Noor's {number}"), "Written in the garden.");
    }
    assert_eq!(ada.titles(), ["Ada's 3", "Ada's 2", "Ada's 1"]);
    assert_eq!(ada.status()["reason"], "not_sent");
    relay.start_again();
    meet(&[&ada, &noor, &ada]);
    let mut titles = ada.titles();
    assert_eq!(titles, noor.titles());
    titles.sort();
    assert_eq!(titles, ["Ada's 1", "Ada's 2", "Ada's 3", "Noor's 1", "Noor's 2", "Noor's 3"]);
    assert_eq!(ada.shared(), noor.shared());
}

#[test]
fn weeks_without_a_relay_become_a_few_entries_and_an_exchange_with_nothing_new_adds_none() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entries = |relay: &Relay| relay.holdings().iter().filter(|held| held.starts_with("entry")).count();
    let before = entries(&relay);
    relay.stop();
    let entry = ada.write("Travelling", "Day 0.");
    for day in 1..=20 {
        ada.append(&entry, &format!(" Day {day}."));
    }
    let waiting = ada.status()["waiting_up"].as_u64().unwrap();
    assert_eq!(waiting, 21, "each change waits");
    relay.start_again();
    meet(&[&ada, &noor]);
    let after = entries(&relay);
    assert!(after - before <= 2, "{} entries for one document", after - before);
    assert!(noor.read(&entry).ends_with("Day 19. Day 20."));

    meet(&[&ada, &noor]);
    let held = relay.everything();
    meet(&[&ada, &noor, &ada, &noor]);
    assert_eq!(relay.everything(), held);
}

#[test]
fn words_of_any_kind_come_back_exactly_as_they_were_written() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = (Phone::init_as(&world, "Ada", "Ada 🌙 \u{202e}Ωmega"), Phone::init(&world, "Noor"));
    entwine_tests::world::pair(&ada, &noor, &relay.url(), relay.token());
    let long = "Väinämöinen 🎻 ".repeat(2_000);
    let texts = [
        "",
        "-- --text -x",
        "line one\nline two\r\n\ttab\n\n",
        "\u{1b}[31mred\u{1b}[0m \u{7} \u{200d}\u{feff}",
        "e\u{301} is é, and 👩🏽‍🚀 is one sign",
        "{\"json\": [null]} \\ \" ' ` $(true) %s",
        "مرحبا بالعالم — שלום",
        &long,
    ];
    let mut written = Vec::new();
    for text in texts {
        written.push((ada.write(title(text), text), text));
    }
    meet(&[&ada, &noor]);
    for (id, text) in written {
        let entry = noor.run(&["read", &id]);
        assert_eq!(entry["text"], text);
        assert_eq!(entry["title"], title(text));
        assert_eq!(entry["author"], "Ada 🌙 \u{202e}Ωmega");
        let shown = noor.start_as_it_is(&["read", &id]).finish().stdout;
        assert!(
            !shown.contains('\u{1b}') && !shown.contains('\u{7}'),
            "a partner's words steer no terminal: {shown:?}"
        );
    }
}

fn title(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.get(..14).unwrap_or(line)
}

#[test]
fn one_paragraph_written_by_both_at_once_holds_the_words_of_both() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("The lake", "The lake was still, and the day long.");
    meet(&[&ada, &noor]);
    ada.replace(&entry, "still", "still and wide 🌊");
    noor.replace(&entry, "The lake", "Our lake");
    meet(&[&ada, &noor, &ada]);
    for phone in [&ada, &noor] {
        assert_eq!(phone.read(&entry), "Our lake was still and wide 🌊, and the day long.");
    }

    ada.append(&entry, " We stayed.");
    noor.append(&entry, " We swam.");
    noor.replace(&entry, "long", "so long");
    meet(&[&ada, &noor, &ada]);
    let text = ada.read(&entry);
    assert_eq!(text, noor.read(&entry));
    let rest =
        text.strip_prefix("Our lake was still and wide 🌊, and the day so long.").unwrap_or_else(|| panic!("{text}"));
    assert!([" We stayed. We swam.", " We swam. We stayed."].contains(&rest), "{text}");
}

#[test]
fn an_edit_that_the_one_who_deletes_had_not_seen_brings_the_entry_back() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("Quarrel", "You forgot.");
    meet(&[&ada, &noor]);
    assert_eq!(ada.run(&["delete", &entry])["id"], entry.as_str());
    noor.append(&entry, " I am sorry.");
    meet(&[&ada, &noor, &ada]);
    for phone in [&ada, &noor] {
        assert_eq!(phone.titles(), ["Quarrel"]);
        assert_eq!(phone.read(&entry), "You forgot. I am sorry.");
        assert!(phone.trash().is_empty());
    }
}

#[test]
fn what_was_deleted_lies_in_the_trash_of_both_until_either_takes_it_out() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let kept = ada.write("Kept", "Stays.");
    let entry = ada.write("Draft", "To be thrown away.");
    meet(&[&ada, &noor]);
    let _ = noor.run(&["delete", &entry]);
    meet(&[&noor, &ada]);
    for phone in [&ada, &noor] {
        assert_eq!(phone.titles(), ["Kept"]);
        assert_eq!(phone.trash(), [entry.as_str()]);
    }
    assert_eq!(ada.run(&["restore", &entry])["id"], entry.as_str());
    meet(&[&ada, &noor]);
    for phone in [&ada, &noor] {
        assert_eq!(phone.titles(), ["Draft", "Kept"]);
        assert!(phone.trash().is_empty());
        assert_eq!(phone.read(&entry), "To be thrown away.");
        assert_eq!(phone.read(&kept), "Stays.");
    }
}

#[test]
fn what_is_private_stays_on_the_phone_of_the_one_who_wrote_it() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let private = ada.write_private("To myself", "Breathe.");
    let shared = ada.write("To us", "Good morning.");
    let hers = noor.write_private("Mine", "I need a day alone.");
    meet(&[&ada, &noor, &ada]);
    assert_eq!(noor.titles(), ["Mine", "To us"]);
    assert_eq!(ada.titles(), ["To us", "To myself"]);
    assert!(noor.refused(&["read", &private]).contains(&private));
    assert!(ada.refused(&["read", &hers]).contains(&hers));
    assert_eq!(ada.run(&["read", &private])["private"], true);
    assert_eq!(ada.run(&["read", &shared])["private"], false);
    assert_eq!(ada.run(&["read", &private])["author"], "Ada");

    ada.append(&private, " Slowly.");
    meet(&[&ada, &noor]);
    assert_eq!(ada.read(&private), "Breathe. Slowly.");
    assert_eq!(noor.titles(), ["Mine", "To us"]);
}

#[test]
fn what_noor_wrote_while_adas_editor_was_open_stays_beside_what_ada_saved() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("Plans", "In spring we go to the sea. In autumn we rest.");
    meet(&[&ada, &noor]);
    noor.replace(&entry, "the sea", "the cold sea 👩‍👩‍👧");
    noor.append(&entry, " Noor agrees.");
    let _ = noor.sync();

    let editing = with_editor(&world, &ada, "sed -i 's/In autumn we rest/In autumn we paint/' \"$1\"");
    assert_eq!(editing.run(&["edit", &entry])["id"], entry.as_str());
    let both = "In spring we go to the cold sea 👩‍👩‍👧. In autumn we paint. Noor agrees.";
    assert_eq!(ada.read(&entry), both);
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&entry), both);
    let left: Vec<_> = fs::read_dir(ada.profile()).unwrap().map(|item| item.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("edit")), "a draft was left behind: {left:?}");
}

#[test]
fn an_editor_that_fails_or_saves_nothing_new_changes_nothing() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let entry = ada.write("Plans", "We go to the sea.");
    let told = with_editor(&world, &ada, "echo nothing > \"$1\"; exit 3").refused(&["edit", &entry]);
    assert!(told.contains("nothing was changed"), "{told}");
    let _ = with_editor(&world, &ada, ":").run(&["edit", &entry]);
    assert_eq!(ada.read(&entry), "We go to the sea.");
    let told = ada.refused(&["edit", &entry]);
    assert!(told.contains("EDITOR"), "no editor is set: {told}");
}

/// The same phone with an editor that exchanges with the relay while it is open, and then runs a line of shell on the file.
fn with_editor(world: &World, phone: &Phone, line: &str) -> Phone {
    let script = world.folder().join("editor");
    let (entwine, profile) = (program::path_of("entwine"), phone.profile());
    let lines =
        format!("#!/bin/sh\n'{}' --profile '{}' sync || exit 9\n{line}\n", entwine.display(), profile.display());
    fs::write(&script, lines).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    phone.with("EDITOR", script.to_str().unwrap())
}
