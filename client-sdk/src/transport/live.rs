//! The carrier that stays open: one WebSocket for questions about several spaces, and for hearing that something came.
//!
//! One task owns the socket, and everybody else talks to it over a bounded channel; when the last [`Live`] is dropped, it
//! says goodbye. A connection is never mended: where it breaks, the next one is a new object.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use entwine_core::id::SpaceId;
use entwine_core::keyholder::SecretKeys;
use entwine_core::limits::{LIVE_FRAME_BYTES_MAX, LIVE_QUESTIONS_MAX, LIVE_SPACES_MAX};
use entwine_core::wire::live::{Ask, DeviceFrame, Hello, LIVE_PATH, Refused, RelayFrame};
use entwine_core::wire::message::{Request, Response};
use entwine_core::wire::{from_bytes, to_bytes};
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::once::{Relay, RelayError};
use super::{CONNECT_TIMEOUT, Carrier, Exchanged, REQUEST_TIMEOUT, RelayAddress, addresses_of};

/// A connection on which nothing came for so long is dead: the relay gives a sign of life three times as often.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// An answer counts as under way until the relay knows that it was read; so half of what may be is asked at once.
const ASKED_MAX: usize = LIVE_QUESTIONS_MAX / 2;
/// How long a goodbye is waited for.
const GOODBYE: Duration = Duration::from_secs(1);

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Socket = WebSocketStream<Box<dyn Stream>>;

/// A connection to a relay that stays open.
#[derive(Debug)]
pub(crate) struct Live {
    address: RelayAddress,
    questions: mpsc::Sender<Question>,
    heard: Arc<Heard>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Question {
    space: SpaceId,
    request: Request,
    answer: oneshot::Sender<Result<Response, RelayError>>,
}

/// What the relay said without being asked: a flag for each space.
#[derive(Debug)]
struct Heard {
    /// The spaces that the hello named. Of others there is nothing to hear, whatever the relay says.
    named: BTreeSet<SpaceId>,
    state: Mutex<HeardState>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct HeardState {
    attended: BTreeSet<SpaceId>,
    moved: BTreeSet<SpaceId>,
    is_closed: bool,
}

/// What came over a connection by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// Something came in these spaces.
    Moved,
    /// The connection is no more.
    Closed,
}

impl Live {
    /// Connects, says who it is, and waits for the relay's first word. Where the relay says that this device's clock is
    /// wrong, once more with the right one.
    pub(crate) async fn connect(
        relay: &Relay,
        tls: &Arc<ClientConfig>,
        keys: &SecretKeys,
        spaces: &[SpaceId],
    ) -> Result<Self, RelayError> {
        match Self::connect_once(relay, tls, keys, spaces).await {
            Err(Refusal::ClockIsWrong) => {
                Self::connect_once(relay, tls, keys, spaces).await.map_err(|refusal| match refusal {
                    Refusal::ClockIsWrong => RelayError::Refused("the relay goes by another clock".to_owned()),
                    Refusal::Final(error) => error,
                })
            }
            Err(Refusal::Final(error)) => Err(error),
            Ok(live) => Ok(live),
        }
    }

    async fn connect_once(
        relay: &Relay,
        tls: &Arc<ClientConfig>,
        keys: &SecretKeys,
        spaces: &[SpaceId],
    ) -> Result<Self, Refusal> {
        let address = relay.address();
        let named: Vec<SpaceId> = spaces.iter().copied().take(LIVE_SPACES_MAX).collect();
        let begun = timeout(CONNECT_TIMEOUT, async {
            let mut socket = dial(address, tls).await?;
            let token = relay.token_for(keys, "GET", LIVE_PATH);
            let hello = to_bytes(&DeviceFrame::Hello(Hello { token, spaces: named.clone() }));
            socket.send(Message::binary(hello)).await.map_err(|error| offline(address, &error))?;
            // Of no space that it attends to, the relay says nothing. A ping it answers, and after all that it had to say.
            socket.send(Message::Ping(Bytes::new())).await.map_err(|error| offline(address, &error))?;
            let first = socket.next().await;
            Ok::<_, RelayError>((socket, first))
        });
        let begun = begun.await.map_err(|_| offline(address, &"it takes too long"))?;
        let (socket, first) = begun?;
        let heard = Arc::new(Heard::of(named));
        match first {
            Some(Ok(Message::Close(frame))) => return Err(refusal(relay, frame)),
            Some(Ok(message)) => heard.take(&message),
            Some(Err(error)) => return Err(offline(address, &error).into()),
            None => return Err(offline(address, &"it hung up").into()),
        }
        let (questions, asked) = mpsc::channel(LIVE_QUESTIONS_MAX);
        let connection = Connection { socket, heard: Arc::clone(&heard), under_way: BTreeMap::new(), last_id: 0 };
        let task = tokio::spawn(connection.run(asked));
        Ok(Self { address: address.clone(), questions, heard, task })
    }

