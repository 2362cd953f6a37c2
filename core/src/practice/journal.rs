//! What happened today, in words? A journal entry, which both partners can write in.

use crate::document::{Entity, EntityField, Field, Hydrate, LimitExceeded, Reconcile, Text, TextSet};
use crate::limits::{
    ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, NOTE_BYTES_MAX, PLACE_BYTES_MAX, TAG_BYTES_MAX, TAGS_MAX, TEXT_BYTES_MAX,
    TITLE_BYTES_MAX,
};
use crate::practice::listening::ListeningWish;
use crate::practice::origin::{Dated, Origin};
use crate::practice::search::Findable;

/// An entry of the journal. It lies in the chapter of the month in which it was written
/// ([`chapter`](crate::practice::origin::chapter)).
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct JournalEntry {
    /// The title; may be empty.
    pub title: Field<String>,
    /// The text.
    pub text: Text,
    /// Tags, in the writer's own words.
    pub tags: TextSet,
    /// Feelings: ids of the wheel, or own words.
    pub feelings: TextSet,
    /// Where in the body they are: ids of the sensations, or own words.
    pub sensations: TextSet,
    /// What set it off; may be empty.
    pub set_off: Text,
    /// Who was there, in the writer's own words.
    pub people: TextSet,
    /// Where it was, in the writer's own words: nothing is ever asked of the phone. May be empty.
    pub place: Field<String>,
    /// How the writer wants to be heard.
    pub wish: Field<Option<ListeningWish>>,
    /// Photos and voice notes, each as a reference to a sealed blob. This version writes none and keeps those of a later one. They are
    /// here from the beginning because a set that two phones begin apart would be two.
    pub attachments: TextSet,
    /// Who began it, and when.
    pub origin: Field<Origin>,
}

impl Entity for JournalEntry {
    const KIND: &'static str = "journal";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.title.check("title", TITLE_BYTES_MAX)?;
        self.text.check("text", TEXT_BYTES_MAX)?;
        self.tags.check("tags", TAG_BYTES_MAX, TAGS_MAX)?;
        self.feelings.check("feelings", TAG_BYTES_MAX, TAGS_MAX)?;
        self.sensations.check("sensations", TAG_BYTES_MAX, TAGS_MAX)?;
        self.set_off.check("what set it off", NOTE_BYTES_MAX)?;
        self.people.check("people", TAG_BYTES_MAX, TAGS_MAX)?;
        self.attachments.check("attachments", ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX)?;
        self.place.check("place", PLACE_BYTES_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![
            &mut self.title,
            &mut self.text,
            &mut self.tags,
            &mut self.feelings,
            &mut self.sensations,
            &mut self.set_off,
            &mut self.people,
            &mut self.place,
            &mut self.wish,
            &mut self.attachments,
            &mut self.origin,
        ]
    }
}

impl Dated for JournalEntry {
    const WHAT: &'static str = "journal entry";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Findable for JournalEntry {
    fn words(&self) -> Vec<&str> {
        let sets = [&self.tags, &self.feelings, &self.sensations, &self.people];
        let texts = [self.title.as_str(), self.text.as_str(), self.set_off.as_str(), self.place.as_str()];
        texts.into_iter().chain(sets.into_iter().flat_map(|set| set.iter().map(String::as_str))).collect()
    }
}

impl JournalEntry {
    /// A new entry, with nothing beside its title and text. Its key is
    /// [`EntityId::make`](crate::document::EntityId::make) of the same moment.
    #[must_use]
    pub fn new(title: &str, text: &str, origin: &Origin) -> Self {
        Self {
            title: title.into(),
            text: text.into(),
            tags: TextSet::default(),
            feelings: TextSet::default(),
            sensations: TextSet::default(),
            set_off: "".into(),
            people: TextSet::default(),
            place: "".into(),
            wish: None.into(),
            attachments: TextSet::default(),
            origin: origin.clone().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::EntityId;
    use crate::document::tests::{NOW, Phone};

    #[test]
    fn it_is_a_proper_entity() {
        let mut entry = JournalEntry::new("Lake", "We walked.", &Phone::new(0xa).origin());
        for set in
            [&mut entry.tags, &mut entry.feelings, &mut entry.sensations, &mut entry.people, &mut entry.attachments]
        {
            assert!(set.insert("us"));
        }
        entry.set_off = "The call.".into();
        entry.place = "By the lake".into();
        entry.wish = Some(ListeningWish::AskMe).into();
        crate::document::conformance::check(&entry);
    }

    #[test]
    fn what_each_adds_apart_is_all_there_and_of_two_wishes_the_other_stays_readable() {
        let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
        let id = EntityId::make(NOW, &mut ada.rng);
        let entry = JournalEntry::new("Lake", "We walked.", &ada.origin());
        ada.document.collection_mut().put(&id, &entry, NOW).unwrap();
        noor.document.apply(&ada.document.take_changes()).unwrap();
        ada.edits::<JournalEntry>(&id, |entry| {
            entry.feelings.insert("calm");
            entry.wish.settle(Some(ListeningWish::JustListen));
        });
        noor.edits::<JournalEntry>(&id, |entry| {
            entry.feelings.insert("tired");
            entry.attachments.insert("a photo");
            entry.wish.settle(Some(ListeningWish::ThinkWithMe));
        });
        ada.document.apply(&noor.document.take_changes()).unwrap();
        let seen = ada.sees::<JournalEntry>(&id);
        assert_eq!(seen.value.feelings.iter().collect::<Vec<_>>(), ["calm", "tired"]);
        assert_eq!(seen.value.attachments.len(), 1);
        assert_eq!(seen.alternatives["wish"].len(), 1);
    }
}
