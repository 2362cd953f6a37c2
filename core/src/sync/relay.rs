//! What does the relay do with one request? Verifies, stores, answers; it decides nothing that a device does not decide alike.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::exchange::{
    Append, ChainMark, Intake, Point, Range, entries_page, extend_chain, foreign_tips, know, reconcile, records_page,
};
use super::locator;
use crate::feed::clock::{SentClock, SentTip, TipHash};
use crate::feed::{Clock, EntryKind, EntryRefusal, StoredEntry, Tip, VerifiedEntry};
use crate::id::{Hash, KeyholderId, SpaceId};
use crate::keyholder::KeyholderKind;
use crate::limits::{ENTRY_SEALED_BYTES_MAX, PAGE_BYTES};
use crate::membership::{Body, ChainError, Cut, Keyholder, MembershipChain, Record, SpaceKind, Standing, which_stands};
use crate::time::Timestamp;
use crate::wire::message::{Request, Response};

/// Seconds for which a keyholder is held up after each request of the one who is removing it.
pub const HOLD_UP_SECONDS: u64 = 60;

/// What happens to the machine.
#[derive(Debug)]
pub enum RelayInput {
    /// The request. First, once.
    Received(Request),
    /// The answers to [`RelayOutput::Locate`], in its order.
    Located(Vec<Option<Tip>>),
    /// [`RelayOutput::Store`] is durable; this is the clock now. If the chain had moved meanwhile, begin a new machine with
    /// the store's state and the same request instead.
    Stored(Clock),
    /// The answer to [`RelayOutput::Read`].
    Page {
        /// Entries, parents before children.
        entries: Vec<StoredEntry>,
        /// Whether there are more.
        more: bool,
    },
}

/// What the machine wants done.
#[derive(Debug)]
pub enum RelayOutput {
    /// Which of these entries does the store hold?
    Locate(Vec<Point>),
    /// Append this durably.
    Store(Box<Append>),
    /// Read these parts of feeds, up to so many sealed bytes.
    Read {
        /// Which parts.
        ranges: Vec<Range>,
        /// Sealed bytes, at most.
        budget: usize,
    },
    /// The answer. Last.
    Respond(Box<Response>),
}

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayRefusal {
    /// The caller never was a keyholder of this space.
    #[error("not found")]
    NotFound,
    /// The caller was a keyholder, and is none any more.
    #[error("removed from this space")]
    Removed(Box<Response>),
    /// A record follows the chain and is not valid.
    #[error("the record is refused: {0}")]
    Record(ChainError),
    /// The invitation's hour is over.
    #[error("the invitation has expired")]
    InvitationExpired(KeyholderId),
    /// The caller is being removed at this moment: it may try again later, and will not get in.
    #[error("retry")]
    Retry,
    /// The caller brings another branch of the chain, and neither gives way.
    #[error("this relay follows another branch of the chain")]
    ChainsDiffer,
    /// A critical record of a kind that this relay does not know.
    #[error("the relay is too old for this space: update it")]
    RelayTooOld,
}

/// One exchange with one caller, from its request to its response.
#[derive(Debug)]
pub struct RelayExchange {
    caller: KeyholderId,
    now: Timestamp,
    chain: MembershipChain,
    clock: Clock,
    /// Bytes that the space may still take.
    room: u64,
    /// Sealed bytes of an entry that is taken, at most.
    entry_bytes_max: usize,
    admitted_elsewhere: Option<(KeyholderId, BTreeSet<SpaceId>)>,
    held_up: BTreeSet<KeyholderId>,
    turned_back: BTreeSet<KeyholderId>,
    stage: Stage,
    outputs: VecDeque<RelayOutput>,
}

#[derive(Debug)]
enum Stage {
    Idle,
    Locating { request: Request, intake: Intake, taking: Taking, known: BTreeMap<Point, Tip>, points: Vec<Point> },
    Storing { request: Request, known: BTreeMap<Point, Tip>, refused: Vec<(Hash, EntryRefusal)> },
    Reading { response: Box<Response> },
}

/// What becomes of the store's chain.
#[derive(Debug)]
struct Taking {
    expected: ChainMark,
    kept_len: u32,
}

