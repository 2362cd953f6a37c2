//! What does the relay do? It carries requests out step by step, several at once, and commits each thing that a machine wants stored.

use std::collections::{BTreeMap, BTreeSet};

use entwine_core::feed::EntryRefusal;
use entwine_core::feed::clock::SentClock;
use entwine_core::id::{Hash, KeyholderId, SpaceId};
use entwine_core::limits::ENTRY_SEALED_BYTES_MAX;
use entwine_core::membership::Body;
use entwine_core::sync::relay::HOLD_UP_SECONDS;
use entwine_core::sync::{Append, ChainMark, RelayExchange, RelayInput, RelayOutput, RelayRefusal};
use entwine_core::time::Timestamp;
use entwine_core::wire::message::{Request, Response};
use entwine_core::wire::{from_bytes, to_bytes};

use super::Tools;
use super::branches::way_of_branching;
use super::store::Store;

/// What a request is.
#[derive(Clone)]
pub(crate) enum Asked {
    /// A sync, as bytes.
    Sync(Vec<u8>),
    /// `POST /v1/spaces`: the whole chain.
    Create(Vec<Vec<u8>>),
}

/// What a request comes to.
pub(crate) type Answer = Result<Vec<u8>, RelayRefusal>;

/// A request on its way through the relay.
pub(crate) struct Job {
    pub(crate) number: u64,
    pub(crate) caller: KeyholderId,
    space: SpaceId,
    request: Request,
    machine: RelayExchange,
}

/// What the relay keeps of one space, durably.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) store: Store,
    /// Entries that it took. The oracle's knowledge; no rule looks at it.
    pub(crate) taken: BTreeSet<Hash>,
}

#[derive(Default)]
pub(crate) struct Relay {
    pub(crate) spaces: BTreeMap<SpaceId, Kept>,
    pub(crate) backup: Option<BTreeMap<SpaceId, Kept>>,
    /// A space as it was before the last that was stored there.
    before_last: Option<(SpaceId, Kept)>,
    /// Bytes that a space may take, and that an entry may have; by itself as many as it likes.
    pub(crate) quota: Option<u64>,
    pub(crate) entry_bytes_max: Option<usize>,
    /// Seconds by which its clock is ahead.
    pub(crate) clock_offset: i64,
    // What follows is gone after a crash.
    pub(crate) jobs: Vec<Job>,
    /// Who is being removed, by whom, and until when that holds it up.
    turned_back: BTreeMap<(SpaceId, KeyholderId), (KeyholderId, Timestamp)>,
}

impl Relay {
    pub(crate) fn crash(&mut self) {
        self.jobs.clear();
        self.turned_back.clear();
    }

    /// Takes a request in: none while it is on its way through.
    pub(crate) fn begin(
        &mut self,
        (number, caller, space): (u64, KeyholderId, SpaceId),
        asked: &Asked,
        now: Timestamp,
        tools: &mut Tools,
    ) -> Option<Answer> {
        let request = match asked {
            Asked::Sync(bytes) => from_bytes(bytes).expect("the device encodes what the relay decodes"),
            Asked::Create(records) => match self.create(caller, space, records, tools) {
                Ok(request) => request,
                Err(refusal) => return Some(Err(refusal)),
            },
        };
        match self.machine(caller, space, &request, now, tools) {
            Ok(machine) => {
                self.jobs.push(Job { number, caller, space, request, machine });
                None
            }
            Err(refusal) => Some(Err(refusal)),
        }
    }

    /// Creates the space where it is not known, and goes on as with a sync of records.
    fn create(
        &mut self,
        caller: KeyholderId,
        space: SpaceId,
        records: &[Vec<u8>],
        tools: &mut Tools,
    ) -> Result<Request, RelayRefusal> {
        let chain = tools.memory.chain(records).expect("a device brings a chain");
        if chain.member(&caller).is_none() {
            return Err(RelayRefusal::NotFound);
        }
        let clock = SentClock { chain_len: chain.len(), chain_head: chain.head(), ..SentClock::empty() };
        if let std::collections::btree_map::Entry::Vacant(place) = self.spaces.entry(space) {
            if chain.len() > 1 {
                tools.counters.hit("relay: a space comes back by its whole chain");
            }
            place.insert(Kept { store: Store::new(chain), taken: BTreeSet::new() });
        } else {
            tools.counters.hit("relay: a chain is brought to a space that it knows");
            let held = self.spaces[&space].store.chain();
            if !held.has_prefix(chain.len(), &chain.head()) && !chain.has_prefix(held.len(), &held.head()) {
                tools.counters.hit(way_of_branching(held, &chain));
            }
        }
        Ok(Request::bringing(clock, records.to_vec()))
    }

