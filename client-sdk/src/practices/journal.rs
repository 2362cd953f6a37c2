//! The journal: entries that both write in, and private ones.

use std::collections::BTreeMap;

use entwine_core::document::{EntityId, Heads, TextSet};
use entwine_core::practice::journal::JournalEntry;
pub use entwine_core::practice::listening::ListeningWish;
use entwine_core::practice::refusal::Refusal;
use jiff::civil::{Date, date};
use serde::Serialize;

use super::Month;
use super::dated::{Shown, Which};
use crate::client::Client;
use crate::clock;
use crate::error::Error;

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
    /// What else belongs to it.
    pub about: About,
}

/// What an entry says beside its title and its text. Everything may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct About {
    /// Ids of the wheel of feelings, or own words; in alphabetical order.
    pub feelings: Vec<String>,
    /// Where in the body they are: ids of the sensations, or own words; in alphabetical order.
    pub sensations: Vec<String>,
    /// What set it off.
    pub set_off: String,
    /// Who was there; in alphabetical order.
    pub people: Vec<String>,
    /// Where it was, in the writer's own words.
    pub place: String,
    /// How the writer wants to be heard: `just-listen`, `ask-me` or `think-with-me`.
    pub wish: Option<ListeningWish>,
}

/// What to change of an entry beside its text; none leaves a field as it is. What both add apart to tags, feelings, sensations and
/// people is all there afterwards.
#[derive(Debug, Clone, Default)]
pub struct JournalChanges {
    /// The title.
    pub title: Option<String>,
    /// The tags.
    pub tags: Option<Vec<String>>,
    /// The feelings.
    pub feelings: Option<Vec<String>>,
    /// The sensations.
    pub sensations: Option<Vec<String>>,
    /// What set it off.
    pub set_off: Option<String>,
    /// Who was there.
    pub people: Option<Vec<String>>,
    /// Where it was.
    pub place: Option<String>,
    /// How the writer wants to be heard; none within means no wish any more.
    pub wish: Option<Option<ListeningWish>>,
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
    /// How the writer wants to be heard.
    pub wish: Option<ListeningWish>,
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
    /// What else belongs to it.
    #[serde(flatten)]
    pub about: About,
    /// How many photos and voice notes a later version has put beside it.
    pub attachments: usize,
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

/// The journal of a client.
#[derive(Debug, Clone, Copy)]
pub struct Journal<'c> {
    client: &'c Client,
}

impl Client {
    /// The journal.
    #[must_use]
    pub fn journal(&self) -> Journal<'_> {
        Journal { client: self }
    }
}

