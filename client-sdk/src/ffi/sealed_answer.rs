//! Sealed answers.

use std::sync::Arc;

use entwine_core::document::Choice as _;

use super::call::run_until;
use super::client::{EntwineClient, parse_month};
use super::error::EntwineError;
use crate::practices::sealed_answer::{AskedView, RoundView};

const WHAT: &str = "round of sealed answers";

/// Questions that both answer under seal, and how that stands for this person.
#[derive(Debug, Clone, uniffi::Record)]
pub struct SealedRound {
    /// Names it.
    pub id: String,
    /// The questions, in their order.
    pub questions: Vec<AskedQuestion>,
    /// `open`, `you answered`, `both answered`, `revealed`, `does not match` or `skipped`.
    pub state: String,
    /// What this person answered, a text for each question, as far as this device has it.
    pub yours: Option<Vec<String>>,
    /// What the other answered, once both can read both.
    pub theirs: Option<Vec<String>>,
    /// How many more answers the other had sealed, which stayed so.
    pub unopened: u32,
    /// The name of who opened it; of rounds that nobody opened, none.
    pub opened_by: Option<String>,
    /// When, as RFC 3339 with the opener's offset.
    pub opened_at: Option<String>,
}

/// A question, as it was asked.
#[derive(Debug, Clone, uniffi::Record)]
pub struct AskedQuestion {
    /// Its id among the words that come along, or the id of an own one; empty for what was only typed.
    pub id: String,
    /// Its words.
    pub text: String,
}

impl From<RoundView> for SealedRound {
    fn from(round: RoundView) -> Self {
        let RoundView { id, questions, state, yours, theirs, unopened, opened_by, opened_at } = round;
        let questions = questions.into_iter().map(|AskedView { id, text }| AskedQuestion { id, text }).collect();
        let unopened = u32::try_from(unopened).unwrap_or(u32::MAX);
        Self {
            id: id.to_string(),
            questions,
            state: state.as_str().to_owned(),
            yours,
            theirs,
            unopened,
            opened_by,
            opened_at,
        }
    }
}

/// The sealed answers of a couple. Rounds are also the questions of a session, and the A.R.E. looks: all of these calls take their
/// ids.
#[derive(Debug, uniffi::Object)]
pub struct SealedAnswers {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// The sealed answers.
    pub fn sealed_answers(self: Arc<Self>) -> Result<Arc<SealedAnswers>, EntwineError> {
        Ok(Arc::new(SealedAnswers { client: self }))
    }
}

#[uniffi::export]
impl SealedAnswers {
    /// Opens a round with a question of one's own: its id.
    pub async fn open(&self, question: String) -> Result<String, EntwineError> {
        let client = self.client.client()?;
        Ok(run_until(None, async move { client.sealed_answers().open(&question).await }).await?.to_string())
    }

    /// Opens a round with a question of the decks, in the words of a locale: its id.
    pub async fn open_question(&self, id: String, locale: String) -> Result<String, EntwineError> {
        let client = self.client.client()?;
        let opened = run_until(None, async move { client.sealed_answers().open_question(&id, &locale).await });
        Ok(opened.await?.to_string())
    }

    /// Answers: a text for each question, empty where one is passed over.
    pub async fn answer(&self, id: String, texts: Vec<String>) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id(WHAT, &id)?;
        run_until(None, async move { client.sealed_answers().answer(&id, &texts).await }).await
    }

    /// Passes a round over, without a reason, and withdraws what one has answered.
    pub async fn skip(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id(WHAT, &id)?;
        run_until(None, async move { client.sealed_answers().skip(&id).await }).await
    }

    /// Shows one's answer to the other, who passes the round over.
    pub async fn publish(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id(WHAT, &id)?;
        run_until(None, async move { client.sealed_answers().publish(&id).await }).await
    }

    /// One round.
    pub async fn read(&self, id: String) -> Result<SealedRound, EntwineError> {
        let (client, id) = self.client.with_id(WHAT, &id)?;
        Ok(run_until(None, async move { client.sealed_answers().show(&id).await }).await?.into())
    }

    /// The rounds that were opened in a month, or all, the newest first.
    #[uniffi::method(default(month = None))]
    pub async fn list(&self, month: Option<String>) -> Result<Vec<SealedRound>, EntwineError> {
        let (client, month) = (self.client.client()?, parse_month(month)?);
        let found = run_until(None, async move { client.sealed_answers().list(month.as_ref()).await }).await?;
        Ok(found.into_iter().map(SealedRound::from).collect())
    }
}
