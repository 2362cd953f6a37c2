//! What has a thief of acting as the owner of a stolen phone? Its links end with it, whom it let in can be removed or left behind,
//! and whom it threw out comes back.

use entwine_tests::phone::text;
use entwine_tests::world::meet;
use entwine_tests::{Phone, World};

/// The ids of one's own keyholders, as this phone knows them.
fn own(phone: &Phone) -> Vec<String> {
    let devices = phone.devices();
    devices.iter().filter(|device| device["person"] == "own").map(|device| text(device, "keyholder")).collect()
}

#[test]
fn a_phone_that_a_thief_let_in_is_told_of_listed_and_removed_like_the_stolen_one() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let stolen = ada.next_phone("Ada-stolen");
    let before = ada.write_private("Before", "Of the hailstorm.");
    meet(&[&ada, &stolen]);
    let thiefs = stolen.next_phone("Ada-thief");
    let open_link = stolen.invite_device();
    assert_eq!(thiefs.read(&before), "Of the hailstorm.", "a thief gives away what the phone opens");

    // Ada hears of it, and the removal of the stolen phone alone does not end what that one let in.
    let told = ada.start(&["sync"]).finish().stderr;
    assert!(told.contains(&thiefs.keyholder()) && told.contains("remove-device"), "{told}");
    let _ = ada.run(&["remove-device", &stolen.keyholder()]);
    assert!(Phone::init(&world, "Eve").refused(&["join", &open_link]).contains("ended"));
    assert_eq!(own(&ada), [ada.keyholder(), thiefs.keyholder()]);
    assert_eq!(stolen.sync_stops(), "removed");
    let _ = thiefs.sync();

    let _ = ada.run(&["remove-device", &thiefs.keyholder()]);
    assert_eq!(own(&ada), [ada.keyholder()]);
    assert_eq!(thiefs.sync_stops(), "removed");
    let after = (ada.write("After", "In peace."), ada.write_private("After", "In peace, alone."));
    meet(&[&ada, &noor, &ada]);
    for phone in [&stolen, &thiefs] {
        let _ = phone.start(&["sync"]).finish();
        let _ = (phone.refused(&["read", &after.0]), phone.refused(&["read", &after.1]));
        let _ = phone.refused(&["invite", "--device"]);
    }
    assert_eq!(ada.shared(), noor.shared());
}

#[test]
fn a_thiefs_link_that_is_taken_up_while_the_phone_is_removed_lets_nobody_in_unseen() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    for round in 0..3 {
        let stolen = ada.next_phone(&format!("Ada-stolen-{round}"));
        let link = stolen.invite_device();
        let thiefs = Phone::init_as(&world, &format!("Ada-thief-{round}"), "Ada");
        let id = stolen.keyholder();
        let (joining, removing) = (thiefs.start(&["join", &link]), ada.start(&["remove-device", &id]));
        let _ = joining.finish();
        let _ = removing.finish().done();
        meet(&[&ada]);
        let others: Vec<String> = own(&ada).into_iter().filter(|id| *id != ada.keyholder()).collect();
        // Whichever was first: in neither space is anybody but Ada's phone, or else the list names who is.
        for other in &others {
            let _ = ada.run(&["remove-device", other]);
        }
        assert_eq!(own(&ada), [ada.keyholder()], "round {round}");
        let after = (ada.write("After", "In peace."), ada.write_private("After", "In peace, alone."));
        meet(&[&ada, &noor]);
        let _ = thiefs.start(&["sync"]).finish();
        let _ = (thiefs.refused(&["read", &after.0]), thiefs.refused(&["read", &after.1]));
        meet(&[&ada]);
        assert_eq!(own(&ada), [ada.keyholder()], "round {round}: nobody came in later");
    }
}

#[test]
fn a_link_for_the_partner_made_by_a_stolen_phone_ends_with_it() {
    let world = World::new();
    let relay = world.relay();
    let ada = Phone::init(&world, "Ada");
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let stolen = ada.next_phone("Ada-stolen");
    let link = stolen.invite();
    let _ = ada.run(&["remove-device", &stolen.keyholder()]);
    let told = Phone::init(&world, "Eve").refused(&["join", &link]);
    assert!(told.contains("ended"), "{told}");
    let noor = Phone::init(&world, "Noor");
    let _ = noor.run(&["join", &ada.invite()]);
    meet(&[&noor, &ada]);
    assert_eq!(noor.run(&["safety-words"]), ada.run(&["safety-words"]));
}