    fn machine(
        &mut self,
        caller: KeyholderId,
        space: SpaceId,
        request: &Request,
        now: Timestamp,
        tools: &mut Tools,
    ) -> Result<RelayExchange, RelayRefusal> {
        let Some(kept) = self.spaces.get(&space) else {
            tools.counters.hit("relay: does not know the space");
            return Err(RelayRefusal::NotFound);
        };
        let (chain, clock) = (kept.store.chain().clone(), kept.store.clock());
        if request.clock.chain_len > chain.len() && request.records.is_empty() {
            tools.counters.hit("relay: its chain is a part of the device's");
        }
        if !request.locators.is_empty() {
            tools.counters.hit("relay: is asked by locators where branches of a feed part");
        }
        let held_up = self.held_up(space, caller, now);
        let (room, entry_bytes_max) = (self.room(space), self.entry_bytes_max.unwrap_or(ENTRY_SEALED_BYTES_MAX));
        let begin = |admitted: Option<(KeyholderId, BTreeSet<SpaceId>)>| {
            let mut machine = RelayExchange::new(caller, now, chain.clone(), clock.clone()).holding_up(held_up.clone());
            machine = machine.with_room(room).with_entry_bytes_max(entry_bytes_max);
            if let Some((invitation, spaces)) = admitted {
                machine = machine.admitted_elsewhere_by(invitation, spaces);
            }
            let result = machine.handle(RelayInput::Received(request.clone()));
            (machine, result)
        };
        let (mut machine, mut result) = begin(None);
        if let Err(RelayRefusal::InvitationExpired(invitation)) = result {
            let admitted = self.admitted_by(invitation, caller);
            if !admitted.is_empty() {
                (machine, result) = begin(Some((invitation, admitted)));
            }
            tools.counters.hit(match result {
                Ok(()) => "membership: a link is taken up late beside a space that it was taken up in",
                Err(_) => "membership: an invitation is refused past its hour",
            });
        }
        for keyholder in machine.turned_back() {
            let proposed =
                request.records.iter().filter_map(|bytes| entwine_core::membership::Record::parse(bytes).ok());
            let is_stale_head = proposed.into_iter().any(|record| record.index() < chain.len());
            tools.counters.hit(match is_stale_head {
                true => "relay: turns back a removal that another record overtook",
                false => "relay: turns back a removal whose cut is stale",
            });
            self.turned_back.insert((space, *keyholder), (caller, now.plus_seconds(HOLD_UP_SECONDS)));
        }
        match &result {
            Err(RelayRefusal::NotFound) => tools.counters.hit("relay: does not know the caller"),
            Err(RelayRefusal::Removed(_)) => tools.counters.hit("relay: tells a removed device so"),
            Err(RelayRefusal::ChainsDiffer) => tools.counters.hit("chain: neither branch stands"),
            Err(RelayRefusal::Retry) => tools.counters.hit("relay: holds up who is being removed"),
            _ => {}
        }
        result.map(|()| machine)
    }

    /// Who is held up for this caller. A request of the remover makes it last.
    fn held_up(&mut self, space: SpaceId, caller: KeyholderId, now: Timestamp) -> BTreeSet<KeyholderId> {
        self.turned_back.retain(|_, (_, until)| *until > now);
        let mut held_up = BTreeSet::new();
        for ((place, keyholder), (remover, until)) in &mut self.turned_back {
            if *place == space && *remover == caller {
                *until = now.plus_seconds(HOLD_UP_SECONDS);
            } else if *place == space {
                held_up.insert(*keyholder);
            }
        }
        held_up
    }

    /// The spaces to which this invitation admitted this keyholder.
    fn admitted_by(&self, invitation: KeyholderId, keyholder: KeyholderId) -> BTreeSet<SpaceId> {
        let admits = |kept: &Kept| {
            let record = kept.store.chain().removal_of(&invitation)?;
            Some(matches!(record.body(), Body::Accept(accept) if accept.device.id() == keyholder))
        };
        self.spaces.iter().filter(|(_, kept)| admits(kept) == Some(true)).map(|(space, _)| *space).collect()
    }

