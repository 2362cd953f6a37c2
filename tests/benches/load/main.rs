//! How fast is the relay, and what does it take? Couples load a real relay process; what limits it is measured in the same run.
//!
//! `cargo bench -p entwine-tests --bench load` prints the figures; with `-- --write` it writes `docs/performance.md` too, and with
//! `-- --couples 100 --entries 500` it does nothing but load the relay so, for a profiler to look at.

#![allow(clippy::print_stdout, reason = "it prints figures")]

mod limit;
mod report;

use std::time::{Duration, Instant};

use entwine_tests::couple::{self, CHANGE_BYTES, Couple};
use entwine_tests::line::Line;
use entwine_tests::{World, program};

/// Entries that each Ada sends.
const ENTRIES: usize = 50;

/// Couples at once.
const COUPLES: [usize; 5] = [10, 30, 100, 300, 1_000];

/// What a run came to.
struct Load {
    couples: usize,
    per_second: f64,
    /// From sending to having, sorted.
    took: Vec<Duration>,
    relay_seconds_per_thousand: f64,
    /// What the load itself took of the processors.
    load_seconds_per_thousand: f64,
}

/// All of it.
struct Figures {
    per_entry: [Duration; 2],
    fsync: Vec<Duration>,
    rows_per_second: f64,
    loads: Vec<Load>,
    slow: Vec<Duration>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let world = World::new();
    if let Some(couples) = number("--couples") {
        show(&runtime.block_on(load(&world, couples, number("--entries").unwrap_or(ENTRIES), None)));
        return;
    }
    let per_entry = couple::per_entry(2_000);
    println!("seal and sign {:?}, verify and open {:?} per entry of {CHANGE_BYTES} bytes", per_entry[0], per_entry[1]);
    let fsync = limit::fsync(world.folder(), 400);
    println!("fsync p50 {:?} p99 {:?}", at(&fsync, 0.5), at(&fsync, 0.99));
    let rows_per_second = runtime.block_on(limit::sqlite_rows_per_second(world.folder(), 300));
    println!("raw SQLite, transactions of 100, synchronous=FULL: {rows_per_second:.0} rows/s");
    let slow = runtime.block_on(load(&world, 10, 40, Some(Duration::from_millis(500)))).took;
    println!("10 couples, 20 changes/s: p50 {:?} p99 {:?}", at(&slow, 0.5), at(&slow, 0.99));
    let mut loads = Vec::new();
    for couples in COUPLES {
        let load = runtime.block_on(load(&world, couples, ENTRIES, None));
        show(&load);
        loads.push(load);
    }
    if std::env::args().any(|argument| argument == "--write") {
        report::write(&Figures { per_entry, fsync, rows_per_second, loads, slow });
    }
}

/// The number after an option of the command line.
fn number(option: &str) -> Option<usize> {
    std::env::args().skip_while(|argument| argument != option).nth(1)?.parse().ok()
}

fn show(load: &Load) {
    println!(
        "{} couples: {:.0} deliveries/s, p50 {:?} p99 {:?}, relay {:.3} s and load {:.3} s CPU per 1,000 entries",
        load.couples,
        load.per_second,
        at(&load.took, 0.5),
        at(&load.took, 0.99),
        load.relay_seconds_per_thousand,
        load.load_seconds_per_thousand
    );
}

async fn load(world: &World, couples: usize, entries: usize, pause: Option<Duration>) -> Load {
    let relay = world.relay_with(&[
        ("ENTWINE_REGISTRATION", "open"),
        ("ENTWINE_LOG", "warn"),
        ("ENTWINE_CONNECTIONS_MAX", "20000"),
        ("ENTWINE_LIVE_CONNECTIONS_MAX", "20000"),
        ("ENTWINE_REQUESTS_MAX", "4096"),
    ]);
    let mut pairs: Vec<(Couple, [Line; 2])> = Vec::new();
    for seed in 0..couples {
        let couple = Couple::new(seed as u64, entries);
        couple.create(relay.address());
        let lines = couple.connect(relay.address()).await;
        pairs.push((couple, lines));
    }
    let processors = || [relay.cpu_seconds(), program::cpu_seconds(std::process::id())];
    let (begun, before) = (Instant::now(), processors());
    let runs: Vec<_> = pairs
        .into_iter()
        .zip(0_u32..)
        .map(|((couple, mut lines), number)| {
            tokio::spawn(async move {
                if let Some(pause) = pause {
                    // Not all at the same moment.
                    tokio::time::sleep(pause * number / u32::try_from(couples).expect("a small number")).await;
                }
                let (took, got) = couple.deliver(&mut lines, pause).await;
                (couple, took, got)
            })
        })
        .collect();
    let ended = futures_util::future::join_all(runs).await;
    let (seconds, after) = (begun.elapsed().as_secs_f64(), processors());
    let mut took = Vec::new();
    for run in ended {
        let (couple, own, got) = run.expect("a couple comes to its end");
        couple.check(&got);
        took.extend(own);
    }
    took.sort();
    let all = took.len() as f64;
    let [relay_seconds_per_thousand, load_seconds_per_thousand] =
        [0, 1].map(|process| (after[process] - before[process]) * 1000.0 / all);
    Load { couples, per_second: all / seconds, took, relay_seconds_per_thousand, load_seconds_per_thousand }
}

/// The value at this part of a sorted list.
fn at(sorted: &[Duration], part: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}
