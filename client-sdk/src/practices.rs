//! What an app calls: one typed API for each practice.
//!
//! A practice is one file here, over its entities in core: it says in which document they lie, and gives them shapes that an
//! app shows as they are.

pub(crate) mod changes;
mod journal;
mod ritual;

use std::collections::BTreeMap;

use entwine_core::document::DocumentName;
use entwine_core::id::PersonId;
use entwine_core::practice::{Writer, person};
use entwine_core::time::Timestamp;
use jiff::ZonedDateTime;
use jiff::fmt::temporal::DateTimeParser;

pub use journal::{Journal, JournalEntrySummary, JournalEntryView, Month, NewEntry, OpenedText, ParseMonthError};
pub use ritual::{
    DoneView, DueList, DueView, NewRitual, NotUnderstood, PauseView, Remind, RitualChanges, RitualView, Rituals,
    ScheduleChanges, ScheduledRitual,
};

use crate::client::{Client, SpaceView};
use crate::error::Error;

impl Client {
    /// Who writes here.
    fn writer(&self, view: &SpaceView) -> Result<Writer, Error> {
        Ok(Writer { person: self.person(view)?, device: self.keyholder() })
    }

    /// What everyone is called.
    async fn names(&self, view: &SpaceView) -> Result<Names, Error> {
        let home = self.load(view, &DocumentName::home()).await?;
        Ok(Names(person::names(&home)))
    }
}

struct Names(BTreeMap<PersonId, String>);

impl Names {
    /// The person's name; until it has come, a word that stands for it.
    fn of(&self, person: Option<PersonId>) -> String {
        person.and_then(|person| self.0.get(&person).cloned()).unwrap_or_else(|| "somebody".to_owned())
    }
}

/// A moment as RFC 3339 with the offset of the zone in which it was written.
fn local_time(at: Timestamp, zone: &str) -> String {
    let zone = DateTimeParser::new().parse_time_zone(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    rfc3339(&at.to_moment().to_zoned_datetime(zone))
}

fn rfc3339(moment: &ZonedDateTime) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
