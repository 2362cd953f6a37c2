//! What do we ask each other? Questions of the decks and own ones, from light to deep; drawn one by one, or in a session that rises.

pub mod drawing;

use core::num::NonZero;

use crate::content::{Content, DEPTHS};
use crate::document::{
    Document, DocumentError, Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, List, ParseChoiceError,
    Reconcile, Text, choices,
};
use crate::id::PersonId;
use crate::limits::{
    ANSWER_BYTES_MAX, ENTITY_KEY_BYTES_MAX, NAME_BYTES_MAX, OWN_QUESTIONS_MAX, SESSION_QUESTIONS_MAX,
    SESSION_QUESTIONS_MIN, STEP_BYTES_MAX,
};
use crate::practice::Writer;
use crate::practice::origin::{Dated, Origin};
use crate::practice::person::latest_of_each;
use crate::practice::refusal::{Refusal, check_not_empty};
use crate::practice::sealed::{Asked, Round};
use crate::practice::search::Findable;
use crate::time::Timestamp;

/// The deck of questions that belong to no other.
pub const OWN_DECK: &str = "own";
const WHAT: &str = "question";

/// A question that one of the two made up. It has no date and lies in `home`.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct OwnQuestion {
    /// Its words.
    pub text: Field<String>,
    /// The deck that it belongs to, [`OWN_DECK`] or one that comes along.
    pub deck: Field<String>,
    /// From 1, light, to 3, deep.
    pub depth: Field<u32>,
    /// Who made it up, a [`PersonId`].
    pub by: Field<String>,
}

/// How deep somebody wants to be asked, as one of their devices says, in `home`.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct DepthCeiling {
    /// The deepest that they want.
    pub depth: Field<u32>,
    /// When they said so.
    pub set_at: Field<Timestamp>,
}

/// A row of questions, from light to deep, to be gone through together. It lies in the chapter of its month and is never changed:
/// how far it is follows from what was [`Passed`].
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Session {
    /// The deck that it was drawn from; empty where from all.
    pub deck: Field<String>,
    /// The questions, in their order.
    pub questions: List<SessionQuestion>,
    /// Who began it, and when.
    pub origin: Field<Origin>,
}

/// A question of a session, as it was drawn.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct SessionQuestion {
    /// Its id.
    pub id: String,
    /// Its words.
    pub text: String,
    /// From 1, light, to 3, deep.
    pub depth: u32,
}

choices! {
    /// How a question was left behind.
    Passing, "way to pass a question" {
        /// It was talked about.
        Done = "done",
        /// It was passed over, without a reason.
        Skipped = "skipped",
    }
}

/// That a question is over: in a session under `<session>/<number>/<person>/<device>`, and under a ULID elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Passed {
    /// The question's id.
    pub question: Field<String>,
    /// How.
    pub how: Field<Passing>,
    /// Who says so, and when.
    pub origin: Field<Origin>,
}

/// An answer in the open: in a session under `<session>/<number>/<ULID>`, and under a ULID elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct OpenAnswer {
    /// The question's id.
    pub question: Field<String>,
    /// The question, as it was asked.
    pub asked: Field<String>,
    /// The answer.
    pub text: Text,
    /// Who gave it, and when.
    pub origin: Field<Origin>,
}

fn check_depth_limit(depth: &Field<u32>) -> Result<(), LimitExceeded> {
    if !depth.is_changed() {
        return Ok(());
    }
    LimitExceeded::check_count("depth", **depth as usize, usize::from(*DEPTHS.end()))
}

impl Entity for OwnQuestion {
    const KIND: &'static str = "question";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.text.check(WHAT, STEP_BYTES_MAX)?;
        self.deck.check("deck", NAME_BYTES_MAX)?;
        check_depth_limit(&self.depth)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.text, &mut self.deck, &mut self.depth, &mut self.by]
    }
}

impl Entity for DepthCeiling {
    const KIND: &'static str = "question-ceiling";

    fn check(&self) -> Result<(), LimitExceeded> {
        check_depth_limit(&self.depth)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.depth, &mut self.set_at]
    }
}

impl Entity for Session {
    const KIND: &'static str = "question-session";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.deck.check("deck", NAME_BYTES_MAX)?;
        LimitExceeded::check_count("questions of a session", self.questions.len(), SESSION_QUESTIONS_MAX)?;
        self.questions.iter().try_for_each(|question| {
            LimitExceeded::check_bytes(WHAT, question.id.len(), ENTITY_KEY_BYTES_MAX)?;
            LimitExceeded::check_bytes(WHAT, question.text.len(), STEP_BYTES_MAX)
        })
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.deck, &mut self.questions, &mut self.origin]
    }
}

