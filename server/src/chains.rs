//! Which chains were verified already? Chains change a few times a month, and every request is judged by one.
//!
//! A cache and nothing more: whatever the store says about where a chain stands is what counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entwine_core::id::SpaceId;
use entwine_core::membership::MembershipChain;
use entwine_core::sync::ChainMark;
use tokio::task::spawn_blocking;

use crate::error::ApiError;
use crate::session;
use crate::store::{SpaceState, Store};

/// Bytes of records that are kept verified. A chain takes about three times its bytes in memory.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Chains that were verified, by their spaces.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    chains: BTreeMap<SpaceId, Arc<MembershipChain>>,
    bytes: usize,
}

impl Chains {
    /// A space as it is now, with its chain.
    ///
    /// # Errors
    /// Faults of the store, and a chain in it that is not valid.
    pub(crate) async fn load(
        &self,
        store: &dyn Store,
        space: SpaceId,
    ) -> Result<Option<(Arc<MembershipChain>, SpaceState)>, ApiError> {
        let known = self.lock().chains.get(&space).cloned();
        let mark = known.as_ref().map(|chain| ChainMark::of(chain));
        let Some(mut state) = store.load(space, mark).await? else { return Ok(None) };
        let chain = match (known, state.records.take()) {
            (Some(known), None) => known,
            (_, records) => {
                // Checking signatures takes a while: where that holds up nobody else.
                let parsed = spawn_blocking(move || session::parse(&records.unwrap_or_default()));
                let parsed = parsed.await.map_err(|error| ApiError::Internal(Box::new(error)))?;
                let chain = Arc::new(parsed.map_err(|_| session::fault("a chain that is not valid"))?);
                self.lock().keep(Arc::clone(&chain));
                chain
            }
        };
        Ok(Some((chain, state)))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, chain: Arc<MembershipChain>) {
        let bytes = bytes_of(&chain);
        if self.bytes + bytes > BYTES_MAX {
            // All of them are a request away: simpler than to know which was used last.
            self.chains.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        if let Some(older) = self.chains.insert(chain.space(), chain) {
            self.bytes = self.bytes.saturating_sub(bytes_of(&older));
        }
    }
}

fn bytes_of(chain: &MembershipChain) -> usize {
    chain.records().iter().map(|record| record.bytes().len()).sum()
}
