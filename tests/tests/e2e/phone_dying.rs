//! What if a phone dies at any moment, its power goes with it, or its disk fails? Not at the named points of `kills`, but before
//! any of its writes to the disk.
//!
//! What a finished command said is kept, what was half done is whole or not there, and both phones come to the same. How a power
//! cut is played, and what that cannot show, stands in `disk` and in the library `power-cut`.

use std::collections::BTreeMap;

use entwine_tests::chance::{Chance, seeds};
use entwine_tests::disk::{DIES_AT, FAILS};
use entwine_tests::phone::text;
use entwine_tests::program::Ended;
use entwine_tests::world::meet;
use entwine_tests::{Disk, Phone, Relay, World, database};

/// Troubles in one play.
const TROUBLES: u32 = 10;
/// So often a command writes and syncs at most, as long as it has never finished. Few take more.
const CALLS_FIRST: u64 = 80;

/// Of the writes and syncs of a command, one of the first so many fails.
const FAILING_MAX: u64 = 16;

/// What happens to a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The program dies, and loses nothing that the system holds.
    Kill,
    /// Also what was not on the disk is lost.
    PowerCut,
    /// A write or a sync fails. The power goes later, now and then.
    FailingDisk,
}

#[test]
fn a_phone_that_is_killed_at_any_moment_keeps_every_finished_word_and_both_come_to_the_same() {
    for seed in seeds(0..2) {
        trouble_again_and_again(seed, Trouble::Kill, &[]).unwrap();
    }
}

#[test]
fn a_phone_whose_power_goes_at_any_moment_keeps_every_finished_word_and_both_come_to_the_same() {
    for seed in seeds(0..2) {
        trouble_again_and_again(seed, Trouble::PowerCut, &[]).unwrap();
    }
}

#[test]
fn a_phone_whose_disk_fails_calls_nothing_done_that_is_not_there_and_both_come_to_the_same() {
    for seed in seeds(0..2) {
        trouble_again_and_again(seed, Trouble::FailingDisk, &[]).unwrap();
    }
}

/// The control: were nothing synced, the same plays would show it.
#[test]
fn a_phone_that_syncs_nothing_is_seen_to_lose_finished_words() {
    let lost = trouble_again_and_again(0, Trouble::PowerCut, &[("ENTWINE_TEST_UNSYNCED", "1")]);
    assert!(lost.is_err(), "nothing was lost");
}

fn trouble_again_and_again(seed: u64, trouble: Trouble, variables: &[(&str, &str)]) -> Result<(), String> {
    let mut play = Play::begin(seed, trouble, variables);
    for _ in 0..TROUBLES {
        play.step()?;
    }
    play.end()
}

struct Play {
    chance: Chance,
    trouble: Trouble,
    relay: Relay,
    disk: Disk,
    ada: Phone,
    noor: Phone,
    /// Each entry, and what Ada was told is in it.
    words: BTreeMap<String, Vec<String>>,
    /// How often a command of this name writes and syncs.
    calls: BTreeMap<&'static str, u64>,
    written: u32,
}

impl Play {
    fn begin(seed: u64, trouble: Trouble, variables: &[(&str, &str)]) -> Self {
        let world = World::new();
        let relay = world.relay();
        let disk = Disk::new(&world, "Ada");
        let ada = Phone::on(&disk, &world, "Ada");
        let ada = variables.iter().fold(ada, |ada, (name, value)| ada.with(name, value));
        let noor = Phone::init(&world, "Noor");
        let _ = ada.run(&["init", "--name", "Ada"]);
        entwine_tests::world::pair(&ada, &noor, &relay.url(), relay.token());
        let entry = ada.write("The first", "Begun.");
        meet(&[&ada, &noor]);
        let words = BTreeMap::from([(entry, vec!["Begun.".to_owned()])]);
        Self { chance: Chance::new(seed), trouble, relay, disk, ada, noor, words, calls: BTreeMap::new(), written: 0 }
    }

    fn next_word(&mut self) -> String {
        self.written += 1;
        format!(" w{}.", self.written)
    }

    /// One command of Ada's that may come to nothing, and what is there afterwards.
    fn step(&mut self) -> Result<(), String> {
        let entries: Vec<String> = self.words.keys().cloned().collect();
        let entry = self.chance.one_of(&entries).clone();
        let word = self.next_word();
        match self.chance.below(4) {
            0 => {
                let title = format!("Title of{word}");
                let ended = self.troubled("write", &["write", "--title", &title, "--text", &word]);
                let id = self.entry_named(&title)?;
                if ended.status.success() {
                    let id = id.ok_or("a finished entry is gone")?;
                    self.words.insert(id, vec![word]);
                } else if let Some(id) = id {
                    // Whole, where it is there.
                    self.words.insert(id, vec![word]);
                }
            }
            1 => {
                if self.troubled("edit", &["edit", &entry, "--append", &word]).status.success() {
                    self.words.entry(entry).or_default().push(word);
                }
            }
            _ => {
                self.noor.append(&entry_of_both(&self.noor), &word);
                let _ = self.noor.sync();
                let _ = self.troubled("sync", &["sync"]);
            }
        }
        self.check()
    }

