//! What an app calls: one typed API for each practice.
//!
//! A practice is one file here, over its entities in core: it says in which document they lie, and gives them shapes that an
//! app shows as they are. It is registered by a line for its file, and one for each kind of entity in [`KINDS`].

pub(crate) mod changes;
pub(crate) mod dated;

pub mod are;
pub mod check_in;
pub mod chosen;
pub mod gratitude;
mod journal;
pub mod note;
pub mod question;
pub mod reaching_out;
pub mod response;
mod ritual;
pub mod screen_free;
pub mod sealed_answer;
mod search;
pub mod vulnerability;

use std::collections::BTreeMap;

use entwine_core::document::DocumentName;
use entwine_core::id::PersonId;
use entwine_core::practice::check_in::CheckIn;
use entwine_core::practice::chosen::Chosen;
use entwine_core::practice::gratitude::Gratitude;
use entwine_core::practice::journal::JournalEntry;
use entwine_core::practice::moment::wall_at;
use entwine_core::practice::note::Note;
use entwine_core::practice::occurrence::RitualOccurrence;
use entwine_core::practice::pause::Pause;
use entwine_core::practice::question::{DepthCeiling, OpenAnswer, OwnQuestion, Passed, Session};
use entwine_core::practice::reaching_out::{ReachingOut, TurningTowards};
use entwine_core::practice::response::Response;
use entwine_core::practice::ritual::Ritual;
use entwine_core::practice::screen_free::{ScreenEnd, ScreenFree, ScreenPromise};
use entwine_core::practice::sealed::{Commitment, PublishedAnswer, SealedAnswer, Sitting, Skip};
use entwine_core::practice::search::Reader;
use entwine_core::practice::vulnerability::{StepDone, VulnerabilityPace};
use entwine_core::practice::{Writer, person};
use entwine_core::time::Timestamp;
use jiff::ZonedDateTime;
use jiff::fmt::temporal::DateTimeParser;

pub use dated::{Month, ParseMonthError};
pub use journal::{
    About, Journal, JournalChanges, JournalEntrySummary, JournalEntryView, ListeningWish, NewEntry, OpenedText,
};
pub use ritual::{
    DueList, DueView, NewRecord, NewRitual, NotUnderstood, OccurrenceView, Outcome, PauseView, RecordView, Remind,
    RitualChanges, RitualStep, RitualView, Rituals, Turn,
};
pub use search::{Hit, Searching};

use crate::client::{Client, SpaceView};
use crate::clock;
use crate::error::Error;
use search::Kind;

/// Every kind of entity that an app shows, and what the events call it. What belongs to another thing is called as that is; where that
/// may be one of several kinds, as what it is itself.
const KINDS: &[Kind] = &[
    Kind::of::<JournalEntry>("entry"),
    Kind::of::<Ritual>("ritual"),
    Kind::of::<RitualOccurrence>("ritual"),
    Kind::of::<Pause>("ritual"),
    Kind::of::<Gratitude>("gratitude"),
    Kind::of::<Sitting>("sealed_answer"),
    Kind::of::<Commitment>("sealed_answer"),
    Kind::of::<SealedAnswer>("sealed_answer"),
    Kind::of::<PublishedAnswer>("sealed_answer"),
    Kind::of::<Skip>("sealed_answer"),
    Kind::of::<Response>("response"),
    Kind::of::<CheckIn>("check_in"),
    Kind::of::<Note>("note"),
    Kind::of::<ReachingOut>("reaching_out"),
    Kind::of::<TurningTowards>("reaching_out"),
    Kind::of::<ScreenFree>("screen_free"),
    Kind::of::<ScreenPromise>("screen_free"),
    Kind::of::<ScreenEnd>("screen_free"),
    Kind::of::<Chosen>("practice"),
    Kind::of::<OwnQuestion>("question"),
    Kind::of::<DepthCeiling>("question_ceiling"),
    Kind::of::<Session>("question_session"),
    Kind::of::<Passed>("question_passed"),
    Kind::of::<OpenAnswer>("question_answer"),
    Kind::of::<VulnerabilityPace>("vulnerability"),
    Kind::of::<StepDone>("vulnerability"),
];

impl Client {
    /// Who writes here.
    fn writer(&self, view: &SpaceView) -> Result<Writer, Error> {
        Ok(Writer { person: self.person(view)?, device: self.keyholder() })
    }

    /// Who reads here, now.
    pub(crate) fn reader(&self, view: &SpaceView) -> Result<Reader, Error> {
        let now = clock::now();
        Ok(Reader { person: self.person(view)?, now, wall: wall_at(now, &clock::zone()) })
    }

    /// What everyone is called.
    async fn names(&self, view: &SpaceView) -> Result<Names, Error> {
        let home = self.load(view, &DocumentName::home()).await?;
        Ok(Names(person::names(&home)))
    }
}

struct Names(BTreeMap<PersonId, String>);

impl Names {
    /// All whom `home` names.
    fn people(&self) -> impl Iterator<Item = PersonId> {
        self.0.keys().copied()
    }

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
