//! The rituals.

use std::collections::HashMap;
use std::sync::Arc;

use entwine_core::document::EntityId;

use super::call::run_until;
use super::client::EntwineClient;
use super::error::EntwineError;
use crate::client::Client;
use crate::practices;

/// A new ritual.
#[derive(Debug, Clone, uniffi::Record)]
pub struct NewRitual {
    /// What it is called.
    pub name: String,
    /// When it comes round, as an RRULE of RFC 5545, such as `FREQ=WEEKLY;BYDAY=FR`.
    pub every: String,
    /// At which hour, as `HH:MM`.
    #[uniffi(default = None)]
    pub at: Option<String>,
}

/// What to change of a ritual; none leaves a field as it is.
#[derive(Debug, Clone, uniffi::Record)]
pub struct RitualChanges {
    /// What it is called.
    #[uniffi(default = None)]
    pub name: Option<String>,
    /// When it comes round.
    #[uniffi(default = None)]
    pub every: Option<String>,
    /// At which hour.
    #[uniffi(default = None)]
    pub at: Option<String>,
}

/// A ritual.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Ritual {
    /// Names it.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// When it comes round, as an RRULE.
    pub every: String,
    /// At which hour, as `HH:MM`.
    pub at: Option<String>,
    /// By field, the other values of what was chosen differently apart.
    pub alternatives: HashMap<String, Vec<String>>,
    /// When it was done in this month and the last, the latest first.
    pub done: Vec<Done>,
}

/// That somebody did a ritual.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Done {
    /// The day, as `2026-11-25`.
    pub date: String,
    /// The name of who says so.
    pub by: String,
    /// A few words about it.
    pub note: String,
}

impl From<practices::RitualView> for Ritual {
    fn from(ritual: practices::RitualView) -> Self {
        let practices::RitualView { id, name, every, at, alternatives, done } = ritual;
        let done = done.into_iter().map(|practices::DoneView { date, by, note }| Done { date, by, note }).collect();
        Self { id: id.to_string(), name, every, at, alternatives: alternatives.into_iter().collect(), done }
    }
}

/// The rituals of a client.
#[derive(Debug, uniffi::Object)]
pub struct Rituals {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// The rituals.
    pub fn rituals(self: Arc<Self>) -> Result<Arc<Rituals>, EntwineError> {
        Ok(Arc::new(Rituals { client: self }))
    }
}

impl Rituals {
    /// A ritual by what somebody calls its id.
    fn ritual(&self, id: &str) -> Result<(Arc<Client>, EntityId), EntwineError> {
        self.client.with_id("ritual", id)
    }
}

#[uniffi::export]
impl Rituals {
    /// Adds a ritual: its id.
    pub async fn add(&self, ritual: NewRitual) -> Result<String, EntwineError> {
        let client = self.client.client()?;
        let NewRitual { name, every, at } = ritual;
        let new = practices::NewRitual { name, every, at };
        Ok(run_until(None, async move { client.rituals().add(new).await }).await?.to_string())
    }

    /// Changes a ritual: only the fields that are given.
    pub async fn change(&self, id: String, changes: RitualChanges) -> Result<(), EntwineError> {
        let (client, id) = self.ritual(&id)?;
        let RitualChanges { name, every, at } = changes;
        let changes = practices::RitualChanges { name, every, at };
        run_until(None, async move { client.rituals().set(&id, changes).await }).await
    }

    /// All rituals, in the order in which they were made.
    pub async fn list(&self) -> Result<Vec<Ritual>, EntwineError> {
        let client = self.client.client()?;
        let rituals = run_until(None, async move { client.rituals().list().await }).await?;
        Ok(rituals.into_iter().map(Ritual::from).collect())
    }

    /// Records that a ritual was done today: the id of the occurrence. Both may record it: it is one occurrence then.
    #[uniffi::method(default(note = None))]
    pub async fn done(&self, id: String, note: Option<String>) -> Result<String, EntwineError> {
        let (client, id) = self.ritual(&id)?;
        let recorded = run_until(None, async move { client.rituals().done(&id, note.as_deref()).await }).await?;
        Ok(recorded.to_string())
    }
}
