//! What if a disk gives back other bytes than were written? One bit is turned over in a database that nobody has open: either it is
//! noticed and said clearly, or it does no harm. Nobody's words depend on that one disk.

use std::fs;
use std::path::{Path, PathBuf};

use entwine_tests::chance::{Chance, seeds};
use entwine_tests::world::meet;
use entwine_tests::{Phone, World};
use rand::Rng as _;

/// Of a page of a database, and of what stands before the first page's own content.
const PAGE_BYTES: usize = 4096;
const SQLITE_HEADER_BYTES: usize = 100;

const FIXED: (&str, &str) = ("ENTWINE_REGISTRATION_TOKEN", "a fixed token, so that an emptied relay fills by itself");

#[test]
fn a_relay_whose_database_rots_panics_never_and_when_it_is_emptied_the_phones_bring_back_every_word() {
    let world = World::new();
    let mut relay = world.relay_with(&[FIXED]);
    let (ada, noor) = world.couple(&relay);
    let mut words = Vec::new();
    for seed in seeds(0..4) {
        let mut chance = Chance::new(seed);
        for phone in [&ada, &noor] {
            let body = format!("Words {}.", words.len());
            words.push((phone.write("Letter", &body), body));
        }
        meet(&[&ada, &noor, &ada]);
        if chance.coin() {
            relay.stop();
        } else {
            // Then its log is still there.
            relay.kill();
        }
        turn_over_one_bit(&mut chance, relay.data(), "relay.db");
        match relay.try_start_again() {
            Err(told) => assert!(told.contains("entwine-relay: ") && told.contains("database"), "{told}"),
            Ok(()) => {
                for phone in [&ada, &noor] {
                    let _ = phone.write("Meanwhile", "The relay may say no to this.");
                    let ended = phone.start(&["sync"]).finish();
                    assert!(ended.status.success() || !ended.refused().is_empty());
                }
                relay.kill();
            }
        }
        let panicked = world.logs().into_iter().find(|(_, log)| String::from_utf8_lossy(log).contains("panicked"));
        assert_eq!(panicked.map(|(path, _)| path), None);

        relay.wipe();
        relay.start_again();
        meet(&[&ada, &noor, &ada]);
        assert_eq!(ada.titles(), noor.titles());
        for (id, body) in &words {
            assert_eq!((&ada.read(id), &noor.read(id)), (body, body));
        }
    }
}

#[test]
fn a_phone_whose_database_rots_says_so_or_shows_what_is_true_and_everything_comes_back_by_the_phrase() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let words = ada.phrase();
    let bodies: Vec<String> = (0..4).map(|number| format!("Words {number}.")).collect();
    let entries: Vec<String> = bodies.iter().map(|body| ada.write("Letter", body)).collect();
    meet(&[&ada, &noor, &ada]);
    // The log of a phone stays where a program that had it open was killed.
    let watching = ada.watch();
    let _ = watching.until(|event| event["event"] == "status");
    let private = ada.write_private("Mine", "For me alone.");
    let _ = ada.sync();
    drop(watching);
    let backup = ada.backup();
    for seed in seeds(0..8) {
        let mut chance = Chance::new(seed);
        ada.restore(&backup);
        turn_over_one_bit(&mut chance, ada.profile(), "profile.db");
        let mut is_noticed = false;
        for (id, body) in entries.iter().zip(&bodies) {
            let ended = ada.start(&["read", id]).finish();
            if ended.status.success() {
                assert_eq!(&ended.done()["text"], body, "what it shows is true");
            } else {
                is_noticed = true;
                let told = ended.refused();
                assert!(told.contains("entwine: "), "{told}");
            }
        }
        let ended = ada.start(&["sync"]).finish();
        is_noticed |= !ended.status.success() && !ended.refused().is_empty();
        if !is_noticed {
            // No harm was done: it goes on as ever.
            let _ = ada.write("After", "Written on it afterwards.");
        }
    }
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    let _ = back.recover(&relay.url(), &words).done();
    let _ = noor.sync();
    for (id, body) in entries.iter().zip(&bodies) {
        assert_eq!((&back.read(id), &noor.read(id)), (body, body));
    }
    assert_eq!(back.read(&private), "For me alone.");
}

#[test]
fn a_database_whose_first_page_is_noise_is_refused_with_what_to_do() {
    let world = World::new();
    let mut relay = world.relay_with(&[FIXED]);
    let (ada, noor) = world.couple(&relay);
    relay.stop();
    for path in [relay.database(), ada.database()] {
        let mut bytes = fs::read(&path).unwrap();
        Chance::new(7).0.fill_bytes(&mut bytes[SQLITE_HEADER_BYTES..PAGE_BYTES]);
        fs::write(&path, bytes).unwrap();
    }
    let told = relay.try_start_again().unwrap_err();
    assert!(told.contains("is damaged") && told.contains("phones fill an empty relay"), "{told}");
    let told = ada.refused(&["list"]);
    assert!(told.contains("is damaged") && told.contains("come in by a link"), "{told}");

    // And that is what helps.
    relay.wipe();
    relay.start_again();
    let _ = noor.sync();
    assert_eq!(noor.devices().len(), 2);
}

/// In the database, or in its log where there is one; half of the time at the beginning of a page, where it hurts most.
fn turn_over_one_bit(chance: &mut Chance, folder: &Path, database: &str) {
    let files: Vec<PathBuf> =
        [database.to_owned(), format!("{database}-wal")].iter().map(|name| folder.join(name)).collect();
    let files: Vec<&PathBuf> =
        files.iter().filter(|path| fs::metadata(path).is_ok_and(|file| file.len() > 0)).collect();
    let path = *chance.one_of(&files);
    let mut bytes = fs::read(path).unwrap();
    let anywhere = chance.below(bytes.len() as u64) as usize;
    let at = if chance.coin() { anywhere } else { anywhere / PAGE_BYTES * PAGE_BYTES + anywhere % 64 };
    bytes[at] ^= 1 << chance.below(8);
    fs::write(path, bytes).unwrap();
}
