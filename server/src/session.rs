//! How is one request carried out? Drives core's relay machine: what it wants done is done with the store, until it answers.
//!
//! Nothing is decided here that core does not decide.

use std::collections::BTreeSet;
use std::sync::Arc;

use entwine_core::feed::{Clock, Tip};
use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::membership::{ChainError, Keyholder, MembershipChain, Record};
use entwine_core::sync::{Append, RelayExchange, RelayInput, RelayOutput, RelayRefusal};
use entwine_core::time::Timestamp;
use entwine_core::wire::codec::to_bytes;
use entwine_core::wire::message::{Request, Response};
use tokio::task::spawn_blocking;

use crate::error::ApiError;
use crate::gate::Gate;
use crate::hub::LineId;
use crate::store::{self, Appended, KeyholderLine, NewRecord, SpaceState, StoreError};

/// How often a request is judged anew because others appended to the chain meanwhile. Chains grow by a few records a month.
const ATTEMPTS_MAX: u32 = 8;

/// Entries whose signatures are checked where the request is read: 45 µs each, less than the way to another thread and back.
const ENTRIES_AT_ONCE: usize = 2;

/// What a request is judged by beside the space itself.
#[derive(Debug, Clone)]
struct Known {
    /// The spaces to which an invitation has admitted the caller.
    admitted: Option<(KeyholderId, BTreeSet<SpaceId>)>,
    /// Who is being removed at this moment.
    held_up: BTreeSet<KeyholderId>,
}

/// One request of an authenticated caller, and what it is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    /// Who asks.
    pub(crate) caller: KeyholderId,
    /// The relay's time.
    pub(crate) now: Timestamp,
    /// The space.
    pub(crate) space: SpaceId,
    /// Bytes that it may take.
    pub(crate) space_bytes_max: u64,
    /// The live connection that the request came by: it need not be told of what it brought.
    pub(crate) line: Option<LineId>,
}

impl Session {
    /// Carries the request out.
    ///
    /// # Errors
    /// Why it is not answered.
    pub(crate) async fn exchange(self, gate: &Gate, request: Request) -> Result<Response, ApiError> {
        let store = gate.store();
        let known = Known { admitted: None, held_up: gate.removals().held_up(self.space, self.caller, self.now) };
        for _ in 0..ATTEMPTS_MAX {
            let state = gate.load(self.space).await?.ok_or(ApiError::NotFound)?;
            let mut attempted = self.attempt(gate, known.clone(), state.clone(), request.clone()).await;
            if let Err(Judged::Late(invitation)) = attempted {
                let admitted = store.admitted_by(invitation, self.caller).await?.into_iter().collect();
                let known = Known { admitted: Some((invitation, admitted)), ..known.clone() };
                attempted = self.attempt(gate, known, state, request.clone()).await;
            }
            if let Some(response) = attempted? {
                return Ok(response);
            }
        }
        Err(ApiError::Busy)
    }

    /// One attempt; none where the chain moved under it.
    async fn attempt(
        self,
        gate: &Gate,
        known: Known,
        state: (Arc<MembershipChain>, SpaceState),
        request: Request,
    ) -> Result<Option<Response>, Judged> {
        let Self { space, now, .. } = self;
        let store = gate.store();
        let mut machine = self.begin(known, state, request).await?;
        gate.removals().turned_back(space, self.caller, machine.turned_back(), now);
        while let Some(output) = machine.poll_output() {
            let input = match output {
                RelayOutput::Locate(points) => RelayInput::Located(store.locate(space, points).await?),
                RelayOutput::Store(append) => {
                    let news = News::of(&append);
                    match store.append(to_store(space, now, *append)).await? {
                        Appended::Moved => return Ok(None),
                        Appended::Done { tips } => {
                            news.tell(gate, self);
                            RelayInput::Stored(clock(tips))
                        }
                    }
                }
                RelayOutput::Read { ranges, budget } => {
                    let (entries, more) = store.read(space, ranges, budget).await?;
                    RelayInput::Page { entries, more }
                }
                RelayOutput::Respond(response) => return Ok(Some(*response)),
            };
            machine.handle(input)?;
        }
        Err(fault("the machine ended without an answer").into())
    }

    /// Checks the request's signatures: many of them take a while, where that holds up nobody else.
    async fn begin(
        self,
        known: Known,
        (chain, state): (Arc<MembershipChain>, SpaceState),
        request: Request,
    ) -> Result<RelayExchange, Judged> {
        let is_short = request.records.is_empty() && request.entries.len() <= ENTRIES_AT_ONCE;
        let judge = move || {
            let chain = MembershipChain::clone(&chain);
            let room = self.space_bytes_max.saturating_sub(state.bytes);
            let machine = RelayExchange::new(self.caller, self.now, chain, clock(state.tips));
            let mut machine = machine.with_room(room).holding_up(known.held_up);
            #[cfg(feature = "test-switches")]
            if let Some(bytes) = entry_bytes_max() {
                machine = machine.with_entry_bytes_max(bytes);
            }
            if let Some((invitation, spaces)) = known.admitted {
                machine = machine.admitted_elsewhere_by(invitation, spaces);
            }
            machine.handle(RelayInput::Received(request))?;
            Ok(machine)
        };
        if is_short {
            return judge();
        }
        spawn_blocking(judge).await.map_err(|error| ApiError::Internal(Box::new(error)))?
    }
}

