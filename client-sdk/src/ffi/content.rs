//! The words that Entwine brings along: constant, so that one call gives all of them.

use entwine_core::content;
use entwine_core::document::Choice as _;

use super::error::EntwineError;

/// All words of one locale.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Content {
    /// The locale that they are in, which may be a wider one than was asked for.
    pub locale: String,
    /// The decks of questions, in the order to show them.
    pub decks: Vec<ContentDeck>,
    /// The questions, by deck and from light to deep.
    pub questions: Vec<ContentQuestion>,
    /// The wheel of feelings, each after its parent.
    pub feelings: Vec<ContentFeeling>,
    /// What feelings do in the body.
    pub sensations: Vec<ContentSensation>,
    /// Rituals to adopt.
    pub templates: Vec<ContentTemplate>,
    /// The five vulnerability steps, in their order.
    pub vulnerability_steps: Vec<ContentVulnerabilityStep>,
    /// The three questions of the A.R.E. look.
    pub are_questions: Vec<ContentAreQuestion>,
}

/// A deck of questions.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ContentDeck {
    /// The same in every locale and version.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// A question to ask each other.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ContentQuestion {
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
#[derive(Debug, Clone, uniffi::Record)]
pub struct ContentFeeling {
    /// The same in every locale and version.
    pub id: String,
    /// The wider feeling that it belongs to; none for those in the middle.
    pub parent: Option<String>,
    /// As somebody says it after "I feel".
    pub word: String,
}

/// What somebody feels in the body.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ContentSensation {
    /// The same in every locale and version.
    pub id: String,
    /// Where in the body, as people say it.
    pub place: String,
    /// What is felt there.
    pub word: String,
}

/// A ritual to adopt.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ContentTemplate {
    /// The same in every locale and version.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Why it is good for two.
    pub why: String,
    /// When it comes round, unless the two choose otherwise: an RRULE of RFC 5545.
    pub cadence: String,
    /// What is done, in this order.
    pub steps: Vec<ContentTemplateStep>,
}

/// One step of a ritual to adopt.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ContentTemplateStep {
    /// What is done.
    pub text: String,
    /// How long it takes; none where it takes as long as it takes.
    pub minutes: Option<u32>,
    /// Whose turn it is: `both`, `first`, `second` or `each`.
    pub turn: String,
}

/// A gentle, optional step towards showing more of oneself.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ContentVulnerabilityStep {
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
#[derive(Debug, Clone, uniffi::Record)]
pub struct ContentAreQuestion {
    /// `accessible`, `responsive` or `engaged`.
    pub id: String,
    /// The question.
    pub text: String,
}

/// The words for a locale such as `de-AT`: if there are none, those for `de`, and if there are none either, for `en`.
#[uniffi::export]
pub fn content(locale: String) -> Result<Content, EntwineError> {
    Ok(content::Content::of(&locale).into())
}

impl From<content::Content> for Content {
    fn from(all: content::Content) -> Self {
        let content::Content {
            locale,
            decks,
            questions,
            feelings,
            sensations,
            templates,
            vulnerability_steps,
            are_questions,
        } = all;
        Self {
            locale,
            decks: each(decks, |content::Deck { id, name }| ContentDeck { id, name }),
            questions: each(questions, |content::Question { id, deck, depth, text }| ContentQuestion {
                id,
                deck,
                depth,
                text,
            }),
            feelings: each(feelings, |content::Feeling { id, parent, word }| ContentFeeling { id, parent, word }),
            sensations: each(sensations, |content::Sensation { id, place, word }| ContentSensation { id, place, word }),
            templates: each(templates, ContentTemplate::from),
            vulnerability_steps: each(vulnerability_steps, |content::VulnerabilityStep { id, name, share, listen }| {
                ContentVulnerabilityStep { id, name, share, listen }
            }),
            are_questions: each(are_questions, |content::AreQuestion { id, text }| ContentAreQuestion { id, text }),
        }
    }
}

impl From<content::Template> for ContentTemplate {
    fn from(template: content::Template) -> Self {
        let content::Template { id, name, why, cadence, steps } = template;
        let steps = each(steps, |content::TemplateStep { text, minutes, turn }| ContentTemplateStep {
            text,
            minutes,
            turn: turn.as_str().to_owned(),
        });
        Self { id, name, why, cadence, steps }
    }
}

fn each<T, U>(things: Vec<T>, convert: impl Fn(T) -> U) -> Vec<U> {
    things.into_iter().map(convert).collect()
}
