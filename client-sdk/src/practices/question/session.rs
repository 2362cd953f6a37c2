//! Sessions of questions: they take turns, rise from light to deep, and are left and resumed at will.

use entwine_core::content::Content;
use entwine_core::document::{DocumentName, EntityId};
use entwine_core::practice::origin::Origin;
use entwine_core::practice::question::drawing::{Wish, cards};
use entwine_core::practice::question::{
    self, OpenAnswer, Passed, Passing, Session, check_session_count, passings, step_key,
};
use entwine_core::practice::sealed::{Answers, Asked, Round, RoundState};
use serde::Serialize;

use super::{OpenAnswerView, QuestionFilter, no_question};
use crate::client::Client;
use crate::error::Error;
use crate::practices::Month;
use crate::practices::dated::{Found, Shown, Which};
use crate::{clock, random};

/// How a question of a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It comes later, if both still want to be asked so deep then.
    Later,
    /// It is the one to talk about.
    Now,
    /// It was talked about.
    Done,
    /// It was passed over.
    Skipped,
}

/// A session of questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionView {
    /// Names it.
    pub id: EntityId,
    /// The deck that it was drawn from; none where from all.
    pub deck: Option<String>,
    /// The name of who began it.
    pub author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub written_at: String,
    /// Whether no question is left that both want.
    pub done: bool,
    /// The number of the question to talk about, from 1.
    pub now: Option<usize>,
    /// Its questions, in their order.
    pub questions: Vec<SessionQuestionView>,
}

/// A question of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionQuestionView {
    /// Its number, from 1.
    pub number: usize,
    /// The question's id.
    pub id: String,
    /// Its words.
    pub text: String,
    /// From 1, light, to 3, deep.
    pub depth: u32,
    /// `later`, `now`, `done` or `skipped`.
    pub state: StepState,
    /// The name of who answers first.
    pub begins: String,
    /// The answers in the open, the earliest first.
    pub answers: Vec<OpenAnswerView>,
    /// The round in which it is answered under seal.
    pub round: EntityId,
    /// How that stands.
    pub sealed: RoundState,
}

/// The sessions of a couple.
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'c> {
    client: &'c Client,
}

impl<'c> Sessions<'c> {
    pub(super) fn new(client: &'c Client) -> Self {
        Self { client }
    }
}

