//! What does a device do? It keeps replicas of its spaces, and performs what its exchange machines want, each as one durable step.
//!
//! The same rules as in the SDK's driver and storage: compare-and-swap on the chain, one transaction for each thing that a machine
//! wants stored, sealing on the own line, hand on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use entwine_core::feed::clock::ClockLine;
use entwine_core::feed::{Clock, EntryRefusal, RefusalClass, Tip};
use entwine_core::id::{Hash, KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::{MembershipChain, Standing, which_stands};
use entwine_core::sync::device::Stopped;
use entwine_core::sync::exchange::extend_chain;
use entwine_core::sync::{Append, ChainMark, DeviceExchange, DeviceInput, DeviceOutput, Outcome, RelayRefusal};
use entwine_core::time::Timestamp;
use entwine_core::wire::message::Response;

use super::Tools;
use super::branches::way_of_branching;
use super::oracle::Word;
use super::sealing::{REFUSALS_MAX, hand_on};
use super::store::Store;
use super::view::View;
use super::wishes::{Wish, propose};

/// A change that no entry carries yet.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) document: String,
    pub(crate) change: Vec<u8>,
    pub(crate) written: Timestamp,
    /// How often the relay set aside what carried it: more than never, and it goes alone.
    pub(crate) refusals: u32,
}

impl Pending {
    pub(crate) fn new(document: &str, change: Vec<u8>, written: Timestamp) -> Self {
        Self { document: document.to_owned(), change, written, refusals: 0 }
    }

    /// Whether it stays here for good: shown and counted, and nothing is written on it.
    pub(crate) fn is_set_aside(&self) -> bool {
        self.refusals >= REFUSALS_MAX
    }
}

/// What a device keeps of one space, durably.
#[derive(Clone)]
pub(crate) struct Replica {
    pub(crate) store: Store,
    pub(crate) pending: Vec<Pending>,
    /// The last entry sealed in this store.
    pub(super) own: Option<Tip>,
    /// The clock lines that the own entries up to there have told.
    pub(super) told: Vec<ClockLine>,
    /// How often the relay set aside what these own entries carry, where it did.
    pub(super) refusals: BTreeMap<Hash, u32>,
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
        let (pending, told, held) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { store: Store::new(chain), pending, own: None, told, refusals: BTreeMap::new(), invitation, held }
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
    /// The shared space that its owner uses; what was left behind stays among the replicas.
    pub(crate) shared: SpaceId,
    pub(crate) replicas: BTreeMap<SpaceId, Replica>,
    pub(crate) wishes: BTreeMap<SpaceId, VecDeque<Wish>>,
    pub(crate) backup: Option<(SpaceId, BTreeMap<SpaceId, Replica>)>,
    /// Seconds by which its clock is ahead.
    pub(crate) clock_offset: i64,
    pub(crate) is_thief: bool,
    pub(crate) is_cut_off: bool,
    pub(crate) is_lost: bool,
    /// Whether its owner was told that the relay follows others.
    pub(crate) is_apart: bool,
    // What follows is gone after a crash.
    /// Why the relay did not answer, the last time that it did not.
    pub(crate) refusal: Option<RelayRefusal>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) views: BTreeMap<SpaceId, View>,
}

impl Device {
    pub(crate) fn new(name: String, person: PersonId, keys: SecretKeys, shared: SpaceId) -> Self {
        Self {
            name,
            person,
            keys,
            shared,
            replicas: BTreeMap::new(),
            wishes: BTreeMap::new(),
            backup: None,
            clock_offset: 0,
            is_thief: false,
            is_cut_off: false,
            is_lost: false,
            is_apart: false,
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
        Self { replicas, is_thief: self.is_thief, ..Self::new(name, self.person, self.keys.clone(), self.shared) }
    }

    pub(crate) fn wish(&mut self, space: SpaceId, wish: Wish) {
        self.wishes.entry(space).or_default().push_back(wish);
    }

    /// Types a word.
    pub(crate) fn write(&mut self, space: SpaceId, document: &str, now: Timestamp, tools: &mut Tools) {
        let replica = self.replicas.get_mut(&space).expect("a space of this device");
        let view = self.views.entry(space).or_default();
        view.refresh(replica, &self.keys, tools);
        let text = tools.oracle.next_word().text();
        let change = view.type_word((document, &text), (&self.keys, self.person), now, &mut tools.rng);
        let word = tools.oracle.typed(space, document, self.keys.id(), &change);
        tools.say(|| format!("{} types {text} into {document}", self.name));
        replica.pending.push(Pending::new(document, change, now));
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
            _ => match tools.memory.chain(&response.records) {
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
        let is_set_aside = |refusal: &EntryRefusal| refusal.class() == RefusalClass::SetAside;
        let set_aside: BTreeSet<Hash> =
            outcome.refused.iter().filter(|(_, refusal)| is_set_aside(refusal)).map(|(hash, _)| *hash).collect();
        if outcome.reason != Some(Stopped::Removed) {
            self.take_back(space, &set_aside, tools);
        }
        if outcome.reason == Some(Stopped::ChainsDiffer) {
            tools.counters.hit("chain: neither branch stands");
            self.is_apart = true;
        }
        if outcome.reason.is_none() && self.replicas[&space].invitation.is_some() {
            let chain = self.replicas[&space].store.chain();
            let opens_all = tools.memory.ring(chain, &self.keys, None).len() == chain.openings().count();
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
        let memory = tools.memory.clone();
        let ring = |chain: &MembershipChain| memory.ring(chain, &self.keys, replica.invitation.as_ref());
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
            tools.counters.hit(way_of_branching(replica.store.chain(), &append.chain));
            replica.step_back(&me, append.kept_len);
        }
        let cuts = append.cuts.clone();
        let before = replica.store.chain().clone();
        let waiting = replica.store.waiting.clone();
        let clock = replica.store.append(append);
        for (feed, cut) in cuts {
            let is_whole = cut.iter().all(|tip| replica.store.trees.get(&feed).is_some_and(|tree| tree.contains(tip)));
            tools.counters.hit(match (cut.is_empty(), is_whole) {
                (true, _) => "cut: nothing of the feed stands",
                (_, true) => "cut: whole at once",
                _ => "cut: waits for its tips",
            });
        }
        for _ in replica.store.waiting.difference(&waiting) {
            tools.counters.hit("cut: an entry waits for the tips of its cut");
        }
        for (feed, tip) in waiting.difference(&replica.store.waiting) {
            tools.counters.hit(match replica.store.entry(feed, tip) {
                Some(_) => "cut: what waited for its tips has its place",
                None => "hand on: an entry that never had a place is dropped",
            });
        }
        let after = replica.store.chain().clone();
        for chain in [before, after] {
            if !replica.store.displaced.is_empty() {
                let ring = tools.memory.ring(&chain, &self.keys, replica.invitation.as_ref());
                hand_on(replica, &chain, &ring, tools);
            }
        }
        self.views.entry(space).or_default().pending_changed();
        Some(clock)
    }
}
