//! Who loads the relay? Couples whose phones are only sockets. What is measured was sealed before the clock started, and is
//! opened after it stopped; what is only pushed is sealed as it goes.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use data_encoding::HEXUPPER;
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
use entwine_core::wire::live::{Ask, DeviceFrame, LIVE_PATH, RelayFrame};
use entwine_core::wire::message::{CreateRequest, Request};
use entwine_core::wire::{from_bytes, to_bytes};
use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};

use crate::http;
use crate::line::{Gone, Line, framed, is_answer, is_moved, is_refusal};
use crate::program::GUARD;

/// Bytes of automerge changes in one entry.
pub const CHANGE_BYTES: usize = 200;

/// Where a relay that goes away spoils the measure.
const STAYS: &str = "the relay stays";

/// Ada and Noor, with one phone each and a space between them.
pub struct Couple {
    chain: MembershipChain,
    ada: SecretKeys,
    noor: SecretKeys,
    /// Ada's entries, in order.
    entries: Vec<VerifiedEntry>,
    /// For each of those that are delivered, Ada's question that brings it, and Noor's that asks for it.
    frames: Vec<(Bytes, Bytes)>,
    /// How many of them the relay has acknowledged.
    acknowledged: usize,
    rng: ChaCha20Rng,
}

/// Why something that was pushed was not acknowledged.
#[derive(Debug, PartialEq, Eq)]
pub enum Unpushed {
    /// The connection broke.
    Gone,
    /// The relay said no: its code and what it tells people.
    Refused(String, String),
}

impl From<Gone> for Unpushed {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl Couple {
    /// A couple whose Ada has so many entries to send.
    pub fn new(seed: u64, entries: usize) -> Self {
        let mut chance = ChaCha20Rng::seed_from_u64(seed);
        let rng = &mut chance;
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
        let (own, frames) = (Vec::new(), Vec::new());
        let mut couple = Self { chain, ada, noor, entries: own, frames, acknowledged: 0, rng: chance };
        couple.seal_up_to(entries);
        couple.frames = (0..entries).map(|number| couple.frames_of(number)).collect();
        couple
    }

    fn seal_up_to(&mut self, entries: usize) {
        let ring = KeyRing::derive(&self.chain, &self.ada);
        while self.entries.len() < entries {
            self.seal_next(&ring);
        }
    }

    fn seal_next(&mut self, ring: &KeyRing) {
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
        self.rng.fill_bytes(&mut change);
        let content = EntryContent {
            document: "journal/2026-12".to_owned(),
            generation: 0,
            changes: vec![change],
            clock: Vec::new(),
            written: (now(), now()),
        };
        let key = ring.get(&epoch).expect("its key");
        self.entries.push(content.seal(&mut self.rng, &self.ada, key, &header));
    }

    /// The space.
    pub fn space(&self) -> SpaceId {
        self.chain.space()
    }

