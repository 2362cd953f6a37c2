//! What if the relay is full or busy, or what answers is no relay at all? The phone says so, keeps everything, and goes on when
//! the cause is gone.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use entwine_tests::world::meet;
use entwine_tests::{World, program};

/// What a hotel's network, a broken proxy, or somebody with bad intentions may answer in place of a relay.
const ANSWERS: &[(&str, &str, &str)] = &[
    ("200 OK", "text/html", "<html>Welcome to our hotel! Please log in.</html>"),
    ("200 OK", "application/cbor", "not a message"),
    ("200 OK", "application/cbor", ""),
    ("204 No Content", "text/plain", ""),
    ("302 Found\r\nlocation: http://127.0.0.1:9/", "text/html", "moved"),
    ("400 Bad Request", "text/html", "<h1>plain HTTP was sent to an HTTPS port</h1>"),
    (
        "401 Unauthorized",
        "application/json",
        r#"{"code":"token_expired","message":"it is late","request_id":"1","now":1}"#,
    ),
    ("401 Unauthorized", "application/json", r#"{"code":"token_refused","message":"no","request_id":"1"}"#),
    ("403 Forbidden", "application/json", r#"{"code":"registration_needed","message":"no","request_id":"1"}"#),
    ("404 Not Found", "text/html", "nothing here"),
    ("404 Not Found", "application/json", r#"{"code":"not_found","message":"nothing","request_id":"1"}"#),
    ("409 Conflict", "application/json", r#"{"code":"chains_differ","message":"other","request_id":"1"}"#),
    ("410 Gone", "application/cbor", "you were removed, believe me"),
    ("410 Gone", "text/html", "gone"),
    ("426 Upgrade Required", "application/json", r#"{"code":"app_too_old","message":"old","request_id":"1"}"#),
    (
        "422 Unprocessable Entity",
        "application/json",
        r#"{"code":"refused","message":"no","request_id":"1","reason":"x"}"#,
    ),
    ("200 OK\r\ncontent-length: 999", "application/cbor", "cut off"),
    ("nonsense", "", ""),
];

#[test]
fn whatever_answers_in_place_of_the_relay_costs_no_word_and_no_membership() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    relay.stop();
    let letter = ada.write("Letter", "Not for the hotel.");
    for answer in ANSWERS {
        let impostor = Impostor::start(relay.address(), answer);
        let reason = ada.sync_stops();
        assert_ne!(reason, "removed", "{answer:?}");
        assert_ne!(reason, "not_sent", "{answer:?}");
        assert!(ada.read(&letter).starts_with("Not for the hotel."), "{answer:?}");
        ada.append(&letter, ".");
        let heard = impostor.end();
        assert!(!heard.is_empty(), "the phone asked");
        assert!(!heard.windows(9).any(|part| part == b"the hotel"), "what it sent is sealed");
    }
    relay.start_again();
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&letter), format!("Not for the hotel.{}", ".".repeat(ANSWERS.len())));
}

#[test]
fn what_a_full_relay_refuses_waits_and_goes_up_by_itself_when_there_is_room() {
    let world = World::new();
    let mut relay = world.relay_with(&[("ENTWINE_SPACE_BYTES_MAX", "20000")]);
    let (ada, noor) = world.couple(&relay);
    let mut letters = Vec::new();
    while ada.start(&["sync"]).finish().status.success() {
        letters.push(ada.write("Letter", &format!("One more page of it: {}", letters.len())));
        assert!(letters.len() < 100, "20000 bytes hold no hundred letters");
    }
    assert_eq!(ada.sync_stops(), "refused");
    assert!(letters.len() > 2);
    let _ = noor.start(&["sync"]).finish();
    assert_eq!(noor.read(&letters[0]), "One more page of it: 0", "what had room is there");

    relay.stop();
    relay.set("ENTWINE_SPACE_BYTES_MAX", "1000000");
    relay.start_again();
    meet(&[&ada, &noor]);
    assert_eq!(noor.titles().len(), letters.len());
    assert_eq!(ada.shared(), noor.shared());
    assert_eq!(relay.branched_feeds().len(), 0);
}

#[test]
fn a_busy_relay_is_asked_again() {
    let world = World::new();
    let relay = world.relay_with(&[("ENTWINE_REQUESTS_PER_KEYHOLDER_MAX", "1"), ("ENTWINE_REQUESTS_MAX", "2")]);
    let (ada, noor) = world.couple(&relay);
    let entry = ada.write("Crowd", "Everybody at once.");
    let programs: Vec<_> = [&ada, &noor, &ada, &noor].map(|phone| phone.start(&["sync"])).into_iter().collect();
    for program in programs {
        let _ = program.finish().done();
    }
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&entry), "Everybody at once.");
}

/// Listens where the relay did, and gives everybody the same answer.
struct Impostor {
    address: SocketAddr,
    answering: thread::JoinHandle<Vec<u8>>,
}

impl Impostor {
    fn start(address: SocketAddr, (status, content_type, body): &(&str, &str, &str)) -> Self {
        let listener = program::listen(address);
        let answer = format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\nconnection: close\r\n\r\n{body}");
        let answering = thread::spawn(move || {
            let mut heard = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut part = [0; 16 * 1024];
                let len = stream.read(&mut part).unwrap_or_default();
                if part[..len] == *b"the end" {
                    break;
                }
                heard.extend_from_slice(&part[..len]);
                let _ = stream.write_all(answer.as_bytes());
            }
            heard
        });
        Self { address, answering }
    }

    /// What it heard.
    fn end(self) -> Vec<u8> {
        TcpStream::connect(self.address).unwrap().write_all(b"the end").unwrap();
        self.answering.join().unwrap()
    }
}
