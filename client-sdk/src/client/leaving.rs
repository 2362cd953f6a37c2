//! Removing a device of one's own, and leaving.
//!
//! What a device does in the shared space, its exchanges repeat in the private one: so a removal that was cut between the two is
//! finished by whichever own device comes next.

use std::collections::BTreeSet;
use std::sync::Mutex;

use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::keyholder::KeyholderKind;
use entwine_core::membership::Body;
use entwine_core::sync::exchange::records_page;
use serde::{Deserialize, Serialize};

use super::reading::bringing;
use super::syncing::stopped;
use super::{Client, Settings, SpaceView};
use crate::driver::Wanted;
use crate::error::Error;
use crate::fault;
use crate::status::{Ended, Reason};
use crate::transport::once::RelayError;

const LEAVING: &str = "leaving";

/// Kept from the moment of leaving until the relay is seen to know of it.
#[derive(Serialize, Deserialize)]
struct Leaving {
    space: SpaceId,
}

impl Client {
    /// Removes a device or a recovery phrase of one's own, in both spaces. From then on nothing is written that it could read.
    ///
    /// # Errors
    /// It is not one's own, it is this very device, or the relay does not take it.
    pub async fn remove_device(&self, id: KeyholderId) -> Result<(), Error> {
        if id == self.keys.id() {
            return Err(Error::RemovingItself);
        }
        let holds = |views: &[SpaceView]| views.iter().any(|view| view.chain.member(&id).is_some());
        let was_here = holds(&self.views().await?);
        // What the device brought so far, and what it lacks, comes first: its feed ends where this device has seen it end. And this
        // device may not know it yet.
        self.exchange_all(None, &Mutex::default()).await?;
        let views = self.views().await?;
        let me = self.person(views.first().ok_or(Error::NoSpace)?)?;
        let is_own = |view: &SpaceView| view.chain.keyholder(&id).is_some_and(|found| found.person == me);
        if was_here && !holds(&views) && views.iter().any(is_own) {
            // An earlier attempt, whose answer never came, or another own device was quicker.
            return self.open_arrived().await;
        }
        if !views.iter().any(|view| view.chain.member(&id).is_some_and(|found| found.person == me)) {
            self.all_well().await?;
            return Err(Error::NotOwn);
        }
        for view in views {
            if view.chain.member(&id).is_some() {
                let ended = self.remove(&view, id).await?;
                if self.storage.chain(&view.space).await?.member(&id).is_some() {
                    stopped(ended)?;
                    return Err(Error::NotOwn);
                }
            }
            fault::point("remove:after-space");
        }
        self.open_arrived().await
    }

    /// Leaves the shared space, alone and at once, with all devices: they read on what they have. Where the relay does not
    /// answer, it learns of it at the next exchange, before anything is pulled; whether it has is returned.
    ///
    /// # Errors
    /// There is no space.
    pub async fn leave(&self) -> Result<(SpaceId, bool), Error> {
        let view = self.view(false).await?;
        if view.chain.member(&self.keys.id()).is_some() {
            self.storage.set_intent(LEAVING, &Leaving { space: view.space }).await?;
            fault::point("leave:after-intent");
        }
        let told = self.finish_leaving(&view).await?;
        Ok((view.space, told))
    }

    /// The space that this person has left and whose relay may not know it yet.
    pub(crate) async fn leaving(&self) -> Result<Option<SpaceId>, Error> {
        Ok(self.storage.intent::<Leaving>(LEAVING).await?.map(|leaving| leaving.space))
    }

    /// Tells the relay, if it does not know: whether it knows now.
    pub(crate) async fn finish_leaving(&self, view: &SpaceView) -> Result<bool, Error> {
        if self.leaving().await? != Some(view.space) {
            return Ok(view.gone.is_some());
        }
        let is_acknowledged = view.chain.member(&self.keys.id()).is_none();
        if !is_acknowledged {
            let ended = self.exchange(view, None, Wanted { leave: true, ..Wanted::default() }).await?;
            fault::point("leave:after-exchange");
            if self.storage.chain(&view.space).await?.member(&self.keys.id()).is_some() {
                self.storage.set_last_exchange(&view.space, &ended).await?;
                return Ok(false);
            }
        }
        self.storage
            .set_last_exchange(&view.space, &Ended::because(Reason::Left, "this person left the space"))
            .await?;
        if is_acknowledged && self.is_shut_out(view).await? {
            self.storage.end_intent(LEAVING).await?;
        }
        Ok(true)
    }

    /// Whether the relay shuts this device out, as one does that has kept the leaving; from any other it comes again. Nobody else
    /// would ever tell a relay that acknowledged it and forgot.
    async fn is_shut_out(&self, view: &SpaceView) -> Result<bool, Error> {
        let settings: Settings = self.storage.space_settings(&view.space).await?;
        let relay = self.relay(&settings.relay).await?;
        let request = bringing(&view.chain, records_page(&view.chain, 0));
        let answer = relay.sync(&self.keys, &view.space, &request).await;
        self.keep_clock_offset(&relay).await?;
        Ok(matches!(answer, Err(RelayError::Removed(_))))
    }
}

/// Own devices and phrases that were removed from the shared space, where this device still is: they go from the private one too.
pub(super) fn removed_from_shared(views: &[SpaceView], private: &SpaceView) -> BTreeSet<KeyholderId> {
    let shared = views.iter().find(|view| !view.is_private && view.gone.is_none());
    let (Some(shared), true) = (shared, private.is_private) else { return BTreeSet::new() };
    let was_removed =
        |id: &KeyholderId| shared.chain.removal_of(id).is_some_and(|record| matches!(record.body(), Body::Remove(_)));
    let current = private
        .chain
        .current()
        .filter(|keyholder| matches!(keyholder.kind, KeyholderKind::Device | KeyholderKind::RecoveryPhrase));
    current.map(|keyholder| keyholder.id).filter(was_removed).collect()
}
