//! The one loop: runs core's exchange of one space, and performs what it wants done.
//!
//! ```text
//! DeviceExchange ─► Send ────────────────────────► transport ─► Received
//!                ─► Locate, Trace, Store, … ─────► storage   ─► Located, Traced, Stored, …
//!                ─► Learned ─────────────────────► what is to be appended to the chain ─► Propose
//!                ─► Done
//! ```
//!
//! The store is the state: where another process moved it meanwhile, the machine is thrown away and built anew from it.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use entwine_core::feed::{Clock, RefusalClass};
use entwine_core::id::{Hash, KeyholderId, SpaceId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::membership::{ChainError, KeyRing, MembershipChain, Record, Standing, which_stands};
use entwine_core::registration::RegistrationToken;
use entwine_core::sync::device::Stopped;
use entwine_core::sync::exchange::extend_chain;
use entwine_core::sync::{Append, ChainMark, DeviceExchange, DeviceInput, DeviceOutput, Outcome};
use entwine_core::time::Timestamp;
use entwine_core::wire::message::{CreateRequest, Request, Response};

use crate::status::{Ended, Reason};
use crate::storage::{Step, Storage, StorageError};
use crate::transport::Carrier;
use crate::transport::once::{Relay, RelayError};
use crate::{fault, random};

/// How often an exchange begins anew before it is given up: each time another process or device was quicker, or the relay had
/// to be given the chain first.
const RESTARTS_MAX: u32 = 24;
/// How often one message is sent before the relay counts as out of reach.
const ATTEMPTS_MAX: u32 = 5;
/// How often a relay that does not know the space is given it in one exchange: once, and once more should it be emptied meanwhile.
const FOUNDED_MAX: u32 = 2;
/// The pause before the second attempt; it doubles, and each is spread by up to its own length.
const FIRST_PAUSE_MILLIS: u64 = 200;

/// What is to be appended to the chain beside what it needs by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// An invitation, with its end.
    pub(crate) invite: Option<(InvitationKind, SecretKeys, Timestamp)>,
    /// A recovery phrase.
    pub(crate) phrase: Option<SecretKeys>,
    /// Keyholders of one's own to remove.
    pub(crate) remove: BTreeSet<KeyholderId>,
    /// To leave: to remove all of one's own, before anything is pulled.
    pub(crate) leave: bool,
    /// Expired device links that were taken up in the other space: they stay, so that their joiner can finish here.
    pub(crate) spare: BTreeSet<KeyholderId>,
}

/// One exchange of one space.
pub(crate) struct Driver<'c> {
    pub(crate) storage: &'c Storage,
    pub(crate) keys: &'c SecretKeys,
    pub(crate) relay: &'c Relay,
    /// By which messages go there.
    pub(crate) carrier: &'c dyn Carrier,
    /// Keys of the invitation by which this device is joining: they open the past until somebody has sealed it to the device.
    pub(crate) invitation: Option<&'c SecretKeys>,
    /// Registration tokens that may admit the space to a relay that lost it, the likeliest first.
    pub(crate) tokens: &'c [RegistrationToken],
    pub(crate) wanted: Wanted,
}

/// Why an exchange is over before its end.
enum Interrupted {
    /// Begin anew from the store.
    Restart,
    /// The same, after a pause: the relay asks for it.
    Later,
    /// The same: the relay was given the whole chain, since its own gives way.
    Brought,
    /// The same: the relay was given the whole chain, since it did not know the space.
    Founded,
    /// For this reason.
    Ended(Ended),
    Storage(StorageError),
    /// What was wanted is against the rules.
    NotAllowed(ChainError),
}

impl From<StorageError> for Interrupted {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// What an exchange fails with, beside the reasons that a status knows.
pub(crate) enum DriverError {
    Storage(StorageError),
    NotAllowed(ChainError),
}

impl Driver<'_> {
    /// Runs the exchange to its end.
    pub(crate) async fn run(&self, space: &SpaceId) -> Result<Ended, DriverError> {
        let mut pause = first_pause_millis();
        let mut pauses = 0;
        let mut is_brought = false;
        let mut founded = 0;
        for _ in 0..RESTARTS_MAX {
            match self.run_once(space).await {
                Ok(ended) | Err(Interrupted::Ended(ended)) => return Ok(ended),
                Err(Interrupted::Restart) => {}
                Err(Interrupted::Brought) if is_brought => {
                    let message = "the relay takes this device's chain, and follows another";
                    return Ok(Ended::because(Reason::RelayBehind, message));
                }
                Err(Interrupted::Brought) => is_brought = true,
                Err(Interrupted::Founded) if founded == FOUNDED_MAX => {
                    let message = "the relay takes this space, and does not know it afterwards";
                    return Ok(Ended::because(Reason::RelayBehind, message));
                }
                Err(Interrupted::Founded) => founded += 1,
                Err(Interrupted::Later) => {
                    pauses += 1;
                    if pauses == ATTEMPTS_MAX {
                        return Ok(Ended::because(
                            Reason::Refused,
                            "the relay takes nothing from this device at the moment",
                        ));
                    }
                    tokio::time::sleep(Duration::from_millis(pause + random::below(pause))).await;
                    pause *= 2;
                }
                Err(Interrupted::Storage(error)) => return Err(DriverError::Storage(error)),
                Err(Interrupted::NotAllowed(error)) => return Err(DriverError::NotAllowed(error)),
            }
        }
        Ok(Ended::because(Reason::Offline, "others write so much that this exchange found no place: try again"))
    }

