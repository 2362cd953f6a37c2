//! What does a device do? It keeps replicas of its spaces, and performs what its exchange machines want, each as one durable step.
//!
//! The same rules as in the SDK's driver and storage: compare-and-swap on the chain, one transaction for each thing that a machine
//! wants stored, sealing on the own line, hand on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use entwine_core::feed::clock::{ClockLine, SentClock};
use entwine_core::feed::{Clock, EntryHeader, EntryKind, EntryRefusal, Position, StoredEntry, Tip};
use entwine_core::id::{Hash, KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::limits::{ENTRY_CHANGES_BYTES, ENTRY_CHANGES_MAX};
use entwine_core::membership::{KeyRing, MembershipChain, Standing, which_stands};
use entwine_core::sealing::entry::{EntryContent, carries_full_clock};
use entwine_core::sync::device::Stopped;
use entwine_core::sync::exchange::extend_chain;
use entwine_core::sync::{Append, ChainMark, DeviceExchange, DeviceInput, DeviceOutput, Outcome, RelayRefusal};
use entwine_core::time::Timestamp;
use entwine_core::wire::message::Response;

use super::Tools;
use super::oracle::Word;
use super::store::Store;
use super::view::{View, derive_ring};
use super::wishes::{Wish, propose};

/// A change that no entry carries yet.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) document: String,
    pub(crate) change: Vec<u8>,
    pub(crate) written: Timestamp,
}

/// What a device keeps of one space, durably.
#[derive(Clone)]
pub(crate) struct Replica {
    pub(crate) store: Store,
    pub(crate) pending: Vec<Pending>,
    /// The last entry sealed in this store.
    own: Option<Tip>,
    /// The clock lines that the own entries up to there have told.
    told: Vec<ClockLine>,
    /// By which this device is joining: it opens the past until somebody has sealed it to the device.
    pub(crate) invitation: Option<SecretKeys>,
    /// Words that this store took in and may never lose. The oracle's knowledge; no rule looks at it.
    pub(crate) held: BTreeSet<Word>,
}

impl Replica {
    /// Where the last entry that this store sealed is bound to a record that does not stand, or follows such a one, the next one
    /// follows the last that still has its place.
    fn step_back(&mut self, me: &KeyholderId, kept_len: u32) {
        self.told.clear();
        let own = self.own.take().and_then(|own| self.store.entry(me, &own));
        let Some(own) = own else { return };
        let line = std::iter::successors(Some(own), |entry| {
            (entry.seq > 1)
                .then(|| Tip { seq: entry.seq - 1, hash: entry.previous })
                .and_then(|tip| self.store.entry(me, &tip))
        });
        let mut standing = None;
        for entry in line {
            match entry.position < kept_len {
                true => standing = standing.or(Some(entry.tip())),
                false => standing = None,
            }
        }
        self.own = standing;
    }

    pub(crate) fn new(chain: MembershipChain, invitation: Option<SecretKeys>) -> Self {
        let (pending, held) = (Vec::new(), BTreeSet::new());
        Self { store: Store::new(chain), pending, own: None, told: Vec::new(), invitation, held }
    }
}

/// One exchange on its way.
pub(crate) struct Exchange {
    pub(crate) space: SpaceId,
    pub(crate) stage: Stage,
    /// The request whose answer it waits for.
    pub(crate) awaits: Option<u64>,
    /// Whether entries were sealed since the last request.
    pub(crate) has_sealed: bool,
    /// Whether records were proposed before.
    has_proposed: bool,
}

pub(crate) enum Stage {
    Machine(Box<DeviceExchange>),
    /// The relay is being given the whole chain.
    Bringing,
}

/// What a step of an exchange came to.
pub(crate) enum Step {
    /// It goes on.
    On,
    /// This request is to be sent.
    Sent(Vec<u8>),
    /// The relay is to be given the whole chain.
    Bring,
    /// It is over, or was given up.
    Over(Option<Box<Outcome>>),
}

pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) person: PersonId,
    pub(crate) keys: SecretKeys,
    pub(crate) replicas: BTreeMap<SpaceId, Replica>,
    pub(crate) wishes: BTreeMap<SpaceId, VecDeque<Wish>>,
    pub(crate) backup: Option<BTreeMap<SpaceId, Replica>>,
    /// Seconds by which its clock is ahead.
    pub(crate) clock_offset: i64,
    pub(crate) is_thief: bool,
    pub(crate) is_cut_off: bool,
    pub(crate) is_lost: bool,
    // What follows is gone after a crash.
    /// Why the relay did not answer, the last time that it did not.
    pub(crate) refusal: Option<RelayRefusal>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) views: BTreeMap<SpaceId, View>,
}

impl Device {
    pub(crate) fn new(name: String, person: PersonId, keys: SecretKeys) -> Self {
        Self {
            name,
            person,
            keys,
            replicas: BTreeMap::new(),
            wishes: BTreeMap::new(),
            backup: None,
            clock_offset: 0,
            is_thief: false,
            is_cut_off: false,
            is_lost: false,
            refusal: None,
            exchanges: Vec::new(),
            views: BTreeMap::new(),
        }
    }

    pub(crate) fn id(&self) -> KeyholderId {
        self.keys.id()
    }

    /// Whether its owner still has it.
    pub(crate) fn is_left(&self) -> bool {
        !self.is_lost && !self.is_thief
    }

    pub(crate) fn chain(&self, space: &SpaceId) -> &MembershipChain {
        self.replicas[space].store.chain()
    }

    pub(crate) fn is_member(&self, space: &SpaceId) -> bool {
        self.replicas.get(space).is_some_and(|replica| replica.store.chain().member(&self.id()).is_some())
    }

    /// A process ends: whatever is not durable is gone.
    pub(crate) fn crash(&mut self) {
        self.exchanges.clear();
        self.views.clear();
    }

    /// The same device once more, with the same keys.
    pub(crate) fn copy(&self, name: String) -> Self {
        let replicas = self.replicas.clone();
        Self { replicas, ..Self::new(name, self.person, self.keys.clone()) }
    }

    pub(crate) fn wish(&mut self, space: SpaceId, wish: Wish) {
        self.wishes.entry(space).or_default().push_back(wish);
    }

    /// Types a word.
    pub(crate) fn write(&mut self, space: SpaceId, document: &str, now: Timestamp, tools: &mut Tools) {
        let replica = self.replicas.get_mut(&space).expect("a space of this device");
        let view = self.views.entry(space).or_default();
        view.refresh(replica, &self.keys, &mut tools.rng);
        let text = tools.oracle.next_word().text();
        let change = view.type_word((document, &text), (&self.keys, self.person), now, &mut tools.rng);
        let word = tools.oracle.typed(space, document, self.keys.id(), &change);
        tools.say(|| format!("{} types {text} into {document}", self.name));
        replica.pending.push(Pending { document: document.to_owned(), change, written: now });
        replica.held.insert(word);
    }

    /// Begins an exchange of a space.
    pub(crate) fn begin(&mut self, space: SpaceId, now: Timestamp, tools: &mut Tools) {
        let replica = &self.replicas[&space];
        let (chain, clock) = (replica.store.chain().clone(), replica.store.clock());
        let is_leaving =
            self.wishes.get(&space).is_some_and(|wishes| wishes.iter().any(|wish| matches!(wish, Wish::Leave)));
        // Leaving comes before anything is pulled.
        let leaving = if is_leaving { self.propose(&chain, now, tools) } else { Vec::new() };
        let mut machine = DeviceExchange::new(self.id(), chain, clock).bringing(leaving);
        machine.handle(DeviceInput::Start);
        let stage = Stage::Machine(Box::new(machine));
        self.exchanges.push(Exchange { space, stage, awaits: None, has_sealed: false, has_proposed: false });
    }

