//! What if a relay dies in the middle of many pushes, or its power goes with it? All that it acknowledged is there afterwards.
//!
//! With a kill only the program is gone; with the power also what the system had not yet written to the disk. How a power cut is
//! played, and what that cannot show, stands in `disk` and in the library `power-cut`.

use std::collections::BTreeSet;

use entwine_tests::chance::{Chance, seeds};
use entwine_tests::couple::{Couple, push_together};
use entwine_tests::disk::DIES_AT;
use entwine_tests::{Disk, Relay, World, database};

/// Couples that push at once, and entries that each has under way: a hundred in all.
const COUPLES: u64 = 10;
const AT_ONCE: usize = 10;
/// Kills in one play, each when so many pushes were acknowledged at most.
const KILLS: u32 = 20;
const PUSHES_MAX: u64 = 30;
/// Power cuts in one play.
const CUTS: u32 = 3;
/// So often a relay writes and syncs at most until the power goes. Starting takes some hundred of them.
const CALLS_MAX: u64 = 1_500;

#[test]
fn a_relay_killed_in_the_middle_of_pushes_twenty_times_has_all_that_it_acknowledged() {
    for seed in seeds(0..1) {
        let mut chance = Chance::new(seed);
        let world = World::new();
        let mut relay = world.relay_with(OPEN);
        let mut couples = couples(seed, &relay);
        for _ in 0..KILLS {
            let (mut pushes, last) = (0, 1 + chance.below(PUSHES_MAX));
            let address = relay.address();
            let ended = push_together(&mut couples, address, (AT_ONCE, usize::MAX), || {
                pushes += 1;
                if pushes == last {
                    relay.kill();
                }
            });
            assert!(ended.iter().all(Result::is_err), "all others were under way");
            assert_eq!(missing(&couples, &relay), 0);
            relay.start_again();
        }
    }
}

#[test]
fn a_relay_under_load_whose_power_goes_at_any_moment_has_all_that_it_acknowledged() {
    for seed in seeds(0..2) {
        let (acknowledged, lost) = cut_under_load(seed, &[]);
        assert!(acknowledged > 100, "little came to pass: {acknowledged}");
        assert_eq!(lost, 0, "of {acknowledged}");
    }
}

/// The control: were nothing synced, the same plays would show it.
#[test]
fn a_relay_that_syncs_nothing_is_seen_to_lose_what_it_acknowledged() {
    let (acknowledged, lost) = cut_under_load(0, &[("ENTWINE_TEST_UNSYNCED", "1")]);
    assert!(lost > 0, "nothing was lost of {acknowledged}");
}

const OPEN: &[(&str, &str)] = &[("ENTWINE_REGISTRATION", "open"), ("ENTWINE_LOG", "warn")];

fn couples(seed: u64, relay: &Relay) -> Vec<Couple> {
    let couples: Vec<Couple> = (0..COUPLES).map(|number| Couple::new(seed * COUPLES + number, 0)).collect();
    couples.iter().for_each(|couple| couple.create(relay.address()));
    couples
}

/// Couples push, and the power goes. How many entries were acknowledged, and how many of these are gone.
fn cut_under_load(seed: u64, settings: &[(&str, &str)]) -> (usize, usize) {
    let mut chance = Chance::new(seed);
    let world = World::new();
    let disk = Disk::new(&world, "relay");
    let mut relay = Relay::start_on(&disk, &world, &[settings, OPEN].concat());
    let mut couples = couples(seed, &relay);
    relay.kill();
    let mut lost = 0;
    for _ in 0..CUTS {
        let at = 1 + chance.below(CALLS_MAX);
        relay.set(DIES_AT, &at.to_string());
        if relay.try_start_again().is_ok() {
            let ended = push_together(&mut couples, relay.address(), (AT_ONCE, usize::MAX), || {});
            assert!(ended.iter().all(Result::is_err), "they go on until the power goes");
        }
        relay.kill();
        disk.cut(&mut chance);
        relay.set(DIES_AT, "");
        let starts = relay.try_start_again();
        relay.kill();
        // What does not even start has lost all.
        lost = starts.map_or_else(|_| acknowledged(&couples).len(), |()| missing(&couples, &relay));
        if lost > 0 {
            break;
        }
    }
    (acknowledged(&couples).len(), lost)
}

fn acknowledged(couples: &[Couple]) -> BTreeSet<String> {
    couples.iter().flat_map(Couple::acknowledged).collect()
}

/// How much of what was acknowledged a relay does not have that was killed; its database is whole.
fn missing(couples: &[Couple], relay: &Relay) -> usize {
    database::check(&relay.database()).unwrap();
    let held = database::rows(&relay.database(), "SELECT hex(hash) FROM entry");
    acknowledged(couples).difference(&held).count()
}
