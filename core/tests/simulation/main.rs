//! Is anything lost or kept apart, whatever breaks in whatever order? Couples in seeded worlds over core's machines.
//!
//! ```text
//! seed ─► World ─► devices, network, relay: everything that can happen, step by step      (world, device, relay, joining)
//!           └────► heal: no more faults, all exchange until nothing moves                 (heal)
//!                    └─► Oracle: plain automerge, and the list of all that was typed      (oracle)
//! ```
//!
//! A device's steps are durable one by one: each thing that a machine wants done is done whole, and a crash may fall between any
//! two. `SIMULATION_SEED=7 cargo test -p entwine-core --test simulation one_seed -- --nocapture` tells what happens in a seed;
//! `just simulate 100000` runs as many as that. A seed that fails is kept as a test of its cause, beside this one (removal.rs,
//! branches.rs): what happens in a seed is another story whenever the world changes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "what happened in a seed is printed")]

mod branches;
mod counters;
mod device;
mod faults;
mod founding;
mod heal;
mod hostile;
mod joining;
mod members;
mod memory;
mod oracle;
mod relay;
mod sealing;
#[path = "../support/store.rs"]
#[allow(dead_code, reason = "every test program takes its part of it")]
mod store;
mod stories;
mod view;
mod wishes;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use std::{env, fs, thread};

use counters::{Counters, SEEDS_OF_HITS};
use memory::Memory;
use oracle::Oracle;
use rand::rngs::ChaCha20Rng;
use rand::{RngExt as _, SeedableRng as _};
use world::World;

/// Seeds of the test command.
const SEEDS: u64 = 500;

/// What everything here needs beside itself: chance, and those who watch.
struct Tools {
    rng: ChaCha20Rng,
    counters: Counters,
    oracle: Oracle,
    /// How often a message is lost by itself, and a page is a short one.
    loss: f64,
    short_pages: f64,
    /// How often the relay forgets something right before a request arrives.
    forgetting: f64,
    /// How often an epoch is opened by a faulty version.
    faulty_openings: f64,
    memory: Rc<Memory>,
    tells: bool,
}

impl Tools {
    fn new(seed: u64, tells: bool) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let choices = [[0.0, 0.02, 0.1], [0.0, 0.1, 0.5], [0.0, 0.02, 0.1], [0.0, 0.1, 0.5]];
        let [loss, short_pages, forgetting, faulty_openings] = choices.map(|choices| choices[rng.random_range(0..3)]);
        let (counters, oracle, memory) = (Counters::default(), Oracle::default(), Rc::default());
        Self { rng, counters, oracle, loss, short_pages, forgetting, faulty_openings, memory, tells }
    }

    fn say(&self, what: impl FnOnce() -> String) {
        if self.tells {
            println!("{}", what());
        }
    }

    fn loses_at_all(&mut self) -> bool {
        self.rng.random_bool(self.loss)
    }

    fn loses(&mut self, row: &str) -> bool {
        let loses = self.loses_at_all();
        if loses {
            self.counters.hit(row);
        }
        loses
    }

    /// Makes a page shorter than it would have to be: whether it did.
    fn shorten<T>(&mut self, page: &mut Vec<T>) -> bool {
        let shortens = page.len() > 1 && self.rng.random_bool(self.short_pages);
        if shortens {
            self.counters.hit("fault: a message holds one entry and says that there are more");
            page.truncate(1);
        }
        shortens
    }

    /// By how many seconds a clock is ahead after it jumped: minutes, days, years, or not at all.
    fn jump(&mut self) -> i64 {
        let far = [0, 0, 0, 600, 86_400, 315_000_000][self.rng.random_range(0..6)];
        if far == 0 { 0 } else { self.rng.random_range(-far..far) }
    }

    fn end_faults(&mut self) {
        (self.loss, self.short_pages, self.forgetting, self.faulty_openings) = (0.0, 0.0, 0.0, 0.0);
    }
}

/// Lives through a seed: what was counted, and a number that is the same whenever the same happened.
fn live_through(seed: u64, tells: bool) -> (Counters, u64) {
    let mut world = World::new(Tools::new(seed, tells));
    let steps = world.tools.rng.random_range(50..600);
    world.run(steps);
    world.tools.say(|| "all faults end".to_owned());
    world.heal();
    (world.tools.counters.clone(), world.tools.rng.random())
}

/// Lives through many seeds on all processors: what was counted, and the seeds that failed.
fn live_through_all(first: u64, count: u64) -> (Counters, Vec<u64>) {
    let (next, sum, failed) = (AtomicU64::new(0), Mutex::new(Counters::default()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(seed) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < count).map(|n| first + n)
                {
                    match catch_unwind(AssertUnwindSafe(|| live_through(seed, false))) {
                        Ok((counters, _)) => sum.lock().unwrap().add(&counters),
                        Err(_) => {
                            println!("seed {seed} failed: SIMULATION_SEED={seed} tells what happens in it");
                            failed.lock().unwrap().push(seed);
                        }
                    }
                }
            });
        }
    });
    (sum.into_inner().unwrap(), failed.into_inner().unwrap())
}

fn commit() -> String {
    let answer = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output();
    answer.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned()).unwrap_or_default()
}

fn machine() -> String {
    let about = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    let processors = thread::available_parallelism().map_or(1, usize::from);
    format!("{processors} processors ({})", model.unwrap_or("of an unknown kind"))
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long a run takes is told, and nothing depends on it")]
fn couples_come_together_again_whatever_broke() {
    let (first, count) = (number("SIMULATION_FIRST").unwrap_or(0), number("SIMULATION_SEEDS").unwrap_or(SEEDS));
    let begun = Instant::now();
    let (counters, failed) = live_through_all(first, count);
    println!("{count} seeds from {first} on\n{counters}");
    if let Ok(file) = env::var("SIMULATION_TABLE") {
        let seconds = begun.elapsed().as_secs();
        let what = format!(
            "{count} seeds from {first} on, {} failed{}",
            failed.len(),
            failed.iter().map(|seed| format!(" {seed}")).collect::<String>()
        );
        let page =
            format!("{what}; {seconds} seconds on {}, at commit {}\n\n{}", machine(), commit(), counters.table());
        fs::write(file, page).unwrap();
    }
    assert!(failed.is_empty(), "{} of {count} seeds failed: {failed:?}", failed.len());
    let too_rare = counters.too_rare(count);
    println!("too rare by now: {too_rare:#?}");
    assert!(count < SEEDS_OF_HITS || too_rare.is_empty(), "the world must be changed, so that these happen more often");
}

#[test]
fn the_same_seed_is_the_same_story() {
    for seed in 0..5 {
        assert_eq!(live_through(seed, false), live_through(seed, false));
    }
}

/// Tells what happens in the seed that `SIMULATION_SEED` names.
#[test]
fn one_seed() {
    if let Some(seed) = number("SIMULATION_SEED") {
        live_through(seed, true);
    }
}
