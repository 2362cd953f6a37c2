//! What does a relay do with messages of a member that were mangled? It refuses them, keeps nothing that nobody signed, and works for
//! everybody else meanwhile.
//!
//! Real exchanges are recorded on their way, changed, and sent again with that member's good token: by requests, and over a connection
//! that stays open.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use entwine_core::id::SpaceId;
use entwine_core::limits::{ENTRIES_PER_MESSAGE_MAX, LIVE_FRAME_BYTES_MAX, MESSAGE_BYTES_MAX};
use entwine_core::wire::live::{Ask, DeviceFrame, Hello, RelayFrame};
use entwine_core::wire::message::Request as SyncRequest;
use entwine_core::wire::{from_bytes, to_bytes};
use entwine_tests::chance::{Chance, seeds};
use entwine_tests::double::LIVE;
use entwine_tests::http::Request;
use entwine_tests::program::GUARD;
use entwine_tests::world::meet;
use entwine_tests::{Double, Member, Relay, World, search};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

/// How many messages with flipped bits are sent, of each kind.
const FLIPPED: u64 = 150;

/// What phones sent: the path and the body, in this order.
type Recorded = Vec<(String, Vec<u8>)>;

/// Records what passes a double.
fn record(double: &Double) -> Arc<Mutex<Recorded>> {
    let recorded = Arc::new(Mutex::new(Recorded::new()));
    let kept = Arc::clone(&recorded);
    double.play(Box::new(move |asked, relay| {
        if asked.method == "POST" {
            kept.lock().unwrap().push((asked.path.clone(), asked.body.clone()));
        }
        relay(&asked.body)
    }));
    recorded
}

/// Cut short, at every of the first boundaries and then here and there; longer than it says; and with flipped bits.
fn mangled(message: &[u8], chance: &mut Chance, flipped: u64) -> Vec<Vec<u8>> {
    let step = message.len() / 40 + 1;
    let cuts = (0..message.len().min(48)).chain((48..message.len()).step_by(step));
    let mut mangled: Vec<Vec<u8>> = cuts.map(|len| message[..len].to_vec()).collect();
    mangled.push([message, b"\x00"].concat());
    mangled.push([message, message].concat());
    for _ in 0..flipped {
        let mut bytes = message.to_vec();
        for _ in 0..=chance.below(3) {
            // Heads and lengths stand at the beginning: half of the bits that flip are there.
            let within = if chance.coin() { 64.min(bytes.len()) } else { bytes.len() };
            bytes[chance.below(within as u64) as usize] ^= 1 << chance.below(8);
        }
        mangled.push(bytes);
    }
    mangled
}

/// Messages that decode, and make no sense.
fn senseless(request: &SyncRequest) -> Vec<SyncRequest> {
    let mut reversed = request.clone();
    reversed.entries.reverse();
    reversed.records.reverse();
    let mut doubled = request.clone();
    doubled.entries = request.entries.iter().flat_map(|entry| [entry.clone(), entry.clone()]).collect();
    doubled.records = [request.records.clone(), request.records.clone()].concat();
    let changed = |change: fn(&mut SyncRequest)| {
        let mut changed = request.clone();
        change(&mut changed);
        changed
    };
    vec![
        reversed,
        doubled,
        changed(|r| r.entries.iter_mut().for_each(|entry| entry.seq = u64::MAX)),
        changed(|r| r.entries.iter_mut().for_each(|entry| entry.seq = 0)),
        changed(|r| r.entries.iter_mut().for_each(|entry| entry.position = u32::MAX)),
        changed(|r| r.entries.iter_mut().for_each(|entry| entry.feed = u32::MAX)),
        changed(|r| r.entries.iter_mut().for_each(|entry| entry.previous = None)),
        changed(|r| r.clock.chain_len = u32::MAX),
        changed(|r| r.clock.chain_len = 0),
        changed(|r| r.clock.lines = None),
        changed(|r| _ = r.entries.drain(..r.entries.len() / 2)),
    ]
}

