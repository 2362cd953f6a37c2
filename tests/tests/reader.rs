//! Does `docs/protocol.md` say enough? The independent reader, written from it alone, meets the golden vectors.
//!
//! What the reader says is compared here, value by value: its own judgement is not asked.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

const CHAINS: [&str; 5] = ["shared", "private", "shared_devices", "private_devices", "shared_removal"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn vectors(name: &str) -> Value {
    let path = root().join("docs/vectors").join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("the vectors are checked in")).expect("JSON")
}

/// A folder with the files that the reader is given.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn put(&self, name: &str, value: &Value) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, value.to_string()).expect("a file");
        path.to_str().expect("a plain path").to_owned()
    }

    fn keys_of(&self, name: &str) -> String {
        let keys = vectors("keys");
        let keys = if name == "phrase" { &keys["phrase"]["keys"] } else { &keys["devices"][name] };
        self.put(&format!("{name}.json"), keys)
    }

    fn chain(&self, name: &str) -> String {
        self.put(&format!("{name}-chain.json"), &vectors("chains")[name])
    }
}

fn run(arguments: &[&str]) -> Output {
    let python = std::env::var_os("READER_PYTHON").expect(
        "READER_PYTHON names no Python with `cryptography` and `cbor2`: run scripts/test, which makes one in target/python \
         and names it",
    );
    let reader = root().join("tests/reader/reader.py");
    Command::new(python).arg(reader).args(arguments).output().expect("Python starts")
}

fn read(arguments: &[&str]) -> Value {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON value")
}

