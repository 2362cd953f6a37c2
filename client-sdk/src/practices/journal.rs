//! The journal: entries that both write in, and private ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use entwine_core::document::{DocumentName, EntityId, Heads, Stored};
use entwine_core::practice::journal::{JournalEntry, chapter, chapters_of};
use serde::Serialize;

use super::{Names, local_time};
use crate::client::{Client, SpaceView};
use crate::error::Error;
use crate::{clock, random};

/// A new entry.
#[derive(Debug, Clone, Default)]
pub struct NewEntry {
    /// May be empty.
    pub title: String,
    /// May be empty.
    pub text: String,
    /// In the writer's own words.
    pub tags: Vec<String>,
    /// For one's own devices alone.
    pub private: bool,
}

/// An entry without its text, for a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalEntrySummary {
    /// Names it.
    pub id: EntityId,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalEntryView {
    /// Names it.
    pub id: EntityId,
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
    pub alternatives: BTreeMap<String, Vec<String>>,
}

/// A text as an editor opened it.
#[derive(Debug, Clone)]
pub struct OpenedText {
    /// What to edit.
    pub text: String,
    id: EntityId,
    heads: Heads,
}

/// A month of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month(DocumentName);

/// Text that is no month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a month looks like 2026-11")]
pub struct ParseMonthError;

impl FromStr for Month {
    type Err = ParseMonthError;

    fn from_str(text: &str) -> Result<Self, ParseMonthError> {
        DocumentName::parse(&format!("journal/{text}")).map(Self).map_err(|_| ParseMonthError)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.month().unwrap_or_default())
    }
}

/// The journal of a client.
#[derive(Debug, Clone, Copy)]
pub struct Journal<'c> {
    client: &'c Client,
}

/// Where an entry lies.
struct Place {
    view: SpaceView,
    chapter: DocumentName,
    stored: Stored<JournalEntry>,
    heads: Heads,
}

impl<'c> Journal<'c> {
    pub(crate) fn of(client: &'c Client) -> Self {
        Self { client }
    }

    /// Writes a new entry.
    ///
    /// # Errors
    /// There is no space, or something is too long.
    pub async fn write(&self, new: NewEntry) -> Result<EntityId, Error> {
        let view = self.client.view(new.private).await?;
        let (now, zone) = (clock::now(), clock::zone());
        let id = EntityId::make(now, &mut random::generator());
        let mut entry = JournalEntry::new(&new.title, &new.text, &self.client.writer(&view)?, now, &zone);
        for tag in &new.tags {
            entry.tags.insert(tag);
        }
        self.client
            .change(&view, &chapter(now, &zone), |document, now| Ok(document.collection_mut().put(&id, &entry, now)?))
            .await?;
        Ok(id)
    }

    /// Adds to the end of an entry's text.
    ///
    /// # Errors
    /// There is no such entry, or the text gets too long.
    pub async fn append(&self, id: &EntityId, text: &str) -> Result<(), Error> {
        self.edit(id, |entry| {
            entry.text.append(text);
            true
        })
        .await
    }

    /// Replaces the first place where `old` stands in an entry's text.
    ///
    /// # Errors
    /// There is no such entry, `old` does not stand in it, or the text gets too long.
    pub async fn replace(&self, id: &EntityId, old: &str, new: &str) -> Result<(), Error> {
        self.edit(id, |entry| entry.text.replace_first(old, new)).await
    }

    async fn edit(&self, id: &EntityId, edit: impl FnOnce(&mut JournalEntry) -> bool) -> Result<(), Error> {
        let place = self.find(id).await?;
        self.client
            .change(&place.view, &place.chapter, |document, _| {
                let mut found = true;
                document.collection_mut::<JournalEntry>().update(id, |entry| found = edit(entry))?;
                if found { Ok(()) } else { Err(Error::TextNotFound) }
            })
            .await
    }

    /// Opens an entry's text for an editor.
    ///
    /// # Errors
    /// There is no such entry.
    pub async fn open_editor(&self, id: &EntityId) -> Result<OpenedText, Error> {
        let place = self.find(id).await?;
        let text = place.stored.value.text.as_str().to_owned();
        Ok(OpenedText { text, id: id.clone(), heads: place.heads })
    }

    /// Takes what an editor saved. It is compared with the text as it was opened, so that what others wrote meanwhile stays.
    ///
    /// # Errors
    /// The text is too long.
    pub async fn save_edited(&self, opened: &OpenedText, saved: &str) -> Result<(), Error> {
        let place = self.find(&opened.id).await?;
        self.client
            .change(&place.view, &place.chapter, |document, _| {
                let mut entries = document.collection_mut::<JournalEntry>();
                entries.update_text_at(&opened.id, &opened.heads, saved)?;
                Ok(())
            })
            .await
    }

