//! Reading a chain by somebody else's keys: an invitation's or a recovery phrase's, which get records and nothing else.

use entwine_core::feed::Clock;
use entwine_core::feed::clock::SentClock;
use entwine_core::id::SpaceId;
use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::MembershipChain;
use entwine_core::sync::exchange::extend_chain;
use entwine_core::wire::message::{Request, Response};

use crate::driver::{attempt, ended_by};
use crate::error::Error;
use crate::status::{Ended, Reason};
use crate::transport::once::{Relay, RelayError};

/// How often the chain may move under whoever adds a record to it before that is given up.
pub(super) const TRIES_MAX: u32 = 8;

/// What a relay shows of a space.
pub(super) enum Shown {
    /// The chain, to a keyholder.
    Chain(MembershipChain),
    /// The chain up to the record by which these keys went, to a former one.
    Former(MembershipChain),
    /// Nothing: it knows neither the space nor the keys.
    Nothing,
    /// What is no chain, or another space's.
    Another,
}

/// Reads a whole chain, page by page, with these keys' token.
pub(super) async fn read_chain(space: &SpaceId, keys: &SecretKeys, relay: &Relay) -> Result<Shown, Error> {
    let mut chain: Option<MembershipChain> = None;
    loop {
        let request = match &chain {
            Some(chain) => bringing(chain, Vec::new()),
            None => Request::bringing(SentClock::empty(), Vec::new()),
        };
        let (response, is_removed) = match attempt(|| relay.sync(keys, space, &request)).await {
            Ok(response) => (response, false),
            Err(RelayError::Removed(response)) => (*response, true),
            Err(RelayError::Unknown) => return Ok(Shown::Nothing),
            Err(error) => return Err(unanswered(&error)),
        };
        let before = chain.as_ref().map_or(0, MembershipChain::len);
        let Some(read) = extended(chain.take(), &response) else { return Ok(Shown::Another) };
        // A page that brings nothing new is the last, whatever the relay says.
        if response.more && read.len() > before {
            chain = Some(read);
            continue;
        }
        return Ok(match (read.space() == *space, is_removed) {
            (false, _) => Shown::Another,
            (true, false) => Shown::Chain(read),
            (true, true) => Shown::Former(read),
        });
    }
}

/// What a page of records adds to what was read before it.
fn extended(chain: Option<MembershipChain>, response: &Response) -> Option<MembershipChain> {
    let mut chain = match chain {
        Some(chain) => chain,
        None => MembershipChain::found(response.records.first()?).ok()?,
    };
    extend_chain(&mut chain, &response.records).ok()?;
    Some(chain)
}

/// A request that names a chain, brings records, and holds no entry.
pub(super) fn bringing(chain: &MembershipChain, records: Vec<Vec<u8>>) -> Request {
    Request::bringing(SentClock::of(chain, &Clock::new(), false), records)
}

/// A request that came to nothing, as an error.
pub(super) fn unanswered(error: &RelayError) -> Error {
    ended_by(error).into_error()
}

/// That the relay names one space and shows another.
pub(super) fn shows_another() -> Error {
    Ended::because(Reason::RelayBehind, "the relay shows another space than the one that it names").into_error()
}

/// That the relay names a space and then does not know it.
pub(super) fn denies() -> Error {
    Ended::because(Reason::RelayBehind, "the relay names a space and then does not know it: try again").into_error()
}

/// That the chain moved again and again.
pub(super) fn overtaken() -> Error {
    Ended::because(Reason::Offline, "the space changes all the time: try again").into_error()
}
