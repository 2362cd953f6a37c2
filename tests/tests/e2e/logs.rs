//! What do the logs of a whole run hold, and the databases? No secret, no token, no link, and not a word that anybody wrote.

use std::path::PathBuf;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use entwine_core::feed::EntryKind;
use entwine_core::keyholder::recovery::RecoveryPhrase;
use entwine_core::wire::to_bytes;
use entwine_tests::http::{Answer, Request};
use entwine_tests::world::meet;
use entwine_tests::{Double, Member, Phone, Relay, World, search};

const FIXED: &str = "a-fixed-token-that-nobody-should-read-in-a-log";

#[test]
fn the_logs_of_a_whole_run_hold_no_secret_and_no_word() {
    for format in ["text", "json"] {
        let world = World::new();
        let settings =
            [("ENTWINE_LOG", "trace"), ("ENTWINE_LOG_FORMAT", format), ("ENTWINE_REGISTRATION_TOKEN", FIXED)];
        let relay = world.relay_with(&settings);
        let ada = Phone::init_as(&world, "Ada", "Ada Wintergreen").with("RUST_LOG", "trace");
        let noor = Phone::init_as(&world, "Noor", "Noor Haddad-Oakley").with("RUST_LOG", "trace");
        let _ = ada.refused(&["create", "--relay", &relay.url(), "--token", "a-wrong-token"]);
        let _ = ada.run(&["create", "--relay", &relay.url(), "--token", FIXED]);
        let (link, revoked) = (ada.invite(), ada.invite());
        let open = ada.run(&["invitations"]);
        let _ = ada.run(&["revoke", open[1]["id"].as_str().unwrap()]);
        let _ = noor.start(&["join", &revoked]).finish();
        let _ = noor.start(&["join", &link]).finish();
        let _ = noor.start(&["join", &link, "--expect", "device"]).finish();
        let entry = ada.write("First snow", "We walked to the frozen lake.");
        let _ = ada.write_private("Only for myself", "I was afraid of the ice.");
        let _ = ada.begin_ritual("Morning coffee", "FREQ=DAILY", "08:15");
        meet(&[&ada, &noor]);
        let _ = noor.start(&["edit", &entry, "--replace", "no such words", "lighthouse"]).finish();
        let _ = noor.start(&["ritual", "set", &entry, "--name", "balcony"]).finish();
        let words = ada.run(&["safety-words"])["safety_words"].to_string();
        let query = "/v1/info?where=the-query-string";
        let _ = Request {
            method: "GET",
            path: query,
            token: Some("the.bearer.token"),
            content_type: "text/plain",
            body: b"",
        }
        .send(relay.address());

        let fragment = link.split('#').next_back().unwrap();
        let secrets = [FIXED, "a-wrong-token", &link, fragment, &fragment[fragment.len() - 24..], words.as_str()];
        // Every bearer token begins with {" in base64.
        let traces = ["entwine://", "join#", "eyJ", "the.bearer.token", "the-query-string", "safety_words"];
        let written = [
            "Wintergreen",
            "Haddad-Oakley",
            "First snow",
            "frozen lake",
            "Only for myself",
            "afraid",
            "lighthouse",
            "Morning coffee",
            "balcony",
            "FREQ=DAILY",
            "journal/",
        ];
        let logs = world.logs();
        let logged = |words: &[&str]| {
            logs.iter().any(|(_, bytes)| words.iter().all(|word| search::holds(bytes, word.as_bytes())))
        };
        assert!(logged(&["POST", "/v1/spaces"]), "requests are logged, or there is nothing to look into");
        let by_relay = logs.iter().find(|(path, _)| path.to_string_lossy().ends_with("-relay.stderr")).unwrap();
        let are_json = by_relay.1.split(|byte| *byte == b'\n').all(|line| {
            line.is_empty() || serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|line| line.is_object())
        });
        assert_eq!(are_json, format == "json");
        for words in [secrets.as_slice(), &traces, &written] {
            assert_eq!(search::found(&logs, words), Vec::<(PathBuf, &str)>::new());
        }
    }
}

/// What nobody may find, in any form in which it could have been written down.
fn secrets_of(phones: &[&Phone], links: &[&str], phrase: &str) -> Vec<Vec<u8>> {
    let mut raw: Vec<Vec<u8>> = Vec::new();
    for phone in phones {
        let kept = std::fs::read(phone.profile().join("keys")).unwrap();
        // Version ‖ two keys ‖ the storage key, 32 bytes each.
        raw.extend(kept[1..].chunks(32).map(<[u8]>::to_vec));
    }
    for link in links {
        let fragment = BASE64URL_NOPAD.decode(link.split('#').next_back().unwrap().as_bytes()).unwrap();
        raw.push(fragment[fragment.len() - 32..].to_vec());
    }
    raw.push(RecoveryPhrase::parse(phrase).unwrap().entropy().to_vec());
    assert!(raw.iter().all(|secret| secret.len() == 32), "each is a key or a seed");
    let forms = raw.iter().flat_map(|secret| {
        let written =
            [HEXLOWER.encode(secret), HEXUPPER.encode(secret), BASE64.encode(secret), BASE64URL_NOPAD.encode(secret)];
        // As numbers in a row, as a debug form of bytes shows them.
        let numbers = format!("{secret:?}");
        written.into_iter().chain([numbers]).map(String::into_bytes).chain([secret.clone()]).collect::<Vec<_>>()
    });
    forms.collect()
}

/// Everything that lies in the folders of these phones and the relay, their keys excepted, which lie there by design: databases,
/// write-ahead logs, lock files.
fn kept(relay: &Relay, phones: &[&Phone]) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = search::files_in(relay.data());
    for phone in phones {
        files.extend(search::files_in(phone.profile()).into_iter().filter(|(path, _)| !path.ends_with("keys")));
    }
    // A phone's own log is gone with the last program that had it open.
    for ending in ["relay.db", "relay.db-wal", "profile.db"] {
        assert!(files.iter().any(|(path, _)| path.ends_with(ending)), "no {ending} to look into");
    }
    files
}