    /// Runs a command of Ada's, with its trouble. Now and then another program has the database open, so that the end of the
    /// command is not the end of its use.
    fn troubled(&mut self, name: &'static str, arguments: &[&str]) -> Ended {
        let watching = self.chance.coin().then(|| self.ada.watch());
        watching.iter().for_each(|watching| drop(watching.until(|event| event["event"] == "status")));
        let calls = *self.calls.get(name).unwrap_or(&CALLS_FIRST);
        let ada = if self.trouble == Trouble::FailingDisk {
            let kind = self.chance.one_of(&["sync", "write"]);
            self.ada.with(FAILS, &format!("{kind}:{}", 1 + self.chance.below(FAILING_MAX)))
        } else {
            // Now and then it comes to its end.
            self.ada.with(DIES_AT, &(1 + self.chance.below(calls + calls / 8)).to_string())
        };
        let ended = ada.start(arguments).finish();
        if ended.status.success() && watching.is_none() {
            self.calls.insert(name, self.disk.calls());
        }
        drop(watching);
        if self.trouble == Trouble::FailingDisk && !ended.status.success() {
            // Where the index of the log cannot grow, SQLite does not tell a failing disk from a full one.
            let told = ended.refused();
            assert!(told.contains("after the disk") || told.contains("disk is full"), "{told}");
        }
        if self.trouble == Trouble::PowerCut || self.trouble == Trouble::FailingDisk && self.chance.coin() {
            self.disk.cut(&mut self.chance);
        }
        ended
    }

    fn entry_named(&self, title: &str) -> Result<Option<String>, String> {
        let list = self.ada.start(&["list"]).finish();
        if !list.status.success() {
            return Err(list.stderr);
        }
        let list = list.done();
        let found = list.as_array().unwrap().iter().find(|entry| entry["title"] == title);
        Ok(found.map(|entry| text(entry, "id")))
    }

    fn check(&self) -> Result<(), String> {
        for (entry, words) in &self.words {
            let read = self.ada.start(&["read", entry]).finish();
            if !read.status.success() {
                return Err(read.stderr);
            }
            let text = text(&read.done(), "text");
            if let Some(word) = words.iter().find(|word| !text.contains(*word)) {
                return Err(format!("{word} is gone from {text}"));
            }
            // No word is there in part: every one ends with a full stop.
            let whole = |part: &&str| part.is_empty() || part.starts_with('w') || *part == "Begun";
            assert!(text.ends_with('.') && text.split('.').map(str::trim).all(|part| whole(&part)), "{text}");
        }
        database::check(&self.ada.database())
    }

    fn end(self) -> Result<(), String> {
        meet(&[&self.ada, &self.noor, &self.ada]);
        self.check()?;
        assert_eq!(self.ada.shared(), self.noor.shared());
        assert_eq!(self.relay.branched_feeds().len(), 0);
        Ok(())
    }
}

/// The entry that both write in: the oldest.
fn entry_of_both(phone: &Phone) -> String {
    text(phone.list().last().unwrap(), "id")
}

#[test]
fn who_found_and_who_join_while_their_power_goes_again_and_again_end_up_paired() {
    for seed in seeds(0..2) {
        let mut chance = Chance::new(seed);
        let world = World::new();
        let relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
        let disks = [Disk::new(&world, "Ada"), Disk::new(&world, "Noor")];
        let [ada, noor] = [("Ada", &disks[0]), ("Noor", &disks[1])].map(|(name, disk)| {
            let phone = Phone::on(disk, &world, name);
            insist(&mut chance, disk, &phone, &["init", "--name", name]);
            phone
        });
        insist(&mut chance, &disks[0], &ada, &["create", "--relay", &relay.url()]);
        let space = text(&ada.status(), "space");
        let link = ada.invite();
        disks[0].cut(&mut chance);
        insist(&mut chance, &disks[1], &noor, &["join", &link]);
        insist(&mut chance, &disks[0], &ada, &["sync"]);
        let entry = noor.write("Here", "For both of us.");
        meet(&[&noor, &ada, &noor]);
        assert_eq!(ada.read(&entry), "For both of us.");
        assert_eq!((text(&ada.status(), "space"), text(&noor.status(), "space")), (space.clone(), space));
        assert_eq!((ada.devices().len(), relay.spaces().len()), (2, 3), "no keyholder and no space too many");
        assert_eq!(relay.branched_feeds().len(), 0);
    }
}

/// Runs a command until it is done, and loses the power each time, also right after the end.
fn insist(chance: &mut Chance, disk: &Disk, phone: &Phone, arguments: &[&str]) {
    let mut at = 0;
    loop {
        at += 1 + chance.below(CALLS_FIRST / 2);
        let ended = phone.with(DIES_AT, &at.to_string()).start(arguments).finish();
        disk.cut(chance);
        if ended.status.success() {
            return;
        }
        let is_profile = arguments[0] == "init" && ended.stderr.contains("already");
        if is_profile {
            return;
        }
        ended.killed();
    }
}
