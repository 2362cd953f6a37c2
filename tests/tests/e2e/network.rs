//! By which roads does a phone reach its relay? Through proxies and under other names, with a wrong clock, or not at all.

use std::path::Path;

use entwine_tests::phone::text;
use entwine_tests::proxy::{AUTHORITY, DOMAIN};
use entwine_tests::world::{meet, pair};
use entwine_tests::{Phone, Proxy, World};

/// Ten years, in seconds.
const TEN_YEARS: &str = "315576000";

#[test]
fn a_relay_behind_another_address_and_port_needs_no_setting() {
    let world = World::new();
    let relay = world.relay();
    let mut proxy = Proxy::start(relay.address());
    assert_ne!(proxy.address().ip(), relay.address().ip());
    assert_ne!(proxy.address().port(), relay.address().port());
    let (ada, noor) = world.couple_by(&proxy.url(), relay.token());
    let entry = ada.write("Through the wall", "The router passes this on.");
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&entry), "The router passes this on.");

    proxy.cut();
    noor.append(&entry, " Then it was unplugged.");
    assert_eq!(noor.sync_stops(), "offline");
    proxy.mend();
    meet(&[&noor, &ada]);
    assert_eq!(ada.read(&entry), "The router passes this on. Then it was unplugged.");
}

#[test]
fn a_name_of_the_home_network_needs_no_setting() {
    let world = World::new();
    let relay = world.relay();
    for name in ["box.lan", "nas"] {
        let resolve = format!("{name}={}", relay.address().ip());
        let at_home =
            |person: &str| Phone::init(&world, &format!("{person} {name}")).with("ENTWINE_TEST_RESOLVE", &resolve);
        let (ada, noor) = (at_home("Ada"), at_home("Noor"));
        let url = format!("http://{name}:{}", relay.address().port());
        // As people write an address; and that the line is plain is said.
        let written = format!(" {}/ ", url.to_uppercase());
        let founded = ada.start(&["create", "--relay", &written, "--token", relay.token()]).finish();
        assert!(founded.done()["space"].is_string() && founded.stderr.contains("plain http"), "{}", founded.stderr);
        let joined = noor.start(&["join", &ada.invite()]).finish();
        assert!(joined.done()["space"].is_string() && joined.stderr.contains("plain http"), "{}", joined.stderr);
        let entry = noor.write("At home", "The box under the stairs.");
        meet(&[&noor, &ada]);
        assert_eq!(ada.read(&entry), "The box under the stairs.");
    }
}

#[test]
fn a_home_name_that_leads_out_of_the_home_gets_no_plain_http() {
    let world = World::new();
    let ada = Phone::init(&world, "Ada").with("ENTWINE_TEST_RESOLVE", "box.lan=203.0.113.9");
    let told = ada.refused(&["create", "--relay", "http://box.lan:8080", "--token", "any"]);
    assert!(told.contains("https"), "{told}");
}

#[test]
fn plain_http_to_a_public_address_or_domain_is_refused_before_anything_is_sent() {
    let world = World::new();
    let ada = Phone::init(&world, "Ada");
    for url in ["http://203.0.113.9:8080", "http://relay.example.org", "http://[2001:db8::1]:80"] {
        let told = ada.refused(&["create", "--relay", url, "--token", "any"]);
        assert!(told.contains("https"), "{url}: {told}");
    }
    for url in ["relay.example.org", "ftp://127.0.0.1", "https://relay.example.org/below/"] {
        let _ = ada.refused(&["create", "--relay", url, "--token", "any"]);
    }
    assert_eq!(ada.status()["reason"], "no_space");
}

#[test]
fn a_domain_that_the_relay_was_not_told_of_is_refused_with_the_setting_to_mend() {
    let world = World::new();
    let mut relay = world.relay();
    let proxy = Proxy::start_tls(relay.address());
    let url = format!("https://{DOMAIN}:{}", proxy.address().port());
    let resolve = format!("{DOMAIN}={}", proxy.address().ip());
    let outside = |person: &str| {
        Phone::init(&world, person).with("ENTWINE_TEST_RESOLVE", &resolve).with("ENTWINE_CA_FILE", AUTHORITY)
    };
    assert!(Path::new(AUTHORITY).is_file());
    let ada = outside("Ada");
    let told = ada.refused(&["create", "--relay", &url, "--token", relay.token()]);
    assert!(told.contains("--public-url") && told.contains(&url), "{told}");
    let status = ada.status();
    assert_eq!(status["reason"], "refused", "{status}");
    assert!(text(&status, "remedy").contains("--public-url"), "{status}");
    assert!(relay.holdings().is_empty());

    relay.stop();
    relay.set("ENTWINE_PUBLIC_URL", &url);
    relay.start_again();
    let noor = outside("Noor");
    let founded = ada.start(&["create", "--relay", &url, "--token", relay.token()]).finish();
    assert!(founded.done()["space"].is_string() && !founded.stderr.contains("plain http"), "{}", founded.stderr);
    let _ = noor.run(&["join", &ada.invite()]);
    let entry = ada.write("Over the internet", "A lock stands before the address.");
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&entry), "A lock stands before the address.");

    // Now that it knows its name, it answers to no other.
    let stranger = Phone::init(&world, "Eve");
    let told = stranger.refused(&["create", "--relay", &relay.url(), "--token", "any"]);
    assert!(told.contains("--public-url"), "{told}");
}

