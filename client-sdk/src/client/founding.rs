//! Founding anew: the one way out of whatever cannot be healed. A new pair of spaces with a copy of everything; the old pair
//! stays, to be read.
//!
//! ```text
//! intent kept ─► a note in both old homes, sent where the old relay still takes it
//!             ─► new chains, the copy, the old pair archived, the intent ended: at once
//!             ─► exchange of the new pair
//! ```

use std::sync::Mutex;

use entwine_core::document::DocumentName;
use entwine_core::id::SpaceId;
use entwine_core::membership::{MembershipChain, SpaceKind};
use entwine_core::practice::{Writer, founding};
use serde::{Deserialize, Serialize};

use super::{Client, Settings, SpaceView};
use crate::driver::Wanted;
use crate::error::Error;
use crate::storage::{Copy, PendingChange};
use crate::transport::RelayAddress;
use crate::{clock, fault};

const FOUNDING: &str = "founding-anew";

/// Kept from before the note until the new pair is here.
#[derive(Serialize, Deserialize)]
struct Founding {
    relay: String,
    token: Option<String>,
}

/// What founding anew came to.
#[derive(Debug, Clone)]
pub struct FoundedAnew {
    /// The new shared space.
    pub space: SpaceId,
    /// The shared space that is an archive now.
    pub archived: SpaceId,
}

impl Client {
    /// Founds shared and private space anew, with a copy of everything that the last ones held, on their relay or another. Where
    /// the relay refuses or does not answer, the new spaces stay, and a sync (with a token, if that was missing) goes on.
    ///
    /// # Errors
    /// There is no space, or the relay does not take the new one.
    pub async fn found_anew(&self, relay: Option<&str>, token: Option<&str>) -> Result<FoundedAnew, Error> {
        let old = self.view(false).await?;
        let settings: Settings = self.storage.space_settings(&old.space).await?;
        let relay = match relay {
            Some(relay) => relay.parse::<RelayAddress>()?.to_string(),
            None => settings.relay.clone(),
        };
        let token = token.map(str::to_owned).or(settings.token.clone());
        if let Some(archived) = self.founded_and_unsent(&old).await? {
            for line in self.storage.spaces().await? {
                let settings: Settings = self.storage.settings_in(&line)?;
                let settings = Settings { relay: relay.clone(), token: token.clone(), ..settings };
                self.storage.set_space_settings(&line.space, &settings).await?;
            }
            return self.send_founded(archived).await;
        }
        self.storage.set_intent(FOUNDING, &Founding { relay, token }).await?;
        fault::point("found-anew:after-intent");
        self.resume_founding().await?;
        self.send_founded(old.space).await
    }

    async fn send_founded(&self, archived: SpaceId) -> Result<FoundedAnew, Error> {
        self.exchange_all(None, &Mutex::default()).await?;
        self.all_well().await?;
        Ok(FoundedAnew { space: self.view(false).await?.space, archived })
    }

    /// The archived shared space, where the one in use was founded anew from it and no relay has it yet: repeating the founding
    /// goes on with that one.
    async fn founded_and_unsent(&self, shared: &SpaceView) -> Result<Option<SpaceId>, Error> {
        if self.has_reached_a_relay(&shared.space).await? {
            return Ok(None);
        }
        Ok(self.archive().await?.into_iter().filter(|view| !view.is_private).map(|view| view.space).next_back())
    }

    /// Goes on with a founding that was begun. Does nothing where there is none.
    pub(crate) async fn resume_founding(&self) -> Result<(), Error> {
        let Some(founding) = self.storage.intent::<Founding>(FOUNDING).await? else { return Ok(()) };
        let person = self.person(&self.view(false).await?)?;
        let shared = self.founded_chain(person, SpaceKind::Shared)?;
        let private = self.founded_chain(person, SpaceKind::Private { of: shared.space() })?;
        let settings = Settings::new(&founding.relay, founding.token.as_deref(), person);
        self.replace_spaces(&[(&shared, &settings), (&private, &settings)], Some(FOUNDING)).await?;
        fault::point("found-anew:after-copy");
        Ok(())
    }

    /// Leaves the pair in use behind for a new one, with a copy of all its documents, complete before anything else is written.
    pub(crate) async fn replace_spaces(
        &self,
        new: &[(&MembershipChain, &Settings)],
        intent: Option<&'static str>,
    ) -> Result<(), Error> {
        let old = self.views().await?;
        for view in &old {
            if view.gone.is_none() {
                self.leave_note(view).await?;
                fault::point("found-anew:after-note");
            }
        }
        self.open_arrived().await?;
        let mut copies = Vec::new();
        for view in &old {
            let into = new.iter().find(|(chain, _)| (chain.kind() != SpaceKind::Shared) == view.is_private);
            if let Some((chain, _)) = into {
                copies.extend(self.copies(view, chain.space()).await?);
            }
        }
        let old: Vec<SpaceId> = old.iter().map(|view| view.space).collect();
        Ok(self.storage.replace_spaces(new, &copies, &old, intent).await?)
    }

    /// Tells the person's other devices, as far as the old relay still takes it.
    async fn leave_note(&self, view: &SpaceView) -> Result<(), Error> {
        let writer = Writer { person: self.person(view)?, device: self.keyholder() };
        self.change(view, &DocumentName::home(), |document, now| {
            Ok(founding::write_note(document, &view.space, &writer, now)?)
        })
        .await?;
        // Whatever the relay says: the way out must not depend on what could not be healed.
        match self.exchange(view, None, Wanted::default()).await {
            Ok(_) | Err(Error::NotAllowed(_) | Error::Address(_) | Error::Network(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// All documents of a space, for another. The same changes: copies of several devices merge without doubles.
    async fn copies(&self, view: &SpaceView, into: SpaceId) -> Result<Vec<Copy>, Error> {
        let now = clock::now();
        let mut copies = Vec::new();
        for name in self.storage.document_names(&view.space).await? {
            let Ok(document) = DocumentName::parse(&name) else { continue };
            let mut loaded = self.load(view, &document).await?;
            let changes = loaded.all_changes();
            let changes = changes.into_iter().map(|bytes| PendingChange { bytes, written: now }).collect();
            copies.push(Copy { space: into, name, changes });
        }
        Ok(copies)
    }

    /// Stops writing where a device of this person has founded anew: another one, or this one before it was set back to a backup.
    pub(crate) async fn heed_notes(&self) -> Result<(), Error> {
        if self.is_joining().await? || self.storage.intent::<Founding>(FOUNDING).await?.is_some() {
            // The note that this device has just written there itself. It is on its way out.
            return Ok(());
        }
        for view in self.views().await? {
            if view.gone.is_some() {
                continue;
            }
            let home = self.load(&view, &DocumentName::home()).await?;
            if founding::is_left_behind(&home, &view.space, &self.person(&view)?) {
                let mut settings: Settings = self.storage.space_settings(&view.space).await?;
                settings.is_left_behind = true;
                self.storage.set_space_settings(&view.space, &settings).await?;
            }
        }
        Ok(())
    }
}
