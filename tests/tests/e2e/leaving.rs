//! What if a phone is thrown out, or a person goes? It ends at once, for what comes after; what was before stays with everyone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use entwine_tests::world::meet;
use entwine_tests::{Phone, World};
use serde_json::{Value, json};

use crate::walk::nobody_finds;

#[test]
fn a_removed_phone_is_cut_off_at_once_and_reads_on_what_it_has() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let stolen = ada.next_phone("Ada-stolen");
    let before = (noor.write("Before", "Of the snowdrift."), ada.write_private("Alone", "Of the hailstorm."));
    let pushed = stolen.write("Pushed", "Typed while it was still hers.");
    meet(&[&noor, &ada, &stolen]);
    let unsent = stolen.write("Unsent", "Typed by the pickpocket.");

    let id = stolen.keyholder();
    assert_eq!(ada.run(&["remove-device", &id]), json!({ "keyholder": id }));
    let after = (noor.write("After", "Of the thunderclap."), ada.write_private("Alone", "Of the windfall."));
    meet(&[&noor, &ada, &noor]);
    let held = relay.holdings();
    assert_eq!(stolen.sync_stops(), "removed");
    assert_eq!(stolen.sync_stops(), "removed");
    assert_eq!(relay.holdings(), held, "nothing that it brings is taken");

    assert_eq!(
        (stolen.read(&before.0), stolen.read(&before.1)),
        ("Of the snowdrift.".into(), "Of the hailstorm.".into())
    );
    let _ = (stolen.refused(&["read", &after.0]), stolen.refused(&["read", &after.1]));
    let told = stolen.refused(&["write", "--title", "More", "--text", "Words."]);
    assert!(told.contains("removed"), "{told}");
    let _ = stolen.refused(&["write", "--title", "More", "--text", "Words.", "--private"]);
    let _ = stolen.refused(&["invite", "--device"]);

    for phone in [&ada, &noor] {
        assert_eq!(phone.read(&pushed), "Typed while it was still hers.");
        assert_eq!(phone.read(&after.0), "Of the thunderclap.");
        let _ = phone.refused(&["read", &unsent]);
    }
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(ada.devices().len(), 2);
    let words = ["snowdrift", "hailstorm", "thunderclap", "windfall", "pickpocket"];
    nobody_finds(&words, &world, &relay, &[&ada, &noor, &stolen]);
}

#[test]
fn a_removal_ends_the_links_that_the_phone_had_made() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let stolen = ada.next_phone("Ada-stolen");
    let link = stolen.invite_device();
    let _ = ada.run(&["remove-device", &stolen.keyholder()]);
    let told = Phone::init(&world, "Eve").refused(&["join", &link]);
    assert!(told.contains("ended"), "{told}");
    assert_eq!(ada.devices().len(), 2, "two phones are left, of two persons");
    meet(&[&ada, &noor]);
}

#[test]
fn a_thief_who_writes_all_the_time_is_removed_all_the_same() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let stolen = ada.next_phone("Ada-stolen");
    let id = stolen.keyholder();
    let is_removed = AtomicBool::new(false);
    thread::scope(|scope| {
        for process in 0..2 {
            let (stolen, is_removed) = (&stolen, &is_removed);
            scope.spawn(move || {
                // Once more after the removal at least, and never again after the phone has learned of it.
                let mut is_last = false;
                while !is_last {
                    is_last = is_removed.load(Ordering::SeqCst);
                    let _ = stolen.start(&["write", "--title", &format!("{process}"), "--text", "Noise."]).finish();
                    let _ = stolen.start(&["sync"]).finish();
                }
            });
        }
        let removed = ada.start(&["remove-device", &id]).finish();
        is_removed.store(true, Ordering::SeqCst);
        let _ = removed.done();
    });
    assert_eq!(stolen.sync_stops(), "removed");
    let after = ada.write("After", "In peace.");
    meet(&[&ada, &noor, &ada]);
    assert_eq!(noor.read(&after), "In peace.");
    assert_eq!(ada.shared(), noor.shared());
    let held = relay.holdings();
    assert_eq!(stolen.sync_stops(), "removed");
    assert_eq!(relay.holdings(), held);
}

#[test]
fn what_a_phone_sealed_and_did_not_bring_in_time_is_not_taken() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let stolen = ada.next_phone("Ada-stolen");
    let sealed = stolen.write("Sealed", "Under the key that was good then.");
    stolen.with("ENTWINE_TEST_FAULT", "sync:after-sealed").start(&["sync"]).finish().killed();
    let _ = ada.run(&["remove-device", &stolen.keyholder()]);
    let held = relay.holdings();
    assert_eq!(stolen.sync_stops(), "removed");
    assert_eq!(relay.holdings(), held);
    meet(&[&noor, &ada]);
    for phone in [&ada, &noor] {
        let _ = phone.refused(&["read", &sealed]);
    }
}

#[test]
fn words_that_the_phone_brought_and_nobody_had_fetched_stay() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let lost = ada.next_phone("Ada-lost");
    let pushed = (lost.write("Pushed", "Just before it fell."), lost.write_private("Pushed too", "My last thought."));
    let _ = lost.sync();
    let _ = ada.run(&["remove-device", &lost.keyholder()]);
    meet(&[&ada, &noor]);
    assert_eq!((ada.read(&pushed.0), ada.read(&pushed.1)), ("Just before it fell.".into(), "My last thought.".into()));
    assert_eq!(noor.read(&pushed.0), "Just before it fell.");
}

