//! Do those who stay connected hear what comes? Hello, questions, hints, and every way in which a connection ends.

use std::collections::BTreeSet;

use entwine_core::id::SpaceId;
use entwine_core::keyholder::SecretKeys;
use entwine_core::limits::{LIVE_FRAME_BYTES_MAX, LIVE_QUESTIONS_MAX};
use entwine_core::membership::{MembershipChain, SpaceKind};
use entwine_core::token::Claims;
use entwine_core::wire::codec::{Wire, from_bytes, to_bytes};
use entwine_core::wire::live::{Ask, DeviceFrame, Hello, LIVE_PATH, Refused, RelayFrame};
use entwine_core::wire::message::{Request, Response};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::helpers::{Outside, Person, Relay, bearer, clock_of, empty_request, now, records, request};

/// One end of a live connection.
struct Live(WebSocketStream<TcpStream>);

impl Live {
    async fn connect(relay: &Outside) -> Self {
        let address = relay.origin.strip_prefix("http://").unwrap();
        Self::over(relay, TcpStream::connect(address).await.unwrap()).await
    }

    async fn over(relay: &Outside, stream: TcpStream) -> Self {
        let url = format!("{}{LIVE_PATH}", relay.origin.replacen("http", "ws", 1));
        Self(tokio_tungstenite::client_async(url, stream).await.unwrap().0)
    }

    /// A connection that says who it is, and has heard that the relay attends to all these spaces.
    async fn of(relay: &Outside, keys: &SecretKeys, spaces: &[SpaceId]) -> Self {
        let mut live = Self::connect(relay).await;
        live.hello(keys, &claims(relay), spaces).await;
        let mut attended = BTreeSet::new();
        while attended.len() < spaces.len() {
            attended.insert(live.moved().await);
        }
        assert_eq!(attended, spaces.iter().copied().collect());
        live
    }

    async fn hello(&mut self, keys: &SecretKeys, claims: &Claims, spaces: &[SpaceId]) {
        let hello = Hello { token: bearer(keys, claims), spaces: spaces.to_vec() };
        self.send(&DeviceFrame::Hello(hello)).await;
    }

    async fn send(&mut self, frame: &impl Wire) {
        self.0.send(Message::binary(to_bytes(frame))).await.unwrap();
    }

    async fn ask(&mut self, id: u64, space: SpaceId, request: Request) {
        self.send(&DeviceFrame::Ask(Box::new(Ask { id, space, request }))).await;
    }

