//! Notes.

use std::sync::Arc;

use entwine_core::document::Choice as _;

use super::call::run_until;
use super::client::{EntwineClient, parse_month};
use super::error::EntwineError;
use crate::practices::note::{NoteTime, NoteView};

/// A note that is there for whoever reads. Whether the other has seen it is nobody's to know.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Note {
    /// Names it.
    pub id: String,
    /// What it says.
    pub text: String,
    /// `now`, `hour` or `online`, which an app greets with; `later` for what only a newer version knows.
    pub when: String,
    /// At which hour of the reader's wall clock, as `2026-12-24T08:00`.
    pub at: Option<String>,
    /// The name of who wrote it.
    pub author: String,
    /// When it was written, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// Whether its writer has withdrawn it.
    pub withdrawn: bool,
}

impl From<NoteView> for Note {
    fn from(note: NoteView) -> Self {
        let NoteView { id, text, when, at, author, written_at, withdrawn } = note;
        Self { id: id.to_string(), text, when: when.as_str().to_owned(), at, author, written_at, withdrawn }
    }
}

/// The notes of a couple.
#[derive(Debug, uniffi::Object)]
pub struct Notes {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// The notes.
    pub fn notes(self: Arc<Self>) -> Result<Arc<Notes>, EntwineError> {
        Ok(Arc::new(Notes { client: self }))
    }
}

#[uniffi::export]
impl Notes {
    /// Writes a note to the other: its id. `at` is an hour of the wall clock wherever the other is, as `2026-12-24T08:00`; without one, it
    /// is for now, or with `when_online` for when they are there again.
    #[uniffi::method(default(at = None, when_online = false))]
    pub async fn add(&self, text: String, at: Option<String>, when_online: bool) -> Result<String, EntwineError> {
        let client = self.client.client()?;
        let time = match at {
            Some(hour) => NoteTime::At(hour),
            None if when_online => NoteTime::WhenOnline,
            None => NoteTime::Now,
        };
        Ok(run_until(None, async move { client.notes().add(&text, &time).await }).await?.to_string())
    }

    /// Those that were written in a month, or all, the newest first. What waits for its hour is seen by its writer alone.
    #[uniffi::method(default(month = None))]
    pub async fn list(&self, month: Option<String>) -> Result<Vec<Note>, EntwineError> {
        let (client, month) = (self.client.client()?, parse_month(month)?);
        let found = run_until(None, async move { client.notes().list(month.as_ref()).await }).await?;
        Ok(found.into_iter().map(Note::from).collect())
    }

    /// One of them.
    pub async fn read(&self, id: String) -> Result<Note, EntwineError> {
        let (client, id) = self.client.with_id("note", &id)?;
        Ok(run_until(None, async move { client.notes().read(&id).await }).await?.into())
    }

    /// The next hour of this phone's wall clock at which a note of the other's is to be seen, as `2026-12-24T08:00`: look again then.
    pub async fn next_hour(&self) -> Result<Option<String>, EntwineError> {
        let client = self.client.client()?;
        run_until(None, async move { client.notes().next_hour().await }).await
    }

    /// Takes back one's own before its hour. What has come stays with whom it was for.
    pub async fn withdraw(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("note", &id)?;
        run_until(None, async move { client.notes().withdraw(&id).await }).await
    }
}