    /// Performs one thing that the machine of an exchange wants done.
    pub(crate) fn advance(&mut self, index: usize, now: Timestamp, tools: &mut Tools) -> Step {
        let exchange = &mut self.exchanges[index];
        let space = exchange.space;
        let Stage::Machine(machine) = &mut exchange.stage else { return Step::On };
        let Some(output) = machine.poll_output() else { return self.give_up(index) };
        let input = match output {
            DeviceOutput::Send(request) => {
                exchange.has_sealed = false;
                return Step::Sent(entwine_core::wire::to_bytes(request.as_ref()));
            }
            DeviceOutput::Locate(points) => DeviceInput::Located(self.replicas[&space].store.locate(&points)),
            DeviceOutput::Trace(traces) => {
                tools.counters.hit("feed: where its branches part is searched by a locator");
                DeviceInput::Traced(self.replicas[&space].store.trace(&traces))
            }
            DeviceOutput::Read { ranges, budget } => {
                let (mut entries, mut more) = self.replicas[&space].store.read(&ranges, budget);
                more |= tools.shorten(&mut entries);
                DeviceInput::Page { entries, more }
            }
            DeviceOutput::Store(append) => match self.append(space, *append, tools) {
                Some(clock) => DeviceInput::Stored(clock),
                None => return self.give_up(index),
            },
            DeviceOutput::BringChain => {
                tools.counters.hit("chain: this device's branch stands, and is brought");
                return Step::Bring;
            }
            DeviceOutput::Learned(chain) => {
                let records = self.propose(&chain, now, tools);
                let has_proposed = std::mem::replace(&mut self.exchanges[index].has_proposed, !records.is_empty());
                if has_proposed && !records.is_empty() {
                    tools.counters.hit("membership: a record comes second, and is written anew");
                }
                DeviceInput::Propose(records)
            }
            DeviceOutput::Seal(chain) => match self.seal(space, &chain, tools) {
                Some((clock, count)) => {
                    self.exchanges[index].has_sealed = count > 0;
                    DeviceInput::Sealed(clock)
                }
                None => return self.give_up(index),
            },
            DeviceOutput::Done(outcome) => {
                self.exchanges.remove(index);
                self.finish(space, &outcome, tools);
                return Step::Over(Some(outcome));
            }
        };
        if let Some(Exchange { stage: Stage::Machine(machine), .. }) = self.exchanges.get_mut(index) {
            machine.handle(input);
        }
        Step::On
    }

    fn give_up(&mut self, index: usize) -> Step {
        self.exchanges.remove(index);
        Step::Over(None)
    }

    /// The relay answered a request of this exchange.
    pub(crate) fn answered(&mut self, index: usize, response: Response) {
        let exchange = &mut self.exchanges[index];
        exchange.awaits = None;
        if let Stage::Machine(machine) = &mut exchange.stage {
            machine.handle(DeviceInput::Received(Box::new(response)));
        }
    }

    /// The relay says that this device was removed: its word alone removes nobody, only records that say so, and that follow the
    /// chain or stand on a branch to which it gives way.
    pub(crate) fn removed(&mut self, space: SpaceId, response: &Response, tools: &mut Tools) {
        let chain = self.chain(&space).clone();
        let (expected, me) = (ChainMark::of(&chain), self.id());
        let mut longer = chain.clone();
        let append = match extend_chain(&mut longer, &response.records) {
            Ok(_) if longer.member(&me).is_none() => Append::new(expected, longer, Vec::new()),
            _ => match MembershipChain::parse(response.records.iter().map(Vec::as_slice)) {
                Ok(other) if other.member(&me).is_none() && which_stands(&chain, &other) == Standing::Theirs => {
                    Append::branch(expected, chain.common_len(&other), other)
                }
                _ => return,
            },
        };
        self.append(space, append, tools);
    }

    fn finish(&mut self, space: SpaceId, outcome: &Outcome, tools: &mut Tools) {
        tools.say(|| format!("{} ends an exchange of {space:?}: {:?}", self.name, outcome.reason));
        for (_, refusal) in &outcome.refused {
            match refusal {
                EntryRefusal::Gap => tools.counters.hit("entry: refused for a gap"),
                EntryRefusal::NotMember => tools.counters.hit("entry: refused from who is no member"),
                _ => {}
            }
        }
        if outcome.reason == Some(Stopped::ChainsDiffer) {
            tools.counters.hit("chain: neither branch stands");
        }
        if outcome.reason.is_none() && self.replicas[&space].invitation.is_some() {
            let chain = self.replicas[&space].store.chain();
            let opens_all = KeyRing::derive(chain, &self.keys).len() == chain.openings().count();
            self.replicas.get_mut(&space).expect("it was just read").invitation.take_if(|_| opens_all);
        }
        let chain = self.replicas[&space].store.chain();
        if let Some(wishes) = self.wishes.get_mut(&space) {
            wishes.retain(|wish| !wish.is_fulfilled(chain));
        }
    }

