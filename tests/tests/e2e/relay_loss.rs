//! What if the relay loses something? Each phone brings what it lacks, the partner's too, and nothing was lost for anybody.

use std::collections::BTreeSet;

use entwine_tests::chance::Chance;
use entwine_tests::world::meet;
use entwine_tests::{Phone, Proxy, Relay, World, database};

const FIXED: (&str, &str) = ("ENTWINE_REGISTRATION_TOKEN", "a fixed token, long and random enough");

#[test]
fn a_relay_set_back_to_a_backup_is_filled_again_by_either_partner() {
    let world = World::new();
    for first in 0..2 {
        let mut relay = world.relay();
        let (ada, noor) = couple(&world, &relay, first);
        let backup = relay.back_up();
        let held = write_and_meet(&ada, &noor, &relay);

        relay.set_back(&backup);
        assert_ne!(relay.holdings(), held, "the relay was set back");
        let phones = if first == 0 { [&ada, &noor, &ada] } else { [&noor, &ada, &noor] };
        meet(&phones);
        assert_eq!(relay.holdings(), held);
        assert_eq!(ada.shared(), noor.shared());
        assert_eq!(relay.branched_feeds().len(), 0);
    }
}

#[test]
fn what_only_one_of_them_had_read_comes_back_from_that_phone() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let backup = relay.back_up();
    let letter = ada.write("Letter", "Only Noor has read this by now.");
    meet(&[&ada, &noor]);
    relay.set_back(&backup);

    // Noor brings Ada's entry, while Ada's phone stays off.
    let _ = noor.sync();
    let held = relay.holdings();
    let answer = noor.write("Answer", "And this is mine.");
    meet(&[&noor, &ada]);
    assert_eq!(ada.read(&answer), "And this is mine.");
    assert_eq!(ada.read(&letter), "Only Noor has read this by now.");
    assert!(relay.holdings().is_superset(&held));
}

#[test]
fn a_relay_set_back_to_before_the_partner_came_learns_of_the_partner_again_from_either() {
    let world = World::new();
    for (number, days_later) in [0, 0, 5].into_iter().enumerate() {
        let mut relay = world.relay();
        let (ada, noor) =
            (Phone::init(&world, &format!("Ada {number}")), Phone::init(&world, &format!("Noor {number}")));
        let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
        let link = ada.invite();
        let backup = relay.back_up();
        let _ = noor.run(&["join", &link]);
        let held = write_and_meet(&ada, &noor, &relay);
        relay.stop();
        relay.restore(&backup);
        relay.set("ENTWINE_TEST_CLOCK_OFFSET", &(days_later * 86_400).to_string());
        relay.start_again();

        // The invitation stands open there. Past its hour, the inviter's phone is the one that may bring who took it up.
        let first = [&noor, &ada, &ada][number];
        if days_later > 0 {
            let reason = noor.sync_stops();
            assert_eq!(reason, "refused");
        }
        meet(&[first, &noor, &ada, &noor]);
        assert_eq!(relay.holdings(), held);
        assert_eq!(ada.shared(), noor.shared());
    }
}

#[test]
fn an_emptied_relay_with_the_same_fixed_token_is_filled_by_either_partner_alone() {
    let world = World::new();
    for first in 0..2 {
        let mut relay = world.relay_with(&[FIXED]);
        assert!(!relay.printed_token(), "a configured token is never printed");
        let (ada, noor) = couple(&world, &relay, first);
        let held = write_and_meet(&ada, &noor, &relay);
        let spaces = relay.spaces();
        relay.stop();
        relay.wipe();
        relay.start_again();
        assert!(relay.holdings().is_empty());

        // Who joined has never seen the token: it stands sealed in the space.
        let phones = if first == 0 { [&ada, &noor, &ada] } else { [&noor, &ada, &noor] };
        let _ = phones[0].sync();
        let shared: BTreeSet<String> = BTreeSet::from([ada.status()["space"].as_str().unwrap().to_owned()]);
        assert!(relay.spaces().is_superset(&shared), "by itself");
        meet(&phones[1..]);
        assert_eq!(relay.spaces(), spaces);
        assert_eq!(relay.holdings(), held);
        assert_eq!(ada.shared(), noor.shared());
    }
}

#[test]
fn an_emptied_relay_with_another_token_asks_for_it_and_is_filled_once_either_gives_it() {
    let world = World::new();
    for first in 0..2 {
        let mut relay = world.relay();
        let (ada, noor) = couple(&world, &relay, first);
        let held = write_and_meet(&ada, &noor, &relay);
        relay.stop();
        relay.wipe();
        relay.start_again();
        assert_eq!(ada.sync_stops(), "registration_needed");
        assert_eq!(noor.sync_stops(), "registration_needed");
        assert_eq!(noor.titles().len(), 6, "a phone reads without a relay");
        assert!(relay.holdings().is_empty());

        let (giver, other) = if first == 0 { (&ada, &noor) } else { (&noor, &ada) };
        let _ = giver.refused(&["sync", "--token", "not this one"]);
        assert!(relay.holdings().is_empty());
        let status = giver.run(&["sync", "--token", relay.token()]);
        assert_eq!(status["in_sync"], true, "{status}");
        meet(&[other, giver]);
        assert!(relay.holdings().is_superset(&held));
        assert_eq!(ada.shared(), noor.shared());

        // The token that helped is remembered: the same loss once more heals by itself.
        let token = relay.token().to_owned();
        relay.set(FIXED.0, &token);
        let held = relay.holdings();
        relay.stop();
        relay.wipe();
        relay.start_again();
        meet(&[other, giver, other]);
        assert!(relay.holdings().is_superset(&held));
    }
}

