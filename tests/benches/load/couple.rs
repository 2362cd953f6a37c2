//! Who loads the relay? Couples whose phones are only sockets: everything they send was sealed before the clock started, and
//! everything they got is opened after it stopped.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use entwine_core::feed::clock::SentClock;
use entwine_core::feed::{Clock, EntryHeader, EntryKind, Position, Tip, VerifiedEntry};
use entwine_core::id::{Hash, PersonId, SpaceId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::membership::{KeyRing, MembershipChain, SpaceKind};
use entwine_core::sealing::entry::EntryContent;
use entwine_core::sync::exchange::{Intake, to_sent};
use entwine_core::time::Timestamp;
use entwine_core::token::{self, Claims};
use entwine_core::wire::live::{Ask, DeviceFrame, Hello, LIVE_PATH, RelayFrame};
use entwine_core::wire::message::{CreateRequest, Request};
use entwine_core::wire::{from_bytes, to_bytes};
use entwine_tests::http;
use futures_util::{SinkExt as _, StreamExt as _};
use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Bytes, Message};

/// Bytes of automerge changes in one entry.
pub(crate) const CHANGE_BYTES: usize = 200;

type Socket = WebSocketStream<TcpStream>;

/// Ada and Noor, with one phone each and a space between them.
pub(crate) struct Couple {
    chain: MembershipChain,
    ada: SecretKeys,
    noor: SecretKeys,
    /// Ada's entries, in order.
    entries: Vec<VerifiedEntry>,
    /// For each, Ada's question that brings it, and Noor's that asks for it.
    frames: Vec<(Bytes, Bytes)>,
}

impl Couple {
    /// A couple whose Ada has so many entries to send.
    pub(crate) fn new(seed: u64, entries: usize) -> Self {
        let rng = &mut ChaCha20Rng::seed_from_u64(seed);
        let [ada, noor, invitation] = [(); 3].map(|()| SecretKeys::make_random(rng));
        let [adas, noors] = [(); 2].map(|()| PersonId::make_random(rng));
        let first = MembershipChain::create(rng, &ada, adas, SpaceKind::Shared);
        let mut chain = MembershipChain::found(first.bytes()).expect("a first record");
        let ring = KeyRing::derive(&chain, &ada);
        let until = now().plus_seconds(3600);
        let add = chain.invite(rng, &ada, &ring, &invitation, (InvitationKind::Partner, until)).expect("Ada invites");
        chain.append_record(add).expect("the next record");
        let accept = chain.accept(&invitation, &noor, noors);
        chain.append_record(accept).expect("the next record");
        let rotate = chain.rotate(rng, &noor, &ring).expect("Noor rotates");
        chain.append_record(rotate).expect("the next record");
        let mut couple = Self { chain, ada, noor, entries: Vec::new(), frames: Vec::new() };
        let ring = KeyRing::derive(&couple.chain, &couple.ada);
        for _ in 0..entries {
            couple.seal_next(rng, &ring);
        }
        couple.frames = (0..entries).map(|number| couple.frames_of(number)).collect();
        couple
    }

    fn seal_next(&mut self, rng: &mut ChaCha20Rng, ring: &KeyRing) {
        let epoch = self.chain.open_epoch().expect("an epoch is open").hash();
        let last = self.entries.last();
        let header = EntryHeader {
            space: self.chain.space(),
            feed: self.ada.id(),
            seq: last.map_or(1, |entry| entry.seq + 1),
            previous: last.map_or(Hash::ZERO, |entry| entry.hash),
            position: Position { index: self.chain.len() - 1, hash: self.chain.head() },
            kind: EntryKind::CHANGES,
            critical: true,
        };
        let mut change = vec![0; CHANGE_BYTES];
        rng.fill_bytes(&mut change);
        let content = EntryContent {
            document: "journal/2026-12".to_owned(),
            generation: 0,
            changes: vec![change],
            clock: Vec::new(),
            written: (now(), now()),
        };
        self.entries.push(content.seal(rng, &self.ada, ring.get(&epoch).expect("its key"), &header));
    }

    /// The space.
    pub(crate) fn space(&self) -> SpaceId {
        self.chain.space()
    }

    /// Gives the relay the chain.
    pub(crate) fn create(&self, relay: SocketAddr) {
        let records = self.chain.records().iter().map(|record| record.bytes().to_vec()).collect();
        let token = self.token(&self.ada, relay, "POST", "/v1/spaces");
        let body = to_bytes(&CreateRequest { proof: None, records });
        let request = http::Request {
            method: "POST",
            path: "/v1/spaces",
            token: Some(&token),
            content_type: "application/cbor",
            body: &body,
        };
        let answer = request.send(relay);
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    }

    fn token(&self, keys: &SecretKeys, relay: SocketAddr, method: &str, path: &str) -> String {
        let claims = Claims::new(&format!("http://{relay}"), method, path, now());
        let seed = keys.to_bytes()[..32].try_into().expect("the first half of the keys");
        token::sign(keys.id(), &seed, &claims)
    }

    /// Connects both phones.
    pub(crate) async fn connect(&self, relay: SocketAddr) -> [Line; 2] {
        let mut lines = Vec::new();
        for keys in [&self.ada, &self.noor] {
            let token = self.token(keys, relay, "GET", LIVE_PATH);
            lines.push(Line::open(relay, token, self.space()).await);
        }
        lines.try_into().unwrap_or_else(|_| unreachable!("two of them"))
    }

