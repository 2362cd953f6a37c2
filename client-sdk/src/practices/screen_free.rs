//! Screen-free time: promised by both, each for themselves. Reminders are held back meanwhile.

use std::collections::BTreeMap;
use std::ops::Range;

use entwine_core::document::{DocumentName, EntityId};
use entwine_core::practice::moment::{moment_of, parse_wall};
use entwine_core::practice::origin::{Dated as _, Origin, chapter, chapters_of};
use entwine_core::practice::refusal::Refusal;
use entwine_core::practice::screen_free::{ScreenEnd, ScreenFree, ScreenPromise, key};
use entwine_core::time::Timestamp;
use serde::Serialize;

use super::dated::{Found, Shown, Which};
use super::ritual::DueView;
use super::{Month, local_time};
use crate::client::Client;
use crate::error::Error;
use crate::{clock, random};

/// Until when a time without screens lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScreenFreeUntil {
    /// So many minutes after it begins.
    Minutes(u64),
    /// Until the clock on this wall says so, as `2026-12-24T20:00`.
    Wall(String),
}

/// A time without screens. Of what the other does with it, there is nothing but the promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScreenFreeView {
    /// Names it.
    pub id: EntityId,
    /// When it begins, as RFC 3339 with the proposer's offset.
    pub from: String,
    /// When it ends, in the same form.
    pub to: String,
    /// The name of who proposed it.
    pub author: String,
    /// The names of who promised it, in the order in which they did.
    pub promised_by: Vec<String>,
    /// Whether this person is one of them.
    pub promised: bool,
    /// When this person ended it early, as RFC 3339. Only one's own devices know.
    pub ended_at: Option<String>,
}

/// The times without screens of a couple.
#[derive(Debug, Clone, Copy)]
pub struct ScreenFreeTimes<'c> {
    client: &'c Client,
}

impl Client {
    /// The times without screens.
    #[must_use]
    pub fn screen_free(&self) -> ScreenFreeTimes<'_> {
        ScreenFreeTimes { client: self }
    }
}

