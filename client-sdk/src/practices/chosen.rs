//! Which practices a couple uses, of all that there are.

use entwine_core::document::{DocumentName, ParseChoiceError};
pub use entwine_core::practice::chosen::Wanted;
use entwine_core::practice::chosen::{self, Choices, Standing};
use serde::Serialize;

use crate::client::Client;
use crate::error::Error;

/// All practices, each called as its group of commands is, from the everyday ones to those for an occasion.
pub const PRACTICES: &[&str] = &[
    "journal",
    "response",
    "check-in",
    "gratitude",
    "note",
    "reaching-out",
    "ritual",
    "screen-free",
    "question",
    "sealed-answer",
    "vulnerability",
    "are",
];

/// How a practice stands with a couple. Who of the two lets it rest is not told: either may, and owes no reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PracticeView {
    /// What it is called: one of [`PRACTICES`].
    pub name: String,
    /// `in-use`, `at-rest` or `out-of-sight`.
    pub standing: &'static str,
    /// What this person wants: `use` or `rest`.
    pub wanted: Option<Wanted>,
}

/// The practices of a couple.
#[derive(Debug, Clone, Copy)]
pub struct Practices<'c> {
    client: &'c Client,
}

impl Client {
    /// The practices.
    #[must_use]
    pub fn practices(&self) -> Practices<'_> {
        Practices { client: self }
    }
}

impl Practices<'_> {
    /// All of them. One is in use if somebody wants it and nobody lets it rest.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self) -> Result<Vec<PracticeView>, Error> {
        let view = self.client.opened_view(false).await?;
        let me = self.client.person(&view)?;
        let home = self.client.load(&view, &DocumentName::home()).await?;
        let choices = Choices::of(&home);
        let practice = |name: &&str| PracticeView {
            name: (*name).to_owned(),
            standing: match choices.standing(name) {
                Standing::InUse => "in-use",
                Standing::AtRest => "at-rest",
                Standing::OutOfSight => "out-of-sight",
            },
            wanted: choices.wanted(name, &me),
        };
        Ok(PRACTICES.iter().map(practice).collect())
    }

    /// Chooses for oneself what is wanted of a practice. One's newest choice counts, on whichever device.
    ///
    /// # Errors
    /// There is no space, or no such practice.
    pub async fn choose(&self, name: &str, wanted: Wanted) -> Result<(), Error> {
        if !PRACTICES.contains(&name) {
            let given = name.chars().take(64).collect();
            return Err(ParseChoiceError { what: "practice", given, known: PRACTICES.join(", ") }.into());
        }
        let view = self.client.opened_view(false).await?;
        let writer = self.client.writer(&view)?;
        self.client
            .change(&view, &DocumentName::home(), |home, now| Ok(chosen::choose(home, name, wanted, &writer, now)?))
            .await
    }
}
