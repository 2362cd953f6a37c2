//! What if several programs use one profile at once? Nothing is lost, and no feed branches.

use std::thread;

use entwine_tests::world::{meet, pair};
use entwine_tests::{Phone, World};

use crate::background::{PATIENCE, in_background};

#[test]
fn two_processes_that_write_and_sync_at_once_lose_nothing_and_make_no_branch() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    thread::scope(|scope| {
        for process in 0..2 {
            let ada = &ada;
            scope.spawn(move || {
                for number in 0..4 {
                    let _ = ada.write(&format!("{process}.{number}"), "Written while the other program wrote too.");
                    let _ = ada.write_private(&format!("private {process}.{number}"), "This too.");
                    // The other program may write right after this exchange, so only a refusal would be wrong.
                    let _ = ada.run(&["sync"]);
                }
            });
        }
    });
    meet(&[&ada, &noor]);
    let mut titles = noor.titles();
    titles.sort();
    assert_eq!(titles, ["0.0", "0.1", "0.2", "0.3", "1.0", "1.1", "1.2", "1.3"]);
    assert_eq!(ada.list().len(), 16);
    assert_eq!(relay.branched_feeds().len(), 0);
    let status = ada.status();
    assert_eq!((&status["in_sync"], &status["set_aside"]), (&true.into(), &0.into()), "{status}");
}

#[test]
fn many_programs_that_write_into_one_entry_at_once_keep_each_others_words() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("Guests", "Came:");
    let ritual = ada.begin_ritual("Dinner", "FREQ=WEEKLY;BYDAY=FR", "19:00");
    meet(&[&ada, &noor]);
    thread::scope(|scope| {
        for number in 0..6 {
            let (ada, noor, entry, ritual) = (&ada, &noor, &entry, &ritual);
            scope.spawn(move || ada.append(entry, &format!(" a{number}")));
            scope.spawn(move || noor.append(entry, &format!(" n{number}")));
            if number % 3 == 0 {
                scope.spawn(move || drop(noor.run(&["ritual", "done", ritual, "--note", &format!("noted {number}")])));
                scope.spawn(move || drop(ada.start(&["sync"]).finish()));
                scope.spawn(move || drop(noor.start(&["sync"]).finish()));
            }
        }
    });
    meet(&[&ada, &noor, &ada]);
    let text = ada.read(&entry);
    assert_eq!(text, noor.read(&entry));
    for number in 0..6 {
        assert!(text.contains(&format!(" a{number}")) && text.contains(&format!(" n{number}")), "{text}");
    }
    assert_eq!(text.len(), "Came:".len() + 12 * " a0".len(), "{text}");
    assert_eq!(ada.ritual(&ritual), noor.ritual(&ritual));
    assert_eq!(relay.branched_feeds().len(), 0);
}

#[test]
fn an_app_its_background_task_and_a_share_extension_use_one_profile_at_once() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let app = ada.watch();
    app.until_in_sync();
    let (shared, answers) = thread::scope(|scope| {
        let extension = scope.spawn(|| (0..5).map(|n| ada.write(&format!("shared {n}"), "Seen.")).collect::<Vec<_>>());
        let task = scope.spawn(|| (0..5).for_each(|_| drop(in_background(&ada, PATIENCE))));
        let partner = scope.spawn(|| {
            let answer = |n| {
                let id = noor.write(&format!("answer {n}"), "Read.");
                let _ = noor.run(&["sync"]);
                id
            };
            (0..4).map(answer).collect::<Vec<_>>()
        });
        task.join().unwrap();
        (extension.join().unwrap(), partner.join().unwrap())
    });
    let all: Vec<(&str, &str)> = shared.iter().chain(&answers).map(|id| ("entry_changed", id.as_str())).collect();
    app.until_all_changed(&all);
    meet(&[&ada, &noor, &ada]);
    assert_eq!(noor.titles().len(), 9);
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(relay.branched_feeds().len(), 0);
}

#[test]
fn two_partners_who_sync_at_the_same_moment_again_and_again_come_to_hold_the_same() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("Ping", "Pong:");
    meet(&[&ada, &noor]);
    for round in 0..4 {
        thread::scope(|scope| {
            for phone in [&ada, &noor] {
                let entry = &entry;
                scope.spawn(move || {
                    phone.append(entry, &format!(" {round}"));
                    let _ = phone.sync();
                });
            }
        });
    }
    meet(&[&ada, &noor, &ada]);
    assert_eq!(ada.read(&entry).len(), "Pong:".len() + 8 * " 0".len());
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(relay.branched_feeds().len(), 0);
}

#[test]
fn many_couples_on_one_relay_at_once_do_not_hinder_each_other() {
    let world = World::new();
    let relay = world.relay();
    thread::scope(|scope| {
        for number in 0..6 {
            let (world, relay) = (&world, &relay);
            scope.spawn(move || {
                let phone = |name: &str| Phone::init(world, &format!("{name} {number}"));
                let (ada, noor) = (phone("Ada"), phone("Noor"));
                pair(&ada, &noor, &relay.url(), relay.token());
                let entry = ada.write("To you alone", &format!("Among many: {number}."));
                meet(&[&ada, &noor]);
                assert_eq!(noor.read(&entry), format!("Among many: {number}."));
                assert_eq!(noor.titles().len(), 1);
            });
        }
    });
    assert_eq!(relay.spaces().len(), 6 * 3, "a shared one, and two private ones");
}