/// `ENTWINE_TEST_ENTRY_BYTES_MAX`: a relay that takes smaller entries only than the phones seal.
#[cfg(feature = "test-switches")]
fn entry_bytes_max() -> Option<usize> {
    std::env::var("ENTWINE_TEST_ENTRY_BYTES_MAX").ok()?.parse().ok()
}

/// What others have to hear of once it is durable.
struct News {
    is_any: bool,
    removed: BTreeSet<KeyholderId>,
}

impl News {
    fn of(append: &Append) -> Self {
        let is_removed = |keyholder: &&Keyholder| keyholder.removed_at.is_some_and(|at| at >= append.kept_len);
        let removed = append.chain.keyholders().iter().filter(is_removed).map(|keyholder| keyholder.id).collect();
        Self { is_any: !append.records.is_empty() || !append.entries.is_empty(), removed }
    }

    fn tell(&self, gate: &Gate, session: Session) {
        if !self.removed.is_empty() {
            gate.hub().removed(session.space, &self.removed);
        }
        if self.is_any {
            gate.hub().moved(session.space, session.line);
        }
    }
}

/// Why an attempt came to nothing.
enum Judged {
    /// An invitation's hour is over here; it may have been taken up in time in another space.
    Late(KeyholderId),
    Failed(ApiError),
}

impl From<ApiError> for Judged {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Judged {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<RelayRefusal> for Judged {
    fn from(refused: RelayRefusal) -> Self {
        match refused {
            RelayRefusal::InvitationExpired(invitation) => Self::Late(invitation),
            other => Self::Failed(refusal(other)),
        }
    }
}

impl From<Judged> for ApiError {
    fn from(judged: Judged) -> Self {
        match judged {
            Judged::Late(invitation) => refusal(RelayRefusal::InvitationExpired(invitation)),
            Judged::Failed(error) => error,
        }
    }
}

/// A chain from its records, as received.
///
/// # Errors
/// The first record that is not the next.
pub(crate) fn parse(records: &[Vec<u8>]) -> Result<MembershipChain, ChainError> {
    MembershipChain::parse(records.iter().map(Vec::as_slice))
}

fn clock(tips: Vec<(KeyholderId, Tip)>) -> Clock {
    let mut clock = Clock::new();
    for (feed, tip) in tips {
        clock.entry(feed).or_default().insert(tip);
    }
    clock
}

fn to_store(space: SpaceId, now: Timestamp, append: Append) -> store::Append {
    let takes_branch = append.takes_branch();
    let Append { expected, kept_len, chain, records, entries, cuts } = append;
    let is_touched = |keyholder: &&Keyholder| {
        takes_branch
            || keyholder.added_at >= kept_len
            || keyholder.removed_at.is_some_and(|removed| removed >= kept_len)
    };
    store::Append {
        space,
        seen: expected,
        kept: kept_len,
        records: records.iter().map(new_record).collect(),
        keyholders: chain.keyholders().iter().filter(is_touched).map(keyholder_line).collect(),
        entries: entries.into_iter().map(entwine_core::feed::VerifiedEntry::into_stored).collect(),
        cuts: cuts.into_iter().collect(),
        now,
    }
}

/// A record as the store takes it.
pub(crate) fn new_record(record: &Record) -> NewRecord {
    NewRecord { hash: record.hash(), bytes: record.bytes().to_vec() }
}

/// A keyholder as the store takes it.
pub(crate) fn keyholder_line(keyholder: &Keyholder) -> KeyholderLine {
    KeyholderLine {
        keys: keyholder.keys,
        kind: keyholder.kind,
        person: keyholder.person,
        added_at: keyholder.added_at,
        removed_at: keyholder.removed_at,
    }
}

fn refusal(refusal: RelayRefusal) -> ApiError {
    match refusal {
        RelayRefusal::NotFound => ApiError::NotFound,
        RelayRefusal::Removed(response) => ApiError::Removed { response: to_bytes(&*response) },
        RelayRefusal::Retry => ApiError::Busy,
        RelayRefusal::ChainsDiffer => ApiError::ChainsDiffer,
        RelayRefusal::Record(error) => ApiError::Refused { reason: error.to_string() },
        RelayRefusal::InvitationExpired(_) | RelayRefusal::RelayTooOld => {
            ApiError::Refused { reason: refusal.to_string() }
        }
    }
}

pub(crate) fn fault(what: &'static str) -> ApiError {
    ApiError::Internal(Box::new(StoreError::Damaged(what)))
}
