//! What does somebody gain whose relay does whatever they like? A thief, and an ex: not one word of what comes afterwards.
//!
//! The relay is set back behind everybody's back, as often as it helps, and whoever has it puts all that it holds into the database
//! of a phone that was removed or has left, whatever the relay's rules would have served.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use entwine_tests::phone::text;
use entwine_tests::world::meet;
use entwine_tests::{Phone, Relay, World, database};

use crate::walk::nobody_finds;

/// Puts everything that the relay has on a phone, and returns how many entries wait there for a key that it does not have.
fn give_all(relay: &Relay, phone: &Phone) -> usize {
    let given = database::hand_over(&relay.database(), &phone.profile().join("profile.db"));
    assert!(given > 0, "the relay has something that the phone lacks");
    let _ = phone.status();
    let waiting = "SELECT hex(hash) FROM entry WHERE state = 4";
    database::rows(&phone.profile().join("profile.db"), waiting).len()
}

#[test]
fn a_phone_that_is_still_a_member_opens_what_it_is_given_without_being_served() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("Given", "By hand.");
    meet(&[&ada]);
    assert_eq!(give_all(&relay, &noor), 0);
    assert_eq!(noor.read(&entry), "By hand.", "so whatever does not open below lacks a key, and nothing else");
}

#[test]
fn a_thief_whose_relay_forgets_the_removal_again_and_again_reads_nothing_more_and_all_others_converge() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let stolen = ada.next_phone("Ada-stolen");
    let before = ada.write("Before", "Of the snowdrift.");
    meet(&[&ada, &noor, &stolen]);
    let relay_before = relay.back_up();
    let never_told = stolen.backup();
    let id = stolen.keyholder();
    let _ = ada.run(&["remove-device", &id]);

    let mut unseen = Vec::new();
    for (round, first_is_noor) in [true, false, true].into_iter().enumerate() {
        relay.set_back(&relay_before);
        stolen.restore(&never_told);
        let thiefs = stolen.write(&format!("Round {round}"), "By the pickpocket.");
        let _ = stolen.write_private(&format!("Round {round}"), "By the pickpocket, too.");
        let _ = stolen.sync();
        stolen.append(&before, &format!(" Thief {round}."));
        let _ = stolen.sync();
        if first_is_noor {
            let _ = noor.start(&["sync"]).finish();
        }
        if round == 0 {
            // Nobody had told her: what she opened stays, in her own hands from now on.
            assert_eq!(noor.read(&thiefs), "By the pickpocket.");
        } else {
            unseen.push(thiefs);
        }
        let own = (ada.write("After", "Of the thunderclap."), ada.write_private("Alone", "Of the windfall."));
        meet(&[&ada, &noor, &ada, &noor]);
        assert_eq!(ada.shared(), noor.shared(), "round {round}");
        assert_eq!(noor.read(&own.0), "Of the thunderclap.");
        assert_eq!(ada.read(&own.1), "Of the windfall.");
        assert_eq!(stolen.sync_stops(), "removed", "round {round}");
    }
    for thiefs in &unseen {
        for phone in [&ada, &noor] {
            let _ = phone.refused(&["read", thiefs]);
        }
    }
    assert!(ada.devices().iter().all(|device| device["keyholder"] != id.as_str()));
    assert_eq!((ada.status()["set_aside"].as_u64(), noor.status()["set_aside"].as_u64()), (Some(0), Some(0)));

    // Told of its removal or not: all bytes of the relay give it nothing.
    for knows_it in [true, false] {
        if !knows_it {
            stolen.restore(&never_told);
        }
        assert!(give_all(&relay, &stolen) > 4, "what comes after is there, and sealed");
        assert!(stolen.titles().iter().all(|title| title != "After" && title != "Alone"), "{:?}", stolen.titles());
        assert!(stolen.read(&before).starts_with("Of the snowdrift."));
    }
    let words = ["snowdrift", "thunderclap", "windfall", "pickpocket"];
    nobody_finds(&words, &world, &relay, &[&ada, &noor, &stolen]);
}

/// The relay holds a thief up for a minute while somebody removes them; this one is restarted meanwhile, and remembers no such thing.
#[test]
fn a_thief_who_goes_on_writing_on_a_relay_that_holds_nobody_up_is_removed_all_the_same() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let stolen = ada.next_phone("Ada-stolen");
    let id = stolen.keyholder();
    let is_removed = AtomicBool::new(false);
    thread::scope(|scope| {
        let (thiefs, is_removed) = (&stolen, &is_removed);
        scope.spawn(move || {
            for _ in 0..100 {
                if is_removed.load(Ordering::SeqCst) {
                    break;
                }
                let _ = thiefs.start(&["write", "--title", "Noise", "--text", "Noise."]).finish();
                let _ = thiefs.start(&["write", "--title", "Noise", "--text", "Noise.", "--private"]).finish();
                let _ = thiefs.start(&["sync"]).finish();
            }
        });
        for _ in 0..3 {
            let removing = ada.start(&["remove-device", &id]);
            relay.kill();
            relay.start_again();
            let _ = removing.finish();
        }
        // Left alone, it takes the removal, if it has not long done so.
        let _ = ada.start(&["remove-device", &id]).finish();
        is_removed.store(true, Ordering::SeqCst);
    });
    let after = (ada.write("After", "In peace."), ada.write_private("After", "In peace, alone."));
    meet(&[&ada, &noor, &ada]);
    assert_eq!(ada.devices().len(), 2);
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(stolen.sync_stops(), "removed");
    give_all(&relay, &stolen);
    let _ = (stolen.refused(&["read", &after.0]), stolen.refused(&["read", &after.1]));
}