    /// Gives the relay the chain.
    pub fn create(&self, relay: SocketAddr) {
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
    ///
    /// # Panics
    /// Where the relay does not let them in.
    pub async fn connect(&self, relay: SocketAddr) -> [Line; 2] {
        let (ada, noor) = (self.line(&self.ada, relay).await, self.line(&self.noor, relay).await);
        [ada, noor].map(|line| line.expect("the relay lets them in"))
    }

    /// Connects Ada's phone alone.
    ///
    /// # Errors
    /// The relay is not there, or goes away meanwhile.
    pub async fn connect_ada(&self, relay: SocketAddr) -> Result<Line, Gone> {
        self.line(&self.ada, relay).await
    }

    async fn line(&self, keys: &SecretKeys, relay: SocketAddr) -> Result<Line, Gone> {
        Line::open(relay, self.token(keys, relay, "GET", LIVE_PATH), self.space()).await
    }

    /// Ada pushes so many entries at once: those that the relay has not acknowledged, and new ones.
    ///
    /// # Errors
    /// They were not acknowledged.
    ///
    /// # Panics
    /// Where the relay answers, and does not hold them then.
    pub async fn push(&mut self, line: &mut Line, count: usize) -> Result<(), Unpushed> {
        let until = self.acknowledged + count;
        self.seal_up_to(until);
        let clock = self.clock_after(until);
        let mut brings = Request::bringing(clock.clone(), Vec::new());
        let entries = self.entries[self.acknowledged..until].iter().map(|entry| entry.clone().into_stored());
        brings.entries = to_sent(&self.chain, entries.collect());
        line.send(&self.ask(until, brings)).await?;
        let frame = line.until(|frame| is_answer(frame) || is_refusal(frame)).await?;
        match from_bytes(&frame).expect("a frame of the relay's") {
            RelayFrame::Answer(_, response) => {
                assert_eq!(response.refused, [], "nothing of it is refused");
                assert_eq!(response.clock_after(&clock).digest, clock.digest, "the relay holds all of it");
                self.acknowledged = until;
                Ok(())
            }
            RelayFrame::Refused(refused) => Err(Unpushed::Refused(refused.code, refused.message)),
            RelayFrame::Moved(_) => unreachable!("it was not waited for"),
        }
    }

    /// The hashes of what the relay has acknowledged, as its database shows them.
    #[must_use]
    pub fn acknowledged(&self) -> BTreeSet<String> {
        let hashes = self.entries[..self.acknowledged].iter().map(|entry| entry.hash);
        hashes.map(|hash| HEXUPPER.encode(hash.as_bytes())).collect()
    }

    /// Ada sends her entries one by one, the next when Noor has the last, and waits so long in between: for each, when it was
    /// there after it was sent. Noor keeps what she got.
    pub async fn deliver(&self, [ada, noor]: &mut [Line; 2], pause: Option<Duration>) -> (Vec<Duration>, Vec<Bytes>) {
        let (mut took, mut got) = (Vec::new(), Vec::new());
        for (brings, asks) in &self.frames {
            let begun = Instant::now();
            ada.send(brings).await.expect(STAYS);
            noor.until(is_moved).await.expect(STAYS);
            noor.send(asks).await.expect(STAYS);
            got.push(noor.until(is_answer).await.expect(STAYS));
            took.push(begun.elapsed());
            ada.until(is_answer).await.expect(STAYS);
            if let Some(pause) = pause {
                tokio::time::sleep(pause.saturating_sub(begun.elapsed())).await;
            }
        }
        (took, got)
    }

    /// Ada asks, and there is nothing new for either side: bytes of the question and of the answer.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn ask_for_nothing(&self, line: &mut Line) -> Result<usize, Gone> {
        let request = Request::bringing(self.clock_after(self.acknowledged), Vec::new());
        let ask = DeviceFrame::Ask(Box::new(Ask { id: 1, space: self.space(), request }));
        line.send(&framed(&ask)).await?;
        Ok(to_bytes(&ask).len() + line.until(is_answer).await?.len())
    }

    /// The clock of a phone that has so many of Ada's entries.
    fn clock_after(&self, count: usize) -> SentClock {
        let tip = count.checked_sub(1).map(|last| self.entries[last].tip());
        let clock: Clock = tip.map(|tip: Tip| (self.ada.id(), [tip].into())).into_iter().collect();
        SentClock::of(&self.chain, &clock, false)
    }

    fn frames_of(&self, number: usize) -> (Bytes, Bytes) {
        let entry = self.entries[number].clone().into_stored();
        let mut brings = Request::bringing(self.clock_after(number + 1), Vec::new());
        brings.entries = to_sent(&self.chain, vec![entry]);
        let asks = Request::bringing(self.clock_after(number), Vec::new());
        (self.ask(number, brings), self.ask(number, asks))
    }

    fn ask(&self, number: usize, request: Request) -> Bytes {
        let ask = Ask { id: number as u64, space: self.space(), request };
        framed(&DeviceFrame::Ask(Box::new(ask)))
    }

    /// Whether Noor got every entry of Ada's, in order, and can open each.
    pub fn check(&self, got: &[Bytes]) {
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

/// All couples push at the same time: each Ada so many entries at once, and so many times, or until the relay is gone or refuses.
/// `acknowledged` is called after each answer.
///
/// # Panics
/// Where the relay does not answer.
pub fn push_together(
    couples: &mut [Couple],
    relay: SocketAddr,
    (count, times): (usize, usize),
    acknowledged: impl FnMut(),
) -> Vec<Result<(), Unpushed>> {
    let acknowledged = RefCell::new(acknowledged);
    let pushing = couples.iter_mut().map(async |couple| {
        let mut line = couple.connect_ada(relay).await?;
        for _ in 0..times {
            couple.push(&mut line, count).await?;
            (acknowledged.borrow_mut())();
        }
        Ok(())
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let pushed = async { tokio::time::timeout(GUARD, futures_util::future::join_all(pushing)).await };
    runtime.block_on(pushed).expect("the relay answers, or goes away")
}

/// Seal and sign, then verify and open: how long one entry takes.
pub fn per_entry(count: usize) -> [Duration; 2] {
    let mut couple = Couple::new(u64::MAX, 0);
    let begun = Instant::now();
    couple.seal_up_to(count);
    let sealed = begun.elapsed();
    let ring = KeyRing::derive(&couple.chain, &couple.noor);
    let begun = Instant::now();
    for entry in &couple.entries {
        let verified = entry.clone().into_stored().verify(&couple.chain).expect("it is valid");
        EntryContent::open(&verified, &couple.chain, &ring).expect("it opens");
    }
    [sealed, begun.elapsed()].map(|all| all / u32::try_from(count).expect("a small number"))
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_seconds(since.expect("it is after 1970").as_secs())
}
