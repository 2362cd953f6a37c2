//! What is a couple and its relay, when all of it lives in memory? Stores, phones that perform what their machine wants, a
//! relay that does the same, and messages that pass between them as bytes.

#![allow(dead_code, reason = "every test program takes its part of it")]

mod store;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use entwine_core::feed::clock::{ClockLine, SentClock, SentTip};
use entwine_core::feed::{Clock, EntryHeader, EntryKind, Position, StoredEntry};
use entwine_core::id::{Hash, KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::limits::MESSAGE_BYTES_MAX;
use entwine_core::membership::{KeyRing, MembershipChain, Record, SpaceKind};
use entwine_core::sealing::entry::{EntryContent, carries_full_clock};
use entwine_core::sync::{
    DeviceExchange, DeviceInput, DeviceOutput, Outcome, RelayExchange, RelayInput, RelayOutput, RelayRefusal,
};
use entwine_core::time::Timestamp;
use entwine_core::wire::message::{Request, Response};
use entwine_core::wire::{Wire, from_bytes, to_bytes};
use rand::SeedableRng as _;
use rand::rngs::ChaCha20Rng;
pub(crate) use store::Store;

/// The moment at which every story begins.
pub(crate) const NOON: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Bends a response before it is sent.
pub(crate) type Lie = Box<dyn FnMut(&mut Response)>;

/// Happens on the relay while somebody else's request is on its way.
pub(crate) type Meanwhile = Box<dyn FnOnce(&mut Relay)>;

/// A relay with at most one space.
#[derive(Default)]
pub(crate) struct Relay {
    pub(crate) store: Store,
    pub(crate) now: Timestamp,
    pub(crate) lie: Option<Lie>,
    /// Happens right before the next request that brings records.
    pub(crate) meanwhile: Option<Meanwhile>,
    /// What a relay with more spaces would know: to which of them this invitation admitted the caller.
    pub(crate) admitted: Option<(KeyholderId, BTreeSet<SpaceId>)>,
    /// Whom somebody else wanted to remove a moment ago, in vain, by who that was: a real relay forgets it after a minute.
    pub(crate) turned_back: BTreeMap<KeyholderId, BTreeSet<KeyholderId>>,
    /// Every request that came, with what was answered.
    pub(crate) log: Vec<(Request, Result<Response, RelayRefusal>)>,
}

impl Relay {
    pub(crate) fn new(chain: MembershipChain) -> Self {
        Self { store: Store::new(chain), now: NOON, ..Self::default() }
    }

    pub(crate) fn answer(&mut self, caller: KeyholderId, request: &[u8]) -> Result<Vec<u8>, RelayRefusal> {
        assert!(request.len() <= MESSAGE_BYTES_MAX, "a request of {} bytes", request.len());
        let request: Request = from_bytes(request).expect("the device encodes what it decodes");
        if let Some(meanwhile) = self.meanwhile.take_if(|_| !request.records.is_empty()) {
            meanwhile(self);
        }
        let mut answer = self.exchange(caller, request.clone());
        if let (Ok(response), Some(lie)) = (&mut answer, &mut self.lie) {
            response.clock.get_or_insert_with(|| request.clock.clone());
            lie(response);
        }
        self.log.push((request, answer.clone()));
        let bytes = to_bytes(&answer?);
        assert!(bytes.len() <= MESSAGE_BYTES_MAX, "a response of {} bytes", bytes.len());
        Ok(bytes)
    }

    /// One request by hand.
    pub(crate) fn send(&mut self, caller: &SecretKeys, request: &Request) -> Result<Response, RelayRefusal> {
        self.answer(caller.id(), &to_bytes(request)).map(|bytes| from_bytes(&bytes).expect("a response"))
    }

    /// What `POST /v1/spaces` does: takes a chain for a space that it does not know, or a sync of records.
    pub(crate) fn take_chain(&mut self, caller: KeyholderId, chain: &MembershipChain) -> Result<(), RelayRefusal> {
        let records: Vec<Vec<u8>> = chain.records().iter().map(|record| record.bytes().to_vec()).collect();
        if self.store.chain.is_none() {
            self.store = Store::new(MembershipChain::parse(records.iter().map(Vec::as_slice)).expect("a chain"));
        }
        let clock = SentClock { chain_len: chain.len(), chain_head: chain.head(), ..SentClock::empty() };
        self.exchange(caller, Request::bringing(clock, records)).map(drop)
    }

    /// An operator's worst day.
    pub(crate) fn wipe(&mut self) {
        self.store = Store::default();
    }

    fn exchange(&mut self, caller: KeyholderId, request: Request) -> Result<Response, RelayRefusal> {
        let (chain, clock) = (self.store.chain.clone().ok_or(RelayRefusal::NotFound)?, self.store.clock());
        let held_up = self.turned_back.iter().filter(|(remover, _)| **remover != caller).flat_map(|(_, held)| held);
        let mut machine = RelayExchange::new(caller, self.now, chain, clock).holding_up(held_up.copied().collect());
        if let Some((invitation, spaces)) = self.admitted.clone() {
            machine = machine.admitted_elsewhere_by(invitation, spaces);
        }
        let mut input = Some(RelayInput::Received(request));
        loop {
            machine.handle(input.take().expect("every output but the last asks something"))?;
            if !machine.turned_back().is_empty() {
                self.turned_back.insert(caller, machine.turned_back().clone());
            }
            let output = machine.poll_output().expect("every input leads to an output");
            input = Some(match output {
                RelayOutput::Locate(points) => RelayInput::Located(self.store.locate(&points)),
                RelayOutput::Store(append) => RelayInput::Stored(self.store.append(*append)),
                RelayOutput::Read { ranges, budget } => {
                    let (entries, more) = self.store.read(&ranges, budget);
                    RelayInput::Page { entries, more }
                }
                RelayOutput::Respond(response) => return Ok(*response),
            });
        }
    }
}

/// What somebody wants of the membership at the next exchange.
pub(crate) enum Wish {
    Invite(Box<SecretKeys>, (InvitationKind, Timestamp)),
    Phrase(Box<SecretKeys>),
    /// A device, a phrase or an invitation of one's own.
    Remove(KeyholderId),
    /// All of one's own.
    Leave,
}

/// One device of somebody.
pub(crate) struct Phone {
    pub(crate) keys: SecretKeys,
    pub(crate) person: PersonId,
    pub(crate) store: Store,
    pub(crate) pending: Vec<Vec<u8>>,
    pub(crate) wishes: VecDeque<Wish>,
    /// Whether it opens the next epoch where the last is closed.
    pub(crate) rotates: bool,
    /// Records that the first request of the next exchange brings.
    pub(crate) brings: Vec<Record>,
    pub(crate) rng: ChaCha20Rng,
}

impl Phone {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let keys = SecretKeys::make_random(&mut rng);
        Self {
            keys,
            person: PersonId::make_random(&mut rng),
            store: Store::default(),
            pending: Vec::new(),
            wishes: VecDeque::new(),
            rotates: true,
            brings: Vec::new(),
            rng,
        }
    }

    /// A phone that founded a shared space.
    pub(crate) fn founder(seed: u64) -> Self {
        let mut phone = Self::new(seed);
        let record = MembershipChain::create(&mut phone.rng, &phone.keys, phone.person, SpaceKind::Shared);
        phone.store = Store::new(MembershipChain::found(record.bytes()).expect("the founder's own record"));
        phone
    }

    /// The same phone restored from a backup, or copied: same keys, same store.
    pub(crate) fn copy(&self, seed: u64) -> Self {
        Self {
            keys: self.keys.clone(),
            store: self.store.clone(),
            pending: self.pending.clone(),
            wishes: VecDeque::new(),
            rotates: self.rotates,
            brings: self.brings.clone(),
            rng: ChaCha20Rng::seed_from_u64(seed),
            person: self.person,
        }
    }

    /// A further phone of the same person, with nothing on it.
    pub(crate) fn next(&self, seed: u64) -> Self {
        Self { person: self.person, ..Self::new(seed) }
    }

    /// The same phone in its person's private space, which it founds.
    pub(crate) fn in_private(&self, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let kind = SpaceKind::Private { of: self.store.chain().space() };
        let record = MembershipChain::create(&mut rng, &self.keys, self.person, kind);
        let store = Store::new(MembershipChain::found(record.bytes()).expect("the founder's own record"));
        Self { keys: self.keys.clone(), person: self.person, store, rng, ..Self::new(seed) }
    }

    /// The same phone with nothing of a space yet.
    pub(crate) fn elsewhere(&self, seed: u64) -> Self {
        Self { keys: self.keys.clone(), person: self.person, ..Self::new(seed) }
    }

    pub(crate) fn id(&self) -> KeyholderId {
        self.keys.id()
    }

    pub(crate) fn write(&mut self, word: &str) {
        self.pending.push(word.as_bytes().to_vec());
    }

    /// Everything that this phone can open, sorted.
    pub(crate) fn words(&self) -> Vec<String> {
        let chain = self.store.chain();
        let ring = KeyRing::derive(chain, &self.keys);
        let opened = self.store.entries().map(|entry| EntryContent::open(entry, chain, &ring).expect("it opens"));
        let mut words: Vec<String> =
            opened.flat_map(|content| content.changes).map(|change| String::from_utf8(change).expect("text")).collect();
        words.sort();
        words
    }

    /// Whether phone and relay hold the same.
    pub(crate) fn agrees_with(&self, relay: &Relay) -> bool {
        self.store.chain().head() == relay.store.chain().head() && self.store.clock() == relay.store.clock()
    }

    /// One whole exchange.
    ///
    /// # Errors
    /// The relay's refusal.
    pub(crate) fn sync(&mut self, relay: &mut Relay) -> Result<Outcome, RelayRefusal> {
        for _ in 0..2 {
            if let Some(outcome) = self.sync_once(relay)? {
                return Ok(outcome);
            }
        }
        panic!("the relay was given the chain, and does not follow it")
    }

    /// None where the relay was given the whole chain instead.
    fn sync_once(&mut self, relay: &mut Relay) -> Result<Option<Outcome>, RelayRefusal> {
        let (chain, clock) = (self.store.chain().clone(), self.store.clock());
        let mut machine = DeviceExchange::new(self.id(), chain, clock).bringing(std::mem::take(&mut self.brings));
        machine.handle(DeviceInput::Start);
        loop {
            let output = machine.poll_output().expect("every input leads to an output");
            if let DeviceOutput::Done(outcome) = output {
                return Ok(Some(*outcome));
            }
            match self.perform(output, relay)? {
                Some(input) => machine.handle(input),
                None => return Ok(None),
            }
        }
    }

    /// Does what a machine wants done; none once it is done.
    pub(crate) fn perform(
        &mut self,
        output: DeviceOutput,
        relay: &mut Relay,
    ) -> Result<Option<DeviceInput>, RelayRefusal> {
        Ok(Some(match output {
            DeviceOutput::Send(request) => {
                let response = relay.answer(self.id(), &to_bytes(request.as_ref()))?;
                DeviceInput::Received(Box::new(from_bytes(&response).expect("the relay encodes what it decodes")))
            }
            DeviceOutput::Locate(points) => DeviceInput::Located(self.store.locate(&points)),
            DeviceOutput::Trace(traces) => DeviceInput::Traced(self.store.trace(&traces)),
            DeviceOutput::Store(append) => {
                // What is bound to a losing record opens by that record alone.
                let before = self.store.chain().clone();
                let clock = self.store.append(*append);
                self.hand_on(&before);
                let after = self.store.chain().clone();
                self.hand_on(&after);
                DeviceInput::Stored(clock)
            }
            DeviceOutput::BringChain => {
                relay.take_chain(self.id(), self.store.chain())?;
                return Ok(None);
            }
            DeviceOutput::Learned(chain) => DeviceInput::Propose(self.propose(&chain)),
            DeviceOutput::Seal(chain) => DeviceInput::Sealed(self.seal_pending(&chain)),
            DeviceOutput::Read { ranges, budget } => {
                let (entries, more) = self.store.read(&ranges, budget);
                DeviceInput::Page { entries, more }
            }
            DeviceOutput::Done(_) => return Ok(None),
        }))
    }

    /// [`Self::sync`] that must end with both holding the same: the number of requests that it took.
    pub(crate) fn sync_fully(&mut self, relay: &mut Relay) -> usize {
        let before = relay.log.len();
        let outcome = self.sync(relay).expect("the relay answers");
        assert_eq!(outcome.reason, None, "{outcome:?}");
        assert!(self.agrees_with(relay), "the machine said so");
        assert_eq!(outcome.relay, self.store.clock());
        relay.log.len() - before
    }

    /// [`Self::sync_fully`] with a relay that may not know the space, or not this phone: then it is given the whole chain.
    pub(crate) fn refill(&mut self, relay: &mut Relay) {
        if relay.store.chain.as_ref().and_then(|chain| chain.member(&self.id())).is_none() {
            relay.take_chain(self.id(), self.store.chain()).expect("a chain that names the caller");
        }
        self.sync_fully(relay);
    }

    fn propose(&mut self, chain: &MembershipChain) -> Vec<Record> {
        let ring = KeyRing::derive(chain, &self.keys);
        if chain.open_epoch().is_none() && self.rotates {
            return vec![chain.rotate(&mut self.rng, &self.keys, &ring).expect("a member rotates")];
        }
        while let Some(wish) = self.wishes.front() {
            match wish {
                Wish::Invite(keys, with) if chain.keyholder(&keys.id()).is_none() => {
                    let record = chain.invite(&mut self.rng, &self.keys, &ring, keys, *with);
                    return vec![record.expect("a member invites")];
                }
                Wish::Phrase(keys) if chain.keyholder(&keys.id()).is_none() => {
                    let record = chain.add_phrase(&mut self.rng, &self.keys, &ring, keys);
                    return vec![record.expect("a member adds a phrase")];
                }
                Wish::Remove(id) if chain.member(id).is_some() => {
                    return vec![chain.remove(&self.keys, [*id], &self.store.clock()).expect("a member removes")];
                }
                Wish::Leave => return vec![self.leaving(chain)],
                Wish::Invite(..) | Wish::Phrase(_) | Wish::Remove(_) => _ = self.wishes.pop_front(),
            }
        }
        Vec::new()
    }

    fn leaving(&self, chain: &MembershipChain) -> Record {
        let own: Vec<KeyholderId> = chain.current_of(&self.person).map(|keyholder| keyholder.id).collect();
        chain.remove(&self.keys, own, &self.store.clock()).expect("a member leaves")
    }

    /// What lost its place and opens is said anew.
    fn hand_on(&mut self, chain: &MembershipChain) {
        let ring = KeyRing::derive(chain, &self.keys);
        for entry in std::mem::take(&mut self.store.displaced) {
            match EntryContent::open(&entry, chain, &ring) {
                Ok(content) => self.pending.extend(content.changes),
                Err(_) => self.store.displaced.push(entry),
            }
        }
    }

    /// One entry for each pending word, after the highest own tip.
    fn seal_pending(&mut self, chain: &MembershipChain) -> Clock {
        for change in std::mem::take(&mut self.pending) {
            let entry = self.seal(chain, vec![change], EntryKind::CHANGES);
            self.store.insert(entry);
        }
        self.store.clock()
    }

    /// An entry with one word after the highest own tip, under the own chain, which is not stored yet.
    pub(crate) fn seal_one(&mut self, word: &str) -> StoredEntry {
        let chain = self.store.chain().clone();
        self.seal(&chain, vec![word.as_bytes().to_vec()], EntryKind::CHANGES)
    }

    /// An entry after the highest own tip, which is not stored yet.
    pub(crate) fn seal(&mut self, chain: &MembershipChain, changes: Vec<Vec<u8>>, kind: EntryKind) -> StoredEntry {
        let ring = KeyRing::derive(chain, &self.keys);
        let epoch = ring.get(&chain.open_epoch().expect("an epoch is open").hash()).expect("its key is here");
        let clock = self.store.clock();
        let last = clock.get(&self.id()).and_then(|tips| tips.last()).copied();
        let seq = last.map_or(1, |tip| tip.seq + 1);
        let header = EntryHeader {
            space: chain.space(),
            feed: self.id(),
            seq,
            previous: last.map_or(Hash::ZERO, |tip| tip.hash),
            position: Position { index: chain.len() - 1, hash: chain.head() },
            kind,
            critical: kind == EntryKind::CHANGES,
        };
        let lines = clock.iter().filter(|_| carries_full_clock(seq)).map(|(feed, tips)| ClockLine {
            feed: chain.keyholder(feed).expect("who has a feed is a keyholder").number,
            tips: tips.iter().map(SentTip::short).collect(),
        });
        let content = EntryContent {
            document: "journal/2026-12".to_owned(),
            generation: 0,
            changes,
            clock: lines.collect(),
            written: (NOON, NOON),
        };
        content.seal(&mut self.rng, &self.keys, epoch, &header).into_stored()
    }
}

