//! Two people and their phones: founding, inviting, joining, removing, leaving.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use entwine_core::id::KeyholderId;
use entwine_core::keyholder::invitation::{InvitationKind as Kind, InvitationLink};
use entwine_core::keyholder::{self};
use entwine_core::time::Timestamp;

use super::call::{Cancellation, run_until};
use super::client::EntwineClient;
use super::error::EntwineError;
use crate::error::Error;
use crate::{Client, client};

/// Whom an invitation lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum InvitationKind {
    /// The partner.
    Partner,
    /// The inviter's own next device.
    Device,
}

impl From<Kind> for InvitationKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Partner => Self::Partner,
            Kind::Device => Self::Device,
        }
    }
}

impl From<InvitationKind> for Kind {
    fn from(kind: InvitationKind) -> Self {
        match kind {
            InvitationKind::Partner => Self::Partner,
            InvitationKind::Device => Self::Device,
        }
    }
}

/// What a keyholder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum KeyholderKind {
    /// A phone, or a computer.
    Device,
    /// A link for the partner.
    PartnerInvitation,
    /// A link for one's own next device.
    DeviceInvitation,
    /// Twenty-four words on paper.
    RecoveryPhrase,
}

impl From<keyholder::KeyholderKind> for KeyholderKind {
    fn from(kind: keyholder::KeyholderKind) -> Self {
        match kind {
            keyholder::KeyholderKind::Device => Self::Device,
            keyholder::KeyholderKind::PartnerInvitation => Self::PartnerInvitation,
            keyholder::KeyholderKind::DeviceInvitation => Self::DeviceInvitation,
            keyholder::KeyholderKind::RecoveryPhrase => Self::RecoveryPhrase,
        }
    }
}

/// An invitation as it was made. The link is shown this once.
#[derive(Clone, uniffi::Record)]
pub struct Invitation {
    /// Names it, to end it by.
    pub id: String,
    /// What to hand over: whoever has it is let in.
    pub link: String,
    /// Whom it lets in.
    pub kind: InvitationKind,
    /// Until when.
    pub expires_at: SystemTime,
}

/// An invitation that nobody has taken up yet.
#[derive(Debug, Clone, uniffi::Record)]
pub struct OpenInvitation {
    /// Names it, to end it by.
    pub id: String,
    /// Whom it lets in.
    pub kind: InvitationKind,
    /// Until when.
    pub expires_at: SystemTime,
}

/// What joining came to.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Joined {
    /// The shared space.
    pub space: String,
    /// Which kind of invitation it was.
    pub kind: InvitationKind,
    /// Six words that the inviter's phone shows too. Where they differ, somebody is in the middle.
    pub safety_words: Vec<String>,
}

/// What leaving came to.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Left {
    /// The shared space.
    pub space: String,
    /// Whether the relay knows. If not, it is told at the next exchange.
    pub is_told: bool,
}

/// What founding anew came to.
#[derive(Debug, Clone, uniffi::Record)]
pub struct FoundedAnew {
    /// The new shared space.
    pub space: String,
    /// The shared space that is an archive now.
    pub archived: String,
}

/// A keyholder, as its person sees it; of the partner's only that it is there.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Keyholder {
    /// Its id.
    pub id: String,
    /// Its kind; none for the partner's.
    pub kind: Option<KeyholderKind>,
    /// Whether it is one's own.
    pub is_own: bool,
    /// Whether it is this very device.
    pub is_this: bool,
}

/// An own device or phrase that was added since this device last looked.
#[derive(Debug, Clone, uniffi::Record)]
pub struct NewKeyholder {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: KeyholderKind,
    /// The six words that a new device shows too, to compare.
    pub safety_words: Vec<String>,
}

fn moment(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(at.as_millis())
}

