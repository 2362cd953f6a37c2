//! What do we do again and again? A ritual: its name, its steps, when it comes round, and why it matters.

pub mod recurrence;
pub mod schedule;
pub mod step;

use core::fmt;
use core::str::FromStr;

use jiff::civil::Date;

use crate::content::{Template, TemplateStep};
use crate::document::{Entity, EntityField, Field, Hydrate, LimitExceeded, List, Reconcile, Text};
use crate::limits::{
    NAME_BYTES_MAX, NOTE_BYTES_MAX, RECURRENCE_BYTES_MAX, REMINDER_MINUTES_MAX, STEP_BYTES_MAX, STEP_MINUTES_MAX,
    STEPS_MAX, ZONE_NAME_BYTES_MAX,
};
use crate::practice::search::Findable;

pub use recurrence::{Recurrence, RecurrenceError};
pub use schedule::{Due, PausedDays, Reminder, Schedule, ScheduleError, Zone};
pub use step::{Step, Turn};

/// A ritual. It has no date, so it lies in `home`, as its pauses do ([`pause`](super::pause)); what was done of it lies in the
/// months ([`occurrence`](super::occurrence)).
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Ritual {
    /// What it is called.
    pub name: Field<String>,
    /// When it comes round, as a rule in the language of RFC 5545. It may come from a newer version that takes more rules:
    /// [`Ritual::recurrence`] reads it.
    pub every: Field<String>,
    /// At which hour, as `HH:MM`. None: at no hour, on the whole day.
    pub at: Field<Option<String>>,
    /// Its first day, as `YYYY-MM-DD`: the rule counts from it. None in what earlier versions wrote: then it is the day on
    /// which the ritual was made, in UTC, which is the same on both phones.
    pub starts: Field<Option<String>>,
    /// In which time zone the hour is, as an IANA name. None: in the local time of whoever looks, wherever they are.
    pub zone: Field<Option<String>>,
    /// How many minutes before the hour to remind of it. None: not at all.
    pub reminder_minutes: Field<Option<u32>>,
    /// What is done, in this order.
    pub steps: List<Step>,
    /// Why it matters to them.
    pub why: Text,
    /// The id of the template that it was adopted from. It was copied: nothing follows the template, nor the other way round.
    pub template: Field<Option<String>>,
}

impl Entity for Ritual {
    const KIND: &'static str = "ritual";
    const TEXT_FIELD: &'static str = "why";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.name.check("name", NAME_BYTES_MAX)?;
        self.every.check("recurrence", RECURRENCE_BYTES_MAX)?;
        self.why.check("why", NOTE_BYTES_MAX)?;
        if let Some(zone) = self.zone.as_ref().filter(|_| self.zone.is_changed()) {
            LimitExceeded::check_bytes("zone", zone.len(), ZONE_NAME_BYTES_MAX)?;
        }
        if self.reminder_minutes.is_changed() {
            let minutes = self.reminder_minutes.unwrap_or(0) as usize;
            LimitExceeded::check_count("minutes of a reminder", minutes, REMINDER_MINUTES_MAX as usize)?;
        }
        if self.steps.is_changed() {
            LimitExceeded::check_count("steps", self.steps.len(), STEPS_MAX)?;
            for step in self.steps.iter() {
                LimitExceeded::check_bytes("step", step.text.len(), STEP_BYTES_MAX)?;
                LimitExceeded::check_count(
                    "minutes of a step",
                    step.minutes.unwrap_or(0) as usize,
                    STEP_MINUTES_MAX as usize,
                )?;
            }
        }
        Ok(())
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![
            &mut self.name,
            &mut self.every,
            &mut self.at,
            &mut self.starts,
            &mut self.zone,
            &mut self.reminder_minutes,
            &mut self.steps,
            &mut self.why,
            &mut self.template,
        ]
    }
}

impl Findable for Ritual {
    fn words(&self) -> Vec<&str> {
        let steps = self.steps.iter().map(|step| step.text.as_str());
        [self.name.as_str(), self.why.as_str()].into_iter().chain(steps).collect()
    }
}

impl Ritual {
    /// A new ritual without steps, first day, zone and reminder.
    #[must_use]
    pub fn new(name: &str, every: &Recurrence, at: Option<TimeOfDay>) -> Self {
        Self {
            name: name.into(),
            every: every.to_string().into(),
            at: at.map(|at| at.to_string()).into(),
            starts: None.into(),
            zone: None.into(),
            reminder_minutes: None.into(),
            steps: List::default(),
            why: "".into(),
            template: None.into(),
        }
    }

