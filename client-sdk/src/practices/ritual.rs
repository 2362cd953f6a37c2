//! Rituals: what we do again and again, when, and that we did it.

mod done;
mod schedule;

use std::collections::BTreeMap;

use entwine_core::content::Content;
use entwine_core::document::{Document, DocumentName, EntityId, Stored};
use entwine_core::practice::origin::civil_date;
use entwine_core::practice::pause;
use entwine_core::practice::refusal::{Refusal, check_not_empty};
pub use entwine_core::practice::ritual::Turn;
use entwine_core::practice::ritual::schedule::parse_start;
use entwine_core::practice::ritual::{Recurrence, Ritual, Step, TimeOfDay, Zone};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

pub use done::{NewRecord, OccurrenceView, Outcome, RecordView};
pub use schedule::{DueList, DueView, NotUnderstood, PauseView};

use super::Names;
use crate::client::{Client, SpaceView};
use crate::error::Error;
use crate::{clock, random};

/// A new ritual.
#[derive(Debug, Clone, Default)]
pub struct NewRitual {
    /// What it is called.
    pub name: String,
    /// When it comes round, as an RRULE of RFC 5545, such as `FREQ=WEEKLY;BYDAY=FR`.
    pub every: String,
    /// At which hour, as `HH:MM`. None: at no hour, on the whole day.
    pub at: Option<String>,
    /// The first day, as `2026-11-25`. None: today.
    pub starts: Option<String>,
    /// Whose hour it is: an IANA name such as `Europe/Amsterdam`, or `floating` for the hour of wherever one is. None: floating.
    pub zone: Option<String>,
    /// How many minutes before the hour to remind of it. None: not at all.
    pub reminder_minutes: Option<u32>,
    /// Why it matters to them; may be empty.
    pub why: String,
    /// What is done, in this order; may be none.
    pub steps: Vec<RitualStep>,
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
    /// The first day, from which the rule counts.
    pub starts: Option<String>,
    /// Whose hour it is: an IANA name, or `floating`.
    pub zone: Option<String>,
    /// Whether to be reminded, and when.
    pub remind: Option<Remind>,
    /// Why it matters to them. Both may write in it.
    pub why: Option<String>,
    /// What is done, in this order. Steps that stay as they are are not written: where the partner changed others apart, both
    /// changes stay.
    pub steps: Option<Vec<RitualStep>>,
}

/// Whether to be reminded, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remind {
    /// Not at all.
    Never,
    /// So many minutes before the hour.
    MinutesBefore(u32),
}

