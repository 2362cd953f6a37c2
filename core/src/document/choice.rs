//! How is one of a few things chosen? As a word that the document keeps, and an enum that knows the words of this version.

/// A word that stands for nothing that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no {what}: there are {known}")]
pub struct ParseChoiceError {
    /// What was to be chosen.
    pub what: &'static str,
    /// What was given.
    pub given: String,
    /// What there is.
    pub known: String,
}

/// One of a few things, each of which a word stands for.
pub trait Choice: Copy + 'static {
    /// What is chosen, in words for people.
    const WHAT: &'static str;
    /// All that this version knows.
    const ALL: &'static [Self];

    /// The word.
    fn as_str(self) -> &'static str;

    /// The one that a word stands for.
    ///
    /// # Errors
    /// None does.
    fn parse(word: &str) -> Result<Self, ParseChoiceError> {
        Self::ALL.iter().copied().find(|choice| choice.as_str() == word).ok_or_else(|| {
            let known = Self::ALL.iter().map(|choice| choice.as_str()).collect::<Vec<_>>().join(", ");
            ParseChoiceError { what: Self::WHAT, given: word.chars().take(64).collect(), known }
        })
    }
}

/// Makes an enum of things to choose from, each with its word, to be kept in a [`Field`](crate::document::Field). A word that only a
/// later version knows is read as `Later`, stays in the document as it is, and is never written.
macro_rules! choices {
    ($(#[$about:meta])* $name:ident, $what:literal { $($(#[$of_one:meta])* $one:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
        pub enum $name {
            $($(#[$of_one])* $one,)+
            /// What only a later version knows.
            #[default]
            Later,
        }

        impl crate::document::Choice for $name {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &[$(Self::$one),+];

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$one => $word,)+
                    Self::Later => "later",
                }
            }
        }

        impl core::str::FromStr for $name {
            type Err = crate::document::ParseChoiceError;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                crate::document::Choice::parse(word)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(crate::document::Choice::as_str(*self))
            }
        }

        impl crate::document::Reconcile for $name {
            type Key<'a> = autosurgeon::reconcile::NoKey;

            fn reconcile<R: autosurgeon::Reconciler>(&self, mut reconciler: R) -> Result<(), R::Error> {
                reconciler.str(crate::document::Choice::as_str(*self))
            }
        }

        impl crate::document::Hydrate for $name {
            fn hydrate_string(word: &str) -> Result<Self, autosurgeon::HydrateError> {
                Ok(crate::document::Choice::parse(word).unwrap_or_default())
            }
        }
    };
}
pub(crate) use choices;

#[cfg(test)]
mod tests {
    use super::*;

    choices! {
        #[expect(unreachable_pub, reason = "it is made for a test alone")]
        Drink, "drink" {
            /// Tea.
            Tea = "tea",
            /// Coffee.
            Coffee = "coffee",
        }
    }

    #[test]
    fn a_word_stands_for_one_thing_and_what_stands_for_none_is_told_what_there_is() {
        assert_eq!("tea".parse(), Ok(Drink::Tea));
        assert_eq!(Drink::Coffee.as_str(), "coffee");
        assert_eq!("milk".parse::<Drink>().unwrap_err().to_string(), "\"milk\" is no drink: there are tea, coffee");
        assert!("later".parse::<Drink>().is_err(), "nobody chooses what is not known");
    }
}
