//! How does one live connection go on? Says who it is, asks, is answered in order, and hears that something came.
//!
//! ```text
//!            ┌ frame ───────► waiting questions ─► one session at a time ─► answer ┐
//! socket ────┤                                                                     ├─► socket
//!            └ pong: read up to here       hub: something came, removed, stopping ─┘
//! ```
//!
//! What is on its way to a peer is bounded without a queue: after every [`UNREAD_BYTES`] of answers goes a ping, whose pong says
//! that everything before it was read, and until then they count as a question still under way. Of a space of which it was told
//! and has not asked, a peer is told nothing further: news wait as flags in the hub. Whoever reads nothing for
//! [`PATIENCE_BEATS`] heartbeats is cut off, to catch up later from its clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, ProtocolError};
use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::limits::{
    LIVE_FRAME_BYTES_MAX, LIVE_HELLO_SECONDS, LIVE_QUESTIONS_MAX, LIVE_SPACES_MAX, REFUSAL_MESSAGE_BYTES_MAX,
    TOKEN_BYTES_MAX,
};
use entwine_core::sync::relay::may_hear;
use entwine_core::wire::live::{Ask, DeviceFrame, Hello, Refused, RelayFrame};
use entwine_core::wire::{from_bytes, to_bytes};
use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tracing::{error, info};

use crate::error::ApiError;
use crate::gate::Gate;
use crate::hub::{Greeting, Line, News};
use crate::session::Session;

/// Heartbeats that a peer may let pass without reading what was sent. The default of 20 s gives a megabyte a minute.
const PATIENCE_BEATS: u32 = 3;
/// Bytes of answers that may go to a peer before it is asked whether it reads. Most answers have a few hundred, and a ping after
/// each took as long as the answer.
const UNREAD_BYTES: usize = 64 * 1024;
/// A hello: a token, and spaces of 34 bytes each. Nobody who has not said who it is may send more at once.
const HELLO_BYTES_MAX: usize = TOKEN_BYTES_MAX + LIVE_SPACES_MAX * 40;
/// What a peer is given to take the close frame.
const LINGER: Duration = Duration::from_secs(1);
/// Close codes from 4000 on are an application's own (RFC 6455, 7.4.2): here 4000 and the status that HTTP would answer.
const CLOSE_CODE_BASE: u16 = 4000;

/// The two ends of a socket, and how to end it at once.
pub(crate) struct Socket {
    pub(crate) session: actix_ws::Session,
    pub(crate) stream: MessageStream,
    pub(crate) hang_up: Option<Box<dyn FnOnce()>>,
}

/// Why a connection ends.
enum End {
    /// The peer closed it, or is gone.
    Gone,
    /// The peer does not read.
    Slow,
    /// A frame is over the limit.
    TooLarge,
    /// The relay stops.
    Stopping,
    /// With a code of the one table.
    Refused(ApiError),
}

impl From<ApiError> for End {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// Runs a connection from its first message to its end.
pub(crate) async fn run(gate: Arc<Gate>, greeting: Greeting, socket: Socket) {
    let Socket { mut session, stream, hang_up } = socket;
    let begun = Instant::now();
    let end = match converse(&gate, greeting, &mut session, stream.max_frame_size(HELLO_BYTES_MAX)).await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    let reason = close_reason(&end, &gate);
    let code = reason.as_ref().map_or(0, |reason| u16::from(reason.code));
    info!(code, seconds = begun.elapsed().as_secs(), "live connection ended");
    if let Some(reason) = reason {
        // Who is gone, or does not read, is not waited for.
        _ = timeout(LINGER, session.close(Some(reason))).await;
        rt::time::sleep(LINGER).await;
    }
    if let Some(hang_up) = hang_up {
        hang_up();
    }
}

fn close_reason(end: &End, gate: &Gate) -> Option<CloseReason> {
    match end {
        End::Gone | End::Slow => None,
        End::TooLarge => Some((CloseCode::Size, "too_large").into()),
        End::Stopping => Some((CloseCode::Away, "stopping").into()),
        End::Refused(error) => {
            let (status, code) = error.status_and_code();
            if status.is_server_error() {
                error!(code, cause = %error.with_causes(), "the relay failed");
            }
            // A phone with a wrong clock corrects itself by this.
            let is_clock = status.as_u16() == 401;
            let text = if is_clock { format!("{code} {}", gate.now().as_seconds()) } else { code.to_owned() };
            Some((CloseCode::Other(CLOSE_CODE_BASE + status.as_u16()), text).into())
        }
    }
}

enum Never {}

async fn converse(
    gate: &Arc<Gate>,
    greeting: Greeting,
    session: &mut actix_ws::Session,
    mut stream: MessageStream,
) -> Result<Never, End> {
    // Most connections wait most of the time: what a greeting takes is given back before.
    let mut talk = Box::pin(greet(gate, greeting, session, &mut stream)).await?;
    talk.go_on(stream.max_frame_size(LIVE_FRAME_BYTES_MAX)).await
}

/// Learns who it is, and tells of every space that there may be something new.
async fn greet<'c>(
    gate: &'c Arc<Gate>,
    greeting: Greeting,
    session: &'c mut actix_ws::Session,
    stream: &mut MessageStream,
) -> Result<Talk<'c>, End> {
    let patience = Duration::from_secs(LIVE_HELLO_SECONDS);
    let hello = timeout(patience, first_frame(session, stream)).await.map_err(|_| ApiError::BodyTimeout)??;
    let place = gate.enter()?;
    let caller = gate.live_caller(&hello.token).await?.keyholder;
    let named: BTreeSet<SpaceId> = hello.spaces.into_iter().collect();
    // First in the hub, then judged: a removal between the two is heard.
    let line = gate.hub().join(greeting, caller, named.clone())?;
    let mut attended = BTreeSet::new();
    for space in named {
        if hears(gate, space, caller).await? {
            attended.insert(space);
        }
    }
    line.attend(&attended);
    drop(place);
    let mut talk = Talk {
        gate,
        caller,
        session,
        line,
        heartbeat: gate.heartbeat(),
        waiting: VecDeque::new(),
        answering: None,
        unread: VecDeque::new(),
        answered_bytes: 0,
        told: BTreeMap::new(),
        pings: 0,
    };
    for space in attended {
        talk.send(&RelayFrame::Moved(space)).await?;
    }
    Ok(talk)
}