    /// A new ritual with the name, the reason, the rule and the steps of a template.
    ///
    /// # Errors
    /// The template's rule is none that this version takes: one that is not built in.
    pub fn of_template(template: &Template) -> Result<Self, RecurrenceError> {
        let mut ritual = Self::new(&template.name, &template.cadence.parse()?, None);
        let step =
            |step: &TemplateStep| Step { text: step.text.clone(), minutes: step.minutes, turn: step.turn.stored() };
        ritual.steps = template.steps.iter().map(step).collect::<Vec<_>>().into();
        ritual.why = template.why.as_str().into();
        ritual.template = Some(template.id.clone()).into();
        Ok(ritual)
    }

    /// When it comes round.
    ///
    /// # Errors
    /// The rule is one that this version does not take.
    pub fn recurrence(&self) -> Result<Recurrence, RecurrenceError> {
        self.every.parse()
    }

    /// Changes when it comes round.
    pub fn set_recurrence(&mut self, every: &Recurrence) {
        self.every.set(every.to_string());
    }

    /// Changes the hour.
    pub fn set_at(&mut self, at: Option<TimeOfDay>) {
        self.at.set(at.map(|at| at.to_string()));
    }

    /// Chooses the first day.
    pub fn settle_starts(&mut self, starts: Date) {
        self.starts.settle(Some(starts.to_string()));
    }

    /// Chooses whose hour it is.
    pub fn settle_zone(&mut self, zone: &Zone) {
        self.zone.settle(zone.name().map(str::to_owned));
    }
}

/// An hour and a minute of a day, wherever one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
}

/// Text that is no time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time of day: expected HH:MM, from 00:00 to 23:59")]
pub struct ParseTimeOfDayError;

impl TimeOfDay {
    /// The hour, from 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, from 0 to 59.
    #[must_use]
    pub const fn minute(self) -> u8 {
        self.minute
    }
}

impl FromStr for TimeOfDay {
    type Err = ParseTimeOfDayError;

    fn from_str(text: &str) -> Result<Self, ParseTimeOfDayError> {
        let number = |part: &str| -> Option<u8> {
            let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            if is_number { part.parse().ok() } else { None }
        };
        let parts = text.split_once(':').and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)));
        match parts {
            Some((hour @ 0..=23, minute @ 0..=59)) => Ok(Self { hour, minute }),
            _ => Err(ParseTimeOfDayError),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_proper_entity() {
        let mut ritual = Ritual::new("Coffee", &"FREQ=DAILY".parse().unwrap(), Some("08:00".parse().unwrap()));
        ritual.settle_starts(jiff::civil::date(2026, 11, 25));
        ritual.settle_zone(&"Europe/Amsterdam".parse().unwrap());
        ritual.reminder_minutes.set(Some(10));
        ritual
            .steps
            .set(vec![Step::new("grind", Some(2), Turn::First).unwrap(), Step::new("talk", None, Turn::Both).unwrap()]);
        ritual.why.append("It is ours.");
        ritual.template.set(Some("coffee-together".to_owned()));
        crate::document::conformance::check(&ritual);
    }

    #[test]
    fn a_time_of_day_is_exact() {
        for text in ["00:00", "08:05", "23:59"] {
            assert_eq!(text.parse::<TimeOfDay>().map(|time| time.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "8:00", "24:00", "08:60", "08:00:00", "+8:00", "08.00", "0８:00"] {
            assert_eq!(text.parse::<TimeOfDay>(), Err(ParseTimeOfDayError), "{text}");
        }
    }

    #[test]
    fn limits_are_named() {
        let mut ritual = Ritual::new("Coffee", &"FREQ=DAILY".parse().unwrap(), None);
        let step = Step::new("pour", Some(STEP_MINUTES_MAX + 1), Turn::Each).unwrap();
        for (steps, refusal) in [
            (vec![step.clone()], "minutes of a step: more than 1440"),
            (
                vec![Step::new(&"x".repeat(STEP_BYTES_MAX + 1), None, Turn::Both).unwrap()],
                "step is longer than 1024 bytes",
            ),
            (vec![step; STEPS_MAX + 1], "steps: more than 64"),
        ] {
            ritual.steps.set(steps);
            assert_eq!(ritual.check().unwrap_err().to_string(), refusal);
        }
        ritual.steps.set(Vec::new());
        ritual.reminder_minutes.set(Some(REMINDER_MINUTES_MAX + 1));
        assert_eq!(ritual.check().unwrap_err().to_string(), "minutes of a reminder: more than 10080");
    }
}
