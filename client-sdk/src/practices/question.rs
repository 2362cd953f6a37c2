//! Questions: to be drawn one by one or gone through in a session, and answered in the open or under seal.

mod session;

use std::collections::BTreeSet;

use entwine_core::content::Content;
use entwine_core::document::{DocumentName, EntityId, LimitExceeded};
use entwine_core::limits::ANSWER_BYTES_MAX;
use entwine_core::practice::question::drawing::{Card, Wish, asked_in, cards};
use entwine_core::practice::question::{self, OpenAnswer, OwnQuestion, Passed, check_deck, check_depth};
pub use entwine_core::practice::question::{OWN_DECK, Passing};
use entwine_core::practice::refusal::{Refusal, check_not_empty};
use entwine_core::practice::sealed::Asked;
use serde::Serialize;

pub use session::{SessionQuestionView, SessionView, Sessions, StepState};

use super::Names;
use super::dated::{Shown, Which};
use crate::client::{Client, SpaceView};
use crate::error::Error;
use crate::{clock, random};

/// A question of the decks, or an own one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuestionView {
    /// Names it.
    pub id: String,
    /// Its deck's id.
    pub deck: String,
    /// From 1, light, to 3, deep.
    pub depth: u32,
    /// Its words.
    pub text: String,
    /// The name of who made it up; none for what comes along.
    pub author: Option<String>,
}

/// How deep the two ask each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CeilingView {
    /// The depth that holds. Nothing tells whose it is.
    pub holds: u32,
    /// What this person wants.
    pub own: u32,
}

/// An answer in the open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenAnswerView {
    /// Names it.
    pub id: EntityId,
    /// The question's id.
    pub question: String,
    /// The question, as it was asked.
    pub asked: String,
    /// The answer.
    pub text: String,
    /// The name of who gave it.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
}

/// Which questions.
#[derive(Debug, Clone, Default)]
pub struct QuestionFilter {
    /// Those of one deck.
    pub deck: Option<String>,
    /// Those of one depth.
    pub depth: Option<u32>,
}

/// The questions of a couple.
#[derive(Debug, Clone, Copy)]
pub struct Questions<'c> {
    client: &'c Client,
}

impl Client {
    /// The questions.
    #[must_use]
    pub fn questions(&self) -> Questions<'_> {
        Questions { client: self }
    }

    /// A question of the decks or an own one, to be asked in the words of a locale.
    pub(crate) async fn asked(&self, id: &str, locale: &str) -> Result<Asked, Error> {
        let view = self.opened_view(false).await?;
        let home = self.load(&view, &DocumentName::home()).await?;
        let card = cards(&Content::of(locale), &home).into_iter().find(|card| card.id == id);
        let card = card.ok_or_else(|| Error::NotFound { what: "question", id: id.to_owned() })?;
        Ok(Asked { id: card.id, text: card.text })
    }

    /// The ids of all questions that were asked. Opens one month after the other.
    async fn asked_before(&self, view: &SpaceView) -> Result<BTreeSet<String>, Error> {
        let mut asked = BTreeSet::new();
        for chapter in self.chapters(view).await? {
            asked.extend(asked_in(&*self.load(view, &chapter).await?));
        }
        Ok(asked)
    }
}