#[test]
fn a_thief_who_answers_the_removal_by_one_of_ones_own_phone_is_left_behind_with_the_relay_that_helped() {
    let world = World::new();
    let (mut relay, other) = (world.relay(), world.relay());
    let (ada, noor) = world.couple(&relay);
    let stolen = ada.next_phone("Ada-stolen");
    let before = ada.write("Before", "Of the snowdrift.");
    meet(&[&ada, &noor, &stolen]);
    let relay_before = relay.back_up();
    let never_told = stolen.backup();
    let _ = ada.run(&["remove-device", &stolen.keyholder()]);
    let unsent = ada.write("Unsent", "Of the thunderclap.");

    // The relay forgets Ada's removal, and the thief removes Ada.
    relay.set_back(&relay_before);
    stolen.restore(&never_told);
    let _ = stolen.run(&["remove-device", &ada.keyholder()]);
    let thiefs = stolen.write("Hello", "By the pickpocket.");
    let _ = stolen.sync();
    // Noor cannot tell; Ada's phone, which knows better, neither obeys nor sends a word there.
    let _ = noor.sync();
    assert_eq!(noor.read(&thiefs), "By the pickpocket.");
    assert_eq!(ada.sync_stops(), "chains_differ");
    ada.append(&before, " Still mine.");
    assert_eq!(ada.sync_stops(), "chains_differ");

    let _ = ada.run(&["found-anew", "--relay", &other.url(), "--token", other.token()]);
    let _ = noor.run(&["join", &ada.invite(), "--bring-copy"]);
    let after = noor.write("After", "Of the windfall.");
    meet(&[&noor, &ada]);
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(noor.read(&before), "Of the snowdrift. Still mine.");
    assert_eq!((noor.read(&unsent), ada.read(&after)), ("Of the thunderclap.".into(), "Of the windfall.".into()));
    let _ = stolen.start(&["sync"]).finish();
    let _ = (stolen.refused(&["read", &after]), stolen.refused(&["read", &unsent]));
    assert_eq!(ada.devices().len(), 2);
}

#[test]
fn who_leaves_and_runs_the_relay_reads_nothing_of_what_comes_after() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let before = noor.write("Before", "Of the honeymoon.");
    meet(&[&noor, &ada]);
    let relay_before = relay.back_up();
    let never_left = noor.backup();
    let _ = noor.run(&["leave"]);
    let after = ada.write("After", "Of the driftwood.");
    let private = ada.write_private("Alone", "Of the lifeboat.");
    meet(&[&ada]);

    // As if it had never been: the relay, and Noor's phone. Ada's remembers.
    relay.set_back(&relay_before);
    noor.restore(&never_left);
    let _ = noor.write("Still here", "Noor says so.");
    let _ = noor.sync();
    ada.append(&after, " And of the tide.");
    meet(&[&ada]);
    assert_eq!(noor.sync_stops(), "left");
    meet(&[&ada]);
    assert!(ada.devices().iter().all(|device| device["person"] == "own"), "{:?}", ada.devices());

    for has_left in [true, false] {
        if !has_left {
            noor.restore(&never_left);
        }
        assert!(give_all(&relay, &noor) > 1, "what comes after is there, and sealed");
        let _ = (noor.refused(&["read", &after]), noor.refused(&["read", &private]));
        assert!(!noor.titles().contains(&"After".to_owned()));
        assert_eq!(noor.read(&before), "Of the honeymoon.");
    }
    assert_eq!(ada.read(&after), "Of the driftwood. And of the tide.");
    nobody_finds(&["honeymoon", "driftwood", "lifeboat", "tide."], &world, &relay, &[&ada, &noor]);
}

#[test]
fn a_stolen_phone_on_a_relay_that_helps_it_is_left_behind_by_founding_anew_on_another() {
    let world = World::new();
    let (relay, other) = (world.relay(), world.relay());
    let (ada, noor) = world.couple(&relay);
    let stolen = ada.next_phone("Ada-stolen");
    let before = ada.write("Before", "Of the snowdrift.");
    meet(&[&ada, &noor, &stolen]);
    let never_told = stolen.backup();
    let founded = ada.run(&["found-anew", "--relay", &other.url(), "--token", other.token()]);
    let _ = noor.run(&["join", &ada.invite(), "--bring-copy"]);
    meet(&[&ada, &noor]);
    let after = noor.write("After", "Of the thunderclap.");
    meet(&[&noor, &ada]);
    assert_eq!((ada.read(&before), ada.read(&after)), ("Of the snowdrift.".into(), "Of the thunderclap.".into()));
    assert_eq!(ada.devices().len(), 2, "the stolen one is no device there");

    // It may go on where it is, and nobody listens.
    stolen.restore(&never_told);
    let _ = stolen.write("Hello?", "By the pickpocket.");
    let _ = stolen.start(&["sync"]).finish();
    meet(&[&ada, &noor]);
    let _ = stolen.refused(&["read", &after]);
    assert_ne!(text(&founded, "space"), text(&stolen.status(), "space"));
    assert!(!ada.titles().contains(&"Hello?".to_owned()));
    assert_eq!(ada.shared(), noor.shared());
}
