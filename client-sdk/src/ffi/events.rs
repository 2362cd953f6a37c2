//! What happened? One watch for each client, told to everybody who listens.
//!
//! ```text
//! Client::watch ─► Feed ─► on_event of each listener, one after the other
//! ```
//!
//! The watch, and its connection, is there while anybody listens.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;

use super::call::runtime;
use super::client::EntwineClient;
use super::error::EntwineError;
use super::network::{NetworkMonitor, NetworkObserver};
use super::syncing::{Durability, SyncStatus};
use crate::client::Client;
use crate::client::event::Event as Told;

/// Something happened, here or elsewhere.
#[derive(Debug, Clone, uniffi::Enum)]
pub enum Event {
    /// Something of a practice is new, was changed, went into the trash or out of it; or what hangs on it is, as a ritual's
    /// having been done.
    Changed {
        /// What: `entry`, `ritual`, …, as each practice calls what an app shows.
        what: String,
        /// Which.
        id: String,
    },
    /// Somebody is called something else: whatever shows an author is other than before.
    NamesChanged,
    /// More was changed than is told one by one: show everything anew.
    Missed,
    /// All of this has come so far.
    Reached {
        /// The mark: everything written on this device, in one space, by a moment.
        written: String,
        /// How far.
        durability: Durability,
    },
    /// The device stands elsewhere than before.
    Status {
        /// Where.
        status: SyncStatus,
    },
    /// A device came in.
    DeviceAdded {
        /// The device.
        id: String,
        /// Whether it is one's own; else it is the partner's.
        own: bool,
    },
    /// A device was removed, or left.
    DeviceRemoved {
        /// The device.
        id: String,
        /// Whether it was one's own; else it was the partner's.
        own: bool,
    },
    /// There are no further events until somebody listens anew: the client was closed, or its database failed.
    Ended {
        /// Whether something failed.
        is_failure: bool,
        /// What was seen, in words for people.
        detail: String,
    },
}

impl From<Told> for Event {
    fn from(told: Told) -> Self {
        match told {
            Told::Changed { what, id } => Self::Changed { what: what.to_owned(), id: id.to_string() },
            Told::NamesChanged => Self::NamesChanged,
            Told::Missed => Self::Missed,
            Told::Reached { written, durability } => {
                Self::Reached { written: written.to_string(), durability: durability.into() }
            }
            Told::Status { status } => Self::Status { status: status.into() },
            Told::DeviceAdded { id, own } => Self::DeviceAdded { id: id.to_string(), own },
            Told::DeviceRemoved { id, own } => Self::DeviceRemoved { id: id.to_string(), own },
        }
    }
}

/// Whom to tell. Called on a thread of its own, one event after the other; while it does not return, further events wait, and
/// those of one kind about one thing become one.
#[uniffi::export(with_foreign)]
pub trait EventListener: Send + Sync {
    /// Takes one event. Should it fail, that is noted in the log, and the next event comes all the same.
    fn on_event(&self, event: Event) -> Result<(), ListenerFailure>;
}

/// That a listener could not take an event.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum ListenerFailure {
    /// For whatever reason.
    #[error("{reason}")]
    NotTaken {
        /// What it says.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ListenerFailure {
    fn from(unexpected: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::NotTaken { reason: unexpected.reason }
    }
}

/// A listener's place. Ends when it is cancelled, and when nobody holds it any more.
#[derive(Debug, uniffi::Object)]
pub struct Subscription {
    feed: Arc<Feed>,
    number: u64,
}

#[uniffi::export]
impl Subscription {
    /// Tells the listener nothing any more, but what it is being told at this moment.
    pub fn cancel(&self) -> Result<(), EntwineError> {
        self.feed.leave(self.number);
        Ok(())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.feed.leave(self.number);
    }
}

#[uniffi::export]
impl EntwineClient {
    /// Tells a listener what happens from now on; the first event is the status. While anybody listens, the client stays
    /// connected and exchanges whenever there is something new on either side.
    pub fn subscribe(&self, listener: Arc<dyn EventListener>) -> Result<Arc<Subscription>, EntwineError> {
        self.feed.listen(&self.client()?, listener)
    }

    /// Lets go of the connection until [`Self::resume`]: the app goes into the background.
    pub fn suspend(&self) -> Result<(), EntwineError> {
        self.client()?;
        self.feed.hold(|held| held.is_suspended = true);
        Ok(())
    }

