//! Responses: what one says to an entry or a check-in of the other.

use entwine_core::document::{DocumentName, EntityId};
use entwine_core::practice::check_in::CheckIn;
use entwine_core::practice::journal::JournalEntry;
use entwine_core::practice::origin::Dated;
use entwine_core::practice::refusal::Refusal;
use entwine_core::practice::response::Response;
pub use entwine_core::practice::response::ResponseKind;
use serde::Serialize;

use super::ListeningWish;
use super::dated::{Found, Shown};
use crate::client::{Client, SpaceView};
use crate::error::Error;

/// What was said to an entry or a check-in. There is no number of anything in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResponseList {
    /// How the writer of the entry or check-in wants to be heard: to be shown before anybody answers.
    pub wish: Option<ListeningWish>,
    /// The responses, in the order in which they were written.
    pub responses: Vec<ResponseView>,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResponseView {
    /// Names it.
    pub id: EntityId,
    /// Names the entry or check-in that it responds to.
    pub to: EntityId,
    /// `heard`, `reflect`, `question`, `thanks` or `validate`.
    pub kind: ResponseKind,
    /// The words; may be empty.
    pub text: String,
    /// The name of who wrote it.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// Whether only one's own devices have it, as with what it responds to.
    pub private: bool,
}

/// The responses of a couple.
#[derive(Debug, Clone, Copy)]
pub struct Responses<'c> {
    client: &'c Client,
}

impl Client {
    /// The responses.
    #[must_use]
    pub fn responses(&self) -> Responses<'_> {
        Responses { client: self }
    }
}

/// What is responded to.
struct Answered {
    view: SpaceView,
    chapter: DocumentName,
    id: EntityId,
    wish: Option<ListeningWish>,
    /// What it is, where it lies in the trash.
    trashed: Option<&'static str>,
}

impl Responses<'_> {
    /// Responds to an entry or a check-in: the response's id. `heard` and `thanks` need no words.
    ///
    /// # Errors
    /// There is no such entry or check-in, it lies in the trash, or the words are missing or too long.
    pub async fn add(&self, to: &EntityId, kind: ResponseKind, text: &str) -> Result<EntityId, Error> {
        let Answered { view, chapter, id, trashed, .. } = self.answered(to).await?;
        if let Some(what) = trashed {
            return Err(Refusal::State { what, state: "it lies in the trash: restore it first" }.into());
        }
        self.client.keep_below((&view, &chapter, &id), |origin| Response::new(kind, text, origin)).await
    }

    /// How the writer of an entry or a check-in wants to be heard.
    ///
    /// # Errors
    /// There is no such entry or check-in.
    pub async fn wish(&self, to: &EntityId) -> Result<Option<ListeningWish>, Error> {
        Ok(self.answered(to).await?.wish)
    }

    /// What was said to an entry or a check-in.
    ///
    /// # Errors
    /// There is no such entry or check-in.
    pub async fn list(&self, to: &EntityId) -> Result<ResponseList, Error> {
        let Answered { view, chapter, id, wish, .. } = self.answered(to).await?;
        let responses = self.client.collect_below((&view, &chapter, &id)).await?;
        Ok(ResponseList { wish, responses: responses.into_iter().map(ResponseView::from).collect() })
    }

    /// One of them, also where it lies in the trash.
    ///
    /// # Errors
    /// There is no such response.
    pub async fn read(&self, id: &EntityId) -> Result<ResponseView, Error> {
        Ok(self.client.show(id).await?.into())
    }

    /// Puts one's own into the trash.
    ///
    /// # Errors
    /// There is no such response, or the partner wrote it.
    pub async fn delete(&self, id: &EntityId) -> Result<(), Error> {
        self.client.put_own_into_trash::<Response>(id).await
    }

    /// Takes one out of the trash.
    ///
    /// # Errors
    /// There is no such response.
    pub async fn restore(&self, id: &EntityId) -> Result<(), Error> {
        self.client.restore::<Response>(id).await
    }

    async fn answered(&self, id: &EntityId) -> Result<Answered, Error> {
        match self.client.find::<JournalEntry>(id).await {
            Ok(found) => return Ok(Answered::of(found, |entry| *entry.wish)),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        match self.client.find::<CheckIn>(id).await {
            Ok(found) => Ok(Answered::of(found, |check_in| *check_in.wish)),
            Err(Error::NotFound { id, .. }) => Err(Error::NotFound { what: "journal entry or check-in", id }),
            Err(error) => Err(error),
        }
    }
}

impl Answered {
    fn of<T: Dated>(found: Found<T>, wish: impl FnOnce(&T) -> Option<ListeningWish>) -> Self {
        let Found { view, chapter, stored, .. } = found;
        let trashed = stored.trashed_at.is_some().then_some(T::WHAT);
        Self { view, chapter, id: stored.id, wish: wish(&stored.value), trashed }
    }
}

impl From<Shown<Response>> for ResponseView {
    fn from(shown: Shown<Response>) -> Self {
        let Response { kind, text, .. } = shown.stored.value;
        Self {
            to: shown.stored.id.root(),
            id: shown.stored.id,
            kind: *kind,
            text: text.as_str().to_owned(),
            author: shown.author,
            written_at: shown.written_at,
            private: shown.private,
        }
    }
}
