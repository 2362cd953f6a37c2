//! What if a disk fails? A write or a sync that fails is never acknowledged, and what was acknowledged is there afterwards, also
//! where the system forgets that it failed and says of the next sync that all is well.
//!
//! How a disk fails, and what the system forgets then, stands in the library `power-cut`. Phones with such a disk are in
//! `phone_dying`.

use std::collections::BTreeSet;

use entwine_tests::chance::{Chance, seeds};
use entwine_tests::couple::{Couple, Unpushed, push_together};
use entwine_tests::disk::FAILS;
use entwine_tests::http::Request;
use entwine_tests::{Disk, Relay, World, database};

const OPEN: &[(&str, &str)] = &[("ENTWINE_REGISTRATION", "open"), ("ENTWINE_LOG", "warn")];
/// The sync that fails is one of the first so many, the write one of so many.
const SYNCS_MAX: u64 = 40;
const WRITES_MAX: u64 = 800;

#[test]
fn a_relay_whose_disk_fails_acknowledges_nothing_that_is_not_there_and_is_well_again_after_a_restart() {
    for seed in seeds(0..4) {
        let mut chance = Chance::new(seed);
        let world = World::new();
        let disk = Disk::new(&world, "relay");
        let mut relay = Relay::start_on(&disk, &world, OPEN);
        let mut couples: Vec<Couple> = (0..6).map(|number| Couple::new(seed * 100 + number, 0)).collect();
        couples.iter().for_each(|couple| couple.create(relay.address()));
        relay.kill();

        let fails = if chance.coin() {
            format!("sync:{}", 1 + chance.below(SYNCS_MAX))
        } else {
            format!("write:{}", 1 + chance.below(WRITES_MAX))
        };
        relay.set(FAILS, &fails);
        match relay.try_start_again() {
            Err(told) => assert!(told.contains("the database in"), "{told}"),
            Ok(()) => {
                for ended in push_together(&mut couples, relay.address(), (10, 60), || {}) {
                    // A checkpoint may fail in peace: all that it would have moved stays in the log.
                    let Err(error) = ended else { continue };
                    let Unpushed::Refused(code, _) = error else { panic!("{error:?}") };
                    assert_eq!(code, "unavailable");
                    assert_eq!(ready(&relay), 503);
                }
            }
        }
        // Whoever runs it restarts it, by hand or by force.
        relay.kill();
        relay.set(FAILS, "");
        relay.start_again();
        assert_eq!(ready(&relay), 200);
        assert_held(&couples, &relay);
        let ended = push_together(&mut couples, relay.address(), (10, 5), || {});
        assert!(ended.iter().all(Result::is_ok), "{ended:?}");
        relay.kill();
        disk.cut(&mut chance);
        relay.start_again();
        assert_held(&couples, &relay);
    }
}

fn ready(relay: &Relay) -> u16 {
    let request = Request { method: "GET", path: "/readyz", token: None, content_type: "", body: &[] };
    request.send(relay.address()).status
}

fn assert_held(couples: &[Couple], relay: &Relay) {
    database::check(&relay.database()).unwrap();
    let held = database::rows(&relay.database(), "SELECT hex(hash) FROM entry");
    let acknowledged: BTreeSet<String> = couples.iter().flat_map(Couple::acknowledged).collect();
    let lost = acknowledged.difference(&held).count();
    assert_eq!(lost, 0, "of {}", acknowledged.len());
}