#[test]
fn a_run_full_of_refusals_kills_and_bad_messages_leaves_no_secret_and_no_word_in_any_log_or_database() {
    let world = World::new();
    let relay = world.relay_with(&[("ENTWINE_LOG", "trace"), ("ENTWINE_REGISTRATION_TOKEN", FIXED)]);
    let double = Double::start(relay.address());
    let phone = |name: &str, full_name: &str| Phone::init_as(&world, name, full_name).with("RUST_LOG", "trace");
    let ada = phone("Ada", "Ada Wintergreen").with("ENTWINE_TEST_FIRST_PAUSE", "1");
    let (noor, tablet, back) =
        (phone("Noor", "Noor Haddad-Oakley"), phone("Tablet", "Ada Wintergreen"), phone("Back", "Ada Wintergreen"));
    let _ = ada.run(&["create", "--relay", &double.url(), "--token", FIXED]);
    let link = ada.invite();
    // Intents are in the databases while these are killed.
    noor.with("ENTWINE_TEST_FAULT", "join:after-intent").start(&["join", &link]).finish().killed();
    let files_while_joining = kept(&relay, &[&noor]);
    let _ = noor.run(&["join", &link]);
    let watching = noor.watch();
    watching.until_in_sync();

    // Everything goes wrong, with words in the outbox.
    let entry = ada.write("First snow", "We walked to the frozen lake.");
    let _ = ada.write_private("Only for myself", "I was afraid of the ice.");
    let refusals: [fn() -> Answer; 6] = [
        || Answer::refusal(401, "token_expired"),
        || Answer::refusal(404, "not_found"),
        || Answer::of(410, "application/cbor", b"\x80"),
        || Answer::refusal(422, "refused"),
        || Answer::of(500, "text/html", b"<h1>broken</h1>"),
        || Answer::of(200, "application/cbor", &[0x88; 5000]),
    ];
    for refusal in refusals {
        double.play(Box::new(move |_, _| refusal()));
        let _ = ada.refused(&["sync"]);
        let _ = ada.start(&["phrase"]).finish();
    }
    double.be_honest();
    ada.with("ENTWINE_TEST_FAULT", "sync:after-sealed").start(&["sync"]).finish().killed();
    meet(&[&ada, &noor]);
    ada.with("ENTWINE_TEST_FAULT", "phrase:after-space").start(&["phrase"]).finish().killed();
    let phrase = ada.phrase();
    let of_others = phrase.split(' ').rev().collect::<Vec<_>>().join(" ");
    let _ = back.recover(&double.url(), &of_others);
    let recovering = back.with("ENTWINE_TEST_FAULT", "recover:after-intent");
    recovering.recover(&double.url(), &phrase).killed();
    let files_while_recovering = kept(&relay, &[&ada, &back]);
    let _ = back.recover(&double.url(), &phrase).done();
    let device_link = ada.invite_device();
    let _ = tablet.run(&["join", &device_link, "--expect", "device"]);
    let _ = noor.start(&["join", &device_link]).finish();
    let _ = ada.run(&["remove-device", &tablet.keyholder()]);
    let _ = tablet.start(&["sync"]).finish();
    // A member's client that is broken, or evil.
    let mut member = Member::of(&noor, &relay);
    for body in [b"\x85\x01".as_slice(), b"lighthouse", &to_bytes(&member.request(Vec::new()))[1..]] {
        assert_eq!(member.send(body).status, 400);
    }
    let header = member.header(EntryKind::CHANGES, true);
    let entry_of_nobody = member.sign(&header, vec![7; 200]);
    member.push(vec![entry_of_nobody]);
    let _ = noor.start(&["edit", &entry, "--append", " And the balcony."]).finish();
    let _ = noor.start(&["sync"]).finish();
    assert_eq!(watching.stop("INT"), Some(130));

    let phones = [&ada, &noor, &tablet, &back];
    let files: Vec<_> = [files_while_joining, files_while_recovering, kept(&relay, &phones), world.logs()]
        .into_iter()
        .flatten()
        .collect();
    let secrets = secrets_of(&phones, &[&link, &device_link], &phrase);
    for (path, bytes) in &files {
        for secret in &secrets {
            assert!(!search::holds(bytes, secret), "a secret stands in {}", path.display());
        }
    }
    let words: Vec<&str> = phrase.split(' ').collect();
    let begins: Vec<String> = words.windows(3).map(|three| three.join(" ")).collect();
    let fragments = [&link, &device_link].map(|link| link.split('#').next_back().unwrap());
    let mut planted = vec![FIXED, fragments[0], fragments[1], "entwine://", "join#", "eyJ"];
    planted.extend(begins.iter().map(String::as_str));
    planted.extend(["Wintergreen", "Haddad-Oakley", "First snow", "frozen lake", "Only for myself", "afraid of"]);
    planted.extend(["balcony", "journal/"]);
    assert_eq!(search::found(&files, &planted), Vec::<(PathBuf, &str)>::new());
    // They would be found: they stand in what was answered to those who asked for them, and in the key files.
    let answers = search::files_in(&world.folder().join("log"));
    assert!(!search::found(&answers, &[&begins[0], fragments[0], "frozen lake"]).is_empty());
    let of_keys: Vec<_> =
        search::files_in(ada.profile()).into_iter().filter(|(path, _)| path.ends_with("keys")).collect();
    assert!(secrets.iter().any(|secret| of_keys.iter().any(|(_, bytes)| search::holds(bytes, secret))));
}
