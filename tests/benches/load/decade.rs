//! What does a journal of ten years cost a phone? It is written once, by `just ten-years`, through the SDK and a relay, beside one
//! of this month alone; what is measured happens on copies.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use entwine_core::document::{ActorId, Document, EntityId};
use entwine_core::id::KeyholderId;
use entwine_core::practice::ritual::Ritual;
use entwine_core::time::Timestamp;
use entwine_sdk::{Client, ClientOptions, Month, NewEntry};
use entwine_tests::chance::Chance;
use entwine_tests::{World, database, program};
use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;
use tokio::runtime::Runtime;

use super::phone::{Took, measured};

/// Entries of a month: three in the morning and three in the evening, and 22,000 in ten years.
const PER_MONTH: usize = 183;
/// After so many entries, as on a day, they are exchanged.
const PER_EXCHANGE: usize = 6;
/// Letters of an entry.
const LETTERS: usize = 400;
/// The two journals: the name of each, and how many months it has.
const JOURNALS: [(&str, u64); 2] = [("ten-years", 120), ("first-month", 1)];
const MONTH_SECONDS: u64 = 365 * 24 * 3600 / 12;
/// How often something is done to know how long it takes.
const TIMES: usize = 40;

/// What one journal takes.
pub(crate) struct Figures {
    pub(crate) open: Took,
    pub(crate) list: Duration,
    pub(crate) write: Duration,
    pub(crate) apply: Duration,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/ten-years")
}

/// Writes both journals, where they are not there. The SDK must have been built with its test switches: years pass.
pub(crate) fn write() {
    for (name, months) in JOURNALS {
        let place = folder().join(name);
        if place.exists() {
            println!("{} is there", place.display());
            continue;
        }
        let world = World::new();
        let mut relay = world.relay();
        let (ada, noor) = world.couple(&relay);
        for month in (0..months).rev() {
            let mut command = ourselves(&["--write-month", &ada.profile().to_string_lossy()]);
            command.env("ENTWINE_TEST_CLOCK_OFFSET", format!("-{}", month * MONTH_SECONDS));
            let status = command.status().expect("this program starts");
            assert!(status.success(), "a month is written");
            println!("{name}: {} of {months} months", months - month);
        }
        // What the partner wrote last is on the relay alone.
        let _ = noor.sync();
        let _ = noor.write("An answer", &text(&mut Chance::new(1)));
        let _ = noor.sync();
        relay.stop();
        let unfinished = folder().join(format!("{name}.unfinished"));
        let _ = fs::remove_dir_all(&unfinished);
        program::copy(ada.profile(), &unfinished.join("profile"));
        fs::copy(relay.database(), unfinished.join("relay.db")).expect("there is room");
        let newest = entwine_tests::phone::text(&ada.list()[0], "written_at");
        fs::write(unfinished.join("month"), &newest[.."2026-11".len()]).expect("there is room");
        fs::rename(unfinished, place).expect("a folder can be named");
    }
}

/// Writes a month of entries, at the time that the environment says it is.
pub(crate) async fn write_month(profile: &Path) {
    let client = Client::open(profile, ClientOptions::default()).await.expect("the profile opens");
    let mut chance = Chance::new(7);
    for number in 0..PER_MONTH {
        let new = NewEntry { title: format!("Number {number}"), text: text(&mut chance), ..NewEntry::default() };
        client.journal().write(new).await.expect("it is written");
        if (number + 1) % PER_EXCHANGE == 0 || number + 1 == PER_MONTH {
            let status = client.sync_once(Duration::from_secs(60), None).await.expect("it exchanges");
            assert!(status.in_sync, "{status:?}");
        }
    }
    client.close().await;
}

/// Words, of which some come often and most come rarely, as in any language.
fn text(chance: &mut Chance) -> String {
    const SOUNDS: [&str; 20] = [
        "ba", "den", "ke", "li", "mor", "na", "o", "pe", "ri", "sta", "ta", "u", "ver", "we", "zo", "gel", "hu", "is",
        "jo", "fa",
    ];
    let mut text = String::new();
    while text.len() < LETTERS {
        let word = chance.below(60) * chance.below(60);
        let mut rest = word + 1;
        while rest > 0 {
            text += SOUNDS[(rest % 20) as usize];
            rest /= 20;
        }
        text.push(' ');
    }
    text.truncate(LETTERS);
    text
}

/// What both journals take; none where they were not written yet.
pub(crate) fn measure(runtime: &Runtime) -> Option<[Figures; 2]> {
    let figures = JOURNALS.map(|(name, _)| {
        let place = folder().join(name);
        place.exists().then(|| of(runtime, &place))
    });
    let [Some(ten_years), Some(first_month)] = figures else { return None };
    Some([ten_years, first_month])
}

