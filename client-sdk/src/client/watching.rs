//! Hearing what comes: stays connected, exchanges when there is something on either side, and says what changed.
//!
//! ```text
//! relay: "something came" ──┐
//! database: somebody wrote ─┼─► exchange ─► what is different from before? ─► events
//! connected again ──────────┘
//! ```
//!
//! Events are told from the database alone, so it does not matter which process did what.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use entwine_core::document::{DocumentName, Heads};
use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::keyholder::KeyholderKind;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::event::{Event, Untold};
use super::{Client, Durability, Settings, SpaceView, Written};
use crate::error::Error;
use crate::practices::changes::things;
use crate::random;
use crate::status::{Reason, SyncStatus};
use crate::storage::{DocumentMark, Notice, Reached, StorageError, WrittenMark};
use crate::transport::live::{Live, News};
use crate::transport::tls_config;

/// How long one exchange may take.
const EXCHANGE_DEADLINE: Duration = Duration::from_secs(120);
/// The first pause after something failed; it doubles up to the longest one. With what connecting takes, a relay that is
/// back is found within 15 seconds.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(8);
/// A connection that lasted so long was a good one: the next pause is a short one again.
const GOOD_CONNECTION: Duration = Duration::from_secs(5);

/// A subscription: ends when it is dropped, and the connection with it.
#[derive(Debug)]
pub struct Watch {
    untold: Arc<Untold>,
    suspended: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Watch {
    /// The next event. Waits for it.
    ///
    /// # Errors
    /// The device's own faults: then there is no further event.
    pub async fn next(&mut self) -> Result<Event, Error> {
        self.untold.next().await
    }

    /// Lets go of the connection until [`Self::resume`]: an app that goes into the background.
    pub fn suspend(&self) {
        self.suspended.send_replace(true);
    }

    /// Connects again at once. What happened meanwhile is told then.
    pub fn resume(&self) {
        self.suspended.send_replace(false);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Client {
    /// Stays connected from now on, exchanges whenever there is something new on either side, and tells what changed,
    /// also by other processes. The first event is the status.
    #[must_use]
    pub fn watch(self: &Arc<Self>) -> Watch {
        let untold = Arc::new(Untold::default());
        let (suspended, is_suspended) = watch::channel(false);
        let watching = Watching::new(Arc::clone(self), Arc::clone(&untold), is_suspended);
        let task = tokio::spawn(async move {
            let watching = watching;
            let told = Arc::clone(&watching.untold);
            if let Err(error) = watching.run().await {
                told.fail(error);
            }
        });
        Watch { untold, suspended, task }
    }
}

/// What was there when it was last looked at.
#[derive(Default)]
struct Seen {
    documents: BTreeMap<(SpaceId, String), SeenDocument>,
    devices: Option<BTreeMap<KeyholderId, bool>>,
    reached: BTreeMap<SpaceId, Reached>,
    status: Option<SyncStatus>,
    /// What was begun on this device before the last exchange began.
    written: WrittenMark,
}

/// A document when it was last looked at.
struct SeenDocument {
    mark: DocumentMark,
    /// Its state; none where all of it lay in the entries that the mark names, so that it can be found out when it is needed. This is
    /// how ten years are looked at without opening them.
    heads: Option<Heads>,
}

/// Why the wait between two steps is over.
enum Woken {
    Heard(News),
    Polled,
    /// It is time to try again.
    Due,
    Suspended,
}

struct Watching {
    client: Arc<Client>,
    untold: Arc<Untold>,
    suspended: watch::Receiver<bool>,
    seen: Seen,
    live: Option<(Arc<Live>, Instant)>,
    pause: Duration,
    /// When the next attempt is due, to connect or to exchange; none while all is well.
    due: Option<Instant>,
}

/// The connection goes with whoever watches.
impl Drop for Watching {
    fn drop(&mut self) {
        self.client.set_live(None);
    }
}

impl Watching {
    fn new(client: Arc<Client>, untold: Arc<Untold>, suspended: watch::Receiver<bool>) -> Self {
        let due = Some(Instant::now());
        Self { client, untold, suspended, seen: Seen::default(), live: None, pause: PAUSE_MIN, due }
    }

    async fn run(mut self) -> Result<(), Error> {
        let mut notice = self.client.storage.notice().await?;
        // What is there already is no news.
        self.look().await?;
        loop {
            let woken = self.wait(&mut notice).await?;
            match self.act(woken).await {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(Error::Storage(StorageError::DiskFull)) => self.tell_of_the_full_disk(),
                Err(error) => return Err(error),
            }
        }
    }

    /// One step: whether there is a next one.
    async fn act(&mut self, woken: Woken) -> Result<bool, Error> {
        match woken {
            Woken::Suspended => {
                self.disconnect();
                if self.suspended.wait_for(|suspended| !suspended).await.is_err() {
                    return Ok(false);
                }
                self.pause = PAUSE_MIN;
                self.due = Some(Instant::now());
            }
            Woken::Heard(News::Closed) => {
                let lasted = self.live.as_ref().map_or(Duration::ZERO, |(_, since)| since.elapsed());
                self.disconnect();
                if lasted >= GOOD_CONNECTION {
                    self.pause = PAUSE_MIN;
                }
                self.later();
            }
            Woken::Heard(News::Moved) => self.exchange().await?,
            Woken::Polled => {
                self.look().await?;
                let written = self.client.storage.written_mark().await?;
                if written.spaces != self.seen.written.spaces {
                    // Another process founded, joined or left: the relay must be told of which spaces to tell.
                    self.disconnect();
                    self.due = Some(Instant::now());
                } else if written != self.seen.written && (self.live.is_some() || self.due.is_none()) {
                    self.exchange().await?;
                }
            }
            Woken::Due => {
                self.due = None;
                if self.live.is_none() {
                    self.connect().await?;
                }
                self.exchange().await?;
            }
        }
        Ok(true)
    }

    /// Nothing can be kept until there is room, not even how an exchange ended; so this is told without asking the database.
    fn tell_of_the_full_disk(&mut self) {
        self.later();
        let reason = Reason::DiskFull;
        if let Some(status) = self.seen.status.as_mut().filter(|status| status.reason != Some(reason)) {
            status.in_sync = false;
            status.reason = Some(reason);
            status.remedy = Some(reason.remedy().to_owned());
            self.untold.tell_status(status.clone());
        }
    }

    async fn wait(&mut self, notice: &mut Notice) -> Result<Woken, Error> {
        if *self.suspended.borrow_and_update() {
            return Ok(Woken::Suspended);
        }
        let (live, due) = (self.live.as_ref().map(|(live, _)| Arc::clone(live)), self.due);
        tokio::select! {
            news = heard(live) => Ok(Woken::Heard(news)),
            () = until(due) => Ok(Woken::Due),
            _ = self.suspended.changed() => Ok(Woken::Suspended),
            changed = notice.changed() => changed.map(|()| Woken::Polled).map_err(Error::from),
        }
    }

    fn disconnect(&mut self) {
        self.client.set_live(None);
        self.live = None;
    }

    /// Tries again after a pause, spread so that not all come back at the same instant.
    fn later(&mut self) {
        let half = self.pause / 2;
        let spread = Duration::from_millis(random::below(u64::try_from(half.as_millis()).unwrap_or(u64::MAX)));
        self.due = Some(Instant::now() + half + spread);
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }

    /// Connects, if there is something to hear of. Where it does not work, the exchange that follows says why.
    async fn connect(&mut self) -> Result<(), Error> {
        let Some((address, spaces)) = self.client.spaces_to_hear_of().await? else { return Ok(()) };
        let relay = self.client.relay(&address).await?;
        let tls = Arc::new(tls_config(self.client.options.ca_file.as_deref())?);
        match Live::connect(&relay, &tls, &self.client.keys, &spaces).await {
            Ok(live) => {
                self.client.keep_clock_offset(&relay).await?;
                let live = Arc::new(live);
                self.client.set_live(Some(Arc::clone(&live)));
                self.live = Some((live, Instant::now()));
            }
            Err(error) => tracing::debug!(%error, "no connection that stays open"),
        }
        Ok(())
    }

    /// Exchanges everything, and tells what came of it.
    async fn exchange(&mut self) -> Result<(), Error> {
        let written = self.client.storage.written_mark().await?;
        let exchanged = self.client.sync_once(EXCHANGE_DEADLINE, None).await;
        self.seen.written = written;
        match exchanged {
            Ok(_) => {}
            Err(Error::Storage(error)) if !matches!(error, StorageError::Busy) => return Err(error.into()),
            Err(error) => {
                // A joining that was ended elsewhere, say: whoever began it is told by its own command.
                tracing::debug!(%error, "an exchange came to nothing");
                self.later();
                return self.look().await;
            }
        }
        self.look().await?;
        let is_in_sync = self.seen.status.as_ref().is_some_and(|status| status.in_sync);
        self.seen.written.spaces = self.client.storage.written_mark().await?.spaces;
        let Some((_, spaces)) = self.client.spaces_to_hear_of().await? else {
            // There is nothing to hear of any more.
            self.disconnect();
            return Ok(());
        };
        let hears = |live: &Live| spaces.iter().all(|space| live.attends(space));
        match &self.live {
            // The relay learned only now of a space, or of this device in it.
            Some((live, _)) if !hears(live) => {
                self.disconnect();
                self.later();
            }
            Some(_) if is_in_sync => {
                self.due = None;
            }
            // Something was written meanwhile, or the relay wants it later; or nothing can be done but to ask now and then.
            _ => self.later(),
        }
        Ok(())
    }

    /// Compares with what was there before, and tells what is different.
    async fn look(&mut self) -> Result<(), Error> {
        match self.compare().await {
            // Another process is at it: there will be another look.
            Err(Error::Storage(StorageError::Busy)) => Ok(()),
            result => result,
        }
    }

    async fn compare(&mut self) -> Result<(), Error> {
        let status = self.client.status().await?;
        let is_first = self.seen.devices.is_none();
        let views = self.client.views().await?;
        let mut devices = BTreeMap::new();
        for view in &views {
            let me = self.client.person(view)?;
            let current = view.chain.current().filter(|keyholder| keyholder.kind == KeyholderKind::Device);
            devices.extend(current.map(|keyholder| (keyholder.id, keyholder.person == me)));
        }
        // Before what they wrote: whoever listens may take each event as soon as it is told.
        self.compare_devices(devices);
        for view in views {
            self.compare_documents(&view, is_first).await?;
            self.compare_reached(&view).await?;
        }
        if self.seen.status.as_ref() != Some(&status) {
            self.seen.status = Some(status.clone());
            self.untold.tell_status(status);
        }
        Ok(())
    }

    async fn compare_documents(&mut self, view: &SpaceView, is_first: bool) -> Result<(), Error> {
        let documents = self.client.storage.documents_here(&view.space).await?;
        for (text, mark) in documents.marks {
            let Ok(name) = DocumentName::parse(&text) else { continue };
            let key = (view.space, text);
            let before = self.seen.documents.get(&key);
            if before.is_some_and(|before| before.mark == mark) {
                continue;
            }
            // What waits, for a key say, may come into a document before what was read of it.
            let mut heads = None;
            if !is_first || documents.is_any_waiting || mark.pending_until > 0 {
                let former = match before {
                    Some(SeenDocument { heads: Some(heads), .. }) => heads.clone(),
                    Some(before) => self.client.former_heads(view, &name, before.mark.entries_until).await?,
                    None => Heads::of_nothing(),
                };
                let mut now = self.client.load(view, &name).await?;
                heads = Some(now.heads());
                if !is_first {
                    // Where something has gone, all that is there.
                    let changed = now.changed_since(&former).or_else(|| now.changed_since(&Heads::of_nothing()));
                    let changed = things(&now, &changed.unwrap_or_default(), &self.client.reader(view)?);
                    self.untold.tell_changed(changed.into_iter());
                }
            }
            self.seen.documents.insert(key, SeenDocument { mark, heads });
        }
        Ok(())
    }

    fn compare_devices(&mut self, now: BTreeMap<KeyholderId, bool>) {
        if let Some(before) = &self.seen.devices {
            let added = now.iter().filter(|(id, _)| !before.contains_key(id)).map(|(id, own)| (*id, (true, *own)));
            let removed = before.iter().filter(|(id, _)| !now.contains_key(id)).map(|(id, own)| (*id, (false, *own)));
            self.untold.tell_devices(added.chain(removed));
        }
        self.seen.devices = Some(now);
    }

    /// What has come further than before. What is set back is told of by the status.
    async fn compare_reached(&mut self, view: &SpaceView) -> Result<(), Error> {
        let now = self.client.reached_in(view).await?;
        if let Some(before) = self.seen.reached.insert(view.space, now) {
            let levels =
                [(Durability::Relay, before.relay, now.relay), (Durability::Partner, before.partner, now.partner)];
            for (durability, before, now) in levels {
                if now > before {
                    self.untold.tell_reached(Written::new(view.space, now), durability);
                }
            }
        }
        Ok(())
    }
}

async fn heard(live: Option<Arc<Live>>) -> News {
    match live {
        Some(live) => live.news().await,
        None => std::future::pending().await,
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

impl Client {
    /// The relay of the shared space, and the spaces there in which this device is a keyholder.
    async fn spaces_to_hear_of(&self) -> Result<Option<(String, Vec<SpaceId>)>, Error> {
        let mut found: Option<(String, Vec<SpaceId>)> = None;
        let mut views = self.views().await?;
        views.retain(|view| view.gone.is_none());
        for view in views {
            let settings: Settings = self.storage.space_settings(&view.space).await?;
            let (relay, spaces) = found.get_or_insert_with(|| (settings.relay.clone(), Vec::new()));
            if *relay == settings.relay {
                spaces.push(view.space);
            }
        }
        Ok(found)
    }
}