    async fn run_once(&self, space: &SpaceId) -> Result<Ended, Interrupted> {
        let (chain, clock) = self.storage.space_state(space).await?;
        let leaving = if self.wanted.leave { self.propose(&chain, &clock)? } else { Vec::new() };
        let mut machine = DeviceExchange::new(self.keys.id(), chain, clock).bringing(leaving);
        let mut key_missing = false;
        machine.handle(DeviceInput::Start);
        while let Some(output) = machine.poll_output() {
            let input = match output {
                DeviceOutput::Send(request) => DeviceInput::Received(Box::new(self.send(space, &request).await?)),
                DeviceOutput::Locate(points) => DeviceInput::Located(self.storage.locate(space, &points).await?),
                DeviceOutput::Trace(traces) => DeviceInput::Traced(self.storage.trace(space, &traces).await?),
                DeviceOutput::Store(append) => {
                    DeviceInput::Stored(done(self.storage.append(&append, &|chain| self.ring(chain)).await?)?)
                }
                DeviceOutput::BringChain => {
                    self.bring_chain(space).await?;
                    return Err(Interrupted::Brought);
                }
                DeviceOutput::Learned(chain) => {
                    let clock = self.storage.clock(space).await?;
                    DeviceInput::Propose(self.propose(&chain, &clock)?)
                }
                DeviceOutput::Seal(chain) => {
                    let ring = self.ring(&chain);
                    let sealing = done(self.storage.seal_pending(self.keys, &chain, &ring).await?)?;
                    fault::point("sync:after-sealed");
                    key_missing = sealing.key_missing;
                    DeviceInput::Sealed(sealing.clock)
                }
                DeviceOutput::Read { ranges, budget } => {
                    let (entries, more) = self.storage.read(space, &ranges, budget).await?;
                    DeviceInput::Page { entries, more }
                }
                DeviceOutput::Done(outcome) => return self.finish(space, *outcome, key_missing).await,
            };
            machine.handle(input);
        }
        Ok(Ended::because(Reason::Offline, "the exchange ended early: try again"))
    }

    async fn finish(&self, space: &SpaceId, outcome: Outcome, key_missing: bool) -> Result<Ended, Interrupted> {
        let set_aside = outcome.refused.iter().filter(|(_, refusal)| refusal.class() == RefusalClass::SetAside);
        let set_aside: Vec<Hash> = set_aside.map(|(hash, _)| *hash).collect();
        let is_removed = outcome.reason == Some(Stopped::Removed);
        if !is_removed && self.storage.take_back(space, &self.keys.id(), &set_aside, &|chain| self.ring(chain)).await? {
            fault::point("sync:after-taken-back");
            return Err(Interrupted::Restart);
        }
        self.storage.set_relay_clock(space, &outcome.relay).await?;
        let mut ended = match &outcome.reason {
            None if key_missing => Ended::because(Reason::KeyMissing, "the key to write with is not here yet"),
            None => Ended::well(),
            Some(Stopped::Refused(refusal)) if refusal.class() == RefusalClass::Retry => {
                return Err(Interrupted::Later);
            }
            Some(Stopped::Removed) => self.gone(&self.storage.chain(space).await?),
            Some(stopped) => {
                let reason = match stopped {
                    Stopped::Refused(_) => Reason::Refused,
                    Stopped::BadRecord(_) | Stopped::BadEntry(_) | Stopped::NoProgress => Reason::RelayBehind,
                    Stopped::ChainsDiffer => Reason::ChainsDiffer,
                    Stopped::AppTooOld => Reason::AppTooOld,
                    Stopped::Removed => Reason::Removed,
                };
                Ended::because(reason, stopped.to_string())
            }
        };
        ended.waiting_down = outcome.waiting_down;
        Ok(ended)
    }