/// Ada founds and invites, Noor joins and rotates: both phones and the relay hold the same four records.
pub(crate) fn couple() -> (Phone, Phone, Relay) {
    let (mut ada, mut noor) = (Phone::founder(1), Phone::new(2));
    let mut relay = Relay::new(ada.store.chain().clone());
    let invitation = invite(&mut ada, &mut relay);
    join(&mut noor, &invitation, &mut relay);
    ada.sync_fully(&mut relay);
    (ada, noor, relay)
}

/// Adds an invitation that is open for two days.
pub(crate) fn invite(inviter: &mut Phone, relay: &mut Relay) -> SecretKeys {
    let invitation = SecretKeys::make_random(&mut inviter.rng);
    let with = (InvitationKind::Partner, relay.now.plus_seconds(48 * 3600));
    inviter.wishes.push_back(Wish::Invite(Box::new(invitation.clone()), with));
    inviter.sync_fully(relay);
    invitation
}

/// Adds this link for a device of the inviter's own, which is open for ten minutes.
pub(crate) fn link(inviter: &mut Phone, relay: &mut Relay, link: &SecretKeys) {
    let with = (InvitationKind::Device, relay.now.plus_seconds(600));
    inviter.wishes.push_back(Wish::Invite(Box::new(link.clone()), with));
    inviter.sync_fully(relay);
}

