//! What does a member send whose client is another than this one: newer, broken, or evil? Keys that are in a space, core, and no program
//! in between.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use entwine_core::feed::clock::SentClock;
use entwine_core::feed::{Clock, EntryHeader, EntryKind, Position, StoredEntry, Tip, VerifiedEntry};
use entwine_core::id::{Hash, SpaceId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::{Body, KeyRing, MembershipChain, Record};
use entwine_core::sealing::entry::EntryContent;
use entwine_core::sealing::epoch::EpochSecret;
use entwine_core::sync::exchange::{Intake, to_sent};
use entwine_core::time::Timestamp;
use entwine_core::token::{self, Claims};
use entwine_core::wire::message::{Request as SyncRequest, Response};
use entwine_core::wire::to_bytes;
use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};

use crate::http::{Answer, Request};
use crate::phone::text;
use crate::{Phone, Relay};

/// Somebody in a space.
#[derive(Debug)]
pub struct Member {
    keys: SecretKeys,
    relay: std::net::SocketAddr,
    chain: MembershipChain,
    entries: Vec<StoredEntry>,
    /// The last entry of the own feed.
    tip: Tip,
    random: ChaCha20Rng,
}

impl Member {
    /// Whoever has the keys of this phone, in its shared space, with all that the relay holds of it.
    ///
    /// # Panics
    /// Where the relay does not give it.
    #[must_use]
    pub fn of(phone: &Phone, relay: &Relay) -> Self {
        let space: SpaceId = text(&phone.status(), "space").parse().expect("a space has an id");
        let mut seed = [0; 32];
        rand::rng().fill_bytes(&mut seed);
        let mut member = Self {
            keys: phone.secret_keys(),
            relay: relay.address(),
            chain: relay.chain(&space),
            entries: Vec::new(),
            tip: Tip { seq: 0, hash: Hash::ZERO },
            random: ChaCha20Rng::from_seed(seed),
        };
        member.fetch();
        member
    }

    /// Its keys.
    #[must_use]
    pub fn keys(&self) -> &SecretKeys {
        &self.keys
    }

    /// The chain.
    #[must_use]
    pub fn chain(&self) -> &MembershipChain {
        &self.chain
    }

