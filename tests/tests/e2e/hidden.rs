//! What can a relay not hide? What it withholds, or lost, or shows on one side alone, stands in the next words that come through:
//! the status says so until it has come.

use std::collections::BTreeSet;

use entwine_tests::phone::text;
use entwine_tests::world::{meet, pair};
use entwine_tests::{Phone, Proxy, Relay, World, database, program};
use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};

/// More than fit one message, each about as long as a text may be.
const LETTERS: usize = 16;

#[test]
fn what_the_relay_withholds_stands_in_the_partners_next_words_and_is_missed_until_it_comes() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let tablet = ada.next_phone("Ada's tablet");
    meet(&[&ada, &noor]);
    let (letter, answer) = letter_and_answer(&ada, &noor);
    withhold(&mut relay, &ada);

    for _ in 0..2 {
        assert_eq!(tablet.sync_stops(), "relay_behind", "and it stays so");
        let remedy = text(&tablet.status(), "remedy");
        assert!(remedy.starts_with("your partner had at least 1 entry that the relay does not give"), "{remedy}");
        assert!(!remedy.contains(&ada.keyholder()) && !remedy.contains(&noor.keyholder()), "{remedy}");
    }
    assert!(!tablet.titles().contains(&"Answer".to_owned()), "words that build on missing ones wait for them");
    let own = tablet.write("Own", "Written meanwhile.");
    assert_eq!(tablet.status()["reason"], "relay_behind", "what waits to be sent does not cover it up");
    assert_eq!(tablet.sync_stops(), "relay_behind");

    // Ada's phone stays off: whoever read it brings it.
    meet(&[&noor, &tablet]);
    assert_eq!((tablet.read(&letter), tablet.read(&answer)), ("This is mine.".into(), "And here is mine.".into()));
    assert_eq!(noor.read(&own), "Written meanwhile.");
    assert_eq!(tablet.shared(), noor.shared());
}

#[test]
fn a_phone_set_back_together_with_the_relay_learns_from_the_partner_that_it_had_written_more() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let backup = world.folder().join("backup-of-ada");
    program::copy(ada.profile(), &backup);
    let (letter, _) = letter_and_answer(&ada, &noor);
    std::fs::remove_dir_all(ada.profile()).unwrap();
    program::copy(&backup, ada.profile());
    withhold(&mut relay, &ada);

    assert_eq!(ada.sync_stops(), "relay_behind");
    let remedy = text(&ada.status(), "remedy");
    assert!(remedy.starts_with("this phone was set back or copied, and had written at least 1 entry"), "{remedy}");
    meet(&[&noor, &ada]);
    assert_eq!(ada.read(&letter), "This is mine.");
    assert_eq!(ada.shared(), noor.shared());
}

#[test]
fn a_relay_set_back_while_a_phone_was_fetching_is_noticed_without_the_one_who_wrote() {
    let world = World::new();
    let mut relay = world.relay();
    let proxy = Proxy::start(relay.address());
    let (ada, noor) = noor_before_ada(&world);
    pair(&ada, &noor, &proxy.url(), relay.token());
    let tablet = ada.next_phone("Ada's tablet");
    meet(&[&ada, &noor]);
    let backup = relay.back_up();
    for number in 0..LETTERS {
        // Each in a month of its own, so that it is a document of its own.
        let then = ada.with("ENTWINE_TEST_CLOCK_OFFSET", &format!("-{}", (number + 2) * 31 * 86_400));
        let _ = then.write(&format!("Letter {number}"), &noise(number));
    }
    let _ = letter_and_answer(&ada, &noor);

    // The tablet gets one message of them: Noor's words, and some of Ada's that Noor had seen. Then the relay is set back.
    proxy.swallow_answer_after(1);
    assert_eq!(tablet.sync_stops(), "offline");
    assert!(proxy.has_swallowed());
    let held = entries(&tablet).len();
    assert!(held < entries(&noor).len(), "{held}");
    relay.set_back(&backup);
    assert_eq!(tablet.sync_stops(), "relay_behind");
    let remedy = text(&tablet.status(), "remedy");
    assert!(remedy.starts_with("your partner had at least"), "{remedy}");

    meet(&[&noor, &tablet]);
    assert_eq!(entries(&tablet), entries(&noor));
}

