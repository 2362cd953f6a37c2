//! What does a device do in one exchange? Learns, proposes, seals, pushes, until both hold the same.

use std::collections::{BTreeMap, VecDeque};

use super::exchange::{
    Append, Intake, Plan, Point, Range, extend_chain, foreign_tips, reconcile, records_page, to_sent,
};
use crate::feed::clock::{SentClock, digest};
use crate::feed::{Clock, EntryRefusal, StoredEntry, Tip};
use crate::id::{Hash, KeyholderId};
use crate::limits::PAGE_BYTES;
use crate::membership::{ChainError, MembershipChain, Record};
use crate::wire::message::{Request, Response};

/// Requests in one exchange, at most: a relay that keeps saying "more" without sending any must not hold a phone for ever.
const ROUNDS_MAX: u32 = 10_000;

/// What happens to the machine.
#[derive(Debug)]
pub enum DeviceInput {
    /// Begin.
    Start,
    /// The answer to [`DeviceOutput::Send`].
    Received(Box<Response>),
    /// The answers to [`DeviceOutput::Locate`], in its order.
    Located(Vec<Option<Tip>>),
    /// [`DeviceOutput::Store`] is durable; this is the clock now.
    Stored(Clock),
    /// Records to append to the chain as it stands; none, mostly.
    Propose(Vec<Record>),
    /// What was pending is sealed and durable; this is the clock now.
    Sealed(Clock),
    /// The answer to [`DeviceOutput::Read`].
    Page {
        /// Entries, parents before children.
        entries: Vec<StoredEntry>,
        /// Whether there are more.
        more: bool,
    },
}

/// What the machine wants done.
#[derive(Debug)]
pub enum DeviceOutput {
    /// Send this to the relay.
    Send(Box<Request>),
    /// Which of these entries does the store hold?
    Locate(Vec<Point>),
    /// Append this durably. If the store's chain moved meanwhile (another process), begin a new machine.
    Store(Box<Append>),
    /// The chain is learned: what is to be appended to it? Asked again whenever it changed.
    Learned(Box<MembershipChain>),
    /// Turn what is pending into entries, under the epoch that is open now.
    Seal(Box<MembershipChain>),
    /// Read these parts of feeds, up to so many sealed bytes.
    Read {
        /// Which parts.
        ranges: Vec<Range>,
        /// Sealed bytes, at most.
        budget: usize,
    },
    /// The exchange is over.
    Done(Box<Outcome>),
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Why the two do not hold the same; none if they do.
    pub reason: Option<Stopped>,
    /// What the relay was seen to hold of what this device holds.
    pub relay: Clock,
    /// Entries that the relay is ahead by, as far as its clock tells.
    pub waiting_down: u64,
    /// Entries that the relay refused, and why.
    pub refused: Vec<(Hash, EntryRefusal)>,
}

/// Why an exchange stopped before both held the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The relay refused entries.
    #[error("refused: {0}")]
    Refused(EntryRefusal),
    /// The relay sent what is not valid.
    #[error("the relay sent a record that is not valid: {0}")]
    BadRecord(ChainError),
    /// The relay sent entries that are not valid.
    #[error("the relay sent an entry that is not valid: {0}")]
    BadEntry(EntryRefusal),
    /// The relay does not come nearer: it answers, but neither takes nor gives.
    #[error("the relay neither takes nor gives what is missing")]
    NoProgress,
    /// The two chains differ, or a feed has branches that neither side knows of the other.
    #[error("not_supported_yet: {0}")]
    NotSupportedYet(&'static str),
    /// This version may not write into the space.
    #[error("this version is too old for the space: update it")]
    AppTooOld,
}

/// One exchange of one space.
#[derive(Debug)]
pub struct DeviceExchange {
    device: KeyholderId,
    chain: MembershipChain,
    clock: Clock,
    theirs: SentClock,
    known: BTreeMap<Point, Tip>,
    unknown_to_relay: bool,
    proposed: Vec<Record>,
    is_sealed: bool,
    compares_whole: bool,
    rounds: u32,
    stage: Stage,
    outputs: VecDeque<DeviceOutput>,
}

#[derive(Debug)]
enum Stage {
    Idle,
    Waiting,
    Locating { intake: Intake, records: Vec<Record>, expected_len: u32, points: Vec<Point>, more: bool },
    Storing { more: bool },
    Proposing,
    Sealing,
    Reading { records: Vec<Vec<u8>> },
    Over,
}