#[test]
fn founding_without_a_token_is_refused_and_goes_on_with_the_same_space_when_one_is_given() {
    let world = World::new();
    let relay = world.relay();
    let (url, ada) = (relay.url(), Phone::init(&world, "Ada"));
    let told = ada.refused(&["create", "--relay", &url]);
    assert!(told.contains("token"), "{told}");
    let status = ada.status();
    assert_eq!(status["reason"], "registration_needed", "{status}");
    assert_eq!(status["in_sync"], false);
    let _ = ada.refused(&["create", "--relay", &url, "--token", "wrong"]);
    assert!(relay.holdings().is_empty());
    let early = ada.write("Early", "Written before the relay took us.");

    let created = ada.run(&["create", "--relay", &url, "--token", relay.token()]);
    assert_eq!(created["space"], status["space"]);
    assert_eq!(relay.spaces().len(), 2, "one shared space, and its private one");
    // Once more changes nothing, not even the token that is remembered; and another relay would be another space.
    let again = ada.run(&["create", "--relay", &url, "--token", "another"]);
    assert_eq!(again, created);
    let other = world.relay();
    let told = ada.refused(&["create", "--relay", &other.url(), "--token", other.token()]);
    assert!(told.contains("has a space already"), "{told}");
    let noor = Phone::init(&world, "Noor");
    let _ = noor.run(&["join", &ada.invite()]);
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&early), "Written before the relay took us.");
}

#[test]
fn an_open_relay_needs_no_token_and_a_closed_one_takes_no_new_space() {
    let world = World::new();
    let relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let ada = Phone::init(&world, "Ada");
    let _ = ada.run(&["create", "--relay", &relay.url()]);

    let closed = world.relay_with(&[("ENTWINE_REGISTRATION", "closed")]);
    let noor = Phone::init(&world, "Noor");
    let told = noor.refused(&["create", "--relay", &closed.url()]);
    assert!(told.contains("relay"), "{told}");
    assert!(closed.holdings().is_empty());
}

#[test]
fn a_relay_told_to_stop_in_the_middle_of_an_upload_keeps_what_it_acknowledged() {
    let world = World::new();
    let mut relay = world.relay();
    let proxy = Proxy::start(relay.address());
    let (ada, noor) = world.couple_by(&proxy.url(), relay.token());
    for (letter, bytes) in [1_000, 9_000, 25_000].into_iter().enumerate() {
        // Two digits take one byte, so this takes 30,000.
        let _ = ada.write(&format!("Long letter {letter}"), &Chance::new(bytes).noise(60_000));
        let upload = ada.start(&["sync"]);
        proxy.wait_for_bytes(usize::try_from(bytes).unwrap());
        // Exits with 0, whatever is under way.
        relay.stop();
        let _ = upload.finish();
        let missing: Vec<String> = acknowledged(&ada).difference(&held_by(&relay)).cloned().collect();
        assert_eq!(missing, Vec::<String>::new(), "acknowledged, and lost");
        relay.start_again();
    }
    meet(&[&ada, &noor]);
    assert_eq!(noor.titles(), ["Long letter 2", "Long letter 1", "Long letter 0"]);
    assert_eq!(ada.shared(), noor.shared());
}

#[test]
fn a_relay_that_loses_its_power_keeps_what_it_acknowledged() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    for number in 0..3 {
        let _ = ada.write(&format!("Letter {number}"), "Acknowledged, and then the power went.");
        let _ = ada.sync();
        relay.kill();
        assert!(acknowledged(&ada).is_subset(&held_by(&relay)));
        relay.start_again();
    }
    let _ = noor.sync();
    assert_eq!(noor.titles(), ["Letter 2", "Letter 1", "Letter 0"]);
}

fn couple(world: &World, relay: &Relay, number: usize) -> (Phone, Phone) {
    let (ada, noor) = (Phone::init(world, &format!("Ada {number}")), Phone::init(world, &format!("Noor {number}")));
    entwine_tests::world::pair(&ada, &noor, &relay.url(), relay.token());
    (ada, noor)
}

/// Both write, shared and in private, and meet. Returns what the relay holds then: all of it is on a phone.
fn write_and_meet(ada: &Phone, noor: &Phone, relay: &Relay) -> BTreeSet<String> {
    for (number, phone) in [ada, noor].into_iter().enumerate() {
        let _ = phone.write(&format!("From {number}"), "The relay will lose this.");
        let _ = phone.write_private(&format!("Of {number} alone"), "And this.");
        let _ = phone.begin_ritual(&format!("Ritual {number}"), "FREQ=DAILY", "20:00");
        meet(&[phone]);
        let _ = phone.write(&format!("From {number} again"), "It is brought back.");
        meet(&[phone]);
    }
    let _ = noor.write("The last", "So that there is one more than before.");
    meet(&[noor, ada, noor, ada]);
    relay.holdings()
}

/// Hashes of entries that this phone saw the relay hold.
fn acknowledged(phone: &Phone) -> BTreeSet<String> {
    database::rows(&phone.profile().join("profile.db"), "SELECT hex(hash) FROM relay_tip")
}

fn held_by(relay: &Relay) -> BTreeSet<String> {
    database::rows(&relay.database(), "SELECT hex(hash) FROM entry")
}
