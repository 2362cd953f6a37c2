//! When do we put the phones away? A time that one proposes and both promise, each for themselves.
//!
//! A promise is shared. That somebody ended it early is written in their own private space alone: there is nothing of it that the
//! other's phone could show.

use core::ops::Range;

use crate::document::{Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, Reconcile};
use crate::limits::{SCREEN_FREE_DAYS_AHEAD_MAX, SCREEN_FREE_MINUTES_MAX};
use crate::practice::Writer;
use crate::practice::origin::{Dated, Origin};
use crate::practice::refusal::Refusal;
use crate::practice::search::Findable;
use crate::time::Timestamp;

/// A time without screens. It lies in the chapter of the month in which it begins, under a key that begins with a ULID of its
/// beginning: so whoever plans reminders for some days opens the months of these days and no others.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct ScreenFree {
    /// When it begins.
    pub from: Field<Timestamp>,
    /// When it ends.
    pub to: Field<Timestamp>,
    /// Who proposed it, and when, in which zone.
    pub origin: Field<Origin>,
}

impl Entity for ScreenFree {
    const KIND: &'static str = "screen_free";

    /// All of it is moments.
    fn check(&self) -> Result<(), LimitExceeded> {
        Ok(())
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.from, &mut self.to, &mut self.origin]
    }
}

impl Dated for ScreenFree {
    const WHAT: &'static str = "screen-free time";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// Nothing is typed.
impl Findable for ScreenFree {}

impl ScreenFree {
    /// A time from a moment until another.
    ///
    /// # Errors
    /// It is no longer than nothing, longer than a day, over already, or more than a year away.
    pub fn new((from, to): (Timestamp, Timestamp), origin: &Origin) -> Result<Self, Refusal> {
        let minutes = to.as_millis().saturating_sub(from.as_millis()) / 60_000;
        if minutes == 0 || minutes > SCREEN_FREE_MINUTES_MAX {
            let what = "minutes without screens";
            return Err(Refusal::Range { what, from: 1, to: SCREEN_FREE_MINUTES_MAX });
        }
        let screen_free = Self { from: from.into(), to: to.into(), origin: origin.clone().into() };
        screen_free.check_not_over(origin.at())?;
        if from > origin.at().plus_seconds(SCREEN_FREE_DAYS_AHEAD_MAX * 24 * 3600) {
            return Err(Refusal::State { what: Self::WHAT, state: "it is more than a year away" });
        }
        Ok(screen_free)
    }

    /// Refuses what nobody can promise or end any more.
    ///
    /// # Errors
    /// It is over.
    pub fn check_not_over(&self, now: Timestamp) -> Result<(), Refusal> {
        if *self.to > now { Ok(()) } else { Err(Refusal::State { what: Self::WHAT, state: "it is over" }) }
    }

    /// For how long the phone of somebody is quiet who promised it, and may have ended it early.
    #[must_use]
    pub fn quiet(&self, ended_at: Option<Timestamp>) -> Range<Timestamp> {
        *self.from..ended_at.unwrap_or(*self.to).min(*self.to)
    }
}

/// That somebody promises it, on one device. It lies beside it.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct ScreenPromise {
    /// Who, and when.
    pub origin: Field<Origin>,
}

impl Entity for ScreenPromise {
    const KIND: &'static str = "screen_promise";

    /// All of it is ids and a moment.
    fn check(&self) -> Result<(), LimitExceeded> {
        Ok(())
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.origin]
    }
}

impl Dated for ScreenPromise {
    const WHAT: &'static str = "promise";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// Nothing is typed.
impl Findable for ScreenPromise {}

/// That somebody ended it early for themselves, on one device. It lies in the same chapter of their private space.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct ScreenEnd {
    /// Who, and when.
    pub origin: Field<Origin>,
}

impl Entity for ScreenEnd {
    const KIND: &'static str = "screen_end";

    /// All of it is ids and a moment.
    fn check(&self) -> Result<(), LimitExceeded> {
        Ok(())
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.origin]
    }
}

impl Dated for ScreenEnd {
    const WHAT: &'static str = "end";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// Nothing is typed.
impl Findable for ScreenEnd {}

/// The key of what this writer's device says about a time without screens: a promise, or an end.
#[must_use]
pub fn key(screen_free: &EntityId, writer: &Writer) -> EntityId {
    EntityId::from_parts(&[screen_free, &writer.person, &writer.device])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{NOW, Phone};

    const HOUR: u64 = 3600;

    fn from_to(from: u64, to: u64) -> Result<ScreenFree, Refusal> {
        ScreenFree::new((NOW.plus_seconds(from), NOW.plus_seconds(to)), &Phone::new(0xa).origin())
    }

    #[test]
    fn it_is_a_proper_entity() {
        let origin = Phone::new(0xa).origin();
        crate::document::conformance::check(&from_to(0, HOUR).unwrap());
        crate::document::conformance::check(&ScreenPromise { origin: origin.clone().into() });
        crate::document::conformance::check(&ScreenEnd { origin: origin.into() });
    }

    #[test]
    fn both_promise_apart_and_both_promises_are_there() {
        let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
        let id = EntityId::make(NOW, &mut ada.rng);
        ada.document.collection_mut().put(&id, &from_to(0, HOUR).unwrap(), NOW).unwrap();
        noor.document.apply(&ada.document.take_changes()).unwrap();
        for phone in [&mut ada, &mut noor] {
            let promise = ScreenPromise { origin: phone.origin().into() };
            phone.document.collection_mut().put(&key(&id, &phone.writer), &promise, NOW).unwrap();
        }
        noor.document.apply(&ada.document.take_changes()).unwrap();
        let promises = noor.document.collection::<ScreenPromise>().list().items;
        assert_eq!(promises.iter().map(|promise| promise.id.root()).collect::<Vec<_>>(), [id.clone(), id]);
    }

    #[test]
    fn only_a_time_that_can_be_kept_is_taken() {
        for (from, to) in [(0, 60), (0, 24 * HOUR), (HOUR, 2 * HOUR), (366 * 24 * HOUR, 367 * 24 * HOUR)] {
            assert!(from_to(from, to).is_ok(), "{from} {to}");
        }
        for (from, to, why) in [
            (HOUR, HOUR, "a number from 1 to 1440"),
            (2 * HOUR, HOUR, "a number from 1 to 1440"),
            (0, 59, "a number from 1 to 1440"),
            (0, 24 * HOUR + 60, "a number from 1 to 1440"),
            (366 * 24 * HOUR + 1, 367 * 24 * HOUR, "more than a year away"),
        ] {
            assert!(from_to(from, to).unwrap_err().to_string().contains(why), "{from} {to}");
        }
        let before = Timestamp::from_millis(NOW.as_millis() - 3_600_000);
        let over = ScreenFree::new((before, NOW), &Phone::new(0xa).origin()).unwrap_err();
        assert_eq!(over.to_string(), "screen-free time: it is over");
    }

    #[test]
    fn a_phone_is_quiet_until_the_end_or_until_its_person_ends_it() {
        let (ours, at) = (from_to(0, HOUR).unwrap(), |seconds| NOW.plus_seconds(seconds));
        assert_eq!(ours.quiet(None), NOW..at(HOUR));
        assert_eq!(ours.quiet(Some(at(60))), NOW..at(60));
        assert_eq!(ours.quiet(Some(at(2 * HOUR))), NOW..at(HOUR));
        let before = Timestamp::from_millis(NOW.as_millis() - 1);
        assert!(ours.quiet(Some(before)).is_empty());
    }
}