impl Journal<'_> {
    /// Writes a new entry.
    ///
    /// # Errors
    /// There is no space, or something is too long.
    pub async fn write(&self, new: NewEntry) -> Result<EntityId, Error> {
        let NewEntry { title, text, tags, private, about } = new;
        let changes = JournalChanges { title: Some(title), tags: Some(tags), ..about.into() };
        self.client
            .keep(private, |origin| {
                let mut entry = JournalEntry::new("", &text, origin);
                changes.settle(&mut entry);
                Ok(entry)
            })
            .await
    }

    /// Changes what stands beside an entry's text: only the fields that are given.
    ///
    /// # Errors
    /// There is no such entry, or something is too long.
    pub async fn set(&self, id: &EntityId, changes: JournalChanges) -> Result<(), Error> {
        self.client
            .edit::<JournalEntry>(id, |entry| {
                changes.settle(entry);
                Ok(())
            })
            .await
    }

    /// Adds to the end of an entry's text.
    ///
    /// # Errors
    /// There is no such entry, or the text gets too long.
    pub async fn append(&self, id: &EntityId, text: &str) -> Result<(), Error> {
        self.client
            .edit::<JournalEntry>(id, |entry| {
                entry.text.append(text);
                Ok(())
            })
            .await
    }

    /// Replaces the first place where `old` stands in an entry's text.
    ///
    /// # Errors
    /// There is no such entry, `old` does not stand in it, or the text gets too long.
    pub async fn replace(&self, id: &EntityId, old: &str, new: &str) -> Result<(), Error> {
        self.client
            .edit::<JournalEntry>(id, |entry| {
                if entry.text.replace_first(old, new) { Ok(()) } else { Err(Error::TextNotFound) }
            })
            .await
    }

    /// Opens an entry's text for an editor.
    ///
    /// # Errors
    /// There is no such entry.
    pub async fn open_editor(&self, id: &EntityId) -> Result<OpenedText, Error> {
        let found = self.client.find::<JournalEntry>(id).await?;
        let text = found.stored.value.text.as_str().to_owned();
        Ok(OpenedText { text, id: id.clone(), heads: found.heads })
    }

    /// Takes what an editor saved. It is compared with the text as it was opened, so that what others wrote meanwhile stays.
    ///
    /// # Errors
    /// The text is too long.
    pub async fn save_edited(&self, opened: &OpenedText, saved: &str) -> Result<(), Error> {
        let found = self.client.find::<JournalEntry>(&opened.id).await?;
        self.client
            .change(&found.view, &found.chapter, |document, _| {
                let mut entries = document.collection_mut::<JournalEntry>();
                entries.update_text_at(&opened.id, &opened.heads, saved)?;
                Ok(())
            })
            .await
    }

    /// Shares a private entry of one's own: a copy of it goes into the shared space, and the private one into the trash. With a
    /// passage, only that is shared, under the entry's title, and the entry stays private as it is. Returns the shared one's id.
    /// Nothing private touches the shared space in any other way.
    ///
    /// # Errors
    /// There is no such entry, it is shared already or lies in the trash, or the passage does not stand in it.
    pub async fn share(&self, id: &EntityId, passage: Option<&str>) -> Result<EntityId, Error> {
        let found = self.client.find_own::<JournalEntry>(id).await?;
        let entry = &found.stored.value;
        if !found.view.is_private {
            return Err(Refusal::State { what: "journal entry", state: "it is shared already" }.into());
        }
        if found.stored.trashed_at.is_some() {
            return Err(
                Refusal::State { what: "journal entry", state: "it lies in the trash: restore it first" }.into()
            );
        }
        if passage.is_some_and(|passage| passage.trim().is_empty() || !entry.text.as_str().contains(passage)) {
            return Err(Error::TextNotFound);
        }
        // Shared first: a phone that dies in between leaves the words twice, and never not at all.
        let shared = self
            .client
            .keep(false, |origin| {
                let mut copy = match passage {
                    // No word beside it, not even the title.
                    Some(passage) => JournalEntry::new("", passage, origin),
                    None => entry.clone(),
                };
                copy.origin = origin.clone().into();
                Ok(copy)
            })
            .await?;
        if passage.is_none() {
            self.client.put_own_into_trash::<JournalEntry>(id).await?;
        }
        Ok(shared)
    }

    /// An entry, also one that lies in the trash.
    ///
    /// # Errors
    /// There is no such entry.
    pub async fn read(&self, id: &EntityId) -> Result<JournalEntryView, Error> {
        Ok(self.client.show::<JournalEntry>(id).await?.into())
    }

    /// The months that anything was written in, as far as this device knows, the latest first.
    ///
    /// # Errors
    /// There is no space.
    pub async fn months(&self) -> Result<Vec<Month>, Error> {
        self.client.months().await
    }

    /// All entries, or those of one month, the newest first; one's own private ones too.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self, month: Option<&Month>) -> Result<Vec<JournalEntrySummary>, Error> {
        let found = self.client.collect(month, Which::Listed).await?;
        Ok(found.into_iter().map(JournalEntrySummary::from).collect())
    }

    /// What was put into the trash in the last thirty days.
    ///
    /// # Errors
    /// There is no space.
    pub async fn trash(&self) -> Result<Vec<JournalEntrySummary>, Error> {
        let found = self.client.collect(None, Which::Trash).await?;
        Ok(found.into_iter().map(JournalEntrySummary::from).collect())
    }

    /// What was written on this day of earlier years, the newest first; the day is the writer's. On 28 February of a year without a
    /// 29th, that of those that had one belongs to it. None is today.
    ///
    /// # Errors
    /// There is no space, or the day is none.
    pub async fn on_this_day(&self, day: Option<&str>) -> Result<Vec<JournalEntrySummary>, Error> {
        let day = match day {
            Some(text) => text.parse().map_err(|_| Refusal::Day(text.to_owned()))?,
            None => clock::today(),
        };
        let mut found: Vec<JournalEntrySummary> = Vec::new();
        for month in self.client.months().await?.iter().filter(|month| month.is_of(day.month()) && month.is_before(day))
        {
            let of_month = self.list(Some(month)).await?;
            found.extend(of_month.into_iter().filter(|entry| is_day_of(&entry.written_at, day)));
        }
        Ok(found)
    }

    /// Puts an entry into the trash. An edit that this device has not seen brings it back.
    ///
    /// # Errors
    /// There is no such entry.
    pub async fn delete(&self, id: &EntityId) -> Result<(), Error> {
        self.client.put_into_trash::<JournalEntry>(id).await
    }

    /// Takes an entry out of the trash.
    ///
    /// # Errors
    /// There is no such entry.
    pub async fn restore(&self, id: &EntityId) -> Result<(), Error> {
        self.client.restore::<JournalEntry>(id).await
    }
}

