//! What if a command dies at any of its steps, in either space? Once more, or a sync, finishes it: done or undone, never half.

use std::collections::BTreeSet;
use std::iter;
use std::path::{Path, PathBuf};

use entwine_tests::phone::text;
use entwine_tests::program::{Ended, Running};
use entwine_tests::world::{meet, pair};
use entwine_tests::{Phone, Relay, World, database, search};
use serde_json::{Value, json};

/// A point at which a program can be killed, and how often the command passes it at least.
type Point = (&'static str, u32);

const CREATE: &[Point] = &[
    ("create:after-stored", 1),
    ("sync:after-sealed", 2),
    ("sync:after-sent", 4),
    ("sync:after-shared", 1),
    ("sync:after-private", 1),
];
const JOIN: &[Point] = &[
    ("join:after-intent", 1),
    ("join:before-accept-sent", 1),
    ("join:accept-alone", 1),
    ("join:after-accept-sent", 1),
    ("join:after-space", 1),
    ("join:after-accept-stored", 1),
    ("sync:after-sealed", 2),
    ("sync:after-sent", 4),
    ("sync:after-shared", 1),
    ("sync:after-private", 1),
];
const JOIN_AS_DEVICE: &[Point] = &[
    ("join:after-intent", 1),
    ("join:before-accept-sent", 2),
    ("join:accept-alone", 2),
    ("join:after-accept-sent", 2),
    ("join:after-space", 2),
    ("join:after-accept-stored", 1),
    ("sync:after-sealed", 2),
    ("sync:after-sent", 4),
    ("sync:after-shared", 1),
    ("sync:after-private", 1),
];
const JOIN_WITH_COPY: &[Point] = &[
    ("join:after-intent", 1),
    ("join:after-accept-sent", 1),
    ("join:after-space", 1),
    ("found-anew:after-note", 2),
    ("join:after-accept-stored", 1),
    ("sync:after-shared", 1),
    ("sync:after-private", 1),
];
const INVITE_DEVICE: &[Point] = &[("invite:after-space", 2), ("sync:after-sealed", 2), ("sync:after-sent", 4)];
/// Where the relay refuses what a phone wrote: the story stands in `refusals`.
const TAKE_BACK: &[Point] = &[("sync:after-taken-back", 1)];
const PHRASE: &[Point] = &[
    ("phrase:after-intent", 1),
    ("phrase:after-space", 2),
    ("phrase:after-removal", 2),
    ("sync:after-sealed", 4),
    ("sync:after-sent", 8),
];
const RECOVER: &[Point] = &[
    ("recover:after-intent", 1),
    ("recover:after-space", 2),
    ("recover:after-stored", 1),
    ("sync:after-sealed", 2),
    ("sync:after-sent", 4),
    ("sync:after-shared", 1),
    ("sync:after-private", 1),
];
const REMOVE: &[Point] = &[
    ("remove:after-space", 2),
    ("sync:after-sealed", 4),
    ("sync:after-sent", 6),
    ("sync:after-shared", 1),
    ("sync:after-private", 1),
];
const LEAVE: &[Point] = &[("leave:after-intent", 1), ("leave:after-exchange", 1), ("sync:after-sent", 1)];
const FOUND_ANEW: &[Point] = &[
    ("found-anew:after-intent", 1),
    ("found-anew:after-note", 2),
    ("found-anew:after-copy", 1),
    ("sync:after-sealed", 4),
    ("sync:after-sent", 8),
    ("sync:after-shared", 1),
    ("sync:after-private", 1),
];

/// A moment to which everybody can go back.
struct Scene {
    relay: Relay,
    relay_backup: PathBuf,
    phones: Vec<(Phone, PathBuf)>,
}

impl Scene {
    fn remember(mut relay: Relay, phones: &[&Phone]) -> Self {
        relay.stop();
        let relay_backup = relay.backup();
        let phones = phones.iter().map(|phone| ((*phone).clone(), phone.backup())).collect();
        Self { relay, relay_backup, phones }
    }

    fn go_back(&mut self) {
        self.relay.kill();
        self.relay.restore(&self.relay_backup);
        for (phone, backup) in &self.phones {
            phone.restore(backup);
        }
        self.relay.start_again();
    }

    /// Kills the command the first, second, … time that it passes each of the points, until it passes no more. Each time it begins
    /// at this moment, and `check` is told where it died.
    fn kill_everywhere(
        &mut self,
        points: &[Point],
        dying: &Phone,
        start: impl Fn(&Phone) -> Running,
        check: impl Fn(&Relay, &str, &Ended),
    ) {
        for (point, times) in points {
            for time in 1.. {
                self.go_back();
                let at = format!("{point}@{time}");
                let ended = start(&dying.with("ENTWINE_TEST_FAULT", &at)).finish();
                if ended.status.success() {
                    assert!(time > *times, "{}: passes {point} {} times", ended.what, time - 1);
                    break;
                }
                ended.killed();
                check(&self.relay, &at, &ended);
            }
        }
    }
}

#[test]
fn create_killed_anywhere_is_done_by_asking_again() {
    let world = World::new();
    let relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let (ada, url) = (Phone::init(&world, "Ada"), relay.url());
    let create = ["create", "--relay", &url];
    Scene::remember(relay, &[&ada]).kill_everywhere(
        CREATE,
        &ada,
        |ada| ada.start(&create),
        |relay, at, _| {
            let begun = ada.status()["space"].clone();
            assert!(begun.is_string(), "{at}");
            assert_eq!(ada.run(&create)["space"], begun, "{at}");
            let _ = ada.sync();
            assert_eq!(relay.spaces().len(), 2, "{at}: shared and private");
            write_in_both(&[&ada]);
        },
    );
}

#[test]
fn join_killed_anywhere_is_done_by_joining_again() {
    join_killed_anywhere_is_done_by(|noor, link| drop(noor.run(&["join", link])));
}

#[test]
fn join_killed_anywhere_is_done_by_a_sync() {
    join_killed_anywhere_is_done_by(|noor, _| drop(noor.sync()));
}

fn join_killed_anywhere_is_done_by(finish: impl Fn(&Phone, &str)) {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = (Phone::init(&world, "Ada"), Phone::init(&world, "Noor"));
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let before = ada.write("Before", "Written before the other came.");
    let _ = ada.sync();
    let link = ada.invite();
    Scene::remember(relay, &[&ada, &noor]).kill_everywhere(
        JOIN,
        &noor,
        |noor| noor.start(&["join", &link]),
        |relay, at, _| {
            finish(&noor, &link);
            meet(&[&noor, &ada]);
            assert_eq!(noor.read(&before), "Written before the other came.", "{at}");
            assert_eq!(noor.status()["space"], ada.status()["space"], "{at}");
            assert_eq!((ada.devices().len(), relay.spaces().len()), (2, 3), "{at}");
            write_in_both(&[&noor]);
            write_for_each_other(&[&noor, &ada]);
            assert_eq!(relay.branched_feeds().len(), 0, "{at}");
        },
    );
}

#[test]
fn a_phones_join_killed_anywhere_is_done_by_joining_again() {
    a_phones_join_killed_anywhere_is_done_by(|second, link| drop(second.run(&["join", link])));
}

#[test]
fn a_phones_join_killed_anywhere_is_done_by_a_sync() {
    a_phones_join_killed_anywhere_is_done_by(|second, _| drop(second.sync()));
}

fn a_phones_join_killed_anywhere_is_done_by(finish: impl Fn(&Phone, &str)) {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let second = Phone::init_as(&world, "Ada-second", "Ada");
    let link = ada.invite_device();
    let start = |second: &Phone| second.start(&["join", &link]);
    let scene = Scene::remember(relay, &[&ada, &noor, &second]);
    { scene }.kill_everywhere(JOIN_AS_DEVICE, &second, start, |relay, at, _| {
        finish(&second, &link);
        meet(&[&ada, &noor]);
        assert_eq!(ada.devices().len(), 3, "{at}");
        write_in_both(&[&ada, &second]);
        write_for_each_other(&[&second, &noor]);
        assert_eq!(relay.branched_feeds().len(), 0, "{at}");
    });
}

#[test]
fn a_link_whose_making_was_killed_anywhere_can_be_seen_and_ended_and_another_one_works() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let start = |ada: &Phone| ada.start(&["invite", "--device"]);
    Scene::remember(relay, &[&ada, &noor]).kill_everywhere(INVITE_DEVICE, &ada, start, |_, at, _| {
        let _ = ada.sync();
        let half = ada.run(&["invitations"]);
        let second = ada.next_phone(&format!("Ada-{}", name_of(at)));
        for open in half.as_array().unwrap() {
            let _ = ada.run(&["revoke", &text(open, "id")]);
        }
        let _ = ada.sync();
        assert_eq!((ada.run(&["invitations"]), ada.devices().len()), (json!([]), 3), "{at}");
        write_in_both(&[&ada, &second]);
        write_for_each_other(&[&ada, &noor]);
    });
}