pub(super) fn owned(words: impl IntoIterator<Item = &'static str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}

impl From<client::membership::Invitation> for Invitation {
    fn from(made: client::membership::Invitation) -> Self {
        let (link, expires_at) = (made.link.to_string(), moment(made.expires_at));
        Self { id: made.id.to_string(), link, kind: made.kind.into(), expires_at }
    }
}

#[uniffi::export]
impl EntwineClient {
    /// Founds the shared space and one's own private one, and brings both to a relay. Where the relay refuses or does not
    /// answer, both stay, and calling this again goes on with them. The new shared space's id.
    #[uniffi::method(default(token = None, cancellation = None))]
    pub async fn create(
        &self,
        relay: String,
        token: Option<String>,
        cancellation: Option<Arc<Cancellation>>,
    ) -> Result<String, EntwineError> {
        let client = self.client()?;
        let call = async move { client.create(&relay, token.as_deref()).await };
        Ok(run_until(cancellation, call).await?.to_string())
    }

    /// Makes a link for the partner, for one use.
    #[uniffi::method(default(cancellation = None))]
    pub async fn invite_partner(&self, cancellation: Option<Arc<Cancellation>>) -> Result<Invitation, EntwineError> {
        let client = self.client()?;
        Ok(run_until(cancellation, async move { client.invite_partner().await }).await?.into())
    }

    /// Makes a link for one's own next device, for one use. Whoever has it becomes its person.
    #[uniffi::method(default(cancellation = None))]
    pub async fn invite_device(&self, cancellation: Option<Arc<Cancellation>>) -> Result<Invitation, EntwineError> {
        let client = self.client()?;
        Ok(run_until(cancellation, async move { client.invite_device().await }).await?.into())
    }

    /// The invitations of this person that nobody has taken up yet, as far as this device knows.
    pub async fn invitations(&self) -> Result<Vec<OpenInvitation>, EntwineError> {
        let client = self.client()?;
        let open = run_until(None, async move { client.invitations().await }).await?;
        let shown = open.into_iter().map(|open| OpenInvitation {
            id: open.id.to_string(),
            kind: open.kind.into(),
            expires_at: moment(open.expires_at),
        });
        Ok(shown.collect())
    }

    /// Ends an invitation.
    #[uniffi::method(default(cancellation = None))]
    pub async fn revoke(&self, id: String, cancellation: Option<Arc<Cancellation>>) -> Result<(), EntwineError> {
        let client = self.client()?;
        let id: KeyholderId = id.parse().map_err(|_| EntwineError::from(Error::NoSuchInvitation))?;
        run_until(cancellation, async move { client.revoke(id).await }).await
    }

    /// Joins by a link of the expected kind. After a cut, calling it again with the same link goes on; so does a sync. With
    /// `bring_copy`, what the spaces in use hold is copied into a space that the partner has founded anew.
    #[uniffi::method(default(bring_copy = false, cancellation = None))]
    pub async fn join(
        &self,
        link: String,
        expect: InvitationKind,
        bring_copy: bool,
        cancellation: Option<Arc<Cancellation>>,
    ) -> Result<Joined, EntwineError> {
        let client = self.client()?;
        let link: InvitationLink = link.parse().map_err(|error| EntwineError::from(Error::Link(error)))?;
        let call = async move { join(&client, &link, expect.into(), bring_copy).await };
        let joined = run_until(cancellation, call).await?;
        let (space, kind) = (joined.space.to_string(), joined.kind.into());
        Ok(Joined { space, kind, safety_words: owned(joined.safety_words) })
    }

    /// The six words that both people's phones show: the same on both, or somebody is in the middle.
    pub async fn safety_words(&self) -> Result<Vec<String>, EntwineError> {
        let client = self.client()?;
        Ok(owned(run_until(None, async move { client.safety_words().await }).await?))
    }

    /// Whether the partner has joined, as far as this device knows.
    pub async fn has_partner(&self) -> Result<bool, EntwineError> {
        let client = self.client()?;
        run_until(None, async move { client.has_partner().await }).await
    }

    /// All devices, and one's own phrase and links.
    pub async fn devices(&self) -> Result<Vec<Keyholder>, EntwineError> {
        let client = self.client()?;
        let devices = run_until(None, async move { client.devices().await }).await?;
        let shown = devices.into_iter().map(|one| Keyholder {
            id: one.keyholder.to_string(),
            kind: one.kind.map(KeyholderKind::from),
            is_own: one.is_own,
            is_this: one.is_this,
        });
        Ok(shown.collect())
    }

    /// The own devices and phrases that were added since this was last asked: each is told once, and should be shown.
    pub async fn new_keyholders(&self) -> Result<Vec<NewKeyholder>, EntwineError> {
        let client = self.client()?;
        let new = run_until(None, async move { client.new_keyholders().await }).await?;
        let shown = new.into_iter().map(|new| NewKeyholder {
            id: new.keyholder.to_string(),
            kind: new.kind.into(),
            safety_words: owned(new.safety_words),
        });
        Ok(shown.collect())
    }

    /// Removes an own device, or the phrase.
    #[uniffi::method(default(cancellation = None))]
    pub async fn remove_device(&self, id: String, cancellation: Option<Arc<Cancellation>>) -> Result<(), EntwineError> {
        let client = self.client()?;
        let id: KeyholderId = id.parse().map_err(|_| EntwineError::from(Error::NotOwn))?;
        run_until(cancellation, async move { client.remove_device(id).await }).await
    }

    /// Leaves the shared space, alone and at once, with all devices: they read on what they have.
    #[uniffi::method(default(cancellation = None))]
    pub async fn leave(&self, cancellation: Option<Arc<Cancellation>>) -> Result<Left, EntwineError> {
        let client = self.client()?;
        let (space, is_told) = run_until(cancellation, async move { client.leave().await }).await?;
        Ok(Left { space: space.to_string(), is_told })
    }

    /// Founds shared and private space anew, with a copy of everything that the last ones held, on their relay or another.
    #[uniffi::method(default(relay = None, token = None, cancellation = None))]
    pub async fn found_anew(
        &self,
        relay: Option<String>,
        token: Option<String>,
        cancellation: Option<Arc<Cancellation>>,
    ) -> Result<FoundedAnew, EntwineError> {
        let client = self.client()?;
        let call = async move { client.found_anew(relay.as_deref(), token.as_deref()).await };
        let founded = run_until(cancellation, call).await?;
        Ok(FoundedAnew { space: founded.space.to_string(), archived: founded.archived.to_string() })
    }
}

async fn join(client: &Client, link: &InvitationLink, expect: Kind, copy: bool) -> Result<crate::Joined, Error> {
    if copy { client.join_with_copy(link, expect).await } else { client.join(link, expect).await }
}
