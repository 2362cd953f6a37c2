//! Check-ins.

use std::collections::HashMap;
use std::sync::Arc;

use entwine_core::document::Choice;

use super::call::run_until;
use super::client::{EntwineClient, parse_choice, parse_month};
use super::error::EntwineError;
use crate::practices::check_in::{self, CheckInView};

/// What a check-in says. What is none is left out of a new one, and left as it is in one that is there; an empty text says nothing of it
/// any more.
#[derive(Debug, Clone, uniffi::Record)]
pub struct CheckInWords {
    /// How the writer is: `stormy`, `heavy`, `even`, `light`, `bright`, or own words.
    #[uniffi(default = None)]
    pub mood: Option<String>,
    /// How much strength there is: `low`, `middle` or `high`.
    #[uniffi(default = None)]
    pub energy: Option<String>,
    /// Ids of the wheel of feelings, or own words.
    #[uniffi(default = None)]
    pub feelings: Option<Vec<String>>,
    /// What is needed today.
    #[uniffi(default = None)]
    pub need: Option<String>,
    /// How open to a deep talk: `open`, `maybe` or `not-today`.
    #[uniffi(default = None)]
    pub talk: Option<String>,
    /// One line of the day.
    #[uniffi(default = None)]
    pub line: Option<String>,
    /// How the writer wants to be heard: `just-listen`, `ask-me` or `think-with-me`.
    #[uniffi(default = None)]
    pub wish: Option<String>,
    /// The part of the day: `morning`, `evening` or `any`.
    #[uniffi(default = None)]
    pub part: Option<String>,
}

/// A check-in.
#[derive(Debug, Clone, uniffi::Record)]
pub struct CheckIn {
    /// Names it.
    pub id: String,
    /// How the writer wants to be heard.
    pub wish: Option<String>,
    /// How the writer is; may be empty.
    pub mood: String,
    /// How much strength there is.
    pub energy: Option<String>,
    /// In alphabetical order.
    pub feelings: Vec<String>,
    /// What is needed today; may be empty.
    pub need: String,
    /// How open to a deep talk.
    pub talk: Option<String>,
    /// One line of the day; may be empty.
    pub line: String,
    /// The part of the day.
    pub part: String,
    /// The name of who wrote it.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// Whether only one's own devices have it.
    pub private: bool,
    /// How many photos and voice notes a later version has put beside it.
    pub attachments: u32,
    /// Whether it lies in the trash.
    pub trashed: bool,
    /// By field, the other values of what was chosen differently on one's own devices apart.
    pub alternatives: HashMap<String, Vec<String>>,
}

impl From<CheckInView> for CheckIn {
    fn from(check_in: CheckInView) -> Self {
        Self {
            id: check_in.id.to_string(),
            wish: word(check_in.wish),
            mood: check_in.mood,
            energy: word(check_in.energy),
            feelings: check_in.feelings,
            need: check_in.need,
            talk: word(check_in.talk),
            line: check_in.line,
            part: check_in.part.as_str().to_owned(),
            author: check_in.author,
            written_at: check_in.written_at,
            private: check_in.private,
            attachments: u32::try_from(check_in.attachments).unwrap_or(u32::MAX),
            trashed: check_in.trashed,
            alternatives: check_in.alternatives.into_iter().collect(),
        }
    }
}

fn word<C: Choice>(choice: Option<C>) -> Option<String> {
    choice.map(|choice| choice.as_str().to_owned())
}

/// A word, or an empty text for none any more.
fn parse_word<C: Choice>(word: Option<&str>) -> Result<Option<Option<C>>, EntwineError> {
    match word {
        Some("") => Ok(Some(None)),
        word => Ok(word.map(parse_choice).transpose()?.map(Some)),
    }
}

impl TryFrom<CheckInWords> for check_in::CheckInWords {
    type Error = EntwineError;

    fn try_from(words: CheckInWords) -> Result<Self, EntwineError> {
        let CheckInWords { mood, energy, feelings, need, talk, line, wish, part } = words;
        let (energy, talk) = (parse_word(energy.as_deref())?, parse_word(talk.as_deref())?);
        let (wish, part) = (parse_word(wish.as_deref())?, part.as_deref().map(parse_choice).transpose()?);
        Ok(Self { mood, energy, feelings, need, talk, line, wish, part })
    }
}

/// The check-ins of a couple.
#[derive(Debug, uniffi::Object)]
pub struct CheckIns {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// The check-ins.
    pub fn check_ins(self: Arc<Self>) -> Result<Arc<CheckIns>, EntwineError> {
        Ok(Arc::new(CheckIns { client: self }))
    }
}

#[uniffi::export]
impl CheckIns {
    /// Checks in, for both or for oneself alone: its id. One word of anything is enough.
    #[uniffi::method(default(private = false))]
    pub async fn add(&self, words: CheckInWords, private: bool) -> Result<String, EntwineError> {
        let (client, words) = (self.client.client()?, words.try_into()?);
        Ok(run_until(None, async move { client.check_ins().add(words, private).await }).await?.to_string())
    }

    /// Changes one's own: only what is given.
    pub async fn change(&self, id: String, words: CheckInWords) -> Result<(), EntwineError> {
        let ((client, id), words) = (self.client.with_id("check-in", &id)?, words.try_into()?);
        run_until(None, async move { client.check_ins().set(&id, words).await }).await
    }

    /// Those of a month, or all, the newest first; one's own private ones too.
    #[uniffi::method(default(month = None))]
    pub async fn list(&self, month: Option<String>) -> Result<Vec<CheckIn>, EntwineError> {
        let (client, month) = (self.client.client()?, parse_month(month)?);
        let found = run_until(None, async move { client.check_ins().list(month.as_ref()).await }).await?;
        Ok(found.into_iter().map(CheckIn::from).collect())
    }

    /// One of them, also where it lies in the trash.
    pub async fn read(&self, id: String) -> Result<CheckIn, EntwineError> {
        let (client, id) = self.client.with_id("check-in", &id)?;
        Ok(run_until(None, async move { client.check_ins().read(&id).await }).await?.into())
    }

    /// Puts one's own into the trash.
    pub async fn delete(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("check-in", &id)?;
        run_until(None, async move { client.check_ins().delete(&id).await }).await
    }

    /// Takes one out of the trash.
    pub async fn restore(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("check-in", &id)?;
        run_until(None, async move { client.check_ins().restore(&id).await }).await
    }
}
