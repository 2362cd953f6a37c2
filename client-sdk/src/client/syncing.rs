//! Exchanges of all spaces, to the end, and what the status says of them. They move sealed bytes: what came is opened by whoever
//! reads next.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use entwine_core::document::DocumentName;
use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::{Body, MembershipChain};
use entwine_core::practice::{Writer, person, registration};
use entwine_core::registration::RegistrationToken;
use entwine_core::wire::message::Request;

use super::leaving::removed_from_shared;
use super::{CLOCK_OFFSET, Client, Introduced, Settings, SpaceView};
use crate::driver::{Driver, DriverError, Wanted};
use crate::error::Error;
use crate::status::{Ended, Reason, SyncStatus};
use crate::transport::live::Live;
use crate::transport::once::{Relay, RelayError};
use crate::transport::{Carrier, Exchanged, RelayAddress, http_client, tls_config};

/// The connection that stays open, if there is one; where it breaks or does not take the question, a request of its own.
struct Nearest<'r> {
    live: Option<Arc<Live>>,
    relay: &'r Relay,
}

impl Carrier for Nearest<'_> {
    fn exchange<'a>(&'a self, keys: &'a SecretKeys, space: &'a SpaceId, request: &'a Request) -> Exchanged<'a> {
        Box::pin(async move {
            if let Some(live) = &self.live {
                match live.exchange(keys, space, request).await {
                    // A joiner's first request is known by nothing but the records that it brings.
                    Err(RelayError::Offline(_) | RelayError::Unknown) => {}
                    answer => return answer,
                }
            }
            self.relay.exchange(keys, space, request).await
        })
    }
}

impl From<DriverError> for Error {
    fn from(error: DriverError) -> Self {
        match error {
            DriverError::Storage(error) => Self::Storage(error),
            DriverError::NotAllowed(error) => Self::NotAllowed(error),
        }
    }
}

impl Client {
    /// One exchange of all spaces. Ends at the deadline; what was durable by then is kept, and the next call goes on from there. A
    /// registration token is needed only where a relay does not know the space.
    ///
    /// It moves sealed bytes and opens nothing of what comes, so that a background task or an extension needs little time and
    /// memory, whatever there is. That is done by whoever reads next; so this status does not know yet what will not open, and
    /// [`Self::status`] does. One thing needs more: where an answer of this person waits under seal for the other's, what came is
    /// opened, and once both have answered, the answer is published and sent by a second exchange.
    ///
    /// # Errors
    /// The device's own faults; whatever the relay does is told by the status.
    pub async fn sync_once(&self, deadline: Duration, token: Option<&str>) -> Result<SyncStatus, Error> {
        let finished = Mutex::new(Vec::new());
        let exchanges = async {
            self.resume_joining().await?;
            self.resume_recovering().await?;
            self.resume_founding().await?;
            self.exchange_all(token, &finished).await?;
            if self.is_shared_well().await? && self.publish_answers().await? {
                self.exchange_all(token, &finished).await?;
            }
            Ok::<(), Error>(())
        };
        match tokio::time::timeout(deadline, exchanges).await {
            Ok(result) => result?,
            Err(_) => self.note_deadline(deadline, &finished).await?,
        }
        self.status_of_stored().await
    }

    /// Whether the last exchange of the shared space came to its end.
    async fn is_shared_well(&self) -> Result<bool, Error> {
        let shared = match self.view(false).await {
            Ok(shared) if shared.gone.is_none() => shared,
            Ok(_) | Err(Error::NoSpace) => return Ok(false),
            Err(error) => return Err(error),
        };
        let ended: Option<Ended> = self.storage.last_exchange(&shared.space).await?;
        Ok(ended.is_some_and(|ended| ended.reason.is_none()))
    }

    async fn note_deadline(&self, deadline: Duration, finished: &Mutex<Vec<SpaceId>>) -> Result<(), Error> {
        let finished = finished.lock().map(|finished| finished.clone()).unwrap_or_default();
        let ended = Ended::because(Reason::Offline, format!("the deadline of {deadline:?} passed"));
        for line in self.storage.spaces().await? {
            if !finished.contains(&line.space) {
                self.storage.set_last_exchange(&line.space, &ended).await?;
            }
        }
        Ok(())
    }

    /// Exchanges of all spaces, the shared one first: the relay takes a private one on the strength of it.
    pub(crate) async fn exchange_all(&self, token: Option<&str>, finished: &Mutex<Vec<SpaceId>>) -> Result<(), Error> {
        let mut out_of_reach = None;
        for view in self.views().await? {
            let ended = match &out_of_reach {
                Some(ended) => Ended::clone(ended),
                None if view.gone.is_some() => {
                    // Nothing is exchanged any more where this device is gone, but that it left.
                    self.finish_leaving(&view).await?;
                    continue;
                }
                None => self.exchange(&view, token, Wanted::default()).await?,
            };
            self.storage.set_last_exchange(&view.space, &ended).await?;
            if ended.reason == Some(Reason::Offline) {
                out_of_reach = Some(Ended { waiting_down: 0, ..ended });
            }
            if let Ok(mut finished) = finished.lock() {
                finished.push(view.space);
            }
            crate::fault::point(if view.is_private { "sync:after-private" } else { "sync:after-shared" });
        }
        if (self.is_joining().await? || self.is_recovering().await?) && self.all_well().await.is_ok() {
            self.end_joining().await?;
            self.end_recovering().await?;
        }
        Ok(())
    }