#[test]
fn phrase_killed_anywhere_is_made_whole_by_asking_again() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let (old, url) = (ada.phrase(), relay.url());
    let eve = Phone::init(&world, "Eve");
    let start = |ada: &Phone| ada.start(&["phrase"]);
    Scene::remember(relay, &[&ada, &noor, &eve]).kill_everywhere(PHRASE, &ada, start, |_, at, killed| {
        let _ = ada.sync();
        let words = ada.phrase();
        if let Ok(shown) = serde_json::from_str::<Value>(&killed.stdout) {
            assert_eq!(shown["words"], json!(words.split(' ').collect::<Vec<_>>()), "{at}: what was shown is good");
        }
        let _ = eve.recover(&url, &old).refused();
        let back = Phone::init_as(&world, &format!("Ada-{}", name_of(at)), "Ada");
        assert_eq!(back.recover(&url, &words).done()["spaces"].as_array().unwrap().len(), 2, "{at}");
        let _ = ada.sync();
        assert_eq!(ada.devices().len(), 4, "two phones, one phrase, and Noor: {at}");
    });
}

#[test]
fn recover_killed_anywhere_is_done_by_asking_again() {
    recover_killed_anywhere_is_done_by(|back, url, words| drop(back.recover(url, words).done()));
}

#[test]
fn recover_killed_anywhere_is_done_by_a_sync() {
    recover_killed_anywhere_is_done_by(|back, _, _| drop(back.sync()));
}

