//! What does a relay do with clients that are slow, read nothing, or are gone without a word? It lets go of them by its limits, and a
//! couple goes on meanwhile as if they were not there.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use entwine_core::feed::EntryKind;
use entwine_core::wire::live::{Ask, DeviceFrame, Hello};
use entwine_core::wire::to_bytes;
use entwine_tests::double::LIVE;
use entwine_tests::program::GUARD;
use entwine_tests::relay::Settings;
use entwine_tests::{Member, Phone, Relay, Watching, World};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::{self, Message};

/// Limits so short that a story sees them.
const IMPATIENT: Settings<'static> = &[
    ("ENTWINE_HEADER_TIMEOUT", "1"),
    ("ENTWINE_BODY_TIMEOUT", "2"),
    ("ENTWINE_BODY_IDLE_TIMEOUT", "1"),
    ("ENTWINE_ANSWER_IDLE_TIMEOUT", "1"),
    ("ENTWINE_KEEP_ALIVE", "1"),
    ("ENTWINE_LIVE_HEARTBEAT", "0.3"),
];
/// How many there are of each kind.
const EACH: usize = 4;
/// What all of them together may cost. Each that reads nothing keeps an answer of most of a megabyte waiting.
const MEMORY_BYTES_MAX: u64 = 64 << 20;
/// How often one that reads nothing asks.
const QUESTIONS: usize = 16;
/// Between two looks at the relay.
const TURN: Duration = Duration::from_millis(20);
/// Between two bytes of a client that drips.
const DRIP: Duration = Duration::from_millis(50);

/// What a client does that never comes to an end of it.
#[derive(Debug, Clone, Copy)]
enum Slow {
    /// Connects.
    SaysNothing,
    /// Sends these bytes, and nothing more.
    Stops(&'static str),
    /// Sends these bytes, and then one after the other.
    Drips(&'static str),
}

const SLOW: &[Slow] = &[
    Slow::SaysNothing,
    Slow::Stops("GET /v1/info HTTP/1.1\r\nhost: x\r\n"),
    Slow::Stops("GET /v1/info HTTP/1.1\r\nhost: x\r\n\r\n"),
    Slow::Drips("GET /v1/info HTTP/1.1\r\nhost: x\r\nx: "),
    Slow::Stops(
        "POST /v1/spaces HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor\r\ncontent-length: 500000\r\n\r\nx",
    ),
    Slow::Drips(
        "POST /v1/spaces HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor\r\ncontent-length: 500000\r\n\r\nx",
    ),
    Slow::Stops(
        "POST /v1/spaces HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx",
    ),
];

/// Plays a slow client until the relay ends it.
fn play(slow: Slow, relay: SocketAddr) {
    let mut stream = TcpStream::connect(relay).unwrap();
    let begun = Instant::now();
    let mut part = [0; 4096];
    match slow {
        Slow::SaysNothing => {}
        Slow::Stops(bytes) | Slow::Drips(bytes) => stream.write_all(bytes.as_bytes()).unwrap(),
    }
    let is_dripping = matches!(slow, Slow::Drips(_));
    stream.set_read_timeout(Some(if is_dripping { DRIP } else { GUARD })).unwrap();
    loop {
        match stream.read(&mut part) {
            Ok(1..) => {}
            Ok(0) => return,
            Err(error) if is_dripping && error.kind() == std::io::ErrorKind::WouldBlock => {
                if stream.write_all(b"x").is_err() {
                    return;
                }
            }
            Err(error) => return assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{slow:?}"),
        }
        assert!(begun.elapsed() < GUARD, "{slow:?} is never let go");
    }
}

/// A connection on which hardly anything arrives that is not read.
fn narrow(relay: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(relay).await.unwrap().into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream
    })
}

/// Asks for all that there is, again and again, and reads nothing of it: by requests, one after the other.
fn reads_no_answer(member: &Member, relay: SocketAddr) -> TcpStream {
    let mut stream = narrow(relay);
    let (path, body) = (member.path(), to_bytes(&member.request(Vec::new())));
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {relay}\r\ncontent-type: application/cbor\r\ncontent-length: {}\r\n\
         authorization: Bearer {}\r\n\r\n",
        body.len(),
        member.token("POST", &path)
    );
    let request = [head.as_bytes(), &body].concat();
    // More than the system keeps for a connection.
    stream.write_all(&request.repeat(QUESTIONS)).unwrap();
    stream
}