impl Sessions<'_> {
    /// Begins a session of so many questions that were not asked yet, no deeper than both want: its id.
    ///
    /// # Errors
    /// There is no space, no such deck, no question left, or it would have too few or too many.
    pub async fn start(&self, deck: Option<&str>, count: usize, locale: &str) -> Result<EntityId, Error> {
        check_session_count(count)?;
        QuestionFilter { deck: deck.map(str::to_owned), depth: None }.check()?;
        let view = self.client.opened_view(false).await?;
        let (me, asked) = (self.client.person(&view)?, self.client.asked_before(&view).await?);
        let questions = {
            let home = self.client.load(&view, &DocumentName::home()).await?;
            let wish = Wish { deck, depth: None, ceiling: question::ceiling(&home, &me).holds };
            wish.draw_rising(&cards(&Content::of(locale), &home), &asked, count)
        };
        self.client.keep(false, |origin| Session::new(deck.unwrap_or_default(), questions, origin)).await
    }

    /// Goes on: the question to talk about is over, or passed over without a reason. The session as it stands then.
    ///
    /// # Errors
    /// There is no such session.
    pub async fn next(&self, id: &EntityId, how: Passing) -> Result<SessionView, Error> {
        let now = self.show(id).await?;
        if let Some(question) = now.now.and_then(|number| now.questions.get(number - 1)) {
            let Found { view, chapter, .. } = self.client.find::<Session>(id).await?;
            let writer = self.client.writer(&view)?;
            let passed = Passed::new(&question.id, how, &Origin::new(&writer, clock::now(), &clock::zone()));
            self.client
                .change(&view, &chapter, |document, now| {
                    Ok(question::pass(document, &question.round, &passed, &writer, now)?)
                })
                .await?;
        }
        self.show(id).await
    }

    /// One session, with the answers to its questions.
    ///
    /// # Errors
    /// There is no such session.
    pub async fn show(&self, id: &EntityId) -> Result<SessionView, Error> {
        self.view(self.client.find::<Session>(id).await?).await
    }

    /// The sessions of a month, or all, the newest first.
    ///
    /// # Errors
    /// There is no space.
    pub async fn list(&self, month: Option<&Month>) -> Result<Vec<SessionView>, Error> {
        let mut sessions = Vec::new();
        for shown in self.client.collect::<Session>(month, Which::Listed).await? {
            sessions.push(self.show(&shown.stored.id).await?);
        }
        Ok(sessions)
    }

    async fn view(&self, found: Found<Session>) -> Result<SessionView, Error> {
        let Found { view, chapter, stored, .. } = found;
        let (me, names) = (self.client.person(&view)?, self.client.names(&view).await?);
        let ceiling = question::ceiling(&*self.client.load(&view, &DocumentName::home()).await?, &me).holds;
        let document = self.client.load(&view, &chapter).await?;
        let (session, answers) = (&stored.value, Answers::of_chapter(&document));
        let passed = passings(&document, &stored.id, session);
        let is_now = |number: &usize| {
            let place = number - 1;
            passed[place].is_none() && session.questions[place].depth <= ceiling
        };
        let now = (1..=session.questions.len()).find(is_now);
        let open = document.collection::<OpenAnswer>().list().items;
        // Who begins alternates; of two people, whoever did not begin the session is the other.
        let opener = session.origin.person();
        let other = names.people().find(|person| Some(*person) != opener);
        let questions = session.questions.iter().enumerate().map(|(place, asked)| {
            let round = step_key(&stored.id, place + 1);
            let below = format!("{round}/");
            let of_step = open.iter().filter(|answer| answer.id.as_str().starts_with(&below));
            let answers_here =
                of_step.map(|answer| Shown::of(answer.clone(), &view, Some(me), &names).into()).collect();
            let questions = vec![Asked { id: asked.id.clone(), text: asked.text.clone() }];
            let standing = answers.standing(&Round { id: round.clone(), questions }, &me);
            SessionQuestionView {
                number: place + 1,
                id: asked.id.clone(),
                text: asked.text.clone(),
                depth: asked.depth,
                state: match passed[place] {
                    Some(Passing::Skipped) => StepState::Skipped,
                    Some(_) => StepState::Done,
                    None if now == Some(place + 1) => StepState::Now,
                    None => StepState::Later,
                },
                begins: names.of(if place % 2 == 0 { opener } else { other }),
                answers: answers_here,
                sealed: standing.state(),
                round,
            }
        });
        let questions = questions.collect();
        let deck = Some(session.deck.get().clone()).filter(|deck| !deck.is_empty());
        let id = stored.id.clone();
        drop(document);
        let shown = Shown::of(stored, &view, Some(me), &names);
        Ok(SessionView {
            id,
            deck,
            author: shown.author,
            written_at: shown.written_at,
            done: now.is_none(),
            now,
            questions,
        })
    }

    /// The key of a question in a session.
    pub(super) async fn step(&self, id: &EntityId, question: &str) -> Result<EntityId, Error> {
        let session = self.client.find::<Session>(id).await?.stored.value;
        let place = session.questions.iter().position(|asked| asked.id == question);
        place.map(|place| step_key(id, place + 1)).ok_or_else(|| no_question(question))
    }

    /// Answers a question of a session in the open.
    pub(super) async fn answer(&self, id: &EntityId, question: &str, text: &str) -> Result<EntityId, Error> {
        let step = self.step(id, question).await?;
        let Found { view, chapter, stored, .. } = self.client.find::<Session>(id).await?;
        let asked = stored.value.questions.iter().find(|asked| asked.id == question);
        let asked = asked.ok_or_else(|| no_question(question))?;
        let asked = Asked { id: asked.id.clone(), text: asked.text.clone() };
        let origin = Origin::new(&self.client.writer(&view)?, clock::now(), &clock::zone());
        let answer = OpenAnswer::new(&asked, text, &origin)?;
        let id = EntityId::make_below(&step, clock::now(), &mut random::generator());
        self.client
            .change(&view, &chapter, |document, now| Ok(document.collection_mut().put(&id, &answer, now)?))
            .await?;
        Ok(id)
    }
}
