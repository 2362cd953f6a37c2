//! What if a phone is set back, copied, killed while it writes, or loses its keys? No word is lost, and it says what is wrong.

use std::fs;

use entwine_tests::world::meet;
use entwine_tests::{Phone, World, program};

#[test]
fn a_phone_restored_from_a_backup_goes_on_and_loses_nothing() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("Diary", "Monday.");
    meet(&[&ada, &noor]);
    let backup = world.folder().join("backup-of-ada");
    program::copy(ada.profile(), &backup);
    ada.append(&entry, " Tuesday.");
    let _ = ada.write("Written after the backup", "And sent.");
    meet(&[&ada, &noor]);

    fs::remove_dir_all(ada.profile()).unwrap();
    program::copy(&backup, ada.profile());
    ada.append(&entry, " Wednesday.");
    let _ = ada.write("Written after the restore", "Before it met the relay again.");
    meet(&[&ada, &noor, &ada]);
    for phone in [&ada, &noor] {
        let text = phone.read(&entry);
        assert!(text.starts_with("Monday.") && text.contains(" Tuesday.") && text.contains(" Wednesday."), "{text}");
        assert_eq!(phone.titles().len(), 3);
        assert_eq!(phone.status()["set_aside"], 0);
    }
    assert_eq!(ada.shared(), noor.shared());
    noor.append(&entry, " Thursday.");
    meet(&[&noor, &ada]);
    assert_eq!(ada.shared(), noor.shared());
}

#[test]
fn two_copies_of_one_phone_that_both_write_come_to_hold_the_same() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("Diary", "Both of me:");
    meet(&[&ada, &noor]);
    let copy = ada.copied_as("Ada's other");
    for round in 0..3 {
        ada.append(&entry, &format!(" here {round}"));
        copy.append(&entry, &format!(" there {round}"));
        let _ = copy.write_private(&format!("Round {round}"), "By the copy.");
        meet(&[&ada, &copy]);
    }
    meet(&[&ada, &copy, &noor]);
    for phone in [&ada, &copy, &noor] {
        let text = phone.read(&entry);
        for round in 0..3 {
            assert!(text.contains(&format!(" here {round}")) && text.contains(&format!(" there {round}")), "{text}");
        }
    }
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(ada.list(), copy.list());
    assert_eq!(ada.list().len(), 4);
}

#[test]
fn a_phone_killed_while_it_writes_has_an_entry_whole_or_not_at_all() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let body = "Many words. ".repeat(500);
    for number in 0..8 {
        let writing = ada.start(&["write", "--title", &number.to_string(), "--text", &body]);
        let other = ada.start(&["sync"]);
        if number % 2 == 0 {
            // Whenever that is: as early as it can be, or as late as the other program ends.
            let _ = other.finish();
        }
        writing.kill();
    }
    let done = ada.write("Done", "What was answered is there.");
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&done), "What was answered is there.");
    for entry in ada.list() {
        let id = entry["id"].as_str().unwrap();
        assert!(id == done || ada.read(id) == body);
    }
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(relay.branched_feeds().len(), 0);
}

#[test]
fn a_phone_killed_while_it_is_made_is_made_by_the_same_command_again() {
    let world = World::new();
    for number in 0..6 {
        let ada = Phone::without_profile(&world, &format!("Ada {number}"));
        let begun = ada.start(&["init", "--name", "Ada"]);
        if number % 2 == 1 {
            // A little later than at once: another program has come and gone.
            let _ = ada.start(&["status"]).finish();
        }
        begun.kill();
        let again = ada.start(&["init", "--name", "Ada"]).finish();
        assert!(again.status.success() || again.refused().contains("already"), "{}", again.stderr);
        assert_eq!(ada.status()["reason"], "no_space");
    }
}

#[test]
fn a_phone_without_its_keys_says_so_and_shows_nothing() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let _ = ada.write("Secret", "Nobody reads this without the keys.");
    let keys = ada.profile().join("keys");
    let kept = fs::read(&keys).unwrap();
    fs::remove_file(&keys).unwrap();
    for command in [["list"].as_slice(), &["status"], &["sync"], &["init", "--name", "Ada"]] {
        let told = ada.refused(command);
        assert!(told.contains("keys"), "{told}");
    }
    // Another phone's keys are no help.
    fs::copy(noor.profile().join("keys"), &keys).unwrap();
    let told = ada.refused(&["list"]);
    assert!(!told.contains("Secret"), "{told}");
    fs::write(&keys, &kept).unwrap();
    assert_eq!(ada.titles(), ["Secret"]);
}

#[cfg(unix)]
#[test]
fn a_profile_can_be_read_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let mode = |name: &str| fs::metadata(ada.profile().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(""), 0o700);
    assert_eq!(mode("keys"), 0o600);
}
