//! What does a device do in one exchange? Learns, proposes, seals, pushes, until both hold the same.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::exchange::{
    Append, ChainMark, Intake, Plan, Point, Range, ends_here, entries_page, extend_chain, foreign_tips, know,
    reconcile, records_page,
};
use super::locator::{Search, Trace};
use crate::feed::clock::{SentClock, SentTip, digest};
use crate::feed::{Clock, EntryRefusal, StoredEntry, Tip};
use crate::id::{Hash, KeyholderId};
use crate::limits::PAGE_BYTES;
use crate::membership::{ChainError, MembershipChain, Record, Standing, which_stands};
use crate::wire::message::{Request, Response};

/// Requests in one exchange, at most: a relay that says something new each time, and never enough, must not hold a phone for
/// ever.
const ROUNDS_MAX: u32 = 10_000;
/// Rounds in one exchange after which neither side held more than it ever did in it. A search for where two branches part takes
/// six; one that ends in more is led about by the relay.
const STALLED_ROUNDS_MAX: u32 = 32;

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
    /// The answers to [`DeviceOutput::Trace`], in its order.
    Traced(Vec<Vec<Tip>>),
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
    /// Which entries lie there on the ways back? ([`crate::feed::FeedTree::way_back`])
    Trace(Vec<Trace>),
    /// Append this durably. If the store's chain moved meanwhile (another process), begin a new machine.
    Store(Box<Append>),
    /// The chain is learned, and the relay holds all of it: what is to be appended to it? Asked again after every answer.
    Learned(Box<MembershipChain>),
    /// Turn what is pending into entries, under the epoch that is open now. Asked once, and only where one is open, after the
    /// relay was seen to hold this very chain.
    Seal(Box<MembershipChain>),
    /// Read these parts of feeds, up to so many sealed bytes.
    Read {
        /// Which parts.
        ranges: Vec<Range>,
        /// Sealed bytes, at most.
        budget: usize,
    },
    /// The relay follows a branch of the chain that gives way to mine: give it the whole of mine, then begin a new machine.
    BringChain,
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
    /// The relay follows another branch of the chain, and neither gives way.
    #[error("the relay follows other members than this device")]
    ChainsDiffer,
    /// This version may not write into the space.
    #[error("this version is too old for the space: update it")]
    AppTooOld,
    /// This device is a keyholder no more.
    #[error("this device was removed from the space")]
    Removed,
}

/// One exchange of one space.
#[derive(Debug)]
pub struct DeviceExchange {
    device: KeyholderId,
    chain: MembershipChain,
    clock: Clock,
    /// The clock of the last request.
    asked: SentClock,
    theirs: SentClock,
    known: BTreeMap<Point, Tip>,
    search: Search,
    proposed: Vec<Record>,
    is_sealed: bool,
    compares_whole: bool,
    rounds: u32,
    /// The most that both held together so far, and how many rounds did not raise it.
    most: u64,
    stalled_rounds: u32,
    /// What both held after the last answer: who sees it again sees that nothing moves any more.
    seen: Option<(Hash, SentClock)>,
    /// Whether the last request did no more than ask for more.
    asks: bool,
    /// Whether the last records that I proposed came to nothing.
    passed_over: bool,
    /// Whose the entries of the last request were.
    sent: Vec<(Hash, KeyholderId)>,
    /// Feeds of which the relay refused an entry: no more of them is sent in this exchange.
    blocked: BTreeSet<KeyholderId>,
    refused: Vec<(Hash, EntryRefusal)>,
    bad_entry: Option<EntryRefusal>,
    stage: Stage,
    outputs: VecDeque<DeviceOutput>,
}