impl From<About> for JournalChanges {
    fn from(about: About) -> Self {
        let About { feelings, sensations, set_off, people, place, wish } = about;
        Self {
            title: None,
            tags: None,
            feelings: Some(feelings),
            sensations: Some(sensations),
            set_off: Some(set_off),
            people: Some(people),
            place: Some(place),
            wish: Some(wish),
        }
    }
}

impl JournalChanges {
    fn settle(self, entry: &mut JournalEntry) {
        let Self { title, tags, feelings, sensations, set_off, people, place, wish } = self;
        let sets = [
            (tags, &mut entry.tags),
            (feelings, &mut entry.feelings),
            (sensations, &mut entry.sensations),
            (people, &mut entry.people),
        ];
        for (members, set) in sets {
            if let Some(members) = members {
                set.set(members);
            }
        }
        if let Some(title) = title {
            entry.title.settle(title);
        }
        if let Some(set_off) = set_off {
            entry.set_off.update(&set_off);
        }
        if let Some(place) = place {
            entry.place.settle(place);
        }
        if let Some(wish) = wish {
            entry.wish.settle(wish);
        }
    }
}

impl From<Shown<JournalEntry>> for JournalEntrySummary {
    fn from(shown: Shown<JournalEntry>) -> Self {
        let entry = shown.stored.value;
        Self {
            id: shown.stored.id,
            title: entry.title.get().clone(),
            author: shown.author,
            written_at: shown.written_at,
            private: shown.private,
            tags: members(&entry.tags),
            wish: *entry.wish,
        }
    }
}

impl From<Shown<JournalEntry>> for JournalEntryView {
    fn from(shown: Shown<JournalEntry>) -> Self {
        let entry = shown.stored.value;
        Self {
            id: shown.stored.id,
            title: entry.title.get().clone(),
            text: entry.text.as_str().to_owned(),
            author: shown.author,
            written_at: shown.written_at,
            private: shown.private,
            tags: members(&entry.tags),
            about: About {
                feelings: members(&entry.feelings),
                sensations: members(&entry.sensations),
                set_off: entry.set_off.as_str().to_owned(),
                people: members(&entry.people),
                place: entry.place.get().clone(),
                wish: *entry.wish,
            },
            attachments: entry.attachments.len(),
            trashed: shown.stored.trashed_at.is_some(),
            alternatives: shown.stored.alternatives,
        }
    }
}

/// Whether what was written at this moment, with its writer's offset, belongs to this day of later years.
fn is_day_of(written_at: &str, day: Date) -> bool {
    let Some(written) = written_at.get(..10).and_then(|date| date.parse::<Date>().ok()) else { return false };
    let in_year = written.with().year(day.year()).build();
    written.year() < day.year() && in_year.unwrap_or_else(|_| date(day.year(), 2, 28)) == day
}

fn members(set: &TextSet) -> Vec<String> {
    set.iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_comes_round_every_year_and_the_29th_of_february_too() {
        for (written_at, day, is_of_it) in [
            ("2024-11-26T23:59:00+01:00", date(2026, 11, 26), true),
            ("2026-11-26T08:00:00+01:00", date(2026, 11, 26), false),
            ("2024-11-25T23:59:00-11:00", date(2026, 11, 26), false),
            ("2024-02-29T08:00:00Z", date(2026, 2, 28), true),
            ("2024-02-29T08:00:00Z", date(2028, 2, 28), false),
            ("2024-02-29T08:00:00Z", date(2028, 2, 29), true),
            ("somewhen", date(2026, 11, 26), false),
        ] {
            assert_eq!(is_day_of(written_at, day), is_of_it, "{written_at} on {day}");
        }
    }
}
