//! What do the logs of a whole run hold? No secret, no token, no link, and not a word that anybody wrote.

use std::path::PathBuf;

use entwine_tests::http::Request;
use entwine_tests::world::meet;
use entwine_tests::{Phone, World, search};

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
