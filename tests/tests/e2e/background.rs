//! What happens in the background? An exchange moves sealed bytes, is cut by its deadline where there are many, and opens none:
//! that is done by whoever reads next.

use std::collections::BTreeSet;
use std::time::Duration;

use entwine_core::feed::EntryKind;
use entwine_sdk::{Client, Reason, SyncStatus};
use entwine_tests::chance::Chance;
use entwine_tests::database::rows;
use entwine_tests::world::meet;
use entwine_tests::{Member, Phone, Proxy, World};

use crate::durability::open;

/// Far more than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn what_a_background_exchange_brought_is_opened_by_whatever_reads_next_and_by_nothing_before() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("At the lake", "The ice sings.");
    let ritual = ada.begin_ritual("Tea", "FREQ=DAILY", "16:00");
    meet(&[&ada, &noor]);
    ada.append(&entry, " So do we.");
    let next = ada.write("And home", "By train.");
    let gone = ada.write("Gone", "Never mind.");
    let _ = ada.run(&["delete", &gone]);
    let _ = ada.run(&["ritual", "done", &ritual]);
    let _ = ada.sync();
    let own = noor.write("Noor's own", "Written before.");

    let before = documents(&noor);
    let status = in_background(&noor, PATIENCE);
    assert_eq!((status.in_sync, status.waiting_up, status.waiting_down), (true, 0, 0), "{status:?}");
    assert_eq!(documents(&noor), before, "no document was opened, not even for what was sealed");
    assert!(unopened(&noor) > 0, "it is here");

    type Look<'l> = &'l dyn Fn(&Phone);
    let looks: [Look<'_>; 7] = [
        &|noor| assert_eq!(noor.read(&entry), "The ice sings. So do we."),
        &|noor| assert_eq!(noor.titles(), ["Noor's own", "And home", "At the lake"]),
        &|noor| assert_eq!(noor.trash(), [gone.as_str()]),
        &|noor| assert_eq!(noor.ritual(&ritual)["done"].as_array().unwrap().len(), 1),
        &|noor| noor.append(&next, " On time."),
        &|noor| drop(noor.run(&["ritual", "done", &ritual])),
        &|noor| assert_eq!(noor.status()["in_sync"], true),
    ];
    for (number, look) in looks.into_iter().enumerate() {
        let phone = noor.copied_as(&format!("Noor {number}"));
        look(&phone);
        assert_eq!(unopened(&phone), 0, "{number}");
    }
    let _ = ada.sync();
    assert_eq!(ada.read(&own), "Written before.");
}

#[test]
fn an_exchange_that_its_deadline_cuts_again_and_again_goes_on_where_it_was() {
    const ENTRIES: usize = 12;
    const ENTRY_BYTES: usize = 300_000;
    /// Somewhat more than a page.
    const BYTES: usize = 1_200_000;
    let world = World::new();
    let relay = world.relay();
    let proxy = Proxy::start(relay.address());
    let (ada, noor) = world.couple_by(&proxy.url(), relay.token());
    // Large entries of a later version, which this one keeps and need not read.
    let (mut member, mut chance) = (Member::of(&ada, &relay), Chance::new(7));
    for _ in 0..ENTRIES {
        let entry =
            member.sign(&member.header(EntryKind::from_code(77), false), chance.noise(ENTRY_BYTES).into_bytes());
        let _ = member.ask(&member.request(vec![entry]));
    }
    let before = proxy.passed();
    let last = ada.write("On top of it", "All of that came first.");
    let _ = ada.sync();
    let all = proxy.passed().bytes_down - before.bytes_down;

    // A line on which hardly more than a page comes through, and then nothing.
    let mut held = held_entries(&noor);
    for _ in 0..2 {
        let kept = (0..20).find_map(|_| {
            proxy.hold_after(BYTES);
            let status = in_background(&noor, Duration::from_secs(1));
            assert_eq!((status.in_sync, status.reason), (false, Some(Reason::Offline)), "{status:?}");
            Some(held_entries(&noor)).filter(|kept| *kept > held)
        });
        held = kept.expect("what came before the deadline is kept");
    }
    proxy.let_go();
    let before = proxy.passed();
    assert!(in_background(&noor, PATIENCE).in_sync);
    let rest = proxy.passed().bytes_down - before.bytes_down;
    assert_eq!(rows(&noor.database(), ENTRIES_HERE), rows(&ada.database(), ENTRIES_HERE), "nothing is missing");
    assert_eq!(noor.read(&last), "All of that came first.");
    assert!(rest + BYTES < all, "what was kept was not brought again: {rest} of {all} bytes");
}

/// One exchange by a program that has just begun, and ends with it.
pub(crate) fn in_background(phone: &Phone, deadline: Duration) -> SyncStatus {
    blocking(async {
        let client: Client = open(phone).await;
        let status = client.sync_once(deadline, None).await.unwrap();
        client.close().await;
        status
    })
}

/// The entries of the shared space.
const ENTRIES_HERE: &str = "SELECT hex(entry.hash) FROM entry JOIN space USING (space) WHERE space.kind = 0 ORDER BY 1";

fn held_entries(phone: &Phone) -> usize {
    rows(&phone.database(), ENTRIES_HERE).len()
}

fn unopened(phone: &Phone) -> usize {
    rows(&phone.database(), "SELECT CAST(arrival AS TEXT) FROM entry WHERE state = 0").len()
}

/// What each document is at.
fn documents(phone: &Phone) -> BTreeSet<String> {
    rows(
        &phone.database(),
        "SELECT hex(document) || version || ' ' || entries_until || ' ' || pending_until FROM document",
    )
}

fn blocking<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(work)
}