impl RelayExchange {
    /// Begins with what the store holds of the space, for an authenticated caller.
    #[must_use]
    pub fn new(caller: KeyholderId, now: Timestamp, chain: MembershipChain, clock: Clock) -> Self {
        Self {
            caller,
            now,
            chain,
            clock,
            room: u64::MAX,
            entry_bytes_max: ENTRY_SEALED_BYTES_MAX,
            admitted_elsewhere: None,
            held_up: BTreeSet::new(),
            turned_back: BTreeSet::new(),
            stage: Stage::Idle,
            outputs: VecDeque::new(),
        }
    }

    /// With a quota that leaves the space so many bytes. Records count and are always taken: who may read must never wait for
    /// room.
    #[must_use]
    pub fn with_room(mut self, bytes: u64) -> Self {
        self.room = bytes;
        self
    }

    /// With a relay that takes smaller entries only than the protocol allows.
    #[must_use]
    pub fn with_entry_bytes_max(mut self, bytes: usize) -> Self {
        self.entry_bytes_max = bytes;
        self
    }

    /// With keyholders whom somebody else than the caller tried to remove a moment ago ([`Self::turned_back`]): what they wrote
    /// waits meanwhile.
    #[must_use]
    pub fn holding_up(mut self, keyholders: BTreeSet<KeyholderId>) -> Self {
        self.held_up = keyholders;
        self
    }

    /// Whom the caller wants to remove, where that came to nothing: another record came first, or the removed device has written
    /// what the cut does not cover. Whoever drives the machine holds these up for [`HOLD_UP_SECONDS`] after each request of the
    /// caller, so that a thief who goes on writing cannot keep the removal stale for ever.
    #[must_use]
    pub fn turned_back(&self) -> &BTreeSet<KeyholderId> {
        &self.turned_back
    }

    /// With the knowledge to which spaces this invitation has admitted the caller: a device link that was taken up in time in
    /// the shared space may be taken up late in a private one beside it. In no other: whoever finds a link has its keys, and
    /// could let itself into a space of its own by them at any hour.
    #[must_use]
    pub fn admitted_elsewhere_by(mut self, invitation: KeyholderId, spaces: BTreeSet<SpaceId>) -> Self {
        self.admitted_elsewhere = Some((invitation, spaces));
        self
    }

    /// The next thing to do, until there is none.
    pub fn poll_output(&mut self) -> Option<RelayOutput> {
        self.outputs.pop_front()
    }

    /// Takes an input. An input that does not answer the last output is ignored.
    ///
    /// # Errors
    /// Why the request is not answered; the machine is done then.
    pub fn handle(&mut self, input: RelayInput) -> Result<(), RelayRefusal> {
        match (input, std::mem::replace(&mut self.stage, Stage::Idle)) {
            (RelayInput::Received(request), Stage::Idle) => self.receive(request),
            (RelayInput::Located(found), Stage::Locating { request, intake, taking, mut known, points }) => {
                known.extend(points.into_iter().zip(found).filter_map(|(point, tip)| Some((point, tip?))));
                self.store(request, intake, &taking, known);
                Ok(())
            }
            (RelayInput::Stored(clock), Stage::Storing { request, mut known, refused }) => {
                // What was a tip may be one no longer, but the caller may still name it.
                for (feed, tips) in std::mem::replace(&mut self.clock, clock) {
                    tips.into_iter().for_each(|tip| know(&mut known, feed, tip));
                }
                self.read(request, &known, refused);
                Ok(())
            }
            (RelayInput::Page { entries, more }, Stage::Reading { mut response }) => {
                let record_bytes = response.records.iter().map(Vec::len).sum();
                let (entries, is_cut) = entries_page(&self.chain, entries, record_bytes);
                response.entries = entries;
                response.more |= more || is_cut;
                self.outputs.push_back(RelayOutput::Respond(response));
                Ok(())
            }
            (_, stage) => {
                self.stage = stage;
                Ok(())
            }
        }
    }

