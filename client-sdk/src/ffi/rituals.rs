//! The rituals.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use entwine_core::document::{Choice as _, EntityId};
use entwine_core::time::Timestamp;

use super::call::run_until;
use super::client::{EntwineClient, parse_choice};
use super::error::EntwineError;
use crate::client::Client;
use crate::practices;

/// A new ritual.
#[derive(Debug, Clone, uniffi::Record)]
pub struct NewRitual {
    /// What it is called.
    pub name: String,
    /// When it comes round, as an RRULE of RFC 5545, such as `FREQ=WEEKLY;BYDAY=FR`.
    pub every: String,
    /// At which hour, as `HH:MM`. None: at no hour, on the whole day.
    #[uniffi(default = None)]
    pub at: Option<String>,
    /// The first day, as `2026-11-25`. None: today.
    #[uniffi(default = None)]
    pub starts: Option<String>,
    /// Whose hour it is: an IANA name such as `Europe/Amsterdam`, or `floating` for the hour of wherever one is. None: floating.
    #[uniffi(default = None)]
    pub zone: Option<String>,
    /// How many minutes before the hour to remind of it. None: not at all.
    #[uniffi(default = None)]
    pub reminder_minutes: Option<u32>,
    /// Why it matters to them.
    #[uniffi(default = "")]
    pub why: String,
    /// What is done, in this order.
    #[uniffi(default = [])]
    pub steps: Vec<RitualStep>,
}

/// What to change of a ritual; none leaves a field as it is.
#[derive(Debug, Clone, uniffi::Record)]
pub struct RitualChanges {
    /// What it is called.
    #[uniffi(default = None)]
    pub name: Option<String>,
    /// When it comes round.
    #[uniffi(default = None)]
    pub every: Option<String>,
    /// At which hour.
    #[uniffi(default = None)]
    pub at: Option<String>,
    /// The first day, from which the rule counts.
    #[uniffi(default = None)]
    pub starts: Option<String>,
    /// Whose hour it is: an IANA name, or `floating`.
    #[uniffi(default = None)]
    pub zone: Option<String>,
    /// Whether to be reminded, and when.
    #[uniffi(default = None)]
    pub remind: Option<Remind>,
    /// Why it matters to them. Both may write in it.
    #[uniffi(default = None)]
    pub why: Option<String>,
    /// What is done, in this order. Where the partner changed other steps apart, both changes stay.
    #[uniffi(default = None)]
    pub steps: Option<Vec<RitualStep>>,
}

/// Whether to be reminded, and when.
#[derive(Debug, Clone, uniffi::Enum)]
pub enum Remind {
    /// Not at all.
    Never,
    /// So many minutes before the hour.
    MinutesBefore {
        /// How many.
        minutes: u32,
    },
}

/// One step of a ritual.
#[derive(Debug, Clone, uniffi::Record)]
pub struct RitualStep {
    /// What is done.
    pub text: String,
    /// How long it takes; none where it takes as long as it takes.
    #[uniffi(default = None)]
    pub minutes: Option<u32>,
    /// Whose turn it is: `both`, `first`, `second` or `each`; `later` for what only a newer version knows.
    #[uniffi(default = "both")]
    pub turn: String,
}

/// A ritual.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Ritual {
    /// Names it.
    pub id: String,
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
    pub pauses: Vec<RitualPause>,
    /// By field, the other values of what was chosen differently apart.
    pub alternatives: HashMap<String, Vec<String>>,
    /// On which days of this month and the last somebody did it, the latest first.
    pub done: Vec<RitualOccurrence>,
}

/// Days on which a ritual rests.
#[derive(Debug, Clone, uniffi::Record)]
pub struct RitualPause {
    /// Names it.
    pub id: String,
    /// The first day.
    pub from: String,
    /// The last day; none until somebody ends it.
    pub to: Option<String>,
    /// The name of who began it.
    pub by: String,
    /// By field, the other values of what was chosen differently apart.
    pub alternatives: HashMap<String, Vec<String>>,
}

