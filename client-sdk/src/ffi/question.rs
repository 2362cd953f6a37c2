//! Questions, and sessions of them.

use std::sync::Arc;

use entwine_core::document::{Choice as _, EntityId};

use super::call::run_until;
use super::client::{EntwineClient, parse_choice, parse_month};
use super::error::EntwineError;
use crate::practices::question::{
    OpenAnswerView, Passing, QuestionFilter, QuestionView, SessionQuestionView, SessionView, StepState,
};

const SESSION: &str = "session";

/// A question of the decks, or an own one.
#[derive(Debug, Clone, uniffi::Record)]
pub struct CoupleQuestion {
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
#[derive(Debug, Clone, uniffi::Record)]
pub struct DepthCeiling {
    /// The depth that holds. Nothing tells whose it is.
    pub holds: u32,
    /// What this person wants.
    pub own: u32,
}

/// An answer in the open.
#[derive(Debug, Clone, uniffi::Record)]
pub struct OpenAnswer {
    /// Names it.
    pub id: String,
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

/// A session of questions.
#[derive(Debug, Clone, uniffi::Record)]
pub struct QuestionSession {
    /// Names it.
    pub id: String,
    /// The deck that it was drawn from; none where from all.
    pub deck: Option<String>,
    /// The name of who began it.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// Whether no question is left that both want.
    pub done: bool,
    /// The number of the question to talk about, from 1.
    pub now: Option<u32>,
    /// Its questions, in their order.
    pub questions: Vec<SessionQuestion>,
}

/// A question of a session.
#[derive(Debug, Clone, uniffi::Record)]
pub struct SessionQuestion {
    /// Its number, from 1.
    pub number: u32,
    /// The question's id.
    pub id: String,
    /// Its words.
    pub text: String,
    /// From 1, light, to 3, deep.
    pub depth: u32,
    /// `later`, `now`, `done` or `skipped`.
    pub state: String,
    /// The name of who answers first.
    pub begins: String,
    /// The answers in the open, the earliest first.
    pub answers: Vec<OpenAnswer>,
    /// The id of the round in which it is answered under seal.
    pub round: String,
    /// How that stands, as in `SealedRound`.
    pub sealed: String,
}

impl From<QuestionView> for CoupleQuestion {
    fn from(question: QuestionView) -> Self {
        let QuestionView { id, deck, depth, text, author } = question;
        Self { id, deck, depth, text, author }
    }
}

impl From<OpenAnswerView> for OpenAnswer {
    fn from(answer: OpenAnswerView) -> Self {
        let OpenAnswerView { id, question, asked, text, author, written_at } = answer;
        Self { id: id.to_string(), question, asked, text, author, written_at }
    }
}

impl From<SessionView> for QuestionSession {
    fn from(session: SessionView) -> Self {
        let SessionView { id, deck, author, written_at, done, now, questions } = session;
        let questions = questions.into_iter().map(SessionQuestion::from).collect();
        Self { id: id.to_string(), deck, author, written_at, done, now: now.map(small), questions }
    }
}

impl From<SessionQuestionView> for SessionQuestion {
    fn from(question: SessionQuestionView) -> Self {
        let SessionQuestionView { number, id, text, depth, state, begins, answers, round, sealed } = question;
        Self {
            number: small(number),
            id,
            text,
            depth,
            state: match state {
                StepState::Later => "later",
                StepState::Now => "now",
                StepState::Done => "done",
                StepState::Skipped => "skipped",
            }
            .to_owned(),
            begins,
            answers: answers.into_iter().map(OpenAnswer::from).collect(),
            round: round.to_string(),
            sealed: sealed.as_str().to_owned(),
        }
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The questions of a couple.
#[derive(Debug, uniffi::Object)]
pub struct Questions {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// The questions.
    pub fn questions(self: Arc<Self>) -> Result<Arc<Questions>, EntwineError> {
        Ok(Arc::new(Questions { client: self }))
    }
}

fn parse_session(id: Option<String>) -> Result<Option<EntityId>, EntwineError> {
    id.map(|id| id.parse().map_err(|_| EntwineError::unknown(SESSION, &id))).transpose()
}

#[uniffi::export]
impl Questions {
    /// Adds an own question, for both: its id.
    pub async fn add(&self, text: String, deck: String, depth: u32) -> Result<String, EntwineError> {
        let client = self.client.client()?;
        Ok(run_until(None, async move { client.questions().add(&text, &deck, depth).await }).await?.to_string())
    }

    /// Puts one's own question into the trash.
    pub async fn delete(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("question", &id)?;
        run_until(None, async move { client.questions().delete(&id).await }).await
    }

    /// The questions of a deck and a depth, or all, in the order in which they are drawn.
    pub async fn list(
        &self,
        deck: Option<String>,
        depth: Option<u32>,
        locale: String,
    ) -> Result<Vec<CoupleQuestion>, EntwineError> {
        let (client, filter) = (self.client.client()?, QuestionFilter { deck, depth });
        let found = run_until(None, async move { client.questions().list(&filter, &locale).await }).await?;
        Ok(found.into_iter().map(CoupleQuestion::from).collect())
    }

    /// The next question that was not asked yet, no deeper than both want; none where none is left.
    pub async fn draw(
        &self,
        deck: Option<String>,
        depth: Option<u32>,
        locale: String,
    ) -> Result<Option<CoupleQuestion>, EntwineError> {
        let (client, filter) = (self.client.client()?, QuestionFilter { deck, depth });
        let drawn = run_until(None, async move { client.questions().draw(&filter, &locale).await }).await?;
        Ok(drawn.map(CoupleQuestion::from))
    }

    /// Answers a question, in a session or outside: in the open, the answer's id; under seal, that of the round.
    pub async fn answer(
        &self,
        question: String,
        text: String,
        sealed: bool,
        session: Option<String>,
        locale: String,
    ) -> Result<String, EntwineError> {
        let (client, session) = (self.client.client()?, parse_session(session)?);
        let answered = run_until(None, async move {
            let (questions, session) = (client.questions(), session.as_ref());
            match sealed {
                true => questions.answer_sealed(&question, &text, session, &locale).await,
                false => questions.answer(&question, &text, session, &locale).await,
            }
        });
        Ok(answered.await?.to_string())
    }

    /// Passes a question over, without a reason: it is not drawn again.
    pub async fn skip(&self, question: String) -> Result<(), EntwineError> {
        let client = self.client.client()?;
        run_until(None, async move { client.questions().skip(&question).await }).await
    }

    /// The answers in the open, to one question or all, the newest first.
    pub async fn answers(&self, question: Option<String>) -> Result<Vec<OpenAnswer>, EntwineError> {
        let client = self.client.client()?;
        let found = run_until(None, async move { client.questions().answers(question.as_deref()).await }).await?;
        Ok(found.into_iter().map(OpenAnswer::from).collect())
    }

    /// How deep the two ask each other.
    pub async fn ceiling(&self) -> Result<DepthCeiling, EntwineError> {
        let client = self.client.client()?;
        let ceiling = run_until(None, async move { client.questions().ceiling().await }).await?;
        Ok(DepthCeiling { holds: ceiling.holds, own: ceiling.own })
    }

    /// Says how deep this person wants to be asked.
    pub async fn set_ceiling(&self, depth: u32) -> Result<(), EntwineError> {
        let client = self.client.client()?;
        run_until(None, async move { client.questions().set_ceiling(depth).await }).await
    }

    /// Begins a session of so many questions: its id.
    pub async fn start_session(
        &self,
        deck: Option<String>,
        count: u32,
        locale: String,
    ) -> Result<String, EntwineError> {
        let client = self.client.client()?;
        let count = count as usize;
        let started =
            run_until(None, async move { client.questions().sessions().start(deck.as_deref(), count, &locale).await });
        Ok(started.await?.to_string())
    }

    /// Goes on: the question to talk about is `done` or `skipped`. The session as it stands then.
    pub async fn next_in_session(&self, id: String, how: String) -> Result<QuestionSession, EntwineError> {
        let (client, id) = self.client.with_id(SESSION, &id)?;
        let how: Passing = parse_choice(&how)?;
        Ok(run_until(None, async move { client.questions().sessions().next(&id, how).await }).await?.into())
    }

    /// One session.
    pub async fn session(&self, id: String) -> Result<QuestionSession, EntwineError> {
        let (client, id) = self.client.with_id(SESSION, &id)?;
        Ok(run_until(None, async move { client.questions().sessions().show(&id).await }).await?.into())
    }

    /// The sessions of a month, or all, the newest first.
    #[uniffi::method(default(month = None))]
    pub async fn sessions(&self, month: Option<String>) -> Result<Vec<QuestionSession>, EntwineError> {
        let (client, month) = (self.client.client()?, parse_month(month)?);
        let found = run_until(None, async move { client.questions().sessions().list(month.as_ref()).await }).await?;
        Ok(found.into_iter().map(QuestionSession::from).collect())
    }
}
