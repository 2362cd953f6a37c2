//! Sealed answers: both answer a question, and neither can read the other's before both have.

mod publishing;

use entwine_core::document::{DocumentName, EntityId};
use entwine_core::id::PersonId;
use entwine_core::practice::are::Week;
use entwine_core::practice::origin::Origin;
pub use entwine_core::practice::sealed::RoundState;
use entwine_core::practice::sealed::{self, Answers, Asked, Round, SealedAnswer, Sitting, Standing};
use serde::Serialize;

use super::Month;
use super::dated::{Shown, Which};
use crate::client::{Client, SpaceView};
use crate::error::Error;
use crate::{clock, random};

/// Questions that both answer under seal, and how that stands for this person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoundView {
    /// Names it.
    pub id: EntityId,
    /// The questions, in their order.
    pub questions: Vec<AskedView>,
    /// `open`, `you answered`, `both answered`, `revealed`, `does not match` or `skipped`.
    pub state: RoundState,
    /// What this person answered, a text for each question, as far as this device has it.
    pub yours: Option<Vec<String>>,
    /// What the other answered, once both can read both.
    pub theirs: Option<Vec<String>>,
    /// How many more answers the other had sealed, which stayed so: of another device, say.
    pub unopened: usize,
    /// The name of who opened it; of rounds that nobody opened, none.
    pub opened_by: Option<String>,
    /// When, as RFC 3339 with the opener's offset.
    pub opened_at: Option<String>,
}

/// A question, as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedView {
    /// Its id among the words that come along, or the id of an own one; empty for what was only typed.
    pub id: String,
    /// Its words.
    pub text: String,
}

/// The sealed answers of a couple.
#[derive(Debug, Clone, Copy)]
pub struct SealedAnswers<'c> {
    client: &'c Client,
}

/// A round, and where it lies.
pub(crate) struct RoundPlace {
    view: SpaceView,
    chapter: DocumentName,
    me: PersonId,
    pub(crate) round: Round,
}

impl Client {
    /// The sealed answers.
    #[must_use]
    pub fn sealed_answers(&self) -> SealedAnswers<'_> {
        SealedAnswers { client: self }
    }

    /// A round of the space in use.
    pub(crate) async fn round(&self, id: &EntityId) -> Result<RoundPlace, Error> {
        let view = self.opened_view(false).await?;
        let me = self.person(&view)?;
        for chapter in sealed::chapters_of(id) {
            let round = sealed::round(&*self.load(&view, &chapter).await?, id);
            if let Some(round) = round {
                return Ok(RoundPlace { view, chapter, me, round });
            }
        }
        Err(Error::NotFound { what: "round of sealed answers", id: id.to_string() })
    }

    async fn round_standing(&self, place: &RoundPlace) -> Result<Standing, Error> {
        let shared = self.load(&place.view, &place.chapter).await?;
        Ok(Answers::of_chapter(&shared).standing(&place.round, &place.me))
    }

    /// What this person's private space has under this key.
    async fn sealed(&self, chapter: &DocumentName, id: &EntityId) -> Result<Option<SealedAnswer>, Error> {
        let Ok(private) = self.view(true).await else { return Ok(None) };
        let stored = self.load(&private, chapter).await?.collection::<SealedAnswer>().get(id)?;
        Ok(stored.map(|stored| stored.value))
    }

    /// A round, as an app shows it.
    pub(crate) async fn round_view(&self, place: &RoundPlace) -> Result<RoundView, Error> {
        let standing = self.round_standing(place).await?;
        let yours = match standing.my_answer() {
            Some(id) => self.sealed(&place.chapter, id).await?.map(|answer| answer.texts.to_vec()),
            None => None,
        };
        Ok(RoundView {
            id: place.round.id.clone(),
            questions: asked_views(&place.round),
            state: standing.state(),
            yours,
            theirs: standing.their_texts().map(<[String]>::to_vec),
            unopened: standing.their_unopened(),
            opened_by: None,
            opened_at: None,
        })
    }

    /// Seals an answer: first into the private space, so that there is never a commitment without what it holds.
    pub(crate) async fn answer_sealed(&self, place: &RoundPlace, texts: &[String]) -> Result<(), Error> {
        if let Some(week) = Week::of_key(&place.round.id) {
            week.check_has_come(&self.are_looks().this_week())?;
        }
        let private = self.view(true).await?;
        self.round_standing(place).await?.check_answering()?;
        let RoundPlace { view, chapter, me, round } = place;
        let (now, mut rng) = (clock::now(), random::generator());
        let origin = Origin::new(&self.writer(view)?, now, &clock::zone());
        let id = EntityId::make_below(&round.id, now, &mut rng);
        let (answer, commitment) = sealed::seal(round, me, texts, &origin, &mut rng)?;
        self.wait_for_answers(chapter).await?;
        self.change(&private, chapter, |document, now| Ok(document.collection_mut().put(&id, &answer, now)?)).await?;
        self.change(view, chapter, |document, now| {
            Answers::of_chapter(document).standing(round, me).check_answering()?;
            Ok(sealed::commit(document, round, &id, &commitment, me, now)?)
        })
        .await?;
        // Again: another program may have looked in between, and found nothing that waits.
        self.wait_for_answers(chapter).await
    }

    /// Passes a round over.
    pub(crate) async fn skip_round(&self, place: &RoundPlace) -> Result<(), Error> {
        let RoundPlace { view, chapter, me, round } = place;
        let writer = self.writer(view)?;
        let origin = Origin::new(&writer, clock::now(), &clock::zone());
        self.change(view, chapter, |document, now| {
            Answers::of_chapter(document).standing(round, me).check_skipping()?;
            Ok(sealed::skip(document, round, &writer, &origin, now)?)
        })
        .await
    }
}