async fn first_frame(session: &mut actix_ws::Session, stream: &mut MessageStream) -> Result<Hello, End> {
    loop {
        match stream.recv().await {
            Some(Ok(Message::Binary(bytes))) => {
                return match from_bytes(&bytes).map_err(ApiError::Malformed)? {
                    DeviceFrame::Hello(hello) => Ok(hello),
                    DeviceFrame::Ask(_) => Err(ApiError::Token(entwine_core::token::TokenError::Missing).into()),
                };
            }
            Some(Ok(Message::Ping(bytes))) => session.pong(&bytes).await.map_err(|_| End::Gone)?,
            Some(Ok(Message::Pong(_) | Message::Nop)) => {}
            other => return Err(unexpected(other)),
        }
    }
}

/// What is neither a whole binary message nor a sign of life.
fn unexpected(message: Option<Result<Message, ProtocolError>>) -> End {
    match message {
        None | Some(Ok(Message::Close(_)) | Err(ProtocolError::Io(_))) => End::Gone,
        Some(Err(ProtocolError::Overflow)) => End::TooLarge,
        Some(_) => End::Refused(ApiError::BodyBroken),
    }
}

/// Whether this keyholder may hear of what comes in a space: core says.
async fn hears(gate: &Gate, space: SpaceId, caller: KeyholderId) -> Result<bool, ApiError> {
    Ok(gate.load(space).await?.is_some_and(|(chain, _)| may_hear(&chain, &caller)))
}

/// A ping under way, and whether many answers stand before it.
struct Unread {
    number: u64,
    sent: Instant,
    is_answer: bool,
}

/// A connection that said who it is.
struct Talk<'c> {
    gate: &'c Arc<Gate>,
    caller: KeyholderId,
    session: &'c mut actix_ws::Session,
    line: Line,
    heartbeat: Duration,
    waiting: VecDeque<Ask>,
    answering: Option<BoxFuture<'static, RelayFrame>>,
    unread: VecDeque<Unread>,
    /// Bytes of answers since the last ping.
    answered_bytes: usize,
    /// Spaces of which the peer was told and has not asked since, each with the pings sent before.
    told: BTreeMap<SpaceId, u64>,
    pings: u64,
}

