//! What became of a ritual on a day: done together or alone, skipped, or moved, in the word of each of the two.

use std::collections::BTreeMap;

use entwine_core::document::{DocumentName, EntityId, Stored};
pub use entwine_core::practice::occurrence::Outcome;
use entwine_core::practice::occurrence::{self, Said, Told, Word};
use entwine_core::practice::origin::civil_date;
use entwine_core::practice::ritual::{Ritual, Zone};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use super::{Rituals, must_contain, schedule};
use crate::client::SpaceView;
use crate::clock;
use crate::error::Error;
use crate::practices::Names;

/// What both say of a ritual on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OccurrenceView {
    /// The day, as `2026-11-25`.
    pub date: String,
    /// Whether it was done together, as one of them says at least.
    pub together: bool,
    /// The word of each who said something, the earliest first. Where they differ, neither is wrong.
    pub records: Vec<RecordView>,
}

/// What one of the two says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordView {
    /// The name of who says so.
    pub by: String,
    /// `together`, `alone`, `skipped`, `moved` to another day, or `planned`: moved here; `later` for what only a newer version
    /// knows.
    pub outcome: Outcome,
    /// A few words about it.
    pub note: String,
    /// The day to which it was moved.
    pub to: Option<String>,
    /// The day from which it was moved here.
    pub from: Option<String>,
}

/// What to record of a day.
#[derive(Debug, Clone, Default)]
pub struct NewRecord {
    /// The day, as `2026-11-25`. None: today, where the ritual's hour is.
    pub date: Option<String>,
    /// A few words about it. To what was noted of the day before, they are added.
    pub note: Option<String>,
}