    pub(crate) fn address(&self) -> &RelayAddress {
        &self.address
    }

    /// Whether the relay said that it tells of what comes in this space.
    pub(crate) fn attends(&self, space: &SpaceId) -> bool {
        self.heard.lock().attended.contains(space)
    }

    /// Waits until something came, or the connection is no more. Nothing is taken before it is returned.
    pub(crate) async fn news(&self) -> News {
        loop {
            {
                let mut state = self.heard.lock();
                if state.is_closed {
                    return News::Closed;
                }
                if !std::mem::take(&mut state.moved).is_empty() {
                    return News::Moved;
                }
            }
            self.heard.bell.notified().await;
        }
    }

    async fn ask(&self, space: &SpaceId, request: &Request) -> Result<Response, RelayError> {
        let (answer, answered) = oneshot::channel();
        let question = Question { space: *space, request: request.clone(), answer };
        let exchange = async {
            self.questions.send(question).await.map_err(|_| self.broken())?;
            answered.await.map_err(|_| self.broken())?
        };
        match timeout(REQUEST_TIMEOUT, exchange).await {
            Ok(answer) => answer,
            Err(_) => {
                // What does not answer is of no use to anybody else either.
                self.task.abort();
                self.heard.close();
                Err(self.broken())
            }
        }
    }