/// One step of a ritual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RitualStep {
    /// What is done.
    pub text: String,
    /// How long it takes; none where it takes as long as it takes.
    pub minutes: Option<u32>,
    /// Whose turn it is: `both`, `first`, `second` or `each`; `later` for what only a newer version knows.
    pub turn: Turn,
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
    /// The first day, as `2026-11-25`.
    pub starts: String,
    /// In which time zone the hour is, as an IANA name; none where it floats.
    pub zone: Option<String>,
    /// How many minutes before the hour to remind of it; none for not at all.
    pub reminder_minutes: Option<u32>,
    /// Why it matters to them.
    pub why: String,
    /// What is done, in this order.
    pub steps: Vec<RitualStep>,
    /// The id of the template that it was adopted from.
    pub template: Option<String>,
    /// In the order in which they were begun.
    pub pauses: Vec<PauseView>,
    /// By field, the other values of what was chosen differently apart.
    pub alternatives: BTreeMap<String, Vec<String>>,
    /// On which days of this month and the last somebody did it, the latest first.
    pub done: Vec<OccurrenceView>,
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
    /// Begins a ritual.
    ///
    /// # Errors
    /// There is no space, or something is not taken: the rule, the hour, a day, a zone, a step, what is too long.
    pub async fn add(&self, new: NewRitual) -> Result<EntityId, Error> {
        let every: Recurrence = new.every.parse()?;
        let changes = RitualChanges {
            name: Some(new.name),
            every: None,
            at: new.at,
            starts: new.starts,
            zone: new.zone,
            remind: new.reminder_minutes.map(Remind::MinutesBefore),
            why: Some(new.why),
            steps: Some(new.steps),
        };
        self.begin(Ritual::new("", &every, None), changes).await
    }

    /// Adopts a template ([`Content::templates`]): its name, reason, rule and steps, in the words of this locale, with what
    /// `changes` says otherwise. They are copied into a ritual of the couple's own, which remembers the template's id and
    /// nothing else of it. Two who adopt the same apart have two rituals then.
    ///
    /// # Errors
    /// There is no such template, there is no space, or something is not taken.
    pub async fn adopt(&self, template: &str, locale: &str, changes: RitualChanges) -> Result<EntityId, Error> {
        let content = Content::of(locale);
        self.begin(Ritual::of_template(content.template(template)?)?, changes).await
    }

    async fn begin(&self, mut ritual: Ritual, changes: RitualChanges) -> Result<EntityId, Error> {
        ritual.settle_starts(clock::today());
        changes.parse()?.settle(&mut ritual);
        let view = self.client.opened_view(false).await?;
        let id = EntityId::make(clock::now(), &mut random::generator());
        self.client
            .change(&view, &DocumentName::home(), |home, now| Ok(home.collection_mut().put(&id, &ritual, now)?))
            .await?;
        Ok(id)
    }

    /// Changes a ritual, in one step: only the fields that are given.
    ///
    /// # Errors
    /// There is no such ritual, or a value is not taken.
    pub async fn set(&self, id: &EntityId, changes: RitualChanges) -> Result<(), Error> {
        let parsed = changes.parse()?;
        let view = self.client.opened_view(false).await?;
        self.client
            .change(&view, &DocumentName::home(), |home, _| {
                must_contain(home, id)?;
                home.collection_mut::<Ritual>().update(id, |ritual| parsed.settle(ritual))?;
                Ok(())
            })
            .await
    }

    /// All rituals, in the order in which they were made.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self) -> Result<Vec<RitualView>, Error> {
        self.select(|home| home.collection::<Ritual>().list().items).await
    }

    /// Those that were put into the trash in the last thirty days.
    ///
    /// # Errors
    /// There is no space.
    pub async fn trash(&self) -> Result<Vec<RitualView>, Error> {
        self.select(|home| home.collection::<Ritual>().trash(clock::now()).items).await
    }

    /// One ritual, also where it lies in the trash.
    ///
    /// # Errors
    /// There is no such ritual.
    pub async fn read(&self, id: &EntityId) -> Result<RitualView, Error> {
        let found =
            self.select(|home| home.collection::<Ritual>().get(id).ok().flatten().into_iter().collect()).await?;
        found.into_iter().next().ok_or_else(|| no_ritual(id))
    }

    /// Puts a ritual into the trash: it is due no more. What was done of it stays, and a change that this device has not seen
    /// brings it back.
    ///
    /// # Errors
    /// There is no such ritual.
    pub async fn delete(&self, id: &EntityId) -> Result<(), Error> {
        let view = self.client.opened_view(false).await?;
        self.client
            .change(&view, &DocumentName::home(), |home, now| {
                must_contain(home, id)?;
                home.collection_mut::<Ritual>().remove(id, now)?;
                Ok(())
            })
            .await
    }

    /// Takes a ritual out of the trash.
    ///
    /// # Errors
    /// There is no such ritual.
    pub async fn restore(&self, id: &EntityId) -> Result<(), Error> {
        let view = self.client.opened_view(false).await?;
        self.client
            .change(&view, &DocumentName::home(), |home, _| {
                must_contain(home, id)?;
                home.collection_mut::<Ritual>().restore(id)?;
                Ok(())
            })
            .await
    }

    async fn select(&self, choose: impl FnOnce(&Document) -> Vec<Stored<Ritual>>) -> Result<Vec<RitualView>, Error> {
        let view = self.client.opened_view(false).await?;
        let names = self.client.names(&view).await?;
        let mut done = self.recently_done(&view, &names).await?;
        let home = self.client.load(&view, &DocumentName::home()).await?;
        let shown = choose(&home).into_iter().map(|stored| {
            let done = done.remove(stored.id.as_str()).unwrap_or_default();
            RitualView::of(stored, &home, &names, done)
        });
        Ok(shown.collect())
    }

    /// The home of the shared space, in which there is this ritual and not in the trash.
    async fn must_be_in_use(&self, view: &SpaceView, id: &EntityId) -> Result<Stored<Ritual>, Error> {
        let home = self.client.load(view, &DocumentName::home()).await?;
        let stored = home.collection::<Ritual>().get(id)?.ok_or_else(|| no_ritual(id))?;
        match stored.trashed_at {
            Some(_) => Err(Refusal::State { what: "ritual", state: "it is in the trash: restore it first" }.into()),
            None => Ok(stored),
        }
    }
}

