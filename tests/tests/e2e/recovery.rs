//! What if every phone is lost? 24 words and the relay's address bring everything back; and nothing else does.

use entwine_tests::world::meet;
use entwine_tests::{Phone, World, database, search};

use crate::terminal::{give_back, words_shown};

/// A phrase that BIP-39 knows, of 32 bytes of zero, and nobody has.
const NOBODYS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                       abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";

#[test]
fn who_lost_every_phone_comes_back_by_words_and_address_alone_with_the_whole_history() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let before = (ada.write("Before", "Before the words."), ada.write_private("Alone", "Mine, before."));
    let second = ada.next_phone("Ada-second");
    let words = ada.phrase();
    let after = (noor.write("After", "After the words."), second.write_private("Alone too", "Mine, after."));
    meet(&[&noor, &second, &ada]);
    let lost = [ada.keyholder(), second.keyholder()];
    // Both of Ada's phones are at the bottom of the lake from here on.

    let back = Phone::init_as(&world, "Ada-back", "Ada");
    let came = back.recover(&relay.url(), &words.to_uppercase().replace(' ', "\n")).done();
    assert_eq!(came["spaces"].as_array().unwrap().len(), 2);
    assert_eq!(came["spaces"][0], noor.status()["space"]);
    assert_eq!((back.read(&before.0), back.read(&before.1)), ("Before the words.".into(), "Mine, before.".into()));
    assert_eq!((back.read(&after.0), back.read(&after.1)), ("After the words.".into(), "Mine, after.".into()));
    for id in &lost {
        let _ = back.run(&["remove-device", id]);
    }
    let new = (back.write("Back", "I am here again."), back.write_private("Wet", "That was cold."));
    meet(&[&back, &noor]);
    assert_eq!(noor.run(&["read", &new.0])["author"], "Ada");
    assert_eq!(noor.shared(), back.shared());
    assert_eq!(ada.sync_stops(), "removed");

    // The same words bring the next phone back, too.
    let next = Phone::init_as(&world, "Ada-next", "Ada");
    let _ = next.recover(&relay.url(), &words).done();
    assert_eq!(next.read(&new.1), "That was cold.");
    assert_eq!(next.sync()["in_sync"], true);
}

#[test]
fn own_phones_are_told_of_a_phrase_and_of_who_came_back_by_it() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let second = ada.next_phone("Ada-second");
    let _ = ada.sync();
    let words = ada.phrase();
    let told = second.start(&["sync"]).finish().stderr;
    assert!(told.contains("phrase"), "{told}");
    assert_eq!(ada.start(&["sync"]).finish().stderr, "", "who made it knows of it");
    let thief = Phone::init_as(&world, "Ada-thief", "Ada");
    let _ = thief.recover(&relay.url(), &words).done();
    for phone in [&ada, &second] {
        let told = phone.start(&["sync"]).finish().stderr;
        assert!(told.contains(&thief.keyholder()) && told.contains("remove-device"), "{told}");
    }
    assert_eq!(noor.start(&["sync"]).finish().stderr, "");
    // Thrown out, with the words that it came by.
    let phrase = ada.devices().into_iter().find(|device| device["kind"] == "phrase").unwrap();
    let _ = ada.run(&["remove-device", &thief.keyholder()]);
    let _ = ada.run(&["remove-device", phrase["keyholder"].as_str().unwrap()]);
    assert_eq!(thief.sync_stops(), "removed");
    let told = Phone::init(&world, "Eve").recover(&relay.url(), &words).refused();
    assert!(told.contains("no space"), "{told}");
}

#[test]
fn a_replaced_phrase_opens_nothing_any_more() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let (old, new) = (ada.phrase(), ada.phrase());
    assert_ne!(old, new);
    let _ = ada.sync();
    let phrases = ada.devices().into_iter().filter(|device| device["kind"] == "phrase").count();
    assert_eq!(phrases, 1);
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    let told = back.recover(&relay.url(), &old).refused();
    assert!(told.contains("no space"), "{told}");
    assert_eq!(back.status()["reason"], "no_space");
    assert_eq!(back.recover(&relay.url(), &new).done()["spaces"].as_array().unwrap().len(), 2);
}

#[test]
fn words_that_another_phone_has_replaced_meanwhile_are_not_shown_as_good_and_end_no_other() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let second = ada.next_phone("Ada-second");
    // The first phone shows words, and dies before they are confirmed; the second one makes others.
    ada.with("ENTWINE_TEST_FAULT", "phrase:after-removal").start(&["phrase"]).finish().killed();
    let good = second.phrase();
    let _ = Phone::init_as(&world, "Ada-one", "Ada").recover(&relay.url(), &good).done();

    // Asked again, the first phone makes words that are good from now on, instead of those.
    let newest = ada.phrase();
    assert_ne!(newest, good);
    let told = Phone::init_as(&world, "Ada-two", "Ada").recover(&relay.url(), &good).refused();
    assert!(told.contains("no space"), "{told}");
    let back = Phone::init_as(&world, "Ada-three", "Ada");
    assert_eq!(back.recover(&relay.url(), &newest).done()["spaces"].as_array().unwrap().len(), 2);
    let phrases = back.devices().into_iter().filter(|device| device["kind"] == "phrase").count();
    assert_eq!(phrases, 1);
}

#[test]
fn words_that_are_replaced_while_somebody_writes_them_down_are_not_confirmed() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let second = ada.next_phone("Ada-second");
    let mut terminal = ada.on_a_terminal(&["phrase"]);
    let words = words_shown(&mut terminal);
    let good = second.phrase();
    let (status, after) = give_back(terminal, &words);
    assert_eq!(status.code(), Some(1), "{after}");
    assert!(after.contains("another device"), "{after}");
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    assert_eq!(back.recover(&relay.url(), &good).done()["spaces"].as_array().unwrap().len(), 2);
}