impl Rituals<'_> {
    /// Records that a ritual was done, together or by oneself alone: the record's id. Both may record it: one occurrence, two
    /// records.
    ///
    /// # Errors
    /// There is no such ritual or it is in the trash, the day is none, has not come or is more than ten years away, or the note
    /// is too long.
    pub async fn done(&self, id: &EntityId, alone: bool, record: NewRecord) -> Result<EntityId, Error> {
        self.say(id, if alone { Outcome::Alone } else { Outcome::Together }, record).await
    }

    /// Leaves a ritual out on a day: it is due no more on it, and nobody is told that it was missed.
    ///
    /// # Errors
    /// There is no such ritual or it is in the trash, the day is none or more than ten years away, or the note is too long.
    pub async fn skip(&self, id: &EntityId, record: NewRecord) -> Result<EntityId, Error> {
        self.say(id, Outcome::Skipped, record).await
    }

    /// Moves a ritual from a day to another: it is due on that one, once, and no more on its own. Who moves it again, does it
    /// or skips it takes the move back. Of two moves made apart to two days, both stand until one of these days is skipped.
    ///
    /// # Errors
    /// There is no such ritual or it is in the trash, a day is none or more than ten years away, it is not due on the one, or
    /// was done, skipped or moved on the other.
    pub async fn move_to(&self, id: &EntityId, to: &str, record: NewRecord) -> Result<EntityId, Error> {
        let view = self.client.opened_view(false).await?;
        let stored = self.must_be_in_use(&view, id).await?;
        let today = today_of(&stored);
        let from = day(record.date.as_deref(), today)?;
        let to = occurrence::parse_occurrence_day(to, today)?;
        let writer = self.client.writer(&view)?;
        let note = record.note.unwrap_or_default();

        let said = self.told(&view, from.min(to)..=from.max(to)).await?.of(id);
        let home = self.client.load(&view, &DocumentName::home()).await?;
        let schedule = schedule::of(&stored, &home)?;
        occurrence::check_move(&said, schedule, (from, to), writer.person)?;
        drop(home);
        let chapter = self.client.load(&view, &occurrence::chapter(from)).await?;
        occurrence::check_note(&chapter, id, from, &writer, &note)?;
        drop(chapter);

        // The other day first: should only one of the two be written, it is due twice rather than never.
        let planned = Word { outcome: Outcome::Planned, note: "", other_day: Some(from) };
        self.client
            .change(&view, &occurrence::chapter(to), |chapter, now| {
                Ok(occurrence::record(chapter, id, to, &writer, &planned, now)?)
            })
            .await?;
        let moved = Word { outcome: Outcome::Moved, note: &note, other_day: Some(to) };
        self.record(&view, id, from, &moved).await
    }

    /// What became of a ritual from one day to another, both included, the latest first; also of one that lies in the trash.
    /// None is from a year ago on, and for all that is to come.
    ///
    /// # Errors
    /// There is no such ritual, a day is none or more than ten years away, or the last is before the first.
    pub async fn history(
        &self,
        id: &EntityId,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Vec<OccurrenceView>, Error> {
        let today = clock::today();
        let day_or = |text: Option<&str>, default: Date| {
            text.map_or(Ok(default), |text| occurrence::parse_occurrence_day(text, today))
        };
        let from = day_or(from, today.saturating_sub(1.years()))?;
        let to = day_or(to, today.saturating_add(10.years()).max(from))?;
        schedule::check_order(from, to)?;
        let view = self.client.opened_view(false).await?;
        must_contain(&*self.client.load(&view, &DocumentName::home()).await?, id)?;
        let names = self.client.names(&view).await?;
        let said = self.told(&view, from..=to).await?.of(id);
        let inside = said.into_iter().filter(|(date, _)| (from..=to).contains(date));
        Ok(inside.rev().map(|(date, of_day)| OccurrenceView::of(date, of_day, &names)).collect())
    }

    async fn say(&self, id: &EntityId, outcome: Outcome, record: NewRecord) -> Result<EntityId, Error> {
        let view = self.client.opened_view(false).await?;
        let today = today_of(&self.must_be_in_use(&view, id).await?);
        let date = day(record.date.as_deref(), today)?;
        if outcome.is_done() {
            occurrence::check_has_come(date, today)?;
        }
        let note = record.note.unwrap_or_default();
        self.record(&view, id, date, &Word { outcome, note: &note, other_day: None }).await
    }

    /// Records it, and takes back where this device had moved it before.
    async fn record(&self, view: &SpaceView, id: &EntityId, date: Date, word: &Word<'_>) -> Result<EntityId, Error> {
        let writer = self.client.writer(view)?;
        let (recorded, moved_to) = self
            .client
            .change(view, &occurrence::chapter(date), |chapter, now| {
                let moved_to = occurrence::moved_to(chapter, id, date, &writer)?;
                Ok((occurrence::record(chapter, id, date, &writer, word, now)?, moved_to))
            })
            .await?;
        if let Some(to) = moved_to.filter(|to| Some(*to) != word.other_day) {
            self.client
                .change(view, &occurrence::chapter(to), |chapter, now| {
                    Ok(occurrence::unplan(chapter, id, (date, to), &writer, now)?)
                })
                .await?;
        }
        Ok(recorded)
    }

    /// What was said of the days of these months, and of no other.
    pub(super) async fn told(&self, view: &SpaceView, days: std::ops::RangeInclusive<Date>) -> Result<Told, Error> {
        let chapters = occurrence::chapter(*days.start())..=occurrence::chapter(*days.end());
        let mut told = Told::default();
        for chapter in self.client.chapters(view).await?.into_iter().filter(|chapter| chapters.contains(chapter)) {
            told.read(&*self.client.load(view, &chapter).await?);
        }
        Ok(told)
    }

    /// By ritual, the days of this month and the last on which somebody did it, the latest first.
    pub(super) async fn recently_done(
        &self,
        view: &SpaceView,
        names: &Names,
    ) -> Result<BTreeMap<String, Vec<OccurrenceView>>, Error> {
        let today = clock::today();
        let last_month = today.first_of_month().yesterday().unwrap_or(today);
        let told = self.told(view, last_month..=today).await?;
        let done = told.all().map(|(ritual, said)| {
            let done = said.into_iter().filter(|(_, of_day)| of_day.iter().any(|said| said.outcome.is_done()));
            (ritual, done.rev().map(|(date, of_day)| OccurrenceView::of(date, of_day, names)).collect())
        });
        Ok(done.collect())
    }
}

impl OccurrenceView {
    fn of(date: Date, of_day: Vec<Said>, names: &Names) -> Self {
        Self {
            date: date.to_string(),
            together: of_day.iter().any(|said| said.outcome == Outcome::Together),
            records: of_day.into_iter().map(|said| RecordView::of(said, names)).collect(),
        }
    }
}

impl RecordView {
    fn of(said: Said, names: &Names) -> Self {
        let other_day = said.other_day.map(|day| day.to_string());
        let (to, from) = if said.outcome == Outcome::Moved { (other_day, None) } else { (None, other_day) };
        Self { by: names.of(said.person), outcome: said.outcome, note: said.note, to, from }
    }
}

/// The day that it is where the ritual's hour is, so that both call one occurrence by one day.
fn today_of(ritual: &Stored<Ritual>) -> Date {
    match ritual.value.zone.as_deref().map(str::parse) {
        Some(Ok(Zone::Fixed(zone))) => civil_date(clock::now(), &zone),
        _ => clock::today(),
    }
}

fn day(text: Option<&str>, today: Date) -> Result<Date, Error> {
    Ok(text.map_or(Ok(today), |text| occurrence::parse_occurrence_day(text, today))?)
}
