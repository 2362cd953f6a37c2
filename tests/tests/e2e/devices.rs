//! What does a person get on a second phone? Everything, by a link that works once and in time, and is never half taken up.

use entwine_tests::phone::text;
use entwine_tests::world::meet;
use entwine_tests::{Phone, Relay, World};
use serde_json::{Value, json};

/// A link for a device stays open for ten minutes: this many seconds are beyond that.
const LATER: &str = "700";

#[test]
fn a_second_phone_gets_all_that_is_shared_and_private_also_from_before() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let shared = noor.write("Before", "Noor wrote this long ago.");
    let private = ada.write_private("Alone", "For nobody else.");
    let ritual = ada.begin_ritual("Walk", "FREQ=WEEKLY", "10:00");
    meet(&[&noor, &ada]);

    let invited = ada.run(&["invite", "--device"]);
    assert_eq!(invited["kind"], "device");
    let second = Phone::init_as(&world, "Ada-second", "Ada");
    let joined = second.run(&["join", &text(&invited, "link"), "--expect", "device"]);
    assert_eq!((&joined["kind"], &joined["space"]), (&json!("device"), &ada.status()["space"]));
    assert_eq!(second.read(&shared), "Noor wrote this long ago.");
    assert_eq!(second.read(&private), "For nobody else.");
    assert_eq!(second.ritual(&ritual), ada.ritual(&ritual));

    let hers = second.write("From the second", "Typed on the other phone.");
    let alone = second.write_private("From the second too", "Still mine alone.");
    meet(&[&second, &ada, &noor]);
    assert_eq!(ada.read(&alone), "Still mine alone.");
    assert_eq!(noor.run(&["read", &hers])["author"], "Ada");
    assert_eq!(noor.run(&["safety-words"]), second.run(&["safety-words"]));
    assert_eq!(noor.titles().len(), 2);
    they_list_each_other(&ada, &second, &noor);
}

fn they_list_each_other(ada: &Phone, second: &Phone, noor: &Phone) {
    let own = |phone: &Phone, this: bool| json!({ "keyholder": phone.keyholder(), "kind": "device", "person": "own", "this": this });
    let partners =
        |phone: &Phone| json!({ "keyholder": phone.keyholder(), "kind": null, "person": "partner", "this": null });
    assert_eq!(ada.devices(), [own(ada, true), own(second, false), partners(noor)]);
    assert_eq!(second.devices(), [own(second, true), own(ada, false), partners(noor)]);
    let mut seen = noor.devices();
    seen.sort_by_key(ToString::to_string);
    let mut expected = vec![own(noor, true), partners(ada), partners(second)];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(seen, expected);
}

#[test]
fn every_own_phone_is_told_once_of_a_new_one_with_the_words_that_it_shows() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let second = ada.next_phone("Ada-second");
    let _ = ada.sync();
    let third = Phone::init_as(&world, "Ada-third", "Ada");
    let joined = third.run(&["join", &second.invite_device()]);
    let words: Vec<&str> = joined["safety_words"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for phone in [&ada, &second] {
        let told = phone.start(&["sync"]).finish().stderr;
        assert!(told.contains(&words.join("  ")) && told.contains(&third.keyholder()), "{told}");
        assert_eq!(phone.start(&["sync"]).finish().stderr, "");
    }
    for phone in [&third, &noor] {
        assert_eq!(phone.start(&["sync"]).finish().stderr, "");
    }
}

