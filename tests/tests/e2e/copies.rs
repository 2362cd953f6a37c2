//! What if a phone is set back, copied, killed while it writes, or loses its keys? No word is lost, and it says what is wrong.

use std::fs;

use entwine_tests::world::meet;
use entwine_tests::{Phone, World, database};

#[test]
fn a_phone_restored_from_a_backup_goes_on_and_loses_nothing() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("Diary", "Monday.");
    meet(&[&ada, &noor]);
    let backup = ada.backup();
    ada.append(&entry, " Tuesday.");
    let _ = ada.write("Written after the backup", "And sent.");
    meet(&[&ada, &noor]);

    ada.restore(&backup);
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
fn a_phone_restored_while_it_is_offline_and_used_before_it_is_online_again_loses_nothing() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let (entry, ritual) = (ada.write("Diary", "Monday."), ada.begin_ritual("Tea", "FREQ=DAILY", "17:00"));
    meet(&[&ada, &noor]);
    // The backup holds an entry that was sealed and not sent, and words that were not sealed.
    ada.append(&entry, " Sealed.");
    ada.with("ENTWINE_TEST_FAULT", "sync:after-sealed").start(&["sync"]).finish().killed();
    ada.append(&entry, " Unsealed.");
    let backup = ada.backup();
    ada.append(&entry, " Tuesday.");
    let sent = ada.write_private("After the backup", "And sent.");
    meet(&[&ada, &noor]);

    relay.stop();
    ada.restore(&backup);
    ada.append(&entry, " Wednesday.");
    let unsent = ada.write_private("After the restore", "With nobody in reach.");
    let _ = ada.run(&["ritual", "done", &ritual, "--note", "In the tent"]);
    noor.append(&entry, " Noor.");
    assert_eq!(ada.sync_stops(), "offline");
    relay.start_again();
    meet(&[&ada, &noor, &ada]);
    let text = ada.read(&entry);
    for words in ["Monday.", " Sealed.", " Unsealed.", " Tuesday.", " Wednesday.", " Noor."] {
        assert_eq!(text.matches(words).count(), 1, "{text}");
    }
    assert_eq!((ada.read(&sent), ada.read(&unsent)), ("And sent.".into(), "With nobody in reach.".into()));
    assert!(noor.ritual(&ritual).to_string().contains("In the tent"));
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!((&ada.status()["set_aside"], &noor.status()["set_aside"]), (&0.into(), &0.into()));
}

#[test]
fn a_copied_phone_and_its_original_both_used_for_a_week_come_to_hold_every_word_of_both() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let (entry, ritual) = (ada.write("Diary", "Before."), ada.begin_ritual("Walk", "FREQ=DAILY", "08:00"));
    meet(&[&ada, &noor]);
    let copy = ada.copied_as("Ada's other");
    // Neither is online all week; nor is Noor, who writes too.
    for day in 0..7 {
        let offset = (day * 86_400).to_string();
        for (phone, name) in [(&ada, "here"), (&copy, "there"), (&noor, "Noor")] {
            let then = phone.with("ENTWINE_TEST_CLOCK_OFFSET", &offset);
            then.append(&entry, &format!(" {name} {day}."));
            let _ = then.write(&format!("{name} {day}"), "Of that day.");
            let _ = then.write_private(&format!("{name} alone {day}"), "Of that day.");
            let _ = then.run(&["ritual", "done", &ritual, "--note", &format!("{name} walked {day}")]);
        }
    }
    let week = (7 * 86_400).to_string();
    let [ada, copy, noor] = [ada, copy, noor].map(|phone| phone.with("ENTWINE_TEST_CLOCK_OFFSET", &week));
    meet(&[&ada, &copy, &noor, &ada, &copy, &noor]);
    let text = ada.read(&entry);
    let done = ada.ritual(&ritual)["done"].as_array().unwrap().clone();
    let records = done.iter().map(|day| day["records"].as_array().unwrap().len());
    assert_eq!(
        records.collect::<Vec<_>>(),
        [2; 7],
        "a person has done it once a day, on whichever phone that was noted"
    );
    for day in 0..7 {
        for name in ["here", "there", "Noor"] {
            assert_eq!(text.matches(&format!(" {name} {day}.")).count(), 1, "{text}");
        }
    }
    assert_eq!(ada.list().len(), 1 + 3 * 7 + 2 * 7, "shared by three, private of two");
    assert_eq!(ada.list(), copy.list());
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(copy.shared(), noor.shared());
    for phone in [&ada, &copy, &noor] {
        assert_eq!(phone.status()["set_aside"], 0);
    }
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
fn a_phone_and_its_copy_meet_though_the_relay_knows_neither_of_their_last_words() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("Diary", "Before the copy.");
    meet(&[&ada, &noor]);
    let backup = relay.back_up();
    let copy = ada.copied_as("Ada's other");
    for day in 0..3 {
        ada.append(&entry, &format!(" Here on day {day}."));
        let _ = ada.write_private(&format!("Day {day}"), "By the phone.");
        let _ = ada.sync();
    }
    relay.set_back(&backup);
    for day in 0..2 {
        copy.append(&entry, &format!(" There on day {day}."));
        let _ = copy.write_private(&format!("Other day {day}"), "By the copy.");
        let _ = copy.sync();
    }

    meet(&[&ada, &copy, &noor]);
    for phone in [&ada, &copy, &noor] {
        let text = phone.read(&entry);
        for words in ["Here on day 0.", "Here on day 1.", "Here on day 2.", "There on day 0.", "There on day 1."] {
            assert!(text.contains(words), "{text}");
        }
    }
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(ada.list(), copy.list());
    assert_eq!(ada.list().len(), 6);
    assert_eq!(relay.branched_feeds().len(), 1, "of one device, in both its spaces");
}

