//! What may answer in a relay's place, in its language? A double: it stands before a real relay under an address of its own, and
//! does with each question what a story tells it to, on either carrier.
//!
//! ```text
//! phone ── question ──► double ── trick(question, relay) ──► answer ──► phone
//!                                        └─ may ask the real relay, this question or another, or not at all
//! ```
//!
//! The trick sees one kind of question and one kind of answer. What comes by a connection that stays open is shown to it as if it
//! had come by a request of its own.

mod line;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use entwine_core::id::SpaceId;
use entwine_core::wire::message::{Request as SyncRequest, Response};
use entwine_core::wire::{Wire, from_bytes, to_bytes};

use crate::http::{Answer, Request, header};
use crate::program::GUARD;
use crate::relay::loopback_address;

/// The method of a question that came by a connection that stays open.
pub const ASK: &str = "ASK";
/// The path of such a connection.
pub const LIVE: &str = "/v1/live";
/// The status of an answer that lets such a connection come about.
pub const SWITCHING: u16 = 101;

const CBOR: &str = "application/cbor";

/// What a phone asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Which question it is since the trick began, counted from 1.
    pub number: usize,
    /// The method; [`ASK`] on a connection that stays open.
    pub method: String,
    /// The path.
    pub path: String,
    /// The bearer token.
    pub token: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a double does with a question. The function that it is given asks the real relay the same question with this body.
pub type Trick = Box<dyn FnMut(&Asked, &mut dyn FnMut(&[u8]) -> Answer) -> Answer + Send>;

impl Asked {
    /// The space and the request, if this is one exchange of messages.
    #[must_use]
    pub fn exchange(&self) -> Option<(SpaceId, SyncRequest)> {
        let space = self.path.strip_prefix("/v1/spaces/")?.strip_suffix("/sync")?;
        Some((space.parse().ok()?, from_bytes(&self.body).ok()?))
    }
}

/// Answers of a relay, or of something else.
impl Answer {
    /// A message.
    #[must_use]
    pub fn message(message: &impl Wire) -> Self {
        Self::of(200, CBOR, &to_bytes(message))
    }

    /// A refusal with its code.
    #[must_use]
    pub fn refusal(status: u16, code: &str) -> Self {
        let body = serde_json::json!({ "code": code, "message": "so says the double", "request_id": "1" });
        Self::of(status, "application/json", body.to_string().as_bytes())
    }

    /// Any bytes.
    #[must_use]
    pub fn of(status: u16, content_type: &str, body: &[u8]) -> Self {
        Self { status, content_type: content_type.to_owned(), body: body.to_vec() }
    }

    /// The message in it, if it is one.
    #[must_use]
    pub fn response(&self) -> Option<Response> {
        (self.status == 200).then(|| from_bytes(&self.body).ok()).flatten()
    }
}

/// A double before one relay. As long as it is told nothing, it passes everything on.
#[derive(Debug)]
pub struct Double {
    address: SocketAddr,
    stage: Arc<Stage>,
    listening: Option<thread::JoinHandle<()>>,
}

/// What all connections of a double share.
struct Stage {
    relay: SocketAddr,
    trick: Mutex<Trick>,
    asked: Mutex<usize>,
    more: Condvar,
    /// Frames for every phone that is connected, whether it asked or not.
    spoken: Mutex<Vec<Vec<u8>>>,
    live: AtomicUsize,
    is_over: AtomicBool,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("relay", &self.relay).finish_non_exhaustive()
    }
}