#[test]
fn three_phones_of_one_person_write_apart_and_meet() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let (second, third) = (ada.next_phone("Ada-second"), ada.next_phone("Ada-third"));
    let entry = ada.write("Packing list", "Tent.");
    let private = ada.write_private("Alone", "One.");
    meet(&[&ada, &second, &third, &noor]);
    relay.stop();
    for (phone, words) in [(&ada, " Stove."), (&second, " Map."), (&third, " Rope."), (&noor, " Tea.")] {
        phone.append(&entry, words);
        let _ = phone.write(words, "Written apart.");
    }
    for (phone, words) in [(&ada, " Two."), (&second, " Three."), (&third, " Four.")] {
        phone.append(&private, words);
    }
    relay.start_again();
    meet(&[&ada, &second, &third, &noor, &ada, &second, &third]);
    for phone in [&second, &third, &noor] {
        assert_eq!(phone.shared(), ada.shared());
    }
    let text = ada.read(&entry);
    assert!([" Stove.", " Map.", " Rope.", " Tea."].iter().all(|words| text.contains(words)), "{text}");
    assert_eq!(second.read(&private), ada.read(&private));
    assert_eq!(third.read(&private).len(), "One. Two. Three. Four.".len());
    assert_eq!(relay.branched_feeds().len(), 0);
}

#[test]
fn a_link_for_a_phone_works_once_in_time_and_for_who_expects_it() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let eve = Phone::init(&world, "Eve");

    let link = ada.invite_device();
    let before = relay.everything();
    let told = eve.refused(&["join", &link, "--expect", "partner"]);
    assert!(told.contains("partner") && told.contains("device"), "{told}");
    assert_eq!(relay.everything(), before);

    let second = Phone::init_as(&world, "Ada-second", "Ada");
    let _ = second.run(&["join", &link]);
    let told = eve.refused(&["join", &link]);
    assert!(told.contains("used"), "{told}");

    let link = ada.invite_device();
    let open = ada.run(&["invitations"]);
    assert_eq!(open[0]["kind"], "device");
    let _ = ada.run(&["revoke", &text(&open[0], "id")]);
    let told = eve.refused(&["join", &link]);
    assert!(told.contains("ended"), "{told}");

    let link = ada.invite_device();
    relay.stop();
    relay.set("ENTWINE_TEST_CLOCK_OFFSET", LATER);
    relay.start_again();
    let told = eve.refused(&["join", &link]);
    assert!(told.contains("expired"), "{told}");
    assert_eq!(eve.status()["reason"], "no_space");
    meet(&[&ada, &second]);
    assert_eq!(ada.run(&["invitations"]), json!([]));
    assert_eq!(ada.devices().len(), 3, "nothing is left of the links in either space");
}

#[test]
fn a_link_that_was_taken_up_in_time_for_the_one_space_may_come_late_to_the_other() {
    for others_sync in [false, true] {
        let world = World::new();
        let mut relay = world.relay();
        let (ada, noor) = world.couple(&relay);
        let link = ada.invite_device();
        let second = Phone::init_as(&world, "Ada-second", "Ada");
        second.with("ENTWINE_TEST_FAULT", "join:after-space").start(&["join", &link]).finish().killed();
        hours_pass(&mut relay);
        if others_sync {
            meet(&[&noor, &ada]);
        }
        let _ = second.run(&["join", &link]);
        it_is_one_of_hers(&ada, &second, &noor);
    }
}

fn hours_pass(relay: &mut Relay) {
    relay.stop();
    relay.set("ENTWINE_TEST_CLOCK_OFFSET", LATER);
    relay.start_again();
}

/// The phone reads and writes what Ada's first one does, in both spaces.
fn it_is_one_of_hers(ada: &Phone, second: &Phone, noor: &Phone) {
    let (shared, private) = (ada.write("Here", "For all."), ada.write_private("Here too", "For me."));
    meet(&[ada, second]);
    assert_eq!((second.read(&shared), second.read(&private)), ("For all.".to_owned(), "For me.".to_owned()));
    let (shared, private) = (second.write("There", "Back to all."), second.write_private("There too", "Back to me."));
    meet(&[second, ada, noor]);
    assert_eq!((ada.read(&shared), ada.read(&private)), ("Back to all.".to_owned(), "Back to me.".to_owned()));
    assert_eq!(noor.read(&shared), "Back to all.");
    assert_eq!(second.shared(), noor.shared());
}
