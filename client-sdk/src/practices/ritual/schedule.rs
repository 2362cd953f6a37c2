//! When rituals are due: on which days and at what moment, with what reminders, and when they rest.

use std::collections::BTreeMap;

use entwine_core::document::{Document, DocumentName, EntityId, Stored};
use entwine_core::practice::occurrence;
use entwine_core::practice::origin::civil_date;
use entwine_core::practice::pause::{self, Pause};
use entwine_core::practice::ritual::schedule::parse_day;
use entwine_core::practice::ritual::{Due, PausedDays, Ritual, Schedule, ScheduleError};
use entwine_core::time::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use super::{Rituals, must_contain};
use crate::error::Error;
use crate::practices::{Names, rfc3339};
use crate::{clock, random};

/// How many days are asked for where nobody says until when.
const DAYS_AHEAD: i32 = 7;
/// By how many days the day of a rule may lie beside the day that it is for somebody somewhere, and then some.
const DAYS_BESIDE: i32 = 3;
/// By how many days a reminder may come before what it reminds of.
const DAYS_BEFORE: i32 = 7;

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
    /// Lets a ritual rest from one day to another, both included: nothing is due on them. None is from today on, and until
    /// [`Rituals::resume`]. Returns the pause's id. Two pauses made apart both stay.
    ///
    /// # Errors
    /// There is no such ritual, a day is none, the last is before the first, or the ritual has too many pauses.
    pub async fn pause(&self, id: &EntityId, from: Option<&str>, to: Option<&str>) -> Result<EntityId, Error> {
        let from = from.map_or_else(|| Ok(clock::today()), parse_day)?;
        let days = PausedDays::new(from, to.map(parse_day).transpose()?)?;
        let view = self.client.opened_view(false).await?;
        let writer = self.client.writer(&view)?;
        let pause = EntityId::make_below(id, clock::now(), &mut random::generator());
        self.must_be_in_use(&view, id).await?;
        self.client
            .change(&view, &DocumentName::home(), |home, now| Ok(pause::begin(home, &pause, id, days, &writer, now)?))
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
                Ok(pause::resume(document, id, clock::today(), now)?)
            })
            .await
    }

    /// Ends one pause of a ritual, so that the ritual is due again from today on. One that would begin today or later is taken back as a
    /// whole. Returns whether anything of it was still to come.
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
                Ok(pause::end(document, pause, clock::today(), now)?)
            })
            .await
    }

    /// What is due from one day to another, both included, as this phone's zone has them. None is from today on, and for a week.
    /// What was skipped is not, what was moved is on its other day, and what was done is not, for who did it.
    ///
    /// # Errors
    /// There is no space, a day is none, the last is before the first, or there are more than ten years of them.
    pub async fn due(&self, from: Option<&str>, to: Option<&str>) -> Result<DueList, Error> {
        let from = from.map_or_else(|| Ok(clock::today()), parse_day)?;
        let to = to.map_or_else(|| Ok(from.saturating_add((DAYS_AHEAD - 1).days())), parse_day)?;
        check_order(from, to)?;
        let (here, window) = (clock::zone(), from..to.saturating_add(1.days()));
        let mut list = self.ask((from, to), |schedule| schedule.due(window.clone(), &here)).await?;
        self.client.hold_back_reminders(&mut list.due).await?;
        Ok(list)
    }

    /// What to remind of from one moment until before another: what a phone hands to its system, so that it rings while no app
    /// runs. Of what was done, skipped or moved nobody is reminded.
    ///
    /// # Errors
    /// There is no space, or there are more than ten years between the moments.
    pub async fn reminders(&self, from: Timestamp, to: Timestamp) -> Result<DueList, Error> {
        let (here, window) = (clock::zone(), from.to_moment()..to.to_moment());
        let days = (civil_date(from, &here), civil_date(to, &here).saturating_add(DAYS_BEFORE.days()));
        let reminders = self.ask(days, |schedule| {
            let reminders = schedule.reminders(window.clone(), &here)?;
            Ok(reminders.into_iter().map(|reminder| reminder.due).collect())
        });
        let mut list = reminders.await?;
        self.client.hold_back_reminders(&mut list.due).await?;
        list.due.retain(|due| due.remind_at.is_some());
        Ok(list)
    }

    /// Asks every ritual's schedule, with what was said of these days.
    async fn ask(
        &self,
        (from, to): (Date, Date),
        due: impl Fn(&Schedule) -> Result<Vec<Due>, ScheduleError>,
    ) -> Result<DueList, Error> {
        let view = self.client.opened_view(false).await?;
        let (beside, reader) = (DAYS_BESIDE.days(), self.client.person(&view)?);
        let told = self.told(&view, from.saturating_sub(beside)..=to.saturating_add(beside)).await?;
        let home = self.client.load(&view, &DocumentName::home()).await?;
        let (mut found, mut not_understood) = (Vec::new(), Vec::new());
        for stored in home.collection::<Ritual>().list() {
            let (ritual, name) = (stored.id.clone(), stored.value.name.get().clone());
            match of(&stored, &home) {
                Ok(mut schedule) => {
                    schedule.said = occurrence::days(&told.of(&ritual), reader);
                    found.extend(due(&schedule)?.into_iter().map(|due| {
                        let remind_at = schedule.remind_at(&due).as_ref().map(rfc3339);
                        let (date, at) = (due.date.to_string(), due.at.as_ref().map(rfc3339));
                        let order = (due.day_here(), due.at.map(|at| at.timestamp()));
                        (order, DueView { ritual: ritual.clone(), name: name.clone(), date, at, remind_at })
                    }));
                }
                Err(reason) => not_understood.push(NotUnderstood { ritual, name, reason: reason.to_string() }),
            }
        }
        found.sort_by_key(|(order, _)| *order);
        Ok(DueList { due: found.into_iter().map(|(_, due)| due).collect(), not_understood })
    }
}

impl PauseView {
    pub(super) fn of(pause: Stored<Pause>, names: &Names) -> Self {
        let Stored { id, value, alternatives, .. } = pause;
        let (from, to) = (value.from.get().clone(), value.to.get().clone());
        Self { id, from, to, by: names.of(value.by.parse().ok()), alternatives }
    }
}

/// When a ritual is due, while nothing was said of single days.
pub(super) fn of(ritual: &Stored<Ritual>, home: &Document) -> Result<Schedule, ScheduleError> {
    let pauses = pause::of(home, &ritual.id).into_iter().filter_map(|pause| pause.value.days()).collect();
    ritual.value.schedule(ritual.made_at, pauses)
}

pub(super) fn check_order(from: Date, to: Date) -> Result<(), ScheduleError> {
    if to < from { Err(ScheduleError::Backwards { from, to }) } else { Ok(()) }
}