#[test]
fn two_views_of_one_space_are_noticed_once_a_word_crosses_and_heal_where_they_meet() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let tablet = ada.next_phone("Ada's tablet");
    meet(&[&ada, &noor]);
    let other_view = world.folder().join("the other view");
    relay.stop();
    program::copy(relay.data(), &other_view);
    relay.start_again();

    // One relay for Ada and Noor, and one for the tablet, both under the same address. As long as no word crosses, either looks
    // whole.
    let first = ada.write("First", "On the one side.");
    meet(&[&ada, &noor]);
    relay.swap(&other_view);
    let second = tablet.write("Second", "On the other side.");
    meet(&[&tablet]);

    // Somebody shows the tablet Noor's next words, and keeps back what she answers to.
    relay.swap(&other_view);
    let (letter, _) = letter_and_answer(&ada, &noor);
    relay.stop();
    std::fs::remove_dir_all(&other_view).unwrap();
    program::copy(relay.data(), &other_view);
    relay.start_again();
    relay.swap(&other_view);
    withhold(&mut relay, &ada);
    assert_eq!(tablet.sync_stops(), "relay_behind");
    relay.swap(&other_view);
    assert_eq!(ada.sync()["in_sync"], true, "on its side all is there");

    // Where they meet, each brings what it has.
    meet(&[&tablet, &ada, &noor, &tablet]);
    for phone in [&ada, &noor, &tablet] {
        assert_eq!((phone.read(&first), phone.read(&second)), ("On the one side.".into(), "On the other side.".into()));
        assert_eq!(phone.read(&letter), "This is mine.");
        assert_eq!(phone.shared(), ada.shared());
    }
}

/// Ada writes, and Noor answers when she has read it. Both have reached the relay.
fn letter_and_answer(ada: &Phone, noor: &Phone) -> (String, String) {
    let letter = ada.write("Letter", "This is mine.");
    meet(&[ada, noor]);
    let answer = noor.write("Answer", "And here is mine.");
    meet(&[noor]);
    (letter, answer)
}

/// The relay gives the last thing that this phone wrote to nobody any more.
fn withhold(relay: &mut Relay, author: &Phone) {
    relay.stop();
    relay.withhold(&text(&author.status(), "space"), &author.keyholder(), 1);
    relay.start_again();
}

/// Hashes of the shared entries that this phone holds.
fn entries(phone: &Phone) -> BTreeSet<String> {
    let query = "SELECT hex(hash) FROM entry JOIN space USING (space) WHERE space.kind = 0";
    database::rows(&phone.profile().join("profile.db"), query)
}

/// Phones of which Noor's has the smaller id: its words come first in a message.
fn noor_before_ada(world: &World) -> (Phone, Phone) {
    let init = |name: String| {
        let phone = Phone::without_profile(world, &name);
        let id = text(&phone.run(&["init", "--name", name.split(' ').next().unwrap()]), "keyholder");
        (id, phone)
    };
    let (noors, noor) = init("Noor".to_owned());
    let mut adas = (0..).map(|number| init(format!("Ada {number}")));
    let (_, ada) = adas.find(|(id, _)| *id > noors).unwrap();
    (ada, noor)
}

/// A text that hardly compresses, as long as a text may be, of few characters for its bytes.
fn noise(seed: usize) -> String {
    let mut random = ChaCha20Rng::seed_from_u64(seed as u64);
    (0..40_000).map(|_| char::from_u32(0x4e00 + random.next_u32() % 0x5000).unwrap()).collect()
}
