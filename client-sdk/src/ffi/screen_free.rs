//! Screen-free time.

use std::sync::Arc;

use super::call::run_until;
use super::client::{EntwineClient, parse_month};
use super::error::EntwineError;
use crate::practices::screen_free::{ScreenFreeUntil, ScreenFreeView};

/// A time without screens. Of what the other does with it, there is nothing but the promise.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ScreenFreeTime {
    /// Names it.
    pub id: String,
    /// When it begins, as RFC 3339 with the proposer's offset.
    pub from: String,
    /// When it ends, in the same form.
    pub to: String,
    /// The name of who proposed it.
    pub author: String,
    /// The names of who promised it, in the order in which they did.
    pub promised_by: Vec<String>,
    /// Whether this person is one of them.
    pub promised: bool,
    /// When this person ended it early, as RFC 3339. Only one's own devices know.
    pub ended_at: Option<String>,
}

impl From<ScreenFreeView> for ScreenFreeTime {
    fn from(time: ScreenFreeView) -> Self {
        let ScreenFreeView { id, from, to, author, promised_by, promised, ended_at } = time;
        Self { id: id.to_string(), from, to, author, promised_by, promised, ended_at }
    }
}

/// The times without screens of a couple. Reminders of rituals are held back while one lasts that this person has promised.
#[derive(Debug, uniffi::Object)]
pub struct ScreenFreeTimes {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// The times without screens.
    pub fn screen_free(self: Arc<Self>) -> Result<Arc<ScreenFreeTimes>, EntwineError> {
        Ok(Arc::new(ScreenFreeTimes { client: self }))
    }
}

#[uniffi::export]
impl ScreenFreeTimes {
    /// Proposes one of so many minutes, and promises it: its id. It begins when the clock on this wall says so, as `2026-12-24T18:00`;
    /// none is now.
    #[uniffi::method(default(from = None))]
    pub async fn propose(&self, minutes: u32, from: Option<String>) -> Result<String, EntwineError> {
        let (client, until) = (self.client.client()?, ScreenFreeUntil::Minutes(minutes.into()));
        let proposed = run_until(None, async move { client.screen_free().propose(from.as_deref(), &until).await });
        Ok(proposed.await?.to_string())
    }

    /// Promises what the other proposed.
    pub async fn promise(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("screen-free time", &id)?;
        run_until(None, async move { client.screen_free().promise(&id).await }).await
    }

    /// Ends it early, for oneself. Nobody else can see it.
    pub async fn end(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("screen-free time", &id)?;
        run_until(None, async move { client.screen_free().end(&id).await }).await
    }

    /// Those that begin in a month, or all, the latest proposed first.
    #[uniffi::method(default(month = None))]
    pub async fn list(&self, month: Option<String>) -> Result<Vec<ScreenFreeTime>, EntwineError> {
        let (client, month) = (self.client.client()?, parse_month(month)?);
        let found = run_until(None, async move { client.screen_free().list(month.as_ref()).await }).await?;
        Ok(found.into_iter().map(ScreenFreeTime::from).collect())
    }

    /// One of them.
    pub async fn read(&self, id: String) -> Result<ScreenFreeTime, EntwineError> {
        let (client, id) = self.client.with_id("screen-free time", &id)?;
        Ok(run_until(None, async move { client.screen_free().read(&id).await }).await?.into())
    }
}
