//! Which practices a couple uses.

use std::sync::Arc;

use entwine_core::document::Choice as _;

use super::call::run_until;
use super::client::{EntwineClient, parse_choice};
use super::error::EntwineError;
use crate::practices::chosen::{PracticeView, Wanted};

/// How a practice stands with a couple. Who of the two lets it rest is not told.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Practice {
    /// What it is called.
    pub name: String,
    /// `in-use`, `at-rest` or `out-of-sight`.
    pub standing: String,
    /// What this person wants: `use` or `rest`.
    pub wanted: Option<String>,
}

impl From<PracticeView> for Practice {
    fn from(practice: PracticeView) -> Self {
        let PracticeView { name, standing, wanted } = practice;
        Self { name, standing: standing.to_owned(), wanted: wanted.map(|wanted| wanted.as_str().to_owned()) }
    }
}

/// The practices of a couple.
#[derive(Debug, uniffi::Object)]
pub struct Practices {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// The practices.
    pub fn practices(self: Arc<Self>) -> Result<Arc<Practices>, EntwineError> {
        Ok(Arc::new(Practices { client: self }))
    }
}

#[uniffi::export]
impl Practices {
    /// All of them. One is in use if somebody wants it and nobody lets it rest.
    pub async fn list(&self) -> Result<Vec<Practice>, EntwineError> {
        let client = self.client.client()?;
        let found = run_until(None, async move { client.practices().list().await }).await?;
        Ok(found.into_iter().map(Practice::from).collect())
    }

    /// Chooses for oneself what is wanted of a practice: `use` or `rest`.
    pub async fn choose(&self, name: String, wanted: String) -> Result<(), EntwineError> {
        let client = self.client.client()?;
        let wanted: Wanted = parse_choice(&wanted)?;
        run_until(None, async move { client.practices().choose(&name, wanted).await }).await
    }
}