    fn receive(&mut self, request: Request) -> Result<(), RelayRefusal> {
        let stored = self.chain.clone();
        let mut taking = Taking { expected: ChainMark::of(&stored), kept_len: stored.len() };
        let was_member = stored.member(&self.caller).is_some();
        if self.held_up.contains(&self.caller) && !request.records.is_empty() {
            return Err(RelayRefusal::Retry);
        }
        let records = match extend_chain(&mut self.chain, &request.records) {
            Ok(records) => self.without_stale_removal(&stored, records, &request),
            // Whoever never was a keyholder learns nothing about the space, not even what is wrong with these records.
            Err(_) if stored.keyholder(&self.caller).is_none() => return Err(RelayRefusal::NotFound),
            Err(error) => return Err(RelayRefusal::Record(error)),
        };
        let records = match self.brought_branch(&request) {
            Some(branch) => {
                taking.kept_len = self.judge_branch(branch)?;
                self.chain.records().iter().skip(taking.kept_len as usize).cloned().collect()
            }
            None => records,
        };
        let is_member = self.chain.member(&self.caller).is_some();
        if !is_member && !was_member {
            return Err(match stored.keyholder(&self.caller).and_then(|former| former.removed_at) {
                None => RelayRefusal::NotFound,
                Some(removed_at) => RelayRefusal::Removed(Box::new(removal(&stored, removed_at, &request.clock))),
            });
        }
        self.check_new_records(&stored, &records)?;
        // Who does not name a chain that I have in my line is answered with records alone: its feed numbers mean nothing here.
        let knows_head = self.chain.has_prefix(request.clock.chain_len, &request.clock.chain_head);
        let mut intake = if knows_head && self.caller_reads() {
            Intake::verify(&self.chain, &request.entries)
        } else {
            Intake::default()
        };
        intake.refuse(EntryRefusal::TooLarge, |entry| entry.sealed.len() > self.entry_bytes_max);
        intake.refuse(EntryRefusal::Retry, |entry| self.held_up.contains(&entry.feed));
        intake.refuse(EntryRefusal::UnknownKind, |entry| entry.critical && entry.kind != EntryKind::CHANGES);
        // The store need not be asked for what is a tip there, nor for what arrives only now.
        let mut known = BTreeMap::new();
        for (feed, tips) in &self.clock {
            tips.iter().for_each(|tip| know(&mut known, *feed, *tip));
        }
        let mut points = intake.questions(&self.chain);
        if knows_head {
            let foreign = foreign_tips(&self.chain, &self.clock, &request.clock);
            points.extend(foreign.into_iter().filter(|point| !intake.brings(point)));
            points.extend(locator::points(&self.chain, &request.locators));
        }
        let points: Vec<Point> = points.into_iter().filter(|point| !known.contains_key(point)).collect();
        if points.is_empty() {
            self.store(request, intake, &taking, known);
        } else {
            self.outputs.push_back(RelayOutput::Locate(points.clone()));
            self.stage = Stage::Locating { request, intake, taking, known, points };
        }
        Ok(())
    }

    /// Another branch of the chain, if the request brings one: whole, up to the head that it names. (A record of the caller's that
    /// came too late is none: the caller's own chain does not have it yet.)
    fn brought_branch(&self, request: &Request) -> Option<MembershipChain> {
        let SentClock { chain_len, chain_head, .. } = &request.clock;
        let is_whole = request.records.len() == *chain_len as usize && *chain_len > 0;
        if !is_whole || self.chain.has_prefix(*chain_len, chain_head) {
            return None;
        }
        let chain = MembershipChain::parse(request.records.iter().map(Vec::as_slice)).ok()?;
        let is_it = chain.has_prefix(*chain_len, chain_head) && chain.space() == self.chain.space();
        is_it.then_some(chain)
    }

    /// Follows another branch where mine gives way to it: how many of my records stand.
    fn judge_branch(&mut self, branch: MembershipChain) -> Result<u32, RelayRefusal> {
        let is_former = self.chain.keyholder(&self.caller).is_some_and(|caller| caller.removed_at.is_some());
        match which_stands(&self.chain, &branch) {
            Standing::Theirs if branch.member(&self.caller).is_some() => {
                let kept_len = self.chain.common_len(&branch);
                self.chain = branch;
                Ok(kept_len)
            }
            Standing::Neither if !is_former => Err(RelayRefusal::ChainsDiffer),
            // The answer tells the caller how my chain goes on.
            _ => Ok(self.chain.len()),
        }
    }

    /// A removal that its author proposes is taken only if its cut is what is here of the removed feeds: what a lost phone still
    /// brought must not be cut off unseen, and what the author alone holds is brought first, since a feed is not whole to anyone
    /// before all of its cut is there, and the author may be gone by then. One that comes as part of the caller's own chain stands
    /// already.
    fn without_stale_removal(
        &mut self,
        stored: &MembershipChain,
        records: Vec<Record>,
        request: &Request,
    ) -> Vec<Record> {
        let is_stale = |cut: &Cut| {
            let tips = self.clock.get(&cut.keyholder).into_iter().flatten();
            !tips.map(|tip| (tip.seq, tip.hash)).eq(cut.tips.iter().copied())
        };
        let stale = records.iter().any(|record| match record.body() {
            Body::Remove(remove) => record.index() >= request.clock.chain_len && remove.cuts.iter().any(is_stale),
            _ => false,
        });
        let records = if stale {
            self.chain = stored.clone();
            Vec::new()
        } else {
            records
        };
        if stored.member(&self.caller).is_some() {
            self.turned_back = self.proposed_removals(stored, request);
        }
        records
    }

