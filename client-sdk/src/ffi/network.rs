//! Is there a network? The phone knows: while it says no, nothing is tried, and nothing costs battery.

use std::sync::{Arc, Weak};

use super::error::EntwineError;
use super::events::Feed;

/// Tells whether anything can be reached.
#[uniffi::export(with_foreign)]
pub trait NetworkMonitor: Send + Sync {
    /// Begins to tell the observer, the first time at once. Called when somebody begins to listen to a client's events.
    fn start(&self, observer: Arc<NetworkObserver>) -> Result<(), MonitorFailure>;

    /// Ends it: nobody listens any more.
    fn stop(&self) -> Result<(), MonitorFailure>;
}

/// Why a network monitor did not do it. The network counts as there then.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum MonitorFailure {
    /// The platform does not tell.
    #[error("{reason}")]
    Unavailable {
        /// What the platform says.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for MonitorFailure {
    fn from(unexpected: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable { reason: unexpected.reason }
    }
}

/// Whom to tell about the network. What is told after the client is gone harms nothing.
#[derive(Debug, uniffi::Object)]
pub struct NetworkObserver {
    feed: Weak<Feed>,
}

impl NetworkObserver {
    pub(super) fn new(feed: &Arc<Feed>) -> Arc<Self> {
        Arc::new(Self { feed: Arc::downgrade(feed) })
    }
}

#[uniffi::export]
impl NetworkObserver {
    /// Whether there is a network now. When there is one again, the connection is made at once.
    pub fn changed(&self, is_reachable: bool) -> Result<(), EntwineError> {
        if let Some(feed) = self.feed.upgrade() {
            feed.hold(|held| held.is_unreachable = !is_reachable);
        }
        Ok(())
    }
}