    /// Performs one thing that the machine of a job wants done: the answer, if it is the last.
    pub(crate) fn advance(&mut self, index: usize, now: Timestamp, tools: &mut Tools) -> Option<Answer> {
        let job = &mut self.jobs[index];
        let output = job.machine.poll_output().expect("every input leads to an output");
        let kept = self.spaces.get_mut(&job.space).expect("a job is dropped with its space");
        let input = match output {
            RelayOutput::Locate(points) => RelayInput::Located(kept.store.locate(&points)),
            RelayOutput::Store(append) => {
                if is_moved(&kept.store, &append) {
                    tools.counters.hit("relay: judges a request anew since the chain moved meanwhile");
                    return self.judge_anew(index, now, tools);
                }
                self.before_last = Some((job.space, kept.clone()));
                RelayInput::Stored(kept.append(*append, tools))
            }
            RelayOutput::Read { ranges, budget } => {
                let (mut entries, mut more) = kept.store.read(&ranges, budget);
                more |= tools.shorten(&mut entries);
                RelayInput::Page { entries, more }
            }
            RelayOutput::Respond(response) => {
                self.jobs.remove(index);
                response.refused.iter().for_each(|(_, refusal)| tools.counters.hit(row_of(*refusal)));
                return Some(Ok(to_bytes::<Response>(&response)));
            }
        };
        match job.machine.handle(input) {
            Ok(()) => None,
            Err(refusal) => {
                self.jobs.remove(index);
                Some(Err(refusal))
            }
        }
    }

    fn judge_anew(&mut self, index: usize, now: Timestamp, tools: &mut Tools) -> Option<Answer> {
        let job = self.jobs.remove(index);
        match self.machine(job.caller, job.space, &job.request, now, tools) {
            Ok(machine) => {
                self.jobs.push(Job { machine, ..job });
                None
            }
            Err(refusal) => Some(Err(refusal)),
        }
    }

    /// Loses the last that it stored: whether there was something.
    pub(crate) fn forget_last(&mut self) -> bool {
        let last = self.before_last.take();
        last.map(|(space, kept)| self.spaces.insert(space, kept)).is_some()
    }

    pub(crate) fn forget_all(&mut self) {
        self.spaces.clear();
        self.before_last = None;
    }

    fn room(&self, space: SpaceId) -> u64 {
        self.quota.map_or(u64::MAX, |quota| quota.saturating_sub(self.bytes(&space)))
    }

    /// Bytes that a space takes.
    pub(crate) fn bytes(&self, space: &SpaceId) -> u64 {
        let Some(Kept { store, .. }) = self.spaces.get(space) else { return 0 };
        let records: usize = store.chain().records().iter().map(|record| record.bytes().len()).sum();
        let entries: usize = store.entries().map(|entry| entry.sealed.len()).sum();
        (records + entries) as u64
    }

    /// A request from its beginning to its end, with nothing between.
    pub(crate) fn carry_out(
        &mut self,
        (caller, space): (KeyholderId, SpaceId),
        asked: &Asked,
        now: Timestamp,
        tools: &mut Tools,
    ) -> Answer {
        let number = u64::MAX;
        if let Some(answer) = self.begin((number, caller, space), asked, now, tools) {
            return answer;
        }
        loop {
            let index = self.jobs.iter().position(|job| job.number == number).expect("it was just begun");
            if let Some(answer) = self.advance(index, now, tools) {
                return answer;
            }
        }
    }
}

impl Kept {
    fn append(&mut self, append: Append, tools: &mut Tools) -> entwine_core::feed::Clock {
        self.taken.extend(append.entries.iter().map(|entry| entry.hash));
        let closes = append.records.iter().filter(|record| matches!(record.body(), Body::Accept(_) | Body::Remove(_)));
        (0..closes.count()).for_each(|_| tools.counters.hit("membership: an epoch is closed"));
        if append.takes_branch() {
            tools.counters.hit("chain: the relay takes the other branch");
        }
        let tips = |store: &Store| -> usize { store.clock().values().map(|tips| tips.len() - 1).sum() };
        let before = tips(&self.store);
        let clock = self.store.append(append);
        if tips(&self.store) > before {
            tools.counters.hit("feed: a branch of a feed arrives at the relay");
        }
        clock
    }
}

fn row_of(refusal: EntryRefusal) -> &'static str {
    match refusal {
        EntryRefusal::Gap => "entry: refused for a gap",
        EntryRefusal::NotMember => "entry: refused from who is no member",
        EntryRefusal::Signature => "entry: refused for its signature",
        EntryRefusal::NoEpoch => "entry: refused, since no epoch is open there",
        EntryRefusal::TooLarge => "entry: refused as too large",
        EntryRefusal::Quota => "entry: refused for want of room",
        EntryRefusal::Retry => "entry: refused from who is being removed",
        EntryRefusal::Malformed => "entry: refused as malformed",
        EntryRefusal::TooManyTips | EntryRefusal::UnknownKind => {
            panic!("nobody here writes so: {refusal}")
        }
    }
}

fn is_moved(store: &Store, append: &Append) -> bool {
    ChainMark::of(store.chain()) != append.expected
}
