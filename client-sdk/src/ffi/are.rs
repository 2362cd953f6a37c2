//! The A.R.E. look.

use std::sync::Arc;

use super::call::run_until;
use super::client::EntwineClient;
use super::error::EntwineError;
use super::sealed_answer::SealedRound;
use crate::error::Error;
use crate::practices::are::Week;

/// The A.R.E. looks of a couple. Each is a round of sealed answers, whose id is its week, such as `2026-W48`.
#[derive(Debug, uniffi::Object)]
pub struct AreLooks {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// The A.R.E. looks.
    pub fn are_looks(self: Arc<Self>) -> Result<Arc<AreLooks>, EntwineError> {
        Ok(Arc::new(AreLooks { client: self }))
    }
}

impl AreLooks {
    /// A week that an app names, or the one that it is.
    fn week(&self, week: Option<String>) -> Result<Week, EntwineError> {
        match week {
            Some(week) => Ok(week.parse().map_err(Error::Refused)?),
            None => Ok(self.client.client()?.are_looks().this_week()),
        }
    }
}

#[uniffi::export]
impl AreLooks {
    /// The look of a week, or of this one, in the words of a locale.
    pub async fn read(&self, week: Option<String>, locale: String) -> Result<SealedRound, EntwineError> {
        let (client, week) = (self.client.client()?, self.week(week)?);
        Ok(run_until(None, async move { client.are_looks().show(week, &locale).await }).await?.into())
    }

    /// Answers the three questions of a week, or of this one; an empty text passes one over. The id of the round.
    pub async fn answer(&self, week: Option<String>, texts: Vec<String>) -> Result<String, EntwineError> {
        let (client, week) = (self.client.client()?, self.week(week)?);
        Ok(run_until(None, async move { client.are_looks().answer(week, &texts).await }).await?.to_string())
    }

    /// The looks that this person has answered or passed over, the latest first.
    pub async fn list(&self, locale: String) -> Result<Vec<SealedRound>, EntwineError> {
        let client = self.client.client()?;
        let looks = run_until(None, async move { client.are_looks().list(&locale).await }).await?;
        Ok(looks.into_iter().map(SealedRound::from).collect())
    }
}