#[test]
fn a_removal_killed_between_the_spaces_is_finished_by_the_next_sync_of_any_own_phone() {
    for by_another in [false, true] {
        let world = World::new();
        let relay = world.relay();
        let (ada, noor) = world.couple(&relay);
        let (second, stolen) = (ada.next_phone("Ada-second"), ada.next_phone("Ada-stolen"));
        let id = stolen.keyholder();
        meet(&[&ada, &second]);
        ada.with("ENTWINE_TEST_FAULT", "remove:after-space").start(&["remove-device", &id]).finish().killed();
        assert!(lists(&ada, &id), "it is still in the private space");
        let finisher = if by_another { &second } else { &ada };
        let _ = finisher.sync();
        assert!(!lists(finisher, &id));
        let private = ada.write_private("Alone", "Not for the stolen one.");
        meet(&[&ada, &second, &noor]);
        assert!(!lists(&ada, &id) && !lists(&second, &id));
        assert_eq!(stolen.sync_stops(), "removed");
        let _ = stolen.refused(&["read", &private]);
        assert_eq!(second.read(&private), "Not for the stolen one.");
    }
}

fn lists(phone: &Phone, id: &str) -> bool {
    phone.devices().iter().any(|device| device["keyholder"] == id)
}

#[test]
fn nobody_removes_another_person_or_the_phone_in_hand() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let before = relay.everything();
    for id in [noor.keyholder(), ada.keyholder(), "0".repeat(32), "x".to_owned()] {
        let _ = ada.refused(&["remove-device", &id]);
    }
    assert_eq!(relay.holdings(), {
        let _ = ada.sync();
        relay.holdings()
    });
    assert_eq!(before.len(), relay.everything().len());
    meet(&[&noor, &ada]);
}

#[test]
fn who_leaves_reads_on_and_who_stays_goes_on_under_new_keys() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let before = noor.write("Before", "Of the honeymoon.");
    meet(&[&noor, &ada]);
    assert_eq!(noor.run(&["leave"]), json!({ "left": ada.status()["space"] }));
    assert_eq!(noor.status()["reason"], "left");
    let after = ada.write("After", "Of the driftwood.");
    meet(&[&ada]);
    let more = ada.write("More", "Still writing.");
    meet(&[&ada]);
    they_have_parted(&ada, &noor, &before, &[after, more]);
    nobody_finds(&["honeymoon", "driftwood"], &world, &relay, &[&ada, &noor]);
}

#[test]
fn who_leaves_without_a_relay_tells_it_at_the_next_sync_before_anything_is_pulled() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let before = noor.write("Before", "Of the honeymoon.");
    meet(&[&noor, &ada]);
    let unsent = noor.write("Unsent", "Never sent.");
    relay.stop();
    assert_eq!(noor.run(&["leave"])["left"], ada.status()["space"]);
    assert_eq!(noor.status()["reason"], "left");
    let told = noor.refused(&["write", "--title", "More", "--text", "Words."]);
    assert!(told.contains("left"), "{told}");
    let after = ada.write("After", "Of the driftwood.");
    relay.start_again();
    meet(&[&ada]);
    assert_eq!(noor.sync_stops(), "left");
    assert_eq!(noor.sync_stops(), "left");
    meet(&[&ada]);
    let _ = ada.refused(&["read", &unsent]);
    they_have_parted(&ada, &noor, &before, &[after]);
}

#[test]
fn all_phones_of_who_leaves_have_left() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let second = noor.next_phone("Noor-second");
    let _ = noor.run(&["leave"]);
    assert_eq!(second.sync_stops(), "left");
    let _ = second.refused(&["write", "--title", "More", "--text", "Words."]);
    let told = noor.refused(&["phrase"]);
    assert!(told.contains("left"), "the way back leads through the shared space: {told}");
    // What is private is not shared, and goes on.
    let private = noor.write_private("Alone", "On my own.");
    let _ = noor.start(&["sync"]).finish();
    let _ = second.start(&["sync"]).finish();
    assert_eq!(second.read(&private), "On my own.");
    meet(&[&ada]);
    assert_eq!(ada.devices().len(), 1);
}

/// The one who left reads what was there, gets nothing more and writes nothing; the one who stays has all of both, and goes on.
fn they_have_parted(ada: &Phone, noor: &Phone, before: &str, after: &[String]) {
    let told = noor.refused(&["write", "--title", "More", "--text", "Words."]);
    assert!(told.contains("left"), "{told}");
    let _ = noor.refused(&["edit", before, "--append", "More."]);
    assert_eq!(noor.sync_stops(), "left");
    assert_eq!(noor.read(before), "Of the honeymoon.");
    assert_eq!(ada.read(before), "Of the honeymoon.");
    for id in after {
        let _ = noor.refused(&["read", id]);
        assert!(!ada.read(id).is_empty());
    }
    let entry = ada.write("Onwards", "Alone now.");
    meet(&[ada]);
    ada.append(&entry, " And well.");
    meet(&[ada]);
    assert_eq!(ada.read(&entry), "Alone now. And well.");
    assert!(ada.refused(&["invite"]).contains("person"), "the place is not given again");
    assert!(ada.devices().iter().all(|device| device["person"] == "own"), "{}", Value::from(ada.devices()));
}