    /// The path of an exchange.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/v1/spaces/{}/sync", self.chain.space())
    }

    /// A token for a request, that is good now.
    ///
    /// # Panics
    /// Where the machine's clock stands before 1970.
    #[must_use]
    pub fn token(&self, method: &str, path: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
        let claims = Claims::new(&format!("http://{}", self.relay), method, path, Timestamp::from_seconds(now));
        let secret = self.keys.to_bytes();
        let (seed, _) = secret.split_first_chunk::<32>().expect("secret keys are 64 bytes");
        token::sign(self.keys.id(), seed, &claims)
    }

    /// Sends any bytes as an exchange, with a good token.
    #[must_use]
    pub fn send(&self, body: &[u8]) -> Answer {
        let path = self.path();
        let token = self.token("POST", &path);
        let content_type = "application/cbor";
        Request { method: "POST", path: &path, token: Some(&token), content_type, body }.send(self.relay)
    }

    /// Sends a request, which is answered.
    ///
    /// # Panics
    /// Where it is refused.
    #[must_use]
    pub fn ask(&self, request: &SyncRequest) -> Response {
        let answer = self.send(&to_bytes(request));
        answer.response().unwrap_or_else(|| panic!("{}: {}", answer.status, answer.code()))
    }

    /// Everything that the relay holds, anew.
    ///
    /// # Panics
    /// Where the relay does not give it.
    pub fn fetch(&mut self) {
        let request = SyncRequest::bringing(SentClock::of(&self.chain, &Clock::new(), false), Vec::new());
        let response = self.ask(&request);
        assert!(!response.more, "a story's space fits into one answer");
        for record in &response.records {
            self.chain.append(record).expect("the relay's records follow");
        }
        let intake = Intake::verify(&self.chain, &response.entries);
        let held = intake.settle(&self.chain, &Clock::new(), &BTreeMap::new());
        self.entries = held.0.into_iter().map(VerifiedEntry::into_stored).collect();
        let own = self.entries.iter().filter(|entry| entry.feed == self.keys.id()).map(StoredEntry::tip);
        self.tip = own.max().unwrap_or(Tip { seq: 0, hash: Hash::ZERO });
    }

    /// What the entries hold for one document, in the order of the relay's answer.
    #[must_use]
    pub fn changes_of(&self, document: &str) -> Vec<Vec<u8>> {
        let ring = KeyRing::derive(&self.chain, &self.keys);
        let opened = self.entries.iter().filter_map(|entry| EntryContent::open(entry, &self.chain, &ring).ok());
        opened.filter(|content| content.document == document).flat_map(|content| content.changes).collect()
    }

    /// The names of the documents that the entries are about.
    #[must_use]
    pub fn documents(&self) -> BTreeSet<String> {
        let ring = KeyRing::derive(&self.chain, &self.keys);
        let opened = self.entries.iter().filter_map(|entry| EntryContent::open(entry, &self.chain, &ring).ok());
        opened.map(|content| content.document).collect()
    }

    /// The entries of a kind.
    #[must_use]
    pub fn entries_of(&self, kind: EntryKind) -> Vec<&StoredEntry> {
        self.entries.iter().filter(|entry| entry.kind == kind).collect()
    }

    /// The header of the next own entry.
    #[must_use]
    pub fn header(&self, kind: EntryKind, critical: bool) -> EntryHeader {
        EntryHeader {
            space: self.chain.space(),
            feed: self.keys.id(),
            seq: self.tip.seq + 1,
            previous: self.tip.hash,
            position: Position { index: self.chain.len() - 1, hash: self.chain.head() },
            kind,
            critical,
        }
    }

    /// Content of an entry.
    #[must_use]
    pub fn content(document: &str, changes: Vec<Vec<u8>>) -> EntryContent {
        let written = (Timestamp::default(), Timestamp::default());
        EntryContent { document: document.to_owned(), generation: 0, changes, clock: Vec::new(), written }
    }

    /// Seals the next own entry with this header.
    ///
    /// # Panics
    /// Where no epoch is open.
    pub fn seal(&mut self, header: &EntryHeader, content: &EntryContent) -> VerifiedEntry {
        let entry = content.seal(&mut self.random, &self.keys, &secret(&self.chain, &self.keys), header);
        self.tip = entry.tip();
        entry
    }

    /// Signs the next own entry with bytes that need not be sealed by anything.
    pub fn sign(&mut self, header: &EntryHeader, sealed: Vec<u8>) -> VerifiedEntry {
        let entry = header.sign(&self.keys, sealed);
        self.tip = entry.tip();
        entry
    }

    /// Adds a record to the chain, which the relay takes.
    ///
    /// # Panics
    /// Where it is refused.
    pub fn append(&mut self, body: Body) {
        let record = Record::sign(&self.keys, self.chain.len(), self.chain.head(), body);
        let clock = SentClock::of(&self.chain, &Clock::new(), false);
        let _ = self.ask(&SyncRequest::bringing(clock, vec![record.bytes().to_vec()]));
        self.chain.append_record(record).expect("what the relay took follows");
    }

    /// A request that brings these entries.
    #[must_use]
    pub fn request(&self, entries: Vec<VerifiedEntry>) -> SyncRequest {
        let clock = SentClock::of(&self.chain, &Clock::new(), false);
        let entries = to_sent(&self.chain, entries.into_iter().map(VerifiedEntry::into_stored).collect());
        SyncRequest { entries, ..SyncRequest::bringing(clock, Vec::new()) }
    }

    /// Brings entries, which the relay takes.
    ///
    /// # Panics
    /// Where it refuses one.
    pub fn push(&mut self, entries: Vec<VerifiedEntry>) {
        let response = self.ask(&self.request(entries));
        assert_eq!(response.refused, []);
        self.fetch();
    }
}

fn secret(chain: &MembershipChain, keys: &SecretKeys) -> EpochSecret {
    let opened = chain.open_epoch().expect("an epoch is open").hash();
    KeyRing::derive(chain, keys).get(&opened).expect("a member has its key").clone()
}
