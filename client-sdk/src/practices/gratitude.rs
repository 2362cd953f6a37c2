//! Gratitude: one thing, or the three of an evening.

use entwine_core::document::EntityId;
use entwine_core::practice::gratitude::Gratitude;
pub use entwine_core::practice::gratitude::GratitudeFor;
use serde::Serialize;

use super::Month;
use super::dated::{Shown, Which};
use crate::client::Client;
use crate::error::Error;

/// Something that somebody is grateful for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GratitudeView {
    /// Names it.
    pub id: EntityId,
    /// What for.
    pub text: String,
    /// `character`, `act`, `effort` or `anything`.
    pub about: GratitudeFor,
    /// The name of who wrote it.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
}

/// The gratitudes of a couple.
#[derive(Debug, Clone, Copy)]
pub struct Gratitudes<'c> {
    client: &'c Client,
}

impl Client {
    /// The gratitudes.
    #[must_use]
    pub fn gratitudes(&self) -> Gratitudes<'_> {
        Gratitudes { client: self }
    }
}

impl Gratitudes<'_> {
    /// Writes down one thing, or up to three: their ids.
    ///
    /// # Errors
    /// There is no space, there are more than three or none, or one is too long or empty.
    pub async fn add(&self, texts: &[String], about: GratitudeFor) -> Result<Vec<EntityId>, Error> {
        self.client.keep_all(false, |origin| Gratitude::of_an_evening(texts, about, origin)).await
    }

    /// Those of a month, or all, the newest first.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self, month: Option<&Month>) -> Result<Vec<GratitudeView>, Error> {
        let found = self.client.collect(month, Which::Listed).await?;
        Ok(found.into_iter().map(GratitudeView::from).collect())
    }

    /// One of them, also where it lies in the trash.
    ///
    /// # Errors
    /// There is no such gratitude.
    pub async fn read(&self, id: &EntityId) -> Result<GratitudeView, Error> {
        Ok(self.client.show(id).await?.into())
    }

    /// Puts one's own into the trash.
    ///
    /// # Errors
    /// There is no such gratitude, or the partner wrote it.
    pub async fn delete(&self, id: &EntityId) -> Result<(), Error> {
        self.client.put_own_into_trash::<Gratitude>(id).await
    }

    /// Takes one out of the trash.
    ///
    /// # Errors
    /// There is no such gratitude.
    pub async fn restore(&self, id: &EntityId) -> Result<(), Error> {
        self.client.restore::<Gratitude>(id).await
    }
}

impl From<Shown<Gratitude>> for GratitudeView {
    fn from(shown: Shown<Gratitude>) -> Self {
        let Gratitude { text, about, .. } = shown.stored.value;
        Self {
            id: shown.stored.id,
            text: text.as_str().to_owned(),
            about: *about,
            author: shown.author,
            written_at: shown.written_at,
        }
    }
}
