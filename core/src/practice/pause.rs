//! When do we leave a ritual be? A pause: days of travel or illness, on which it is not due and nothing is missed.
//!
//! Each pause is a thing of its own, so that of two that were begun apart both stay.

use jiff::civil::Date;

use crate::document::{
    Document, DocumentError, Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, Reconcile, Stored,
};
use crate::limits::PAUSES_PER_RITUAL_MAX;
use crate::practice::Writer;
use crate::practice::ritual::PausedDays;
use crate::practice::ritual::schedule::parse_day;
use crate::practice::search::Findable;
use crate::time::Timestamp;

/// A pause. It lies in `home`, beside its ritual.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Pause {
    /// The ritual's key.
    pub ritual: Field<String>,
    /// The first day, as `YYYY-MM-DD`.
    pub from: Field<String>,
    /// The last day. None: until somebody ends it.
    pub to: Field<Option<String>>,
    /// Who began it, a [`PersonId`](crate::id::PersonId).
    pub by: Field<String>,
}

impl Entity for Pause {
    const KIND: &'static str = "pause";

    /// All of it is ids and days.
    fn check(&self) -> Result<(), LimitExceeded> {
        Ok(())
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.ritual, &mut self.from, &mut self.to, &mut self.by]
    }
}

/// Nothing is typed.
impl Findable for Pause {}

impl Pause {
    /// Its days. None if they are not such as this version knows, or if two changes made apart left the last before the first:
    /// then the ritual is due.
    #[must_use]
    pub fn days(&self) -> Option<PausedDays> {
        let to = self.to.as_deref().map(parse_day).transpose().ok()?;
        PausedDays::new(parse_day(&self.from).ok()?, to).ok()
    }
}

/// The pauses of a ritual, in the order in which they were begun.
#[must_use]
pub fn of(home: &Document, ritual: &EntityId) -> Vec<Stored<Pause>> {
    home.collection::<Pause>().list().into_iter().filter(|pause| pause.value.ritual.get() == ritual.as_str()).collect()
}

/// Begins a pause of a ritual, under a key that [`EntityId::make_below`] made of the ritual's.
///
/// # Errors
/// The ritual has [`PAUSES_PER_RITUAL_MAX`] already.
pub fn begin(
    home: &mut Document,
    id: &EntityId,
    ritual: &EntityId,
    days: PausedDays,
    writer: &Writer,
    now: Timestamp,
) -> Result<(), DocumentError> {
    LimitExceeded::check_count("pauses of a ritual", of(home, ritual).len() + 1, PAUSES_PER_RITUAL_MAX)?;
    let pause = Pause {
        ritual: ritual.to_string().into(),
        from: days.from.to_string().into(),
        to: days.to.map(|to| to.to_string()).into(),
        by: writer.person.to_string().into(),
    };
    home.collection_mut().put(id, &pause, now)
}

/// Ends a pause, so that the ritual is due on a day again. What was paused before it stays so; a pause that would begin on that
/// day or later goes into the trash. Returns whether anything of it was still to come.
///
/// # Errors
/// There is no such pause.
pub fn end(home: &mut Document, id: &EntityId, day: Date, now: Timestamp) -> Result<bool, DocumentError> {
    let mut pauses = home.collection_mut::<Pause>();
    let days = pauses.get(id)?.and_then(|pause| pause.value.days());
    match (days, day.yesterday()) {
        (Some(PausedDays { to: Some(to), .. }), _) if to < day => Ok(false),
        (Some(PausedDays { from, .. }), Ok(last)) if from < day => {
            pauses.update(id, |pause| pause.to.settle(Some(last.to_string())))
        }
        _ => pauses.remove(id, now),
    }
}