#[derive(Debug)]
enum Stage {
    Idle,
    Waiting,
    /// The relay's chain is another than mine: so much of it is read.
    Comparing {
        read: Option<MembershipChain>,
    },
    TakingBranch,
    Locating {
        intake: Intake,
        expected: ChainMark,
        points: Vec<Point>,
        more: bool,
    },
    Storing {
        more: bool,
    },
    Tracing {
        traces: Vec<Trace>,
    },
    Proposing,
    Sealing,
    Reading,
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
            asked: SentClock::empty(),
            theirs: SentClock::empty(),
            known: BTreeMap::new(),
            search: Search::default(),
            proposed: Vec::new(),
            is_sealed: false,
            compares_whole: false,
            rounds: 0,
            most: 0,
            stalled_rounds: 0,
            seen: None,
            asks: false,
            passed_over: false,
            sent: Vec::new(),
            blocked: BTreeSet::new(),
            refused: Vec::new(),
            bad_entry: None,
            stage: Stage::Idle,
            outputs: VecDeque::new(),
        }
    }

    /// With records that the first request brings already: a joiner's `Accept` and `Rotate`, for a relay answers only who is a
    /// keyholder with them. Where others came first, the relay does not know the caller: read the chain anew, as the
    /// invitation.
    #[must_use]
    pub fn bringing(mut self, records: Vec<Record>) -> Self {
        self.proposed = records;
        self
    }

    /// The next thing to do, until there is none.
    pub fn poll_output(&mut self) -> Option<DeviceOutput> {
        self.outputs.pop_front()
    }

    /// Takes an input. An input that does not answer the last output is ignored.
    pub fn handle(&mut self, input: DeviceInput) {
        match (input, std::mem::replace(&mut self.stage, Stage::Over)) {
            (DeviceInput::Start, Stage::Idle) => self.send_proposed(),
            (DeviceInput::Received(response), Stage::Waiting) => self.receive(*response),
            (DeviceInput::Received(response), Stage::Comparing { read }) => self.compare(read, &response),
            (DeviceInput::Stored(clock), Stage::TakingBranch) => {
                self.clock = clock;
                self.send(Vec::new(), Vec::new());
            }
            (DeviceInput::Located(found), Stage::Locating { intake, expected, points, more }) => {
                self.known.extend(points.into_iter().zip(found).filter_map(|(point, tip)| Some((point, tip?))));
                self.store(intake, expected, more);
            }
            (DeviceInput::Stored(clock), Stage::Storing { more }) => {
                self.advance(clock);
                self.go_on(more);
            }
            (DeviceInput::Traced(found), Stage::Tracing { traces }) => {
                self.search.take(traces, found);
                self.asks = true;
                self.send(Vec::new(), Vec::new());
            }
            (DeviceInput::Propose(records), Stage::Proposing) => self.propose(records),
            (DeviceInput::Sealed(clock), Stage::Sealing) => {
                self.advance(clock);
                self.is_sealed = true;
                self.push();
            }
            (DeviceInput::Page { entries, .. }, Stage::Reading) => self.send(Vec::new(), entries),
            (_, stage) => self.stage = stage,
        }
    }

    fn send(&mut self, records: Vec<Vec<u8>>, entries: Vec<StoredEntry>) {
        self.sent = entries.iter().map(|entry| (entry.hash, entry.feed)).collect();
        let (entries, _) = entries_page(&self.chain, entries, records.iter().map(Vec::len).sum());
        let form = if self.compares_whole { SentTip::whole } else { SentTip::short };
        let request = Request {
            clock: SentClock::of(&self.chain, &self.clock, self.compares_whole),
            records,
            entries,
            locators: self.search.locators(&self.chain, form),
        };
        self.ask(request, Stage::Waiting);
    }

    fn ask(&mut self, request: Request, stage: Stage) {
        self.rounds += 1;
        if self.rounds > ROUNDS_MAX {
            return self.finish(Stopped::NoProgress);
        }
        self.asked = request.clock.clone();
        self.outputs.push_back(DeviceOutput::Send(Box::new(request)));
        self.stage = stage;
    }

    fn send_proposed(&mut self) {
        let records = self.proposed.iter().map(|record| record.bytes().to_vec()).collect();
        self.send(records, Vec::new());
    }

    fn receive(&mut self, response: Response) {
        let expected = ChainMark::of(&self.chain);
        let theirs = response.clock_after(&self.asked).clone();
        match self.learn_chain(&theirs, &response.records) {
            Ok(true) => {}
            Ok(false) => return self.read_their_chain(None),
            Err(error) => return self.finish(Stopped::BadRecord(error)),
        }
        self.learn_refused(response.refused);
        self.search.learn(&self.chain, &response.unknown);
        self.theirs = theirs;
        let intake =
            if self.knows_their_chain() { Intake::verify(&self.chain, &response.entries) } else { Intake::default() };
        self.known.clear();
        let mut points = intake.questions(&self.chain);
        points.extend(foreign_tips(&self.chain, &self.clock, &self.theirs));
        let points: Vec<Point> = points.into_iter().collect();
        if points.is_empty() {
            self.store(intake, expected, response.more);
        } else {
            self.outputs.push_back(DeviceOutput::Locate(points.clone()));
            self.stage = Stage::Locating { intake, expected, points, more: response.more };
        }
    }

    /// Takes the records of a response, and what it acknowledges of those that I proposed: whether the relay's chain is mine,
    /// or a part of it, or goes on from it. Where it is not, and on an error, nothing has changed.
    fn learn_chain(&mut self, theirs: &SentClock, records: &[Vec<u8>]) -> Result<bool, ChainError> {
        let mut chain = self.chain.clone();
        let taken = self.take_proposed(&mut chain, theirs)?;
        let added = extend_chain(&mut chain, records)?.len();
        let is_behind = theirs.chain_len > chain.len() && added > 0;
        if !is_behind && !chain.has_prefix(theirs.chain_len, &theirs.chain_head) {
            return Ok(false);
        }
        self.passed_over = !self.proposed.is_empty() && taken + added == 0;
        self.proposed.clear();
        self.chain = chain;
        Ok(true)
    }

    /// Asks for the relay's chain from its first record on, or from where it was read to.
    fn read_their_chain(&mut self, read: Option<MembershipChain>) {
        let mark = read.as_ref().map(ChainMark::of);
        let clock = SentClock {
            chain_len: mark.map_or(0, |mark| mark.len),
            chain_head: mark.map_or(Hash::ZERO, |mark| mark.head),
            // Records alone are asked for.
            lines: None,
            ..SentClock::empty()
        };
        self.ask(Request::bringing(clock, Vec::new()), Stage::Comparing { read });
    }

    /// The relay's chain is another than mine: which of the two stands?
    fn compare(&mut self, read: Option<MembershipChain>, response: &Response) {
        let before = read.as_ref().map_or(0, MembershipChain::len);
        let theirs = match read_on(read, &response.records) {
            Ok(chain) if chain.space() == self.chain.space() => chain,
            Ok(_) => return self.finish(Stopped::BadRecord(ChainError::NotNext)),
            Err(error) => return self.finish(Stopped::BadRecord(error)),
        };
        let told = response.clock_after(&self.asked);
        if !theirs.has_prefix(told.chain_len, &told.chain_head) {
            if theirs.len() == before {
                return self.finish(Stopped::NoProgress);
            }
            return self.read_their_chain(Some(theirs));
        }
        match which_stands(&self.chain, &theirs) {
            Standing::Mine => self.outputs.push_back(DeviceOutput::BringChain),
            Standing::Neither => self.finish(Stopped::ChainsDiffer),
            Standing::Theirs => {
                let append = Append::branch(ChainMark::of(&self.chain), self.chain.common_len(&theirs), theirs.clone());
                self.chain = theirs;
                self.proposed.clear();
                self.outputs.push_back(DeviceOutput::Store(Box::new(append)));
                self.stage = Stage::TakingBranch;
            }
        }
    }

    /// What was not sent cannot be refused: a relay has no say about entries that it holds already.
    fn learn_refused(&mut self, refused: Vec<(Hash, EntryRefusal)>) {
        for (hash, refusal) in refused {
            if let Some((_, feed)) = self.sent.iter().find(|(sent, _)| *sent == hash) {
                self.blocked.insert(*feed);
                self.refused.push((hash, refusal));
            }
        }
    }

    fn knows_their_chain(&self) -> bool {
        self.chain.has_prefix(self.theirs.chain_len, &self.theirs.chain_head)
    }

    /// What I proposed is part of the chain once the relay's head says so.
    fn take_proposed(&self, chain: &mut MembershipChain, theirs: &SentClock) -> Result<usize, ChainError> {
        let mut extended = chain.clone();
        for record in &self.proposed {
            extended.append_record(record.clone())?;
        }
        if self.proposed.is_empty() || !extended.has_prefix(theirs.chain_len, &theirs.chain_head) {
            return Ok(0);
        }
        let taken = theirs.chain_len.saturating_sub(chain.len()) as usize;
        let taken = self.proposed.get(..taken).unwrap_or_default();
        for record in taken {
            chain.append_record(record.clone())?;
        }
        Ok(taken.len())
    }

    fn store(&mut self, intake: Intake, expected: ChainMark, more: bool) {
        let (entries, refused) = intake.settle(&self.chain, &self.clock, &self.known);
        // What is not valid is left out, and what is valid is taken: one bad entry holds nothing else up.
        self.bad_entry = self.bad_entry.or(refused.first().map(|(_, refusal)| *refusal));
        for entry in &entries {
            know(&mut self.known, entry.feed, entry.tip());
        }
        let append = Append::new(expected, self.chain.clone(), entries);
        if append.is_empty() {
            self.go_on(more);
        } else {
            self.outputs.push_back(DeviceOutput::Store(Box::new(append)));
            self.stage = Stage::Storing { more };
        }
    }

    /// The store moved on. What was a tip is one no longer, but the relay may still name it.
    fn advance(&mut self, clock: Clock) {
        for (feed, tips) in std::mem::replace(&mut self.clock, clock) {
            tips.into_iter().for_each(|tip| know(&mut self.known, feed, tip));
        }
    }

    fn plan(&self) -> Plan {
        let mut plan =
            reconcile(&self.chain, &self.clock, &self.theirs, &|point: &Point| self.known.get(point).copied());
        plan.send.retain(|range| !self.blocked.contains(&range.feed));
        plan
    }

    /// What comes next, once everything of a response is durable: first all that the relay has, then what it lacks.
    fn go_on(&mut self, more: bool) {
        if self.chain.keyholder(&self.device).is_some_and(|me| me.removed_at.is_some()) {
            return self.finish(Stopped::Removed);
        }
        if self.has_stalled() {
            return self.conclude();
        }
        let seen = Some((digest(&self.chain, &self.clock), self.theirs.clone()));
        let moves = self.seen != seen;
        self.seen = seen;
        // A removal is turned back where the relay lacks entries that its cut names: they come first.
        let brings_first = self.passed_over && !self.plan().send.is_empty();
        if !moves && !self.asks && !brings_first {
            return self.conclude();
        }
        self.asks = more && moves;
        if self.asks {
            return self.send(Vec::new(), Vec::new());
        }
        // Nothing is sealed under a chain that is not the whole one.
        if !self.knows_their_chain() {
            return self.conclude();
        }
        if let Some(from) = self.plan().records_from {
            return self.send(records_page(&self.chain, from), Vec::new());
        }
        // What the relay holds is learned before anything is appended or sealed: branches of which neither knows the other's, too.
        let traces = self.search.next(&self.feeds_unknown_here(), &self.clock);
        if !traces.is_empty() {
            self.outputs.push_back(DeviceOutput::Trace(traces.clone()));
            self.stage = Stage::Tracing { traces };
            return;
        }
        if self.chain.is_too_old() {
            return self.finish(Stopped::AppTooOld);
        }
        if brings_first {
            return self.push();
        }
        self.outputs.push_back(DeviceOutput::Learned(Box::new(self.chain.clone())));
        self.stage = Stage::Proposing;
    }

    /// Whether too many rounds brought neither side anything. Every record and every entry that one takes raises the sum of its
    /// chain's length and its tips' numbers; of the relay's claims those count that I can tell to be so.
    fn has_stalled(&mut self) -> bool {
        let (relay, _) = self.relay_clock();
        let tips = self.clock.values().chain(relay.values()).flatten().map(|tip| tip.seq);
        let known_len = if self.knows_their_chain() { self.theirs.chain_len } else { 0 };
        let lens = [self.chain.len(), known_len].map(u64::from);
        let both = tips.chain(lens).fold(0, u64::saturating_add);
        if both > self.most {
            (self.most, self.stalled_rounds) = (both, 0);
        } else {
            self.stalled_rounds += 1;
        }
        self.stalled_rounds > STALLED_ROUNDS_MAX
    }

    /// Feeds of which the relay holds tips that I do not.
    fn feeds_unknown_here(&self) -> BTreeSet<KeyholderId> {
        let unknown = foreign_tips(&self.chain, &self.clock, &self.theirs).into_iter();
        let feeds = unknown.filter(|point| !self.known.contains_key(point)).map(|point| point.feed);
        feeds.filter(|feed| !self.clock.get(feed).is_some_and(|tips| ends_here(&self.chain, feed, tips))).collect()
    }

    fn propose(&mut self, records: Vec<Record>) {
        if !records.is_empty() {
            self.proposed = records;
            return self.send_proposed();
        }
        if self.is_sealed || self.chain.open_epoch().is_none() {
            return self.push();
        }
        self.outputs.push_back(DeviceOutput::Seal(Box::new(self.chain.clone())));
        self.stage = Stage::Sealing;
    }

    fn push(&mut self) {
        let plan = self.plan();
        if !plan.send.is_empty() {
            self.outputs.push_back(DeviceOutput::Read { ranges: plan.send, budget: PAGE_BYTES });
            self.stage = Stage::Reading;
            return;
        }
        let is_equal = self.theirs.digest == digest(&self.chain, &self.clock);
        if is_equal || plan.ask || self.compares_whole || !self.blocked.is_empty() {
            return self.conclude();
        }
        // The lines are equal and the digests are not: 8 bytes of a hash did not tell.
        self.compares_whole = true;
        self.send(Vec::new(), Vec::new());
    }

    /// Nothing moves any more: either both hold the same, or something is in the way.
    fn conclude(&mut self) {
        if let Some((_, refusal)) = self.refused.first() {
            return self.finish(Stopped::Refused(*refusal));
        }
        if self.theirs.digest == digest(&self.chain, &self.clock) && !self.passed_over {
            return self.end(None);
        }
        self.finish(match self.bad_entry {
            Some(refusal) => Stopped::BadEntry(refusal),
            None => Stopped::NoProgress,
        });
    }

    fn finish(&mut self, reason: Stopped) {
        self.end(Some(reason));
    }

    fn end(&mut self, reason: Option<Stopped>) {
        let (relay, waiting_down) = self.relay_clock();
        let outcome = Outcome { reason, relay, waiting_down, refused: std::mem::take(&mut self.refused) };
        self.outputs.push_back(DeviceOutput::Done(Box::new(outcome)));
        self.stage = Stage::Over;
    }

    /// The relay's tips as far as I hold them, and by how many entries it is ahead.
    fn relay_clock(&self) -> (Clock, u64) {
        let mut relay = Clock::new();
        let mut ahead: u64 = 0;
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
                    // Whatever number a relay claims.
                    None => ahead = ahead.saturating_add(tip.seq.saturating_sub(highest)),
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

/// A chain that is read page by page.
fn read_on(read: Option<MembershipChain>, records: &[Vec<u8>]) -> Result<MembershipChain, ChainError> {
    match read {
        None => MembershipChain::parse(records.iter().map(Vec::as_slice)),
        Some(mut chain) => extend_chain(&mut chain, records).map(|_| chain),
    }
}