    fn propose(
        &mut self,
        chain: &MembershipChain,
        now: Timestamp,
        tools: &mut Tools,
    ) -> Vec<entwine_core::membership::Record> {
        let space = chain.space();
        let replica = &self.replicas[&space];
        let spared = self.spared(&space);
        let wishes = self.wishes.entry(space).or_default();
        let ring = |chain: &MembershipChain| derive_ring(chain, &self.keys, replica.invitation.as_ref());
        propose(&self.keys, chain, &replica.store.clock(), (now, &spared), wishes, &ring, tools)
    }

    /// Device links that were taken up in another space of this device.
    fn spared(&self, space: &SpaceId) -> BTreeSet<KeyholderId> {
        let others = self.replicas.iter().filter(|(other, _)| *other != space);
        let ended = others.flat_map(|(_, replica)| replica.store.chain().keyholders());
        ended.filter(|k| k.kind.is_invitation() && k.removed_at.is_some()).map(|k| k.id).collect()
    }

    /// Appends what an exchange brought, in one transaction; none where the chain moved meanwhile.
    fn append(&mut self, space: SpaceId, append: Append, tools: &mut Tools) -> Option<Clock> {
        let me = self.keys.id();
        let replica = self.replicas.get_mut(&space).expect("a space of this device");
        if ChainMark::of(replica.store.chain()) != append.expected {
            tools.counters.hit("process: the chain moved under it");
            return None;
        }
        if self.is_thief && append.chain.member(&me).is_none() {
            return None; // A thief forgets what it is told.
        }
        for entry in &append.entries {
            if tools.oracle.stands(&append.chain, &entry.hash) {
                replica.held.extend(tools.oracle.words_of(&entry.hash));
                tools.oracle.shared(&entry.hash);
            }
        }
        if append.takes_branch() {
            tools.counters.hit("chain: the other branch stands, and is taken");
            replica.step_back(&me, append.kept_len);
        }
        let cuts = append.cuts.clone();
        let before = replica.store.chain().clone();
        let waiting = replica.store.waiting.len();
        let clock = replica.store.append(append);
        for (feed, cut) in cuts {
            let is_whole = cut.iter().all(|tip| replica.store.trees.get(&feed).is_some_and(|tree| tree.contains(tip)));
            tools.counters.hit(match (cut.is_empty(), is_whole) {
                (true, _) => "cut: nothing of the feed stands",
                (_, true) => "cut: whole at once",
                _ => "cut: waits for its tips",
            });
        }
        if replica.store.waiting.len() < waiting {
            tools.counters.hit("hand on: an entry that never had a place is dropped");
        }
        let after = replica.store.chain().clone();
        for chain in [before, after] {
            if !replica.store.displaced.is_empty() {
                let ring = derive_ring(&chain, &self.keys, replica.invitation.as_ref());
                hand_on(replica, &chain, &ring, tools);
            }
        }
        self.views.entry(space).or_default().pending_changed();
        Some(clock)
    }

