//! Reaching out, and turning towards it.

use std::sync::Arc;

use entwine_core::document::Choice as _;

use super::call::run_until;
use super::client::{EntwineClient, parse_choice, parse_month};
use super::error::EntwineError;
use crate::practices::reaching_out::{Bid, ReachingOutView, Turning, TurningView};

/// That somebody reaches out. What has no answer is shown as what has one: nothing here counts, waits or reminds.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ReachedOut {
    /// Names it.
    pub id: String,
    /// `thinking-of-you`, `good-news`, `bad-news` or `need-you`; `later` for what only a newer version knows.
    pub bid: String,
    /// Words beside it; may be empty.
    pub text: String,
    /// The name of who reaches out.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// How the other turned towards it, in the order in which they did.
    pub answers: Vec<TurningTowards>,
}

/// How somebody turns towards it.
#[derive(Debug, Clone, uniffi::Record)]
pub struct TurningTowards {
    /// Names it.
    pub id: String,
    /// `here`, `tell-me-more` or `after`; `later` for what only a newer version knows.
    pub turning: String,
    /// After which hour, as `HH:MM` of the clock where it was written.
    pub after: Option<String>,
    /// Words beside it; may be empty.
    pub text: String,
    /// The name of who answers.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
}

impl From<ReachingOutView> for ReachedOut {
    fn from(reached: ReachingOutView) -> Self {
        let ReachingOutView { id, bid, text, author, written_at, answers } = reached;
        let answers = answers.into_iter().map(TurningTowards::from).collect();
        Self { id: id.to_string(), bid: bid.as_str().to_owned(), text, author, written_at, answers }
    }
}

impl From<TurningView> for TurningTowards {
    fn from(answer: TurningView) -> Self {
        let TurningView { id, turning, after, text, author, written_at } = answer;
        Self { id: id.to_string(), turning: turning.as_str().to_owned(), after, text, author, written_at }
    }
}

/// What a couple reaches out with.
#[derive(Debug, uniffi::Object)]
pub struct ReachingOut {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// Reaching out.
    pub fn reaching_out(self: Arc<Self>) -> Result<Arc<ReachingOut>, EntwineError> {
        Ok(Arc::new(ReachingOut { client: self }))
    }
}

#[uniffi::export]
impl ReachingOut {
    /// Reaches out to the other, with words or without: its id.
    #[uniffi::method(default(text = ""))]
    pub async fn add(&self, bid: String, text: String) -> Result<String, EntwineError> {
        let client = self.client.client()?;
        let bid: Bid = parse_choice(&bid)?;
        Ok(run_until(None, async move { client.reaching_out().add(bid, &text).await }).await?.to_string())
    }

    /// Turns towards it, with words or without: the answer's id. For "after six", `after` is the hour, as `HH:MM` of this wall clock.
    #[uniffi::method(default(after = None, text = ""))]
    pub async fn answer(
        &self,
        id: String,
        turning: String,
        after: Option<String>,
        text: String,
    ) -> Result<String, EntwineError> {
        let (client, id) = self.client.with_id("reaching out", &id)?;
        let turning: Turning = parse_choice(&turning)?;
        let answer =
            run_until(None, async move { client.reaching_out().answer(&id, turning, after.as_deref(), &text).await });
        Ok(answer.await?.to_string())
    }

    /// Those of a month, or all, the newest first.
    #[uniffi::method(default(month = None))]
    pub async fn list(&self, month: Option<String>) -> Result<Vec<ReachedOut>, EntwineError> {
        let (client, month) = (self.client.client()?, parse_month(month)?);
        let found = run_until(None, async move { client.reaching_out().list(month.as_ref()).await }).await?;
        Ok(found.into_iter().map(ReachedOut::from).collect())
    }

    /// One of them, also where it lies in the trash.
    pub async fn read(&self, id: String) -> Result<ReachedOut, EntwineError> {
        let (client, id) = self.client.with_id("reaching out", &id)?;
        Ok(run_until(None, async move { client.reaching_out().read(&id).await }).await?.into())
    }

    /// Puts one's own into the trash.
    pub async fn delete(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("reaching out", &id)?;
        run_until(None, async move { client.reaching_out().delete(&id).await }).await
    }

    /// Takes one out of the trash.
    pub async fn restore(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("reaching out", &id)?;
        run_until(None, async move { client.reaching_out().restore(&id).await }).await
    }
}
