//! Gratitude.

use std::sync::Arc;

use entwine_core::document::Choice as _;

use super::call::run_until;
use super::client::{EntwineClient, parse_choice, parse_month};
use super::error::EntwineError;
use crate::practices::gratitude::{GratitudeFor, GratitudeView};

/// Something that somebody is grateful for.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Gratitude {
    /// Names it.
    pub id: String,
    /// What for.
    pub text: String,
    /// `character`, `act`, `effort` or `anything`; `later` for what only a newer version knows.
    pub about: String,
    /// The name of who wrote it.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
}

impl From<GratitudeView> for Gratitude {
    fn from(gratitude: GratitudeView) -> Self {
        let GratitudeView { id, text, about, author, written_at } = gratitude;
        Self { id: id.to_string(), text, about: about.as_str().to_owned(), author, written_at }
    }
}

/// The gratitudes of a couple.
#[derive(Debug, uniffi::Object)]
pub struct Gratitudes {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// The gratitudes.
    pub fn gratitudes(self: Arc<Self>) -> Result<Arc<Gratitudes>, EntwineError> {
        Ok(Arc::new(Gratitudes { client: self }))
    }
}

#[uniffi::export]
impl Gratitudes {
    /// Writes down one thing, or up to three: their ids.
    pub async fn add(&self, texts: Vec<String>, about: String) -> Result<Vec<String>, EntwineError> {
        let client = self.client.client()?;
        let about: GratitudeFor = parse_choice(&about)?;
        let ids = run_until(None, async move { client.gratitudes().add(&texts, about).await }).await?;
        Ok(ids.iter().map(ToString::to_string).collect())
    }

    /// Those of a month, or all, the newest first.
    #[uniffi::method(default(month = None))]
    pub async fn list(&self, month: Option<String>) -> Result<Vec<Gratitude>, EntwineError> {
        let (client, month) = (self.client.client()?, parse_month(month)?);
        let found = run_until(None, async move { client.gratitudes().list(month.as_ref()).await }).await?;
        Ok(found.into_iter().map(Gratitude::from).collect())
    }

    /// One of them, also where it lies in the trash.
    pub async fn read(&self, id: String) -> Result<Gratitude, EntwineError> {
        let (client, id) = self.client.with_id("gratitude", &id)?;
        Ok(run_until(None, async move { client.gratitudes().read(&id).await }).await?.into())
    }

    /// Puts one's own into the trash.
    pub async fn delete(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("gratitude", &id)?;
        run_until(None, async move { client.gratitudes().delete(&id).await }).await
    }

    /// Takes one out of the trash.
    pub async fn restore(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("gratitude", &id)?;
        run_until(None, async move { client.gratitudes().restore(&id).await }).await
    }
}