/// More than a message may hold: bytes, entries, and a record.
fn oversized(request: &SyncRequest) -> Vec<Vec<u8>> {
    let mut crowded = request.clone();
    if let Some(entry) = crowded.entries.first().cloned() {
        crowded.entries = vec![entry; ENTRIES_PER_MESSAGE_MAX + 1];
        crowded.entries.iter_mut().for_each(|entry| entry.sealed.truncate(1));
    }
    let mut long = request.clone();
    long.records = vec![vec![7; 200_000]];
    vec![vec![0; MESSAGE_BYTES_MAX + 1], to_bytes(&crowded), to_bytes(&long)]
}

#[test]
fn mangled_messages_of_a_member_are_refused_and_hurt_nobody_else() {
    let world = World::new();
    let relay = world.relay();
    let double = Double::start(relay.address());
    let recorded = record(&double);
    let (ada, noor) = world.couple_by(&double.url(), relay.token());
    let page = ada.write("Page", "Begun.");
    let _ = ada.begin_ritual("Coffee", "FREQ=DAILY", "08:00");
    meet(&[&ada, &noor, &ada]);
    double.be_honest();
    let (recorded, member) = (recorded.lock().unwrap().clone(), Member::of(&ada, &relay));
    let before = relay.holdings();
    let watching = noor.watch();
    watching.until_in_sync();

    for seed in seeds(1..2) {
        let mut chance = Chance::new(seed);
        let mut messages: Recorded = Vec::new();
        for (path, body) in &recorded {
            let flipped = FLIPPED / recorded.len() as u64;
            messages.extend(mangled(body, &mut chance, flipped).into_iter().map(|bytes| (path.clone(), bytes)));
            if let Ok(request) = from_bytes::<SyncRequest>(body) {
                messages.extend(senseless(&request).iter().map(|request| (path.clone(), to_bytes(request))));
            }
        }
        let longest = recorded.iter().filter_map(|(_, body)| from_bytes::<SyncRequest>(body).ok());
        let longest = longest.max_by_key(|request| request.entries.len()).unwrap();
        messages.extend(oversized(&longest).into_iter().map(|bytes| (member.path(), bytes)));
        // And the real ones once more, in any order.
        messages.extend(recorded.iter().cloned());
        for at in (1..messages.len()).rev() {
            messages.swap(at, chance.below(at as u64 + 1) as usize);
        }
        for (path, body) in &messages {
            let token = member.token("POST", path);
            let content_type = "application/cbor";
            let request = Request { method: "POST", path, token: Some(&token), content_type, body };
            let answer = request.send(relay.address());
            assert!(answer.status < 500, "{path}: {} {} to {body:02x?}", answer.status, answer.code());
        }
    }
    everybody_else_is_well(&relay, &world, before);
    ada.append(&page, " Still here.");
    let _ = ada.sync();
    watching.until_changed("entry_changed", &page);
    assert_eq!(watching.stop("INT"), Some(130));
    meet(&[&noor, &ada]);
    assert_eq!(ada.shared(), noor.shared());
}

