//! Which question comes next? One that was not asked yet, no deeper than both want; the own ones first, and from light to deep.

use std::collections::{BTreeMap, BTreeSet};

use super::{OpenAnswer, OwnQuestion, Passed, SessionQuestion};
use crate::content::Content;
use crate::document::Document;
use crate::practice::sealed::Sitting;

/// A question that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its id, or the key of an own one.
    pub id: String,
    /// Its deck's id.
    pub deck: String,
    /// From 1, light, to 3, deep.
    pub depth: u32,
    /// Its words.
    pub text: String,
    /// Who made it up, a [`PersonId`](crate::id::PersonId); none for what comes along.
    pub by: Option<String>,
}

/// What to draw from.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'w> {
    /// One deck alone.
    pub deck: Option<&'w str>,
    /// One depth alone.
    pub depth: Option<u32>,
    /// The deepest that both want.
    pub ceiling: u32,
}

/// All cards, in the order in which they are drawn: the light ones first; within a depth the own ones, and then one of each deck in
/// turn.
#[must_use]
pub fn cards(content: &Content, home: &Document) -> Vec<Card> {
    let own = home.collection::<OwnQuestion>().list().into_iter().map(|stored| Card {
        id: stored.id.to_string(),
        deck: stored.value.deck.get().clone(),
        depth: *stored.value.depth,
        text: stored.value.text.get().clone(),
        by: Some(stored.value.by.get().clone()),
    });
    let built_in = content.questions.iter().map(|question| Card {
        id: question.id.clone(),
        deck: question.deck.clone(),
        depth: question.depth.into(),
        text: question.text.clone(),
        by: None,
    });
    let mut in_deck: BTreeMap<(bool, String, u32), usize> = BTreeMap::new();
    let mut placed: Vec<((u32, bool, usize), Card)> = Vec::new();
    for card in own.chain(built_in) {
        let is_built_in = card.by.is_none();
        let place = in_deck.entry((is_built_in, card.deck.clone(), card.depth)).or_default();
        placed.push(((card.depth, is_built_in, *place), card));
        *place += 1;
    }
    // Stable: decks stay in their order.
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, card)| card).collect()
}

/// The ids of the questions that a chapter shows to have been asked: answered, passed over, or opened for sealed answers.
#[must_use]
pub fn asked_in(chapter: &Document) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    asked.extend(chapter.collection::<Passed>().list().into_iter().map(|stored| stored.value.question.get().clone()));
    asked.extend(
        chapter.collection::<OpenAnswer>().list().into_iter().map(|stored| stored.value.question.get().clone()),
    );
    for sitting in chapter.collection::<Sitting>().list() {
        asked.extend(sitting.value.questions.iter().map(|asked| asked.id.clone()));
    }
    asked
}

impl Wish<'_> {
    fn takes(&self, card: &Card) -> bool {
        card.depth <= self.ceiling
            && self.deck.is_none_or(|deck| card.deck == deck)
            && self.depth.is_none_or(|depth| card.depth == depth)
    }

    /// The next card.
    #[must_use]
    pub fn draw<'c>(&self, cards: &'c [Card], asked: &BTreeSet<String>) -> Option<&'c Card> {
        cards.iter().find(|card| self.takes(card) && !asked.contains(&card.id))
    }

    /// So many cards for a session, from light to deep, about as many of each depth; fewer where there are no more.
    #[must_use]
    pub fn draw_rising(&self, cards: &[Card], asked: &BTreeSet<String>, count: usize) -> Vec<SessionQuestion> {
        let open: Vec<&Card> = cards.iter().filter(|card| self.takes(card) && !asked.contains(&card.id)).collect();
        let depths: BTreeSet<u32> = open.iter().map(|card| card.depth).collect();
        let mut chosen: BTreeSet<usize> = BTreeSet::new();
        // One of each depth in turn, the light ones first, until there are enough.
        let mut of_depths: Vec<_> = depths
            .iter()
            .map(|depth| open.iter().enumerate().filter(|(_, card)| card.depth == *depth).map(|(place, _)| place))
            .collect();
        while chosen.len() < count.min(open.len()) {
            for places in &mut of_depths {
                if chosen.len() < count {
                    chosen.extend(places.next());
                }
            }
        }
        let question = |place: usize| {
            let Card { id, text, depth, .. } = open[place];
            SessionQuestion { id: id.clone(), text: text.clone(), depth: *depth }
        };
        chosen.into_iter().map(question).collect()
    }
}

#[cfg(test)]
mod tests;
