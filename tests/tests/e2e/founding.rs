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

#[test]
fn both_found_anew_apart_and_one_joins_the_other_with_every_word_once() {
    let world = World::new();
    let relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let (ada, noor) = world.couple_by(&relay.url(), "none is needed");
    let snow = ada.write("First snow", "We walked.");
    meet(&[&ada, &noor]);
    noor.append(&snow, " The ice sang.");
    let _ = (noor.write("From Noor", "Not sent yet."), noor.write_private("Noor alone", "Hers."));
    // Neither waits for the other.
    let _ = (ada.run(&["found-anew"]), noor.run(&["found-anew"]));
    ada.append(&snow, " And again.");
    let _ = noor.write("On her own", "In the space that she founded.");
    let _ = noor.write_private("Noor alone, later", "Hers, too.");
    meet(&[&ada, &noor]);
    let _ = noor.run(&["join", &ada.invite(), "--bring-copy"]);
    meet(&[&noor, &ada, &noor]);
    assert_eq!(titles_once(&ada), set(&["First snow", "From Noor", "On her own"]));
    let private = set(&["Noor alone", "Noor alone, later"]);
    assert_eq!(titles_once(&noor), titles_once(&ada).union(&private).cloned().collect());
    let text = ada.read(&snow);
    for words in ["We walked.", " The ice sang.", " And again."] {
        assert_eq!(text.matches(words).count(), 1, "{text}");
    }
    assert_eq!(ada.shared(), noor.shared());
}

#[test]
fn who_founds_anew_while_no_relay_answers_goes_on_with_the_same_space_when_one_does() {
    let world = World::new();
    let mut relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let (ada, noor) = world.couple_by(&relay.url(), "none is needed");
    let snow = ada.write("First snow", "We walked.");
    meet(&[&ada, &noor]);
    let before = text(&ada.status(), "space");
    relay.stop();
    for by_sync in [false, true] {
        let backup = ada.backup();
        let told = ada.refused(&["found-anew"]);
        assert!(told.contains("offline") || told.contains("relay"), "{told}");
        let space = text(&ada.status(), "space");
        assert_ne!(space, before);
        ada.append(&snow, " Written meanwhile.");
        relay.start_again();
        if by_sync {
            let _ = ada.sync();
        } else {
            assert_eq!(ada.run(&["found-anew"])["archived"], before.as_str());
        }
        assert_eq!(text(&ada.status(), "space"), space, "no third one");
        let joiner = noor.copied_as(&format!("Noor-{by_sync}"));
        let _ = joiner.run(&["join", &ada.invite(), "--bring-copy"]);
        meet(&[&joiner, &ada]);
        assert_eq!(joiner.read(&snow), "We walked. Written meanwhile.");
        assert_eq!(ada.shared(), joiner.shared());
        relay.stop();
        ada.restore(&backup);
    }
}

#[test]
fn where_both_left_each_founds_anew_and_they_may_meet_again() {
    let world = World::new();
    let relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let (ada, noor) = world.couple_by(&relay.url(), "none is needed");
    let ours = ada.write("Ours", "Until here.");
    let alone = noor.write_private("Noor alone", "Hers.");
    meet(&[&ada, &noor]);
    let _ = (ada.run(&["leave"]), noor.run(&["leave"]));
    for phone in [&ada, &noor] {
        assert_eq!(phone.sync_stops(), "left");
        assert_eq!(phone.read(&ours), "Until here.");
    }
    let _ = (ada.run(&["found-anew"]), noor.run(&["found-anew"]));
    let _ = (ada.write("Ada's", "By herself."), noor.write("Noor's", "By herself."));
    meet(&[&ada, &noor]);
    assert_eq!(titles_once(&ada), set(&["Ours", "Ada's"]));
    assert_eq!(titles_once(&noor), set(&["Ours", "Noor's", "Noor alone"]));

    let _ = noor.run(&["join", &ada.invite(), "--bring-copy"]);
    meet(&[&noor, &ada]);
    assert_eq!(titles_once(&ada), set(&["Ours", "Ada's", "Noor's"]));
    assert_eq!(noor.read(&alone), "Hers.");
    assert_eq!(ada.shared(), noor.shared());
}

#[test]
fn a_phone_set_back_to_before_a_founding_says_so_and_brings_what_it_wrote_meanwhile() {
    for has_another_phone in [false, true] {
        let world = World::new();
        let relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
        let (ada, noor) = world.couple_by(&relay.url(), "none is needed");
        let snow = ada.write("First snow", "We walked.");
        meet(&[&ada, &noor]);
        let backup = ada.backup();
        let _ = ada.run(&["found-anew"]);
        let _ = noor.run(&["join", &ada.invite(), "--bring-copy"]);
        let second = ada.next_phone("Ada-second");
        ada.append(&snow, " In the new space.");
        meet(&[&ada, &noor, &second]);

        ada.restore(&backup);
        ada.append(&snow, " After the restore.");
        assert_eq!(ada.sync_stops(), "left", "nobody reads on in the space before");
        assert!(text(&ada.status(), "remedy").contains("found-anew"));
        let _ = ada.refused(&["write", "--title", "More", "--text", "Where nobody reads it."]);
        if has_another_phone {
            // Its keys are in the new space already.
            let _ = ada.run(&["join", &second.invite_device(), "--bring-copy"]);
        } else {
            let _ = ada.run(&["found-anew"]);
            let _ = noor.run(&["join", &ada.invite(), "--bring-copy"]);
        }
        meet(&[&ada, &noor, &ada]);
        let text = noor.read(&snow);
        for words in ["We walked.", " In the new space.", " After the restore."] {
            assert_eq!(text.matches(words).count(), 1, "{text}");
        }
        assert_eq!(ada.shared(), noor.shared());
    }
}