impl DeviceExchange {
    /// Begins with what the store holds of the space.
    #[must_use]
    pub fn new(device: KeyholderId, chain: MembershipChain, clock: Clock) -> Self {
        Self {
            device,
            chain,
            clock,
            theirs: SentClock::empty(),
            known: BTreeMap::new(),
            unknown_to_relay: false,
            proposed: Vec::new(),
            is_sealed: false,
            compares_whole: false,
            rounds: 0,
            stage: Stage::Idle,
            outputs: VecDeque::new(),
        }
    }

    /// The next thing to do, until there is none.
    pub fn poll_output(&mut self) -> Option<DeviceOutput> {
        self.outputs.pop_front()
    }

    /// Takes an input. An input that does not answer the last output is ignored.
    pub fn handle(&mut self, input: DeviceInput) {
        match (input, std::mem::replace(&mut self.stage, Stage::Over)) {
            (DeviceInput::Start, Stage::Idle) => self.send(Vec::new(), Vec::new()),
            (DeviceInput::Received(response), Stage::Waiting) => self.receive(*response),
            (DeviceInput::Located(found), Stage::Locating { intake, records, expected_len, points, more }) => {
                self.known.extend(points.into_iter().zip(found).filter_map(|(point, tip)| Some((point, tip?))));
                self.store(intake, records, expected_len, more);
            }
            (DeviceInput::Stored(clock), Stage::Storing { more }) => {
                self.clock = clock;
                self.go_on(more);
            }
            (DeviceInput::Propose(records), Stage::Proposing) => self.propose(records),
            (DeviceInput::Sealed(clock), Stage::Sealing) => {
                self.clock = clock;
                self.is_sealed = true;
                self.push();
            }
            (DeviceInput::Page { entries, .. }, Stage::Reading { records }) => {
                self.send(records, entries);
            }
            (_, stage) => self.stage = stage,
        }
    }

    fn send(&mut self, records: Vec<Vec<u8>>, entries: Vec<StoredEntry>) {
        self.rounds += 1;
        if self.rounds > ROUNDS_MAX {
            return self.finish(Some(Stopped::NoProgress));
        }
        let request = Request {
            clock: SentClock::of(&self.chain, &self.clock, self.compares_whole),
            records,
            entries: to_sent(&self.chain, entries),
            locators: Vec::new(),
        };
        self.outputs.push_back(DeviceOutput::Send(Box::new(request)));
        self.stage = Stage::Waiting;
    }

    fn receive(&mut self, response: Response) {
        let expected_len = self.chain.len();
        let mut chain = self.chain.clone();
        let mut records = match self.take_proposed(&mut chain, &response.clock) {
            Ok(records) => records,
            Err(error) => return self.finish(Some(Stopped::BadRecord(error))),
        };
        match extend_chain(&mut chain, &response.records) {
            Ok(added) => records.extend(added),
            Err(ChainError::NotSupportedYet(what)) => return self.finish(Some(Stopped::NotSupportedYet(what))),
            Err(ChainError::NotNext) => {
                return self.finish(Some(Stopped::NotSupportedYet("branches of the membership chain")));
            }
            Err(error) => return self.finish(Some(Stopped::BadRecord(error))),
        }
        self.chain = chain;
        self.proposed.clear();
        let knows_head = response.clock.chain_len == 0
            || self.chain.has_prefix(response.clock.chain_len, &response.clock.chain_head);
        if !knows_head && records.is_empty() {
            return self.finish(Some(Stopped::NotSupportedYet("branches of the membership chain")));
        }
        if let Some((_, refusal)) = response.refused.first() {
            let (refusal, refused) = (*refusal, response.refused.clone());
            self.theirs = response.clock;
            return self.finish_refused(refusal, refused);
        }
        self.unknown_to_relay = !response.unknown.is_empty();
        let intake = if knows_head { Intake::verify(&self.chain, &response.entries) } else { Intake::default() };
        self.theirs = response.clock;
        self.known.clear();
        let mut points = intake.predecessors();
        points.extend(foreign_tips(&self.chain, &self.clock, &self.theirs));
        let points: Vec<Point> = points.into_iter().collect();
        if points.is_empty() {
            self.store(intake, records, expected_len, response.more);
        } else {
            self.outputs.push_back(DeviceOutput::Locate(points.clone()));
            self.stage = Stage::Locating { intake, records, expected_len, points, more: response.more };
        }
    }

    /// What I proposed is part of the chain once the relay's head says so.
    fn take_proposed(&self, chain: &mut MembershipChain, theirs: &SentClock) -> Result<Vec<Record>, ChainError> {
        let mut extended = chain.clone();
        for record in &self.proposed {
            extended.append_record(record.clone())?;
        }
        if self.proposed.is_empty() || !extended.has_prefix(theirs.chain_len, &theirs.chain_head) {
            return Ok(Vec::new());
        }
        let taken = theirs.chain_len.saturating_sub(chain.len()) as usize;
        let taken = self.proposed.get(..taken).unwrap_or_default();
        for record in taken {
            chain.append_record(record.clone())?;
        }
        Ok(taken.to_vec())
    }

