//! Do two phones that are online hear each other? `entwine watch`, its events, and a relay that comes and goes.

use std::sync::Arc;
use std::time::Duration;

use entwine_sdk::{Client, ClientOptions, Event};
use entwine_tests::proxy::{AUTHORITY, DOMAIN};
use entwine_tests::world::{meet, pair};
use entwine_tests::{Phone, Proxy, Watching, World};

/// Within so long after a relay is back, whoever watches is connected again.
const BACK_WITHIN: Duration = Duration::from_secs(15);

#[test]
fn who_watches_sees_the_other_ones_words_as_soon_as_they_are_sent() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let watching = ada.watch();
    watching.until_in_sync();
    let entry = noor.write("At the lake", "The ice sings.");
    let ritual = noor.begin_ritual("Morning coffee", "FREQ=DAILY", "08:00");
    let _ = noor.sync();
    watching.until_all_changed(&[("entry_changed", &entry), ("ritual_changed", &ritual)]);
    assert_eq!(ada.read(&entry), "The ice sings.");

    noor.append(&entry, " So do we.");
    let _ = noor.run(&["ritual", "done", &ritual]);
    let _ = noor.sync();
    watching.until_all_changed(&[("entry_changed", &entry), ("ritual_changed", &ritual)]);
    assert_eq!(ada.read(&entry), "The ice sings. So do we.");
    assert_eq!(watching.stop("INT"), Some(130));
}

#[test]
fn who_watches_is_told_exactly_what_changed_in_a_month_that_nobody_had_opened() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let long_ago = ada.with("ENTWINE_TEST_CLOCK_OFFSET", &format!("-{}", 400 * 24 * 3600));
    let [first, other] = ["In spring", "In summer"].map(|title| long_ago.write(title, "Long ago."));
    meet(&[&ada, &noor]);
    let watching = ada.watch();
    watching.until_in_sync();
    noor.append(&first, " I remember.");
    let _ = noor.sync();
    // Whatever came before the last word is told by then; and nothing else is.
    let not = |told: &serde_json::Value, id: &str| assert_ne!(told["id"], *id, "{told}");
    let _ = watching.until(|told| {
        not(told, &other);
        told["event"] == "entry_changed" && told["id"] == *first
    });
    let own = ada.write("Today", "Somebody remembers.");
    watching.until_changed("entry_changed", &own);
    let last = noor.write("Today, too", "Yes.");
    let _ = noor.sync();
    let _ = watching.until(|told| {
        for known in [&first, &other, &own] {
            not(told, known);
        }
        told["event"] == "entry_changed" && told["id"] == *last
    });
    noor.append(&other, " And this.");
    let _ = noor.sync();
    watching.until_changed("entry_changed", &other);
}

#[test]
fn what_another_program_writes_goes_out_by_itself() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let (adas, noors) = (ada.watch(), noor.watch());
    adas.until_in_sync();
    noors.until_in_sync();
    let entry = ada.write("From the command line", "Nobody said sync.");
    adas.until_changed("entry_changed", &entry);
    noors.until_changed("entry_changed", &entry);
    assert_eq!(noor.read(&entry), "Nobody said sync.");
    let own = noor.write_private("To myself", "And this stays here.");
    noors.until_changed("entry_changed", &own);
    assert_eq!(adas.stop("TERM"), Some(143));
}

#[test]
fn who_watches_hears_how_far_the_own_words_have_come() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let watching = ada.watch();
    watching.until_in_sync();
    let entry = ada.write("Letter", "Do you read this?");
    let on_relay = watching.until(|event| event["event"] == "reached" && event["durability"] == "relay");
    assert!(on_relay["written"].is_string(), "{on_relay}");
    let _ = noor.sync();
    noor.append(&entry, " I do.");
    let _ = noor.sync();
    let with_noor = watching.until(|event| event["event"] == "reached" && event["durability"] == "partner");
    assert_eq!(with_noor["written"], on_relay["written"]);
}

#[test]
fn a_partner_who_joins_is_seen_by_who_watches() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = (Phone::init(&world, "Ada"), Phone::init(&world, "Noor"));
    let watching = ada.watch();
    watching.until_reason("no_space");
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    watching.until_in_sync();
    let _ = noor.run(&["join", &ada.invite()]);
    let added = watching.until(|event| event["event"] == "device_added" && event["own"] == false);
    assert!(added["id"].is_string(), "{added}");
    meet(&[&noor]);
    let _ = watching.until(|event| event["event"] == "names_changed");
}