#[test]
fn a_partner_whom_a_thief_let_in_is_left_behind_by_founding_anew() {
    let world = World::new();
    let relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let ada = Phone::init(&world, "Ada");
    let _ = ada.run(&["create", "--relay", &relay.url()]);
    let stolen = ada.next_phone("Ada-stolen");
    let before = ada.write("Before", "For Noor, when she comes.");
    meet(&[&ada, &stolen]);
    let eve = Phone::init(&world, "Eve");
    let _ = eve.run(&["join", &stolen.invite()]);
    let _ = ada.run(&["remove-device", &stolen.keyholder()]);
    let _ = ada.sync();
    // Nobody removes another person, and the place is taken.
    let partners = ada.devices().into_iter().find(|device| device["person"] == "partner").unwrap();
    let told = ada.refused(&["remove-device", &text(&partners, "keyholder")]);
    assert!(told.contains("yours"), "{told}");
    let told = ada.refused(&["invite"]);
    assert!(told.contains("both its persons"), "{told}");

    let _ = ada.run(&["found-anew"]);
    let noor = Phone::init(&world, "Noor");
    let _ = noor.run(&["join", &ada.invite()]);
    assert_eq!(noor.read(&before), "For Noor, when she comes.");
    let after = noor.write("After", "I came.");
    meet(&[&noor, &ada]);
    for phone in [&eve, &stolen] {
        let _ = phone.start(&["sync"]).finish();
        let _ = phone.refused(&["read", &after]);
    }
    assert_eq!(ada.read(&after), "I came.");
}

#[test]
fn who_was_removed_by_a_thief_comes_back_by_the_phrase_and_throws_the_thief_out() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let words = ada.phrase();
    let stolen = ada.next_phone("Ada-stolen");
    let private = ada.write_private("Alone", "Of the hailstorm.");
    meet(&[&ada, &noor, &stolen]);
    let _ = stolen.run(&["remove-device", &ada.keyholder()]);
    assert_eq!(ada.sync_stops(), "removed");

    let back = Phone::init_as(&world, "Ada-back", "Ada");
    let _ = back.recover(&relay.url(), &words).done();
    let _ = back.run(&["remove-device", &stolen.keyholder()]);
    assert_eq!(stolen.sync_stops(), "removed");
    assert_eq!(back.read(&private), "Of the hailstorm.");
    let after = back.write("After", "In peace.");
    meet(&[&back, &noor, &back]);
    assert_eq!(noor.read(&after), "In peace.");
    assert_eq!(back.shared(), noor.shared());
    let _ = stolen.refused(&["read", &after]);
}

#[test]
fn who_was_removed_by_a_thief_and_has_no_phrase_brings_all_words_into_a_space_that_the_partner_founds() {
    let world = World::new();
    let relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let (ada, noor) = world.couple_by(&relay.url(), "none is needed");
    let stolen = ada.next_phone("Ada-stolen");
    let before = ada.write("Before", "Of the snowdrift.");
    let private = ada.write_private("Alone", "Of the hailstorm.");
    meet(&[&ada, &noor, &stolen]);
    let unsent = (ada.write("Unsent", "Only here."), ada.write_private("Unsent too", "Only here, and mine."));
    let _ = stolen.run(&["remove-device", &ada.keyholder()]);
    assert_eq!(ada.sync_stops(), "removed");

    let _ = noor.run(&["found-anew"]);
    let _ = ada.run(&["join", &noor.invite(), "--bring-copy"]);
    meet(&[&ada, &noor]);
    assert_eq!((noor.read(&before), noor.read(&unsent.0)), ("Of the snowdrift.".into(), "Only here.".into()));
    assert_eq!(ada.read(&private), "Of the hailstorm.");
    assert_eq!(ada.read(&unsent.1), "Only here, and mine.");
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(ada.run(&["read", &before])["author"], "Ada");
    let after = noor.write("After", "In peace.");
    meet(&[&noor, &ada]);
    let _ = stolen.start(&["sync"]).finish();
    let _ = stolen.refused(&["read", &after]);
    assert_eq!(ada.devices().len(), 2);
}