fn of(runtime: &Runtime, place: &Path) -> Figures {
    let world = World::new();
    let month = fs::read_to_string(place.join("month")).expect("it was written to its end");
    let newest: Month = month.parse().expect("a month");
    let copy = |name: &str| {
        let profile = world.folder().join(name);
        program::copy(&place.join("profile"), &profile);
        profile
    };
    let opened = copy("opened");
    let open = (0..5)
        .map(|_| measured_here(&world, &["open", &opened.to_string_lossy(), &month]))
        .min_by_key(|took| took.elapsed);
    let (mut list, mut write, mut apply) = (Vec::new(), Vec::new(), Vec::new());
    runtime.block_on(async {
        let client = Client::open(&opened, ClientOptions::default()).await.expect("the profile opens");
        for _ in 0..TIMES {
            let begun = Instant::now();
            client.journal().list(Some(&newest)).await.expect("it lists");
            list.push(begun.elapsed());
        }
        for number in 0..TIMES {
            let new = NewEntry { text: text(&mut Chance::new(number as u64)), ..NewEntry::default() };
            let begun = Instant::now();
            client.journal().write(new).await.expect("it is written");
            write.push(begun.elapsed());
        }
        client.close().await;
    });
    for number in 0..5 {
        let profile = copy(&format!("apply-{number}"));
        let client = runtime.block_on(Client::open(&profile, ClientOptions::default())).expect("the profile opens");
        let _ = runtime.block_on(client.journal().list(Some(&newest))).expect("it lists");
        assert_eq!(
            database::hand_over(&place.join("relay.db"), &profile.join("profile.db")),
            1,
            "what Noor wrote last"
        );
        let begun = Instant::now();
        let entries = runtime.block_on(client.journal().list(Some(&newest))).expect("it lists");
        apply.push(begun.elapsed());
        assert_eq!(entries.iter().filter(|entry| entry.title == "An answer").count(), 1);
    }
    let [list, write, apply] = [list, write, apply].map(|mut took| {
        took.sort();
        super::at(&took, 0.5)
    });
    Figures { open: open.expect("it was opened"), list, write, apply }
}

/// `home` after so many openings of which each changed a ritual, under an actor of its own: its bytes, and how long it takes to load.
pub(crate) fn home(openings: u64) -> (usize, Duration) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let device = KeyholderId::from_bytes([7; 16]);
    let mut home = Document::new(ActorId::make_random(&mut rng, &device));
    let now = Timestamp::from_seconds(1_800_000_000);
    let id = EntityId::make(now, &mut rng);
    let every = "FREQ=DAILY".parse().expect("a rule");
    home.collection_mut().put(&id, &Ritual::new("Coffee", &every, None), now).expect("it is taken");
    for opening in 0..openings {
        home = Document::load(&home.save(), ActorId::make_random(&mut rng, &device)).expect("it loads");
        let at = format!("{:02}:{:02}", opening % 24, opening % 60);
        home.collection_mut::<Ritual>().update(&id, |ritual| ritual.at.settle(Some(at))).expect("it is taken");
    }
    let saved = home.save();
    let mut took: Vec<Duration> = (0..TIMES)
        .map(|_| {
            let begun = Instant::now();
            let _ = Document::load(&saved, ActorId::make_random(&mut rng, &device)).expect("it loads");
            begun.elapsed()
        })
        .collect();
    took.sort();
    (saved.len(), super::at(&took, 0.5))
}

/// What a program takes that does this and nothing else: `open PROFILE MONTH` to list a month, `exchange PROFILE`, or `nothing`.
pub(crate) fn measured_here(world: &World, what: &[&str]) -> Took {
    let log = world.folder().join(format!("log/{}", what[0]));
    let command = ourselves(&[&["--phone"], what].concat());
    measured(program::Running::start(command, what.join(" "), &log))
}

/// What [`measured_here`] measures.
pub(crate) async fn do_on_phone(what: &[String]) {
    let open = async |profile: &String| {
        Client::open(Path::new(profile), ClientOptions::default()).await.expect("the profile opens")
    };
    match what {
        [what, profile, month] if what == "open" => {
            let month: Month = month.parse().expect("a month");
            let entries = open(profile).await.journal().list(Some(&month)).await.expect("it lists");
            assert!(entries.len() >= PER_MONTH, "{} entries", entries.len());
        }
        [what, profile] if what == "exchange" => {
            let status = open(profile).await.sync_once(Duration::from_secs(60), None).await.expect("it exchanges");
            assert!(status.in_sync, "{status:?}");
        }
        _ => {}
    }
}

/// This program, to do something else.
pub(crate) fn ourselves(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().expect("a process knows its program"));
    command.args(arguments).stdin(Stdio::null());
    command
}
