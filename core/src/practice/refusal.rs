//! Why does a practice not take something? One list for all of them; each says what it is about in words for people.

use crate::document::{LimitExceeded, ParseChoiceError};

/// Why something was not taken. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing in it.
    #[error("{0}: there is nothing in it")]
    Empty(&'static str),
    /// Somebody else wrote it.
    #[error("{0}: only who wrote it may do that")]
    NotYours(&'static str),
    /// It is for the other one to do.
    #[error("{0}: this is for the other one of you to do")]
    ForTheOther(&'static str),
    /// It is in another state than this needs.
    #[error("{what}: {state}")]
    State {
        /// What.
        what: &'static str,
        /// How it stands.
        state: &'static str,
    },
    /// Text that is no day.
    #[error("{0:?} is no day: a day looks like 2026-11-25")]
    Day(String),
    /// Text that is no week.
    #[error("{0:?} is no week: a week looks like 2026-W48")]
    Week(String),
    /// Text that is no moment.
    #[error("{0:?} is no moment: a moment looks like 2026-11-25T19:30")]
    Moment(String),
    /// A number that is not between its bounds.
    #[error("{what} is a number from {from} to {to}")]
    Range {
        /// What.
        what: &'static str,
        /// The least.
        from: u64,
        /// The most.
        to: u64,
    },
    /// A word that stands for nothing that can be chosen.
    #[error(transparent)]
    Choice(#[from] ParseChoiceError),
    /// Too long, or too many.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// Refuses a text in which there is nothing.
///
/// # Errors
/// There is nothing in it.
pub fn check_not_empty(what: &'static str, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() { Err(Refusal::Empty(what)) } else { Ok(()) }
}