    async fn next(&mut self) -> RelayFrame {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Binary(bytes) => return from_bytes(&bytes).unwrap(),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn moved(&mut self) -> SpaceId {
        match self.next().await {
            RelayFrame::Moved(space) => space,
            other => panic!("{other:?}"),
        }
    }

    async fn answer(&mut self, id: u64) -> Response {
        match self.next().await {
            RelayFrame::Answer(answered, response) if answered == id => *response,
            other => panic!("{other:?}"),
        }
    }

    async fn refusal(&mut self, id: u64) -> Refused {
        match self.next().await {
            RelayFrame::Refused(refused) if refused.id == id => *refused,
            other => panic!("{other:?}"),
        }
    }

    /// Stays so long.
    async fn heartbeats(&mut self, count: usize) {
        for _ in 0..count {
            while !matches!(self.0.next().await.unwrap().unwrap(), Message::Ping(_)) {}
        }
    }

    /// Whether it ended without a word.
    async fn ends_without_a_word(mut self) -> bool {
        while let Some(Ok(message)) = self.0.next().await {
            if matches!(message, Message::Close(_)) {
                return false;
            }
        }
        true
    }

    /// How it was closed, whatever came before that.
    async fn closed(mut self) -> (u16, String) {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Ok(Message::Binary(_) | Message::Ping(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

fn claims(relay: &Outside) -> Claims {
    Claims::new(&relay.origin, "GET", LIVE_PATH, now())
}

/// Ada and Noor in a space on this relay.
struct Couple {
    ada: Person,
    noor: Person,
    chain: MembershipChain,
}

impl Couple {
    async fn on(relay: &Outside, seed: u64) -> Self {
        let (mut ada, mut noor) = (Person::new(seed), Person::new(seed + 1));
        let mut chain = ada.found(SpaceKind::Shared);
        let invitation = ada.invite(&mut chain, now().plus_seconds(3600));
        noor.join(&mut chain, &invitation);
        relay.create(&ada.keys, &chain, None).await.is_ok();
        Self { ada, noor, chain }
    }
}

#[tokio::test]
async fn what_one_brings_the_other_hears_of_and_asks_for() {
    let relay = Relay::open().await;
    let Couple { ada, mut noor, chain } = Couple::on(&relay, 1).await;
    let space = chain.space();
    let mut adas = Live::of(&relay, &ada.keys, &[space]).await;
    let mut noors = Live::of(&relay, &noor.keys, &[space]).await;

    // By a request of its own, as from a phone's background task.
    let words = noor.write_many(&chain, 2);
    relay.sync(&noor.keys, space, &request(&chain, &words[..1], vec![], &words[..1])).await.is_ok();
    assert_eq!((adas.moved().await, noors.moved().await), (space, space));
    adas.ask(1, space, request(&chain, &[], vec![], &[])).await;
    assert_eq!(adas.answer(1).await.entries.len(), 1);

    // And over the connection: whoever brought it is answered, and not told of it.
    noors.ask(2, space, request(&chain, &words, vec![], &words[1..])).await;
    assert_eq!(noors.answer(2).await.clock, None, "all of it is acknowledged");
    assert_eq!(adas.moved().await, space);
    noors.ask(3, space, request(&chain, &words, vec![], &[])).await;
    noors.answer(3).await;
    relay.stop().await;
}

#[tokio::test]
async fn who_was_told_and_has_not_asked_is_not_told_again() {
    let relay = Relay::open().await;
    let Couple { mut ada, noor, chain } = Couple::on(&relay, 1).await;
    let space = chain.space();
    let mut noors = Live::of(&relay, &noor.keys, &[space]).await;
    let words = ada.write_many(&chain, 3);
    for held in 1..=2 {
        relay.sync(&ada.keys, space, &request(&chain, &words[..held], vec![], &words[held - 1..held])).await.is_ok();
    }
    assert_eq!(noors.moved().await, space);
    noors.ask(1, space, request(&chain, &[], vec![], &[])).await;
    assert_eq!(noors.answer(1).await.entries.len(), 2, "the next frame is the answer, and no second hint before it");
    relay.sync(&ada.keys, space, &request(&chain, &words, vec![], &words[2..])).await.is_ok();
    assert_eq!(noors.moved().await, space);
    relay.stop().await;
}

/// With a heartbeat of a fifth of a second.
#[tokio::test]
async fn who_never_asks_is_told_again_once_it_is_known_to_read() {
    let relay = Relay::with(&["--registration", "open", "--live-heartbeat", "0.2"]).await;
    let Couple { mut ada, noor, chain } = Couple::on(&relay, 1).await;
    let mut noors = Live::of(&relay, &noor.keys, &[chain.space()]).await;
    let words = ada.write_many(&chain, 2);
    for held in 1..=2 {
        relay
            .sync(&ada.keys, chain.space(), &request(&chain, &words[..held], vec![], &words[held - 1..held]))
            .await
            .is_ok();
        assert_eq!(noors.moved().await, chain.space());
    }
    relay.stop().await;
}

#[tokio::test]
async fn several_spaces_share_a_connection_and_strangers_to_one_hear_nothing_of_it() {
    let relay = Relay::open().await;
    let Couple { mut ada, noor, chain } = Couple::on(&relay, 1).await;
    let private = ada.found(SpaceKind::Private { of: chain.space() });
    relay.create(&ada.keys, &private, None).await.is_ok();
    let spaces = [chain.space(), private.space()];
    let mut adas = Live::of(&relay, &ada.keys, &spaces).await;
    let mut noors = Live::connect(&relay).await;
    noors.hello(&noor.keys, &claims(&relay), &spaces).await;
    assert_eq!(noors.moved().await, chain.space());

    for (own, id) in [(&private, 1), (&chain, 2)] {
        let words = ada.write_many(own, 1);
        adas.ask(id, own.space(), request(own, &words, vec![], &words)).await;
        adas.answer(id).await;
    }
    assert_eq!(noors.moved().await, chain.space(), "of the private space nothing came before it");
    noors.ask(3, private.space(), empty_request()).await;
    assert_eq!(noors.refusal(3).await.code, "not_found");
    relay.stop().await;
}

#[tokio::test]
async fn bad_first_messages_are_answered_with_the_reason() {
    let relay = Relay::open().await;
    let Couple { ada, chain, .. } = Couple::on(&relay, 1).await;
    let spaces = [chain.space()];

    let mut stranger = Live::connect(&relay).await;
    stranger.hello(&Person::new(9).keys, &claims(&relay), &spaces).await;
    let (code, reason) = stranger.closed().await;
    assert_eq!((code, reason.split(' ').next()), (4401, Some("keyholder_unknown")));

    let mut for_another_path = Live::connect(&relay).await;
    for_another_path.hello(&ada.keys, &Claims::new(&relay.origin, "GET", "/v1/spaces", now()), &spaces).await;
    assert!(for_another_path.closed().await.1.starts_with("token_refused "));

    let mut late = Live::connect(&relay).await;
    let hour_ago = entwine_core::time::Timestamp::from_seconds(now().as_seconds() - 3600);
    late.hello(&ada.keys, &Claims::new(&relay.origin, "GET", LIVE_PATH, hour_ago), &spaces).await;
    let (code, reason) = late.closed().await;
    let (code_text, told) = reason.split_once(' ').unwrap();
    assert_eq!((code, code_text), (4401, "token_expired"));
    assert!(told.parse::<u64>().unwrap().abs_diff(now().as_seconds()) < 60, "the relay's time, to sign by: {told}");

    let mut question = Live::connect(&relay).await;
    question.ask(1, spaces[0], empty_request()).await;
    assert!(question.closed().await.1.starts_with("token_missing "));

    let mut text = Live::connect(&relay).await;
    text.0.send(Message::text("hello")).await.unwrap();
    assert_eq!(text.closed().await, (4400, "malformed".to_owned()));

    let mut long = Live::connect(&relay).await;
    long.0.send(Message::binary(vec![0; 64 * 1024])).await.unwrap();
    assert_eq!(long.closed().await.0, 1009);

    relay.get(LIVE_PATH).await.is_error(400, "malformed");
    relay.stop().await;
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let relay = Relay::open().await;
    let silent = Live::connect(&relay).await;
    assert_eq!(silent.closed().await, (4408, "timeout".to_owned()));
    relay.stop().await;
}

#[tokio::test]
async fn connections_are_told_when_the_relay_stops() {
    let relay = Relay::open().await;
    let Couple { ada, noor, chain } = Couple::on(&relay, 1).await;
    let adas = Live::of(&relay, &ada.keys, &[chain.space()]).await;
    let noors = Live::of(&relay, &noor.keys, &[chain.space()]).await;
    let stopped = tokio::spawn(relay.stop());
    assert_eq!((adas.closed().await.0, noors.closed().await.0), (1001, 1001));
    stopped.await.unwrap();
}

#[tokio::test]
async fn who_was_removed_is_told_and_closed() {
    let relay = Relay::open().await;
    let Couple { ada, noor, mut chain } = Couple::on(&relay, 1).await;
    let space = chain.space();
    let mut adas = Live::of(&relay, &ada.keys, &[space]).await;
    let noors = Live::of(&relay, &noor.keys, &[space]).await;
    let known = chain.len() as usize;
    let leaving = chain.remove(&noor.keys, vec![noor.keys.id()], &clock_of(&[])).unwrap();
    chain.append(leaving.bytes()).unwrap();
    relay.sync(&noor.keys, space, &request(&chain, &[], records(&chain)[known..].to_vec(), &[])).await;
    assert_eq!(noors.closed().await, (4410, "removed".to_owned()));
    assert_eq!(adas.moved().await, space);

    // Whoever comes again hears nothing, and is shown why when it asks.
    let mut again = Live::connect(&relay).await;
    again.hello(&noor.keys, &claims(&relay), &[space]).await;
    again.ask(1, space, empty_request()).await;
    let refused = again.refusal(1).await;
    assert_eq!(refused.code, "removed");
    assert_eq!(refused.response.unwrap().records.len(), chain.len() as usize);
    relay.stop().await;
}

/// With a heartbeat of a fifth of a second.
#[tokio::test]
async fn who_does_not_read_is_cut_off_while_others_go_on() {
    let relay = Relay::with(&["--registration", "open", "--live-heartbeat", "0.2"]).await;
    let Couple { ada, mut noor, chain } = Couple::on(&relay, 1).await;
    let space = chain.space();
    let long = "x".repeat(200_000);
    let words = [noor.write(&chain, None, &long)];
    relay.sync(&noor.keys, space, &request(&chain, &words, vec![], &words)).await.is_ok();

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(relay.origin.strip_prefix("http://").unwrap().parse().unwrap()).await.unwrap();
    let mut slow = Live::over(&relay, stream).await;
    slow.hello(&ada.keys, &claims(&relay), &[space]).await;
    for id in 0..LIVE_QUESTIONS_MAX as u64 {
        slow.ask(id, space, request(&chain, &[], vec![], &[])).await;
    }
    let mut noors = Live::of(&relay, &noor.keys, &[space]).await;
    noors.heartbeats(6).await;
    noors.ask(1, space, request(&chain, &words, vec![], &[])).await;
    noors.answer(1).await;
    assert!(slow.ends_without_a_word().await);
    relay.stop().await;
}

#[tokio::test]
async fn everything_is_bounded() {
    let relay = Relay::with(&["--registration", "open", "--live-connections-max", "10"]).await;
    let Couple { ada, noor, chain } = Couple::on(&relay, 1).await;
    let space = chain.space();

    // Questions that are under way on one connection.
    let mut hasty = Live::of(&relay, &noor.keys, &[space]).await;
    for id in 0..64 {
        let frame = DeviceFrame::Ask(Box::new(Ask { id, space, request: empty_request() }));
        if hasty.0.send(Message::binary(to_bytes(&frame))).await.is_err() {
            break;
        }
    }
    assert_eq!(hasty.closed().await, (4429, "busy".to_owned()));

    // A frame.
    let mut long = Live::of(&relay, &noor.keys, &[space]).await;
    let sent = long.0.send(Message::binary(vec![0; LIVE_FRAME_BYTES_MAX + 1])).await;
    assert!(sent.is_err() || long.closed().await.0 == 1009);

    // Connections of one keyholder, and of all together.
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(Live::of(&relay, &ada.keys, &[space]).await);
    }
    let mut ninth = Live::connect(&relay).await;
    ninth.hello(&ada.keys, &claims(&relay), &[space]).await;
    assert_eq!(ninth.closed().await, (4429, "busy".to_owned()));
    relay.stop().await;
}