    /// Sends a message, again where that may help; where the relay does not know the space, gives it the chain first.
    async fn send(&self, space: &SpaceId, request: &Request) -> Result<Response, Interrupted> {
        let answer = attempt(|| self.carrier.exchange(self.keys, space, request)).await;
        fault::point("sync:after-sent");
        match answer {
            Ok(response) => Ok(response),
            Err(RelayError::Unknown) => {
                self.bring_chain(space).await?;
                Err(Interrupted::Founded)
            }
            Err(RelayError::Removed(response)) => Err(Interrupted::Ended(self.removed(space, &response).await?)),
            Err(error) => Err(Interrupted::Ended(ended_by(&error))),
        }
    }

    /// Gives the relay the whole chain, with the first registration token that it takes, or none where none is needed.
    async fn bring_chain(&self, space: &SpaceId) -> Result<(), Interrupted> {
        let chain = self.storage.chain(space).await?;
        let records: Vec<Vec<u8>> = chain.records().iter().map(|record| record.bytes().to_vec()).collect();
        let origin = self.relay.address().to_string();
        let proofs = self.tokens.iter().map(|token| Some(Hash::from_bytes(token.digest().prove(&origin, space))));
        let proofs: Vec<Option<Hash>> = std::iter::once(None).chain(proofs).collect();
        let mut needed = None;
        for proof in proofs {
            let request = CreateRequest { proof, records: records.clone() };
            match attempt(|| self.relay.create(self.keys, &request)).await {
                Ok(()) => return Ok(()),
                Err(RelayError::RegistrationNeeded(message)) => needed = Some(message),
                Err(RelayError::Removed(response)) => {
                    return Err(Interrupted::Ended(self.removed(space, &response).await?));
                }
                Err(RelayError::Unknown) => {
                    let message = "the relay does not let this device in: it does not find it in the chain it holds";
                    return Err(Interrupted::Ended(Ended::because(Reason::Refused, message)));
                }
                Err(error) => return Err(Interrupted::Ended(ended_by(&error))),
            }
        }
        let message = needed.unwrap_or_else(|| "the relay wants a registration token".to_owned());
        Err(Interrupted::Ended(Ended::because(Reason::RegistrationNeeded, message)))
    }

    /// A relay's word alone removes nobody: only records that say so, and that follow the chain or stand on a branch to which it
    /// gives way. They are kept.
    async fn removed(&self, space: &SpaceId, response: &Response) -> Result<Ended, StorageError> {
        let chain = self.storage.chain(space).await?;
        let expected = ChainMark::of(&chain);
        let unproved = || {
            let message = "the relay says that this device was removed, and shows no record of it";
            Ok(Ended::because(Reason::Refused, message))
        };
        let mut longer = chain.clone();
        let append = match extend_chain(&mut longer, &response.records) {
            Ok(_) if longer.member(&self.keys.id()).is_none() => Append::new(expected, longer, Vec::new()),
            _ => match MembershipChain::parse(response.records.iter().map(Vec::as_slice)) {
                Ok(other) if other.space() == *space && other.member(&self.keys.id()).is_none() => {
                    if which_stands(&chain, &other) != Standing::Theirs {
                        return Ok(Ended::because(Reason::ChainsDiffer, Stopped::ChainsDiffer.to_string()));
                    }
                    Append::branch(expected, chain.common_len(&other), other)
                }
                _ => return unproved(),
            },
        };
        let ended = self.gone(&append.chain);
        // Where another process was quicker, it kept the same.
        _ = self.storage.append(&append, &|chain| self.ring(chain)).await?;
        Ok(ended)
    }

    /// Who is a keyholder no more was removed by another device of the same person, or left with all of them.
    fn gone(&self, chain: &MembershipChain) -> Ended {
        match gone_from(chain, &self.keys.id()) {
            Some(Reason::Left) => Ended::because(Reason::Left, "this person left the space"),
            _ => Ended::because(Reason::Removed, "this device was removed from the space"),
        }
    }

    /// Everything that a key of this device opens, or the key of the invitation that it is joining by.
    fn ring(&self, chain: &MembershipChain) -> KeyRing {
        let own = KeyRing::derive(chain, self.keys);
        let by_invitation = self.invitation.map(|keys| KeyRing::derive(chain, keys)).unwrap_or_default();
        if own.len() < by_invitation.len() { by_invitation } else { own }
    }