#[test]
fn a_phone_is_removed_though_the_relay_knows_other_last_words_of_it() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let tablet = ada.next_phone("Ada's tablet");
    meet(&[&ada, &noor]);
    let backup = relay.back_up();
    let copy = tablet.copied_as("Ada's other tablet");
    let seen_here = tablet.write("Seen by Ada's phone alone", "The relay lost it.");
    meet(&[&tablet, &ada]);
    relay.set_back(&backup);
    let seen_there = copy.write("Seen by the relay alone", "Nobody read it yet.");
    let _ = copy.sync();

    let _ = ada.run(&["remove-device", &tablet.keyholder()]);
    meet(&[&ada, &noor]);
    for phone in [&ada, &noor] {
        assert_eq!(phone.read(&seen_here), "The relay lost it.");
        assert_eq!(phone.read(&seen_there), "Nobody read it yet.");
    }
    assert_eq!(copy.sync_stops(), "removed");
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

#[test]
fn a_phone_that_lost_its_keys_comes_back_in_a_new_folder_and_what_it_had_is_unharmed() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let second = ada.next_phone("Ada-second");
    let (shared, private) = (ada.write("Ours", "Sent."), ada.write_private("Mine", "Sent, too."));
    let _ = ada.sync();
    let unsent = ada.write("Unsent", "Only here.");
    let (keys, database) = (ada.profile().join("keys"), ada.profile().join("profile.db"));
    let (lost, kept, before) = (ada.keyholder(), fs::read(&keys).unwrap(), database::everything(&database));
    fs::remove_file(&keys).unwrap();
    for command in [["sync"].as_slice(), &["init", "--name", "Ada"], &["join", &second.invite_device()]] {
        let told = ada.refused(command);
        assert!(told.contains("keys") && told.contains("new profile"), "{told}");
    }
    assert_eq!(database::everything(&database), before);

    let next = second.next_phone("Ada-next");
    assert_eq!((next.read(&shared), next.read(&private)), ("Sent.".into(), "Sent, too.".into()));
    // Keys that turn up again open all that was there, what was never sent too.
    fs::write(&keys, &kept).unwrap();
    meet(&[&ada, &next, &noor]);
    assert_eq!((next.read(&unsent), noor.read(&unsent)), ("Only here.".into(), "Only here.".into()));
    // If they do not, the lost ones are removed like a lost phone.
    let _ = next.run(&["remove-device", &lost]);
    assert_eq!(ada.sync_stops(), "removed");
    meet(&[&next, &noor]);
    assert_eq!(next.shared(), noor.shared());
}

#[test]
fn a_phone_that_lost_its_data_and_kept_its_keys_comes_back_by_a_link_or_by_the_phrase() {
    for by_phrase in [false, true] {
        let world = World::new();
        let relay = world.relay();
        let (ada, noor) = world.couple(&relay);
        let second = ada.next_phone("Ada-second");
        let (shared, private) = (ada.write("Ours", "Sent."), ada.write_private("Mine", "Sent, too."));
        let words = ada.phrase();
        meet(&[&ada, &second]);
        let id = ada.keyholder();
        lose_data(&ada);
        let told = ada.refused(&["list"]);
        assert!(told.contains("no profile") && told.contains("init"), "{told}");
        let _ = ada.run(&["init", "--name", "Ada"]);
        if by_phrase {
            let _ = ada.recover(&relay.url(), &words).done();
        } else {
            let _ = ada.run(&["join", &second.invite_device(), "--expect", "device"]);
        }
        assert_eq!(ada.keyholder(), id, "it is the phone that it was");
        assert_eq!((ada.read(&shared), ada.read(&private)), ("Sent.".into(), "Sent, too.".into()));
        ada.append(&shared, " And on.");
        let more = ada.write_private("More", "After the loss.");
        meet(&[&ada, &noor, &second]);
        assert_eq!(noor.read(&shared), "Sent. And on.");
        assert_eq!(second.read(&more), "After the loss.");
        assert_eq!(ada.shared(), noor.shared());
        assert_eq!((&ada.status()["set_aside"], &noor.status()["set_aside"]), (&0.into(), &0.into()));
    }
}

#[test]
fn keys_that_were_removed_are_never_let_in_again_and_a_new_folder_is() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let (second, words) = (ada.next_phone("Ada-second"), ada.phrase());
    let shared = ada.write("Ours", "Sent.");
    meet(&[&ada, &second]);
    let _ = ada.run(&["remove-device", &second.keyholder()]);
    lose_data(&second);
    let _ = second.run(&["init", "--name", "Ada"]);
    let told = second.refused(&["join", &ada.invite_device()]);
    assert!(told.contains("another folder"), "{told}");
    let told = second.recover(&relay.url(), &words).refused();
    assert!(told.contains("another folder"), "{told}");
    assert_eq!(second.status()["reason"], "no_space", "nothing was begun");
    let next = ada.next_phone("Ada-next");
    assert_eq!(next.read(&shared), "Sent.");
    meet(&[&ada, &noor]);
}

/// The database is gone, and the keys are there.
fn lose_data(phone: &Phone) {
    for name in ["profile.db", "profile.db-wal", "profile.db-shm"] {
        let _ = fs::remove_file(phone.profile().join(name));
    }
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