fn refuse(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

#[test]
fn it_verifies_all_chains() {
    let desk = Desk::new();
    for name in CHAINS {
        let (expected, read) = (&vectors("chains")[name], read(&["chain", &desk.chain(name)]));
        assert_eq!(Some(read["kind"].as_str().expect("text")), name.split('_').next());
        assert_eq!(read["space"], expected["space"]);
        let hashes: Vec<&Value> = list(&expected["records"]).iter().map(|record| &record["hash"]).collect();
        assert_eq!(list(&read["hashes"]).iter().collect::<Vec<_>>(), hashes);
        assert_eq!(read["keyholders"], expected["keyholders"]);
        assert_eq!(read["open_epoch_after"], expected["open_epoch_after"]);
    }
}

#[test]
fn it_refuses_what_was_changed_and_takes_what_may_follow() {
    let desk = Desk::new();
    let chains = vectors("chains");
    for index in 0..list(&chains["shared"]["records"]).len() {
        let mut changed = chains["shared"].clone();
        let text = changed["records"][index]["bytes"].as_str().expect("text");
        let (head, last) = text.split_at(text.len() - 1);
        let flipped = format!("{head}{}", if last == "0" { "1" } else { "0" });
        changed["records"][index]["bytes"] = json!(flipped);
        assert!(refuse(&["chain", &desk.put("changed.json", &changed)]).contains("bad signature"), "record {index}");
    }
    for record in list(&chains["may_follow_shared"]) {
        let mut longer = chains["shared"].clone();
        longer["records"].as_array_mut().expect("a list").push(record.clone());
        assert_eq!(read(&["chain", &desk.put("longer.json", &longer)])["head"], record["hash"], "{}", record["what"]);
    }
    assert_eq!(chains["not_supported_yet"], json!([]), "every kind of record is acted on");
    let mut critical = chains["shared"].clone();
    critical["records"].as_array_mut().expect("a list").push(chains["unknown_critical"].clone());
    assert_eq!(read(&["chain", &desk.put("critical.json", &critical)])["too_old"], true);
}

#[test]
fn it_opens_seals_and_the_history_box() {
    let desk = Desk::new();
    for chain in CHAINS {
        for reader in ["ada", "noor", "tablet", "laptop", "phrase"] {
            let secrets = read(&["secrets", "--keys", &desk.keys_of(reader), &desk.chain(chain)]);
            for epoch in list(&vectors("chains")[chain]["epochs"]) {
                let opens = list(&epoch["opens_for"]).contains(&json!(reader));
                let secret = secrets.get(epoch["opened_by"].to_string());
                assert_eq!(secret, opens.then_some(&epoch["secret"]), "{reader} in the {chain} chain");
            }
        }
    }
    let nothing = read(&["secrets", "--keys", &desk.keys_of("noor"), &desk.chain("private")]);
    assert_eq!(nothing, json!({}), "Noor opens nothing of Ada's private space");
}

#[test]
fn it_opens_entries_and_live_messages() {
    let desk = Desk::new();
    let expected = vectors("feeds")["entries"].clone();
    let (keys, chain) = (desk.keys_of("noor"), desk.chain("shared"));
    let entries = read(&["entries", "--keys", &keys, "--chain", &chain, &desk.put("entries.json", &expected)]);
    for (read, expected) in list(&entries).iter().zip(list(&expected)) {
        for field in ["feed", "seq", "previous", "position", "kind", "critical", "hash", "header", "sealed"] {
            assert_eq!(read[field], expected[field], "{field}");
        }
        for field in ["document", "generation", "changes", "written"] {
            assert_eq!(read["content"][field], expected[field], "{field}");
        }
    }
    assert_eq!(list(&entries).len(), 3);
    let id = &vectors("keys")["documents"][1]["id"];
    assert_eq!(&entries[1]["content"]["document_id"], id);

    let live = vectors("live");
    let message = live["bytes"].as_str().expect("text");
    let read = read(&["live", "--keys", &desk.keys_of("ada"), "--chain", &chain, message]);
    assert_eq!(
        (&read["sender"], &read["plain"], &read["counter"]),
        (&live["sender"], &live["plain"], &live["counter"])
    );
}

#[test]
fn it_computes_words_digest_and_derived_keys() {
    let desk = Desk::new();
    let (keys, access) = (vectors("keys"), vectors("access"));
    assert_eq!(read(&["safety-words", &desk.chain("shared")]), vectors("chains")["safety_words"]);
    for name in ["tablet", "laptop"] {
        let id = keys["devices"][name]["keyholder"].as_str().expect("an id");
        let words = read(&["safety-words", &desk.chain("shared_devices"), "--device", id]);
        assert_eq!(words, vectors("chains")["device_safety_words"][name]);
    }
    let records: Vec<Value> =
        list(&vectors("chains")["shared"]["records"]).iter().map(|record| record["bytes"].clone()).collect();
    let clock = json!({"chain": records, "clock": vectors("messages")["clock_whole"]});
    assert_eq!(read(&["digest", &desk.put("clock.json", &clock)])["digest"], vectors("messages")["digest"]);

    let phrase = read(&["phrase", keys["phrase"]["words"].as_str().expect("words")]);
    assert_eq!(phrase, keys["phrase"]["keys"]);
    let partner = read(&["link", access["partner_link"]["link"].as_str().expect("a link")]);
    assert_eq!(partner["keys"], keys["invitation"]["keys"]);
    assert_eq!((&partner["kind"], &partner["relay"]), (&json!("partner"), &access["registration"]["aud"]));
    let device = read(&["link", access["device_link"]["link"].as_str().expect("a link")]);
    assert_eq!(device["keys"]["keyholder"], access["device_link"]["keyholder"]);
    assert_eq!(list(&device["spaces"]).len(), 2);
}

#[test]
fn it_makes_the_same_token_and_proof() {
    let desk = Desk::new();
    let access = vectors("access");
    let (token, registration) = (&access["token"], &access["registration"]);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let (method, path, aud, now) =
        (text(&token["htm"]), text(&token["htu"]), text(&token["aud"]), token["iat"].to_string());
    let keys = desk.keys_of("ada");
    let made = read(&["token", "--keys", &keys, "--method", &method, "--path", &path, "--aud", &aud, "--now", &now]);
    assert_eq!(made["token"], token["token"], "Ed25519 signatures have no randomness in them");
    let (word, space) = (text(&registration["token"]), text(&registration["space"]));
    assert_eq!(read(&["proof", &word, "--aud", &aud, "--space", &space])["proof"], registration["proof"]);
}
