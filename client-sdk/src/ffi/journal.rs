//! The journal.

use std::collections::HashMap;
use std::sync::Arc;

use entwine_core::document::{Choice as _, EntityId};

use super::call::run_until;
use super::client::{EntwineClient, parse_choice, parse_month};
use super::error::EntwineError;
use crate::client::Client;
use crate::practices::{self, ListeningWish};

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
    /// Ids of the wheel of feelings, or own words.
    #[uniffi(default = [])]
    pub feelings: Vec<String>,
    /// Where in the body they are: ids of the sensations, or own words.
    #[uniffi(default = [])]
    pub sensations: Vec<String>,
    /// What set it off.
    #[uniffi(default = "")]
    pub set_off: String,
    /// Who was there.
    #[uniffi(default = [])]
    pub people: Vec<String>,
    /// Where it was, in the writer's own words.
    #[uniffi(default = "")]
    pub place: String,
    /// How the writer wants to be heard: `just-listen`, `ask-me` or `think-with-me`.
    #[uniffi(default = None)]
    pub wish: Option<String>,
}

/// What to change of an entry beside its text; none leaves a field as it is.
#[derive(Debug, Clone, uniffi::Record)]
pub struct JournalChanges {
    /// The title.
    #[uniffi(default = None)]
    pub title: Option<String>,
    /// The tags.
    #[uniffi(default = None)]
    pub tags: Option<Vec<String>>,
    /// The feelings.
    #[uniffi(default = None)]
    pub feelings: Option<Vec<String>>,
    /// The sensations.
    #[uniffi(default = None)]
    pub sensations: Option<Vec<String>>,
    /// What set it off.
    #[uniffi(default = None)]
    pub set_off: Option<String>,
    /// Who was there.
    #[uniffi(default = None)]
    pub people: Option<Vec<String>>,
    /// Where it was.
    #[uniffi(default = None)]
    pub place: Option<String>,
    /// How the writer wants to be heard; an empty text means no wish any more.
    #[uniffi(default = None)]
    pub wish: Option<String>,
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
    /// How the writer wants to be heard.
    pub wish: Option<String>,
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
    /// In alphabetical order.
    pub feelings: Vec<String>,
    /// In alphabetical order.
    pub sensations: Vec<String>,
    /// What set it off.
    pub set_off: String,
    /// In alphabetical order.
    pub people: Vec<String>,
    /// Where it was.
    pub place: String,
    /// How the writer wants to be heard.
    pub wish: Option<String>,
    /// How many photos and voice notes a later version has put beside it.
    pub attachments: u32,
    /// Whether it lies in the trash.
    pub trashed: bool,
    /// By field, the other values of what was chosen differently apart.
    pub alternatives: HashMap<String, Vec<String>>,
}

impl From<practices::JournalEntrySummary> for JournalEntrySummary {
    fn from(entry: practices::JournalEntrySummary) -> Self {
        let practices::JournalEntrySummary { id, title, author, written_at, private, tags, wish } = entry;
        Self { id: id.to_string(), title, author, written_at, private, tags, wish: word(wish) }
    }
}

impl From<practices::JournalEntryView> for JournalEntry {
    fn from(entry: practices::JournalEntryView) -> Self {
        let practices::About { feelings, sensations, set_off, people, place, wish } = entry.about;
        Self {
            id: entry.id.to_string(),
            title: entry.title,
            text: entry.text,
            author: entry.author,
            written_at: entry.written_at,
            private: entry.private,
            tags: entry.tags,
            feelings,
            sensations,
            set_off,
            people,
            place,
            wish: word(wish),
            attachments: u32::try_from(entry.attachments).unwrap_or(u32::MAX),
            trashed: entry.trashed,
            alternatives: entry.alternatives.into_iter().collect(),
        }
    }
}

fn word(wish: Option<ListeningWish>) -> Option<String> {
    wish.map(|wish| wish.as_str().to_owned())
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
        self.client.with_id("journal entry", id)
    }
}

#[uniffi::export]
impl Journal {
    /// Writes a new entry: its id. When this returns, it is on the disk.
    pub async fn write(&self, entry: NewJournalEntry) -> Result<String, EntwineError> {
        let client = self.client.client()?;
        let NewJournalEntry { title, text, tags, private, feelings, sensations, set_off, people, place, wish } = entry;
        let wish = wish.as_deref().map(parse_choice).transpose()?;
        let about = practices::About { feelings, sensations, set_off, people, place, wish };
        let new = practices::NewEntry { title, text, tags, private, about };
        Ok(run_until(None, async move { client.journal().write(new).await }).await?.to_string())
    }

    /// Changes what stands beside an entry's text: only the fields that are given.
    pub async fn change(&self, id: String, changes: JournalChanges) -> Result<(), EntwineError> {
        let (client, id) = self.entry(&id)?;
        let JournalChanges { title, tags, feelings, sensations, set_off, people, place, wish } = changes;
        let wish = match wish.as_deref() {
            Some("") => Some(None),
            wish => wish.map(parse_choice).transpose()?.map(Some),
        };
        let changes = practices::JournalChanges { title, tags, feelings, sensations, set_off, people, place, wish };
        run_until(None, async move { client.journal().set(&id, changes).await }).await
    }

    /// Shares a private entry of one's own, or a passage of it: the id of what is shared. With no passage the private one goes into the
    /// trash.
    #[uniffi::method(default(passage = None))]
    pub async fn share(&self, id: String, passage: Option<String>) -> Result<String, EntwineError> {
        let (client, id) = self.entry(&id)?;
        let shared = run_until(None, async move { client.journal().share(&id, passage.as_deref()).await }).await?;
        Ok(shared.to_string())
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
        let month = parse_month(month)?;
        let entries = run_until(None, async move { client.journal().list(month.as_ref()).await }).await?;
        Ok(entries.into_iter().map(JournalEntrySummary::from).collect())
    }

    /// What was put into the trash in the last thirty days.
    pub async fn trash(&self) -> Result<Vec<JournalEntrySummary>, EntwineError> {
        let client = self.client.client()?;
        let entries = run_until(None, async move { client.journal().trash().await }).await?;
        Ok(entries.into_iter().map(JournalEntrySummary::from).collect())
    }

    /// What was written on this day of earlier years, such as `2026-11-25`, the newest first; the day is the writer's. None is today.
    #[uniffi::method(default(day = None))]
    pub async fn on_this_day(&self, day: Option<String>) -> Result<Vec<JournalEntrySummary>, EntwineError> {
        let client = self.client.client()?;
        let entries = run_until(None, async move { client.journal().on_this_day(day.as_deref()).await }).await?;
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