impl Questions<'_> {
    /// Adds an own question, for both: its id.
    ///
    /// # Errors
    /// There is no space, no such deck or depth, or the question is empty or too long.
    pub async fn add(&self, text: &str, deck: &str, depth: u32) -> Result<EntityId, Error> {
        let view = self.client.view(false).await?;
        let question = OwnQuestion::new(text, deck, depth, &self.client.writer(&view)?)?;
        let id = EntityId::make(clock::now(), &mut random::generator());
        self.client
            .change(&view, &DocumentName::home(), |home, now| Ok(question::add(home, &id, &question, now)?))
            .await?;
        Ok(id)
    }

    /// Puts one's own question into the trash.
    ///
    /// # Errors
    /// There is no such question, or the partner made it up.
    pub async fn delete(&self, id: &EntityId) -> Result<(), Error> {
        let view = self.client.opened_view(false).await?;
        let me = self.client.person(&view)?.to_string();
        self.client
            .change(&view, &DocumentName::home(), |home, now| {
                let mut questions = home.collection_mut::<OwnQuestion>();
                let question = questions.get(id)?.ok_or_else(|| no_question(id.as_str()))?;
                if *question.value.by != me {
                    return Err(Refusal::NotYours("question").into());
                }
                questions.remove(id, now)?;
                Ok(())
            })
            .await
    }

    /// The questions that there are, in the words of a locale, in the order in which they are drawn.
    ///
    /// # Errors
    /// There is no space, or no such deck or depth.
    pub async fn list(&self, filter: &QuestionFilter, locale: &str) -> Result<Vec<QuestionView>, Error> {
        filter.check()?;
        let view = self.client.opened_view(false).await?;
        let names = self.client.names(&view).await?;
        let home = self.client.load(&view, &DocumentName::home()).await?;
        let is_wanted = |card: &Card| {
            filter.deck.as_ref().is_none_or(|deck| card.deck == *deck)
                && filter.depth.is_none_or(|depth| card.depth == depth)
        };
        let cards = cards(&Content::of(locale), &home).into_iter().filter(is_wanted);
        Ok(cards.map(|card| QuestionView::of(card, &names)).collect())
    }

    /// The next question that was not asked yet, no deeper than both want; none where none is left. It counts as asked once one of
    /// the two has answered it or passed it over, so both draw the same one until then.
    ///
    /// # Errors
    /// There is no space, or no such deck or depth.
    pub async fn draw(&self, filter: &QuestionFilter, locale: &str) -> Result<Option<QuestionView>, Error> {
        filter.check()?;
        let view = self.client.opened_view(false).await?;
        let (names, asked) = (self.client.names(&view).await?, self.client.asked_before(&view).await?);
        let me = self.client.person(&view)?;
        let home = self.client.load(&view, &DocumentName::home()).await?;
        let ceiling = question::ceiling(&home, &me).holds;
        let wish = Wish { deck: filter.deck.as_deref(), depth: filter.depth, ceiling };
        let drawn = wish.draw(&cards(&Content::of(locale), &home), &asked).cloned();
        Ok(drawn.map(|card| QuestionView::of(card, &names)))
    }

    /// Answers a question in the open: the answer's id. `session`: the one in which it was asked.
    ///
    /// # Errors
    /// There is no such question, or none in this session, or the answer is empty or too long.
    pub async fn answer(
        &self,
        question: &str,
        text: &str,
        session: Option<&EntityId>,
        locale: &str,
    ) -> Result<EntityId, Error> {
        let Some(session) = session else {
            let asked = self.client.asked(question, locale).await?;
            return self.client.keep(false, |origin| OpenAnswer::new(&asked, text, origin)).await;
        };
        self.sessions().answer(session, question, text).await
    }

    /// Answers a question under seal: the id of the round. Outside a session it opens a round of its own, which the other finds among
    /// the sealed answers.
    ///
    /// # Errors
    /// There is no such question, or none in this session, both have answered, or the answer is empty or too long.
    pub async fn answer_sealed(
        &self,
        question: &str,
        text: &str,
        session: Option<&EntityId>,
        locale: &str,
    ) -> Result<EntityId, Error> {
        let sealed = self.client.sealed_answers();
        let texts = [text.to_owned()];
        let round = match session {
            Some(session) => self.sessions().step(session, question).await?,
            None => {
                // Refused before anything is opened.
                check_not_empty("answer", text)?;
                LimitExceeded::check_bytes("answer", text.len(), ANSWER_BYTES_MAX)?;
                sealed.open_asked(vec![self.client.asked(question, locale).await?]).await?
            }
        };
        sealed.answer(&round, &texts).await?;
        Ok(round)
    }

    /// Passes a question over, without a reason: it is not drawn again. Of a session, its `next` does that.
    ///
    /// # Errors
    /// There is no such question.
    pub async fn skip(&self, question: &str) -> Result<(), Error> {
        let asked = self.client.asked(question, "en").await?;
        let skipped = |origin: &_| Ok(Passed::new(&asked.id, Passing::Skipped, origin));
        self.client.keep(false, skipped).await.map(|_| ())
    }

    /// The answers in the open, to one question or all, the newest first. Those of sessions are among them.
    ///
    /// # Errors
    /// There is no space.
    pub async fn answers(&self, question: Option<&str>) -> Result<Vec<OpenAnswerView>, Error> {
        let found = self.client.collect::<OpenAnswer>(None, Which::Listed).await?;
        let is_wanted = |shown: &Shown<OpenAnswer>| question.is_none_or(|id| *shown.stored.value.question == id);
        Ok(found.into_iter().filter(is_wanted).map(OpenAnswerView::from).collect())
    }

    /// How deep the two ask each other.
    ///
    /// # Errors
    /// There is no space.
    pub async fn ceiling(&self) -> Result<CeilingView, Error> {
        let view = self.client.opened_view(false).await?;
        let me = self.client.person(&view)?;
        let question::Ceiling { holds, own } =
            question::ceiling(&*self.client.load(&view, &DocumentName::home()).await?, &me);
        Ok(CeilingView { holds, own })
    }

    /// Says how deep this person wants to be asked. The lower ceiling of the two holds.
    ///
    /// # Errors
    /// There is no space, or no such depth.
    pub async fn set_ceiling(&self, depth: u32) -> Result<(), Error> {
        check_depth(depth)?;
        let view = self.client.view(false).await?;
        let writer = self.client.writer(&view)?;
        self.client
            .change(&view, &DocumentName::home(), |home, now| Ok(question::set_ceiling(home, &writer, depth, now)?))
            .await
    }

    /// The sessions.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::new(self.client)
    }
}

impl QuestionFilter {
    fn check(&self) -> Result<(), Refusal> {
        self.deck.as_deref().map_or(Ok(()), check_deck)?;
        self.depth.map_or(Ok(()), check_depth)
    }
}

impl QuestionView {
    fn of(card: Card, names: &Names) -> Self {
        let author = card.by.map(|by| names.of(by.parse().ok()));
        Self { id: card.id, deck: card.deck, depth: card.depth, text: card.text, author }
    }
}

impl From<Shown<OpenAnswer>> for OpenAnswerView {
    fn from(shown: Shown<OpenAnswer>) -> Self {
        let answer = shown.stored.value;
        Self {
            id: shown.stored.id,
            question: answer.question.get().clone(),
            asked: answer.asked.get().clone(),
            text: answer.text.as_str().to_owned(),
            author: shown.author,
            written_at: shown.written_at,
        }
    }
}

fn no_question(id: &str) -> Error {
    Error::NotFound { what: "question", id: id.to_owned() }
}
