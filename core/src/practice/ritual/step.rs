//! What is done in a ritual, one thing after the other, and whose turn is it?

use crate::document::{Choice as _, Hydrate, Reconcile, choices};
use crate::practice::refusal::{Refusal, check_not_empty};

choices! {
    /// Whose turn a step is.
    Turn, "turn" {
        /// Both, together.
        Both = "both",
        /// The one who begins.
        First = "first",
        /// The other.
        Second = "second",
        /// Each for oneself, or one after the other as it comes.
        Each = "each",
    }
}

impl Turn {
    /// As a step keeps it.
    pub(super) fn stored(self) -> Option<String> {
        (self != Self::Both).then(|| self.as_str().to_owned())
    }
}

/// One step of a ritual.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Step {
    /// What is done.
    pub text: String,
    /// How long it takes. None: as long as it takes.
    pub minutes: Option<u32>,
    /// Whose turn it is, in a word of [`Turn`]. None: both's, as in what earlier versions wrote, so that whoever writes their
    /// steps again changes nothing.
    #[autosurgeon(missing = "Default::default")]
    pub turn: Option<String>,
}

impl Step {
    /// A step.
    ///
    /// # Errors
    /// There is nothing in it, or its turn is none that this version knows.
    pub fn new(text: &str, minutes: Option<u32>, turn: Turn) -> Result<Self, Refusal> {
        check_not_empty("step", text)?;
        let turn = Turn::parse(turn.as_str())?;
        Ok(Self { text: text.to_owned(), minutes, turn: turn.stored() })
    }

    /// Whose turn it is.
    #[must_use]
    pub fn turn(&self) -> Turn {
        self.turn.as_deref().map_or(Turn::Both, |turn| turn.parse().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_words_and_a_turn() {
        let step = Step::new("Pour.", Some(2), Turn::Second).unwrap();
        assert_eq!((step.turn(), step.turn.as_deref()), (Turn::Second, Some("second")));
        let both = Step::new("Pour.", Some(2), Turn::Both).unwrap();
        assert_eq!((both.turn(), both.turn), (Turn::Both, None), "as what was written before there were turns");
        assert_eq!(Step { turn: Some("whoever is awake".to_owned()), ..step }.turn(), Turn::Later);
        assert_eq!(Step::new(" ", None, Turn::Both), Err(Refusal::Empty("step")));
        assert!(Step::new("Pour.", None, Turn::Later).is_err(), "nobody chooses what is not known");
    }
}