impl Entity for Passed {
    const KIND: &'static str = "question-passed";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.question.check(WHAT, ENTITY_KEY_BYTES_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.question, &mut self.how, &mut self.origin]
    }
}

impl Entity for OpenAnswer {
    const KIND: &'static str = "question-answer";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.question.check(WHAT, ENTITY_KEY_BYTES_MAX)?;
        self.asked.check(WHAT, STEP_BYTES_MAX)?;
        self.text.check("answer", ANSWER_BYTES_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.question, &mut self.asked, &mut self.text, &mut self.origin]
    }
}

impl Dated for Session {
    const WHAT: &'static str = "session";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Dated for Passed {
    const WHAT: &'static str = "question that is over";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Dated for OpenAnswer {
    const WHAT: &'static str = "answer";

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Findable for OwnQuestion {
    fn words(&self) -> Vec<&str> {
        vec![self.text.as_str()]
    }
}

/// Nothing is typed.
impl Findable for DepthCeiling {}

/// Nothing is typed: the questions are found where they were answered.
impl Findable for Session {}

/// Nothing is typed.
impl Findable for Passed {}

impl Findable for OpenAnswer {
    fn words(&self) -> Vec<&str> {
        vec![self.asked.as_str(), self.text.as_str()]
    }
}

/// Refuses what is no depth.
///
/// # Errors
/// It is less than 1 or more than 3.
pub fn check_depth(depth: u32) -> Result<(), Refusal> {
    let (from, to) = (u32::from(*DEPTHS.start()), u32::from(*DEPTHS.end()));
    if (from..=to).contains(&depth) {
        return Ok(());
    }
    Err(Refusal::Range { what: "a depth", from: from.into(), to: to.into() })
}

/// Refuses what is no deck.
///
/// # Errors
/// No deck has this id.
pub fn check_deck(deck: &str) -> Result<(), Refusal> {
    let mut known: Vec<String> = Content::of("en").decks.into_iter().map(|deck| deck.id).collect();
    known.push(OWN_DECK.to_owned());
    if known.iter().any(|id| id == deck) {
        return Ok(());
    }
    let given = deck.chars().take(64).collect();
    Err(ParseChoiceError { what: "deck", given, known: known.join(", ") }.into())
}

impl OwnQuestion {
    /// A new one.
    ///
    /// # Errors
    /// It is empty or too long, or there is no such deck or depth.
    pub fn new(text: &str, deck: &str, depth: u32, writer: &Writer) -> Result<Self, Refusal> {
        Asked::typed(text)?;
        check_deck(deck)?;
        check_depth(depth)?;
        Ok(Self { text: text.into(), deck: deck.into(), depth: depth.into(), by: writer.person.to_string().into() })
    }
}

/// Adds an own question to `home`.
///
/// # Errors
/// There are [`OWN_QUESTIONS_MAX`] already.
pub fn add(home: &mut Document, id: &EntityId, question: &OwnQuestion, now: Timestamp) -> Result<(), DocumentError> {
    let count = home.collection::<OwnQuestion>().list().items.len();
    LimitExceeded::check_count("own questions", count + 1, OWN_QUESTIONS_MAX)?;
    home.collection_mut().put(id, question, now)
}

/// Says how deep the writer wants to be asked, in `home`.
///
/// # Errors
/// The entity is damaged.
pub fn set_ceiling(home: &mut Document, writer: &Writer, depth: u32, now: Timestamp) -> Result<(), DocumentError> {
    let id = EntityId::from_parts(&[&writer.person, &writer.device]);
    let mut ceilings = home.collection_mut::<DepthCeiling>();
    if ceilings.contains(&id) {
        ceilings.update(&id, |ceiling| {
            ceiling.depth.settle(depth);
            ceiling.set_at.settle(now);
        })?;
        return Ok(());
    }
    ceilings.put(&id, &DepthCeiling { depth: depth.into(), set_at: now.into() }, now)
}

/// How deep the two ask each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceiling {
    /// The depth that holds: the lower one of both.
    pub holds: u32,
    /// What this person wants.
    pub own: u32,
}

/// How deep the two ask each other, as `home` has it. Of what a person's devices say, the latest holds; who says nothing sets no
/// bound. Nothing tells whose the lower one is.
#[must_use]
pub fn ceiling(home: &Document, me: &PersonId) -> Ceiling {
    let deepest = u32::from(*DEPTHS.end());
    let latest = latest_of_each(home.collection::<DepthCeiling>().list().items, |ceiling| *ceiling.set_at);
    let depth = |ceiling: &DepthCeiling| (*ceiling.depth).clamp(1, deepest);
    let holds = latest.iter().map(|(_, ceiling)| depth(ceiling)).min().unwrap_or(deepest);
    let own = latest.iter().find(|(person, _)| person == me).map_or(deepest, |(_, ceiling)| depth(ceiling));
    Ceiling { holds, own }
}