/// The same, by a connection that stays open.
fn reads_no_frame(member: &Member, relay: SocketAddr) -> TcpStream {
    let stream = narrow(relay);
    let kept = stream.try_clone().unwrap();
    let (mut socket, _) = tungstenite::client::client(format!("ws://{relay}{LIVE}"), stream).unwrap();
    let space = member.chain().space();
    let hello = DeviceFrame::Hello(Hello { token: member.token("GET", LIVE), spaces: vec![space] });
    let asks = (0..2).map(|id| DeviceFrame::Ask(Box::new(Ask { id, space, request: member.request(Vec::new()) })));
    for frame in std::iter::once(hello).chain(asks) {
        socket.send(Message::binary(to_bytes(&frame))).unwrap();
    }
    kept
}

/// Waits until the relay has no more sockets than this.
fn wait_for_sockets(relay: &Relay, most: usize) {
    let begun = Instant::now();
    while relay.sockets() > most {
        assert!(begun.elapsed() < GUARD, "{} sockets are open, and {most} were to stay", relay.sockets());
        thread::park_timeout(TURN);
    }
}

/// Noor writes, and Ada's phone, which is connected, has it.
fn a_word_passes(noor: &Phone, adas: &Watching, title: &str) {
    let entry = noor.write(title, "It came.");
    let _ = noor.sync();
    adas.until_changed("entry_changed", &entry);
}

#[test]
fn slow_and_never_reading_clients_are_let_go_while_a_couple_goes_on() {
    let world = World::new();
    let relay = world.relay_with(IMPATIENT);
    let (ada, noor) = world.couple(&relay);
    let mut member = Member::of(&noor, &relay);
    // Most of a page, of what no compression makes short.
    let header = member.header(EntryKind::from_code(9), false);
    let long = member.sign(&header, vec![7; 450_000]);
    member.push(vec![long]);
    let _ = (noor.sync(), ada.sync());
    let adas = ada.watch();
    adas.until_in_sync();
    a_word_passes(&noor, &adas, "Before");
    let (sockets, memory) = (relay.sockets(), relay.memory_bytes());

    let address = relay.address();
    let all = SLOW.iter().flat_map(|slow| [*slow; EACH]);
    let playing: Vec<_> = all.map(|slow| thread::spawn(move || play(slow, address))).collect();
    let deaf: Vec<_> =
        (0..EACH).flat_map(|_| [reads_no_answer(&member, address), reads_no_frame(&member, address)]).collect();
    assert!(relay.sockets() > sockets + deaf.len(), "they are there");
    for number in 0..5 {
        a_word_passes(&noor, &adas, &format!("Meanwhile {number}"));
        let grown = relay.memory_bytes().saturating_sub(memory);
        assert!(grown < MEMORY_BYTES_MAX, "the relay has grown by {grown} bytes");
    }
    for playing in playing {
        playing.join().unwrap();
    }
    // Those that read nothing are still there to be let go.
    wait_for_sockets(&relay, sockets);
    drop(deaf);
    a_word_passes(&noor, &adas, "Afterwards");
    assert_eq!(adas.stop("INT"), Some(130));
}

#[test]
fn a_phone_that_freezes_is_let_go_and_finds_back_when_it_wakes() {
    let world = World::new();
    let relay = world.relay_with(IMPATIENT);
    let (ada, noor) = world.couple(&relay);
    let alone = relay.sockets();
    let adas = ada.watch();
    adas.until_in_sync();
    a_word_passes(&noor, &adas, "Before");
    wait_for_sockets(&relay, alone + 1);

    // Its end of the connection is neither closed nor answered any more: to the relay, as if it had vanished.
    adas.signal("STOP");
    wait_for_sockets(&relay, alone);
    let entry = noor.write("Meanwhile", "Nobody reads this yet.");
    let _ = noor.sync();
    adas.signal("CONT");
    adas.until_changed("entry_changed", &entry);
    a_word_passes(&noor, &adas, "Afterwards");
    assert_eq!(adas.stop("INT"), Some(130));
}
