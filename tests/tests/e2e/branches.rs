//! What if a relay was set back and the membership went on in two ways? One way stands, or the two found anew: no word is lost.

use std::collections::BTreeSet;

use entwine_tests::phone::text;
use entwine_tests::world::meet;
use entwine_tests::{Phone, World, database};

fn records(phone: &Phone) -> BTreeSet<String> {
    database::rows(&phone.profile().join("profile.db"), "SELECT hex(space) || position || hex(bytes) FROM record")
}

fn all_in_sync(phones: &[&Phone]) {
    meet(phones);
    for phone in phones {
        let status = phone.sync();
        assert_eq!(status["in_sync"], true, "{status}");
        assert_eq!(status["set_aside"], 0, "{status}");
    }
}

#[test]
fn a_partner_who_joined_stays_though_the_inviter_went_on_without() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = (Phone::init(&world, "Ada"), Phone::init(&world, "Noor"));
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let link = ada.invite();
    let backup = relay.back_up();
    let _ = noor.run(&["join", &link]);
    let letter = noor.write("Letter", "I am here.");
    let _ = noor.sync();
    relay.set_back(&backup);

    // Ada never saw Noor come, and invites again.
    let again = ada.invite();
    let diary = ada.write("Diary", "Nobody came yet.");
    let _ = ada.sync();
    all_in_sync(&[&noor, &ada, &noor]);
    assert_eq!(ada.read(&letter), "I am here.");
    assert_eq!(noor.read(&diary), "Nobody came yet.");
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(ada.run(&["safety-words"]), noor.run(&["safety-words"]));
    let stranger = Phone::init(&world, "Stranger");
    let refused = stranger.start(&["join", &again]).finish();
    assert!(!refused.status.success(), "the invitation of the branch that gave way is lost");
}

#[test]
fn a_removal_stands_though_another_phone_went_on_without() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let (lost, laptop) = (ada.next_phone("Ada-lost"), ada.next_phone("Ada-laptop"));
    all_in_sync(&[&ada, &noor, &lost, &laptop]);
    let backup = relay.back_up();
    let _ = ada.run(&["remove-device", &lost.keyholder()]);
    let after = ada.write("After", "The lost phone reads none of this.");
    let _ = ada.sync();
    relay.set_back(&backup);

    let _ = laptop.invite_device();
    let meanwhile = laptop.write("Meanwhile", "Written where nobody was removed.");
    laptop.append(&meanwhile, " Twice.");
    let _ = laptop.sync();
    assert!(laptop.devices().iter().any(|device| device["keyholder"] == lost.keyholder().as_str()));
    all_in_sync(&[&ada, &laptop, &noor, &ada, &laptop, &noor]);
    for phone in [&ada, &laptop, &noor] {
        assert_eq!(phone.read(&after), "The lost phone reads none of this.");
        assert_eq!(phone.read(&meanwhile), "Written where nobody was removed. Twice.");
        assert!(phone.devices().iter().all(|device| device["keyholder"] != lost.keyholder().as_str()));
    }
    assert_eq!(lost.sync_stops(), "removed");
    assert_eq!(relay.branched_feeds().len(), 0);
}

#[test]
fn a_phone_on_the_other_branch_learns_that_it_was_removed() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let second = ada.next_phone("Ada-second");
    all_in_sync(&[&ada, &noor, &second]);
    let backup = relay.back_up();
    let _ = second.invite_device();
    let own = second.write("On the other branch", "It stays here.");
    let _ = second.sync();
    relay.set_back(&backup);
    let _ = ada.run(&["remove-device", &second.keyholder()]);
    let _ = noor.sync();
    assert_eq!(second.sync_stops(), "removed");
    assert_eq!(second.read(&own), "It stays here.");
    all_in_sync(&[&ada, &noor]);
}

#[test]
fn of_two_branches_with_links_alone_one_stands_and_all_words_with_it() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let backup = relay.back_up();
    let _ = ada.invite_device();
    let hers = ada.write("From Ada", "On the first branch.");
    let _ = ada.sync();
    relay.set_back(&backup);
    let _ = noor.invite_device();
    let his = noor.write("From Noor", "On the second.");
    let _ = noor.sync();
    all_in_sync(&[&ada, &noor, &ada]);
    for phone in [&ada, &noor] {
        assert_eq!(phone.read(&hers), "On the first branch.");
        assert_eq!(phone.read(&his), "On the second.");
    }
    assert_eq!(ada.shared(), noor.shared());
}

#[test]
fn where_both_branches_changed_who_belongs_both_say_so_and_found_anew_with_every_word_once() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let second = ada.next_phone("Ada-second");
    let old = ada.write("Old", "Both had read this.");
    all_in_sync(&[&ada, &noor, &second]);
    let backup = relay.back_up();
    let _ = ada.run(&["remove-device", &second.keyholder()]);
    let hers = ada.write("Hers", "After the removal.");
    let _ = ada.sync();
    relay.set_back(&backup);
    let _ = noor.phrase();
    let his = noor.write("His", "With a phrase.");
    let _ = noor.sync();

    let said = ada.start(&["sync", "--json"]).finish();
    assert_eq!(ada.sync_stops(), "chains_differ");
    assert!(!said.status.success());
    let remedy = text(&ada.status(), "remedy");
    assert!(remedy.contains("found-anew"), "{remedy}");
    assert_eq!(noor.sync()["in_sync"], true, "the relay follows Noor's branch");
    ada.append(&old, " Ada goes on writing.");
    assert_eq!(ada.sync_stops(), "chains_differ");

    let founded = ada.run(&["found-anew"]);
    let joined = noor.run(&["join", &ada.invite(), "--bring-copy"]);
    assert_eq!(joined["space"], founded["space"]);
    all_in_sync(&[&ada, &noor, &ada]);
    for phone in [&ada, &noor] {
        let titles: BTreeSet<String> = phone.titles().into_iter().collect();
        assert_eq!(phone.titles().len(), titles.len(), "no word is there twice");
        assert_eq!(titles, ["Old", "Hers", "His"].map(str::to_owned).into());
        assert_eq!(phone.read(&old), "Both had read this. Ada goes on writing.");
        assert_eq!(phone.read(&hers), "After the removal.");
        assert_eq!(phone.read(&his), "With a phrase.");
    }
    assert_eq!(ada.status()["waiting_up"], 0);
}

#[test]
fn a_device_known_to_the_other_branch_alone_learns_no_record_of_the_relays() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let second = ada.next_phone("Ada-second");
    all_in_sync(&[&ada, &noor, &second]);
    let backup = relay.back_up();
    let third = ada.next_phone("Ada-third");
    let own = third.write("Third", "Known to one branch alone.");
    let _ = third.sync();
    relay.set_back(&backup);
    let _ = noor.phrase();
    let before = records(&third);
    assert_eq!(third.sync_stops(), "chains_differ");
    assert_eq!(records(&third), before);
    assert_eq!(third.read(&own), "Known to one branch alone.");
}