impl RitualView {
    fn of(stored: Stored<Ritual>, home: &Document, names: &Names, done: Vec<OccurrenceView>) -> Self {
        let Stored { id, value: ritual, made_at, alternatives, .. } = stored;
        let made_on = || civil_date(made_at, &TimeZone::UTC).to_string();
        let step = |step: &Step| RitualStep { text: step.text.clone(), minutes: step.minutes, turn: step.turn() };
        Self {
            name: ritual.name.get().clone(),
            every: ritual.every.get().clone(),
            at: ritual.at.get().clone(),
            starts: ritual.starts.get().clone().unwrap_or_else(made_on),
            zone: ritual.zone.get().clone(),
            reminder_minutes: *ritual.reminder_minutes.get(),
            why: ritual.why.as_str().to_owned(),
            steps: ritual.steps.iter().map(step).collect(),
            template: ritual.template.get().clone(),
            pauses: pause::of(home, &id).into_iter().map(|pause| PauseView::of(pause, names)).collect(),
            alternatives,
            done,
            id,
        }
    }
}

/// [`RitualChanges`] that are taken.
struct Parsed {
    name: Option<String>,
    every: Option<Recurrence>,
    at: Option<TimeOfDay>,
    starts: Option<Date>,
    zone: Option<Zone>,
    remind: Option<Remind>,
    why: Option<String>,
    steps: Option<Vec<Step>>,
}

impl RitualChanges {
    fn parse(self) -> Result<Parsed, Error> {
        if let Some(name) = &self.name {
            check_not_empty("name", name)?;
        }
        let step = |step: RitualStep| Step::new(&step.text, step.minutes, step.turn);
        let steps = self.steps.map(|steps| steps.into_iter().map(step).collect::<Result<_, _>>());
        Ok(Parsed {
            name: self.name,
            every: self.every.as_deref().map(str::parse).transpose()?,
            at: self.at.as_deref().map(str::parse).transpose()?,
            starts: self.starts.as_deref().map(parse_start).transpose()?,
            zone: self.zone.as_deref().map(str::parse).transpose()?,
            remind: self.remind,
            why: self.why,
            steps: steps.transpose()?,
        })
    }
}

impl Parsed {
    fn settle(self, ritual: &mut Ritual) {
        if let Some(name) = self.name {
            ritual.name.settle(name);
        }
        if let Some(every) = self.every {
            ritual.every.settle(every.to_string());
        }
        if let Some(at) = self.at {
            ritual.at.settle(Some(at.to_string()));
        }
        if let Some(starts) = self.starts {
            ritual.settle_starts(starts);
        }
        if let Some(zone) = &self.zone {
            ritual.settle_zone(zone);
        }
        match self.remind {
            Some(Remind::MinutesBefore(minutes)) => ritual.reminder_minutes.settle(Some(minutes)),
            Some(Remind::Never) => ritual.reminder_minutes.settle(None),
            None => {}
        }
        if let Some(why) = &self.why {
            ritual.why.update(why);
        }
        if let Some(steps) = self.steps {
            ritual.steps.set(steps);
        }
    }
}

fn must_contain(home: &Document, id: &EntityId) -> Result<(), Error> {
    if home.collection::<Ritual>().contains(id) { Ok(()) } else { Err(no_ritual(id)) }
}

fn no_ritual(id: &EntityId) -> Error {
    Error::NotFound { what: "ritual", id: id.to_string() }
}
