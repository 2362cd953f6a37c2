//! What if a line breaks in the middle of founding, joining or an exchange? The same command again finishes it.

use data_encoding::BASE64URL_NOPAD;
use entwine_tests::world::meet;
use entwine_tests::{Phone, Proxy, Relay, World};
use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};

/// Long ones, of some 60,000 bytes that do not compress.
const LETTERS: usize = 16;

#[test]
fn where_the_joiner_died_after_its_accept_the_inviter_opens_the_next_epoch() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = two_phones(&world, &relay.url(), &relay, 0);
    let before = ada.write("Before", "Written before the other came.");
    let _ = ada.sync();
    let link = ada.invite();
    noor.with("ENTWINE_TEST_FAULT", "join:accept-alone").start(&["join", &link]).finish().killed();
    let meanwhile = ada.write("Meanwhile", "Written before the other was back.");
    let _ = ada.sync();
    let _ = noor.run(&["join", &link]);
    assert_eq!(noor.read(&meanwhile), "Written before the other was back.");
    they_are_a_couple(&ada, &noor, &before);
}

#[test]
fn a_joiner_whose_line_breaks_at_any_answer_finishes_by_joining_again() {
    let world = World::new();
    let relay = world.relay();
    let proxy = Proxy::start(relay.address());
    for answers in 0.. {
        let (ada, noor) = two_phones(&world, &proxy.url(), &relay, answers);
        let before = ada.write("Before", "Written before the other came.");
        let _ = ada.sync();
        let link = ada.invite();
        proxy.swallow_answer_after(answers);
        let first = noor.start(&["join", &link]).finish();
        if !proxy.has_swallowed() {
            assert!(answers > 2, "a joining has several requests");
            let _ = first.done();
            break;
        }
        let _ = noor.run(&["join", &link]);
        they_are_a_couple(&ada, &noor, &before);
    }
    assert_eq!(relay.branched_feeds().len(), 0);
}

#[test]
fn a_founder_cut_off_anywhere_founds_the_same_space_again() {
    let world = World::new();
    let relay = world.relay();
    let proxy = Proxy::start(relay.address());
    let url = proxy.url();
    let create = ["create", "--relay", &url, "--token", relay.token()];
    for answers in 0.. {
        let ada = Phone::init(&world, &format!("Ada {answers}"));
        proxy.swallow_answer_after(answers);
        let first = ada.start(&create).finish();
        if !proxy.has_swallowed() {
            assert!(answers > 2, "founding has several requests");
            let _ = first.done();
            break;
        }
        let space = ada.status()["space"].clone();
        assert_eq!(ada.run(&create)["space"], space, "{answers}");
        let _ = ada.sync();
    }
    assert_eq!(relay.branched_feeds().len(), 0);
    assert_eq!(relay.spaces().len() % 2, 0, "each shared space has its one private space");
}

#[test]
fn an_exchange_killed_or_cut_off_anywhere_is_finished_by_the_next() {
    let world = World::new();
    let relay = world.relay();
    let proxy = Proxy::start(relay.address());
    let (ada, noor) = world.couple_by(&proxy.url(), relay.token());
    let mut written = Vec::new();
    for point in ["sync:after-sealed", "sync:after-sent", "sync:after-shared", "sync:after-private"] {
        written.push(ada.write(point, "Sealed, and then the battery was empty."));
        let _ = ada.write_private(point, "This too.");
        ada.with("ENTWINE_TEST_FAULT", point).start(&["sync"]).finish().killed();
    }
    for answers in 0.. {
        written.push(ada.write(&answers.to_string(), "Sent, and then the line was cut."));
        written.push(noor.write(&answers.to_string(), "On its way."));
        let _ = noor.sync();
        proxy.swallow_answer_after(answers);
        let _ = ada.start(&["sync"]).finish();
        if !proxy.has_swallowed() {
            assert!(answers > 1, "an exchange has several requests");
            break;
        }
    }
    meet(&[&ada, &noor, &ada]);
    assert_eq!(noor.titles().len(), written.len());
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(relay.branched_feeds().len(), 0);
}

#[test]
fn years_of_letters_pass_in_several_pages_and_a_cut_at_any_page_loses_none() {
    let world = World::new();
    let relay = world.relay();
    let proxy = Proxy::start(relay.address());
    let ada = Phone::init(&world, "Ada");
    let _ = ada.run(&["create", "--relay", &proxy.url(), "--token", relay.token()]);
    let mut random = ChaCha20Rng::seed_from_u64(1);
    // Each in a month of its own; together more than a message may have.
    let mut written = Vec::new();
    for month in 0..LETTERS {
        let mut bytes = vec![0; 60_000];
        random.fill_bytes(&mut bytes);
        let then = ada.with("ENTWINE_TEST_CLOCK_OFFSET", &format!("-{}", month * 31 * 86_400));
        let words = BASE64URL_NOPAD.encode(&bytes);
        written.push((then.write(&format!("Letter {month}"), &words), words));
    }
    for answers in [1, 1] {
        proxy.swallow_answer_after(answers);
        let _ = ada.start(&["sync"]).finish();
        assert!(proxy.has_swallowed());
    }
    let _ = ada.sync();
    let link = ada.invite();
    let noor = Phone::init(&world, "Noor");
    for answers in [3, 1] {
        proxy.swallow_answer_after(answers);
        let _ = noor.start(&["join", &link]).finish();
        assert!(proxy.has_swallowed());
    }
    let _ = noor.run(&["join", &link]);
    meet(&[&noor, &ada]);
    for (letter, words) in [&written[0], &written[LETTERS / 2], &written[LETTERS - 1]] {
        assert!(noor.read(letter) == *words);
    }
    assert_eq!(relay.branched_feeds().len(), 0);
}

fn two_phones(world: &World, url: &str, relay: &Relay, number: usize) -> (Phone, Phone) {
    let (ada, noor) = (Phone::init(world, &format!("Ada {number}")), Phone::init(world, &format!("Noor {number}")));
    let _ = ada.run(&["create", "--relay", url, "--token", relay.token()]);
    (ada, noor)
}

/// Both read what was there before, and what each writes now; and they hold the same chain.
fn they_are_a_couple(ada: &Phone, noor: &Phone, before: &str) {
    meet(&[noor, ada]);
    let (hers, mine) = (noor.write("Hers", "I came in at last."), ada.write("Mine", "Come in."));
    let _ = noor.write_private("Mine alone", "What a day.");
    meet(&[noor, ada, noor]);
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(noor.read(before), "Written before the other came.");
    assert_eq!(ada.read(&hers), "I came in at last.");
    assert_eq!(noor.read(&mine), "Come in.");
    assert_eq!(ada.run(&["safety-words"]), noor.run(&["safety-words"]));
    assert_eq!(ada.status()["space"], noor.status()["space"]);
}
