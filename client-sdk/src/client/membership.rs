//! Founding a space, and invitations into it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use entwine_core::id::{KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::KeyholderKind;
use entwine_core::keyholder::invitation::{InvitationKind, InvitationLink, InvitationSecret};
use entwine_core::limits::{INVITATION_DEVICE_SECONDS, INVITATION_PARTNER_SECONDS};
use entwine_core::membership::safety_words::SAFETY_WORDS;
use entwine_core::membership::{Body, MembershipChain, SpaceKind, safety_words};
use entwine_core::time::Timestamp;

use super::syncing::stopped;
use super::{Client, Settings, SpaceView};
use crate::driver::Wanted;
use crate::error::Error;
use crate::status::Ended;
use crate::transport::RelayAddress;
use crate::{fault, random};

/// An invitation as it was made. The link is shown this once.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Names it, to end it by.
    pub id: KeyholderId,
    /// What to hand over.
    pub link: InvitationLink,
    /// Whom it lets in.
    pub kind: InvitationKind,
    /// Until when.
    pub expires_at: Timestamp,
}

/// An invitation that nobody has taken up yet.
#[derive(Debug, Clone)]
pub struct OpenInvitation {
    /// Names it, to end it by.
    pub id: KeyholderId,
    /// Whom it lets in.
    pub kind: InvitationKind,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Client {
    /// Founds the shared space and one's own private one, and brings both to a relay. Where the relay refuses or does not
    /// answer, both stay, and calling this again goes on with them.
    ///
    /// # Errors
    /// There is a space already, or the relay does not take it: then the reason says what is missing.
    pub async fn create(&self, relay: &str, token: Option<&str>) -> Result<SpaceId, Error> {
        let relay = relay.parse::<RelayAddress>()?.to_string();
        let spaces = self.storage.spaces().await?;
        if spaces.is_empty() {
            if self.is_joining().await? || self.is_recovering().await? {
                return Err(Error::JoiningBegun);
            }
            self.found(&relay, token).await?;
        } else {
            if self.is_founded(&relay).await? {
                return Err(Error::SpaceExists);
            }
            for line in &spaces {
                if self.has_reached_a_relay(&line.space).await? {
                    continue;
                }
                let mut settings: Settings = self.storage.space_settings(&line.space).await?;
                settings.relay.clone_from(&relay);
                settings.token = token.map(str::to_owned).or(settings.token);
                self.storage.set_space_settings(&line.space, &settings).await?;
            }
        }
        self.exchange_all(None, &Mutex::default()).await?;
        self.all_well().await?;
        Ok(self.view(false).await?.space)
    }

    async fn found(&self, relay: &str, token: Option<&str>) -> Result<(), Error> {
        let person = PersonId::make_random(&mut random::generator());
        let shared = self.founded_chain(person, SpaceKind::Shared)?;
        let private = self.founded_chain(person, SpaceKind::Private { of: shared.space() })?;
        let settings = Settings::new(relay, token, person);
        self.storage.add_spaces(&[(&shared, &settings), (&private, &settings)]).await?;
        fault::point("create:after-stored");
        Ok(())
    }

    /// A chain of one record, founded by this device.
    pub(crate) fn founded_chain(&self, person: PersonId, kind: SpaceKind) -> Result<MembershipChain, Error> {
        let first = MembershipChain::create(&mut random::generator(), &self.keys, person, kind);
        MembershipChain::found(first.bytes()).map_err(Error::NotAllowed)
    }

    /// Whether the shared space is in use, or on another relay. One that only this device ever knew can still go to another
    /// relay; and one that was just founded on this relay may be so for a command that was cut before it could say so.
    async fn is_founded(&self, relay: &str) -> Result<bool, Error> {
        let space = self.view(false).await?.space;
        let settings: Settings = self.storage.space_settings(&space).await?;
        let is_alone = self.storage.chain(&space).await?.len() == 1;
        Ok(self.has_reached_a_relay(&space).await? && !(is_alone && settings.relay == relay))
    }

    pub(crate) async fn has_reached_a_relay(&self, space: &SpaceId) -> Result<bool, Error> {
        let ended: Option<Ended> = self.storage.last_exchange(space).await?;
        let chain = self.storage.chain(space).await?;
        Ok(chain.len() > 1 || ended.is_some_and(|ended| ended.reason.is_none()))
    }

    /// Whether the last exchanges of all spaces came to their end.
    pub(crate) async fn all_well(&self) -> Result<(), Error> {
        for line in self.storage.spaces().await? {
            if let Some(ended) = self.storage.last_exchange(&line.space).await? {
                stopped(ended)?;
            }
        }
        Ok(())
    }

    /// Makes an invitation for the partner, open for 48 hours. It works while this device is offline afterwards.
    ///
    /// # Errors
    /// There is no space, both persons are in, three invitations are open, or the relay does not take it.
    pub async fn invite_partner(&self) -> Result<Invitation, Error> {
        self.invite(InvitationKind::Partner, INVITATION_PARTNER_SECONDS).await
    }

    /// Makes a link for one's own next device, into shared and private space, open for ten minutes.
    ///
    /// # Errors
    /// There is no space, there are eight devices, three invitations are open, or the relay does not take it.
    pub async fn invite_device(&self) -> Result<Invitation, Error> {
        self.invite(InvitationKind::Device, INVITATION_DEVICE_SECONDS).await
    }

    async fn invite(&self, kind: InvitationKind, seconds: u64) -> Result<Invitation, Error> {
        let shared = self.view(false).await?;
        let settings: Settings = self.storage.space_settings(&shared.space).await?;
        let now = self.relay(&settings.relay).await?.now();
        let secret = InvitationSecret::make_random(&mut random::generator());
        let keys = secret.derive_keys();
        let expires_at = Timestamp::from_seconds(now.plus_seconds(seconds).as_seconds());
        let mut spaces = Vec::new();
        let into = match kind {
            InvitationKind::Partner => vec![shared],
            InvitationKind::Device => vec![shared, self.view(true).await?],
        };
        for view in into {
            let wanted = Wanted { invite: Some((kind, keys.clone(), expires_at)), ..Wanted::default() };
            let ended = self.exchange(&view, None, wanted).await?;
            self.storage.set_last_exchange(&view.space, &ended).await?;
            let chain = self.storage.chain(&view.space).await?;
            let Some(added) = chain.member(&keys.id()) else {
                stopped(ended)?;
                return Err(Error::NoSuchInvitation);
            };
            let head = chain.hash_at(added.added_at).expect("the record that added a keyholder is in the chain");
            spaces.push((view.space, head));
            fault::point("invite:after-space");
        }
        let link = InvitationLink { kind, relay: settings.relay, spaces, secret };
        Ok(Invitation { id: keys.id(), link, kind, expires_at })
    }

    /// The invitations of this person that nobody has taken up yet, as far as this device knows.
    ///
    /// # Errors
    /// There is no space.
    pub async fn invitations(&self) -> Result<Vec<OpenInvitation>, Error> {
        let view = self.view(false).await?;
        let me = self.person(&view)?;
        let open = view.chain.current().filter(|keyholder| keyholder.person == me);
        Ok(open
            .filter_map(|keyholder| {
                let kind = InvitationKind::of(keyholder.kind)?;
                Some(OpenInvitation { id: keyholder.id, kind, expires_at: keyholder.expires.unwrap_or_default() })
            })
            .collect())
    }

    /// Ends an invitation.
    ///
    /// # Errors
    /// There is no such one, or the relay does not take it.
    pub async fn revoke(&self, id: KeyholderId) -> Result<(), Error> {
        if !self.invitations().await?.iter().any(|open| open.id == id) {
            return Err(Error::NoSuchInvitation);
        }
        let mut accepted = false;
        for view in self.views().await? {
            if view.chain.member(&id).is_some() {
                let ended = self.remove(&view, id).await?;
                let chain = self.storage.chain(&view.space).await?;
                if chain.member(&id).is_some() {
                    stopped(ended)?;
                }
                let end = chain.removal_of(&id);
                accepted |= end.is_some_and(|record| matches!(record.body(), Body::Accept(_)));
            }
        }
        if accepted { Err(Error::InvitationUsed) } else { Ok(()) }
    }

    /// Ends an invitation or a recovery phrase in one space.
    pub(crate) async fn remove(&self, view: &SpaceView, id: KeyholderId) -> Result<Ended, Error> {
        let wanted = Wanted { remove: BTreeSet::from([id]), ..Wanted::default() };
        let ended = self.exchange(view, None, wanted).await?;
        self.storage.set_last_exchange(&view.space, &ended).await?;
        Ok(ended)
    }

    /// The six words that both phones show: the same on both, or somebody is in the middle.
    ///
    /// # Errors
    /// Nobody has joined yet.
    pub async fn safety_words(&self) -> Result<[&'static str; SAFETY_WORDS], Error> {
        let view = self.view(false).await?;
        safety_words(&view.chain).ok_or(Error::NoPartner)
    }

    /// Whether the partner has joined, as far as this device knows.
    ///
    /// # Errors
    /// There is no space.
    pub async fn has_partner(&self) -> Result<bool, Error> {
        let view = self.view(false).await?;
        let me = self.person(&view)?;
        Ok(view.chain.keyholders().iter().any(|other| other.kind == KeyholderKind::Device && other.person != me))
    }
}
