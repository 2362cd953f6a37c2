//! Can a second implementation, written from `docs/protocol.md` alone, talk to a running relay and read what a phone wrote?

use std::path::Path;
use std::process::Command;

use entwine_tests::http::Request;
use entwine_tests::phone::text;
use entwine_tests::world::meet;
use entwine_tests::{Phone, Relay, World};
use serde_json::Value;

/// The keys of a phone, as a file for the reader.
fn keys_of(world: &World, phone: &Phone, name: &str) -> String {
    let path = world.folder().join(format!("reader-keys-{name}"));
    std::fs::write(&path, phone.secret_keys().to_bytes()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn read(arguments: &[&str]) -> Value {
    let python = std::env::var_os("READER_PYTHON")
        .expect("READER_PYTHON names no Python with `cryptography` and `cbor2`: run scripts/test, which makes one");
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("reader/reader.py");
    let output = Command::new(python).arg(reader).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Everything that this phone can open of the shared space, as bytes.
pub(crate) fn opened_by(world: &World, relay: &Relay, phone: &Phone, name: &str) -> Vec<u8> {
    let (keys, space) = (keys_of(world, phone, name), text(&phone.status(), "space"));
    opened(&read(&["sync", "--keys", &keys, "--relay", &relay.url(), "--space", &space]))
}

/// Everything that the entries which the reader opened carry, as bytes.
fn opened(read: &Value) -> Vec<u8> {
    let entries = read["entries"].as_array().unwrap();
    let changes = entries.iter().flat_map(|entry| entry["content"]["changes"].as_array().unwrap());
    changes.flat_map(|change| data_encoding::HEXLOWER.decode(change.as_str().unwrap().as_bytes()).unwrap()).collect()
}

#[test]
fn the_reader_fetches_verifies_and_opens_what_phones_wrote_through_a_running_relay() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let _ = ada.write("Before the window", "Cranes were flying south.");
    let _ = ada.write_private("For myself", "Nobody else reads this.");
    meet(&[&ada, &noor]);
    let space = text(&ada.status(), "space");

    // Both open all of it, Noor also what was written before she was let in: by one seal and the history box.
    let words = ada.run(&["safety-words"])["safety_words"].clone();
    for (phone, name) in [(&ada, "ada"), (&noor, "noor")] {
        let keys = keys_of(&world, phone, name);
        let read = read(&["sync", "--keys", &keys, "--relay", &relay.url(), "--space", &space]);
        let bytes = opened(&read);
        let holds = |words: &str| bytes.windows(words.len()).any(|window| window == words.as_bytes());
        assert!(holds("Before the window") && holds("Cranes were flying south."), "{name}");
        assert!(!holds("Nobody else reads this."), "{name}: that lies in another space");
        assert_eq!(read["chain"]["space"], space.as_str());
        let chain = world.folder().join(format!("reader-chain-{name}"));
        std::fs::write(&chain, read["records"].to_string()).unwrap();
        assert_eq!(self::read(&["safety-words", chain.to_str().unwrap()]), words, "{name}");
    }
}

#[test]
fn the_running_relay_takes_the_readers_token() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let keys = keys_of(&world, &ada, "ada");
    let made = read(&["token", "--keys", &keys, "--method", "GET", "--path", "/v1/spaces", "--aud", &relay.url()]);
    let token = text(&made, "token");
    let request = Request { method: "GET", path: "/v1/spaces", token: Some(&token), content_type: "", body: &[] };
    let answer = request.send(relay.address());
    assert_eq!(answer.status, 200);
    let listed: Value = serde_json::from_slice(&answer.body).unwrap();
    let spaces = listed["spaces"].as_array().unwrap();
    assert!(spaces.iter().any(|line| line["space"] == ada.status()["space"] && line["kind"] == "shared"), "{listed}");
    assert_eq!(spaces.len(), 2, "her private one too: {listed}");
}