    /// Connects again at once, if anybody listens. What happened meanwhile is told then.
    pub fn resume(&self) -> Result<(), EntwineError> {
        self.client()?;
        self.feed.hold(|held| held.is_suspended = false);
        Ok(())
    }
}

/// Why there is no connection, though somebody listens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) is_suspended: bool,
    pub(super) is_unreachable: bool,
}

/// Everybody who listens to one client.
pub(super) struct Feed {
    state: Mutex<State>,
    /// Somebody came or went.
    changed: Notify,
    held: watch::Sender<Held>,
    network: Option<Arc<dyn NetworkMonitor>>,
}

#[derive(Default)]
struct State {
    listeners: BTreeMap<u64, Listening>,
    next: u64,
    is_running: bool,
    is_closed: bool,
}

struct Listening {
    listener: Arc<dyn EventListener>,
    /// Whether it was told the status.
    is_greeted: bool,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("held", &*self.held.borrow()).finish_non_exhaustive()
    }
}

impl Feed {
    pub(super) fn new(network: Option<Arc<dyn NetworkMonitor>>) -> Arc<Self> {
        let held = watch::Sender::new(Held::default());
        Arc::new(Self { state: Mutex::default(), changed: Notify::new(), held, network })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hold(&self, change: impl FnOnce(&mut Held)) {
        self.held.send_modify(change);
    }

    fn listen(
        self: &Arc<Self>,
        client: &Arc<Client>,
        listener: Arc<dyn EventListener>,
    ) -> Result<Arc<Subscription>, EntwineError> {
        let runtime = runtime()?;
        let mut state = self.state();
        if state.is_closed {
            return Err(EntwineClient::closed());
        }
        let number = state.next;
        state.next += 1;
        state.listeners.insert(number, Listening { listener, is_greeted: false });
        if !std::mem::replace(&mut state.is_running, true) {
            runtime.spawn(Arc::clone(self).run(Arc::clone(client)));
        }
        drop(state);
        self.changed.notify_one();
        Ok(Arc::new(Subscription { feed: Arc::clone(self), number }))
    }

    fn leave(&self, number: u64) {
        self.state().listeners.remove(&number);
        self.changed.notify_one();
    }

    /// The client is closed, and whoever listens is told so.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    async fn run(self: Arc<Self>, client: Arc<Client>) {
        self.start_network().await;
        let mut held = self.held.subscribe();
        let mut watch = client.watch();
        let mut status = None;
        loop {
            if let Some(status) = &status {
                for listener in self.take_ungreeted() {
                    tell(listener, Event::Status { status: SyncStatus::clone(status) }).await;
                }
            }
            // Looked at anew each time, also the first.
            if *held.borrow_and_update() == Held::default() {
                watch.resume()
            } else {
                watch.suspend()
            }
            tokio::select! {
                biased;
                () = self.changed.notified() => {
                    if self.state().is_closed {
                        self.end(false, "this client was closed".to_owned()).await;
                        break;
                    }
                    let mut state = self.state();
                    if state.listeners.is_empty() {
                        state.is_running = false;
                        break;
                    }
                }
                _ = held.changed() => {}
                told = watch.next() => match told {
                    Ok(told) => {
                        let event = Event::from(told);
                        if let Event::Status { status: now } = &event {
                            // Whoever waits for the first status gets this one.
                            self.take_ungreeted();
                            status = Some(now.clone());
                        }
                        self.tell_all(&event).await;
                    }
                    Err(error) => {
                        self.end(true, EntwineError::from(error).to_string()).await;
                        break;
                    }
                },
            }
        }
        drop(watch);
        self.stop_network().await;
    }

    /// Those who were told nothing yet; from now on they count as greeted.
    fn take_ungreeted(&self) -> Vec<Arc<dyn EventListener>> {
        let mut state = self.state();
        let ungreeted = state.listeners.values_mut().filter(|one| !one.is_greeted);
        ungreeted
            .map(|one| {
                one.is_greeted = true;
                Arc::clone(&one.listener)
            })
            .collect()
    }

