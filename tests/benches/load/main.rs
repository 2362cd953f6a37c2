//! How fast is the relay, and what does it take? Couples load a real relay process; what limits it is measured in the same run.
//!
//! `cargo bench -p entwine-tests --bench load` prints the figures; with `-- --write` it writes `docs/performance.md` too, with
//! `-- --couples 100 --entries 500` or `-- --idle 1000` it does nothing but load the relay so, for a profiler to look at, and with
//! `-- --phones` it looks at nothing but phones. `-- --write-ten-years` writes the journals that these read; what else it understands,
//! it says to itself.

#![allow(clippy::print_stdout, reason = "it prints figures")]

mod decade;
mod idle;
mod limit;
mod phone;
mod report;

use std::path::Path;
use std::time::{Duration, Instant};

use entwine_tests::couple::{self, CHANGE_BYTES, Couple};
use entwine_tests::line::Line;
use entwine_tests::relay::Settings;
use entwine_tests::{World, program};
use phone::{Took, WAITING};
use tokio::runtime::Runtime;

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
    rows: Vec<Row>,
    rows_per_second: f64,
    loads: Vec<Load>,
}

/// A figure, and what the machine does at best.
struct Row {
    figure: String,
    measured: String,
    limit: String,
}

/// A relay that has room for everybody.
const ROOMY: Settings<'_> = &[
    ("ENTWINE_REGISTRATION", "open"),
    ("ENTWINE_LOG", "warn"),
    ("ENTWINE_CONNECTIONS_MAX", "20000"),
    ("ENTWINE_LIVE_CONNECTIONS_MAX", "20000"),
    ("ENTWINE_REQUESTS_MAX", "4096"),
];

/// Openings of `home` that change it: one a day for ten years, where nobody founds rituals or changes their hours nearly that often.
const OPENINGS: u64 = 3_650;

/// Live connections that only wait. Each takes a relay two open files, and this takes one.
const IDLE: usize = 8_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [first, what @ ..] if first == "--phone" => return runtime.block_on(decade::do_on_phone(what)),
        [first, profile] if first == "--write-month" => {
            return runtime.block_on(decade::write_month(Path::new(profile)));
        }
        [first] if first == "--write-ten-years" => return decade::write(),
        [first] if first == "--echo" => return limit::echo(),
        _ => {}
    }
    let world = World::new();
    if let Some(couples) = number("--couples") {
        show(&runtime.block_on(load(&world, couples, number("--entries").unwrap_or(ENTRIES), None)));
        return;
    }
    if let Some(connections) = number("--idle") {
        let [idle, bare] = idle_memory(&runtime, &world, connections);
        println!("{idle} each; {bare}");
        return;
    }
    let mut rows = Vec::new();
    let mut add = |figure: String, measured: String, limit: String| {
        println!("{figure}: {measured} ({limit})");
        rows.push(Row { figure, measured, limit });
    };
    if is_wanted("--phones") {
        phones(&runtime, &world, &mut add);
        return;
    }
    let [seal, open] = couple::per_entry(2_000);
    add(format!("seal and sign an entry of {CHANGE_BYTES} bytes"), tell(seal), String::new());
    add("verify and open it".to_owned(), tell(open), String::new());
    let fsync = limit::fsync(world.folder(), 400);
    let slow = runtime.block_on(load(&world, 10, 40, Some(Duration::from_millis(500)))).took;
    for (part, name) in PARTS {
        let figure = format!("one partner saves, the other has it: 10 couples, 20 changes/s, {name}");
        add(figure, tell(at(&slow, part)), one_fsync(&fsync, part));
    }
    phones(&runtime, &world, &mut add);
    let [idle, bare] = idle_memory(&runtime, &world, IDLE);
    add(format!("relay's memory for each of {IDLE} idle live connections"), idle, bare);

    let rows_per_second = runtime.block_on(limit::sqlite_rows_per_second(world.folder(), 300));
    println!("raw SQLite, transactions of 100, synchronous=FULL: {rows_per_second:.0} rows/s");
    let mut loads = Vec::new();
    for couples in COUPLES {
        let load = runtime.block_on(load(&world, couples, ENTRIES, None));
        show(&load);
        loads.push(load);
    }
    if is_wanted("--write") {
        report::write(&Figures { rows, rows_per_second, loads });
    }
}

/// What is told of a list of times.
const PARTS: [(f64, &str); 2] = [(0.5, "p50"), (0.99, "p99")];

