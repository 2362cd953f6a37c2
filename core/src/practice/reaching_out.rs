//! Are you there? A small bid for the other's ear, and the turning towards it. Whatever has no answer yet is simply that.

use crate::document::{Entity, EntityField, Field, Hydrate, LimitExceeded, Reconcile, Text, choices};
use crate::id::PersonId;
use crate::limits::NOTE_BYTES_MAX;
use crate::practice::origin::{Dated, Origin};
use crate::practice::refusal::Refusal;
use crate::practice::ritual::TimeOfDay;
use crate::practice::search::Findable;

choices! {
    /// What somebody reaches out with.
    Bid, "way of reaching out" {
        /// I think of you.
        ThinkingOfYou = "thinking-of-you",
        /// Something good happened.
        GoodNews = "good-news",
        /// Something hard happened.
        BadNews = "bad-news",
        /// I could use you.
        NeedYou = "need-you",
    }
}

choices! {
    /// How the other turns towards it.
    Turning, "way of turning towards it" {
        /// I am here.
        Here = "here",
        /// Tell me more.
        TellMeMore = "tell-me-more",
        /// I am with you after an hour.
        After = "after",
    }
}

/// A small bid for the other's ear. It lies in the chapter of the month in which it was made.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct ReachingOut {
    /// What with.
    pub bid: Field<Bid>,
    /// Words beside it; may be empty.
    pub text: Text,
    /// Who reaches out, and when.
    pub origin: Field<Origin>,
}

impl Entity for ReachingOut {
    const KIND: &'static str = "reaching_out";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.text.check("words", NOTE_BYTES_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.bid, &mut self.text, &mut self.origin]
    }
}

impl Dated for ReachingOut {
    const WHAT: &'static str = "reaching out";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Findable for ReachingOut {
    fn words(&self) -> Vec<&str> {
        vec![self.text.as_str()]
    }
}

impl ReachingOut {
    /// A new one.
    #[must_use]
    pub fn new(bid: Bid, text: &str, origin: &Origin) -> Self {
        Self { bid: bid.into(), text: text.into(), origin: origin.clone().into() }
    }

    /// Refuses an answer of whoever reached out.
    ///
    /// # Errors
    /// It is theirs to wait for.
    pub fn check_answerable_by(&self, person: &PersonId) -> Result<(), Refusal> {
        if self.origin.person() == Some(*person) { Err(Refusal::ForTheOther(Self::WHAT)) } else { Ok(()) }
    }
}

/// That the other turns towards it. Its key lies below that one's.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct TurningTowards {
    /// How.
    pub turning: Field<Turning>,
    /// After which hour, as `HH:MM` of the wall clock where this was written; empty without one.
    pub after: Field<String>,
    /// Words beside it; may be empty.
    pub text: Text,
    /// Who turns towards it, and when.
    pub origin: Field<Origin>,
}

impl Entity for TurningTowards {
    const KIND: &'static str = "turning_towards";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.text.check("words", NOTE_BYTES_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.turning, &mut self.after, &mut self.text, &mut self.origin]
    }
}

impl Dated for TurningTowards {
    const WHAT: &'static str = "answer";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Findable for TurningTowards {
    fn words(&self) -> Vec<&str> {
        vec![self.text.as_str()]
    }
}

impl TurningTowards {
    /// "I'm here", or "tell me more".
    ///
    /// # Errors
    /// It needs an hour.
    pub fn new(turning: Turning, text: &str, origin: &Origin) -> Result<Self, Refusal> {
        if turning == Turning::After {
            return Err(Refusal::Empty("hour"));
        }
        Ok(Self { turning: turning.into(), after: "".into(), text: text.into(), origin: origin.clone().into() })
    }

    /// "After six".
    #[must_use]
    pub fn after(hour: TimeOfDay, text: &str, origin: &Origin) -> Self {
        let (turning, after) = (Turning::After.into(), hour.to_string().into());
        Self { turning, after, text: text.into(), origin: origin.clone().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::EntityId;
    use crate::document::tests::{NOW, Phone};

    #[test]
    fn it_is_a_proper_entity() {
        let origin = Phone::new(0xa).origin();
        crate::document::conformance::check(&ReachingOut::new(Bid::GoodNews, "I got it!", &origin));
        crate::document::conformance::check(&TurningTowards::after("18:00".parse().unwrap(), "On the train.", &origin));
    }

    #[test]
    fn the_other_answers_and_not_oneself() {
        let (ada, noor) = (Phone::new(0xa), Phone::new(0xb));
        let bid = ReachingOut::new(Bid::NeedYou, "", &ada.origin());
        assert_eq!(bid.check_answerable_by(&noor.writer.person), Ok(()));
        let refused = bid.check_answerable_by(&ada.writer.person).unwrap_err();
        assert_eq!(refused.to_string(), "reaching out: this is for the other one of you to do");
    }

    #[test]
    fn an_hour_is_named_where_it_is_meant() {
        let noor = Phone::new(0xb).origin();
        assert_eq!(TurningTowards::new(Turning::After, "", &noor), Err(Refusal::Empty("hour")));
        assert_eq!(TurningTowards::new(Turning::Here, "", &noor).unwrap().after.get(), "");
        assert_eq!(TurningTowards::after("18:00".parse().unwrap(), "", &noor).after.get(), "18:00");
    }

    #[test]
    fn both_reach_out_apart_and_each_answer_finds_its_own() {
        let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
        let mut bids = Vec::new();
        for phone in [&mut ada, &mut noor] {
            let id = EntityId::make(NOW, &mut phone.rng);
            let bid = ReachingOut::new(Bid::ThinkingOfYou, "", &phone.origin());
            phone.document.collection_mut().put(&id, &bid, NOW).unwrap();
            bids.push(id);
        }
        noor.document.apply(&ada.document.take_changes()).unwrap();
        let id = EntityId::make_below(&bids[0], NOW, &mut noor.rng);
        let answer = TurningTowards::new(Turning::Here, "", &noor.origin()).unwrap();
        noor.document.collection_mut().put(&id, &answer, NOW).unwrap();
        ada.document.apply(&noor.document.take_changes()).unwrap();
        assert_eq!(ada.document.collection::<ReachingOut>().list().items.len(), 2);
        let answers = ada.document.collection::<TurningTowards>().list().items;
        assert_eq!(answers.iter().map(|answer| answer.id.root()).collect::<Vec<_>>(), bids[..1]);
    }
}
