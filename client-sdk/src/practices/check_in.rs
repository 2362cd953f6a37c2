//! Check-ins: how each of us is today, for both or for oneself.

use std::collections::BTreeMap;

use entwine_core::document::EntityId;
use entwine_core::practice::check_in::CheckIn;
pub use entwine_core::practice::check_in::{DeepTalk, Energy, MOODS, PartOfDay};
use serde::Serialize;

use super::dated::{Shown, Which};
use super::{ListeningWish, Month};
use crate::client::Client;
use crate::error::Error;

/// What a check-in says. What is none is left out of a new one, and left as it is in one that is there.
#[derive(Debug, Clone, Default)]
pub struct CheckInWords {
    /// How the writer is: one of [`MOODS`], or own words.
    pub mood: Option<String>,
    /// How much strength there is; none within means that nothing is said of it any more.
    pub energy: Option<Option<Energy>>,
    /// Ids of the wheel of feelings, or own words.
    pub feelings: Option<Vec<String>>,
    /// What is needed today.
    pub need: Option<String>,
    /// How open to a deep talk; none within means that nothing is said of it any more.
    pub talk: Option<Option<DeepTalk>>,
    /// One line of the day.
    pub line: Option<String>,
    /// How the writer wants to be heard; none within means no wish any more.
    pub wish: Option<Option<ListeningWish>>,
    /// The part of the day. For a new one, none is any.
    pub part: Option<PartOfDay>,
}

/// A check-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckInView {
    /// Names it.
    pub id: EntityId,
    /// How the writer wants to be heard: `just-listen`, `ask-me` or `think-with-me`.
    pub wish: Option<ListeningWish>,
    /// How the writer is: one of [`MOODS`], or own words; may be empty.
    pub mood: String,
    /// `low`, `middle` or `high`.
    pub energy: Option<Energy>,
    /// In alphabetical order.
    pub feelings: Vec<String>,
    /// What is needed today; may be empty.
    pub need: String,
    /// `open`, `maybe` or `not-today`.
    pub talk: Option<DeepTalk>,
    /// One line of the day; may be empty.
    pub line: String,
    /// `morning`, `evening` or `any`.
    pub part: PartOfDay,
    /// The name of who wrote it.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// Whether only one's own devices have it.
    pub private: bool,
    /// How many photos and voice notes a later version has put beside it.
    pub attachments: usize,
    /// Whether it lies in the trash.
    pub trashed: bool,
    /// By field, the other values of what was chosen differently on one's own devices apart.
    pub alternatives: BTreeMap<String, Vec<String>>,
}

/// The check-ins of a couple.
#[derive(Debug, Clone, Copy)]
pub struct CheckIns<'c> {
    client: &'c Client,
}

impl Client {
    /// The check-ins.
    #[must_use]
    pub fn check_ins(&self) -> CheckIns<'_> {
        CheckIns { client: self }
    }
}

impl CheckIns<'_> {
    /// Checks in, for both or for oneself alone. One word of anything is enough.
    ///
    /// # Errors
    /// There is no space, it says nothing, or something is too long.
    pub async fn add(&self, words: CheckInWords, private: bool) -> Result<EntityId, Error> {
        self.client
            .keep(private, |origin| {
                let mut check_in = CheckIn::new(words.part.unwrap_or(PartOfDay::Any), origin);
                words.settle(&mut check_in);
                check_in.check_says_something()?;
                Ok(check_in)
            })
            .await
    }

    /// Changes one's own: only what is given.
    ///
    /// # Errors
    /// There is no such check-in, the partner wrote it, it would say nothing any more, or something is too long.
    pub async fn set(&self, id: &EntityId, words: CheckInWords) -> Result<(), Error> {
        self.client
            .edit_own::<CheckIn>(id, |check_in| {
                words.settle(check_in);
                Ok(check_in.check_says_something()?)
            })
            .await
    }

    /// Those of a month, or all, the newest first; one's own private ones too.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self, month: Option<&Month>) -> Result<Vec<CheckInView>, Error> {
        let found = self.client.collect(month, Which::Listed).await?;
        Ok(found.into_iter().map(CheckInView::from).collect())
    }

    /// One of them, also where it lies in the trash.
    ///
    /// # Errors
    /// There is no such check-in.
    pub async fn read(&self, id: &EntityId) -> Result<CheckInView, Error> {
        Ok(self.client.show(id).await?.into())
    }

    /// Puts one's own into the trash.
    ///
    /// # Errors
    /// There is no such check-in, or the partner wrote it.
    pub async fn delete(&self, id: &EntityId) -> Result<(), Error> {
        self.client.put_own_into_trash::<CheckIn>(id).await
    }

    /// Takes one out of the trash.
    ///
    /// # Errors
    /// There is no such check-in.
    pub async fn restore(&self, id: &EntityId) -> Result<(), Error> {
        self.client.restore::<CheckIn>(id).await
    }
}

impl CheckInWords {
    fn settle(self, check_in: &mut CheckIn) {
        let Self { mood, energy, feelings, need, talk, line, wish, part } = self;
        if let Some(mood) = mood {
            check_in.mood.settle(mood);
        }
        if let Some(energy) = energy {
            check_in.energy.settle(energy);
        }
        if let Some(feelings) = feelings {
            check_in.feelings.set(feelings);
        }
        if let Some(need) = need {
            check_in.need.update(&need);
        }
        if let Some(talk) = talk {
            check_in.talk.settle(talk);
        }
        if let Some(line) = line {
            check_in.line.update(&line);
        }
        if let Some(wish) = wish {
            check_in.wish.settle(wish);
        }
        if let Some(part) = part {
            check_in.part.settle(part);
        }
    }
}

impl From<Shown<CheckIn>> for CheckInView {
    fn from(shown: Shown<CheckIn>) -> Self {
        let check_in = shown.stored.value;
        Self {
            id: shown.stored.id,
            wish: *check_in.wish,
            mood: check_in.mood.get().clone(),
            energy: *check_in.energy,
            feelings: check_in.feelings.iter().cloned().collect(),
            need: check_in.need.as_str().to_owned(),
            talk: *check_in.talk,
            line: check_in.line.as_str().to_owned(),
            part: *check_in.part,
            author: shown.author,
            written_at: shown.written_at,
            private: shown.private,
            attachments: check_in.attachments.len(),
            trashed: shown.stored.trashed_at.is_some(),
            alternatives: shown.stored.alternatives,
        }
    }
}
