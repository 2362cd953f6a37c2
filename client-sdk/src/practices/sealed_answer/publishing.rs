//! When is a sealed answer opened? By its writer's phone, by itself, at the next sync after both have answered.
//!
//! Which chapters hold an answer that waits for that is kept beside the documents, so that a sync opens nothing for it where none
//! does. A chapter of the private space that comes from another device of the same person is looked through once.

use std::collections::BTreeSet;

use entwine_core::document::{Document, DocumentName, EntityId, Stored};
use entwine_core::practice::origin::Origin;
use entwine_core::practice::sealed::{self, Answers, Round, SealedAnswer};

use super::RoundPlace;
use crate::client::{Client, SpaceView};
use crate::clock;
use crate::error::Error;

const WAITING: &str = "sealed-answers-waiting";

impl Client {
    /// Notes that this chapter may hold an answer that waits to be opened.
    pub(crate) async fn wait_for_answers(&self, chapter: &DocumentName) -> Result<(), Error> {
        let chapter = chapter.to_string();
        self.storage.update_setting(WAITING, |waiting: &mut BTreeSet<String>| waiting.extend([chapter])).await?;
        Ok(())
    }

    /// The same for what has come into a chapter of the private space.
    pub(crate) async fn wait_for_answers_in(&self, chapter: &str, document: &Document) -> Result<(), Error> {
        match DocumentName::parse(chapter) {
            Ok(name) if !document.collection::<SealedAnswer>().list().items.is_empty() => {
                self.wait_for_answers(&name).await
            }
            _ => Ok(()),
        }
    }

    /// Publishes the answers of this person that both have answered. Whether there were any.
    pub(crate) async fn publish_answers(&self) -> Result<bool, Error> {
        if self.waiting().await?.is_empty() {
            return Ok(false);
        }
        self.open_arrived().await?;
        let (Ok(shared), Ok(private)) = (self.view(false).await, self.view(true).await) else { return Ok(false) };
        if shared.gone.is_some() {
            return Ok(false);
        }
        let mut is_any = false;
        for name in self.waiting().await? {
            let Ok(chapter) = DocumentName::parse(&name) else { continue };
            match self.publish_answers_in(&shared, &private, &chapter).await {
                Ok(is_published) => is_any |= is_published,
                Err(Error::Storage(error)) => return Err(error.into()),
                // A chapter that takes nothing must not keep others from being sent.
                Err(error) => tracing::warn!(%error, "a sealed answer was not published"),
            }
            if !self.is_answer_waiting(&shared, &private, &chapter).await? {
                let forget = |waiting: &mut BTreeSet<String>| {
                    waiting.remove(&name);
                };
                self.storage.update_setting(WAITING, forget).await?;
                // What was answered since is noted after it was written, or seen here.
                if self.is_answer_waiting(&shared, &private, &chapter).await? {
                    self.wait_for_answers(&chapter).await?;
                }
            }
        }
        Ok(is_any)
    }

    async fn waiting(&self) -> Result<BTreeSet<String>, Error> {
        Ok(self.storage.setting(WAITING).await?.unwrap_or_default())
    }

    async fn publish_answers_in(
        &self,
        shared: &SpaceView,
        private: &SpaceView,
        chapter: &DocumentName,
    ) -> Result<bool, Error> {
        let sealed = self.sealed_in(private, chapter).await?;
        let me = self.person(shared)?;
        let is_due = |document: &Document, round: &Round| Answers::of_chapter(document).standing(round, &me).is_due();
        let due: Vec<Round> = {
            let document = self.load(shared, chapter).await?;
            rounds(&document, &sealed).into_iter().filter(|round| is_due(&document, round)).collect()
        };
        let mut is_any = false;
        for round in due {
            is_any |= self.publish_round(shared, chapter, &round, &sealed, false).await?;
        }
        Ok(is_any)
    }

    async fn is_answer_waiting(
        &self,
        shared: &SpaceView,
        private: &SpaceView,
        chapter: &DocumentName,
    ) -> Result<bool, Error> {
        let sealed = self.sealed_in(private, chapter).await?;
        let me = self.person(shared)?;
        let document = self.load(shared, chapter).await?;
        let answers = Answers::of_chapter(&document);
        Ok(rounds(&document, &sealed).iter().any(|round| answers.standing(round, &me).is_waiting()))
    }

    async fn sealed_in(&self, private: &SpaceView, chapter: &DocumentName) -> Result<Vec<Stored<SealedAnswer>>, Error> {
        Ok(self.load(private, chapter).await?.collection::<SealedAnswer>().list().items)
    }

    async fn publish_round(
        &self,
        shared: &SpaceView,
        chapter: &DocumentName,
        round: &Round,
        sealed: &[Stored<SealedAnswer>],
        by_choice: bool,
    ) -> Result<bool, Error> {
        let writer = self.writer(shared)?;
        let origin = Origin::new(&writer, clock::now(), &clock::zone());
        let find = |id: &EntityId| sealed.iter().find(|stored| stored.id == *id).map(|stored| &stored.value);
        self.change(shared, chapter, |document, now| {
            Ok(sealed::publish(document, round, &writer, find, by_choice, &origin, now)?)
        })
        .await
    }

    /// Publishes this person's answer to a round that the other passes over. Whether it is here.
    pub(super) async fn publish_by_choice(&self, place: &RoundPlace) -> Result<bool, Error> {
        self.round_standing(place).await?.check_publishing()?;
        let private = self.view(true).await?;
        let sealed = self.sealed_in(&private, &place.chapter).await?;
        self.publish_round(&place.view, &place.chapter, &place.round, &sealed, true).await
    }
}

/// The rounds that these answers were given in, as far as the shared chapter has them by now.
fn rounds(shared: &Document, sealed: &[Stored<SealedAnswer>]) -> Vec<Round> {
    let ids: BTreeSet<EntityId> = sealed.iter().filter_map(|stored| sealed::round_of(&stored.id)).collect();
    ids.iter().filter_map(|id| sealed::round(shared, id)).collect()
}