    /// One exchange of one space.
    pub(crate) async fn exchange(
        &self,
        view: &SpaceView,
        token: Option<&str>,
        mut wanted: Wanted,
    ) -> Result<Ended, Error> {
        let views = self.views().await?;
        wanted.spare = taken_up_elsewhere(&views, view);
        wanted.remove.extend(removed_from_shared(&views, view));
        let settings: Settings = self.storage.space_settings(&view.space).await?;
        self.introduce(view, &settings).await?;
        let relay = self.relay(&settings.relay).await?;
        let mut tokens = registration_tokens(token, &settings, &[]);
        let invitation = self.joining_keys(&view.space).await?;
        let mut ended = self.drive(view, &relay, &tokens, invitation.as_ref(), wanted.clone()).await?;
        if ended.reason == Some(Reason::RegistrationNeeded) {
            // Others may have kept one in `home`, which is opened for nothing else.
            let kept = registration::tokens(&*self.load(view, &DocumentName::home()).await?, &view.space);
            let more = registration_tokens(token, &settings, &kept);
            if more.len() > tokens.len() {
                tokens = more;
                ended = self.drive(view, &relay, &tokens, invitation.as_ref(), wanted).await?;
            }
        }
        if let (Some(token), None) = (token, ended.reason)
            && !view.is_private
            && settings.token.as_deref() != Some(token)
        {
            // A token that helped is kept, in `home` too, so that the next relay that lost the space is filled by itself.
            let settings = Settings { token: Some(token.to_owned()), ..settings };
            self.storage.set_space_settings(&view.space, &settings).await?;
            self.introduce(view, &settings).await?;
            return self.drive(view, &relay, &tokens, invitation.as_ref(), Wanted::default()).await;
        }
        Ok(ended)
    }

    async fn drive(
        &self,
        view: &SpaceView,
        relay: &Relay,
        tokens: &[RegistrationToken],
        invitation: Option<&SecretKeys>,
        wanted: Wanted,
    ) -> Result<Ended, Error> {
        let carrier = Nearest { live: self.live().filter(|live| live.address() == relay.address()), relay };
        let driver =
            Driver { storage: &self.storage, keys: &self.keys, relay, carrier: &carrier, invitation, tokens, wanted };
        let ended = driver.run(&view.space).await?;
        self.keep_clock_offset(relay).await?;
        Ok(ended)
    }

    /// The relay at this address.
    pub(crate) async fn relay(&self, address: &str) -> Result<Relay, Error> {
        let address: RelayAddress = address.parse()?;
        let tls = tls_config(self.options.ca_file.as_deref())?;
        let http = http_client(&address, tls).map_err(Error::Network)?;
        let offset = self.storage.setting(CLOCK_OFFSET).await?.unwrap_or_default();
        Ok(Relay::new(address, http, offset))
    }

    /// Remembers by how much this device's clock is wrong, so that the next request is right at once.
    pub(crate) async fn keep_clock_offset(&self, relay: &Relay) -> Result<(), Error> {
        if self.storage.setting::<i64>(CLOCK_OFFSET).await?.unwrap_or_default() != relay.clock_offset() {
            self.storage.set_setting(CLOCK_OFFSET, &relay.clock_offset()).await?;
        }
        Ok(())
    }

    /// Sees to it that `home` names this person, and holds the registration token of the space. Once that is written, it is not
    /// opened for it any more.
    async fn introduce(&self, view: &SpaceView, settings: &Settings) -> Result<(), Error> {
        let token = settings.token.as_deref().filter(|_| !view.is_private);
        let written = Introduced { token: token.map(str::to_owned) };
        if view.gone.is_some() || settings.introduced.as_ref() == Some(&written) {
            return Ok(());
        }
        let (home, space) = (DocumentName::home(), view.space);
        let writer = Writer { person: settings.person, device: self.keys.id() };
        let name = self.name().to_owned();
        self.change(view, &home, move |document, now| {
            person::write_name(document, &writer, &name, now)?;
            if let Some(token) = token {
                registration::write_token(document, &space, &writer.device, token, now)?;
            }
            Ok(())
        })
        .await?;
        let settings = Settings { introduced: Some(written), ..settings.clone() };
        Ok(self.storage.set_space_settings(&view.space, &settings).await?)
    }

