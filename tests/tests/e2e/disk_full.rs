//! What if a disk is full? Each side says so and what to do, loses nothing that it had said is safe, and goes on once there is room.
//!
//! How a disk is filled stands in `disk`.

use entwine_tests::chance::{Chance, seeds};
use entwine_tests::couple::{Couple, Unpushed, push_together};
use entwine_tests::world::{meet, pair};
use entwine_tests::{Disk, Phone, Relay, World, database};

const OPEN: &[(&str, &str)] = &[("ENTWINE_REGISTRATION", "open"), ("ENTWINE_LOG", "warn")];

#[test]
fn a_relay_whose_disk_is_full_refuses_clearly_and_takes_everything_once_there_is_room() {
    for seed in seeds(0..1) {
        let mut chance = Chance::new(seed);
        let world = World::new();
        let disk = Disk::new(&world, "relay");
        let mut relay = Relay::start_on(&disk, &world, OPEN);
        let (ada, noor) = (Phone::init(&world, "Ada"), Phone::init(&world, "Noor"));
        pair(&ada, &noor, &relay.url(), "none is needed");
        let before = ada.write("Before", "The relay has this.");
        let _ = ada.sync();
        let mut couples: Vec<Couple> = (0..6).map(|number| Couple::new(seed * 100 + number, 0)).collect();
        couples.iter().for_each(|couple| couple.create(relay.address()));

        for _ in 0..2 {
            disk.fill_up_to(chance.below(300_000));
            for ended in push_together(&mut couples, relay.address(), (10, usize::MAX), || {}) {
                let Err(Unpushed::Refused(code, told)) = ended else { panic!("{ended:?}") };
                assert_eq!(code, "storage_full");
                assert!(told.contains("make room"), "{told}");
            }
            // What it has it still gives out.
            assert_eq!(noor.start(&["sync"]).finish().status.code(), Some(0));
            assert_eq!(noor.read(&before), "The relay has this.");
            // There may be room for a little more.
            while {
                let _ = ada.write("Meanwhile", &chance.noise(15_000));
                ada.start(&["sync"]).finish().status.success()
            } {}
            assert_eq!(ada.status()["reason"], "offline");
            let remedy = ada.status()["remedy"].to_string();
            assert!(remedy.contains("disk is full") && remedy.contains("make room"), "{remedy}");

            disk.make_room();
            let ended = push_together(&mut couples, relay.address(), (10, 2), || {});
            assert!(ended.iter().all(Result::is_ok), "{ended:?}");
            meet(&[&ada, &noor]);
        }
        assert_eq!(ada.shared(), noor.shared());
        relay.kill();
        assert_held(&couples, &relay);

        disk.fill_up_to(0);
        let told = relay.try_start_again().unwrap_err();
        assert!(told.contains("is full") && told.contains("make room"), "{told}");
        disk.make_room();
        relay.start_again();
        meet(&[&ada, &noor]);
    }
}

fn assert_held(couples: &[Couple], relay: &Relay) {
    database::check(&relay.database()).unwrap();
    let held = database::rows(&relay.database(), "SELECT hex(hash) FROM entry");
    assert!(couples.iter().all(|couple| couple.acknowledged().is_subset(&held)));
}

#[test]
fn a_phone_whose_disk_is_full_refuses_clearly_and_goes_on_once_there_is_room() {
    for seed in seeds(0..1) {
        let mut chance = Chance::new(seed);
        let world = World::new();
        let relay = world.relay();
        let disk = Disk::new(&world, "Ada");
        let ada = Phone::on(&disk, &world, "Ada");
        let noor = Phone::init(&world, "Noor");
        disk.fill_up_to(chance.below(60_000));
        let told = ada.refused(&["init", "--name", "Ada"]);
        assert!(told.contains("disk is full"), "{told}");
        disk.make_room();
        let _ = ada.run(&["init", "--name", "Ada"]);
        pair(&ada, &noor, &relay.url(), relay.token());

        let mut written = Vec::new();
        for round in 0..2 {
            disk.fill_up_to(chance.below(100_000));
            let refused = loop {
                let body = chance.noise(15_000);
                let ended = ada.start(&["write", "--title", "Full", "--text", &body]).finish();
                if !ended.status.success() {
                    break ended.refused();
                }
                written.push((ended.done()["id"].as_str().unwrap().to_owned(), body));
            };
            assert!(refused.contains("disk is full") && refused.contains("room"), "{refused}");
            let _ = noor.write(&format!("Of Noor {round}"), "It comes when there is room.");
            let _ = noor.sync();
            let refused = ada.refused(&["sync"]);
            assert!(refused.contains("disk is full"), "{refused}");

            disk.make_room();
            meet(&[&ada, &noor]);
            for (id, body) in &written {
                assert_eq!(&ada.read(id), body);
            }
            assert_eq!(ada.list().len(), written.len() + round + 1, "what was refused is not there in part");
            database::check(&ada.database()).unwrap();
        }
        assert_eq!(ada.shared(), noor.shared());
        assert_eq!(relay.branched_feeds().len(), 0);
    }
}

#[test]
fn a_phone_that_watches_while_its_disk_is_full_says_so_and_goes_on_by_itself() {
    let world = World::new();
    let relay = world.relay();
    let disk = Disk::new(&world, "Ada");
    let ada = Phone::on(&disk, &world, "Ada");
    let noor = Phone::init(&world, "Noor");
    let _ = ada.run(&["init", "--name", "Ada"]);
    pair(&ada, &noor, &relay.url(), relay.token());
    let watching = ada.watch();
    watching.until_in_sync();
    disk.fill_up_to(0);
    let entry = noor.write("From Noor", "It comes when there is room.");
    let _ = noor.sync();
    watching.until_reason("disk_full");
    disk.make_room();
    watching.until_changed("entry_changed", &entry);
    watching.until_in_sync();
    assert_eq!(ada.read(&entry), "It comes when there is room.");
}