    /// Whom the caller proposes to remove with a record that was not taken.
    fn proposed_removals(&self, stored: &MembershipChain, request: &Request) -> BTreeSet<KeyholderId> {
        let person = stored.member(&self.caller).map(|caller| caller.person);
        let proposed = request.records.iter().filter_map(|bytes| Record::parse(bytes).ok());
        let not_taken = proposed.filter(|record| {
            record.author() == self.caller && self.chain.hash_at(record.index()) != Some(record.hash())
        });
        let mut removed = BTreeSet::new();
        for record in not_taken {
            let Body::Remove(remove) = record.body() else { continue };
            let own =
                |id: &KeyholderId| stored.member(id).map(|keyholder| keyholder.person) == person && *id != self.caller;
            removed.extend(remove.cuts.iter().map(|cut| cut.keyholder).filter(own));
        }
        removed
    }

    /// What a relay looks at beyond the chain's own rules: it takes no record that it would not understand, and no invitation
    /// past its hour, if its own chain already held that invitation open; unless the caller is a device of the inviting
    /// person that was in before it, or the one that the same invitation admitted to the shared space beside this one.
    fn check_new_records(&self, stored: &MembershipChain, records: &[Record]) -> Result<(), RelayRefusal> {
        for record in records {
            match record.body() {
                Body::Unknown { critical: true, .. } => return Err(RelayRefusal::RelayTooOld),
                Body::Accept(_) => {
                    let Some(invitation) = stored.member(&record.author()) else { continue };
                    let is_late = invitation.expires.is_some_and(|expires| expires < self.now);
                    if is_late && !self.is_inviter(stored, invitation) && !self.is_admitted_beside(invitation) {
                        return Err(RelayRefusal::InvitationExpired(invitation.id));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn is_inviter(&self, stored: &MembershipChain, invitation: &Keyholder) -> bool {
        stored.member(&self.caller).is_some_and(|caller| {
            caller.kind == KeyholderKind::Device
                && caller.person == invitation.person
                && caller.added_at < invitation.added_at
        })
    }

    fn is_admitted_beside(&self, invitation: &Keyholder) -> bool {
        let Some((by, spaces)) = &self.admitted_elsewhere else { return false };
        matches!(self.chain.kind(), SpaceKind::Private { of } if spaces.contains(&of)) && *by == invitation.id
    }

    fn store(&mut self, request: Request, intake: Intake, taking: &Taking, mut known: BTreeMap<Point, Tip>) {
        let (mut entries, mut refused) = intake.settle(&self.chain, &self.clock, &known);
        let over = entries.split_off(self.fitting(taking.kept_len, &entries));
        refused.extend(over.iter().map(|entry| (entry.hash, EntryRefusal::Quota)));
        for entry in &entries {
            know(&mut known, entry.feed, entry.tip());
        }
        let append = match taking.kept_len == taking.expected.len {
            true => Append::new(taking.expected, self.chain.clone(), entries),
            false => Append::branch(taking.expected, taking.kept_len, self.chain.clone()),
        };
        if append.is_empty() {
            self.read(request, &known, refused);
        } else {
            self.outputs.push_back(RelayOutput::Store(Box::new(append)));
            self.stage = Stage::Storing { request, known, refused };
        }
    }

    /// How many of these entries the quota lets in. Nothing after the first that does not fit goes in: it may follow that one.
    fn fitting(&self, kept_len: u32, entries: &[VerifiedEntry]) -> usize {
        let records = self.chain.records().iter().skip(kept_len as usize);
        let mut bytes: u64 = records.map(|record| record.bytes().len() as u64).sum();
        let fits = entries.iter().take_while(|entry| {
            bytes = bytes.saturating_add(entry.sealed.len() as u64);
            bytes <= self.room
        });
        fits.count()
    }

    fn read(&mut self, request: Request, known: &BTreeMap<Point, Tip>, refused: Vec<(Hash, EntryRefusal)>) {
        let mut plan = reconcile(&self.chain, &self.clock, &request.clock, &|point: &Point| known.get(point).copied());
        let whole = uses_whole_hashes(&request.clock) || !self.turned_back.is_empty();
        let mut response = self.response(&request.clock, whole);
        response.refused = refused;
        // One who names a head that is not in my chain is ahead of me, or on another branch. My head tells it which.
        let knows_head =
            request.clock.chain_len == 0 || self.chain.has_prefix(request.clock.chain_len, &request.clock.chain_head);
        if let Some(from) = plan.records_from {
            response.records = records_page(&self.chain, from);
            response.more = (from as usize + response.records.len()) < self.chain.len() as usize;
        }
        let device = self.caller_reads();
        if knows_head && device {
            locator::widen(&mut plan, &self.chain, &request.locators, known);
            response.unknown = self.unknown_tips(&request, known);
        }
        let record_bytes: usize = response.records.iter().map(Vec::len).sum();
        if plan.send.is_empty() || !device || response.more {
            response.more |= device && !plan.send.is_empty();
            self.outputs.push_back(RelayOutput::Respond(Box::new(response)));
        } else {
            let budget = PAGE_BYTES.saturating_sub(record_bytes);
            self.outputs.push_back(RelayOutput::Read { ranges: plan.send, budget });
            self.stage = Stage::Reading { response: Box::new(response) };
        }
    }

    fn unknown_tips(&self, request: &Request, known: &BTreeMap<Point, Tip>) -> Vec<(u32, SentTip)> {
        let mut points = foreign_tips(&self.chain, &self.clock, &request.clock);
        points.extend(locator::points(&self.chain, &request.locators));
        points
            .into_iter()
            .filter(|point| !known.contains_key(point))
            .filter_map(|point| Some((self.chain.keyholder(&point.feed)?.number, point.tip)))
            .collect()
    }

    /// Entries are for devices alone: nobody reads with a found link or phrase without first leaving a record.
    fn caller_reads(&self) -> bool {
        self.chain.member(&self.caller).is_some_and(|caller| caller.kind == KeyholderKind::Device)
    }

    fn response(&self, asked: &SentClock, whole: bool) -> Response {
        let hidden = Clock::new();
        let clock = SentClock::of(&self.chain, if self.caller_reads() { &self.clock } else { &hidden }, whole);
        let is_same = clock == *asked;
        Response::holding((!is_same).then_some(clock))
    }
}

/// What a former keyholder is told: the chain up to the record that removed it, and nothing of what came later.
fn removal(chain: &MembershipChain, removed_at: u32, theirs: &SentClock) -> Response {
    let from = if chain.has_prefix(theirs.chain_len, &theirs.chain_head) { theirs.chain_len } else { 0 };
    let len = removed_at + 1;
    let mut records = records_page(chain, from);
    records.truncate(len.saturating_sub(from) as usize);
    let more = (from as usize + records.len()) < len as usize;
    let clock =
        SentClock { chain_len: len, chain_head: chain.hash_at(removed_at).unwrap_or(Hash::ZERO), ..SentClock::empty() };
    Response { records, more, ..Response::holding(clock) }
}

fn uses_whole_hashes(clock: &SentClock) -> bool {
    clock.lines.iter().flatten().flat_map(|line| &line.tips).any(|tip| matches!(tip.hash, TipHash::Whole(_)))
}

/// Whether a keyholder is told when something comes: devices alone. To an invitation or a phrase the relay serves the chain, and
/// when a couple writes is none of their business.
#[must_use]
pub fn may_hear(chain: &MembershipChain, caller: &KeyholderId) -> bool {
    chain.member(caller).is_some_and(|member| member.kind == KeyholderKind::Device)
}

/// Whether a private space's chain may be taken without a registration: its founder, the caller, is a device of the shared
/// space that it names. (One for each person: that the relay's store must see to.)
#[must_use]
pub fn may_found_private(shared: &MembershipChain, private: &MembershipChain, caller: &KeyholderId) -> bool {
    let founder = &private.keyholders()[0];
    private.kind() == SpaceKind::Private { of: shared.space() }
        && private.member(caller).is_some_and(|member| member.kind == KeyholderKind::Device)
        && shared
            .member(caller)
            .is_some_and(|member| member.kind == KeyholderKind::Device && member.person == founder.person)
}