#[test]
fn a_certificate_of_an_authority_that_nobody_named_is_not_taken() {
    let world = World::new();
    let relay = world.relay();
    let proxy = Proxy::start_tls(relay.address());
    let resolve = format!("{DOMAIN}={},other.example.org={}", proxy.address().ip(), proxy.address().ip());
    let ada = Phone::init(&world, "Ada").with("ENTWINE_TEST_RESOLVE", &resolve);
    let port = proxy.address().port();
    let told = ada.refused(&["create", "--relay", &format!("https://{DOMAIN}:{port}"), "--token", "any"]);
    assert!(told.contains("certificate"), "{told}");
    // Nor is the right authority's for another name.
    let ada = ada.with("ENTWINE_CA_FILE", AUTHORITY);
    let told = ada.refused(&["create", "--relay", &format!("https://other.example.org:{port}"), "--token", "any"]);
    assert!(told.contains("certificate"), "{told}");
    assert!(relay.holdings().is_empty());
}

#[test]
fn phones_whose_clocks_are_ten_years_off_sync_all_the_same() {
    let world = World::new();
    let relay = world.relay();
    let ahead = Phone::init(&world, "Ada").with("ENTWINE_TEST_CLOCK_OFFSET", TEN_YEARS);
    let behind = Phone::init(&world, "Noor").with("ENTWINE_TEST_CLOCK_OFFSET", &format!("-{TEN_YEARS}"));
    pair(&ahead, &behind, &relay.url(), relay.token());
    let early = behind.write("From the past", "My clock says so.");
    let late = ahead.write("From the future", "Mine says otherwise.");
    meet(&[&behind, &ahead, &behind]);
    assert_eq!(ahead.shared(), behind.shared());
    assert_eq!(ahead.titles(), ["From the future", "From the past"]);
    ahead.append(&early, " We agree on the words.");
    behind.append(&late, " We do.");
    meet(&[&behind, &ahead, &behind]);
    assert_eq!(behind.read(&early), "My clock says so. We agree on the words.");
    assert_eq!(ahead.read(&late), "Mine says otherwise. We do.");

    // And once somebody sets them right, that is no harm either.
    let (ada, noor) = (ahead.with("ENTWINE_TEST_CLOCK_OFFSET", "0"), behind.with("ENTWINE_TEST_CLOCK_OFFSET", "0"));
    ada.append(&early, " Now it is right.");
    meet(&[&ada, &noor, &ada]);
    assert_eq!(ada.shared(), noor.shared());
}

#[test]
fn a_relay_whose_clock_was_wrong_and_is_set_right_locks_nobody_out() {
    let world = World::new();
    let mut relay = world.relay_with(&[("ENTWINE_TEST_CLOCK_OFFSET", TEN_YEARS)]);
    let (ada, noor) = world.couple(&relay);
    relay.stop();
    relay.set("ENTWINE_TEST_CLOCK_OFFSET", "0");
    relay.start_again();
    let entry = ada.write("On time", "The relay has a new battery.");
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&entry), "The relay has a new battery.");
}

#[test]
fn without_a_relay_everything_works_that_is_not_about_it() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    relay.stop();
    let entry = ada.write("Alone", "No network here.");
    ada.append(&entry, " Still no network.");
    ada.replace(&entry, "Still no", "Never any");
    assert_eq!(ada.read(&entry), "No network here. Never any network.");
    let private = ada.write_private("More alone", "Nor here.");
    let _ = ada.run(&["delete", &private]);
    assert_eq!(ada.trash(), [private.as_str()]);
    let _ = ada.run(&["restore", &private]);
    let ritual = ada.begin_ritual("Counting stars", "FREQ=DAILY;INTERVAL=2", "23:00");
    ada.set_ritual(&ritual, "--at", "23:30");
    let _ = ada.run(&["ritual", "done", &ritual]);
    assert_eq!(ada.titles(), ["More alone", "Alone"]);
    assert_eq!(ada.run(&["safety-words"])["safety_words"].as_array().unwrap().len(), 6);
    let _ = ada.run(&["invitations"]);

    assert_eq!(ada.sync_stops(), "offline");
    let status = ada.status();
    assert!(status["waiting_up"].as_u64().unwrap() >= 5, "{status}");
    let told = ada.refused(&["sync", "--deadline", "5s"]);
    assert!(told.contains("offline"), "{told}");
    let eve = Phone::init(&world, "Eve");
    let told = eve.refused(&["create", "--relay", &relay.url(), "--token", "any"]);
    assert!(told.contains("answer"), "{told}");
    assert_eq!(eve.status()["reason"], "offline");

    relay.start_again();
    let _ = ada.sync();
}

#[test]
fn a_relay_that_never_answers_holds_nobody_longer_than_the_deadline() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let address = relay.address();
    relay.stop();
    // Takes connections, and says nothing.
    let silent = entwine_tests::program::listen(address);
    let _ = ada.write("Waiting", "Hello?");
    let told = ada.refused(&["sync", "--deadline", "1s"]);
    assert!(told.contains("offline") && told.contains("deadline"), "{told}");
    assert_eq!(ada.status()["reason"], "offline");
    drop(silent);
}