fn recover_killed_anywhere_is_done_by(finish: impl Fn(&Phone, &str, &str)) {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entries = (noor.write("Hers", "Shared."), ada.write_private("Mine", "Private."));
    let (words, url) = (ada.phrase(), relay.url());
    meet(&[&noor, &ada]);
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    let start = |back: &Phone| back.start_with(&["recover", "--relay", &url], &words);
    Scene::remember(relay, &[&ada, &noor, &back]).kill_everywhere(RECOVER, &back, start, |relay, at, _| {
        finish(&back, &url, &words);
        let kept = database::rows(&back.profile().join("profile.db"), "SELECT kind FROM intent");
        assert_eq!(kept, BTreeSet::new(), "{at}: the words are kept no longer than it takes");
        assert_eq!((back.read(&entries.0), back.read(&entries.1)), ("Shared.".into(), "Private.".into()), "{at}");
        meet(&[&ada]);
        write_in_both(&[&ada, &back]);
        write_for_each_other(&[&back, &noor]);
        assert_eq!(relay.branched_feeds().len(), 0, "{at}");
    });
}

#[test]
fn remove_device_killed_anywhere_is_done_by_asking_again() {
    remove_device_killed_anywhere_is_done_by(|ada, id| {
        // Where it was done, there is no such device any more.
        let _ = ada.start(&["remove-device", id]).finish();
    });
}

