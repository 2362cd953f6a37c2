//! Whom does an invitation let in, and whom not? One partner, once, in time, and only as long as the inviter wants.

use entwine_tests::phone::text;
use entwine_tests::world::meet;
use entwine_tests::{Phone, World};
use serde_json::Value;

/// An invitation for the partner stays open for 48 hours: this many seconds are beyond that.
const LATER: &str = "176400";

#[test]
fn a_partner_accepts_while_the_inviters_phone_is_off() {
    let world = World::new();
    let relay = world.relay();
    let ada = Phone::init(&world, "Ada");
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let waiting = ada.write("Before you came", "I kept a place for you.");
    let _ = ada.sync();
    let link = ada.invite();

    // From here on Ada's phone does nothing until Noor is done.
    let noor = Phone::init(&world, "Noor");
    let joined = noor.run(&["join", &link, "--expect", "partner"]);
    assert_eq!(joined["kind"], "partner");
    assert_eq!(joined["safety_words"].as_array().unwrap().len(), 6);
    assert_eq!(noor.read(&waiting), "I kept a place for you.");
    let answer = noor.write("I am here", "Thank you for waiting.");
    let _ = noor.sync();

    let _ = ada.sync();
    assert_eq!(ada.read(&answer), "Thank you for waiting.");
    assert_eq!(ada.run(&["read", &answer])["author"], "Noor");
    assert_eq!(ada.run(&["safety-words"])["safety_words"], joined["safety_words"]);
    assert_eq!(noor.run(&["safety-words"])["safety_words"], joined["safety_words"]);
    assert_eq!(ada.status()["space"], joined["space"]);
    assert_eq!(ada.run(&["invitations"]), serde_json::json!([]));
}

#[test]
fn a_used_invitation_lets_nobody_else_in_and_a_space_holds_two_persons() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = (Phone::init(&world, "Ada"), Phone::init(&world, "Noor"));
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let link = ada.invite();
    let _ = noor.run(&["join", &link]);
    meet(&[&ada, &noor]);

    let eve = Phone::init(&world, "Eve");
    let told = eve.refused(&["join", &link]);
    assert!(told.contains("used"), "{told}");
    assert_eq!(eve.status()["reason"], "no_space");
    // The two that are in do not come in once more, but who came by the link may ask again how that went.
    let told = ada.refused(&["join", &link]);
    assert!(told.contains("has a space already"), "{told}");
    assert_eq!(noor.run(&["join", &link])["safety_words"], ada.run(&["safety-words"])["safety_words"]);
    for phone in [&ada, &noor] {
        let told = phone.refused(&["invite"]);
        assert!(told.contains("both its persons") && told.matches("not allowed").count() == 1, "{told}");
    }
    let entry = ada.write("Still two", "Nobody else is here.");
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&entry), "Nobody else is here.");
}

#[test]
fn of_two_who_take_up_one_link_at_the_same_time_one_gets_in() {
    let world = World::new();
    let relay = world.relay();
    for round in 0..3 {
        let phone = |name: &str| Phone::init(&world, &format!("{name} {round}"));
        let (ada, noor, eve) = (phone("Ada"), phone("Noor"), phone("Eve"));
        let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
        let link = ada.invite();
        let (first, second) = (noor.start(&["join", &link]), eve.start(&["join", &link]));
        let (first, second) = (first.finish(), second.finish());
        let (came, told) = if first.status.success() { (&noor, second.refused()) } else { (&eve, first.refused()) };
        assert!(told.contains("used"), "{told}");
        meet(&[came, &ada]);
        let entry = ada.write("Only one", "Came in.");
        meet(&[&ada, came]);
        assert_eq!(came.read(&entry), "Came in.");
    }
}

#[test]
fn an_invitation_is_refused_after_its_hour_and_does_not_count_any_more() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = (Phone::init(&world, "Ada"), Phone::init(&world, "Noor"));
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let links = [ada.invite(), ada.invite(), ada.invite()];

    // Two days later by the relay's clock, and by nobody else's.
    relay.stop();
    relay.set("ENTWINE_TEST_CLOCK_OFFSET", LATER);
    relay.start_again();
    let told = noor.refused(&["join", &links[0]]);
    assert!(told.contains("expired"), "{told}");

    // By the phone's clock too, which asks the relay before it says no.
    let told = noor.with("ENTWINE_TEST_CLOCK_OFFSET", LATER).refused(&["join", &links[1]]);
    assert!(told.contains("expired"), "{told}");

    // Three are the most, and Ada's phone ends the expired ones before it makes others.
    let _ = ada.sync();
    assert_eq!(ada.run(&["invitations"]), serde_json::json!([]));
    let again = [ada.invite(), ada.invite(), ada.invite()];
    let _ = noor.run(&["join", &again[2]]);
    meet(&[&ada, &noor]);
}

#[test]
fn a_revoked_invitation_lets_nobody_in() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = (Phone::init(&world, "Ada"), Phone::init(&world, "Noor"));
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let link = ada.invite();
    let open = ada.run(&["invitations"]);
    let id = text(&open[0], "id");
    assert_eq!(ada.run(&["revoke", &id])["id"], id.as_str());
    assert_eq!(ada.run(&["invitations"]), serde_json::json!([]));
    let told = noor.refused(&["join", &link]);
    assert!(told.contains("ended"), "{told}");
    let told = ada.refused(&["revoke", &id]);
    assert!(told.contains("no open invitation"), "{told}");

    let _ = noor.run(&["join", &ada.invite()]);
    meet(&[&ada, &noor]);
}

#[test]
fn a_phone_that_expects_another_kind_refuses_the_link_and_has_done_nothing() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = (Phone::init(&world, "Ada"), Phone::init(&world, "Noor"));
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let link = ada.invite();
    let before = relay.everything();
    let told = noor.refused(&["join", &link, "--expect", "device"]);
    assert!(told.contains("partner") && told.contains("device"), "{told}");
    assert_eq!(relay.everything(), before);
    assert_eq!(noor.status()["reason"], "no_space");
    assert_eq!(noor.run(&["join", &link, "--expect", "partner"])["kind"], "partner");
}

#[test]
fn at_most_three_invitations_are_open_and_ending_one_makes_room() {
    let world = World::new();
    let relay = world.relay();
    let ada = Phone::init(&world, "Ada");
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let _links = [ada.invite(), ada.invite(), ada.invite()];
    let told = ada.refused(&["invite"]);
    assert!(told.contains("invitation"), "{told}");
    let open = ada.run(&["invitations"]);
    let open: Vec<&Value> = open.as_array().unwrap().iter().collect();
    assert_eq!(open.len(), 3);
    let _ = ada.run(&["revoke", &text(open[1], "id")]);
    let _ = ada.invite();
    assert_eq!(ada.run(&["invitations"]).as_array().unwrap().len(), 3);
}

#[test]
fn text_that_is_no_whole_link_is_refused_without_asking_anybody() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = (Phone::init(&world, "Ada"), Phone::init(&world, "Noor"));
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let link = ada.invite();
    let before = relay.everything();
    // As a shell leaves it that was not told to quote it; as a messenger cuts it; and a link to something else.
    for broken in ["entwine://join", &link[..link.len() - 5], &link.replace("join", "create"), "hello"] {
        let told = noor.refused(&["join", broken]);
        assert!(!told.contains(&link[20..60]), "a refusal repeats the link: {told}");
    }
    assert_eq!(relay.everything(), before);
}