impl SealedAnswers<'_> {
    /// Opens a round with a question of one's own: its id.
    ///
    /// # Errors
    /// There is no space, or the question is empty or too long.
    pub async fn open(&self, question: &str) -> Result<EntityId, Error> {
        self.open_asked(vec![Asked::typed(question)?]).await
    }

    /// Opens a round with a question of the decks, in the words of a locale: its id.
    ///
    /// # Errors
    /// There is no space, or no such question.
    pub async fn open_question(&self, id: &str, locale: &str) -> Result<EntityId, Error> {
        self.open_asked(vec![self.client.asked(id, locale).await?]).await
    }

    pub(crate) async fn open_asked(&self, questions: Vec<Asked>) -> Result<EntityId, Error> {
        self.client.keep(false, |origin| Ok(Sitting::new(questions, origin))).await
    }

    /// Answers: a text for each question, empty where one is passed over. As long as the other has not answered, one may answer
    /// anew, and what one said before is withdrawn.
    ///
    /// # Errors
    /// There is no such round, its week has not come yet, both have answered, or the texts are too few, too many, too long or all empty.
    pub async fn answer(&self, id: &EntityId, texts: &[String]) -> Result<(), Error> {
        self.client.answer_sealed(&self.client.round(id).await?, texts).await
    }

    /// Passes a round over, without a reason, and withdraws what one has answered; or gives up an answer that is lost with a phone.
    /// Whoever answers after all takes that back.
    ///
    /// # Errors
    /// There is no such round, or one's answer was opened already.
    pub async fn skip(&self, id: &EntityId) -> Result<(), Error> {
        self.client.skip_round(&self.client.round(id).await?).await
    }

    /// Shows one's answer to the other, who passes the round over.
    ///
    /// # Errors
    /// There is no such round, the other did not pass it over, or the answer is not on this device.
    pub async fn publish(&self, id: &EntityId) -> Result<(), Error> {
        let place = self.client.round(id).await?;
        if self.client.publish_by_choice(&place).await? {
            return Ok(());
        }
        Err(Error::NotFound { what: "answer on this device to the round", id: id.to_string() })
    }

    /// One round.
    ///
    /// # Errors
    /// There is no such round.
    pub async fn show(&self, id: &EntityId) -> Result<RoundView, Error> {
        let place = self.client.round(id).await?;
        let view = self.client.round_view(&place).await?;
        let sitting = self.client.load(&place.view, &place.chapter).await?.collection::<Sitting>().get(id)?;
        let Some(sitting) = sitting else { return Ok(view) };
        let names = self.client.names(&place.view).await?;
        Ok(view.opened(&Shown::of(sitting, &place.view, Some(place.me), &names)))
    }

    /// The rounds that were opened in a month, or all, the newest first.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self, month: Option<&Month>) -> Result<Vec<RoundView>, Error> {
        let mut rounds = Vec::new();
        for sitting in self.client.collect::<Sitting>(month, Which::Listed).await? {
            match self.client.round(&sitting.stored.id).await {
                Ok(place) => rounds.push(self.client.round_view(&place).await?.opened(&sitting)),
                // It lies in a space that was left behind.
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(rounds)
    }
}

impl RoundView {
    /// The same with the questions in the words of this round.
    pub(crate) fn in_words_of(mut self, round: &Round) -> Self {
        self.questions = asked_views(round);
        self
    }

    fn opened(mut self, sitting: &Shown<Sitting>) -> Self {
        self.opened_by = Some(sitting.author.clone());
        self.opened_at = Some(sitting.written_at.clone());
        self
    }
}

fn asked_views(round: &Round) -> Vec<AskedView> {
    let view = |asked: &Asked| AskedView { id: asked.id.clone(), text: asked.text.clone() };
    round.questions.iter().map(view).collect()
}
