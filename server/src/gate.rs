//! Who sent this request, and may it be worked on now? Tokens are checked here, and requests are counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpRequest;
use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::keyholder::PublicKeys;
use entwine_core::membership::{MembershipChain, Record};
use entwine_core::time::Timestamp;
use entwine_core::token::{SignedToken, TokenError};
use entwine_core::wire::live::LIVE_PATH;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::auth::{self, Audience, Caller};
use crate::chains::Chains;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::ApiError;
use crate::hub::Hub;
use crate::removals::Removals;
use crate::store::{SpaceState, Store};

/// Bodies longer than a sync message that are read at once: each may take 16 MiB of memory, and come from anybody.
const LONG_BODIES_MAX: usize = 4;

/// Stands before every route that takes a token.
pub(crate) struct Gate {
    store: Arc<dyn Store>,
    audience: Audience,
    clock: Clock,
    requests: Arc<Semaphore>,
    long_bodies: Arc<Semaphore>,
    per_keyholder_max: u32,
    per_keyholder: Arc<Mutex<BTreeMap<KeyholderId, u32>>>,
    removals: Removals,
    hub: Hub,
    chains: Chains,
    heartbeat: Duration,
    space_bytes_max: u64,
}

impl Gate {
    pub(crate) fn new(store: Arc<dyn Store>, config: &Config) -> Self {
        let requests_max = usize::try_from(config.limits.requests_max).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            store,
            audience: Audience::new(config.public_urls.clone()),
            clock: config.clock,
            requests: Arc::new(Semaphore::new(requests_max)),
            long_bodies: Arc::new(Semaphore::new(LONG_BODIES_MAX)),
            per_keyholder_max: config.limits.requests_per_keyholder_max,
            per_keyholder: Arc::default(),
            removals: Removals::default(),
            hub: Hub::new(config.limits.live_connections_max),
            chains: Chains::default(),
            heartbeat: config.limits.live_heartbeat,
            space_bytes_max: config.limits.space_bytes_max,
        }
    }

    /// Who is being removed at this moment.
    pub(crate) fn removals(&self) -> &Removals {
        &self.removals
    }

    /// Who is connected now.
    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Everything that the relay keeps.
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// A space as it is now, with its chain.
    ///
    /// # Errors
    /// Faults of the store, and a chain in it that is not valid.
    pub(crate) async fn load(&self, space: SpaceId) -> Result<Option<(Arc<MembershipChain>, SpaceState)>, ApiError> {
        self.chains.load(&*self.store, space).await
    }

    /// How often a live connection is asked whether it is there.
    pub(crate) fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    /// Bytes that one space may take.
    pub(crate) fn space_bytes_max(&self) -> u64 {
        self.space_bytes_max
    }

    /// The relay's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A place among the requests that are worked on at once, until it is dropped.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.requests).try_acquire_owned().map_err(|_| ApiError::Busy)
    }

    /// The same, for a body that is longer than a sync message.
    pub(crate) fn enter_long(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.long_bodies).try_acquire_owned().map_err(|_| ApiError::Busy)
    }

    /// The sender of a request whose keys some chain on this relay names; none where no chain does.
    ///
    /// # Errors
    /// A token that is not taken, and a sender with too many requests at once.
    pub(crate) async fn known_caller(&self, request: &HttpRequest) -> Result<Option<Admitted>, ApiError> {
        let token = auth::bearer(request)?;
        match self.store.keys_of(token.keyholder()).await? {
            Some(keys) => self.admit(request, &keys).map(Some),
            None => Ok(None),
        }
    }

    /// The sender of a request that itself brings the record which names it: a new device is known by nothing else. Its id is
    /// a hash over its keys, so no other keys can stand for it.
    ///
    /// # Errors
    /// As in [`Self::known_caller`], and [`TokenError::UnknownKeyholder`].
    pub(crate) fn brought_caller(&self, request: &HttpRequest, records: &[Vec<u8>]) -> Result<Admitted, ApiError> {
        let keyholder = auth::bearer(request)?.keyholder();
        let keys = records
            .iter()
            .filter_map(|bytes| Record::parse(bytes).ok()?.added_keys().copied())
            .find(|keys| keys.id() == keyholder)
            .ok_or(TokenError::UnknownKeyholder)?;
        self.admit(request, &keys)
    }

    /// Who opens a live connection, by the token in its first message.
    ///
    /// # Errors
    /// A token that is not taken, and a keyholder that no chain on this relay names.
    pub(crate) async fn live_caller(&self, token: &str) -> Result<Caller, ApiError> {
        let token = SignedToken::parse(token)?;
        let keys = self.store.keys_of(token.keyholder()).await?.ok_or(TokenError::UnknownKeyholder)?;
        auth::check(("GET", LIVE_PATH), &token, keys.signing(), &self.audience, self.now())
    }

    fn admit(&self, request: &HttpRequest, keys: &PublicKeys) -> Result<Admitted, ApiError> {
        let token = auth::bearer(request)?;
        let caller = auth::check(
            (request.method().as_str(), request.path()),
            &token,
            keys.signing(),
            &self.audience,
            self.now(),
        )?;
        // Counted after the check, or anybody could use up another's share.
        let mut counts = self.per_keyholder.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(caller.keyholder).or_insert(0);
        if *count >= self.per_keyholder_max {
            return Err(ApiError::Busy);
        }
        *count += 1;
        drop(counts);
        Ok(Admitted { caller, counts: Arc::clone(&self.per_keyholder) })
    }
}

/// A caller whose request is being worked on, until this is dropped.
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    counts: Arc<Mutex<BTreeMap<KeyholderId, u32>>>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.caller.keyholder) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.caller.keyholder);
            }
        }
    }
}