#[test]
fn wrong_words_and_a_relay_without_the_space_say_so_and_change_nothing() {
    let world = World::new();
    let (relay, other) = (world.relay(), world.relay());
    let (ada, _noor) = world.couple(&relay);
    let entry = ada.write("Entry", "Still here.");
    let words = ada.phrase();
    let _ = ada.sync();
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    let before = (relay.everything(), other.everything());
    let short = words.rsplit_once(' ').unwrap().0;
    for wrong in [short, "", "hello", &words.replacen(' ', " zoo ", 1)] {
        let told = back.recover(&relay.url(), wrong).refused();
        assert!(told.contains("24 words"), "{told}");
    }
    for (url, words) in [(relay.url(), NOBODYS), (other.url(), &words)] {
        let told = back.recover(&url, words).refused();
        assert!(told.contains("no space"), "{told}");
    }
    assert_eq!((relay.everything(), other.everything()), before);
    let told = ada.recover(&relay.url(), &words).refused();
    assert!(told.contains("has a space already"), "{told}");
    let _ = back.recover(&relay.url(), &words).done();
    assert_eq!(back.read(&entry), "Still here.");
}

#[test]
fn after_a_relay_lost_all_the_partner_gives_back_what_is_shared() {
    let world = World::new();
    let mut relay = world.relay_with(&[("ENTWINE_REGISTRATION_TOKEN", "for our street only")]);
    let (ada, noor) = world.couple(&relay);
    let shared = ada.write("Shared", "Noor has this.");
    let _ = ada.write_private("Alone", "Nobody has this any more.");
    let words = ada.phrase();
    meet(&[&ada, &noor]);
    relay.stop();
    relay.wipe();
    relay.start_again();
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    let told = back.recover(&relay.url(), &words).refused();
    assert!(told.contains("no space"), "{told}");
    let _ = noor.sync();
    assert_eq!(back.recover(&relay.url(), &words).done()["spaces"].as_array().unwrap().len(), 2);
    assert_eq!(back.read(&shared), "Noor has this.");
    let new = back.write_private("Alone again", "A new beginning.");
    meet(&[&back, &noor]);
    let second = back.next_phone("Ada-second");
    assert_eq!(second.read(&new), "A new beginning.");
    let shown = back.start_as_it_is(&["status"]).finish().stdout;
    assert!(shown.contains("No recovery phrase"), "the new private space is not covered yet: {shown}");
}

#[test]
fn a_relay_that_names_a_space_for_which_a_phrase_never_signed_brings_nobody_into_it() {
    let world = World::new();
    let mut relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let (ada, _noor) = world.couple_by(&relay.url(), "none is needed");
    let entry = ada.write("Ours", "Of the two of us.");
    let words = ada.phrase();
    let _ = ada.sync();
    let eve = Phone::init(&world, "Eve");
    let eves = eve.run(&["create", "--relay", &relay.url()])["space"].as_str().unwrap().to_owned();
    let _ = eve.sync();
    // Whoever runs the relay knows the phrase's public keys, and says that it belongs in there, too.
    relay.stop();
    let columns = "keyholder, space_kind, kind, person, signing_key, hpke_key, 0, removed_at";
    let shared = ada.status()["space"].as_str().unwrap().to_owned();
    database::change(
        &relay.database(),
        &format!(
            "INSERT INTO keyholder (space, keyholder, space_kind, kind, person, signing_key, hpke_key, added_at, removed_at)
             SELECT x'{eves}', {columns} FROM keyholder WHERE kind = 3 AND space = x'{shared}'"
        ),
    );
    relay.start_again();
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    let came = back.recover(&relay.url(), &words).done();
    let spaces = came["spaces"].as_array().unwrap();
    assert!(spaces.len() == 2 && spaces.iter().all(|space| space.as_str() != Some(&eves)), "{came}");
    assert_eq!(back.read(&entry), "Of the two of us.");
    assert_eq!(eve.start(&["sync"]).finish().stderr, "", "nobody came to Eve");
    assert_eq!(eve.devices().len(), 1);
}

#[test]
fn words_are_shown_to_eyes_alone_and_stand_in_no_file() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let told = ada.start_as_it_is(&["phrase"]).finish().refused();
    assert!(told.contains("terminal") && told.contains("--json"), "{told}");
    assert_eq!(ada.devices().len(), 2, "nothing was made");
    let shown = ada.start_as_it_is(&["status"]).finish().stdout;
    assert!(shown.contains("No recovery phrase"), "{shown}");
    ada.with("ENTWINE_TEST_FAULT", "phrase:after-removal").start(&["phrase"]).finish().killed();
    let shown = ada.start_as_it_is(&["status"]).finish().stdout;
    assert!(shown.contains("No recovery phrase"), "what nobody confirmed covers nothing: {shown}");
    let words = ada.phrase();
    let shown = ada.start_as_it_is(&["status"]).finish().stdout;
    assert!(!shown.contains("No recovery phrase"), "{shown}");
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    let _ = back.recover(&relay.url(), &words).done();
    let mut files = search::files_in(relay.data());
    files.extend(search::files_in(ada.profile()));
    files.extend(search::files_in(back.profile()));
    files.extend(world.logs());
    let neighbours: Vec<String> =
        words.split(' ').zip(words.split(' ').skip(1)).map(|(a, b)| format!("{a} {b}")).collect();
    let neighbours: Vec<&str> = neighbours.iter().map(String::as_str).collect();
    assert!(search::found(&files, &neighbours).is_empty());
}
