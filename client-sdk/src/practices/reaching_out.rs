//! Reaching out, and turning towards it.

use std::collections::BTreeMap;

use entwine_core::document::EntityId;
use entwine_core::practice::origin::Dated as _;
use entwine_core::practice::reaching_out::{self, TurningTowards};
pub use entwine_core::practice::reaching_out::{Bid, Turning};
use entwine_core::practice::refusal::Refusal;
use entwine_core::practice::ritual::TimeOfDay;
use serde::Serialize;

use super::Month;
use super::dated::{Shown, Which};
use crate::client::Client;
use crate::error::Error;

/// That somebody reaches out. What has no answer is shown as what has one: nothing here counts, waits or reminds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReachingOutView {
    /// Names it.
    pub id: EntityId,
    /// `thinking-of-you`, `good-news`, `bad-news` or `need-you`.
    pub bid: Bid,
    /// Words beside it; may be empty.
    pub text: String,
    /// The name of who reaches out.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// How the other turned towards it, in the order in which they did.
    pub answers: Vec<TurningView>,
}

/// How somebody turns towards it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TurningView {
    /// Names it.
    pub id: EntityId,
    /// `here`, `tell-me-more` or `after`.
    pub turning: Turning,
    /// After which hour, as `HH:MM` of the clock where it was written.
    pub after: Option<String>,
    /// Words beside it; may be empty.
    pub text: String,
    /// The name of who answers.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
}

/// What a couple reaches out with.
#[derive(Debug, Clone, Copy)]
pub struct ReachingOut<'c> {
    client: &'c Client,
}

impl Client {
    /// Reaching out.
    #[must_use]
    pub fn reaching_out(&self) -> ReachingOut<'_> {
        ReachingOut { client: self }
    }
}

impl ReachingOut<'_> {
    /// Reaches out to the other, with words or without.
    ///
    /// # Errors
    /// There is no space, or the words are too long.
    pub async fn add(&self, bid: Bid, text: &str) -> Result<EntityId, Error> {
        self.client.keep(false, |origin| Ok(reaching_out::ReachingOut::new(bid, text, origin))).await
    }

    /// Turns towards it, with words or without: the answer's id. `after` is the hour, as `HH:MM` of the clock on this wall, for "after
    /// six", and makes the answer one of these.
    ///
    /// # Errors
    /// There is no such thing, this person reached out, it lies in the trash, the hour is none or missing, or the words are too long.
    pub async fn answer(
        &self,
        id: &EntityId,
        turning: Turning,
        after: Option<&str>,
        text: &str,
    ) -> Result<EntityId, Error> {
        let after = after.map(str::parse::<TimeOfDay>).transpose()?;
        let found = self.client.find::<reaching_out::ReachingOut>(id).await?;
        found.stored.value.check_answerable_by(&self.client.person(&found.view)?)?;
        if found.stored.trashed_at.is_some() {
            let what = reaching_out::ReachingOut::WHAT;
            return Err(Refusal::State { what, state: "it lies in the trash: restore it first" }.into());
        }
        self.client
            .keep_below(found.place(), |origin| match after {
                Some(hour) => Ok(TurningTowards::after(hour, text, origin)),
                None => TurningTowards::new(turning, text, origin),
            })
            .await
    }

    /// Those of a month, or all, the newest first.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self, month: Option<&Month>) -> Result<Vec<ReachingOutView>, Error> {
        let mut answers: BTreeMap<EntityId, Vec<TurningView>> = BTreeMap::new();
        for answer in self.client.collect::<TurningTowards>(month, Which::Listed).await?.into_iter().rev() {
            answers.entry(answer.stored.id.root()).or_default().push(answer.into());
        }
        let found = self.client.collect(month, Which::Listed).await?;
        let mut view = |shown: Shown<reaching_out::ReachingOut>| {
            let answers = answers.remove(&shown.stored.id).unwrap_or_default();
            ReachingOutView::new(shown, answers)
        };
        Ok(found.into_iter().map(&mut view).collect())
    }

    /// One of them, also where it lies in the trash.
    ///
    /// # Errors
    /// There is no such thing.
    pub async fn read(&self, id: &EntityId) -> Result<ReachingOutView, Error> {
        let shown = self.client.show(id).await?;
        let found = self.client.find::<reaching_out::ReachingOut>(id).await?;
        let answers = self.client.collect_below(found.place()).await?;
        Ok(ReachingOutView::new(shown, answers.into_iter().map(TurningView::from).collect()))
    }

    /// Puts one's own into the trash.
    ///
    /// # Errors
    /// There is no such thing, or the partner reached out.
    pub async fn delete(&self, id: &EntityId) -> Result<(), Error> {
        self.client.put_own_into_trash::<reaching_out::ReachingOut>(id).await
    }

    /// Takes one out of the trash.
    ///
    /// # Errors
    /// There is no such thing.
    pub async fn restore(&self, id: &EntityId) -> Result<(), Error> {
        self.client.restore::<reaching_out::ReachingOut>(id).await
    }
}

impl ReachingOutView {
    fn new(shown: Shown<reaching_out::ReachingOut>, answers: Vec<TurningView>) -> Self {
        let reaching_out::ReachingOut { bid, text, .. } = shown.stored.value;
        Self {
            id: shown.stored.id,
            bid: *bid,
            text: text.as_str().to_owned(),
            author: shown.author,
            written_at: shown.written_at,
            answers,
        }
    }
}

impl From<Shown<TurningTowards>> for TurningView {
    fn from(shown: Shown<TurningTowards>) -> Self {
        let TurningTowards { turning, after, text, .. } = shown.stored.value;
        Self {
            id: shown.stored.id,
            turning: *turning,
            after: (*turning == Turning::After).then(|| after.get().clone()),
            text: text.as_str().to_owned(),
            author: shown.author,
            written_at: shown.written_at,
        }
    }
}
