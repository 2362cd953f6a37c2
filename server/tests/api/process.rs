//! Does the program behave? `entwine-relay` itself, as a script or an operator starts it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use entwine_core::membership::SpaceKind;
use entwine_core::wire::codec::to_bytes;
use reqwest::Method;

use crate::helpers::{CBOR, Person, Relay, outside, request, sync_path};

/// A relay's process, and what it wrote until it listened.
struct Process {
    child: Child,
    said: Vec<String>,
    origin: String,
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entwine-relay"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ENTWINE_")) {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .env("ENTWINE_DATA", folder)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

impl Process {
    fn serve(folder: &Path, flags: &[&str]) -> Self {
        Self::serve_logging(folder, flags, Stdio::null())
    }

    fn serve_logging(folder: &Path, flags: &[&str], log: Stdio) -> Self {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], flags].concat();
        let mut command = command(folder, &arguments);
        let mut child = command.stderr(log).spawn().unwrap();
        let mut said = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(origin) = line.strip_prefix("listening on ") {
                let origin = origin.to_owned();
                return Self { child, said, origin };
            }
            said.push(line);
        }
        panic!("it ended with {:?}, having said {said:?}", child.wait());
    }

    fn token(&self) -> Option<&str> {
        self.said.iter().find_map(|line| line.strip_prefix("registration token: "))
    }

    fn signal(mut self, name: &str) -> ExitStatus {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap()
    }
}

/// Runs to the end: exit code, stdout, stderr.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = command(folder, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn the_token_is_printed_until_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let first = Process::serve(folder.path(), &[]);
    let token = first.token().unwrap().to_owned();
    assert_eq!(first.said.len(), 1, "no QR code in a pipe: {:?}", first.said);
    assert!(first.signal("-TERM").success());

    let second = Process::serve(folder.path(), &[]);
    assert_eq!(second.token(), Some(token.as_str()));
    let mut ada = Person::new(1);
    let chain = ada.found(SpaceKind::Shared);
    outside(&second.origin).create(&ada.keys, &chain, Some(&token)).await.is_ok();
    assert!(second.signal("-INT").success());

    let third = Process::serve(folder.path(), &[]);
    assert_eq!(third.said, [""; 0]);
    let (mut noor, relay) = (Person::new(2), outside(&third.origin));
    let chain = noor.found(SpaceKind::Shared);
    relay.create(&noor.keys, &chain, Some(&token)).await.is_ok();
    assert!(third.signal("-TERM").success());
}

#[tokio::test]
async fn a_configured_token_is_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--registration-token", "known to the operator"];
    let relay = Process::serve(folder.path(), &flags);
    assert_eq!(relay.said, [""; 0]);
    assert!(relay.signal("-TERM").success());
    let (code, printed, _) =
        run(folder.path(), &["serve", "--print-config", "--registration-token", "known to the operator"]);
    assert_eq!(code, 0);
    assert!(printed.contains("ENTWINE_REGISTRATION_TOKEN=(hidden)\n"), "{printed}");
    let (_, same, _) = run(folder.path(), &["config", "--registration-token", "known to the operator"]);
    assert_eq!(same, printed);
}

#[tokio::test]
async fn tokens_work_beside_the_running_relay() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::serve(folder.path(), &[]);
    let relay = outside(&process.origin);
    let (code, made, _) = run(folder.path(), &["tokens", "new"]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = made.lines().collect();
    let (token, id) = (lines[0].strip_prefix("registration token: ").unwrap(), lines[1].strip_prefix("id: ").unwrap());

    let (mut ada, mut noor) = (Person::new(1), Person::new(2));
    let chain = ada.found(SpaceKind::Shared);
    relay.create(&ada.keys, &chain, Some(token)).await.is_ok();
    assert_eq!(run(folder.path(), &["tokens", "revoke", id]).0, 0);
    let other = noor.found(SpaceKind::Shared);
    relay.create(&noor.keys, &other, Some(token)).await.is_error(403, "registration_needed");
    // What was founded with it stays.
    relay.sync(&ada.keys, chain.space(), &request(&chain, &[], vec![], &[])).await.is_ok();

    let (code, _, said) = run(folder.path(), &["tokens", "revoke", "nothing"]);
    assert_eq!(code, 1);
    assert!(said.contains("tokens list"), "{said}");
    let (_, listed, _) = run(folder.path(), &["tokens", "list"]);
    assert_eq!(listed.lines().count(), 3, "a heading, the first one, and this one: {listed}");
    assert!(process.signal("-TERM").success());
}

#[tokio::test]
async fn what_stands_in_the_way_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let running = Relay::start().await;
    let taken = running.origin.strip_prefix("http://").unwrap();
    let (code, _, said) = run(folder.path(), &["serve", "--listen", taken]);
    assert_eq!(code, 1);
    assert!(said.contains(taken) && said.contains("--listen"), "{said}");

    let (code, _, said) = run(running.folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 1);
    assert!(said.contains("another relay runs") && said.contains("--data"), "{said}");

    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let (code, _, said) = run(&file, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 1);
    assert!(said.contains("a-file") && said.contains("--data"), "{said}");

    for wrong in [&["serve", "--listen", "nowhere"][..], &["serve", "--port", "1"], &["dance"], &["tokens"]] {
        assert_eq!(run(folder.path(), wrong).0, 2, "{wrong:?}");
    }
    let misspelt = command(folder.path(), &["serve"]).env("ENTWINE_LISTN", "x").output().unwrap();
    assert_eq!(misspelt.status.code(), Some(2));
    running.stop().await;
}