/// A couple, and a tablet of Ada's: all three and the relay hold the same.
pub(crate) fn with_tablet() -> (Phone, Phone, Phone, Relay) {
    let (mut ada, mut noor, mut relay) = couple();
    let tablet = add_tablet(&mut ada, &mut relay, 3);
    noor.sync_fully(&mut relay);
    (ada, noor, tablet, relay)
}

/// A further phone of the same person, which joins by a link.
pub(crate) fn add_tablet(phone: &mut Phone, relay: &mut Relay, seed: u64) -> Phone {
    let (mut tablet, keys) = (phone.next(seed), SecretKeys::make_random(&mut phone.rng));
    link(phone, relay, &keys);
    join(&mut tablet, &keys, relay);
    phone.sync_fully(relay);
    tablet
}

/// The next exchange of this phone begins with leaving, before anything is pulled.
pub(crate) fn prepare_leaving(phone: &mut Phone) {
    phone.brings = vec![phone.leaving(phone.store.chain())];
    phone.wishes.push_back(Wish::Leave);
}

/// Adds this recovery phrase.
pub(crate) fn add_phrase(phone: &mut Phone, relay: &mut Relay, phrase: &SecretKeys) {
    phone.wishes.push_back(Wish::Phrase(Box::new(phrase.clone())));
    phone.sync_fully(relay);
}

