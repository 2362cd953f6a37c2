//! Search.

use std::sync::Arc;

use super::call::{Cancellation, run_until};
use super::client::EntwineClient;
use super::error::EntwineError;
use crate::practices::Hit;

/// Where words were found.
#[derive(Debug, Clone, uniffi::Record)]
pub struct SearchHit {
    /// What it is, or belongs to: `entry`, `ritual`, …, as events call it.
    pub what: String,
    /// Names it.
    pub id: String,
    /// When it was made, as RFC 3339 in the time zone of this phone.
    pub made_at: String,
    /// Whether only one's own devices have it.
    pub private: bool,
    /// The words around what was found.
    pub excerpt: String,
}

impl From<Hit> for SearchHit {
    fn from(hit: Hit) -> Self {
        let Hit { what, id, made_at, private, excerpt } = hit;
        Self { what: what.to_owned(), id: id.to_string(), made_at, private, excerpt }
    }
}

#[uniffi::export]
impl EntwineClient {
    /// Looks for words in everything that this device has, whatever their case and accents: all of them must stand in a thing. The
    /// newest first. It opens one month after the other.
    #[uniffi::method(default(cancellation = None))]
    pub async fn search(
        &self,
        words: String,
        cancellation: Option<Arc<Cancellation>>,
    ) -> Result<Vec<SearchHit>, EntwineError> {
        let client = self.client()?;
        let hits = run_until(cancellation, async move { client.search(&words, |_| ()).await }).await?;
        Ok(hits.into_iter().map(SearchHit::from).collect())
    }
}
