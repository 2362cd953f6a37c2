//! What if a relay refuses or lies at any request of any act? The act can be done again, nothing that was written is gone, and nobody is
//! out of a space by a relay's word.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use entwine_core::feed::clock::SentClock;
use entwine_core::wire::message::Response;
use entwine_tests::double::{LIVE, Trick};
use entwine_tests::http::Answer;
use entwine_tests::program::Running;
use entwine_tests::world::meet;
use entwine_tests::{Double, Phone, World};

use super::{Case, Stage, chosen, forged, lies, tell};

/// Of how many cells a sample is.
const SAMPLE: usize = 8;
const LIES_SAMPLE: usize = 4;
const TOKEN: &str = "a fixed token";
/// From which request on an act is refused.
const REQUESTS: [usize; 6] = [1, 2, 3, 4, 5, 8];

/// What is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Create,
    Join,
    Sync,
    Recover,
    RemoveDevice,
    Leave,
    FoundAnew,
    Phrase,
    Invite,
}

const ACTS: [Act; 9] = [
    Act::Create,
    Act::Join,
    Act::Sync,
    Act::Recover,
    Act::RemoveDevice,
    Act::Leave,
    Act::FoundAnew,
    Act::Phrase,
    Act::Invite,
];

/// A refusal by name.
type Refusal = (&'static str, fn() -> Answer);

const REFUSALS: &[Refusal] = &[
    ("400 malformed", || Answer::refusal(400, "malformed")),
    ("401 token_expired, in a year that never comes", || {
        let body = format!(r#"{{"code":"token_expired","message":"late","request_id":"1","now":{}}}"#, u64::MAX);
        Answer::of(401, "application/json", body.as_bytes())
    }),
    ("401 keyholder_unknown", || Answer::refusal(401, "keyholder_unknown")),
    ("401 without a body", || Answer::of(401, "", b"")),
    ("403 registration_needed", || Answer::refusal(403, "registration_needed")),
    ("404 not_found", || Answer::refusal(404, "not_found")),
    ("404 without a body", || Answer::of(404, "text/html", b"")),
    ("409 chains_differ", || Answer::refusal(409, "chains_differ")),
    ("410 removed, without a record", || Answer::of(410, "application/cbor", &[])),
    ("410 removed, with an answer that holds none", || Answer {
        status: 410,
        ..Answer::message(&Response::holding(SentClock::empty()))
    }),
    ("413 too_large", || Answer::refusal(413, "too_large")),
    ("413 without a body", || Answer::of(413, "text/html", b"<h1>too large</h1>")),
    ("422 refused", || Answer::refusal(422, "refused")),
    ("426 app_too_old", || Answer::refusal(426, "app_too_old")),
    ("426 without a body", || Answer::of(426, "", b"")),
    ("429 busy", || Answer::refusal(429, "busy")),
    ("429 without a body", || Answer::of(429, "", b"")),
    ("500 internal", || Answer::refusal(500, "internal")),
    ("500 with a page", || Answer::of(500, "text/html", b"<h1>something broke</h1>")),
    ("502 with a page", || Answer::of(502, "text/html", b"<h1>bad gateway</h1>")),
    ("503 unavailable", || Answer::refusal(503, "unavailable")),
    ("503 without a body", || Answer::of(503, "", b"")),
    ("a code that nobody knows, and a message without an end", || {
        let body = serde_json::json!({ "code": "\u{1b}[2J", "message": "no ".repeat(200_000), "request_id": "1" });
        Answer::of(418, "application/json", body.to_string().as_bytes())
    }),
];

/// A couple, Ada's second phone and her phrase, and phones that have done nothing yet. All of it is put back before each cell.
struct Scene {
    stage: Stage,
    /// Ada's, Noor's, Ada's second, and two new ones.
    phones: [Phone; 5],
    backups: Vec<PathBuf>,
    relay_backup: PathBuf,
    phrase: String,
}

const PAGE: [&str; 2] = ["Of the snowdrift.", " Of the thunderclap."];

impl Scene {
    fn set() -> Self {
        let world = World::new();
        let mut relay = world.relay_with(&[("ENTWINE_REGISTRATION_TOKEN", TOKEN)]);
        let double = Double::start(relay.address());
        let (ada, noor) = world.couple_by(&double.url(), TOKEN);
        let (second, removed) = (ada.next_phone("Ada-second"), ada.next_phone("Ada-lost"));
        let _ = ada.run(&["remove-device", &removed.keyholder()]);
        let phrase = ada.phrase();
        let page = noor.write("Page", PAGE[0]);
        meet(&[&noor, &ada, &second, &noor]);
        let ritual = noor.begin_ritual("Coffee", "FREQ=DAILY", "08:00");
        let _ = noor.sync();
        // What waits in her phone.
        ada.append(&page, PAGE[1]);
        let _ = ada.write_private("Alone", "Of the windfall.");
        let [eve, next] = ["Eve", "Ada-next"].map(|name| Phone::init_as(&world, name, "Ada"));
        let stranger = Phone::init(&world, "Stranger").secret_keys();
        let phones = [ada, noor, second, eve, next].map(|phone| phone.with("ENTWINE_TEST_FIRST_PAUSE", "1"));
        let backups = phones.iter().map(Phone::backup).collect();
        let relay_backup = relay.back_up();
        let stage = Stage {
            relay,
            double,
            ada: phones[0].clone(),
            noor: phones[1].clone(),
            removed: removed.secret_keys(),
            stranger,
            page,
            ritual,
            words: Vec::new(),
            private: BTreeSet::new(),
        };
        Self { stage, phones, backups, relay_backup, phrase }
    }

    fn set_back(&mut self) {
        self.stage.double.be_honest();
        self.stage.relay.set_back(&self.relay_backup);
        for (phone, backup) in self.phones.iter().zip(&self.backups) {
            phone.restore(backup);
        }
    }

    fn start(&self, act: Act, link: &str) -> Running {
        let [ada, noor, second, eve, next] = &self.phones;
        match act {
            Act::Create => eve.start(&["create", "--relay", &self.stage.double.url(), "--token", TOKEN]),
            Act::Join => next.start(&["join", link]),
            Act::Sync => ada.start(&["sync"]),
            Act::Recover => next.start_with(&["recover", "--relay", &self.stage.double.url()], &self.phrase),
            Act::RemoveDevice => ada.start(&["remove-device", &second.keyholder()]),
            Act::Leave => noor.start(&["leave"]),
            Act::FoundAnew => ada.start(&["found-anew"]),
            Act::Phrase => ada.start(&["phrase"]),
            Act::Invite => ada.start(&["invite", "--device"]),
        }
    }

    /// Plays a trick on an act, then lets it be done again.
    fn play(&mut self, act: Act, trick: impl FnOnce(&Stage) -> Trick) {
        self.set_back();
        let ada = self.phones[0].clone();
        let link = if act == Act::Join { ada.invite_device() } else { String::new() };
        let space = ada.status()["space"].clone();
        self.stage.double.play(trick(&self.stage));
        let ended = self.start(act, &link).finish();
        assert!(matches!(ended.status.code(), Some(0 | 1)), "{}\n{}", ended.status, ended.stderr);
        assert!(ended.status.success() || ended.stderr.len() < 4096, "whatever a relay says, people read a few lines");
        self.nothing_is_gone(act, ended.status.success());

        // With an honest relay the same is done by asking again, or was done already.
        self.stage.double.be_honest();
        let has_founded = act == Act::FoundAnew && ada.status()["space"] != space;
        let is_removed = act == Act::RemoveDevice && !self.lists_second();
        if !ended.status.success() && !has_founded && !is_removed {
            let again = self.start(act, &link).finish();
            assert!(again.status.success(), "{}\n{}{}", again.what, again.stdout, again.stderr);
        }
        self.it_is_done(act, &space);
    }

    fn lists_second(&self) -> bool {
        let second = self.phones[2].keyholder();
        self.phones[0].devices().iter().any(|device| device["keyholder"] == second.as_str())
    }

    fn nothing_is_gone(&self, act: Act, is_done: bool) {
        let [ada, noor] = [&self.phones[0], &self.phones[1]];
        assert_eq!(ada.read(&self.stage.page), PAGE.concat());
        assert_eq!(ada.titles().len(), 2);
        assert_eq!(noor.read(&self.stage.page), PAGE[0]);
        let reason = ada.status()["reason"].clone();
        assert_ne!(reason, "removed", "a relay's word alone");
        assert!(is_done || act != Act::Sync || reason != "left");
    }

    fn it_is_done(&self, act: Act, space: &serde_json::Value) {
        let [ada, noor, _, eve, next] = &self.phones;
        match act {
            Act::FoundAnew => {
                let _ = ada.sync();
                assert_ne!(ada.status()["space"], *space);
                let _ = noor.run(&["join", &ada.invite(), "--bring-copy"]);
            }
            Act::Leave => {
                // A relay that did not take it is told at the next exchange.
                assert_eq!(noor.sync_stops(), "left");
                meet(&[ada]);
                assert_eq!(ada.read(&self.stage.page), PAGE.concat());
                return assert!(ada.devices().iter().all(|device| device["person"] == "own"));
            }
            Act::RemoveDevice => assert!(!self.lists_second()),
            Act::Create => assert_eq!(eve.sync()["in_sync"], true),
            Act::Join | Act::Recover => assert!(next.titles().contains(&"Page".to_owned())),
            Act::Sync | Act::Phrase | Act::Invite => {}
        }
        meet(&[ada, noor, ada]);
        assert_eq!([ada.read(&self.stage.page), noor.read(&self.stage.page)], [PAGE.concat(), PAGE.concat()]);
        assert_eq!(ada.shared(), noor.shared());
    }
}

/// Passes on the first requests, and refuses all others.
fn refuses_from(from: usize, refusal: fn() -> Answer) -> Trick {
    Box::new(move |asked, relay| if asked.number < from { relay(&asked.body) } else { refusal() })
}

/// Plays tricks on acts, each from the same beginning.
fn play_all<T>(
    cells: Vec<(Act, T)>,
    name: impl Fn(&(Act, T)) -> String,
    sample: usize,
    trick: impl Fn(&T, &Stage) -> Trick,
) {
    let mut scene = Scene::set();
    let mut failed = Vec::new();
    for cell in chosen(cells, &name, sample) {
        tell(&name(&cell));
        let played = catch_unwind(AssertUnwindSafe(|| scene.play(cell.0, |stage| trick(&cell.1, stage))));
        if played.is_err() {
            failed.push(name(&cell));
            scene = Scene::set();
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn whatever_a_relay_refuses_is_done_by_asking_again_and_nothing_is_gone() {
    let refusals = REFUSALS.iter().flat_map(|refusal| REQUESTS.map(|from| (*refusal, from)));
    let cells = ACTS.into_iter().flat_map(|act| refusals.clone().map(move |refusal| (act, refusal)));
    let name =
        |(act, ((refusal, _), from)): &(Act, (Refusal, usize))| format!("{act:?}, from request {from} on: {refusal}");
    play_all(cells.collect(), name, SAMPLE, |((_, refusal), from), _| refuses_from(*from, *refusal));
}

#[test]
fn an_act_that_a_lying_relay_spoils_is_done_by_asking_again_and_nothing_is_gone() {
    let cases = || lies::cases().into_iter().chain(forged::cases());
    let cells = ACTS.into_iter().flat_map(|act| cases().map(move |case| (act, case)));
    let name = |(act, case): &(Act, Case)| format!("{act:?}, and the relay {}", case.name);
    play_all(cells.collect(), name, LIES_SAMPLE, |case, stage| (case.trick)(stage));
}

#[test]
fn where_a_relay_refuses_to_stay_connected_every_exchange_is_a_request_of_its_own() {
    let world = World::new();
    let relay = world.relay();
    let double = Double::start(relay.address());
    let (ada, noor) = world.couple_by(&double.url(), relay.token());
    let closes: [Refusal; 3] = [
        ("closed with 4426", || Answer::of(4426, "", b"app_too_old")),
        ("closed with 4401 and a clock that is wrong", || Answer::of(4401, "", b"token_expired 99999999999999999999")),
        ("closed with 4410", || Answer::of(4410, "", b"removed")),
    ];
    for (number, (name, refusal)) in
        chosen([REFUSALS, &closes].concat(), |(name, _)| (*name).to_owned(), 4).iter().enumerate()
    {
        tell(name);
        let refusal = *refusal;
        double.play(Box::new(move |asked, relay| if asked.path == LIVE { refusal() } else { relay(&asked.body) }));
        let entry = noor.write(&format!("Letter {number}"), "By request.");
        let _ = noor.sync();
        let watching = ada.watch();
        watching.until_changed("entry_changed", &entry);
        assert_eq!(watching.stop("INT"), Some(130), "{name}");
    }
}
