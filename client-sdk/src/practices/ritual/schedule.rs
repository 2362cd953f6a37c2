//! When rituals are due: from which day on and in whose hour, with what reminders, and when they rest.

use std::collections::BTreeMap;

use entwine_core::document::{Document, DocumentName, EntityId, Stored};
use entwine_core::practice::origin::civil_date;
use entwine_core::practice::pause::{self, Pause};
use entwine_core::practice::ritual::schedule::{parse_day, parse_start};
use entwine_core::practice::ritual::{Due, PausedDays, Recurrence, Ritual, Schedule, ScheduleError, TimeOfDay, Zone};
use entwine_core::time::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use super::{NewRitual, RitualChanges, RitualView, Rituals, no_ritual};
use crate::error::Error;
use crate::practices::rfc3339;
use crate::{clock, random};

/// How many days are asked for where nobody says until when.
const DAYS_AHEAD: i32 = 7;

/// What to change of when a ritual is due, beside its rule and its hour; none leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ScheduleChanges {
    /// The first day, as `2026-11-25`. For a new ritual, none is today.
    pub starts: Option<String>,
    /// Whose hour it is: an IANA name such as `Europe/Amsterdam`, or `floating` for the hour of wherever one is. For a new
    /// ritual, none is floating.
    pub zone: Option<String>,
    /// How to be reminded.
    pub remind: Option<Remind>,
}

/// Whether to be reminded, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remind {
    /// Not at all.
    Never,
    /// So many minutes before the hour.
    MinutesBefore(u32),
}

/// A ritual with all that decides when it is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScheduledRitual {
    /// The ritual.
    #[serde(flatten)]
    pub ritual: RitualView,
    /// The first day, as `2026-11-25`.
    pub starts: String,
    /// In which time zone the hour is, as an IANA name; none where it floats.
    pub zone: Option<String>,
    /// How many minutes before the hour to remind of it; none for not at all.
    pub reminder_minutes: Option<u32>,
    /// In the order in which they were begun.
    pub pauses: Vec<PauseView>,
}

/// Days on which a ritual rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseView {
    /// Names it.
    pub id: EntityId,
    /// The first day.
    pub from: String,
    /// The last day; none until somebody ends it.
    pub to: Option<String>,
    /// The name of who began it.
    pub by: String,
    /// By field, the other values of what was chosen differently apart.
    pub alternatives: BTreeMap<String, Vec<String>>,
}

/// What is due, and what cannot be told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DueList {
    /// From the earliest on. What has no hour comes first on its day.
    pub due: Vec<DueView>,
    /// Rituals of which this version does not understand when they are due: a newer one wrote them.
    pub not_understood: Vec<NotUnderstood>,
}

/// Once that a ritual is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DueView {
    /// Which ritual.
    pub ritual: EntityId,
    /// What it is called.
    pub name: String,
    /// The day that the rule names. It may be another than that of `at`, where the ritual's hour is that of another zone.
    pub date: String,
    /// When, as RFC 3339 in the time zone of this phone; none where the ritual has no hour.
    pub at: Option<String>,
    /// When to remind of it, in the same form; none for not at all.
    pub remind_at: Option<String>,
}

/// A ritual of which it cannot be told when it is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotUnderstood {
    /// Which one.
    pub ritual: EntityId,
    /// What it is called.
    pub name: String,
    /// What is not understood, in words for people.
    pub reason: String,
}