/// What both say of a ritual on one day.
#[derive(Debug, Clone, uniffi::Record)]
pub struct RitualOccurrence {
    /// The day, as `2026-11-25`.
    pub date: String,
    /// Whether it was done together, as one of them says at least.
    pub together: bool,
    /// The word of each who said something, the earliest first. Where they differ, neither is wrong.
    pub records: Vec<RitualRecord>,
}

/// What one of the two says.
#[derive(Debug, Clone, uniffi::Record)]
pub struct RitualRecord {
    /// The name of who says so.
    pub by: String,
    /// `together`, `alone`, `skipped`, `moved` to another day, or `planned`: moved here; `later` for what only a newer version
    /// knows.
    pub outcome: String,
    /// A few words about it.
    pub note: String,
    /// The day to which it was moved.
    pub to: Option<String>,
    /// The day from which it was moved here.
    pub from: Option<String>,
}

/// What is due, and what cannot be told of.
#[derive(Debug, Clone, uniffi::Record)]
pub struct DueRituals {
    /// From the earliest on. What has no hour comes first on its day.
    pub due: Vec<DueRitual>,
    /// Rituals of which this version does not understand when they are due: a newer one wrote them.
    pub not_understood: Vec<RitualNotUnderstood>,
}

/// Once that a ritual is due.
#[derive(Debug, Clone, uniffi::Record)]
pub struct DueRitual {
    /// Which ritual.
    pub ritual: String,
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
#[derive(Debug, Clone, uniffi::Record)]
pub struct RitualNotUnderstood {
    /// Which one.
    pub ritual: String,
    /// What it is called.
    pub name: String,
    /// What is not understood, in words for people.
    pub reason: String,
}

impl From<practices::RitualView> for Ritual {
    fn from(ritual: practices::RitualView) -> Self {
        Self {
            id: ritual.id.to_string(),
            name: ritual.name,
            every: ritual.every,
            at: ritual.at,
            starts: ritual.starts,
            zone: ritual.zone,
            reminder_minutes: ritual.reminder_minutes,
            why: ritual.why,
            steps: ritual.steps.into_iter().map(RitualStep::from).collect(),
            template: ritual.template,
            pauses: ritual.pauses.into_iter().map(RitualPause::from).collect(),
            alternatives: ritual.alternatives.into_iter().collect(),
            done: ritual.done.into_iter().map(RitualOccurrence::from).collect(),
        }
    }
}

impl From<practices::RitualStep> for RitualStep {
    fn from(step: practices::RitualStep) -> Self {
        Self { text: step.text, minutes: step.minutes, turn: step.turn.as_str().to_owned() }
    }
}

impl From<practices::PauseView> for RitualPause {
    fn from(pause: practices::PauseView) -> Self {
        let practices::PauseView { id, from, to, by, alternatives } = pause;
        Self { id: id.to_string(), from, to, by, alternatives: alternatives.into_iter().collect() }
    }
}

impl From<practices::OccurrenceView> for RitualOccurrence {
    fn from(occurrence: practices::OccurrenceView) -> Self {
        let record = |record: practices::RecordView| {
            let practices::RecordView { by, outcome, note, to, from } = record;
            RitualRecord { by, outcome: outcome.as_str().to_owned(), note, to, from }
        };
        let records = occurrence.records.into_iter().map(record).collect();
        Self { date: occurrence.date, together: occurrence.together, records }
    }
}

impl From<practices::DueList> for DueRituals {
    fn from(list: practices::DueList) -> Self {
        let due = |due: practices::DueView| {
            let practices::DueView { ritual, name, date, at, remind_at } = due;
            DueRitual { ritual: ritual.to_string(), name, date, at, remind_at }
        };
        let not_understood = |one: practices::NotUnderstood| RitualNotUnderstood {
            ritual: one.ritual.to_string(),
            name: one.name,
            reason: one.reason,
        };
        Self {
            due: list.due.into_iter().map(due).collect(),
            not_understood: list.not_understood.into_iter().map(not_understood).collect(),
        }
    }
}

fn steps(steps: Vec<RitualStep>) -> Result<Vec<practices::RitualStep>, EntwineError> {
    let step =
        |RitualStep { text, minutes, turn }| Ok(practices::RitualStep { text, minutes, turn: parse_choice(&turn)? });
    steps.into_iter().map(step).collect()
}

impl NewRitual {
    fn converted(self) -> Result<practices::NewRitual, EntwineError> {
        let Self { name, every, at, starts, zone, reminder_minutes, why, steps: of } = self;
        Ok(practices::NewRitual { name, every, at, starts, zone, reminder_minutes, why, steps: steps(of)? })
    }
}

impl RitualChanges {
    fn converted(self) -> Result<practices::RitualChanges, EntwineError> {
        let Self { name, every, at, starts, zone, remind, why, steps: of } = self;
        let remind = remind.map(|remind| match remind {
            Remind::Never => practices::Remind::Never,
            Remind::MinutesBefore { minutes } => practices::Remind::MinutesBefore(minutes),
        });
        let steps = of.map(steps).transpose()?;
        Ok(practices::RitualChanges { name, every, at, starts, zone, remind, why, steps })
    }
}

/// A moment of an app. Before 1970, there is none that reminds of anything.
fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The rituals of a client.
#[derive(Debug, uniffi::Object)]
pub struct Rituals {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// The rituals.
    pub fn rituals(self: Arc<Self>) -> Result<Arc<Rituals>, EntwineError> {
        Ok(Arc::new(Rituals { client: self }))
    }
}

impl Rituals {
    /// A ritual by what somebody calls its id.
    fn ritual(&self, id: &str) -> Result<(Arc<Client>, EntityId), EntwineError> {
        self.client.with_id("ritual", id)
    }
}

#[uniffi::export]
impl Rituals {
    /// Begins a ritual: its id.
    pub async fn add(&self, ritual: NewRitual) -> Result<String, EntwineError> {
        let (client, new) = (self.client.client()?, ritual.converted()?);
        Ok(run_until(None, async move { client.rituals().add(new).await }).await?.to_string())
    }

