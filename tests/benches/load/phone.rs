//! What does a phone take? The real SDK for what one writes, the real program for what starts cold.

use std::thread;
use std::time::{Duration, Instant};

use entwine_sdk::{Client, ClientOptions, NewEntry};
use entwine_tests::couple::Couple;
use entwine_tests::program::{self, Running};
use entwine_tests::world::meet;
use entwine_tests::{Phone, Proxy, Relay, World};
use tokio::runtime::Runtime;

use super::decade;

/// Letters of what is written.
const LETTERS: usize = 200;
/// Changes that wait for a phone which was away.
pub(crate) const WAITING: usize = 1_000;

/// How long it took to write entries on a phone, each durable, sorted.
pub(crate) async fn local_writes(world: &World, count: usize) -> Vec<Duration> {
    let relay = world.relay();
    let phone = Phone::init(world, "Ada");
    let _ = phone.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let client = Client::open(phone.profile(), ClientOptions::default()).await.expect("the profile opens");
    let mut took = Vec::new();
    for _ in 0..count {
        let new = NewEntry { text: "x".repeat(LETTERS), ..NewEntry::default() };
        let begun = Instant::now();
        client.journal().write(new).await.expect("it is written");
        took.push(begun.elapsed());
    }
    client.close().await;
    took.sort();
    took
}

/// How often a program's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_micros(500);

/// What a program took from its start to its end.
pub(crate) struct Took {
    pub(crate) elapsed: Duration,
    pub(crate) cpu_seconds: f64,
    /// Memory at most.
    pub(crate) peak_bytes: u64,
}

/// What a phone that was away takes to catch up.
pub(crate) struct CatchingUp {
    /// Bytes from the relay, HTTP included.
    pub(crate) bytes_down: usize,
    pub(crate) requests: usize,
    /// The exchange, by a program that does nothing else.
    pub(crate) exchange: Took,
    /// What the next one to read takes, which opens them.
    pub(crate) opening: Took,
}

/// Noor was away while Ada changed one entry so often, and exchanged after each change or only at the end.
pub(crate) fn catch_up(runtime: &Runtime, world: &World, is_live: bool) -> CatchingUp {
    let relay = world.relay();
    let proxy = Proxy::start(relay.address());
    let (ada, noor) = world.couple_by(&proxy.url(), relay.token());
    let id = ada.write("a long evening", "").parse().expect("an id");
    meet(&[&ada, &noor]);
    runtime.block_on(async {
        let client = Client::open(ada.profile(), ClientOptions::default()).await.expect("the profile opens");
        for number in 0..WAITING {
            client.journal().append(&id, &format!("and then {number}, ")).await.expect("it is written");
            if is_live || number + 1 == WAITING {
                let status = client.sync_once(Duration::from_secs(60), None).await.expect("it exchanges");
                assert!(status.in_sync, "{status:?}");
            }
        }
        client.close().await;
    });
    let before = proxy.passed();
    let exchange = decade::measured_here(world, &["exchange", &noor.profile().to_string_lossy()]);
    let after = proxy.passed();
    let opening = measured(noor.start(&["read", &id.to_string()]));
    assert!(noor.read(&id.to_string()).contains(&format!("and then {}, ", WAITING - 1)), "all of it is there");
    let (bytes_down, requests) = (after.bytes_down - before.bytes_down, after.requests - before.requests);
    CatchingUp { bytes_down, requests, exchange, opening }
}

/// What this program takes where it does nothing, and what `entwine` takes to say its version.
pub(crate) fn bare(world: &World) -> [Took; 2] {
    let version = Phone::without_profile(world, "Nobody").start_as_it_is(&["--version"]);
    [decade::measured_here(world, &["nothing"]), measured(version)]
}

/// Waits for a program's end, and looks at it meanwhile.
pub(crate) fn measured(running: Running) -> Took {
    let begun = Instant::now();
    let mut peak_bytes = 0;
    // A process that has ended and was not waited for has no memory any more, and still its times.
    while let Some(bytes) = program::memory_bytes(running.id(), "VmHWM") {
        peak_bytes = bytes;
        thread::sleep(LOOK_EVERY);
    }
    let (elapsed, cpu_seconds) = (begun.elapsed(), program::cpu_seconds(running.id()));
    let ended = running.finish();
    assert!(ended.status.success(), "{ended:?}");
    Took { elapsed, cpu_seconds, peak_bytes }
}

/// Bytes of the question and the answer, where there is nothing new on either side of an open connection.
pub(crate) async fn up_to_date(relay: &Relay) -> usize {
    let mut couple = Couple::new(1_000_000, 0);
    couple.create(relay.address());
    let [mut adas, _noors] = couple.connect(relay.address()).await;
    couple.push(&mut adas, 1).await.expect("the relay takes it");
    couple.ask_for_nothing(&mut adas).await.expect("the relay stays")
}