    /// Where this device stands, once all that came was opened. Never contacts the relay.
    ///
    /// # Errors
    /// The device's own faults.
    pub async fn status(&self) -> Result<SyncStatus, Error> {
        self.open_what_came().await?;
        // Also where nothing came: what says so may have come while this device was joining, or before a kill.
        self.heed_notes().await?;
        self.status_of_stored().await
    }

    /// The same, as far as one knows without opening anything.
    async fn status_of_stored(&self) -> Result<SyncStatus, Error> {
        let views = self.views().await?;
        let mut status = SyncStatus {
            space: views.iter().find(|view| !view.is_private).map(|view| view.space),
            in_sync: false,
            reason: None,
            remedy: None,
            waiting_up: 0,
            waiting_down: 0,
            set_aside: 0,
        };
        let mut failed: Option<Ended> = None;
        let mut waiting = views.is_empty().then_some(Ended { reason: Some(Reason::NoSpace), ..Ended::well() });
        for view in views {
            // Asked for before what the relay holds: so another program that is just receiving raises no alarm.
            let withheld = self.withheld(&view).await?;
            let counts = self.storage.counts(&view.space).await?;
            let unacknowledged = self.storage.unacknowledged(&view.space).await?;
            let ended: Option<Ended> = self.storage.last_exchange(&view.space).await?;
            status.waiting_up += counts.pending + unacknowledged;
            // As far as the relay's word goes, which may be any number.
            let waiting_down = ended.as_ref().map_or(0, |ended| ended.waiting_down);
            status.waiting_down = status.waiting_down.saturating_add(waiting_down);
            status.set_aside += counts.set_aside;
            let mut wait = |reason, detail: Option<String>| {
                waiting.get_or_insert(Ended { reason: Some(reason), detail, waiting_down: 0 });
            };
            if counts.waiting_for_newer_app > 0 {
                wait(Reason::AppTooOld, None);
            }
            if counts.waiting_for_cut > 0 {
                wait(Reason::RelayBehind, None);
            }
            let holds_the_same = ended.as_ref().is_some_and(|ended| ended.reason.is_none()) && unacknowledged == 0;
            if holds_the_same && withheld.is_some() {
                wait(Reason::RelayBehind, withheld);
            }
            if counts.waiting_for_key > 0 {
                wait(Reason::KeyMissing, None);
            }
            if counts.pending + unacknowledged > 0 || ended.is_none() {
                wait(Reason::NotSent, None);
            }
            let gone = view.gone.map(|reason| Ended { reason: Some(reason), ..Ended::well() });
            failed = failed.or(gone).or(ended.filter(|ended| ended.reason.is_some()));
        }
        let why = failed.or(waiting);
        status.reason = why.as_ref().and_then(|ended| ended.reason);
        status.in_sync = status.reason.is_none();
        let detail = why.and_then(|ended| ended.detail);
        status.remedy = status.reason.map(|reason| match detail {
            Some(detail) => format!("{detail}: {}", reason.remedy()),
            None => reason.remedy().to_owned(),
        });
        Ok(status)
    }
}

/// Device links that were taken up in another of this person's spaces.
fn taken_up_elsewhere(views: &[SpaceView], view: &SpaceView) -> BTreeSet<KeyholderId> {
    let elsewhere = views.iter().filter(|other| other.space != view.space);
    let taken_up = |chain: &MembershipChain, id: &KeyholderId| {
        chain.removal_of(id).is_some_and(|record| matches!(record.body(), Body::Accept(_)))
    };
    elsewhere
        .flat_map(|other| other.chain.keyholders().iter().map(|keyholder| (&other.chain, keyholder)))
        .filter(|(chain, keyholder)| keyholder.kind.is_invitation() && taken_up(chain, &keyholder.id))
        .map(|(_, invitation)| invitation.id)
        .collect()
}

/// Tokens that may admit the space to a relay that does not know it, the likeliest first: one given now, the one that this
/// device used, and all that `home` keeps.
fn registration_tokens(given: Option<&str>, settings: &Settings, kept: &[String]) -> Vec<RegistrationToken> {
    let mut texts: Vec<String> = given.map(str::to_owned).into_iter().chain(settings.token.clone()).collect();
    for text in kept {
        if !texts.contains(text) {
            texts.push(text.clone());
        }
    }
    texts.iter().map(|text| RegistrationToken::new(text)).collect()
}

impl Ended {
    /// An exchange that did not come to its end, as an error. One that did has no reason to tell, and counts as offline.
    pub(crate) fn into_error(self) -> Error {
        let reason = self.reason.unwrap_or(Reason::Offline);
        let detail = self.detail.unwrap_or_else(|| "the exchange did not come to its end".to_owned());
        Error::Stopped { reason, detail, remedy: reason.remedy() }
    }
}

/// Nothing, for an exchange that came to its end.
pub(crate) fn stopped(ended: Ended) -> Result<(), Error> {
    if ended.reason.is_none() { Ok(()) } else { Err(ended.into_error()) }
}