#[test]
fn remove_device_killed_anywhere_is_done_in_both_spaces_or_in_none_after_a_sync() {
    remove_device_killed_anywhere_is_done_by(|ada, id| {
        let _ = ada.sync();
        // Before the first record went out, nothing had begun.
        if ada.devices().iter().any(|device| device["keyholder"] == id) {
            let _ = ada.run(&["remove-device", id]);
        }
    });
}

fn remove_device_killed_anywhere_is_done_by(finish: impl Fn(&Phone, &str)) {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let stolen = ada.next_phone("Ada-stolen");
    let id = stolen.keyholder();
    let pushed = (stolen.write("Pushed", "Hers still."), stolen.write_private("Pushed too", "Hers alone."));
    meet(&[&stolen]);
    let start = |ada: &Phone| ada.start(&["remove-device", &id]);
    Scene::remember(relay, &[&ada, &noor, &stolen]).kill_everywhere(REMOVE, &ada, start, |relay, at, _| {
        finish(&ada, &id);
        let private = ada.write_private("Alone", "Not for the stolen one.");
        meet(&[&ada, &noor]);
        assert_eq!(ada.devices().len(), 2, "{at}");
        assert_eq!(stolen.sync_stops(), "removed", "{at}");
        let _ = stolen.refused(&["read", &private]);
        assert_eq!((ada.read(&pushed.0), ada.read(&pushed.1)), ("Hers still.".into(), "Hers alone.".into()), "{at}");
        write_for_each_other(&[&ada, &noor]);
        assert_eq!(relay.branched_feeds().len(), 0, "{at}");
    });
}

#[test]
fn leave_killed_anywhere_is_done_by_asking_again() {
    leave_killed_anywhere_is_done_by(&["leave"]);
}

#[test]
fn leave_killed_anywhere_is_done_by_a_sync() {
    leave_killed_anywhere_is_done_by(&["sync"]);
}

fn leave_killed_anywhere_is_done_by(again: &[&str]) {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let before = noor.write("Before", "Of the honeymoon.");
    meet(&[&noor, &ada]);
    let start = |noor: &Phone| noor.start(&["leave"]);
    Scene::remember(relay, &[&ada, &noor]).kill_everywhere(LEAVE, &noor, start, |_, at, _| {
        assert_eq!(noor.status()["reason"], "left", "{at}");
        let _ = noor.start(again).finish();
        let after = ada.write("After", "Of the driftwood.");
        meet(&[&ada]);
        assert_eq!(ada.devices().len(), 1, "{at}");
        assert_eq!(noor.sync_stops(), "left", "{at}");
        assert_eq!(noor.read(&before), "Of the honeymoon.", "{at}");
        let _ = noor.refused(&["read", &after]);
        let _ = noor.write_private("Alone", "This goes on.");
    });
}

#[test]
fn found_anew_killed_anywhere_is_done_by_asking_again() {
    let world = World::new();
    let relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let (ada, noor) = (Phone::init(&world, "Ada"), Phone::init(&world, "Noor"));
    pair(&ada, &noor, &relay.url(), "none is needed");
    let _ = (ada.write("First snow", "We walked."), ada.write_private("Alone", "Mine."));
    meet(&[&ada, &noor]);
    let before = text(&ada.status(), "space");
    let start = |ada: &Phone| ada.start(&["found-anew"]);
    Scene::remember(relay, &[&ada, &noor]).kill_everywhere(FOUND_ANEW, &ada, start, |_, at, _| {
        assert_eq!(titles_once(&ada), ["Alone", "First snow"], "{at}");
        let _ = ada.run(&["found-anew"]);
        assert_ne!(text(&ada.status(), "space"), before, "{at}");
        let _ = ada.sync();
        assert_eq!(titles_once(&ada), ["Alone", "First snow"], "{at}");
        let _ = noor.run(&["join", &ada.invite(), "--bring-copy"]);
        meet(&[&ada]);
        write_for_each_other(&[&ada, &noor]);
    });
}