impl OpenAnswer {
    /// A new one.
    ///
    /// # Errors
    /// It is empty.
    pub fn new(asked: &Asked, text: &str, origin: &Origin) -> Result<Self, Refusal> {
        check_not_empty("answer", text)?;
        Ok(Self {
            question: asked.id.as_str().into(),
            asked: asked.text.as_str().into(),
            text: text.into(),
            origin: origin.clone().into(),
        })
    }
}

impl Passed {
    /// A new one.
    #[must_use]
    pub fn new(question: &str, how: Passing, origin: &Origin) -> Self {
        Self { question: question.into(), how: how.into(), origin: origin.clone().into() }
    }
}

impl Session {
    /// A new one.
    ///
    /// # Errors
    /// There is nothing left to ask.
    pub fn new(deck: &str, questions: Vec<SessionQuestion>, origin: &Origin) -> Result<Self, Refusal> {
        if questions.is_empty() {
            return Err(Refusal::State { what: "session", state: "there is no question left to ask" });
        }
        Ok(Self { deck: deck.into(), questions: questions.into(), origin: origin.clone().into() })
    }
}

/// Refuses how many questions a session cannot have.
///
/// # Errors
/// It is too few or too many.
pub fn check_session_count(count: usize) -> Result<(), Refusal> {
    if (SESSION_QUESTIONS_MIN..=SESSION_QUESTIONS_MAX).contains(&count) {
        return Ok(());
    }
    let (from, to) = (SESSION_QUESTIONS_MIN as u64, SESSION_QUESTIONS_MAX as u64);
    Err(Refusal::Range { what: "how many questions a session has", from, to })
}

/// The key below which all that belongs to a question of a session lies. Numbers count from 1.
#[must_use]
pub fn step_key(session: &EntityId, number: usize) -> EntityId {
    EntityId::from_parts(&[session, &number])
}

/// The round of sealed answers that a question of a session is.
#[must_use]
pub fn round(chapter: &Document, id: &EntityId) -> Option<Round> {
    let mut parts = id.parts().skip(1);
    let (Some(number), None) = (parts.next(), parts.next()) else { return None };
    let number: NonZero<usize> = number.parse().ok()?;
    let session = chapter.collection::<Session>().get(&id.root()).ok()??.value;
    let question = session.questions.get(number.get() - 1)?;
    let asked = Asked { id: question.id.clone(), text: question.text.clone() };
    (step_key(&id.root(), number.get()) == *id).then(|| Round { id: id.clone(), questions: vec![asked] })
}

/// Says that a question of a session is over.
///
/// # Errors
/// The entity is damaged.
pub fn pass(
    chapter: &mut Document,
    step: &EntityId,
    passed: &Passed,
    writer: &Writer,
    now: Timestamp,
) -> Result<(), DocumentError> {
    let id = EntityId::from_parts(&[step, &writer.person, &writer.device]);
    let mut all = chapter.collection_mut::<Passed>();
    if all.contains(&id) {
        all.update(&id, |stored| stored.how.settle(*passed.how))?;
        return Ok(());
    }
    all.put(&id, passed, now)
}

/// How each question of a session was left behind; none where it was not yet. Where one of the two says that it was talked about, it
/// was.
#[must_use]
pub fn passings(chapter: &Document, id: &EntityId, session: &Session) -> Vec<Option<Passing>> {
    let all = chapter.collection::<Passed>().list().items;
    let of = |number: usize| {
        let below = format!("{}/", step_key(id, number));
        let mut hows =
            all.iter().filter(|stored| stored.id.as_str().starts_with(&below)).map(|stored| *stored.value.how);
        let first = hows.next()?;
        Some(if hows.any(|how| how != first) { Passing::Done } else { first })
    };
    (1..=session.questions.len()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::conformance;
    use crate::document::tests::{NOW, Phone};

    fn origin() -> Field<Origin> {
        Phone::new(0xa).origin().into()
    }

    #[test]
    fn they_are_proper_entities() {
        let text = "What should I ask you?";
        conformance::check(&OwnQuestion::new(text, OWN_DECK, 2, &Phone::new(0xa).writer).unwrap());
        conformance::check(&DepthCeiling { depth: 2.into(), set_at: NOW.into() });
        let question = SessionQuestion { id: "smell".to_owned(), text: text.to_owned(), depth: 1 };
        conformance::check(&Session::new("us", vec![question], &origin()).unwrap());
        conformance::check(&Passed::new("smell", Passing::Skipped, &origin()));
        let asked = Asked { id: "smell".to_owned(), text: text.to_owned() };
        conformance::check(&OpenAnswer::new(&asked, "Rain.", &origin()).unwrap());
    }
}
