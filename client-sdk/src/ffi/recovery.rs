//! Twenty-four words on paper, for whoever loses every device.

use std::sync::Arc;

use super::call::{Cancellation, run_until};
use super::client::EntwineClient;
use super::error::EntwineError;
use super::membership::owned;

#[uniffi::export]
impl EntwineClient {
    /// Makes a recovery phrase: 24 words, to be shown this once and written down. It counts once it is confirmed; until then
    /// an older one stays good, and calling this again shows the same words.
    #[uniffi::method(default(cancellation = None))]
    pub async fn make_phrase(&self, cancellation: Option<Arc<Cancellation>>) -> Result<Vec<String>, EntwineError> {
        let client = self.client()?;
        Ok(owned(run_until(cancellation, async move { client.make_phrase().await }).await?))
    }

    /// Says that the words were written down: older phrases end.
    #[uniffi::method(default(cancellation = None))]
    pub async fn confirm_phrase(&self, cancellation: Option<Arc<Cancellation>>) -> Result<(), EntwineError> {
        let client = self.client()?;
        run_until(cancellation, async move { client.confirm_phrase().await }).await
    }

    /// Whether a phrase would bring everything back.
    pub async fn is_covered_by_phrase(&self) -> Result<bool, EntwineError> {
        let client = self.client()?;
        run_until(None, async move { client.is_covered_by_phrase().await }).await
    }

    /// Comes back by the words of a phrase, into a profile that has no space yet. The spaces that came back.
    #[uniffi::method(default(cancellation = None))]
    pub async fn recover(
        &self,
        relay: String,
        words: String,
        cancellation: Option<Arc<Cancellation>>,
    ) -> Result<Vec<String>, EntwineError> {
        let client = self.client()?;
        let spaces = run_until(cancellation, async move { client.recover(&relay, &words).await }).await?;
        Ok(spaces.iter().map(ToString::to_string).collect())
    }
}
