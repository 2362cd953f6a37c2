//! Rituals: what we do again and again, and that we did it.

mod schedule;

use std::collections::BTreeMap;

use entwine_core::document::{DocumentName, EntityId};
use entwine_core::practice::occurrence::{self, RitualOccurrence};
use entwine_core::practice::origin::civil_date;
use entwine_core::practice::ritual::Ritual;
use serde::Serialize;

pub use schedule::{DueList, DueView, NotUnderstood, PauseView, Remind, ScheduleChanges, ScheduledRitual};

use super::Names;
use crate::client::{Client, SpaceView};
use crate::clock;
use crate::error::Error;

/// A new ritual.
#[derive(Debug, Clone)]
pub struct NewRitual {
    /// What it is called.
    pub name: String,
    /// When it comes round, as an RRULE of RFC 5545, such as `FREQ=WEEKLY;BYDAY=FR`.
    pub every: String,
    /// At which hour, as `HH:MM`.
    pub at: Option<String>,
}

/// What to change of a ritual; none leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct RitualChanges {
    /// What it is called.
    pub name: Option<String>,
    /// When it comes round.
    pub every: Option<String>,
    /// At which hour.
    pub at: Option<String>,
}

/// A ritual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RitualView {
    /// Names it.
    pub id: EntityId,
    /// What it is called.
    pub name: String,
    /// When it comes round, as an RRULE.
    pub every: String,
    /// At which hour, as `HH:MM`.
    pub at: Option<String>,
    /// By field, the other values of what was chosen differently apart.
    pub alternatives: BTreeMap<String, Vec<String>>,
    /// When it was done in this month and the last, the latest first.
    pub done: Vec<DoneView>,
}

/// That somebody did a ritual.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DoneView {
    /// The day.
    pub date: String,
    /// The name of who says so.
    pub by: String,
    /// A few words about it.
    pub note: String,
}

/// The rituals of a client.
#[derive(Debug, Clone, Copy)]
pub struct Rituals<'c> {
    client: &'c Client,
}

impl Client {
    /// The rituals.
    #[must_use]
    pub fn rituals(&self) -> Rituals<'_> {
        Rituals { client: self }
    }
}

impl Rituals<'_> {
    /// Adds a ritual that begins today, at an hour that floats.
    ///
    /// # Errors
    /// There is no space, the rule or the hour is not taken, or something is too long.
    pub async fn add(&self, new: NewRitual) -> Result<EntityId, Error> {
        self.add_scheduled(new, ScheduleChanges::default()).await
    }

    /// Changes a ritual: only the fields that are given.
    ///
    /// # Errors
    /// There is no such ritual, or a value is not taken.
    pub async fn set(&self, id: &EntityId, changes: RitualChanges) -> Result<(), Error> {
        self.set_scheduled(id, changes, ScheduleChanges::default()).await
    }

    /// All rituals, in the order in which they were made.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self) -> Result<Vec<RitualView>, Error> {
        let view = self.client.opened_view(false).await?;
        let names = self.client.names(&view).await?;
        self.list_in(&view, &names).await
    }

    async fn list_in(&self, view: &SpaceView, names: &Names) -> Result<Vec<RitualView>, Error> {
        let done = self.recently_done(view, names).await?;
        let home = self.client.load(view, &DocumentName::home()).await?;
        let rituals = home.collection::<Ritual>().list();
        Ok(rituals
            .into_iter()
            .map(|stored| RitualView {
                done: done.get(stored.id.as_str()).cloned().unwrap_or_default(),
                name: stored.value.name.get().clone(),
                every: stored.value.every.get().clone(),
                at: stored.value.at.get().clone(),
                alternatives: stored.alternatives,
                id: stored.id,
            })
            .collect())
    }

    /// Records that a ritual was done today. Both may record it: one occurrence, two records.
    ///
    /// # Errors
    /// There is no such ritual, or the note is too long.
    pub async fn done(&self, id: &EntityId, note: Option<&str>) -> Result<EntityId, Error> {
        let view = self.client.opened_view(false).await?;
        let home = self.client.load(&view, &DocumentName::home()).await?;
        if !home.collection::<Ritual>().contains(id) {
            return Err(no_ritual(id));
        }
        let date = civil_date(clock::now(), &clock::zone());
        let writer = self.client.writer(&view)?;
        self.client
            .change(&view, &occurrence::chapter(date), |document, now| {
                Ok(occurrence::record(document, id, date, &writer, note.unwrap_or_default(), now)?)
            })
            .await
    }

    /// The records of this month and the last, by ritual.
    async fn recently_done(&self, view: &SpaceView, names: &Names) -> Result<BTreeMap<String, Vec<DoneView>>, Error> {
        let today = civil_date(clock::now(), &clock::zone());
        let this_month = occurrence::chapter(today);
        let last_month = occurrence::chapter(today.first_of_month().yesterday().unwrap_or(today));
        let mut done: BTreeMap<String, Vec<DoneView>> = BTreeMap::new();
        for chapter in [this_month, last_month] {
            let loaded = self.client.load(view, &chapter).await?;
            for record in loaded.collection::<RitualOccurrence>().list() {
                let record = record.value;
                done.entry(record.ritual.get().clone()).or_default().push(DoneView {
                    by: names.of(record.by.parse().ok()),
                    date: record.date.get().clone(),
                    note: record.note.as_str().to_owned(),
                });
            }
        }
        for records in done.values_mut() {
            records.sort_by(|one, other| other.cmp(one));
        }
        Ok(done)
    }
}

fn no_ritual(id: &EntityId) -> Error {
    Error::NotFound { what: "ritual", id: id.to_string() }
}