impl Talk<'_> {
    async fn go_on(&mut self, mut stream: MessageStream) -> Result<Never, End> {
        let mut beat = interval_at(Instant::now() + self.heartbeat, self.heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.answering.is_none()
                && let Some(ask) = self.waiting.pop_front()
            {
                self.told.remove(&ask.space);
                self.line.asks(&ask.space);
                self.answering = Some(answer(Arc::clone(self.gate), ask, self.caller, &self.line).boxed());
            }
            tokio::select! {
                message = stream.recv() => self.receive(message).await?,
                frame = finished(&mut self.answering) => {
                    self.answering = None;
                    self.answered_bytes += self.send(&frame).await?;
                    if self.answered_bytes >= UNREAD_BYTES {
                        self.ping(true).await?;
                    }
                }
                news = self.line.news(&self.told) => self.tell(news).await?,
                _ = beat.tick() => self.check().await?,
            }
        }
    }

    async fn receive(&mut self, message: Option<Result<Message, ProtocolError>>) -> Result<(), End> {
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                let DeviceFrame::Ask(ask) = from_bytes(&bytes).map_err(ApiError::Malformed)? else {
                    return Err(ApiError::BodyBroken.into());
                };
                let unread = self.unread.iter().filter(|unread| unread.is_answer).count();
                let under_way = self.waiting.len() + usize::from(self.answering.is_some()) + unread;
                if under_way >= LIVE_QUESTIONS_MAX {
                    return Err(ApiError::Busy.into());
                }
                self.waiting.push_back(*ask);
                Ok(())
            }
            Some(Ok(Message::Pong(bytes))) => {
                if let Ok(number) = <[u8; 8]>::try_from(bytes.as_ref()).map(u64::from_be_bytes) {
                    self.unread.retain(|unread| unread.number > number);
                    self.told.retain(|_, before| *before >= number);
                }
                Ok(())
            }
            Some(Ok(Message::Ping(bytes))) => self.deliver(Message::Pong(bytes)).await,
            Some(Ok(Message::Nop)) => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    async fn tell(&mut self, news: News) -> Result<(), End> {
        match news {
            News::Stopping => Err(End::Stopping),
            News::Removed => Err(ApiError::Removed { response: Vec::new() }.into()),
            News::Moved(spaces) => {
                for space in spaces {
                    self.send(&RelayFrame::Moved(space)).await?;
                    self.told.insert(space, self.pings);
                }
                Ok(())
            }
        }
    }

    /// At each heartbeat: is somebody there, and does it read?
    async fn check(&mut self) -> Result<(), End> {
        match self.unread.front() {
            Some(unread) if unread.sent.elapsed() >= self.heartbeat * PATIENCE_BEATS => Err(End::Slow),
            Some(_) => Ok(()),
            None => self.ping(false).await,
        }
    }

    /// How many bytes that were.
    async fn send(&mut self, frame: &RelayFrame) -> Result<usize, End> {
        let bytes = to_bytes(frame);
        let len = bytes.len();
        self.deliver(Message::Binary(bytes.into())).await.map(|()| len)
    }

    async fn ping(&mut self, is_answer: bool) -> Result<(), End> {
        self.pings += 1;
        self.answered_bytes = 0;
        let number = self.pings;
        self.unread.push_back(Unread { number, sent: Instant::now(), is_answer });
        self.deliver(Message::Ping(number.to_be_bytes().to_vec().into())).await
    }

    async fn deliver(&mut self, message: Message) -> Result<(), End> {
        let sent = async {
            match message {
                Message::Binary(bytes) => self.session.binary(bytes).await,
                Message::Ping(bytes) => self.session.ping(&bytes).await,
                Message::Pong(bytes) => self.session.pong(&bytes).await,
                _ => Ok(()),
            }
        };
        let sent = timeout(self.heartbeat * PATIENCE_BEATS, sent).await.map_err(|_| End::Slow)?;
        sent.map_err(|_| End::Gone)
    }
}

async fn finished(answering: &mut Option<BoxFuture<'static, RelayFrame>>) -> RelayFrame {
    match answering {
        Some(answering) => answering.await,
        None => std::future::pending().await,
    }
}

/// Carries a question out, as any other request.
fn answer(gate: Arc<Gate>, ask: Ask, caller: KeyholderId, line: &Line) -> impl Future<Output = RelayFrame> + use<> {
    let Ask { id, space, request } = ask;
    let line = Some(line.id());
    async move {
        let exchanged = async {
            let _place = gate.enter()?;
            let session = Session { caller, now: gate.now(), space, space_bytes_max: gate.space_bytes_max(), line };
            session.exchange(&gate, request).await
        };
        match exchanged.await {
            Ok(response) => RelayFrame::Answer(id, Box::new(response)),
            Err(error) => RelayFrame::Refused(Box::new(refused(id, &error))),
        }
    }
}

fn refused(id: u64, error: &ApiError) -> Refused {
    let (status, code) = error.status_and_code();
    if status.is_server_error() {
        error!(code, cause = %error.with_causes(), "the relay failed");
    } else {
        info!(code, "refused");
    }
    let mut message = error.message();
    message.truncate(message.floor_char_boundary(REFUSAL_MESSAGE_BYTES_MAX));
    let response = if let ApiError::Removed { response } = error { from_bytes(response).ok() } else { None };
    Refused { id, code: code.to_owned(), message, response }
}
