//! Notes: a few warm words for now, for an hour, or for when the other is there again.

use entwine_core::document::EntityId;
use entwine_core::limits::NOTE_DAYS_AHEAD_MAX;
use entwine_core::practice::moment::{wall_at, wall_text};
use entwine_core::practice::note::Note;
pub use entwine_core::practice::note::NoteWhen;
use entwine_core::practice::origin::Dated as _;
use entwine_core::practice::search::{Findable as _, Reader};
use jiff::ToSpan as _;
use serde::Serialize;

use super::Month;
use super::dated::{Shown, Which};
use crate::client::Client;
use crate::clock;
use crate::error::Error;

/// When a note is to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteTime {
    /// As soon as it comes.
    Now,
    /// At an hour of the wall clock wherever the reader is, as `2026-12-24T08:00`.
    At(String),
    /// When the reader is there again: an app greets with it.
    WhenOnline,
}

/// A note that is there for whoever reads. Whether the other has seen it is nobody's to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteView {
    /// Names it.
    pub id: EntityId,
    /// What it says.
    pub text: String,
    /// `now`, `hour` or `online`.
    pub when: NoteWhen,
    /// At which hour of the reader's wall clock, as `2026-12-24T08:00`.
    pub at: Option<String>,
    /// The name of who wrote it.
    pub author: String,
    /// When it was written, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// Whether its writer has withdrawn it.
    pub withdrawn: bool,
}

/// The notes of a couple.
#[derive(Debug, Clone, Copy)]
pub struct Notes<'c> {
    client: &'c Client,
}

impl Client {
    /// The notes.
    #[must_use]
    pub fn notes(&self) -> Notes<'_> {
        Notes { client: self }
    }
}

impl Notes<'_> {
    /// Writes a note to the other.
    ///
    /// # Errors
    /// There is no space, it is empty or too long, or its hour is none, has passed everywhere or is more than a year away.
    pub async fn add(&self, text: &str, time: &NoteTime) -> Result<EntityId, Error> {
        let wall = wall_at(clock::now(), &clock::zone());
        self.client
            .keep(false, |origin| match time {
                NoteTime::Now => Note::new(text, false, origin),
                NoteTime::WhenOnline => Note::new(text, true, origin),
                NoteTime::At(hour) => Note::at_hour(text, hour, wall, origin),
            })
            .await
    }

    /// Those that were written in a month, or all, the newest first. What waits for its hour is seen by its writer alone.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self, month: Option<&Month>) -> Result<Vec<NoteView>, Error> {
        let found = self.client.collect::<Note>(month, Which::Listed).await?;
        let reader = self.reader().await?;
        let seen = found.into_iter().filter(|shown| shown.stored.value.is_seen_by(&reader));
        Ok(seen.map(NoteView::from).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// There is no such note, or not yet.
    pub async fn read(&self, id: &EntityId) -> Result<NoteView, Error> {
        let shown = self.client.show::<Note>(id).await?;
        let reader = self.reader().await?;
        let is_there = shown.stored.trashed_at.is_none() && shown.stored.value.is_seen_by(&reader);
        if shown.is_own || is_there {
            return Ok(shown.into());
        }
        Err(Error::NotFound { what: Note::WHAT, id: id.to_string() })
    }

    /// The next hour of this phone's wall clock at which a note of the other's is to be seen, as `2026-12-24T08:00`: for an app to look again
    /// then, or to say that something is there. What it says is told to nobody before.
    ///
    /// # Errors
    /// There is no space.
    pub async fn next_hour(&self) -> Result<Option<String>, Error> {
        let reader = self.reader().await?;
        // Nobody writes for a later day than so many from then, on whichever wall.
        let oldest = Month::of(reader.wall.date().saturating_sub((NOTE_DAYS_AHEAD_MAX + 2).days()));
        let mut next = None;
        for month in self.client.months().await?.into_iter().take_while(|month| *month >= oldest) {
            let found = self.client.collect::<Note>(Some(&month), Which::Listed).await?;
            let hours = found.iter().filter_map(|shown| shown.stored.value.waits_for(&reader));
            next = hours.chain(next).min();
        }
        Ok(next.map(wall_text))
    }

    /// Takes back one's own before its hour, as this phone's clock has it. What has come stays with whom it was for.
    ///
    /// # Errors
    /// There is no such note, the partner wrote it, it had no hour, or its hour has come.
    pub async fn withdraw(&self, id: &EntityId) -> Result<(), Error> {
        self.read(id).await?;
        let found = self.client.find_own::<Note>(id).await?;
        found.stored.value.check_withdrawable(wall_at(clock::now(), &clock::zone()))?;
        self.client.put_own_into_trash::<Note>(id).await
    }

    async fn reader(&self) -> Result<Reader, Error> {
        self.client.reader(&self.client.view(false).await?)
    }
}

impl From<Shown<Note>> for NoteView {
    fn from(shown: Shown<Note>) -> Self {
        let Note { text, when, at, .. } = shown.stored.value;
        Self {
            id: shown.stored.id,
            text: text.as_str().to_owned(),
            when: *when,
            at: (*when == NoteWhen::Hour).then(|| at.get().clone()),
            author: shown.author,
            written_at: shown.written_at,
            withdrawn: shown.stored.trashed_at.is_some(),
        }
    }
}