    /// Turns everything pending into as few entries as their limit allows, in one transaction: the clock, and how many; none
    /// where the chain moved meanwhile.
    fn seal(&mut self, space: SpaceId, chain: &MembershipChain, tools: &mut Tools) -> Option<(Clock, usize)> {
        let replica = self.replicas.get_mut(&space).expect("a space of this device");
        if replica.store.chain().head() != chain.head() {
            tools.counters.hit("process: the chain moved under it");
            return None;
        }
        let view = self.views.entry(space).or_default();
        let ring = view.ring(chain, &self.keys, replica.invitation.as_ref());
        let Some(epoch) = chain.open_epoch().and_then(|opening| ring.get(&opening.hash())) else {
            return Some((replica.store.clock(), 0));
        };
        let batches = batches(std::mem::take(&mut replica.pending));
        let count = batches.len();
        for batch in batches {
            let changes: Vec<Vec<u8>> = batch.iter().map(|pending| pending.change.clone()).collect();
            let last = own_line(replica, &self.keys.id(), tools);
            let header = EntryHeader {
                space,
                feed: self.keys.id(),
                seq: last.seq + 1,
                previous: last.hash,
                position: Position { index: chain.len() - 1, hash: chain.head() },
                kind: EntryKind::CHANGES,
                critical: true,
            };
            let now = SentClock::of(chain, &replica.store.clock(), false).lines.unwrap_or_default();
            let told = std::mem::replace(&mut replica.told, now.clone());
            let is_told = |line: &ClockLine| !carries_full_clock(header.seq) && told.contains(line);
            let times = || batch.iter().map(|pending| pending.written);
            let content = EntryContent {
                document: batch[0].document.clone(),
                generation: 0,
                changes: changes.clone(),
                clock: now.into_iter().filter(|line| !is_told(line)).collect(),
                written: (times().min().unwrap_or_default(), times().max().unwrap_or_default()),
            };
            let entry: StoredEntry = content.seal(&mut tools.rng, &self.keys, epoch, &header).into_stored();
            tools.oracle.sealed(chain, &entry, &changes);
            tools.say(|| {
                format!(
                    "{} seals {}/{} with {:?}",
                    self.name,
                    entry.seq,
                    entry.hash,
                    tools.oracle.words_of(&entry.hash)
                )
            });
            replica.own = Some(entry.tip());
            replica.store.insert(entry);
        }
        view.pending_changed();
        Some((replica.store.clock(), count))
    }
}

/// The changes of what lost its place join the pending ones, as far as it opens; the rest waits for its key.
fn hand_on(replica: &mut Replica, chain: &MembershipChain, ring: &KeyRing, tools: &mut Tools) {
    for entry in std::mem::take(&mut replica.store.displaced) {
        match EntryContent::open(&entry, chain, ring) {
            Ok(content) => {
                let is_bound = replica.store.chain().hash_at(entry.position) != chain.hash_at(entry.position);
                tools.counters.hit(match is_bound {
                    true => "hand on: an entry bound to a record that does not stand",
                    false => "hand on: an entry beyond a cut, or after one that lost its place",
                });
                tools.say(|| format!("handed on: {:?}", tools.oracle.words_of(&entry.hash)));
                let (document, written) = (content.document, content.written.1);
                let pending = |change| Pending { document: document.clone(), change, written };
                replica.pending.extend(content.changes.into_iter().map(pending));
            }
            Err(_) => {
                tools.counters.hit("hand on: waits for its key");
                replica.store.displaced.push(entry);
            }
        }
    }
}

/// Where the next own entry goes: on the highest own tip that descends from the last entry sealed in this store.
fn own_line(replica: &Replica, me: &KeyholderId, tools: &mut Tools) -> Tip {
    let start = Tip { seq: 0, hash: Hash::ZERO };
    let Some(tree) = replica.store.trees.get(me) else { return start };
    let tips = tree.tips();
    match (tips.len(), replica.own) {
        (0, _) => start,
        (1, _) | (_, None) => *tips.last().expect("there is a tip"),
        (_, Some(own)) => {
            tools.counters.hit("feed: the next own entry goes on the line that this store knows");
            // An entry lies beyond every tip that does not descend from it.
            let descends = |tip: &&Tip| !tree.beyond(&[**tip]).contains(&own);
            tips.iter().rev().find(descends).copied().unwrap_or(own)
        }
    }
}

/// Changes of one document each, up to the limit of an entry.
fn batches(pending: Vec<Pending>) -> Vec<Vec<Pending>> {
    let mut open: BTreeMap<String, Vec<Pending>> = BTreeMap::new();
    let mut full = Vec::new();
    for change in pending {
        let batch = open.entry(change.document.clone()).or_default();
        let bytes: usize = batch.iter().map(|held| held.change.len()).sum();
        if bytes + change.change.len() > ENTRY_CHANGES_BYTES || batch.len() >= ENTRY_CHANGES_MAX {
            full.push(std::mem::take(batch));
        }
        batch.push(change);
    }
    full.extend(open.into_values());
    full
}