impl ScreenFreeTimes<'_> {
    /// Proposes a time without screens, and promises it: its id. It begins when the clock on this wall says so, as
    /// `2026-12-24T18:00`; none is now.
    ///
    /// # Errors
    /// There is no space, a moment is none, or the time is empty, longer than a day, over, or more than a year away.
    pub async fn propose(&self, from: Option<&str>, until: &ScreenFreeUntil) -> Result<EntityId, Error> {
        let view = self.client.opened_view(false).await?;
        let (now, zone) = (clock::now(), clock::zone());
        let moment = |wall: &str| Ok::<_, Refusal>(moment_of(parse_wall(wall)?, &zone));
        let from = from.map_or(Ok(now), moment)?;
        let to = match until {
            ScreenFreeUntil::Minutes(minutes) => from.plus_seconds(minutes.saturating_mul(60)),
            ScreenFreeUntil::Wall(wall) => moment(wall)?,
        };
        let writer = self.client.writer(&view)?;
        let origin = Origin::new(&writer, now, &zone);
        let screen_free = ScreenFree::new((from, to), &origin)?;
        let promise = ScreenPromise { origin: origin.into() };
        let id = EntityId::make(from, &mut random::generator());
        self.client
            .change(&view, &chapter(from, &zone), |document, now| {
                document.collection_mut().put(&id, &screen_free, now)?;
                Ok(document.collection_mut().put(&key(&id, &writer), &promise, now)?)
            })
            .await?;
        Ok(id)
    }

    /// Promises what the other proposed. Promising twice is promising once.
    ///
    /// # Errors
    /// There is no such time, it is over, or this person has ended it.
    pub async fn promise(&self, id: &EntityId) -> Result<(), Error> {
        let found = self.client.find::<ScreenFree>(id).await?;
        found.stored.value.check_not_over(clock::now())?;
        if self.ended_at(id).await?.is_some() {
            return Err(
                Refusal::State { what: ScreenFree::WHAT, state: "you have ended it: propose another one" }.into()
            );
        }
        let writer = self.client.writer(&found.view)?;
        let promise = ScreenPromise { origin: Origin::new(&writer, clock::now(), &clock::zone()).into() };
        let key = key(id, &writer);
        self.client
            .change(&found.view, &found.chapter, |document, now| {
                let mut promises = document.collection_mut::<ScreenPromise>();
                if !promises.contains(&key) {
                    promises.put(&key, &promise, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Ends it early, for oneself: reminders come again. It is written in one's private space alone, so that nobody else can see it.
    ///
    /// # Errors
    /// There is no such time, this person has not promised it, or it is over.
    pub async fn end(&self, id: &EntityId) -> Result<(), Error> {
        let found = self.client.find::<ScreenFree>(id).await?;
        found.stored.value.check_not_over(clock::now())?;
        let promises = self.client.collect_below::<ScreenPromise>(found.place()).await?;
        if !promises.iter().any(|promise| promise.is_own) {
            return Err(Refusal::State { what: ScreenFree::WHAT, state: "you have not promised it" }.into());
        }
        let own = self.client.view(true).await?;
        let writer = self.client.writer(&own)?;
        let end = ScreenEnd { origin: Origin::new(&writer, clock::now(), &clock::zone()).into() };
        let key = key(id, &writer);
        self.client
            .change(&own, &found.chapter, |document, now| {
                let mut ends = document.collection_mut::<ScreenEnd>();
                if !ends.contains(&key) {
                    ends.put(&key, &end, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Those that begin in a month, or all, the latest proposed first.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self, month: Option<&Month>) -> Result<Vec<ScreenFreeView>, Error> {
        let mut promises: BTreeMap<EntityId, Vec<Shown<ScreenPromise>>> = BTreeMap::new();
        for promise in self.client.collect::<ScreenPromise>(month, Which::Listed).await?.into_iter().rev() {
            promises.entry(promise.stored.id.root()).or_default().push(promise);
        }
        let mut ends: BTreeMap<EntityId, String> = BTreeMap::new();
        // The newest first: what stays is the first end.
        for end in self.client.collect::<ScreenEnd>(month, Which::Listed).await? {
            ends.insert(end.stored.id.root(), end.written_at);
        }
        let found = self.client.collect::<ScreenFree>(month, Which::Listed).await?;
        let mut view = |shown: Shown<ScreenFree>| {
            let id = &shown.stored.id;
            let (promises, ended_at) = (promises.remove(id).unwrap_or_default(), ends.remove(id));
            ScreenFreeView::new(shown, &promises, ended_at)
        };
        Ok(found.into_iter().map(&mut view).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// There is no such time.
    pub async fn read(&self, id: &EntityId) -> Result<ScreenFreeView, Error> {
        let shown = self.client.show::<ScreenFree>(id).await?;
        let found: Found<ScreenFree> = self.client.find(id).await?;
        let promises = self.client.collect_below(found.place()).await?;
        let ended_at = self.ended_at(id).await?.map(|end| local_time(end.at(), end.zone()));
        Ok(ScreenFreeView::new(shown, &promises, ended_at))
    }

    /// When and where this person first ended it, if they did.
    async fn ended_at(&self, id: &EntityId) -> Result<Option<Origin>, Error> {
        let own = self.client.view(true).await?;
        let mut ends = Vec::new();
        for chapter in chapters_of(id) {
            let loaded = self.client.load(&own, &chapter).await?;
            ends.extend(loaded.collection::<ScreenEnd>().list().into_iter().filter(|end| end.id.root() == *id));
        }
        Ok(ends.into_iter().map(|end| end.value.origin.get().clone()).min_by_key(Origin::at))
    }
}

impl Client {
    /// Leaves out of what is due the reminders that fall into a time without screens which this person has promised.
    pub(crate) async fn hold_back_reminders(&self, due: &mut [DueView]) -> Result<(), Error> {
        let moment = |due: &DueView| due.remind_at.as_deref()?.parse::<jiff::Timestamp>().ok();
        let moments = || due.iter().filter_map(moment);
        let (Some(first), Some(last)) = (moments().min(), moments().max()) else { return Ok(()) };
        let quiet = self.quiet_times(first..last).await?;
        for due in due {
            if moment(due).is_some_and(|at| quiet.iter().any(|quiet| quiet.contains(&at))) {
                due.remind_at = None;
            }
        }
        Ok(())
    }

    /// When this person's phones are to be quiet, as far as it may touch a window.
    async fn quiet_times(&self, window: Range<jiff::Timestamp>) -> Result<Vec<Range<jiff::Timestamp>>, Error> {
        let (shared, own) = (self.view(false).await?, self.view(true).await?);
        let me = self.person(&shared)?;
        let mut quiet = Vec::new();
        for name in self.chapters(&shared).await?.into_iter().filter(|name| may_touch(name, &window)) {
            let loaded = self.load(&shared, &name).await?;
            let promises = loaded.collection::<ScreenPromise>().list().into_iter();
            let promised = promises.filter(|promise| promise.value.origin.person() == Some(me));
            let promised: Vec<EntityId> = promised.map(|promise| promise.id.root()).collect();
            if promised.is_empty() {
                continue;
            }
            let ends = self.load(&own, &name).await?.collection::<ScreenEnd>().list().items;
            for time in loaded.collection::<ScreenFree>().list().into_iter().filter(|time| promised.contains(&time.id))
            {
                let of_it = ends.iter().filter(|end| end.id.root() == time.id);
                let ended_at = of_it.map(|end| end.value.origin.at()).min();
                let Range { start, end } = time.value.quiet(ended_at);
                quiet.push(start.to_moment()..end.to_moment());
            }
        }
        Ok(quiet)
    }
}

/// Whether what begins in a month may reach into a window: it lasts a day at most, and its month is that of some zone.
fn may_touch(name: &DocumentName, window: &Range<jiff::Timestamp>) -> bool {
    let days = jiff::SignedDuration::from_hours(3 * 24);
    let month_of = |moment: jiff::Timestamp| {
        let millis = moment.as_millisecond().try_into().unwrap_or_default();
        chapter(Timestamp::from_millis(millis), &jiff::tz::TimeZone::UTC)
    };
    let first = month_of(window.start.saturating_sub(days).unwrap_or(window.start));
    let last = month_of(window.end.saturating_add(days).unwrap_or(window.end));
    (first.month()..=last.month()).contains(&name.month())
}

impl ScreenFreeView {
    fn new(shown: Shown<ScreenFree>, promises: &[Shown<ScreenPromise>], ended_at: Option<String>) -> Self {
        let mut promised_by: Vec<(_, String)> = Vec::new();
        for promise in promises {
            let person = promise.stored.value.origin.person();
            if !promised_by.iter().any(|(known, _)| *known == person) {
                promised_by.push((person, promise.author.clone()));
            }
        }
        let ScreenFree { from, to, origin } = shown.stored.value;
        Self {
            id: shown.stored.id,
            from: local_time(*from, origin.zone()),
            to: local_time(*to, origin.zone()),
            author: shown.author,
            promised_by: promised_by.into_iter().map(|(_, name)| name).collect(),
            promised: promises.iter().any(|promise| promise.is_own),
            ended_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_months_that_may_touch_a_window_are_looked_into() {
        let touched = |from: &str, to: &str| {
            let window = from.parse().unwrap()..to.parse().unwrap();
            let months = ["2026-10", "2026-11", "2026-12", "2027-01"];
            let names = months.map(|month| DocumentName::parse(&format!("journal/{month}")).unwrap());
            names
                .iter()
                .filter(|name| may_touch(name, &window))
                .filter_map(DocumentName::month)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(touched("2026-11-10T00:00Z", "2026-11-17T00:00Z"), "2026-11");
        assert_eq!(touched("2026-11-02T00:00Z", "2026-11-09T00:00Z"), "2026-10 2026-11");
        assert_eq!(touched("2026-11-22T00:00Z", "2026-11-29T00:00Z"), "2026-11 2026-12");
        assert_eq!(touched("2026-11-10T00:00Z", "2027-01-20T00:00Z"), "2026-11 2026-12 2027-01");
    }
}