/// Reads the chain as the phrase, and adds the fresh phone with the phrase's token: the phone syncs by itself from then on.
pub(crate) fn come_back(phone: &mut Phone, phrase: &SecretKeys, relay: &mut Relay) -> Result<(), RelayRefusal> {
    let mut chain = read_chain(phrase, relay)?;
    phone.person = chain.member(&phrase.id()).expect("it reads because it is one").person;
    let ring = KeyRing::derive(&chain, phrase);
    let record = chain.add_device(&mut phone.rng, phrase, &ring, &phone.keys).expect("a phrase adds a device");
    let clock = SentClock::of(&chain, &Clock::new(), false);
    let request = Request { clock, records: vec![record.bytes().to_vec()], ..empty_request() };
    let response = relay.send(phrase, &request)?;
    chain.append_record(record).expect("the next record");
    assert_eq!(response.clock.map(|clock| clock.chain_head), Some(chain.head()), "nothing came between");
    phone.store = Store::new(chain);
    Ok(())
}

/// Reads the chain as the invitation, then brings `Accept` and `Rotate` as the new device.
pub(crate) fn join(joiner: &mut Phone, invitation: &SecretKeys, relay: &mut Relay) {
    prepare_join(joiner, invitation, relay);
    joiner.sync_fully(relay);
}