impl Double {
    /// Starts one.
    ///
    /// # Panics
    /// Where no address is to be had.
    #[must_use]
    pub fn start(relay: SocketAddr) -> Self {
        let listener = TcpListener::bind((loopback_address(), 0)).expect("the address is free");
        let address = listener.local_addr().expect("a listener has an address");
        let stage = Arc::new(Stage {
            relay,
            trick: Mutex::new(honest()),
            asked: Mutex::new(0),
            more: Condvar::new(),
            spoken: Mutex::default(),
            live: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let shared = Arc::clone(&stage);
        let listening = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.is_over.load(Ordering::SeqCst) {
                    break;
                }
                let stage = Arc::clone(&shared);
                thread::spawn(move || stage.serve(stream));
            }
        });
        Self { address, stage, listening: Some(listening) }
    }

    /// Its address, as a phone knows it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it does this, and counts questions from 1 again.
    pub fn play(&self, trick: Trick) {
        *lock(&self.stage.trick) = trick;
        *lock(&self.stage.asked) = 0;
    }

    /// From now on it passes everything on.
    pub fn be_honest(&self) {
        self.play(honest());
    }

    /// How many questions came since the last trick began.
    #[must_use]
    pub fn asked(&self) -> usize {
        *lock(&self.stage.asked)
    }

    /// Waits until so many questions came since the last trick began.
    ///
    /// # Panics
    /// Where they never do.
    pub fn wait_for_questions(&self, questions: usize) {
        let asked = lock(&self.stage.asked);
        let waited = self.stage.more.wait_timeout_while(asked, GUARD, |asked| *asked < questions);
        let (asked, time) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!time.timed_out(), "{questions} questions never came: {asked} did");
    }

    /// Says these bytes, as one frame, to every phone that is connected now.
    pub fn say(&self, frame: Vec<u8>) {
        lock(&self.stage.spoken).push(frame);
    }

    /// How many connections that stay open there are.
    #[must_use]
    pub fn live_connections(&self) -> usize {
        self.stage.live.load(Ordering::SeqCst)
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.stage.is_over.store(true, Ordering::SeqCst);
        // The listener wakes up to see it.
        let _ = TcpStream::connect(self.address);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

fn honest() -> Trick {
    Box::new(|asked, relay| relay(&asked.body))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    /// One connection, from its first byte to its end.
    fn serve(&self, mut stream: TcpStream) {
        let _ = stream.set_read_timeout(Some(GUARD));
        if line::wants_to_stay(&stream) {
            return line::serve(self, stream);
        }
        // Each connection is for one question: the next one opens its own.
        if let Some(mut asked) = read_request(&mut stream) {
            let answer = self.answer(&mut asked, &mut |asked, body| ask_relay(self.relay, asked, body));
            write_answer(&mut stream, &answer);
        }
    }

    /// What the trick makes of a question.
    fn answer(&self, asked: &mut Asked, relay: &mut dyn FnMut(&Asked, &[u8]) -> Answer) -> Answer {
        asked.number = {
            let mut number = lock(&self.asked);
            *number += 1;
            *number
        };
        let answer = lock(&self.trick)(asked, &mut |body| relay(asked, body));
        self.more.notify_all();
        answer
    }
}

fn ask_relay(relay: SocketAddr, asked: &Asked, body: &[u8]) -> Answer {
    let Asked { method, path, token, .. } = asked;
    Request { method, path, token: token.as_deref(), content_type: CBOR, body }.send(relay)
}

fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    loop {
        if let Some(head_len) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..head_len]).into_owned();
            let body_len: usize = header(&head, "content-length").map_or(Some(0), |length| length.parse().ok())?;
            if bytes.len() >= head_len + 4 + body_len {
                let mut words = head.split(' ');
                let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
                let token = header(&head, "authorization").and_then(|value| value.strip_prefix("Bearer "));
                let body = bytes[head_len + 4..].to_vec();
                return Some(Asked { number: 0, method, path, token: token.map(str::to_owned), body });
            }
        }
        match stream.read(&mut part) {
            Ok(len @ 1..) => bytes.extend_from_slice(&part[..len]),
            _ => return None,
        }
    }
}

fn write_answer(stream: &mut TcpStream, answer: &Answer) {
    let Answer { status, content_type, body } = answer;
    let head = format!(
        "HTTP/1.1 {status} Told\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nretry-after: 4000000000\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    // Who does not want to read all of it hangs up.
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
}
