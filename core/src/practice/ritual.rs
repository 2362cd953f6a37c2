//! What do we do again and again? A ritual: its name, its steps, when it comes round, and why it matters.

pub mod recurrence;

use core::fmt;
use core::str::FromStr;

use crate::document::{Entity, Field, Hydrate, LimitExceeded, List, Reconcile, Text};
use crate::limits::{
    NAME_BYTES_MAX, NOTE_BYTES_MAX, RECURRENCE_BYTES_MAX, STEP_BYTES_MAX, STEP_MINUTES_MAX, STEPS_MAX,
};

pub use recurrence::{Recurrence, RecurrenceError};

/// A ritual. It has no date, so it lies in `home`; what was done of it lies in the months ([`occurrence`](super::occurrence)).
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Ritual {
    /// What it is called.
    pub name: Field<String>,
    /// When it comes round, as a rule in the language of RFC 5545. It may come from a newer version that takes more rules:
    /// [`Ritual::recurrence`] reads it.
    pub every: Field<String>,
    /// At which hour of the local time, as `HH:MM`.
    pub at: Field<Option<String>>,
    /// What is done, in this order.
    pub steps: List<Step>,
    /// Why it matters to them.
    pub why: Text,
}

/// One step of a ritual.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Step {
    /// What is done.
    pub text: String,
    /// How long it takes.
    pub minutes: Option<u32>,
}

impl Entity for Ritual {
    const KIND: &'static str = "ritual";
    const TEXT_FIELD: &'static str = "why";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.name.check("name", NAME_BYTES_MAX)?;
        self.every.check("recurrence", RECURRENCE_BYTES_MAX)?;
        self.why.check("why", NOTE_BYTES_MAX)?;
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
}

impl Ritual {
    /// A new ritual without steps.
    #[must_use]
    pub fn new(name: &str, every: &Recurrence, at: Option<TimeOfDay>) -> Self {
        Self {
            name: name.into(),
            every: every.to_string().into(),
            at: at.map(|at| at.to_string()).into(),
            steps: List::default(),
            why: "".into(),
        }
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