impl Rituals<'_> {
    /// Adds a ritual that begins on a day, in a zone, with a reminder.
    ///
    /// # Errors
    /// There is no space, or something is not taken.
    pub async fn add_scheduled(&self, new: NewRitual, schedule: ScheduleChanges) -> Result<EntityId, Error> {
        let every: Recurrence = new.every.parse()?;
        let at = new.at.as_deref().map(str::parse::<TimeOfDay>).transpose()?;
        let mut ritual = Ritual::new(&new.name, &every, at);
        ritual.settle_starts(today());
        schedule.parse()?.settle(&mut ritual);
        let view = self.client.opened_view(false).await?;
        let id = EntityId::make(clock::now(), &mut random::generator());
        self.client
            .change(&view, &DocumentName::home(), |document, now| {
                Ok(document.collection_mut().put(&id, &ritual, now)?)
            })
            .await?;
        Ok(id)
    }

    /// Changes a ritual and when it is due, in one step: only the fields that are given.
    ///
    /// # Errors
    /// There is no such ritual, or a value is not taken.
    pub async fn set_scheduled(
        &self,
        id: &EntityId,
        changes: RitualChanges,
        schedule: ScheduleChanges,
    ) -> Result<(), Error> {
        let every = changes.every.as_deref().map(str::parse::<Recurrence>).transpose()?;
        let at = changes.at.as_deref().map(str::parse::<TimeOfDay>).transpose()?;
        let schedule = schedule.parse()?;
        let view = self.client.opened_view(false).await?;
        self.client
            .change(&view, &DocumentName::home(), |document, _| {
                must_contain(document, id)?;
                document.collection_mut::<Ritual>().update(id, |ritual| {
                    if let Some(name) = changes.name {
                        ritual.name.settle(name);
                    }
                    if let Some(every) = every {
                        ritual.every.settle(every.to_string());
                    }
                    if let Some(at) = at {
                        ritual.at.settle(Some(at.to_string()));
                    }
                    schedule.settle(ritual);
                })?;
                Ok(())
            })
            .await
    }

    /// All rituals with all that decides when they are due, in the order in which they were made.
    ///
    /// # Errors
    /// There is no space.
    pub async fn scheduled(&self) -> Result<Vec<ScheduledRitual>, Error> {
        let view = self.client.opened_view(false).await?;
        let names = self.client.names(&view).await?;
        let rituals = self.list_in(&view, &names).await?;
        let home = self.client.load(&view, &DocumentName::home()).await?;
        let pause_view = |pause: Stored<Pause>| PauseView {
            from: pause.value.from.get().clone(),
            to: pause.value.to.get().clone(),
            by: names.of(pause.value.by.parse().ok()),
            alternatives: pause.alternatives,
            id: pause.id,
        };
        let rituals = rituals.into_iter().filter_map(|ritual| {
            let Stored { value, made_at, .. } = home.collection::<Ritual>().get(&ritual.id).ok()??;
            let made_on = || civil_date(made_at, &jiff::tz::TimeZone::UTC).to_string();
            Some(ScheduledRitual {
                starts: value.starts.get().clone().unwrap_or_else(made_on),
                zone: value.zone.get().clone(),
                reminder_minutes: *value.reminder_minutes.get(),
                pauses: pause::of(&home, &ritual.id).into_iter().map(pause_view).collect(),
                ritual,
            })
        });
        Ok(rituals.collect())
    }

    /// Lets a ritual rest from one day to another, both included: nothing is due on them. None is from today on, and until
    /// [`Rituals::resume`]. Returns the pause's id. Two pauses made apart both stay.
    ///
    /// # Errors
    /// There is no such ritual, a day is none, the last is before the first, or the ritual has too many pauses.
    pub async fn pause(&self, id: &EntityId, from: Option<&str>, to: Option<&str>) -> Result<EntityId, Error> {
        let from = from.map_or_else(|| Ok(today()), parse_day)?;
        let days = PausedDays::new(from, to.map(parse_day).transpose()?)?;
        let view = self.client.opened_view(false).await?;
        let writer = self.client.writer(&view)?;
        let pause = EntityId::make_below(id, clock::now(), &mut random::generator());
        self.client
            .change(&view, &DocumentName::home(), |document, now| {
                must_contain(document, id)?;
                Ok(pause::begin(document, &pause, id, days, &writer, now)?)
            })
            .await?;
        Ok(pause)
    }

    /// Ends every pause that a ritual has today, so that it is due again from today on; what is planned for later stays. Returns
    /// how many it ended.
    ///
    /// # Errors
    /// There is no such ritual.
    pub async fn resume(&self, id: &EntityId) -> Result<usize, Error> {
        let view = self.client.opened_view(false).await?;
        self.client
            .change(&view, &DocumentName::home(), |document, now| {
                must_contain(document, id)?;
                Ok(pause::resume(document, id, today(), now)?)
            })
            .await
    }

    /// Ends one pause of a ritual, so that the ritual is due again from today on. One that would begin today or later is taken back as a
    /// whole. Returns whether it reached to today.
    ///
    /// # Errors
    /// There is no such pause.
    pub async fn end_pause(&self, id: &EntityId, pause: &EntityId) -> Result<bool, Error> {
        let view = self.client.opened_view(false).await?;
        self.client
            .change(&view, &DocumentName::home(), |document, now| {
                must_contain(document, id)?;
                if !pause::of(document, id).iter().any(|known| known.id == *pause) {
                    return Err(Error::NotFound { what: "pause", id: pause.to_string() });
                }
                Ok(pause::end(document, pause, today(), now)?)
            })
            .await
    }

    /// What is due from one day to another, both included, as this phone's zone has them. None is from today on, and for a week.
    ///
    /// # Errors
    /// There is no space, a day is none, the last is before the first, or there are more than ten years of them.
    pub async fn due(&self, from: Option<&str>, to: Option<&str>) -> Result<DueList, Error> {
        let from = from.map_or_else(|| Ok(today()), parse_day)?;
        let to = to.map_or_else(|| Ok(from.saturating_add((DAYS_AHEAD - 1).days())), parse_day)?;
        if to < from {
            return Err(ScheduleError::Backwards { from, to }.into());
        }
        let (here, window) = (clock::zone(), from..to.saturating_add(1.days()));
        self.ask(|schedule| schedule.due(window.clone(), &here)).await
    }

    /// What to remind of from one moment until before another: what a phone hands to its system, so that it rings while no app
    /// runs.
    ///
    /// # Errors
    /// There is no space, or there are more than ten years between the moments.
    pub async fn reminders(&self, from: Timestamp, to: Timestamp) -> Result<DueList, Error> {
        let (here, window) = (clock::zone(), from.to_moment()..to.to_moment());
        self.ask(|schedule| {
            let reminders = schedule.reminders(window.clone(), &here)?;
            Ok(reminders.into_iter().map(|reminder| reminder.due).collect())
        })
        .await
    }

    /// Asks every ritual's schedule.
    async fn ask(&self, due: impl Fn(&Schedule) -> Result<Vec<Due>, ScheduleError>) -> Result<DueList, Error> {
        let view = self.client.opened_view(false).await?;
        let home = self.client.load(&view, &DocumentName::home()).await?;
        let (mut found, mut not_understood) = (Vec::new(), Vec::new());
        for Stored { id: ritual, value, made_at, .. } in home.collection::<Ritual>().list() {
            let pauses = pause::of(&home, &ritual).into_iter().filter_map(|pause| pause.value.days()).collect();
            let name = value.name.get().clone();
            match value.schedule(made_at, pauses) {
                Ok(schedule) => found.extend(due(&schedule)?.into_iter().map(|due| {
                    let remind_at = schedule.remind_at(&due).as_ref().map(rfc3339);
                    let (date, at) = (due.date.to_string(), due.at.as_ref().map(rfc3339));
                    let order = (due.day_here(), due.at.map(|at| at.timestamp()));
                    (order, DueView { ritual: ritual.clone(), name: name.clone(), date, at, remind_at })
                })),
                Err(reason) => not_understood.push(NotUnderstood { ritual, name, reason: reason.to_string() }),
            }
        }
        found.sort_by_key(|(order, _)| *order);
        Ok(DueList { due: found.into_iter().map(|(_, due)| due).collect(), not_understood })
    }
}

/// [`ScheduleChanges`] that are taken.
struct Settled {
    starts: Option<Date>,
    zone: Option<Zone>,
    remind: Option<Remind>,
}

impl ScheduleChanges {
    fn parse(&self) -> Result<Settled, ScheduleError> {
        Ok(Settled {
            starts: self.starts.as_deref().map(parse_start).transpose()?,
            zone: self.zone.as_deref().map(str::parse).transpose()?,
            remind: self.remind,
        })
    }
}

impl Settled {
    fn settle(&self, ritual: &mut Ritual) {
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
    }
}

fn must_contain(document: &Document, id: &EntityId) -> Result<(), Error> {
    if document.collection::<Ritual>().contains(id) { Ok(()) } else { Err(no_ritual(id)) }
}

fn today() -> Date {
    civil_date(clock::now(), &clock::zone())
}