fn one_fsync(fsync: &[Duration], part: f64) -> String {
    format!("one fsync: {}", tell(at(fsync, part)))
}

/// What a connection costs that only waits: a relay's, and a bare echo's.
fn idle_memory(runtime: &Runtime, world: &World, connections: usize) -> [String; 2] {
    let kibibytes = |bytes: f64| format!("{:.1} KiB", bytes / 1024.0);
    let relay = runtime.block_on(idle::memory_per_connection(world, connections));
    let echo = runtime.block_on(limit::memory_per_echo(connections));
    [kibibytes(relay), format!("a bare echo of the same library: {}", kibibytes(echo))]
}

/// What phones take.
fn phones(runtime: &Runtime, world: &World, add: &mut impl FnMut(String, String, String)) {
    let fsync = limit::fsync(world.folder(), 400);
    let writes = runtime.block_on(phone::local_writes(&World::new(), 300));
    for (part, name) in PARTS {
        add(format!("a phone keeps what was written, {name}"), tell(at(&writes, part)), one_fsync(&fsync, part));
    }
    away(runtime, world, add);
    ten_years(runtime, world, add);
    let [(small, soon), (large, late)] = [1, OPENINGS].map(decade::home);
    let figure = format!("`home` after {OPENINGS} openings, as in ten years, each of which changed something in it");
    add(
        figure,
        format!("{:.1} KB, loaded in {}", large as f64 / 1e3, tell(late)),
        format!("after the first: {:.1} KB, {}", small as f64 / 1e3, tell(soon)),
    );
}

/// A phone that was away, and one that was not.
fn away(runtime: &Runtime, world: &World, add: &mut impl FnMut(String, String, String)) {
    let relay = world.relay_with(ROOMY);
    let nothing = runtime.block_on(phone::up_to_date(&relay));
    add(
        "question and answer on an open live connection, with nothing new".to_owned(),
        format!("{nothing} bytes"),
        String::new(),
    );
    let [bare, version] = phone::bare(world);
    for (how, is_live) in [("offline and pushed in one exchange", false), ("live, one by one", true)] {
        let caught_up = phone::catch_up(runtime, &World::new(), is_live);
        let figure = format!("catching up {WAITING} changes, written {how}");
        let down = caught_up.bytes_down as f64 / 1e3;
        add(figure, format!("{down:.0} KB down, {} requests", caught_up.requests), String::new());
        let begun = format!("doing nothing: {}", tell_all(&bare));
        add("the exchange, from a cold start to its end".to_owned(), tell_all(&caught_up.exchange), begun);
        let begun = format!("saying its version: {}", tell_all(&version));
        add("reading the entry then, which opens them".to_owned(), tell_all(&caught_up.opening), begun);
    }
}

/// A journal of ten years, beside one of this month.
fn ten_years(runtime: &Runtime, world: &World, add: &mut impl FnMut(String, String, String)) {
    let Some([ten_years, first_month]) = decade::measure(runtime) else {
        println!("no journal of ten years was written yet: `just ten-years`");
        return;
    };
    let [bare, _] = phone::bare(world);
    let beside = format!("in the first month: {}; doing nothing: {}", tell_all(&first_month.open), tell_all(&bare));
    let figure = "opening a journal of ten years, 22,000 entries, and listing this month, from a cold start to its end";
    add(figure.to_owned(), tell_all(&ten_years.open), beside);
    for (what, there, here) in [
        ("listing this month in it", ten_years.list, first_month.list),
        ("writing an entry into it", ten_years.write, first_month.write),
        ("opening an entry of the partner's in it, and listing this month", ten_years.apply, first_month.apply),
    ] {
        add(what.to_owned(), tell(there), format!("in the first month: {}", tell(here)));
    }
}

fn is_wanted(option: &str) -> bool {
    std::env::args().any(|argument| argument == option)
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
    let relay = world.relay_with(ROOMY);
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

fn tell(duration: Duration) -> String {
    let micros = duration.as_micros();
    if micros < 1_000 { format!("{micros} µs") } else { format!("{:.1} ms", duration.as_secs_f64() * 1e3) }
}

fn tell_all(took: &Took) -> String {
    let (elapsed, megabytes) = (tell(took.elapsed), megabytes(took.peak_bytes));
    format!("{elapsed} ({:.2} s of the processor), {megabytes:.1} MB at most", took.cpu_seconds)
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
