//! How do I answer what you wrote? "I hear you", "what I hear is …", a question, thanks, or that it makes sense. Never a count of likes.

use crate::document::{Entity, EntityField, Field, Hydrate, LimitExceeded, Reconcile, Text, choices};
use crate::limits::NOTE_BYTES_MAX;
use crate::practice::origin::{Dated, Origin};
use crate::practice::refusal::{Refusal, check_not_empty};
use crate::practice::search::Findable;

choices! {
    /// What a response does.
    ResponseKind, "kind of response" {
        /// I hear you.
        Heard = "heard",
        /// What I hear is …
        Reflect = "reflect",
        /// Something to ask.
        Question = "question",
        /// Thank you for telling me.
        Thanks = "thanks",
        /// It makes sense that you feel so.
        Validate = "validate",
    }
}

impl ResponseKind {
    /// Whether it says enough with no words beside it.
    const fn is_enough(self) -> bool {
        matches!(self, Self::Heard | Self::Thanks)
    }
}

/// A response to a journal entry or a check-in. Its key lies below that one's, and so it lies in the same chapter of the same space:
/// what answers something private stays private.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Response {
    /// What it does.
    pub kind: Field<ResponseKind>,
    /// The words; may be empty where the kind says enough.
    pub text: Text,
    /// Who wrote it, and when.
    pub origin: Field<Origin>,
}

impl Entity for Response {
    const KIND: &'static str = "response";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.text.check("response", NOTE_BYTES_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.kind, &mut self.text, &mut self.origin]
    }
}

impl Dated for Response {
    const WHAT: &'static str = "response";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Findable for Response {
    fn words(&self) -> Vec<&str> {
        vec![self.text.as_str()]
    }
}

impl Response {
    /// A new response.
    ///
    /// # Errors
    /// It needs words, and has none.
    pub fn new(kind: ResponseKind, text: &str, origin: &Origin) -> Result<Self, Refusal> {
        if !kind.is_enough() {
            check_not_empty("response", text)?;
        }
        Ok(Self { kind: kind.into(), text: text.into(), origin: origin.clone().into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{NOW, Phone};
    use crate::document::{Choice as _, EntityId};

    #[test]
    fn it_is_a_proper_entity() {
        let origin = Phone::new(0xa).origin();
        crate::document::conformance::check(&Response::new(ResponseKind::Reflect, "You were tired.", &origin).unwrap());
    }

    #[test]
    fn what_both_answer_apart_is_all_there_and_lies_below_the_entry() {
        let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
        let entry = ada.writes("Lake", "We walked.");
        for phone in [&mut ada, &mut noor] {
            let id = EntityId::make_below(&entry, NOW, &mut phone.rng);
            let response = Response::new(ResponseKind::Heard, "", &phone.origin()).unwrap();
            phone.document.collection_mut().put(&id, &response, NOW).unwrap();
        }
        noor.document.apply(&ada.document.take_changes()).unwrap();
        let all = noor.document.collection::<Response>().list().items;
        assert_eq!(all.iter().map(|response| response.id.root()).collect::<Vec<_>>(), [entry.clone(), entry]);
    }

    #[test]
    fn only_what_says_enough_alone_may_have_no_words() {
        let origin = Phone::new(0xa).origin();
        for kind in ResponseKind::ALL {
            let is_taken = Response::new(*kind, " ", &origin).is_ok();
            assert_eq!(is_taken, ["heard", "thanks"].contains(&kind.as_str()), "{}", kind.as_str());
            assert!(Response::new(*kind, "words", &origin).is_ok());
        }
    }
}