#[test]
fn join_with_a_copy_killed_anywhere_is_done_by_joining_again() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let snow = ada.write("First snow", "We walked.");
    meet(&[&ada, &noor]);
    let _ = noor.write("Not sent yet", "From Noor.");
    let _ = ada.run(&["found-anew"]);
    let link = ada.invite();
    let start = |noor: &Phone| noor.start(&["join", &link, "--bring-copy"]);
    Scene::remember(relay, &[&ada, &noor]).kill_everywhere(JOIN_WITH_COPY, &noor, start, |_, at, _| {
        let _ = noor.run(&["join", &link, "--bring-copy"]);
        meet(&[&noor, &ada]);
        assert_eq!(
            (titles_once(&noor), titles_once(&ada)),
            (vec!["First snow".into(), "Not sent yet".into()], titles_once(&noor))
        );
        assert_eq!(ada.read(&snow), "We walked.", "{at}");
        write_for_each_other(&[&ada, &noor]);
    });
}

/// A point that nobody dies at shows nothing: each one in the programs stands in a table above.
#[test]
fn every_point_at_which_a_program_can_be_killed_is_one_where_it_is_killed_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = BTreeSet::new();
    for (_, bytes) in search::files_in(&root.join("client-sdk/src")) {
        let code = String::from_utf8_lossy(&bytes).into_owned();
        for call in code.split("fault::").skip(1) {
            let call = call.split(';').next().unwrap();
            found.extend(call.split('"').skip(1).step_by(2).filter(|name| name.contains(':')).map(str::to_owned));
        }
    }
    let tables = [
        CREATE,
        JOIN,
        JOIN_AS_DEVICE,
        JOIN_WITH_COPY,
        INVITE_DEVICE,
        TAKE_BACK,
        PHRASE,
        RECOVER,
        REMOVE,
        LEAVE,
        FOUND_ANEW,
    ];
    let known: BTreeSet<String> = tables.concat().iter().map(|(point, _)| (*point).to_owned()).collect();
    assert_eq!(found, known);
}

/// Every title on a phone, in the order of the alphabet, and that none is there twice.
fn titles_once(phone: &Phone) -> Vec<String> {
    let mut titles = phone.titles();
    titles.sort();
    assert!(titles.windows(2).all(|pair| pair[0] != pair[1]), "{titles:?}");
    titles
}

/// A name for a phone that this death needs.
fn name_of(at: &str) -> String {
    at.replace([':', '@'], "-")
}

/// One person's phones read of each other what is shared and what is private.
fn write_in_both(phones: &[&Phone]) {
    let written: Vec<(String, String)> = phones
        .iter()
        .map(|phone| (phone.write("Here", "For both of us."), phone.write_private("Here too", "For me.")))
        .collect();
    meet(phones);
    meet(phones);
    for (phone, (shared, private)) in iter::zip(phones.iter().rev(), &written) {
        assert_eq!((phone.read(shared), phone.read(private)), ("For both of us.".into(), "For me.".into()));
    }
}

/// Both persons read what the other writes, and hold the same.
fn write_for_each_other(phones: &[&Phone; 2]) {
    let [one, other] = phones.map(|phone| phone.write("From me", "To you."));
    meet(&[phones[0], phones[1], phones[0]]);
    assert_eq!((phones[0].read(&other), phones[1].read(&one)), ("To you.".into(), "To you.".into()));
    assert_eq!(phones[0].shared(), phones[1].shared());
}