/// Ends every pause that a ritual has on a day. Pauses that are planned for later stay. Returns how many it ended.
///
/// # Errors
/// One is damaged.
pub fn resume(home: &mut Document, ritual: &EntityId, day: Date, now: Timestamp) -> Result<usize, DocumentError> {
    let has_day = |pause: &Stored<Pause>| pause.value.days().is_some_and(|days| days.has(day));
    let running: Vec<EntityId> = of(home, ritual).into_iter().filter(has_day).map(|pause| pause.id).collect();
    for id in &running {
        end(home, id, day, now)?;
    }
    Ok(running.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{NOW, Phone};
    use jiff::civil::date;

    fn days(from: Date, to: Option<Date>) -> PausedDays {
        PausedDays::new(from, to).unwrap()
    }

    impl Phone {
        fn pauses(&mut self, ritual: &EntityId, from: Date, to: Option<Date>) -> EntityId {
            let (id, writer) = (EntityId::make_below(ritual, NOW, &mut self.rng), self.writer);
            begin(&mut self.document, &id, ritual, days(from, to), &writer, NOW).unwrap();
            id
        }

        fn resumes(&mut self, ritual: &EntityId, day: Date) -> usize {
            resume(&mut self.document, ritual, day, NOW).unwrap()
        }

        fn paused(&self, ritual: &EntityId) -> Vec<PausedDays> {
            of(&self.document, ritual).iter().filter_map(|pause| pause.value.days()).collect()
        }
    }

    #[test]
    fn it_is_a_proper_entity() {
        crate::document::conformance::check(&Pause {
            ritual: "01".into(),
            from: "2026-11-25".into(),
            to: Some("2026-12-01".to_owned()).into(),
            by: "0a".into(),
        });
    }

    #[test]
    fn two_pauses_begun_apart_both_stay() {
        let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
        let (ritual, other) = (EntityId::make(NOW, &mut ada.rng), EntityId::make(NOW, &mut ada.rng));
        ada.pauses(&ritual, date(2026, 12, 1), Some(date(2026, 12, 8)));
        noor.pauses(&ritual, date(2026, 12, 6), None);
        noor.pauses(&other, date(2026, 12, 6), None);
        noor.document.apply(&ada.document.take_changes()).unwrap();
        ada.document.apply(&noor.document.take_changes()).unwrap();
        assert_eq!(ada.paused(&ritual), noor.paused(&ritual));
        assert_eq!(ada.paused(&ritual).len(), 2);
    }

    #[test]
    fn to_resume_ends_what_runs_and_leaves_what_is_planned() {
        let mut ada = Phone::new(0xa);
        let ritual = EntityId::make(NOW, &mut ada.rng);
        let today = date(2026, 11, 25);
        ada.pauses(&ritual, date(2026, 11, 1), Some(date(2026, 11, 7)));
        ada.pauses(&ritual, date(2026, 11, 20), None);
        ada.pauses(&ritual, today, Some(date(2026, 11, 30)));
        ada.pauses(&ritual, date(2026, 12, 24), Some(date(2026, 12, 31)));
        assert_eq!(ada.resumes(&ritual, today), 2);
        let left = [
            days(date(2026, 11, 1), Some(date(2026, 11, 7))),
            days(date(2026, 11, 20), Some(date(2026, 11, 24))),
            days(date(2026, 12, 24), Some(date(2026, 12, 31))),
        ];
        let sorted = |mut paused: Vec<PausedDays>| {
            paused.sort_by_key(|days| days.from);
            paused
        };
        assert_eq!(sorted(ada.paused(&ritual)), left);
        assert_eq!(ada.resumes(&ritual, today), 0);
    }

    #[test]
    fn what_one_made_longer_is_not_lost_when_the_other_ends_it() {
        let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
        let ritual = EntityId::make(NOW, &mut ada.rng);
        let pause = ada.pauses(&ritual, date(2026, 11, 25), Some(date(2026, 11, 30)));
        noor.document.apply(&ada.document.take_changes()).unwrap();
        assert!(end(&mut ada.document, &pause, date(2026, 11, 25), NOW).unwrap());
        assert_eq!(ada.paused(&ritual), []);
        noor.edits::<Pause>(&pause, |pause| pause.to.settle(Some("2026-12-06".to_owned())));
        ada.document.apply(&noor.document.take_changes()).unwrap();
        assert_eq!(ada.paused(&ritual), [days(date(2026, 11, 25), Some(date(2026, 12, 6)))]);
    }

    #[test]
    fn what_is_no_pause_pauses_nothing() {
        let mut ada = Phone::new(0xa);
        let ritual = EntityId::make(NOW, &mut ada.rng);
        let pause = ada.pauses(&ritual, date(2026, 11, 25), None);
        ada.edits::<Pause>(&pause, |pause| pause.to.settle(Some("2026-11-20".to_owned())));
        assert_eq!(ada.paused(&ritual), []);
        ada.edits::<Pause>(&pause, |pause| pause.to.settle(Some("after Easter".to_owned())));
        assert_eq!(ada.paused(&ritual), []);
        assert_eq!(ada.resumes(&ritual, date(2026, 11, 25)), 0);
    }

    #[test]
    fn a_ritual_has_so_many_pauses_and_no_more() {
        let mut ada = Phone::new(0xa);
        let ritual = EntityId::make(NOW, &mut ada.rng);
        for _ in 0..PAUSES_PER_RITUAL_MAX {
            ada.pauses(&ritual, date(2026, 11, 25), None);
        }
        let (id, writer) = (EntityId::make_below(&ritual, NOW, &mut ada.rng), ada.writer);
        let refusal = begin(&mut ada.document, &id, &ritual, days(date(2026, 11, 25), None), &writer, NOW).unwrap_err();
        assert_eq!(refusal.to_string(), "pauses of a ritual: more than 256");
    }
}