/// The first half of joining: the next exchange of `joiner` brings the records.
pub(crate) fn prepare_join(joiner: &mut Phone, invitation: &SecretKeys, relay: &mut Relay) {
    let chain = read_chain(invitation, relay).expect("an open invitation reads the chain");
    let accept = chain.accept(invitation, &joiner.keys, joiner.person);
    let mut with_accept = chain.clone();
    with_accept.append_record(accept.clone()).expect("the invitation is open");
    let ring = KeyRing::derive(&chain, invitation);
    let rotate = with_accept.rotate(&mut joiner.rng, &joiner.keys, &ring).expect("the joiner is a member by then");
    joiner.store = Store::new(chain);
    joiner.brings = vec![accept, rotate];
}

/// The whole chain, as anyone who may read it gets it, page by page.
pub(crate) fn read_chain(reader: &SecretKeys, relay: &mut Relay) -> Result<MembershipChain, RelayRefusal> {
    let mut records: Vec<Vec<u8>> = Vec::new();
    let mut clock = SentClock::empty();
    loop {
        let response = relay.send(reader, &Request { clock, ..empty_request() })?;
        records.extend(response.records);
        let chain = MembershipChain::parse(records.iter().map(Vec::as_slice)).expect("the relay verified it");
        if !response.more {
            return Ok(chain);
        }
        clock = SentClock::of(&chain, &Clock::new(), false);
    }
}

/// A request that names nothing and brings nothing.
pub(crate) fn empty_request() -> Request {
    Request { clock: SentClock::empty(), records: Vec::new(), entries: Vec::new(), locators: Vec::new() }
}

/// Whether a value survives its own bytes.
pub(crate) fn reads_back<T: Wire + PartialEq>(value: &T) -> bool {
    from_bytes::<T>(&to_bytes(value)).as_ref() == Ok(value)
}