    fn store(&mut self, intake: Intake, records: Vec<Record>, expected_len: u32, more: bool) {
        let (entries, refused) = intake.settle(&self.known);
        if let Some((_, refusal)) = refused.first() {
            return self.finish(Some(Stopped::BadEntry(*refusal)));
        }
        for entry in &entries {
            let tip = crate::feed::clock::SentTip::short(&entry.tip());
            self.known.insert(Point { feed: entry.feed, tip }, entry.tip());
        }
        let append = Append { expected_len, chain: self.chain.clone(), records, entries };
        if append.is_empty() {
            self.go_on(more);
        } else {
            self.outputs.push_back(DeviceOutput::Store(Box::new(append)));
            self.stage = Stage::Storing { more };
        }
    }

    fn plan(&self) -> Plan {
        reconcile(&self.chain, &self.clock, &self.theirs, &|point: &Point| self.known.get(point).copied())
    }

    /// What comes next, once everything of a response is durable: first all that the relay has, then what it lacks.
    fn go_on(&mut self, more: bool) {
        let plan = self.plan();
        if more {
            return self.send(Vec::new(), Vec::new());
        }
        if plan.ask {
            let reason = if self.unknown_to_relay {
                Stopped::NotSupportedYet("branches of a feed")
            } else {
                Stopped::NoProgress
            };
            return self.finish(Some(reason));
        }
        if let Some(from) = plan.records_from {
            return self.send(records_page(&self.chain, from), Vec::new());
        }
        if self.chain.is_too_old() {
            return self.finish(Some(Stopped::AppTooOld));
        }
        self.outputs.push_back(DeviceOutput::Learned(Box::new(self.chain.clone())));
        self.stage = Stage::Proposing;
    }

    fn propose(&mut self, records: Vec<Record>) {
        if !records.is_empty() {
            let bytes = records.iter().map(|record| record.bytes().to_vec()).collect();
            self.proposed = records;
            return self.send(bytes, Vec::new());
        }
        if self.is_sealed {
            return self.push();
        }
        self.outputs.push_back(DeviceOutput::Seal(Box::new(self.chain.clone())));
        self.stage = Stage::Sealing;
    }

    fn push(&mut self) {
        let plan = self.plan();
        if !plan.sends_nothing() {
            self.outputs.push_back(DeviceOutput::Read { ranges: plan.send, budget: PAGE_BYTES });
            self.stage = Stage::Reading { records: Vec::new() };
            return;
        }
        if self.theirs.digest == digest(&self.chain, &self.clock) {
            return self.finish(None);
        }
        if self.compares_whole {
            return self.finish(Some(Stopped::NoProgress));
        }
        // The lines are equal and the digests are not: 8 bytes of a hash did not tell.
        self.compares_whole = true;
        self.send(Vec::new(), Vec::new());
    }

    fn finish(&mut self, reason: Option<Stopped>) {
        self.end(reason, Vec::new());
    }

    fn finish_refused(&mut self, refusal: EntryRefusal, refused: Vec<(Hash, EntryRefusal)>) {
        self.end(Some(Stopped::Refused(refusal)), refused);
    }

    fn end(&mut self, reason: Option<Stopped>, refused: Vec<(Hash, EntryRefusal)>) {
        let (relay, waiting_down) = self.relay_clock();
        let outcome = Outcome { reason, relay, waiting_down, refused };
        self.outputs.push_back(DeviceOutput::Done(Box::new(outcome)));
        self.stage = Stage::Over;
    }

    /// The relay's tips as far as I hold them, and by how many entries it is ahead.
    fn relay_clock(&self) -> (Clock, u64) {
        let mut relay = Clock::new();
        let mut ahead = 0;
        for line in self.theirs.lines.iter().flatten() {
            let Some(feed) = self.chain.by_number(line.feed).map(|keyholder| keyholder.id) else { continue };
            let own = self.clock.get(&feed);
            let highest = own.and_then(|tips| tips.last()).map_or(0, |tip| tip.seq);
            for tip in &line.tips {
                let held = own
                    .and_then(|tips| tips.iter().find(|own| tip.matches(own)).copied())
                    .or_else(|| self.known.get(&Point { feed, tip: *tip }).copied());
                match held {
                    Some(held) => _ = relay.entry(feed).or_default().insert(held),
                    None => ahead += tip.seq.saturating_sub(highest),
                }
            }
        }
        (relay, ahead)
    }

    /// Whose exchange this is.
    #[must_use]
    pub fn device(&self) -> KeyholderId {
        self.device
    }
}