    /// The records that the chain needs now: expired invitations of one's own end before anything else, then what was wanted,
    /// and a new epoch wherever none is open. Where feeds end with it, they end where this store's `clock` says.
    fn propose(&self, learned: &MembershipChain, clock: &Clock) -> Result<Vec<Record>, Interrupted> {
        let Some(me) = learned.member(&self.keys.id()) else { return Ok(Vec::new()) };
        let mut chain = learned.clone();
        let mut records = Vec::new();
        let now = self.relay.now();
        let ending: Vec<KeyholderId> = learned
            .current_of(&me.person)
            .filter(|keyholder| {
                let is_over = keyholder.expires.is_some_and(|expires| expires < now);
                let is_wanted = self.wanted.leave || self.wanted.remove.contains(&keyholder.id);
                is_wanted || (is_over && !self.wanted.spare.contains(&keyholder.id))
            })
            .map(|keyholder| keyholder.id)
            .collect();
        let ring = self.ring(learned);
        let mut push = |chain: &mut MembershipChain, record: Result<Record, ChainError>| {
            let record = record.map_err(Interrupted::NotAllowed)?;
            records.push(record.clone());
            chain.append_record(record).map(|_| ()).map_err(Interrupted::NotAllowed)
        };
        if !ending.is_empty() {
            let removal = chain.remove(self.keys, ending, clock);
            push(&mut chain, removal)?;
        }
        if chain.member(&self.keys.id()).is_none() {
            // Whoever leaves never picks the next key.
            return Ok(records);
        }
        if chain.open_epoch().is_none() {
            let opening = chain.rotate(&mut random::generator(), self.keys, &ring);
            push(&mut chain, opening)?;
        }
        if let Some((kind, invitation, expires)) = &self.wanted.invite
            && chain.keyholder(&invitation.id()).is_none()
        {
            let ring = self.ring(&chain);
            let addition = chain.invite(&mut random::generator(), self.keys, &ring, invitation, (*kind, *expires));
            push(&mut chain, addition)?;
        }
        if let Some(phrase) = &self.wanted.phrase
            && chain.keyholder(&phrase.id()).is_none()
        {
            let ring = self.ring(&chain);
            let addition = chain.add_phrase(&mut random::generator(), self.keys, &ring, phrase);
            push(&mut chain, addition)?;
        }
        Ok(records)
    }
}

/// Why a device is a keyholder no more; none if it is one.
pub(crate) fn gone_from(chain: &MembershipChain, device: &KeyholderId) -> Option<Reason> {
    let me = chain.keyholder(device).filter(|me| me.removed_at.is_some())?;
    Some(if chain.current_of(&me.person).next().is_none() { Reason::Left } else { Reason::Removed })
}

fn done<T>(step: Step<T>) -> Result<T, Interrupted> {
    match step {
        Step::Done(value) => Ok(value),
        Step::Moved => Err(Interrupted::Restart),
    }
}

/// Tries a request until it is answered for good. Every request can be repeated without harm. (Boxed: a future that holds a
/// closure with references is not known to be `Send` where it is spawned.)
pub(crate) fn attempt<'a, T: Send + 'a, F: Future<Output = Result<T, RelayError>> + Send + 'a>(
    mut request: impl FnMut() -> F + Send + 'a,
) -> Pin<Box<dyn Future<Output = Result<T, RelayError>> + Send + 'a>> {
    Box::pin(async move {
        let mut pause = first_pause_millis();
        for _ in 1..ATTEMPTS_MAX {
            match request().await {
                Err(RelayError::Busy(_)) => {}
                answer => return answer,
            }
            tokio::time::sleep(Duration::from_millis(pause + random::below(pause))).await;
            pause *= 2;
        }
        request().await
    })
}

/// `ENTWINE_TEST_FIRST_PAUSE`: milliseconds, where a test is in more of a hurry than a phone.
#[cfg(feature = "test-switches")]
fn first_pause_millis() -> u64 {
    let wanted = std::env::var("ENTWINE_TEST_FIRST_PAUSE").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or(FIRST_PAUSE_MILLIS)
}

#[cfg(not(feature = "test-switches"))]
fn first_pause_millis() -> u64 {
    FIRST_PAUSE_MILLIS
}

/// What a status says about a request that came to nothing.
pub(crate) fn ended_by(error: &RelayError) -> Ended {
    let reason = match error {
        RelayError::Offline(_) | RelayError::Busy(_) | RelayError::NotARelay(_) => Reason::Offline,
        RelayError::Removed(_) => Reason::Removed,
        RelayError::RegistrationNeeded(_) => Reason::RegistrationNeeded,
        RelayError::ChainsDiffer(_) => Reason::ChainsDiffer,
        RelayError::AppTooOld(_) => Reason::AppTooOld,
        RelayError::Unknown | RelayError::Refused(_) => Reason::Refused,
    };
    Ended::because(reason, error.to_string())
}
