//! How am I today? From one word to ten minutes of them, for both or for oneself.

use crate::document::{Entity, EntityField, Field, Hydrate, LimitExceeded, Reconcile, Text, TextSet, choices};
use crate::limits::{ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, NOTE_BYTES_MAX, TAG_BYTES_MAX, TAGS_MAX};
use crate::practice::listening::ListeningWish;
use crate::practice::origin::{Dated, Origin};
use crate::practice::refusal::Refusal;
use crate::practice::search::Findable;

/// How somebody is, in one word each, from the hardest day to the best: what an app offers to tap. Own words are as good. They are
/// no numbers, so that nobody counts with them.
pub const MOODS: [&str; 5] = ["stormy", "heavy", "even", "light", "bright"];

choices! {
    /// How much strength somebody has.
    Energy, "energy" {
        /// Little.
        Low = "low",
        /// Enough.
        Middle = "middle",
        /// Much.
        High = "high",
    }
}

choices! {
    /// How open somebody is to a deep talk. No explanation is owed.
    DeepTalk, "openness to a deep talk" {
        /// Gladly.
        Open = "open",
        /// Ask me again.
        Maybe = "maybe",
        /// Not today.
        NotToday = "not-today",
    }
}

choices! {
    /// The part of the day that a check-in belongs to.
    PartOfDay, "part of the day" {
        /// The morning.
        Morning = "morning",
        /// The evening.
        Evening = "evening",
        /// Any time.
        Any = "any",
    }
}

/// A check-in, which only its writer changes. It lies in the chapter of the month in which it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct CheckIn {
    /// How the writer is: one of [`MOODS`], or own words; may be empty.
    pub mood: Field<String>,
    /// How much strength there is.
    pub energy: Field<Option<Energy>>,
    /// Feelings: ids of the wheel, or own words.
    pub feelings: TextSet,
    /// What is needed today; may be empty.
    pub need: Text,
    /// How open to a deep talk.
    pub talk: Field<Option<DeepTalk>>,
    /// One line of the day; may be empty.
    pub line: Text,
    /// How the writer wants to be heard.
    pub wish: Field<Option<ListeningWish>>,
    /// The part of the day.
    pub part: Field<PartOfDay>,
    /// Photos and voice notes, each as a reference to a sealed blob. This version writes none and keeps those of a later one, as with a
    /// journal entry.
    pub attachments: TextSet,
    /// Who wrote it, and when.
    pub origin: Field<Origin>,
}

impl Entity for CheckIn {
    const KIND: &'static str = "check_in";
    const TEXT_FIELD: &'static str = "line";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.mood.check("mood", TAG_BYTES_MAX)?;
        self.feelings.check("feelings", TAG_BYTES_MAX, TAGS_MAX)?;
        self.need.check("need", NOTE_BYTES_MAX)?;
        self.line.check("line of the day", NOTE_BYTES_MAX)?;
        self.attachments.check("attachments", ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![
            &mut self.mood,
            &mut self.energy,
            &mut self.feelings,
            &mut self.need,
            &mut self.talk,
            &mut self.line,
            &mut self.wish,
            &mut self.part,
            &mut self.attachments,
            &mut self.origin,
        ]
    }
}

impl Dated for CheckIn {
    const WHAT: &'static str = "check-in";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Findable for CheckIn {
    fn words(&self) -> Vec<&str> {
        let texts = [self.line.as_str(), self.need.as_str(), self.mood.as_str()];
        texts.into_iter().chain(self.feelings.iter().map(String::as_str)).collect()
    }
}

impl CheckIn {
    /// One that says nothing yet.
    #[must_use]
    pub fn new(part: PartOfDay, origin: &Origin) -> Self {
        Self {
            mood: "".into(),
            energy: None.into(),
            feelings: TextSet::default(),
            need: "".into(),
            talk: None.into(),
            line: "".into(),
            wish: None.into(),
            part: part.into(),
            attachments: TextSet::default(),
            origin: origin.clone().into(),
        }
    }

    /// Refuses one that says nothing. One word of anything is enough.
    ///
    /// # Errors
    /// There is nothing in it.
    pub fn check_says_something(&self) -> Result<(), Refusal> {
        let is_word_there = self.words().iter().any(|text| !text.trim().is_empty());
        let is_choice_there = self.energy.is_some() || self.talk.is_some() || self.wish.is_some();
        let is_there = is_word_there || is_choice_there || !self.attachments.is_empty();
        if is_there { Ok(()) } else { Err(Refusal::Empty("check-in")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::EntityId;
    use crate::document::tests::{NOW, Phone};

    fn evening(phone: &Phone) -> CheckIn {
        CheckIn::new(PartOfDay::Evening, &phone.origin())
    }

    #[test]
    fn it_is_a_proper_entity() {
        let mut check_in = evening(&Phone::new(0xa));
        check_in.mood = MOODS[1].into();
        check_in.energy = Some(Energy::Low).into();
        check_in.need = "An early night".into();
        check_in.talk = Some(DeepTalk::NotToday).into();
        check_in.line = "The train stood still.".into();
        check_in.wish = Some(ListeningWish::JustListen).into();
        assert!(check_in.feelings.insert("tired") && check_in.attachments.insert("a photo"));
        crate::document::conformance::check(&check_in);
    }

    #[test]
    fn one_tap_is_a_check_in_and_nothing_at_all_is_none() {
        let empty = evening(&Phone::new(0xa));
        assert_eq!(empty.check_says_something(), Err(Refusal::Empty("check-in")));
        let taps: [fn(&mut CheckIn); 6] = [
            |check_in| check_in.mood = "even".into(),
            |check_in| check_in.energy = Some(Energy::High).into(),
            |check_in| check_in.talk = Some(DeepTalk::Maybe).into(),
            |check_in| check_in.wish = Some(ListeningWish::AskMe).into(),
            |check_in| check_in.feelings = ["calm"].into_iter().collect(),
            |check_in| check_in.need = "Tea".into(),
        ];
        for tap in taps {
            let mut check_in = empty.clone();
            tap(&mut check_in);
            assert_eq!(check_in.check_says_something(), Ok(()));
        }
    }

    #[test]
    fn what_one_adds_on_two_devices_apart_is_all_there() {
        let (mut phone, mut tablet) = (Phone::new(0xa), Phone::new(0xb));
        let id = EntityId::make(NOW, &mut phone.rng);
        let check_in = evening(&phone);
        phone.document.collection_mut().put(&id, &check_in, NOW).unwrap();
        tablet.document.apply(&phone.document.take_changes()).unwrap();
        phone.edits::<CheckIn>(&id, |check_in| {
            check_in.mood.settle("heavy".to_owned());
            check_in.feelings.insert("tired");
        });
        tablet.edits::<CheckIn>(&id, |check_in| {
            check_in.mood.settle("light".to_owned());
            check_in.feelings.insert("calm");
            check_in.line.append("The train came.");
        });
        phone.document.apply(&tablet.document.take_changes()).unwrap();
        let seen = phone.sees::<CheckIn>(&id);
        assert_eq!(seen.value.feelings.iter().collect::<Vec<_>>(), ["calm", "tired"]);
        assert_eq!((seen.value.line.as_str(), seen.alternatives["mood"].len()), ("The train came.", 1));
    }
}