    async fn tell_all(&self, event: &Event) {
        let greeted: Vec<Arc<dyn EventListener>> =
            self.state().listeners.values().filter(|one| one.is_greeted).map(|one| Arc::clone(&one.listener)).collect();
        for listener in greeted {
            tell(listener, event.clone()).await;
        }
    }

    /// Tells everybody that this was all.
    async fn end(&self, is_failure: bool, detail: String) {
        let listeners = {
            let mut state = self.state();
            state.is_running = false;
            std::mem::take(&mut state.listeners)
        };
        for one in listeners.into_values() {
            tell(one.listener, Event::Ended { is_failure, detail: detail.clone() }).await;
        }
    }

    async fn start_network(self: &Arc<Self>) {
        let Some(network) = self.network.clone() else { return };
        let observer = NetworkObserver::new(self);
        let started = spawn_blocking(move || network.start(observer)).await;
        if !matches!(started, Ok(Ok(()))) {
            tracing::warn!("the network monitor did not start: the network counts as there");
            self.hold(|held| held.is_unreachable = false);
        }
    }

    async fn stop_network(&self) {
        let Some(network) = self.network.clone() else { return };
        if !matches!(spawn_blocking(move || network.stop()).await, Ok(Ok(()))) {
            tracing::warn!("the network monitor did not stop");
        }
    }
}

/// On a thread where an app may take its time.
async fn tell(listener: Arc<dyn EventListener>, event: Event) {
    match spawn_blocking(move || listener.on_event(event)).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => tracing::warn!(%failure, "a listener did not take an event"),
        Err(_) => tracing::warn!("a listener panicked"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::*;
    use crate::ffi::{ClientConfig, MonitorFailure};

    /// Longer than anything takes that happens at all.
    const LONG: Duration = Duration::from_secs(60);

    /// Passes on what it is told, and fails each time.
    struct Failing(Mutex<Sender<Event>>);

    impl EventListener for Failing {
        fn on_event(&self, event: Event) -> Result<(), ListenerFailure> {
            let _ = self.0.lock().unwrap().send(event);
            Err(ListenerFailure::NotTaken { reason: "out of sorts".to_owned() })
        }
    }

    /// Says what became of it, and fails when it is started.
    struct Monitor(Mutex<Sender<&'static str>>);

    impl NetworkMonitor for Monitor {
        fn start(&self, _: Arc<NetworkObserver>) -> Result<(), MonitorFailure> {
            let _ = self.0.lock().unwrap().send("started");
            Err(MonitorFailure::Unavailable { reason: "no network stack".to_owned() })
        }

        fn stop(&self) -> Result<(), MonitorFailure> {
            let _ = self.0.lock().unwrap().send("stopped");
            Ok(())
        }
    }

    fn failing() -> (Arc<dyn EventListener>, Receiver<Event>) {
        let (told, heard) = channel();
        (Arc::new(Failing(Mutex::new(told))), heard)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_listener_is_told_the_status_first_and_the_end_last_though_it_fails() {
        let folder = tempfile::tempdir().unwrap();
        let (told, network) = channel();
        let config = ClientConfig {
            folder: folder.path().display().to_string(),
            name: Some("Ada".to_owned()),
            ca_file: None,
            key_store: None,
            network: Some(Arc::new(Monitor(Mutex::new(told)))),
        };
        let client = EntwineClient::open(config).await.unwrap();
        let (early, early_heard) = failing();
        let early = client.subscribe(early).unwrap();
        let first = early_heard.recv_timeout(LONG).unwrap();
        assert!(matches!(&first, Event::Status { status } if !status.in_sync), "{first:?}");
        assert_eq!(network.recv_timeout(LONG), Ok("started"));

        let (late, late_heard) = failing();
        let _late = client.subscribe(late).unwrap();
        assert!(matches!(late_heard.recv_timeout(LONG), Ok(Event::Status { .. })));
        early.cancel().unwrap();
        client.close_profile().await.unwrap();
        assert!(matches!(late_heard.recv_timeout(LONG), Ok(Event::Ended { .. })), "whoever listens is told of the end");
        assert_eq!(network.recv_timeout(LONG), Ok("stopped"));
        assert!(early_heard.recv_timeout(LONG).is_err(), "who left is told nothing, and its sender is gone");
        assert!(matches!(client.subscribe(failing().0), Err(EntwineError::RefreshState(_))));
        client.close_profile().await.unwrap();
    }
}
