//! What does a relay achieve that lies? A double before the real one plays each trick on a phone with a full outbox: it is harmless, or
//! noticed; no word goes; and with an honest relay both come to hold the same.
//!
//! `HOSTILE_CASES=all scripts/test hostile` plays all cases, `HOSTILE_CASES="withholds every entry"` those whose names hold these
//! words, and `STORY_SEED=7` another sample of them.

mod forged;
mod lies;
mod refused;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use entwine_core::feed::EntryRefusal;
use entwine_core::id::SpaceId;
use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::MembershipChain;
use entwine_tests::double::Trick;
use entwine_tests::http::Answer;
use entwine_tests::phone::text;
use entwine_tests::world::meet;
use entwine_tests::{Double, Phone, Relay, World, database};
use rand::SeedableRng as _;
use rand::rngs::ChaCha20Rng;
use rand::seq::SliceRandom as _;
use serde_json::Value;

/// A trick, and what the status says after an exchange in which it was played: one of these reasons, or `in_sync`.
struct Case {
    name: &'static str,
    says: &'static [&'static str],
    trick: fn(&Stage) -> Trick,
    needs_records: bool,
}

fn case(name: &'static str, says: &'static [&'static str], trick: fn(&Stage) -> Trick) -> Case {
    Case { name, says, trick, needs_records: false }
}

impl Case {
    /// Played where the relay holds records that the phone lacks.
    fn about_records(self) -> Self {
        Self { needs_records: true, ..self }
    }
}

/// Of how many cases a sample is.
const SAMPLE: usize = 14;
const LIVE_SAMPLE: usize = 3;
/// A phone that is lied to gives up in so many questions.
const QUESTIONS_MAX: usize = 100;

/// Whether all cases are played, those of a name, or a sample.
pub(crate) fn chosen<T>(cases: Vec<T>, name: impl Fn(&T) -> String, sample: usize) -> Vec<T> {
    match std::env::var("HOSTILE_CASES").as_deref() {
        Ok("all") => cases,
        Ok(words) => cases.into_iter().filter(|case| name(case).contains(words)).collect(),
        Err(_) => {
            let seed = std::env::var("STORY_SEED").ok().map_or(1, |seed| seed.parse().unwrap());
            tell(&format!("STORY_SEED={seed}"));
            let mut cases = cases;
            cases.shuffle(&mut ChaCha20Rng::seed_from_u64(seed));
            cases.truncate(sample);
            cases
        }
    }
}

/// The name of what is played, for whoever reads of a failure.
#[expect(clippy::print_stdout, reason = "the test harness shows it where the story fails")]
pub(crate) fn tell(name: &str) {
    println!("{name}");
}

/// Ada and Noor, who know the relay by the double's address, and keys that a relay may have got hold of.
struct Stage {
    relay: Relay,
    double: Double,
    ada: Phone,
    noor: Phone,
    /// Of a phone of Ada's that was removed.
    removed: SecretKeys,
    /// Of nobody in the space.
    stranger: SecretKeys,
    page: String,
    ritual: String,
    /// What was written on the page.
    words: Vec<String>,
    private: BTreeSet<String>,
}

impl Stage {
    fn set() -> Self {
        let world = World::new();
        let relay = world.relay();
        let double = Double::start(relay.address());
        let (ada, noor) = world.couple_by(&double.url(), relay.token());
        let [ada, noor] = [ada, noor].map(|phone| phone.with("ENTWINE_TEST_FIRST_PAUSE", "1"));
        let lost = ada.next_phone("Ada-lost");
        let removed = lost.secret_keys();
        let _ = ada.run(&["remove-device", &lost.keyholder()]);
        let stranger = Phone::init(&world, "Eve").secret_keys();
        let page = ada.write("Page", "Begun.");
        let ritual = ada.begin_ritual("Coffee", "FREQ=DAILY", "08:00");
        let words = vec!["Begun.".to_owned()];
        let stage = Self { relay, double, ada, noor, removed, stranger, page, ritual, words, private: BTreeSet::new() };
        stage.they_hold_the_same("at first");
        stage
    }

    /// The chains of all spaces.
    fn chains(&self) -> BTreeMap<SpaceId, MembershipChain> {
        let spaces = self.relay.spaces().into_iter().map(|space| space.parse().unwrap());
        spaces.map(|space| (space, self.relay.chain(&space))).collect()
    }

    /// Both write on the same page and elsewhere. Noor's words are on the relay, Ada's wait in her phone.
    fn fill(&mut self, number: usize, with_records: bool) {
        let (hers, own) = (format!(" n{number}."), format!(" a{number}."));
        self.noor.append(&self.page, &hers);
        self.noor.set_ritual(&self.ritual, "--at", &format!("{:02}:{:02}", number / 60 % 24, number % 60));
        let _ = self.noor.sync();
        if with_records {
            for open in self.noor.run(&["invitations"]).as_array().unwrap() {
                let _ = self.noor.run(&["revoke", &text(open, "id")]);
            }
            let _ = self.noor.invite_device();
        }
        self.ada.append(&self.page, &own);
        self.private.insert(self.ada.write_private(&format!("To myself {number}"), "Alone."));
        self.words.extend([hers, own]);
    }

    /// Nothing that Ada ever had on her phone is gone or hidden.
    fn ada_holds_all_of_hers(&self, case: &str) {
        let page = self.ada.read(&self.page);
        let hers_last = self.words.len() - 2;
        for (at, word) in self.words.iter().enumerate() {
            assert!(at == hers_last || page.contains(word), "{case}: {word:?} is gone from {page:?}");
        }
        let listed: BTreeSet<String> = self.ada.list().iter().map(|entry| text(entry, "id")).collect();
        assert!(self.private.is_subset(&listed) && listed.contains(&self.page), "{case}: {listed:?}");
    }

    /// Plays one case, from full outboxes to phones that hold the same.
    fn play(&mut self, number: usize, Case { name, says, trick, needs_records }: &Case) {
        self.fill(number, *needs_records);
        self.double.play(trick(self));
        let ended = self.ada.start(&["sync", "--deadline", "20s"]).finish();
        let questions = self.double.asked();
        self.double.be_honest();
        assert!(matches!(ended.status.code(), Some(0 | 1)), "{name}: {}\n{}", ended.status, ended.stderr);
        let status = self.ada.status();
        let said = reason(&status);
        tell(&format!("{name}: {said}, {questions} questions; {}", status["remedy"]));
        assert!(says.contains(&said.as_str()), "{name}: {status}");
        assert!(questions < QUESTIONS_MAX, "{name}: the phone asked {questions} times");
        self.ada_holds_all_of_hers(name);
        self.they_hold_the_same(name);
    }

    /// The same where Ada's phone stays connected; the next words that come through bring what was missing.
    fn play_live(&mut self, number: usize, Case { name, trick, needs_records, .. }: &Case) {
        self.fill(number, *needs_records);
        self.double.play(trick(self));
        let watching = self.ada.watch();
        // The connection itself is the first.
        self.double.wait_for_questions(3);
        self.double.be_honest();
        tell(&format!("{name}, live"));
        self.ada_holds_all_of_hers(name);
        self.noor.set_ritual(&self.ritual, "--name", &format!("Coffee {number}"));
        let _ = self.noor.sync();
        let has_come = || self.ada.ritual(&self.ritual)["name"] == format!("Coffee {number}");
        while !has_come() {
            let _ = watching.until(|event| event["event"] == "ritual_changed");
        }
        assert_eq!(watching.stop("INT"), Some(130), "{name}");
        self.they_hold_the_same(name);
    }

    /// With an honest relay both come to hold the same, and all of it.
    fn they_hold_the_same(&self, case: &str) {
        self.double.be_honest();
        for phone in [&self.ada, &self.noor] {
            let status = phone.sync();
            assert_eq!(status["set_aside"], 0, "{case}: {status}");
        }
        let pages = [&self.ada, &self.noor].map(|phone| phone.read(&self.page));
        assert_eq!(pages[0], pages[1], "{case}");
        assert!(self.words.iter().all(|word| pages[0].contains(word)), "{case}: {:?}", pages[0]);
        // Nobody was let in, and nobody thrown out: the chains on both phones are the honest relay's.
        let kept = "SELECT hex(space) || position || hex(bytes) FROM record";
        let on_relay = database::rows(&self.relay.database(), kept);
        for phone in [&self.ada, &self.noor] {
            assert!(database::rows(&phone.profile().join("profile.db"), kept).is_subset(&on_relay), "{case}");
        }
    }
}

/// The one reason of a status, or `in_sync`.
fn reason(status: &Value) -> String {
    status["reason"].as_str().unwrap_or("in_sync").to_owned()
}

/// Plays cases, one after the other with the same two people, and anew after one that failed.
fn play_all(cases: Vec<Case>, sample: usize, play: fn(&mut Stage, usize, &Case)) {
    let mut stage = Stage::set();
    let mut failed = Vec::new();
    for (number, case) in chosen(cases, |case| case.name.to_owned(), sample).iter().enumerate() {
        if catch_unwind(AssertUnwindSafe(|| play(&mut stage, number, case))).is_err() {
            failed.push(case.name);
            stage = Stage::set();
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn whatever_a_lying_relay_answers_costs_no_word_and_no_membership_and_heals() {
    play_all(lies::cases().into_iter().chain(forged::cases()).collect(), SAMPLE, Stage::play);
}

#[test]
fn the_same_lies_over_a_connection_that_stays_open_are_forgotten_with_the_next_word_that_comes_through() {
    play_all(lies::cases().into_iter().chain(forged::cases()).collect(), LIVE_SAMPLE, Stage::play_live);
}

#[test]
fn frames_that_answer_nothing_harm_nothing() {
    let stage = Stage::set();
    for (number, (name, frames)) in lies::frames().into_iter().enumerate() {
        tell(name);
        let watching = stage.ada.watch();
        watching.until_in_sync();
        for frame in frames {
            stage.double.say(frame);
        }
        let entry = stage.noor.write(&format!("After {number}"), "It came.");
        let _ = stage.noor.sync();
        watching.until_changed("entry_changed", &entry);
        assert_eq!(watching.stop("INT"), Some(130), "{name}");
    }
}

#[test]
fn what_a_relay_refused_twice_stays_with_its_author_and_comes_along_where_they_found_anew() {
    for takes in [false, true] {
        let mut stage = Stage::set();
        stage.fill(0, false);
        stage.double.play(lies::refuses(&stage, EntryRefusal::Malformed, takes));
        let _ = stage.ada.start(&["sync"]).finish();
        stage.double.be_honest();
        let _ = stage.noor.sync();
        stage.ada_holds_all_of_hers("refused twice");
        let status = stage.ada.sync();
        assert_eq!((&status["in_sync"], status["set_aside"].as_u64() > Some(0)), (&true.into(), true), "{status}");
        assert_eq!(
            stage.noor.read(&stage.page).contains(" a0."),
            takes,
            "a relay can hold words up, and it is counted"
        );

        let _ = stage.ada.run(&["found-anew"]);
        let _ = stage.noor.run(&["join", &stage.ada.invite(), "--bring-copy"]);
        let _ = (stage.ada.sync(), stage.noor.sync());
        stage.they_hold_the_same("founded anew");
    }
}

#[test]
fn who_comes_back_by_a_relay_that_hides_the_private_space_is_told_and_finds_it_by_the_same_words() {
    let world = World::new();
    let relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let double = Double::start(relay.address());
    let (ada, noor) = world.couple_by(&double.url(), "none is needed");
    let diary = ada.write_private("Diary", "Of the windfall.");
    let page = noor.write("Page", "Of the snowdrift.");
    let phrase = ada.phrase();
    meet(&[&ada, &noor]);
    let shared = text(&ada.status(), "space");

    double.play(Box::new(move |asked, relay| {
        let answer = relay(&asked.body);
        if asked.path != "/v1/spaces" || asked.method != "GET" {
            return answer;
        }
        let listed = serde_json::json!({ "spaces": [{ "space": shared, "kind": "shared" }] });
        Answer::of(200, "application/json", listed.to_string().as_bytes())
    }));
    let misled = Phone::init_as(&world, "Misled", "Ada");
    let told = misled.recover(&double.url(), &phrase);
    assert!(told.done()["spaces"].is_array() && told.stderr.contains("no private space"), "{}", told.stderr);
    assert_eq!(misled.read(&page), "Of the snowdrift.");
    let _ = misled.refused(&["read", &diary]);

    double.be_honest();
    let back = Phone::init_as(&world, "Back", "Ada");
    let told = back.recover(&double.url(), &phrase);
    assert!(told.done()["spaces"].is_array() && !told.stderr.contains("no private space"), "{}", told.stderr);
    assert_eq!([back.read(&page), back.read(&diary)], ["Of the snowdrift.", "Of the windfall."]);
}

#[test]
fn who_comes_back_by_a_relay_that_denies_a_space_which_it_named_begins_none_in_its_place() {
    let world = World::new();
    let relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let double = Double::start(relay.address());
    let (ada, noor) = world.couple_by(&double.url(), "none is needed");
    let diary = ada.write_private("Diary", "Of the windfall.");
    let phrase = ada.phrase();
    meet(&[&ada, &noor]);
    // It names both spaces by the first answer, and then denies the first one, or the second: to be read, or to be come into.
    for denied_from in 2..=5 {
        double.play(Box::new(move |asked, relay| {
            if asked.number < denied_from { relay(&asked.body) } else { Answer::refusal(404, "not_found") }
        }));
        let back = Phone::init_as(&world, &format!("Back-{denied_from}"), "Ada");
        let refused = back.recover(&double.url(), &phrase).refused();
        assert!(refused.contains("names a space and then does not know it"), "{denied_from}: {refused}");
        double.be_honest();
        let told = back.recover(&double.url(), &phrase);
        assert!(told.done()["spaces"].is_array() && !told.stderr.contains("no private space"), "{}", told.stderr);
        assert_eq!(back.read(&diary), "Of the windfall.");
    }
}
