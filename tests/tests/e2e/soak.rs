//! Does it hold in any order? Two phones do what chance says, while the relay stops, dies, is set back and emptied, the line is
//! cut at some answer, and phones are killed in the middle. In the end every word of both is on both.
//!
//! `STORY_SEED=7 scripts/test chance` plays one seed again; `STORY_SEEDS=100..200` plays many.

use std::path::PathBuf;

use entwine_tests::chance::seeds;
use entwine_tests::phone::text;
use entwine_tests::world::meet;
use entwine_tests::{Phone, Proxy, Relay, World, program};
use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};

const FIXED: (&str, &str) = ("ENTWINE_REGISTRATION_TOKEN", "a fixed token, so that an emptied relay fills by itself");
const FAULTS: &[&str] = &["sync:after-sealed", "sync:after-sent", "sync:after-shared", "sync:after-private"];
const STEPS: u32 = 45;

#[test]
fn whatever_chance_does_every_word_of_both_ends_up_on_both() {
    for seed in seeds(1..3) {
        let mut play = Play::begin(seed);
        for _ in 0..STEPS {
            play.step();
        }
        play.end();
    }
}

struct Play {
    random: ChaCha20Rng,
    relay: Relay,
    proxy: Proxy,
    phones: [Phone; 2],
    is_up: bool,
    backup: Option<PathBuf>,
    /// Of each phone.
    older: [Option<PathBuf>; 2],
    entries: Vec<String>,
    ritual: String,
    /// Which word must stand in which entry.
    words: Vec<(String, String)>,
}

impl Play {
    fn begin(seed: u64) -> Self {
        let world = World::new();
        let relay = world.relay_with(&[FIXED]);
        let proxy = Proxy::start(relay.address());
        let (ada, noor) = world.couple_by(&proxy.url(), relay.token());
        let entry = ada.write("The first", "Begun.");
        let ritual = ada.begin_ritual("Coffee", "FREQ=DAILY", "08:00");
        meet(&[&ada, &noor]);
        Self {
            random: ChaCha20Rng::seed_from_u64(seed),
            relay,
            proxy,
            phones: [ada, noor],
            is_up: true,
            backup: None,
            older: [None, None],
            entries: vec![entry],
            ritual,
            words: Vec::new(),
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random.next_u32() as usize % bound
    }

    fn step(&mut self) {
        let who = self.below(2);
        let phone = self.phones[who].clone();
        match self.below(20) {
            0..=1 => self.write(&phone),
            2..=6 => self.append(&phone),
            7 => {
                let at = format!("{:02}:{:02}", self.below(24), self.below(60));
                phone.set_ritual(&self.ritual, "--at", &at);
            }
            8 => {
                let entry = self.any_entry();
                let command = ["delete", "restore"][self.below(2)];
                let _ = phone.start(&[command, &entry]).finish();
            }
            9 => {
                let fault = FAULTS[self.below(FAULTS.len())];
                let _ = phone.with("ENTWINE_TEST_FAULT", fault).start(&["sync"]).finish();
            }
            10 => {
                let answers = self.below(4);
                self.proxy.swallow_answer_after(answers);
                let _ = phone.start(&["sync"]).finish();
                let _ = self.proxy.has_swallowed();
            }
            11..=12 => self.both_at_once(),
            13 => self.trouble(),
            14 => self.set_back(who),
            _ => self.sync(&phone),
        }
    }

    fn any_entry(&mut self) -> String {
        let at = self.below(self.entries.len());
        self.entries[at].clone()
    }

    fn write(&mut self, phone: &Phone) {
        let word = format!("w{}.", self.words.len());
        let id = phone.write(&word, &word);
        self.entries.push(id.clone());
        self.words.push((id, word));
    }

    fn append(&mut self, phone: &Phone) {
        let (entry, word) = (self.any_entry(), format!(" w{}.", self.words.len()));
        // A phone refuses to write into an entry that has not reached it.
        if phone.start(&["edit", &entry, "--append", &word]).finish().status.success() {
            self.words.push((entry, word));
        }
    }

    fn sync(&self, phone: &Phone) {
        let ended = phone.start(&["sync"]).finish();
        assert_eq!(ended.status.success(), self.is_up, "{}\n{}{}", ended.what, ended.stdout, ended.stderr);
    }

    /// Both exchange and write at the same moment, each with two programs.
    fn both_at_once(&mut self) {
        let entry = self.entries[0].clone();
        let phones = self.phones.clone();
        let mut running = Vec::new();
        for phone in &phones {
            let word = format!(" w{}.", self.words.len());
            running.push(phone.start(&["edit", &entry, "--append", &word]));
            running.push(phone.start(&["sync"]));
            self.words.push((entry.clone(), word));
        }
        for (number, program) in running.into_iter().enumerate() {
            let ended = program.finish();
            assert!(number % 2 == 1 || ended.status.success(), "{}\n{}", ended.what, ended.stderr);
        }
    }

    fn trouble(&mut self) {
        if !self.is_up {
            self.relay.start_again();
            self.is_up = true;
            return;
        }
        match self.below(4) {
            0 => self.relay.kill(),
            _ => self.relay.stop(),
        }
        match (self.below(4), &self.backup) {
            (0, _) => self.relay.wipe(),
            (1, Some(backup)) => self.relay.restore(backup),
            _ => {}
        }
        if self.backup.is_none() || self.below(3) == 0 {
            let is_there = self.relay.database().exists();
            self.backup = is_there.then(|| self.relay.backup());
        }
        self.is_up = self.below(2) == 0;
        if self.is_up {
            self.relay.start_again();
        }
    }

    /// Keeps a backup of a phone; or, once all that both wrote is on the other phone too, goes back to the one that is kept.
    fn set_back(&mut self, who: usize) {
        let phone = &self.phones[who];
        let Some(older) = self.older[who].take_if(|_| self.is_up) else {
            let folder = phone.profile().with_extension("backup");
            let _ = std::fs::remove_dir_all(&folder);
            program::copy(phone.profile(), &folder);
            self.older[who] = Some(folder);
            return;
        };
        let [ada, noor] = &self.phones;
        meet(&[ada, noor, ada, noor]);
        std::fs::remove_dir_all(phone.profile()).unwrap();
        program::copy(&older, phone.profile());
    }

    fn end(mut self) {
        if !self.is_up {
            self.relay.start_again();
        }
        let [ada, noor] = &self.phones;
        meet(&[ada, noor, ada, noor]);
        assert_eq!(ada.shared(), noor.shared());
        for phone in [ada, noor] {
            for (entry, word) in &self.words {
                let words = text(&phone.run(&["read", entry]), "text");
                assert!(words.contains(word), "{word} is missing in {words}");
            }
            assert_eq!(phone.status()["set_aside"], 0);
        }
    }
}