    fn broken(&self) -> RelayError {
        offline(&self.address, &"the connection broke")
    }
}

impl Carrier for Live {
    fn exchange<'a>(&'a self, _: &'a SecretKeys, space: &'a SpaceId, request: &'a Request) -> Exchanged<'a> {
        Box::pin(self.ask(space, request))
    }
}

impl Heard {
    fn of(named: impl IntoIterator<Item = SpaceId>) -> Self {
        Self { named: named.into_iter().collect(), state: Mutex::default(), bell: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, HeardState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a hint; the first one of a space says that the relay attends to it. What is none, is nothing to note.
    fn take(&self, message: &Message) {
        if let Message::Binary(bytes) = message
            && let Ok(RelayFrame::Moved(space)) = from_bytes(bytes)
        {
            self.moved(space);
        }
    }

    fn moved(&self, space: SpaceId) {
        if !self.named.contains(&space) {
            return;
        }
        let mut state = self.lock();
        state.attended.insert(space);
        state.moved.insert(space);
        drop(state);
        self.bell.notify_one();
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.bell.notify_one();
    }
}

/// The socket, and the questions that wait for their answers.
struct Connection {
    socket: Socket,
    heard: Arc<Heard>,
    under_way: BTreeMap<u64, oneshot::Sender<Result<Response, RelayError>>>,
    last_id: u64,
}

impl Connection {
    async fn run(mut self, mut asked: mpsc::Receiver<Question>) {
        loop {
            let may_ask = self.under_way.len() < ASKED_MAX;
            let goes_on = tokio::select! {
                question = asked.recv(), if may_ask => match question {
                    Some(question) => self.ask(question).await,
                    None => {
                        // Nobody listens any more.
                        _ = timeout(GOODBYE, self.socket.close(None)).await;
                        false
                    }
                },
                message = timeout(SILENCE_MAX, self.socket.next()) => match message {
                    Ok(Some(Ok(message))) => self.take(message),
                    _ => false,
                },
            };
            if !goes_on {
                break;
            }
        }
        self.heard.close();
    }

    /// Whether the connection goes on.
    async fn ask(&mut self, question: Question) -> bool {
        let Question { space, request, answer } = question;
        self.last_id += 1;
        self.under_way.insert(self.last_id, answer);
        let frame = DeviceFrame::Ask(Box::new(Ask { id: self.last_id, space, request }));
        let sent = timeout(REQUEST_TIMEOUT, self.socket.send(Message::binary(to_bytes(&frame)))).await;
        matches!(sent, Ok(Ok(())))
    }

    /// Whether the connection goes on.
    fn take(&mut self, message: Message) -> bool {
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            // Pings are answered by the socket itself, the next time that it is asked for a message.
            Message::Ping(_) | Message::Pong(_) => return true,
            _ => return false,
        };
        let (id, answer) = match from_bytes(&bytes) {
            Ok(RelayFrame::Moved(space)) => {
                self.heard.moved(space);
                return true;
            }
            Ok(RelayFrame::Answer(id, response)) => (id, Ok(*response)),
            Ok(RelayFrame::Refused(refused)) => (refused.id, Err(refused_by(*refused))),
            Err(_) => return false,
        };
        if let Some(asker) = self.under_way.remove(&id) {
            // Whoever asked may have given up.
            _ = asker.send(answer);
        }
        true
    }
}

fn refused_by(refused: Refused) -> RelayError {
    let Refused { code, message, response, .. } = refused;
    match response {
        Some(response) if code == "removed" => RelayError::Removed(Box::new(response)),
        _ => RelayError::by_code(&code, message),
    }
}

/// Why no connection came about.
enum Refusal {
    /// The device's clock was wrong, and is right now.
    ClockIsWrong,
    Final(RelayError),
}

impl From<RelayError> for Refusal {
    fn from(error: RelayError) -> Self {
        Self::Final(error)
    }
}

/// The reason of a close frame is the code of the one table, and with 401 the relay's time.
fn refusal(relay: &Relay, frame: Option<CloseFrame>) -> Refusal {
    let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
    let (code, now) = reason.split_once(' ').unwrap_or((&reason, ""));
    if let Ok(now) = now.parse()
        && relay.correct_clock(now)
    {
        return Refusal::ClockIsWrong;
    }
    RelayError::by_code(code, format!("{} closed the connection: {code}", relay.address())).into()
}

fn offline(address: &RelayAddress, why: &impl std::fmt::Display) -> RelayError {
    RelayError::Offline(format!("{address} does not stay connected: {why}"))
}

async fn dial(address: &RelayAddress, tls: &Arc<ClientConfig>) -> Result<Socket, RelayError> {
    let at_home = addresses_of(address).await.map_err(|error| offline(address, &error))?;
    let stream = TcpStream::connect(at_home.as_slice()).await.map_err(|error| offline(address, &error))?;
    stream.set_nodelay(true).map_err(|error| offline(address, &error))?;
    let stream: Box<dyn Stream> = if address.is_plain() {
        Box::new(stream)
    } else {
        let name = ServerName::try_from(address.host()).map_err(|error| offline(address, &error))?;
        let connected = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
        Box::new(connected.map_err(|error| offline(address, &error))?)
    };
    let url = format!("{}{LIVE_PATH}", address.to_string().replacen("http", "ws", 1));
    let config = WebSocketConfig::default()
        .max_message_size(Some(LIVE_FRAME_BYTES_MAX))
        .max_frame_size(Some(LIVE_FRAME_BYTES_MAX));
    let connected = tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await;
    connected.map(|(socket, _)| socket).map_err(|error| offline(address, &error))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::random;
    use crate::transport::{http_client, tls_config};

    /// Else a device that was removed while it was away would learn so only when it had waited in vain.
    #[tokio::test]
    async fn a_relay_that_attends_to_none_of_the_spaces_is_connected_with_all_the_same() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: RelayAddress = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let relay = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            // Asked for a message, it answers pings by itself.
            while socket.next().await.is_some_and(|message| message.is_ok()) {}
        };
        let tls = Arc::new(tls_config(None).unwrap());
        let http = http_client(&address, tls_config(None).unwrap()).unwrap();
        let phone = Relay::new(address, http, 0);
        let keys = SecretKeys::make_random(&mut random::generator());
        let spaces = [SpaceId::from_bytes([1; 32])];
        tokio::select! {
            live = Live::connect(&phone, &tls, &keys, &spaces) => assert!(!live.unwrap().attends(&spaces[0])),
            () = relay => panic!("the phone hung up"),
        }
    }
}
