//! The journal.

use std::collections::HashMap;
use std::sync::Arc;

use entwine_core::document::EntityId;

use super::call::run_until;
use super::client::EntwineClient;
use super::error::EntwineError;
use crate::client::Client;
use crate::practices::{self, Month};

/// A new entry.
#[derive(Debug, Clone, uniffi::Record)]
pub struct NewJournalEntry {
    /// May be empty.
    pub title: String,
    /// May be empty.
    pub text: String,
    /// In the writer's own words.
    #[uniffi(default = [])]
    pub tags: Vec<String>,
    /// For one's own devices alone.
    #[uniffi(default = false)]
    pub private: bool,
}

/// An entry without its text, for a list.
#[derive(Debug, Clone, uniffi::Record)]
pub struct JournalEntrySummary {
    /// Names it.
    pub id: String,
    /// The title.
    pub title: String,
    /// The name of who began it.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// Whether only one's own devices have it.
    pub private: bool,
    /// In alphabetical order.
    pub tags: Vec<String>,
}

/// An entry.
#[derive(Debug, Clone, uniffi::Record)]
pub struct JournalEntry {
    /// Names it.
    pub id: String,
    /// The title.
    pub title: String,
    /// The text, with everybody's words.
    pub text: String,
    /// The name of who began it.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// Whether only one's own devices have it.
    pub private: bool,
    /// In alphabetical order.
    pub tags: Vec<String>,
    /// Whether it lies in the trash.
    pub trashed: bool,
    /// By field, the other values of what was chosen differently apart.
    pub alternatives: HashMap<String, Vec<String>>,
}

impl From<practices::JournalEntrySummary> for JournalEntrySummary {
    fn from(entry: practices::JournalEntrySummary) -> Self {
        let practices::JournalEntrySummary { id, title, author, written_at, private, tags } = entry;
        Self { id: id.to_string(), title, author, written_at, private, tags }
    }
}

impl From<practices::JournalEntryView> for JournalEntry {
    fn from(entry: practices::JournalEntryView) -> Self {
        let practices::JournalEntryView { id, title, text, author, written_at, private, tags, trashed, alternatives } =
            entry;
        let (id, alternatives) = (id.to_string(), alternatives.into_iter().collect());
        Self { id, title, text, author, written_at, private, tags, trashed, alternatives }
    }
}

/// The journal of a client.
#[derive(Debug, uniffi::Object)]
pub struct Journal {
    client: Arc<EntwineClient>,
}

/// A text as an editor opened it.
#[derive(Debug, uniffi::Object)]
pub struct OpenedText {
    client: Arc<EntwineClient>,
    opened: practices::OpenedText,
}

fn parse_id(id: &str) -> Result<EntityId, EntwineError> {
    id.parse().map_err(|_| EntwineError::unknown("journal entry", id))
}

#[uniffi::export]
impl EntwineClient {
    /// The journal.
    pub fn journal(self: Arc<Self>) -> Result<Arc<Journal>, EntwineError> {
        Ok(Arc::new(Journal { client: self }))
    }
}

impl Journal {
    /// An entry by what somebody calls its id.
    fn entry(&self, id: &str) -> Result<(Arc<Client>, EntityId), EntwineError> {
        Ok((self.client.client()?, parse_id(id)?))
    }
}

#[uniffi::export]
impl Journal {
    /// Writes a new entry: its id. When this returns, it is on the disk.
    pub async fn write(&self, entry: NewJournalEntry) -> Result<String, EntwineError> {
        let client = self.client.client()?;
        let NewJournalEntry { title, text, tags, private } = entry;
        let new = practices::NewEntry { title, text, tags, private };
        Ok(run_until(None, async move { client.journal().write(new).await }).await?.to_string())
    }

    /// Adds to the end of an entry's text.
    pub async fn append(&self, id: String, text: String) -> Result<(), EntwineError> {
        let (client, id) = self.entry(&id)?;
        run_until(None, async move { client.journal().append(&id, &text).await }).await
    }

    /// Replaces the first place where `old` stands in an entry's text.
    pub async fn replace(&self, id: String, old: String, new: String) -> Result<(), EntwineError> {
        let (client, id) = self.entry(&id)?;
        run_until(None, async move { client.journal().replace(&id, &old, &new).await }).await
    }

    /// Opens an entry's text for an editor.
    pub async fn open_editor(&self, id: String) -> Result<Arc<OpenedText>, EntwineError> {
        let (client, id) = self.entry(&id)?;
        let opened = run_until(None, async move { client.journal().open_editor(&id).await }).await?;
        Ok(Arc::new(OpenedText { client: Arc::clone(&self.client), opened }))
    }

    /// An entry, also one that lies in the trash.
    pub async fn read(&self, id: String) -> Result<JournalEntry, EntwineError> {
        let (client, id) = self.entry(&id)?;
        Ok(run_until(None, async move { client.journal().read(&id).await }).await?.into())
    }

    /// The months that anything was written in, such as `2026-11`, the latest first.
    pub async fn months(&self) -> Result<Vec<String>, EntwineError> {
        let client = self.client.client()?;
        let months = run_until(None, async move { client.journal().months().await }).await?;
        Ok(months.iter().map(ToString::to_string).collect())
    }

    /// The entries of a month, or all, the newest first; one's own private ones too.
    #[uniffi::method(default(month = None))]
    pub async fn list(&self, month: Option<String>) -> Result<Vec<JournalEntrySummary>, EntwineError> {
        let client = self.client.client()?;
        let month = month.map(|month| month.parse::<Month>()).transpose();
        let month = month.map_err(|error| EntwineError::FixInput(error.to_string()))?;
        let entries = run_until(None, async move { client.journal().list(month.as_ref()).await }).await?;
        Ok(entries.into_iter().map(JournalEntrySummary::from).collect())
    }

    /// What was put into the trash in the last thirty days.
    pub async fn trash(&self) -> Result<Vec<JournalEntrySummary>, EntwineError> {
        let client = self.client.client()?;
        let entries = run_until(None, async move { client.journal().trash().await }).await?;
        Ok(entries.into_iter().map(JournalEntrySummary::from).collect())
    }

    /// Puts an entry into the trash. An edit that this device has not seen brings it back.
    pub async fn delete(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.entry(&id)?;
        run_until(None, async move { client.journal().delete(&id).await }).await
    }

    /// Takes an entry out of the trash.
    pub async fn restore(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.entry(&id)?;
        run_until(None, async move { client.journal().restore(&id).await }).await
    }
}

#[uniffi::export]
impl OpenedText {
    /// What to edit.
    pub fn text(&self) -> Result<String, EntwineError> {
        Ok(self.opened.text.clone())
    }

    /// Keeps what was edited. It is compared with the text as it was opened, so that what others wrote meanwhile stays.
    pub async fn save(&self, edited: String) -> Result<(), EntwineError> {
        let (client, opened) = (self.client.client()?, self.opened.clone());
        run_until(None, async move { client.journal().save_edited(&opened, &edited).await }).await
    }
}
