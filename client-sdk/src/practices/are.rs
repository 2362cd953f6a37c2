//! The A.R.E. look: three questions in words, once a week at most, answered under seal.

use entwine_core::document::EntityId;
pub use entwine_core::practice::are::Week;
use entwine_core::practice::sealed::Answers;

use super::sealed_answer::RoundView;
use crate::client::Client;
use crate::clock;
use crate::error::Error;

/// The A.R.E. looks of a couple. Each is a round of sealed answers, whose id is its week.
#[derive(Debug, Clone, Copy)]
pub struct AreLooks<'c> {
    client: &'c Client,
}

impl Client {
    /// The A.R.E. looks.
    #[must_use]
    pub fn are_looks(&self) -> AreLooks<'_> {
        AreLooks { client: self }
    }
}

impl AreLooks<'_> {
    /// The week that it is here.
    #[must_use]
    pub fn this_week(&self) -> Week {
        Week::of(clock::today())
    }

    /// The look of a week, in the words of a locale.
    ///
    /// # Errors
    /// There is no space.
    pub async fn show(&self, week: Week, locale: &str) -> Result<RoundView, Error> {
        let place = self.client.round(&week.key()).await?;
        Ok(self.client.round_view(&place).await?.in_words_of(&week.round(locale)))
    }

    /// Answers the three questions of a week, or some of them: an empty text passes one over. As long as the other has not, one may
    /// answer anew.
    ///
    /// # Errors
    /// The week has not come yet, both have answered, or the texts are not three, too long or all empty.
    pub async fn answer(&self, week: Week, texts: &[String]) -> Result<EntityId, Error> {
        let place = self.client.round(&week.key()).await?;
        self.client.answer_sealed(&place, texts).await?;
        Ok(week.key())
    }

    /// Passes the look of a week over, without a reason.
    ///
    /// # Errors
    /// There is no space, or one's answers were opened already.
    pub async fn skip(&self, week: Week) -> Result<(), Error> {
        self.client.skip_round(&self.client.round(&week.key()).await?).await
    }

    /// The looks that this person has answered or passed over, the latest first. Of a week in which only the other did, nothing is
    /// said.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self, locale: &str) -> Result<Vec<RoundView>, Error> {
        let view = self.client.opened_view(false).await?;
        let me = self.client.person(&view)?;
        let mut weeks: Vec<Week> = Vec::new();
        for chapter in self.client.chapters(&view).await? {
            let answers = Answers::of_chapter(&*self.client.load(&view, &chapter).await?);
            weeks.extend(answers.rounds_of(&me).iter().filter_map(Week::of_key));
        }
        weeks.sort();
        let mut looks = Vec::new();
        for week in weeks.into_iter().rev() {
            looks.push(self.show(week, locale).await?);
        }
        Ok(looks)
    }
}
