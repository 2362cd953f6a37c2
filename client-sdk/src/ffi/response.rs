//! Responses.

use std::sync::Arc;

use entwine_core::document::Choice as _;

use super::call::run_until;
use super::client::{EntwineClient, parse_choice};
use super::error::EntwineError;
use crate::practices::response::{self, ResponseKind, ResponseView};

/// What was said to an entry or a check-in. There is no number of anything in it.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ResponseList {
    /// How the writer of the entry or check-in wants to be heard: to be shown before anybody answers.
    pub wish: Option<String>,
    /// The responses, in the order in which they were written.
    pub responses: Vec<Response>,
}

/// A response.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Response {
    /// Names it.
    pub id: String,
    /// Names the entry or check-in that it responds to.
    pub to: String,
    /// `heard`, `reflect`, `question`, `thanks` or `validate`; `later` for what only a newer version knows.
    pub kind: String,
    /// The words; may be empty.
    pub text: String,
    /// The name of who wrote it.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// Whether only one's own devices have it, as with what it responds to.
    pub private: bool,
}

impl From<ResponseView> for Response {
    fn from(response: ResponseView) -> Self {
        let ResponseView { id, to, kind, text, author, written_at, private } = response;
        let (id, to, kind) = (id.to_string(), to.to_string(), kind.as_str().to_owned());
        Self { id, to, kind, text, author, written_at, private }
    }
}

/// The responses of a couple.
#[derive(Debug, uniffi::Object)]
pub struct Responses {
    client: Arc<EntwineClient>,
}

#[uniffi::export]
impl EntwineClient {
    /// The responses.
    pub fn responses(self: Arc<Self>) -> Result<Arc<Responses>, EntwineError> {
        Ok(Arc::new(Responses { client: self }))
    }
}

#[uniffi::export]
impl Responses {
    /// Responds to an entry or a check-in: the response's id. `heard` and `thanks` need no words.
    #[uniffi::method(default(text = ""))]
    pub async fn add(&self, to: String, kind: String, text: String) -> Result<String, EntwineError> {
        let (client, to) = self.client.with_id("journal entry or check-in", &to)?;
        let kind: ResponseKind = parse_choice(&kind)?;
        Ok(run_until(None, async move { client.responses().add(&to, kind, &text).await }).await?.to_string())
    }

    /// What was said to an entry or a check-in.
    pub async fn list(&self, to: String) -> Result<ResponseList, EntwineError> {
        let (client, to) = self.client.with_id("journal entry or check-in", &to)?;
        let response::ResponseList { wish, responses } =
            run_until(None, async move { client.responses().list(&to).await }).await?;
        let wish = wish.map(|wish| wish.as_str().to_owned());
        Ok(ResponseList { wish, responses: responses.into_iter().map(Response::from).collect() })
    }

    /// One of them, also where it lies in the trash.
    pub async fn read(&self, id: String) -> Result<Response, EntwineError> {
        let (client, id) = self.client.with_id("response", &id)?;
        Ok(run_until(None, async move { client.responses().read(&id).await }).await?.into())
    }

    /// Puts one's own into the trash.
    pub async fn delete(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("response", &id)?;
        run_until(None, async move { client.responses().delete(&id).await }).await
    }

    /// Takes one out of the trash.
    pub async fn restore(&self, id: String) -> Result<(), EntwineError> {
        let (client, id) = self.client.with_id("response", &id)?;
        run_until(None, async move { client.responses().restore(&id).await }).await
    }
}