    /// Adopts a template, in the words of a locale such as `de-AT`, with what `changes` says otherwise: the ritual's id. It is a
    /// copy; two who adopt the same apart have two rituals then.
    pub async fn adopt(
        &self,
        template: String,
        locale: String,
        changes: RitualChanges,
    ) -> Result<String, EntwineError> {
        let (client, changes) = (self.client.client()?, changes.converted()?);
        let adopted = run_until(None, async move { client.rituals().adopt(&template, &locale, changes).await });
        Ok(adopted.await?.to_string())
    }

    /// Changes a ritual: only the fields that are given.
    pub async fn change(&self, id: String, changes: RitualChanges) -> Result<(), EntwineError> {
        let ((client, id), changes) = (self.ritual(&id)?, changes.converted()?);
        run_until(None, async move { client.rituals().set(&id, changes).await }).await
    }

    /// All rituals, in the order in which they were made.
    pub async fn list(&self) -> Result<Vec<Ritual>, EntwineError> {
        let client = self.client.client()?;
        let rituals = run_until(None, async move { client.rituals().list().await }).await?;
        Ok(rituals.into_iter().map(Ritual::from).collect())
    }

    /// Those that were put into the trash in the last thirty days.
    pub async fn trash(&self) -> Result<Vec<Ritual>, EntwineError> {
        let client = self.client.client()?;
        let rituals = run_until(None, async move { client.rituals().trash().await }).await?;
        Ok(rituals.into_iter().map(Ritual::from).collect())
    }

    /// One ritual, also where it lies in the trash.
    pub async fn read(&self, id: String) -> Result<Ritual, EntwineError> {
        let (client, id) = self.ritual(&id)?;
        Ok(run_until(None, async move { client.rituals().read(&id).await }).await?.into())
    }

    /// Puts a ritual into the trash. What was done of it stays.
    pub async fn delete(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.ritual(&id)?;
        run_until(None, async move { client.rituals().delete(&id).await }).await
    }

    /// Takes a ritual out of the trash.
    pub async fn restore(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.ritual(&id)?;
        run_until(None, async move { client.rituals().restore(&id).await }).await
    }