    /// An entry, also one that lies in the trash.
    ///
    /// # Errors
    /// There is no such entry.
    pub async fn read(&self, id: &EntityId) -> Result<JournalEntryView, Error> {
        let Place { view, stored, .. } = self.find(id).await?;
        let names = self.client.names(&view).await?;
        let summary = summary(&stored, view.is_private, &names);
        Ok(JournalEntryView {
            id: summary.id,
            title: summary.title,
            text: stored.value.text.as_str().to_owned(),
            author: summary.author,
            written_at: summary.written_at,
            private: summary.private,
            tags: summary.tags,
            trashed: stored.trashed_at.is_some(),
            alternatives: stored.alternatives,
        })
    }

    /// The months that anything was written in, as far as this device knows, the latest first.
    ///
    /// # Errors
    /// There is no space.
    pub async fn months(&self) -> Result<Vec<Month>, Error> {
        let mut months = BTreeSet::new();
        for view in self.spaces().await? {
            let names = self.client.storage.document_names(&view.space).await?;
            months.extend(
                names.iter().filter_map(|name| DocumentName::parse(name).ok()).filter(DocumentName::is_journal),
            );
        }
        Ok(months.into_iter().rev().map(Month).collect())
    }

    /// All entries, or those of one month, the newest first; one's own private ones too.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self, month: Option<&Month>) -> Result<Vec<JournalEntrySummary>, Error> {
        self.collect(month, false).await
    }

    /// What was put into the trash in the last thirty days.
    ///
    /// # Errors
    /// There is no space.
    pub async fn trash(&self) -> Result<Vec<JournalEntrySummary>, Error> {
        self.collect(None, true).await
    }

    /// Puts an entry into the trash. An edit that this device has not seen brings it back.
    ///
    /// # Errors
    /// There is no such entry.
    pub async fn delete(&self, id: &EntityId) -> Result<(), Error> {
        let place = self.find(id).await?;
        self.client
            .change(&place.view, &place.chapter, |document, now| {
                document.collection_mut::<JournalEntry>().remove(id, now)?;
                Ok(())
            })
            .await
    }

    /// Takes an entry out of the trash.
    ///
    /// # Errors
    /// There is no such entry.
    pub async fn restore(&self, id: &EntityId) -> Result<(), Error> {
        let place = self.find(id).await?;
        self.client
            .change(&place.view, &place.chapter, |document, _| {
                document.collection_mut::<JournalEntry>().restore(id)?;
                Ok(())
            })
            .await
    }

    async fn collect(&self, month: Option<&Month>, trash: bool) -> Result<Vec<JournalEntrySummary>, Error> {
        let views = self.spaces().await?;
        // Of what was left behind, only what the spaces in use lack.
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for view in views {
            let names = self.client.names(&view).await?;
            for name in self.client.storage.document_names(&view.space).await? {
                let Ok(name) = DocumentName::parse(&name) else { continue };
                if !name.is_journal() || month.is_some_and(|month| month.0 != name) {
                    continue;
                }
                let loaded = self.client.load(&view, &name).await?;
                let entries = loaded.collection::<JournalEntry>();
                let listing = if trash { entries.trash(clock::now()) } else { entries.list() };
                let all = entries.list().items.into_iter().chain(entries.trash(clock::now()).items);
                let new: BTreeSet<EntityId> = all.map(|stored| stored.id).filter(|id| !seen.contains(id)).collect();
                let listed = listing.into_iter().filter(|stored| new.contains(&stored.id));
                found.extend(listed.map(|stored| {
                    let written = *stored.value.written_at.get();
                    (written, summary(&stored, view.is_private, &names))
                }));
                seen.extend(new);
            }
        }
        found.sort_by(|(one_at, one), (other_at, other)| (other_at, &other.id).cmp(&(one_at, &one.id)));
        Ok(found.into_iter().map(|(_, summary)| summary).collect())
    }

    /// The spaces that are read, once what came was opened: those in use, and then those that were left behind.
    async fn spaces(&self) -> Result<Vec<SpaceView>, Error> {
        self.client.open_arrived_if_there_is_room().await?;
        let mut views = self.client.views().await?;
        if views.is_empty() {
            return Err(Error::NoSpace);
        }
        views.extend(self.client.archive().await?);
        Ok(views)
    }

    async fn find(&self, id: &EntityId) -> Result<Place, Error> {
        for view in self.spaces().await? {
            for chapter in chapters_of(id) {
                let loaded = self.client.load(&view, &chapter).await?;
                if let Some(stored) = loaded.collection::<JournalEntry>().get(id)? {
                    let heads = loaded.heads();
                    return Ok(Place { view, chapter, stored, heads });
                }
            }
        }
        Err(Error::NotFound { what: "journal entry", id: id.to_string() })
    }
}

fn summary(stored: &Stored<JournalEntry>, private: bool, names: &Names) -> JournalEntrySummary {
    let entry = &stored.value;
    JournalEntrySummary {
        id: stored.id.clone(),
        title: entry.title.get().clone(),
        author: names.of(entry.author()),
        written_at: local_time(*entry.written_at.get(), entry.zone.get()),
        private,
        tags: entry.tags.iter().map(|tag| tag.to_string()).collect(),
    }
}