/// Whatever the operator lets it log, of what others send it logs nothing that opens a door.
#[tokio::test]
async fn the_log_tells_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["text", "json"] {
        let flags = ["--log", "trace", "--log-format", format, "--registration-token", "known-to-the-operator"];
        let log = folder.path().join(format!("{format}.log"));
        let relay = Process::serve_logging(folder.path(), &flags, std::fs::File::create(&log).unwrap().into());
        let (mut ada, outside) = (Person::new(1), outside(&relay.origin));
        let chain = ada.found(SpaceKind::Shared);
        outside.create(&ada.keys, &chain, Some("known-to-the-operator")).await.is_ok();
        let words = ada.write_many(&chain, 1);
        outside.sync(&ada.keys, chain.space(), &request(&chain, &words, vec![], &words)).await.is_ok();
        let answer = outside.get("/pasted-by-mistake?token=pasted-by-mistake").await;
        let id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
        answer.is_error(404, "not_found");
        let claims = entwine_core::token::Claims::new(&outside.origin, "GET", "/v1/spaces", crate::helpers::now());
        let bearer = crate::helpers::bearer(&ada.keys, &claims);
        let list = outside.client.get(format!("{}/v1/spaces", outside.origin)).bearer_auth(&bearer);
        crate::helpers::Answer::of(list).await.is_ok();
        assert!(relay.signal("-TERM").success());

        let log = std::fs::read_to_string(&log).unwrap();
        assert!(log.contains(&id), "a request is found by its id: {log}");
        for secret in ["known-to-the-operator", "pasted-by-mistake", bearer.as_str(), "Bearer"] {
            assert!(!log.contains(secret), "{secret} in {log}");
        }
    }
}

/// Kills the relay while phones write, and looks for every entry that it had acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_no_acknowledged_entry() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::serve(folder.path(), &["--registration", "open"]);
    let relay = outside(&process.origin);
    let mut writers = Vec::new();
    for seed in 0..4 {
        let relay = relay.clone();
        writers.push(tokio::spawn(async move {
            let mut person = Person::new(seed);
            let chain = person.found(SpaceKind::Shared);
            relay.create(&person.keys, &chain, None).await.is_ok();
            let mut acknowledged = Vec::new();
            loop {
                let next = person.write(&chain, acknowledged.last(), "word");
                let all = [acknowledged.as_slice(), std::slice::from_ref(&next)].concat();
                let request = request(&chain, &all, vec![], &[next]);
                let sent = relay.request(&person.keys, Method::POST, &sync_path(chain.space()));
                match sent.header("content-type", CBOR).body(to_bytes(&request)).send().await {
                    Ok(answer) if answer.status().is_success() => acknowledged = all,
                    _ => return (person, chain, acknowledged),
                }
            }
        }));
    }
    // Long enough for some of everything; what counts is that the end comes in the middle.
    let mut probe = Person::new(9);
    let chain = probe.found(SpaceKind::Shared);
    relay.create(&probe.keys, &chain, None).await.is_ok();
    for _ in 0..30 {
        relay.sync(&probe.keys, chain.space(), &request(&chain, &[], vec![], &[])).await.is_ok();
    }
    process.signal("-KILL");

    let restarted = Process::serve(folder.path(), &["--registration", "open"]);
    let relay = outside(&restarted.origin);
    let mut total = 0;
    for writer in writers {
        let (person, chain, acknowledged) = writer.await.unwrap();
        let answer =
            relay.sync(&person.keys, chain.space(), &request(&chain, &[], vec![], &[])).await.is_ok().message();
        // One more may have been durable when its answer was cut off.
        assert!(answer.entries.len() >= acknowledged.len(), "{} < {}", answer.entries.len(), acknowledged.len());
        for (kept, written) in answer.entries.iter().zip(&acknowledged) {
            assert_eq!(kept.signature, written.signature);
        }
        total += acknowledged.len();
    }
    assert!(total > 0, "nothing was written at all");
    assert!(restarted.signal("-TERM").success());
}

/// Stops the relay in the middle of a request's body: the request is finished, with an answer, and its entry is kept.
#[tokio::test]
async fn accepted_work_is_finished_at_the_end() {
    let relay = Relay::open().await;
    let mut ada = Person::new(1);
    let chain = ada.found(SpaceKind::Shared);
    relay.create(&ada.keys, &chain, None).await.is_ok();
    let words = ada.write_many(&chain, 1);
    let message = to_bytes(&request(&chain, &words, vec![], &words));

    let mut connection = relay.begin_post(&ada.keys, &sync_path(chain.space()), message.len()).await;
    connection.send(&message[..10]).await;
    let idle = relay.connect().await;
    let stopping = tokio::spawn(relay.stop());
    // What has no request is closed as soon as the relay is on its way out.
    assert_eq!(idle.rest().await, "");
    connection.send(&message[10..]).await;
    assert!(connection.rest().await.starts_with("HTTP/1.1 200"), "its answer came");

    let folder = stopping.await.unwrap();
    let relay = Relay::in_folder(folder, &["--registration", "open"]).await;
    let answer = relay.sync(&ada.keys, chain.space(), &request(&chain, &[], vec![], &[])).await.is_ok().message();
    assert_eq!(answer.entries.len(), 1);
    relay.stop().await;
}