#[test]
fn mangled_frames_of_a_member_end_their_connection_and_no_other() {
    let world = World::new();
    let relay = world.relay();
    let double = Double::start(relay.address());
    let recorded = record(&double);
    let (ada, noor) = world.couple_by(&double.url(), relay.token());
    let page = ada.write("Page", "Begun.");
    meet(&[&ada, &noor, &ada]);
    double.be_honest();
    let (recorded, member) = (recorded.lock().unwrap().clone(), Member::of(&ada, &relay));
    let before = relay.holdings();
    let watching = noor.watch();
    watching.until_in_sync();

    let space = member.chain().space();
    let requests = recorded.iter().filter(|(path, _)| *path == member.path());
    let longest = requests.filter_map(|(_, body)| from_bytes::<SyncRequest>(body).ok()).max_by_key(|r| r.entries.len());
    let longest = longest.unwrap();
    let ask = |request: &SyncRequest| DeviceFrame::Ask(Box::new(Ask { id: 7, space, request: request.clone() }));
    let hello = DeviceFrame::Hello(Hello { token: member.token("GET", LIVE), spaces: vec![space; 3] });
    for seed in seeds(1..2) {
        let mut chance = Chance::new(seed);
        let mut frames = mangled(&to_bytes(&ask(&longest)), &mut chance, FLIPPED / 2);
        frames.extend(senseless(&longest).iter().map(|request| to_bytes(&ask(request))));
        frames.push(vec![0; LIVE_FRAME_BYTES_MAX + 1]);
        frames.extend([to_bytes(&hello), Vec::new()]);
        let mut open = None;
        for frame in frames {
            let socket = open.get_or_insert_with(|| connect(&member, &relay, space));
            match exchange(socket, frame.clone()) {
                Ended::Answered => {}
                Ended::Closed(code) => {
                    assert!(!(4500..4600).contains(&code) && code != 1011, "{code} to {frame:02x?}");
                    open = None;
                }
            }
        }
        for bytes in mangled(&to_bytes(&hello), &mut chance, 20) {
            let mut socket = dial(&relay);
            if let Ended::Closed(code) = exchange(&mut socket, bytes.clone()) {
                assert!(!(4500..4600).contains(&code) && code != 1011, "{code} to {bytes:02x?}");
            }
        }
    }
    everybody_else_is_well(&relay, &world, before);
    ada.append(&page, " Still here.");
    let _ = ada.sync();
    watching.until_changed("entry_changed", &page);
    assert_eq!(watching.stop("INT"), Some(130));
    meet(&[&noor, &ada]);
    assert_eq!(ada.shared(), noor.shared());
}

/// Nothing was kept that was not there, and the relay failed at nothing.
fn everybody_else_is_well(relay: &Relay, world: &World, before: std::collections::BTreeSet<String>) {
    assert_eq!(relay.holdings(), before);
    let logs = world.logs();
    assert!(logs.iter().any(|(_, bytes)| search::holds(bytes, b"/sync")), "requests are logged");
    assert_eq!(search::found(&logs, &["panicked", "the relay failed"]), []);
    let ready = Request { method: "GET", path: "/readyz", token: None, content_type: "", body: b"" };
    assert_eq!(ready.send(relay.address()).status, 200);
}

type Socket = WebSocket<TcpStream>;

/// What became of a frame.
enum Ended {
    Answered,
    /// With this code; 1006 where there was none (RFC 6455, 7.1.5).
    Closed(u16),
}

fn dial(relay: &Relay) -> Socket {
    let stream = TcpStream::connect(relay.address()).unwrap();
    stream.set_read_timeout(Some(GUARD)).unwrap();
    tungstenite::client::client(format!("ws://{}{LIVE}", relay.address()), stream).unwrap().0
}

/// A connection that has said who it is, and is attended to.
fn connect(member: &Member, relay: &Relay, space: SpaceId) -> Socket {
    let mut socket = dial(relay);
    let hello = DeviceFrame::Hello(Hello { token: member.token("GET", LIVE), spaces: vec![space] });
    assert!(matches!(exchange(&mut socket, to_bytes(&hello)), Ended::Answered), "a good hello is heard");
    socket
}

/// Sends a frame, and waits for whatever answers it: a hint answers a hello.
fn exchange(socket: &mut Socket, frame: Vec<u8>) -> Ended {
    // Where the relay has closed already, what it said is still to be read.
    let _ = socket.send(Message::binary(frame));
    loop {
        match socket.read() {
            Ok(Message::Binary(bytes)) => {
                from_bytes::<RelayFrame>(&bytes).unwrap();
                return Ended::Answered;
            }
            Ok(Message::Close(frame)) => return Ended::Closed(code(frame.as_ref())),
            Ok(_) => {}
            Err(_) => return Ended::Closed(1006),
        }
    }
}

fn code(frame: Option<&CloseFrame>) -> u16 {
    frame.map_or(1006, |frame| frame.code.into())
}
