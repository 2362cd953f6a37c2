//! The double's end of a connection that stays open, and its own connection to the real relay. One thread looks at both in turn.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use entwine_core::wire::codec::Encoder;
use entwine_core::wire::live::{Ask, DeviceFrame, RelayFrame};
use entwine_core::wire::{from_bytes, to_bytes};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::{ASK, Answer, Asked, CBOR, LIVE, SWITCHING, Stage, lock, read_request, write_answer};
use crate::program::GUARD;

/// How long one side is listened to before the other's turn.
const TURN: Duration = Duration::from_millis(5);
/// Close codes from here on are an application's own: an answer with such a status closes the connection by it.
const CLOSE_CODE_BASE: u16 = 4000;
const ASKED: u64 = 1;
const ANSWER: u64 = 2;
const REFUSED: u64 = 3;

type Socket = WebSocket<TcpStream>;

/// What stands on a line next.
enum Heard {
    Frame(Vec<u8>),
    Nothing,
    End,
}

/// Whether the connection begins with the question to stay open; nothing of it is taken.
pub(super) fn wants_to_stay(stream: &TcpStream) -> bool {
    let mut begin = [0; 256];
    let wanted = format!("GET {LIVE} ");
    loop {
        match stream.peek(&mut begin) {
            Ok(len @ 1..) if len < wanted.len() && wanted.as_bytes().starts_with(&begin[..len]) => {}
            Ok(len) => return begin[..len].starts_with(wanted.as_bytes()),
            Err(_) => return false,
        }
    }
}

pub(super) fn serve(stage: &Stage, mut stream: TcpStream) {
    let mut asked = Asked { number: 0, method: "GET".to_owned(), path: LIVE.to_owned(), token: None, body: Vec::new() };
    let answer = stage.answer(&mut asked, &mut |_, _| Answer::of(SWITCHING, "", b""));
    match answer.status {
        SWITCHING => {
            if let Ok(phone) = tungstenite::accept(stream)
                && let Some(relay) = dial(stage)
            {
                stage.live.fetch_add(1, Ordering::SeqCst);
                pass(stage, phone, relay);
                stage.live.fetch_sub(1, Ordering::SeqCst);
            }
        }
        CLOSE_CODE_BASE.. => {
            if let Ok(mut phone) = tungstenite::accept(stream) {
                let reason = String::from_utf8_lossy(&answer.body).into_owned();
                let _ = phone.close(Some(CloseFrame { code: answer.status.into(), reason: reason.into() }));
                while phone.read().is_ok() {}
            }
        }
        _ => {
            let _ = read_request(&mut stream);
            write_answer(&mut stream, &answer);
        }
    }
}

fn dial(stage: &Stage) -> Option<Socket> {
    let stream = TcpStream::connect(stage.relay).ok()?;
    let connected = tungstenite::client::client(format!("ws://{}{LIVE}", stage.relay), stream);
    connected.ok().map(|(socket, _)| socket)
}

fn pass(stage: &Stage, mut phone: Socket, mut relay: Socket) {
    let _ = phone.get_ref().set_read_timeout(Some(TURN));
    let _ = relay.get_ref().set_read_timeout(Some(TURN));
    let mut spoken = lock(&stage.spoken).len();
    while !stage.is_over.load(Ordering::SeqCst) {
        let goes_on = match hear(&mut phone) {
            Heard::Frame(bytes) => match from_bytes(&bytes) {
                Ok(DeviceFrame::Ask(ask)) => answer(stage, &mut phone, &mut relay, *ask),
                _ => say(&mut relay, bytes),
            },
            Heard::Nothing => true,
            Heard::End => false,
        };
        let more = lock(&stage.spoken).split_off(spoken);
        spoken += more.len();
        lock(&stage.spoken).extend(more.iter().cloned());
        let goes_on = goes_on && more.into_iter().all(|frame| say(&mut phone, frame));
        let goes_on = goes_on
            && match hear(&mut relay) {
                Heard::Frame(bytes) => say(&mut phone, bytes),
                Heard::Nothing => true,
                Heard::End => false,
            };
        if !goes_on {
            break;
        }
    }
    for mut socket in [phone, relay] {
        let _ = socket.close(None);
        let _ = socket.flush();
    }
}

/// Answers one question as the trick wants it: whether the connection goes on.
fn answer(stage: &Stage, phone: &mut Socket, relay: &mut Socket, ask: Ask) -> bool {
    let Ask { id, space, request } = ask;
    let path = format!("/v1/spaces/{space}/sync");
    let mut asked = Asked { number: 0, method: ASK.to_owned(), path, token: None, body: to_bytes(&request) };
    let mut hints = Vec::new();
    let answer = stage.answer(&mut asked, &mut |_, body| {
        let head = encoded(|to| _ = to.array(4).uint(ASKED).uint(id).value(&space));
        if !say(relay, [head, body.to_vec()].concat()) {
            return Answer::refusal(503, "unavailable");
        }
        let begun = Instant::now();
        while begun.elapsed() < GUARD {
            match hear(relay) {
                Heard::Frame(bytes) => match from_bytes(&bytes) {
                    Ok(RelayFrame::Answer(answered, response)) if answered == id => return Answer::message(&*response),
                    Ok(RelayFrame::Refused(refused)) if refused.id == id => {
                        return match refused.response {
                            Some(response) => Answer::of(410, CBOR, &to_bytes(&response)),
                            None => Answer::refusal(422, &refused.code),
                        };
                    }
                    _ => hints.push(bytes),
                },
                Heard::Nothing => {}
                Heard::End => break,
            }
        }
        Answer::refusal(503, "unavailable")
    });
    say(phone, frame(id, &answer)) && hints.into_iter().all(|hint| say(phone, hint))
}

/// The frame that says what a request's answer says.
fn frame(id: u64, answer: &Answer) -> Vec<u8> {
    if answer.status == 200 {
        return [encoded(|to| _ = to.array(3).uint(ANSWER).uint(id)), answer.body.clone()].concat();
    }
    let is_removal = answer.status == 410 && answer.content_type == CBOR;
    let code = if is_removal { "removed".to_owned() } else { answer.code() };
    let head = encoded(|to| _ = to.array(5).uint(REFUSED).uint(id).text(&code).text("so says the double"));
    let null = encoded(|to| _ = to.null());
    [head, if is_removal { answer.body.clone() } else { null }].concat()
}

fn encoded(write: impl FnOnce(&mut Encoder)) -> Vec<u8> {
    let mut encoder = Encoder::new();
    write(&mut encoder);
    encoder.into_bytes()
}

fn hear(socket: &mut Socket) -> Heard {
    match socket.read() {
        Ok(Message::Binary(bytes)) => Heard::Frame(bytes.to_vec()),
        Ok(Message::Close(_)) => Heard::End,
        Ok(_) => Heard::Nothing,
        Err(tungstenite::Error::Io(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Heard::Nothing
        }
        Err(_) => Heard::End,
    }
}

fn say(socket: &mut Socket, frame: Vec<u8>) -> bool {
    socket.send(Message::binary(frame)).is_ok()
}
