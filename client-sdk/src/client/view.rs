//! A space, with everything that opens it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use entwine_core::id::{PersonId, SpaceId};
use entwine_core::membership::{KeyRing, MembershipChain};
use entwine_core::sync::ChainMark;

use super::{Client, Settings};
use crate::driver::gone_from;
use crate::error::Error;
use crate::status::Reason;
use crate::storage::SpaceLine;

/// A space with everything that opens it.
pub(crate) struct SpaceView {
    pub(crate) space: SpaceId,
    pub(crate) is_private: bool,
    pub(crate) chain: Arc<MembershipChain>,
    pub(crate) ring: Arc<KeyRing>,
    /// Why nothing more is written there; none while this device is a keyholder.
    pub(crate) gone: Option<Reason>,
}

/// A chain that was verified, with what it lets this device open.
#[derive(Debug, Clone)]
struct Verified {
    chain: Arc<MembershipChain>,
    ring: Arc<KeyRing>,
}

/// Chains that were verified. Each is good as long as the database names its head: the hash
/// of the last record stands for all of them. One for each space of the profile.
#[derive(Debug, Default)]
pub(super) struct VerifiedChains(Mutex<BTreeMap<SpaceId, Verified>>);

impl VerifiedChains {
    fn get(&self, line: &SpaceLine) -> Option<Verified> {
        let chains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        chains.get(&line.space).filter(|verified| ChainMark::of(&verified.chain) == line.mark).cloned()
    }

    fn keep(&self, space: SpaceId, verified: Verified) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(space, verified);
    }
}

impl Client {
    /// The spaces in use, the shared one first.
    pub(crate) async fn views(&self) -> Result<Vec<SpaceView>, Error> {
        self.views_of(self.storage.spaces().await?).await
    }

    /// The spaces that were left behind.
    pub(crate) async fn archive(&self) -> Result<Vec<SpaceView>, Error> {
        self.views_of(self.storage.archive().await?).await
    }

    async fn views_of(&self, lines: Vec<SpaceLine>) -> Result<Vec<SpaceView>, Error> {
        let mut views = Vec::new();
        let leaving = self.leaving().await?;
        for line in lines {
            let Verified { chain, ring } = self.verified(&line).await?;
            let settings: Settings = self.storage.settings_in(&line)?;
            let left = (leaving == Some(line.space) || settings.is_left_behind).then_some(Reason::Left);
            let gone = gone_from(&chain, &self.keys.id()).or(left);
            views.push(SpaceView { space: line.space, is_private: line.is_private, chain, ring, gone });
        }
        Ok(views)
    }

    async fn verified(&self, line: &SpaceLine) -> Result<Verified, Error> {
        if let Some(verified) = self.chains.get(line) {
            return Ok(verified);
        }
        let chain = self.storage.chain(&line.space).await?;
        let ring = Arc::new(KeyRing::derive(&chain, &self.keys));
        let verified = Verified { chain: Arc::new(chain), ring };
        self.chains.keep(line.space, verified.clone());
        Ok(verified)
    }

    /// The shared or the private space.
    pub(crate) async fn view(&self, private: bool) -> Result<SpaceView, Error> {
        self.views().await?.into_iter().find(|view| view.is_private == private).ok_or(Error::NoSpace)
    }

    /// The person whose device this is, in this space.
    pub(crate) fn person(&self, view: &SpaceView) -> Result<PersonId, Error> {
        view.chain.keyholder(&self.keys.id()).map(|me| me.person).ok_or(Error::NoSpace)
    }
}