#[test]
fn a_relay_that_was_away_is_found_again() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let (adas, noors) = (ada.watch(), noor.watch());
    adas.until_in_sync();
    noors.until_in_sync();
    for ending in ["stop", "kill"] {
        if ending == "stop" {
            relay.stop()
        } else {
            relay.kill()
        }
        adas.until_reason("offline");
        let entry = ada.write(ending, "Written while nobody answered.");
        relay.start_again();
        let is_back = |event: &serde_json::Value| event["event"] == "status" && event["in_sync"] == true;
        let _ = adas.within(BACK_WITHIN, is_back);
        noors.until_changed("entry_changed", &entry);
    }
}

#[test]
fn a_connection_stays_open_through_a_tls_proxy_and_comes_back_after_a_cut() {
    let world = World::new();
    let mut relay = world.relay();
    let mut proxy = Proxy::start_tls(relay.address());
    let url = format!("https://{DOMAIN}:{}", proxy.address().port());
    relay.stop();
    relay.set("ENTWINE_PUBLIC_URL", &url);
    relay.start_again();
    let resolve = format!("{DOMAIN}={}", proxy.address().ip());
    let outside = |person: &str| {
        Phone::init(&world, person).with("ENTWINE_TEST_RESOLVE", &resolve).with("ENTWINE_CA_FILE", AUTHORITY)
    };
    let (ada, noor) = (outside("Ada"), outside("Noor"));
    pair(&ada, &noor, &url, relay.token());
    let watching = ada.watch();
    watching.until_in_sync();
    let entry = noor.write("Under a lock", "Nobody on the way reads this.");
    let _ = noor.sync();
    watching.until_changed("entry_changed", &entry);

    proxy.cut();
    watching.until_reason("offline");
    proxy.mend();
    watching.until_in_sync();
    noor.append(&entry, " Still.");
    let _ = noor.sync();
    watching.until_changed("entry_changed", &entry);
}

/// An app goes into the background, and comes back: through the SDK, as an app does it.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_in_the_background_hears_what_happened_when_it_is_back() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let client = Arc::new(Client::open(ada.profile(), ClientOptions::default()).await.unwrap());
    let mut watch = client.watch();
    let in_sync = |event: &Event| matches!(event, Event::Status { status } if status.in_sync);
    while !in_sync(&watch.next().await.unwrap()) {}
    watch.suspend();
    let entry = noor.write("While you slept", "It snowed.");
    let _ = noor.sync();
    watch.resume();
    let told = |event: &Event| matches!(event, Event::Changed { what: "entry", id } if id.as_str() == entry);
    while !told(&watch.next().await.unwrap()) {}
    assert_eq!(client.journal().read(&entry.parse().unwrap()).await.unwrap().text, "It snowed.");

    // Whoever lets go of the subscription lets go of the connection, and of the database.
    drop(watch);
    let mut client = Some(client);
    while let Some(shared) = client.take() {
        match Arc::try_unwrap(shared) {
            Ok(alone) => alone.close().await,
            Err(shared) => {
                tokio::task::yield_now().await;
                client = Some(shared);
            }
        }
    }
}

/// Fourteen couples have forty-two spaces, shared and private: all 28 phones lose the relay, and find it, at the same instant.
#[test]
fn all_come_back_at_the_same_instant_after_a_restart() {
    let world = World::new();
    let mut relay = world.relay_with(&[("ENTWINE_REGISTRATION", "open")]);
    let couples: Vec<(Phone, Phone)> = (0..14)
        .map(|number| {
            let phones = ["Ada", "Noor"].map(|name| Phone::init_as(&world, &format!("{name}-{number}"), name));
            let [ada, noor] = phones;
            pair(&ada, &noor, &relay.url(), "none is needed");
            (ada, noor)
        })
        .collect();
    assert_eq!(relay.spaces().len(), 42);
    let watching: Vec<(Watching, Watching)> = couples.iter().map(|(ada, noor)| (ada.watch(), noor.watch())).collect();
    for (adas, noors) in &watching {
        adas.until_in_sync();
        noors.until_in_sync();
    }
    relay.stop();
    for (adas, noors) in &watching {
        adas.until_reason("offline");
        noors.until_reason("offline");
    }
    relay.start_again();
    for (adas, noors) in &watching {
        adas.until_in_sync();
        noors.until_in_sync();
    }
    for ((ada, noor), (adas, noors)) in couples.iter().zip(&watching) {
        let (one, other) = (ada.write("One", "From her."), noor.write("Other", "And from her."));
        noors.until_changed("entry_changed", &one);
        adas.until_changed("entry_changed", &other);
    }
}
