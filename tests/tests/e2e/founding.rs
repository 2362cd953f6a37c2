//! Is there a way out of whatever cannot be healed? Founding anew, with every word of both and none twice.

use std::collections::BTreeSet;

use entwine_tests::phone::text;
use entwine_tests::world::meet;
use entwine_tests::{Phone, World};

/// Every title on a phone, and that none is there twice.
fn titles_once(phone: &Phone) -> BTreeSet<String> {
    let titles = phone.titles();
    let once: BTreeSet<String> = titles.iter().cloned().collect();
    assert_eq!(titles.len(), once.len(), "{titles:?}");
    once
}

fn set(titles: &[&str]) -> BTreeSet<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

#[test]
fn both_found_anew_with_every_word_of_both_once() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let snow = ada.write("First snow", "We walked.");
    let ritual = ada.begin_ritual("Coffee", "FREQ=DAILY", "08:00");
    let _ = ada.write_private("Ada alone", "mine");
    meet(&[&ada, &noor]);
    // What Noor wrote since is on no relay yet.
    noor.append(&snow, " The ice sang.");
    let _ = noor.write("Not sent yet", "from Noor");
    let _ = noor.write_private("Noor alone", "hers");

    let before = text(&ada.status(), "space");
    let founded = ada.run(&["found-anew"]);
    assert_eq!(founded["archived"], before.as_str());
    let space = text(&founded, "space");
    assert_ne!(space, before);
    assert_eq!(text(&ada.status(), "space"), space);
    assert_eq!(titles_once(&ada), set(&["First snow", "Ada alone"]));

    let link = ada.invite();
    let told = noor.refused(&["join", &link]);
    assert!(told.contains("space"), "{told}");
    let joined = noor.run(&["join", &link, "--bring-copy"]);
    assert_eq!(joined["space"], space.as_str());
    assert_eq!(ada.sync()["in_sync"], true);
    meet(&[&noor, &ada]);
    assert_eq!(titles_once(&ada), set(&["First snow", "Not sent yet", "Ada alone"]));
    assert_eq!(titles_once(&noor), set(&["First snow", "Not sent yet", "Noor alone"]));
    assert_eq!(ada.read(&snow), "We walked. The ice sang.");
    assert_eq!(noor.read(&snow), "We walked. The ice sang.");
    assert_eq!(ada.rituals().len(), 1);
    assert_eq!(noor.ritual(&ritual)["name"], "Coffee");
    assert_eq!(ada.run(&["safety-words"]), noor.run(&["safety-words"]));

    noor.append(&snow, " And again.");
    meet(&[&noor, &ada]);
    assert_eq!(ada.read(&snow), "We walked. The ice sang. And again.");
}

#[test]
fn who_left_founds_anew_alone_with_the_copy_and_the_other_goes_on() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let shared = ada.write("Ours", "Until here.");
    meet(&[&ada, &noor]);
    let _ = ada.run(&["leave"]);
    let _ = ada.run(&["found-anew", "--token", relay.token()]);
    assert_eq!(ada.read(&shared), "Until here.");
    ada.append(&shared, " Ada goes on.");
    assert_eq!(ada.sync()["in_sync"], true);
    let _ = noor.write("Noor goes on", "too");
    assert_eq!(noor.sync()["in_sync"], true);
    assert_eq!(noor.read(&shared), "Until here.");
    assert_eq!(titles_once(&ada), set(&["Ours"]));
}

#[test]
fn who_lost_every_phone_and_has_no_phrase_is_let_into_a_space_founded_anew() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let shared = noor.write("Ours", "Noor wrote this on the phone that is lost.");
    meet(&[&noor, &ada]);
    drop(noor);
    let told = ada.refused(&["invite"]);
    assert!(told.contains("both its persons"), "{told}");
    let _ = ada.run(&["found-anew"]);
    let noor = Phone::init_as(&world, "noors-next", "Noor");
    let _ = noor.run(&["join", &ada.invite()]);
    assert_eq!(noor.read(&shared), "Noor wrote this on the phone that is lost.");
    noor.append(&shared, " And this on the next.");
    meet(&[&noor, &ada]);
    assert_eq!(ada.read(&shared), "Noor wrote this on the phone that is lost. And this on the next.");
}

#[test]
fn another_own_phone_stops_writing_there_and_brings_its_copy() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let tablet = Phone::init_as(&world, "tablet", "Ada");
    let link = text(&ada.run(&["invite", "--device"]), "link");
    let _ = tablet.run(&["join", &link]);
    let _ = tablet.write("On the tablet", "not sent");
    let _ = ada.run(&["found-anew"]);
    assert_eq!(tablet.sync_stops(), "left");
    let told = tablet.refused(&["write", "--title", "More", "--text", "there"]);
    assert!(told.contains("left"), "{told}");
    let link = text(&ada.run(&["invite", "--device"]), "link");
    let _ = tablet.run(&["join", &link, "--bring-copy"]);
    meet(&[&tablet, &ada]);
    assert_eq!(titles_once(&ada), set(&["On the tablet"]));
    assert_eq!(titles_once(&tablet), set(&["On the tablet"]));
}