    /// Records that a ritual was done, today or on a day such as `2026-11-25`, together or alone: the record's id. Both may
    /// record it: it is one occurrence then.
    #[uniffi::method(default(note = None, alone = false, date = None))]
    pub async fn done(
        &self,
        id: String,
        note: Option<String>,
        alone: bool,
        date: Option<String>,
    ) -> Result<String, EntwineError> {
        let ((client, id), record) = (self.ritual(&id)?, practices::NewRecord { date, note });
        Ok(run_until(None, async move { client.rituals().done(&id, alone, record).await }).await?.to_string())
    }

    /// Leaves a ritual out, today or on a day: it is due no more on it, and nobody is told that it was missed.
    #[uniffi::method(default(note = None, date = None))]
    pub async fn skip(&self, id: String, note: Option<String>, date: Option<String>) -> Result<String, EntwineError> {
        let ((client, id), record) = (self.ritual(&id)?, practices::NewRecord { date, note });
        Ok(run_until(None, async move { client.rituals().skip(&id, record).await }).await?.to_string())
    }

    /// Moves a ritual from today, or from a day, to another one: it is due on that one, and no more on its own.
    #[uniffi::method(default(note = None, date = None))]
    pub async fn move_to(
        &self,
        id: String,
        to: String,
        note: Option<String>,
        date: Option<String>,
    ) -> Result<String, EntwineError> {
        let ((client, id), record) = (self.ritual(&id)?, practices::NewRecord { date, note });
        Ok(run_until(None, async move { client.rituals().move_to(&id, &to, record).await }).await?.to_string())
    }

    /// What became of a ritual from one day to another, both included, the latest first. None is from a year ago on, and for all
    /// that is to come.
    #[uniffi::method(default(from = None, to = None))]
    pub async fn history(
        &self,
        id: String,
        from: Option<String>,
        to: Option<String>,
    ) -> Result<Vec<RitualOccurrence>, EntwineError> {
        let (client, id) = self.ritual(&id)?;
        let history =
            run_until(None, async move { client.rituals().history(&id, from.as_deref(), to.as_deref()).await });
        Ok(history.await?.into_iter().map(RitualOccurrence::from).collect())
    }

    /// What is due from one day to another, both included, in the time zone of this phone. None is from today on, and for a week.
    #[uniffi::method(default(from = None, to = None))]
    pub async fn due(&self, from: Option<String>, to: Option<String>) -> Result<DueRituals, EntwineError> {
        let client = self.client.client()?;
        let due = run_until(None, async move { client.rituals().due(from.as_deref(), to.as_deref()).await });
        Ok(due.await?.into())
    }

    /// What to remind of from one moment until before another: what to hand to the phone's system, so that it rings while no app
    /// runs.
    pub async fn reminders(&self, from: SystemTime, to: SystemTime) -> Result<DueRituals, EntwineError> {
        let (client, from, to) = (self.client.client()?, timestamp(from), timestamp(to));
        Ok(run_until(None, async move { client.rituals().reminders(from, to).await }).await?.into())
    }

    /// Lets a ritual rest from one day to another, both included: the pause's id. None is from today on, and until it is resumed.
    #[uniffi::method(default(from = None, to = None))]
    pub async fn pause(&self, id: String, from: Option<String>, to: Option<String>) -> Result<String, EntwineError> {
        let (client, id) = self.ritual(&id)?;
        let pause = run_until(None, async move { client.rituals().pause(&id, from.as_deref(), to.as_deref()).await });
        Ok(pause.await?.to_string())
    }

    /// Ends every pause that a ritual has today: how many it ended. What is planned for later stays.
    pub async fn resume(&self, id: String) -> Result<u32, EntwineError> {
        let (client, id) = self.ritual(&id)?;
        let ended = run_until(None, async move { client.rituals().resume(&id).await }).await?;
        Ok(u32::try_from(ended).unwrap_or(u32::MAX))
    }

    /// Ends one pause of a ritual, also where it is planned for later. Whether anything of it was still to come.
    pub async fn end_pause(&self, id: String, pause: String) -> Result<bool, EntwineError> {
        let ((client, id), (_, pause)) = (self.ritual(&id)?, self.client.with_id("pause", &pause)?);
        run_until(None, async move { client.rituals().end_pause(&id, &pause).await }).await
    }
}
