//! What if the relay does not take what a phone wrote? It is tried once more alone, stays readable here, and stops nothing.

use entwine_tests::World;
use entwine_tests::world::meet;

#[test]
fn what_the_relay_refuses_twice_stays_here_and_everything_else_goes_on() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    relay.stop();
    relay.set("ENTWINE_TEST_ENTRY_BYTES_MAX", "6000");
    relay.start_again();
    let first = ada.write("First", "Short.");
    let second = ada.write("Second", "Short, too.");
    let long = ada.write("Long", &noise(12_000));
    // Killed after each of the two steps: it went back whole, or not at all.
    for _ in 0..2 {
        ada.with("ENTWINE_TEST_FAULT", "sync:after-taken-back").start(&["sync"]).finish().killed();
        assert_eq!(ada.titles(), ["Long", "Second", "First"]);
    }
    meet(&[&ada, &noor]);
    assert_eq!(noor.titles(), ["Second", "First"], "one entry carried all three at first");
    assert_eq!(ada.titles(), ["Long", "Second", "First"]);
    assert_eq!(ada.read(&long), noise(12_000));
    let status = ada.status();
    assert_eq!((&status["set_aside"], &status["in_sync"]), (&1.into(), &true.into()), "{status}");

    // Writing goes on, in the same document, and both read it.
    let third = ada.write("Third", "Afterwards.");
    ada.append(&first, " And longer.");
    meet(&[&ada, &noor]);
    noor.append(&second, " And hers.");
    meet(&[&noor, &ada]);
    for phone in [&ada, &noor] {
        assert_eq!(phone.read(&third), "Afterwards.");
        assert_eq!(phone.read(&first), "Short. And longer.");
        assert_eq!(phone.read(&second), "Short, too. And hers.");
    }
    assert_eq!(ada.read(&long), noise(12_000));
    assert_eq!(ada.status()["set_aside"], 1);
    assert_eq!(relay.branched_feeds().len(), 0);
}

#[test]
fn what_was_written_on_a_refused_text_stays_with_it() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    relay.stop();
    relay.set("ENTWINE_TEST_ENTRY_BYTES_MAX", "6000");
    relay.start_again();
    let _ = ada.write("First", "Short.");
    let _ = ada.write("Long", &noise(12_000));
    let later = ada.write("Later", "Nobody could open this change without the one before it.");
    let _ = ada.write_private("Private", "Another space.");
    let ritual = ada.begin_ritual("Tea", "FREQ=DAILY", "16:00");
    meet(&[&ada, &noor]);
    assert_eq!(noor.titles(), ["First"]);
    assert_eq!(noor.ritual(&ritual)["name"], "Tea", "another document");
    assert_eq!(ada.titles().len(), 4);
    assert_eq!(ada.status()["set_aside"], 2);
    assert!(ada.read(&later).starts_with("Nobody could"));
    let _ = ada.refused(&["edit", &later, "--append", " Nor this."]);
}

/// Digits that no compression makes short.
fn noise(characters: u64) -> String {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let digit = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from_digit((state % 36) as u32, 36).expect("below 36")
    };
    (0..characters).map(digit).collect()
}
