//! What am I grateful to you for? One thing after another: of who you are, of what you did, of the effort that I noticed.

use crate::document::{Entity, EntityField, Field, Hydrate, LimitExceeded, Reconcile, Text, choices};
use crate::limits::{GRATITUDES_AT_ONCE_MAX, NOTE_BYTES_MAX};
use crate::practice::origin::{Dated, Origin};
use crate::practice::refusal::{Refusal, check_not_empty};
use crate::practice::search::Findable;

choices! {
    /// What a gratitude is about.
    GratitudeFor, "subject of a gratitude" {
        /// Who the partner is.
        Character = "character",
        /// What the partner did.
        Act = "act",
        /// The effort that was noticed, whatever came of it.
        Effort = "effort",
        /// Anything else in the day.
        Anything = "anything",
    }
}

/// One thing to be grateful for. It lies in the chapter of the month in which it was written, and its key is a ULID of that
/// moment: the three of an evening are three.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Gratitude {
    /// What for.
    pub text: Text,
    /// What it is about.
    pub about: Field<GratitudeFor>,
    /// Who wrote it, and when.
    pub origin: Field<Origin>,
}

impl Entity for Gratitude {
    const KIND: &'static str = "gratitude";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.text.check("gratitude", NOTE_BYTES_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.text, &mut self.about, &mut self.origin]
    }
}

impl Dated for Gratitude {
    const WHAT: &'static str = "gratitude";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Findable for Gratitude {
    fn words(&self) -> Vec<&str> {
        vec![self.text.as_str()]
    }
}

impl Gratitude {
    /// Those of an evening: one, or up to [`GRATITUDES_AT_ONCE_MAX`].
    ///
    /// # Errors
    /// There are none, too many, or one is empty.
    pub fn of_an_evening(texts: &[String], about: GratitudeFor, origin: &Origin) -> Result<Vec<Self>, Refusal> {
        LimitExceeded::check_count("gratitudes at once", texts.len(), GRATITUDES_AT_ONCE_MAX)?;
        if texts.is_empty() {
            return Err(Refusal::Empty("gratitude"));
        }
        let one = |text: &String| {
            check_not_empty("gratitude", text)?;
            Ok(Self { text: text.as_str().into(), about: about.into(), origin: origin.clone().into() })
        };
        texts.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::EntityId;
    use crate::document::tests::{NOW, Phone};

    fn evening(phone: &Phone, texts: &[&str]) -> Result<Vec<Gratitude>, Refusal> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Gratitude::of_an_evening(&texts, GratitudeFor::Act, &phone.origin())
    }

    #[test]
    fn it_is_a_proper_entity() {
        crate::document::conformance::check(&evening(&Phone::new(0xa), &["You made soup."]).unwrap()[0]);
    }

    #[test]
    fn what_both_wrote_in_one_evening_is_all_there() {
        let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
        for phone in [&mut ada, &mut noor] {
            for gratitude in evening(phone, &["soup", "patience", "the call to your mother"]).unwrap() {
                let id = EntityId::make(NOW, &mut phone.rng);
                phone.document.collection_mut().put(&id, &gratitude, NOW).unwrap();
            }
        }
        noor.document.apply(&ada.document.take_changes()).unwrap();
        assert_eq!(noor.document.collection::<Gratitude>().list().items.len(), 6);
    }

    #[test]
    fn an_evening_has_one_to_three_and_none_of_them_says_nothing() {
        let ada = Phone::new(0xa);
        assert_eq!(evening(&ada, &["a", "b", "c"]).unwrap().len(), 3);
        assert_eq!(evening(&ada, &["a", "b", "c", "d"]).unwrap_err().to_string(), "gratitudes at once: more than 3");
        assert_eq!(evening(&ada, &[]), Err(Refusal::Empty("gratitude")));
        assert_eq!(evening(&ada, &["a", " "]), Err(Refusal::Empty("gratitude")));
    }
}
