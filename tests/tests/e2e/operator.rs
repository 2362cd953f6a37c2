//! Can whoever runs the relay give somebody the right to found a space, and take it back?

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use entwine_tests::program::{self, Ended, Running};
use entwine_tests::{Phone, Relay, World};

#[test]
fn the_first_token_is_printed_at_every_start_until_somebody_has_used_it() {
    let world = World::new();
    let mut relay = world.relay();
    let token = relay.token().to_owned();
    relay.stop();
    relay.start_again();
    assert_eq!(relay.token(), token);
    let ada = Phone::init(&world, "Ada");
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", &token]);
    relay.stop();
    relay.start_again();
    assert!(!relay.printed_token());
    // It still admits others, until it is revoked.
    let noor = Phone::init(&world, "Noor");
    let _ = noor.run(&["create", "--relay", &relay.url(), "--token", &token]);
}

#[test]
fn a_token_made_beside_the_running_relay_serves_until_it_is_revoked_and_spaces_stay() {
    let world = World::new();
    let relay = world.relay();
    let made = tokens(&world, &relay, &["new"]).stdout;
    let field = |name: &str| made.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    let (token, id) = (field("registration token:"), field("id:"));
    let ada = Phone::init(&world, "Ada");
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", &token]);
    let listed = tokens(&world, &relay, &["list"]).stdout;
    assert!(listed.contains(&id) && !listed.contains(&token), "{listed}");

    let _ = tokens(&world, &relay, &["revoke", &id]);
    let noor = Phone::init(&world, "Noor");
    let told = noor.refused(&["create", "--relay", &relay.url(), "--token", &token]);
    assert!(told.contains("token"), "{told}");
    let _ = ada.write("Still here", "A space needs its token once.");
    let _ = ada.sync();
    let _ = noor.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
}

#[test]
fn variables_alone_set_a_relay_up() {
    let world = World::new();
    let data = world.folder().join("by-variables");
    let mut command = program::command("entwine-relay");
    command.arg("serve").env("ENTWINE_DATA", &data).env("ENTWINE_LISTEN", "127.0.0.1:0");
    command.env("ENTWINE_REGISTRATION", "open").env("ENTWINE_PUBLIC_URL", "").env("ENTWINE_LOG", "off");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
    let ada = Phone::init(&world, "Ada");
    let founded = ada.start(&["create", "--relay", &address.unwrap()]).finish();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(founded.done()["space"].is_string());
    assert!(data.join("relay.db").is_file());
}

#[test]
fn a_second_relay_on_the_same_folder_does_not_start() {
    let world = World::new();
    let relay = world.relay();
    let data = relay.data().to_str().unwrap();
    let told = run(&world, &["serve", "--data", data, "--listen", "127.0.0.1:0"]).refused();
    assert!(told.contains(data), "{told}");
    let ada = Phone::init(&world, "Ada");
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
}

fn tokens(world: &World, relay: &Relay, arguments: &[&str]) -> Ended {
    let ended = run(world, &[&["tokens"], arguments, &["--data", relay.data().to_str().unwrap()]].concat());
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    ended
}

fn run(world: &World, arguments: &[&str]) -> Ended {
    let mut command = program::command("entwine-relay");
    command.args(arguments);
    Running::start(command, format!("entwine-relay {}", arguments.join(" ")), &world.folder().join("by-hand")).finish()
}
