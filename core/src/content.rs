//! Which words does Entwine bring along? Questions, feelings, rituals to adopt and gentle steps: our own, as data.
//!
//! One folder a locale, `content/en/`, with pages that a translator edits (`docs/content.md`). They are compiled in, so
//! nothing is read at run time; an app may also hand over the pages of a translation that is not built in.

mod compose;
mod page;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::document::ParseChoiceError;

pub use crate::practice::ritual::Turn;
pub use page::{ContentError, Problem};

/// The shallowest and the deepest of a question's depths.
pub const DEPTHS: core::ops::RangeInclusive<u8> = 1..=3;

/// All words of one locale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Content {
    /// The locale that they are in, which may be a wider one than was asked for.
    pub locale: String,
    /// The decks of questions, in the order to show them.
    pub decks: Vec<Deck>,
    /// The questions, by deck and from light to deep.
    pub questions: Vec<Question>,
    /// The wheel of feelings, each after its parent.
    pub feelings: Vec<Feeling>,
    /// What feelings do in the body.
    pub sensations: Vec<Sensation>,
    /// Rituals to adopt.
    pub templates: Vec<Template>,
    /// The five vulnerability steps, in their order.
    pub vulnerability_steps: Vec<VulnerabilityStep>,
    /// The three questions of the A.R.E. look.
    pub are_questions: Vec<AreQuestion>,
}

/// A deck of questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deck {
    /// The same in every locale and version.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// A question to ask each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The same in every locale and version.
    pub id: String,
    /// Its deck's id.
    pub deck: String,
    /// From 1, light, to 3, deep.
    pub depth: u8,
    /// The question.
    pub text: String,
}

/// A word of the wheel of feelings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feeling {
    /// The same in every locale and version.
    pub id: String,
    /// The wider feeling that it belongs to; none for those in the middle.
    pub parent: Option<String>,
    /// As somebody says it after "I feel".
    pub word: String,
}

/// What somebody feels in the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sensation {
    /// The same in every locale and version.
    pub id: String,
    /// Where in the body, as people say it.
    pub place: String,
    /// What is felt there.
    pub word: String,
}

/// A ritual to adopt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Template {
    /// The same in every locale and version.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Why it is good for two.
    pub why: String,
    /// When it comes round, unless the two choose otherwise: a recurrence rule of RFC 5545, section 3.3.10.
    pub cadence: String,
    /// What is done, in this order.
    pub steps: Vec<TemplateStep>,
}

/// One step of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateStep {
    /// What is done.
    pub text: String,
    /// How long it takes; none where it takes as long as it takes.
    pub minutes: Option<u32>,
    /// Whose turn it is.
    pub turn: Turn,
}

/// A gentle, optional step towards showing more of oneself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VulnerabilityStep {
    /// The same in every locale and version.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// For the one who shares.
    pub share: String,
    /// For the one who listens.
    pub listen: String,
}

/// A question of the A.R.E. look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AreQuestion {
    /// `accessible`, `responsive` or `engaged`.
    pub id: String,
    /// The question.
    pub text: String,
}

/// The text of a locale's pages, each as the file of its name in `content/en/`.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "they are the names of the files")]
pub struct Pages<'t> {
    pub questions: &'t str,
    pub feelings: &'t str,
    pub sensations: &'t str,
    pub templates: &'t str,
    pub vulnerability: &'t str,
    pub are: &'t str,
}

macro_rules! pages {
    ($locale:literal) => {
        (
            $locale,
            Pages {
                questions: include_str!(concat!("content/", $locale, "/questions.md")),
                feelings: include_str!(concat!("content/", $locale, "/feelings.md")),
                sensations: include_str!(concat!("content/", $locale, "/sensations.md")),
                templates: include_str!(concat!("content/", $locale, "/templates.md")),
                vulnerability: include_str!(concat!("content/", $locale, "/vulnerability.md")),
                are: include_str!(concat!("content/", $locale, "/are.md")),
            },
        )
    };
}

/// The locales that are built in. A new one is a folder and a line here.
const LOCALES: &[(&str, Pages<'static>)] = &[ENGLISH];
/// The locale that every other one is measured by, and that is there when no other is.
const ENGLISH: (&str, Pages<'static>) = pages!("en");

impl Content {
    /// The words for a locale such as `de-AT`: if there are none, those for `de`, and if there are none either, for `en`.
    #[must_use]
    pub fn of(locale: &str) -> Self {
        let (locale, pages) = best(locale, LOCALES);
        compose::compose(locale, pages).expect("the tests read every page that is built in")
    }

    /// The words of a translation that is not built in.
    ///
    /// # Errors
    /// A line is not as it should be, or not where the English page has it: ids, depths, rules, minutes and turns are the
    /// same in every locale.
    pub fn of_translation(locale: &str, pages: &Pages<'_>) -> Result<Self, ContentError> {
        compose::check_alike(pages, &ENGLISH.1)?;
        compose::compose(locale, pages)
    }

    /// The ritual to adopt that has this id.
    ///
    /// # Errors
    /// There is none: the error names all there are.
    pub fn template(&self, id: &str) -> Result<&Template, ParseChoiceError> {
        self.templates.iter().find(|template| template.id == id).ok_or_else(|| {
            let known = self.templates.iter().map(|template| template.id.as_str()).collect::<Vec<_>>().join(", ");
            ParseChoiceError { what: "ritual template", given: id.chars().take(64).collect(), known }
        })
    }

    /// The locales that are built in.
    pub fn locales() -> impl Iterator<Item = &'static str> {
        LOCALES.iter().map(|(locale, _)| *locale)
    }
}

/// The narrowest of what there is that includes `wanted`; the first if none does. A locale is a tag of BCP 47, or what the
/// variable `LANG` has for one (`de_AT.UTF-8`).
fn best<'a, T>(wanted: &str, available: &'a [(&'a str, T)]) -> (&'a str, &'a T) {
    let wanted = wanted.split(['.', '@']).next().unwrap_or_default().replace('_', "-");
    let mut tag = wanted.as_str();
    loop {
        if let Some((locale, found)) = available.iter().find(|(locale, _)| locale.eq_ignore_ascii_case(tag)) {
            return (locale, found);
        }
        match tag.rsplit_once('-') {
            Some((wider, _)) => tag = wider,
            None => return (available[0].0, &available[0].1),
        }
    }
}