    /// Ada sends her entries one by one, the next when Noor has the last, and waits so long in between: for each, when it was
    /// there after it was sent. Noor keeps what she got.
    pub(crate) async fn deliver(
        &self,
        [ada, noor]: &mut [Line; 2],
        pause: Option<Duration>,
    ) -> (Vec<Duration>, Vec<Bytes>) {
        let (mut took, mut got) = (Vec::new(), Vec::new());
        for (brings, asks) in &self.frames {
            let begun = Instant::now();
            ada.send(brings.clone()).await;
            noor.until(is_moved).await;
            noor.send(asks.clone()).await;
            got.push(noor.until(is_answer).await);
            took.push(begun.elapsed());
            ada.until(is_answer).await;
            if let Some(pause) = pause {
                tokio::time::sleep(pause.saturating_sub(begun.elapsed())).await;
            }
        }
        (took, got)
    }

    fn frames_of(&self, number: usize) -> (Bytes, Bytes) {
        let clock_after = |count: usize| {
            let tip = count.checked_sub(1).map(|last| self.entries[last].tip());
            let clock: Clock = tip.map(|tip: Tip| (self.ada.id(), [tip].into())).into_iter().collect();
            SentClock::of(&self.chain, &clock, false)
        };
        let entry = self.entries[number].clone().into_stored();
        let mut brings = Request::bringing(clock_after(number + 1), Vec::new());
        brings.entries = to_sent(&self.chain, vec![entry]);
        let asks = Request::bringing(clock_after(number), Vec::new());
        (self.ask(number, brings), self.ask(number, asks))
    }

    fn ask(&self, number: usize, request: Request) -> Bytes {
        let ask = Ask { id: number as u64, space: self.space(), request };
        to_bytes(&DeviceFrame::Ask(Box::new(ask))).into()
    }

    /// Whether Noor got every entry of Ada's, in order, and can open each.
    pub(crate) fn check(&self, got: &[Bytes]) {
        let ring = KeyRing::derive(&self.chain, &self.noor);
        for (entry, frame) in self.entries.iter().zip(got) {
            let Ok(RelayFrame::Answer(_, response)) = from_bytes(frame) else { panic!("no answer") };
            let intake = Intake::verify(&self.chain, &response.entries);
            let known = intake.questions(&self.chain).into_iter().filter_map(|point| {
                let held = self.entries.iter().find(|held| point.tip.matches(&held.tip()))?;
                Some((point, held.tip()))
            });
            let (taken, refused) = intake.settle(&self.chain, &Clock::new(), &known.collect());
            assert_eq!((taken.len(), refused.len()), (1, 0));
            assert_eq!(taken[0].hash, entry.hash);
            EntryContent::open(&taken[0], &self.chain, &ring).expect("it opens");
        }
        assert_eq!(got.len(), self.entries.len());
    }
}

/// Seal and sign, then verify and open: how long one entry takes.
pub(crate) fn per_entry(count: usize) -> [Duration; 2] {
    let mut couple = Couple::new(u64::MAX, 0);
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let ring = KeyRing::derive(&couple.chain, &couple.ada);
    let begun = Instant::now();
    for _ in 0..count {
        couple.seal_next(rng, &ring);
    }
    let sealed = begun.elapsed();
    let ring = KeyRing::derive(&couple.chain, &couple.noor);
    let begun = Instant::now();
    for entry in &couple.entries {
        let verified = entry.clone().into_stored().verify(&couple.chain).expect("it is valid");
        EntryContent::open(&verified, &couple.chain, &ring).expect("it opens");
    }
    [sealed, begun.elapsed()].map(|all| all / u32::try_from(count).expect("a small number"))
}

/// One live connection.
pub(crate) struct Line(Socket);

impl Line {
    /// Connects, says who it is, and hears the relay's first word.
    async fn open(relay: SocketAddr, token: String, space: SpaceId) -> Self {
        let stream = TcpStream::connect(relay).await.expect("the relay listens");
        stream.set_nodelay(true).expect("a connection takes an option");
        let url = format!("ws://{relay}{LIVE_PATH}");
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.expect("the relay upgrades");
        let mut line = Self(socket);
        line.send(to_bytes(&DeviceFrame::Hello(Hello { token, spaces: vec![space] })).into()).await;
        line.until(is_moved).await;
        line
    }

    pub(crate) async fn send(&mut self, frame: Bytes) {
        self.0.send(Message::Binary(frame)).await.expect("the relay reads");
    }

    /// The first frame that is of this kind.
    pub(crate) async fn until(&mut self, is_it: fn(&[u8]) -> bool) -> Bytes {
        loop {
            match self.0.next().await.expect("the relay stays").expect("a whole message") {
                Message::Binary(bytes) if is_it(&bytes) => return bytes,
                Message::Close(why) => panic!("the relay closes: {why:?}"),
                _ => {}
            }
        }
    }
}

/// The kind of a frame is its second byte: see [`RelayFrame`].
pub(crate) fn is_answer(frame: &[u8]) -> bool {
    frame.get(1) == Some(&2)
}

fn is_moved(frame: &[u8]) -> bool {
    frame.get(1) == Some(&4)
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_seconds(since.expect("it is after 1970").as_secs())
}
