//! How does a round stand? Read from what both have written, the same on all phones.

use std::collections::BTreeMap;

use super::{Commitment, PublishedAnswer, Round, Skip, above, hash_of};
use crate::document::{Document, EntityId, Stored, choices};
use crate::id::PersonId;
use crate::practice::refusal::Refusal;

choices! {
    /// How a round stands, for one of the two.
    RoundState, "state of a round" {
        /// This person has not answered. Of the other nothing is said.
        Open = "open",
        /// This person has answered, and the other has not yet.
        YouAnswered = "you answered",
        /// Both have, and what was not published yet will be when its writer's phone syncs.
        BothAnswered = "both answered",
        /// Both can read both.
        Revealed = "revealed",
        /// What was published is not what was committed to.
        DoesNotMatch = "does not match",
        /// One of the two passes it over.
        Skipped = "skipped",
    }
}

/// All that a chapter holds of sealed answers, read once.
#[derive(Debug)]
pub struct Answers {
    /// Those that were published and withdrawn are among them.
    commitments: BTreeMap<EntityId, Stored<Commitment>>,
    published: Vec<Stored<PublishedAnswer>>,
    skips: Vec<Stored<Skip>>,
}

/// How a round stands: what this person did, and what the other.
#[derive(Debug)]
pub struct Standing {
    /// This person.
    pub mine: Side,
    /// The other.
    pub theirs: Side,
}

/// What one of the two did in a round.
#[derive(Debug, Default)]
pub struct Side {
    /// The keys of what holds of their commitments, the earliest first.
    pub committed: Vec<EntityId>,
    /// The keys of what says that they pass the round over.
    pub skips: Vec<EntityId>,
    /// What was published, the earliest first.
    published: Vec<Published>,
}

#[derive(Debug, Clone)]
struct Published {
    commitment: EntityId,
    texts: Vec<String>,
    on: Vec<EntityId>,
    /// Whether the hash is the one that was committed to.
    is_committed: bool,
}

/// The published answer of a person that counts, and whether it is what was committed to in time.
type Counted<'s> = (&'s Published, bool);

impl Answers {
    /// Reads them.
    #[must_use]
    pub fn of_chapter(chapter: &Document) -> Self {
        let commitments = chapter.collection::<Commitment>();
        let published = chapter.collection::<PublishedAnswer>().list().items;
        let mut all: BTreeMap<EntityId, Stored<Commitment>> =
            commitments.list().into_iter().map(|stored| (stored.id.clone(), stored)).collect();
        for key in published.iter().filter_map(|stored| above(&stored.id, 2)) {
            if let Ok(Some(stored)) = commitments.get(&key) {
                all.insert(key, stored);
            }
        }
        Self { commitments: all, published, skips: chapter.collection::<Skip>().list().items }
    }

    /// The keys of all rounds that this person has answered or passed over.
    #[must_use]
    pub fn rounds_of(&self, person: &PersonId) -> Vec<EntityId> {
        let committed = self.commitments.values().filter(|stored| stored.value.origin.person() == Some(*person));
        let skipped = self.skips.iter().filter(|stored| stored.value.origin.person() == Some(*person));
        let mut rounds: Vec<EntityId> = committed.filter_map(|stored| above(&stored.id, 1)).collect();
        rounds.extend(skipped.filter_map(|stored| above(&stored.id, 2)));
        rounds.sort();
        rounds.dedup();
        rounds
    }

    /// How a round stands for this person.
    #[must_use]
    pub fn standing(&self, round: &Round, me: &PersonId) -> Standing {
        let mut standing = Standing { mine: Side::default(), theirs: Side::default() };
        let is_of_round = |id: &EntityId, parts| above(id, parts).as_ref() == Some(&round.id);
        for (id, stored) in &self.commitments {
            if is_of_round(id, 1) && stored.trashed_at.is_none() {
                standing.side(stored.value.origin.person(), me).committed.push(id.clone());
            }
        }
        for stored in &self.skips {
            if is_of_round(&stored.id, 2) {
                standing.side(stored.value.origin.person(), me).skips.push(stored.id.clone());
            }
        }
        for Stored { id, value, .. } in &self.published {
            let Some(commitment) = above(id, 2).filter(|key| is_of_round(key, 1)) else { continue };
            let person = value.origin.person();
            let committed = self.commitments.get(&commitment).map(|stored| &stored.value);
            let committed = committed.filter(|commitment| commitment.origin.person() == person);
            let hash = person.and_then(|person| hash_of(round, &person, &value.salt, &value.texts));
            let is_committed = hash.is_some() && committed.map(|commitment| commitment.hash.get()) == hash.as_ref();
            let on = value.on.iter().filter_map(|key| key.parse().ok()).collect();
            let published = Published { commitment, texts: value.texts.to_vec(), on, is_committed };
            standing.side(person, me).published.push(published);
        }
        for side in [&mut standing.mine, &mut standing.theirs] {
            side.published.sort_by(|one, other| one.commitment.cmp(&other.commitment));
        }
        standing
    }
}

impl Side {
    /// The commitments of the other that this one's answer was published on: all of its copies name them. None where nothing was
    /// published, or by choice alone.
    fn named(&self) -> Option<Vec<EntityId>> {
        let mut copies = self.published.iter().filter(|copy| !copy.on.is_empty());
        let mut named = copies.next()?.on.clone();
        for copy in copies {
            named.retain(|key| copy.on.contains(key));
        }
        Some(named)
    }

    /// The published answer that counts, and whether it is what was committed to before the other's was published: the earliest
    /// commitment that a matching answer was published of.
    fn counted(&self, other: &Self) -> Option<Counted<'_>> {
        let named = other.named();
        let is_in_time = |copy: &&Published| named.as_ref().is_none_or(|named| named.contains(&copy.commitment));
        let mut committed = self.published.iter().filter(|copy| copy.is_committed);
        match committed.clone().find(is_in_time) {
            Some(copy) => Some((copy, true)),
            None => committed.next().or(self.published.first()).map(|copy| (copy, false)),
        }
    }
}

impl Standing {
    fn side(&mut self, person: Option<PersonId>, me: &PersonId) -> &mut Side {
        if person == Some(*me) { &mut self.mine } else { &mut self.theirs }
    }

    fn counted(&self) -> (Option<Counted<'_>>, Option<Counted<'_>>) {
        (self.mine.counted(&self.theirs), self.theirs.counted(&self.mine))
    }

    fn is_skipped(&self) -> bool {
        !self.mine.skips.is_empty() || !self.theirs.skips.is_empty()
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> RoundState {
        let does_not_match = |side: Option<Counted<'_>>| side.is_some_and(|(_, matches)| !matches);
        match self.counted() {
            (mine, theirs) if does_not_match(mine) || does_not_match(theirs) => RoundState::DoesNotMatch,
            (Some(_), Some(_)) => RoundState::Revealed,
            _ if self.is_skipped() => RoundState::Skipped,
            _ if self.mine.committed.is_empty() => RoundState::Open,
            _ if self.theirs.committed.is_empty() => RoundState::YouAnswered,
            _ => RoundState::BothAnswered,
        }
    }

    /// What the other answered: once both have published, or where the other has by choice.
    #[must_use]
    pub fn their_texts(&self) -> Option<&[String]> {
        let (mine, theirs) = self.counted();
        let (published, _) = theirs?;
        (mine.is_some() || published.on.is_empty()).then_some(&published.texts)
    }

    /// How many answers of the other, beside the one that counts, were sealed and stayed so.
    #[must_use]
    pub fn their_unopened(&self) -> usize {
        let is_open = |key: &&EntityId| self.theirs.published.iter().any(|copy| copy.commitment == **key);
        let Some(_) = self.their_texts() else { return 0 };
        self.theirs.committed.iter().filter(|key| !is_open(key)).count()
    }

    /// The key of this person's answer that counts, or would if it were published now.
    #[must_use]
    pub fn my_answer(&self) -> Option<&EntityId> {
        let (mine, _) = self.counted();
        mine.map(|(copy, _)| &copy.commitment).or(self.mine.committed.first())
    }

    /// Whether this person may answer, or answer anew.
    ///
    /// # Errors
    /// Both have answered, or something was published.
    pub fn check_answering(&self) -> Result<(), Refusal> {
        let state = if !self.mine.published.is_empty() || !self.theirs.published.is_empty() {
            "answers of this round were opened already"
        } else if !self.mine.committed.is_empty() && !self.theirs.committed.is_empty() && !self.is_skipped() {
            "both have answered, and nothing changes any more"
        } else {
            return Ok(());
        };
        Err(Refusal::State { what: super::WHAT, state })
    }

    /// Whether this person may pass the round over.
    ///
    /// # Errors
    /// Their answer was published.
    pub fn check_skipping(&self) -> Result<(), Refusal> {
        if self.mine.published.is_empty() {
            return Ok(());
        }
        Err(Refusal::State { what: super::WHAT, state: "your answer was opened already" })
    }

    /// Whether this person may publish their answer although the other's is not there.
    ///
    /// # Errors
    /// They have not answered, have published, or the other did not pass the round over.
    pub fn check_publishing(&self) -> Result<(), Refusal> {
        let state = if !self.mine.published.is_empty() {
            "your answer was opened already"
        } else if self.mine.committed.is_empty() {
            "you have not answered"
        } else if self.theirs.skips.is_empty() {
            "it is opened by itself as soon as both have answered"
        } else {
            return Ok(());
        };
        Err(Refusal::State { what: super::WHAT, state })
    }

    /// Whether an answer of this person waits to be published.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        let (_, theirs) = self.counted();
        !self.is_skipped() && theirs.is_none_or(|(_, matches)| matches) && !self.unopened().is_empty()
    }

    /// Whether one is to be published now: both have answered.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.is_waiting() && !self.theirs.committed.is_empty()
    }

    /// The keys of what to publish now, the likeliest first. Nothing as long as the other has not answered, where one of the two
    /// passes it over, or where what the other published does not match.
    pub(super) fn to_publish(&self, by_choice: bool) -> Vec<EntityId> {
        if self.is_due() || by_choice { self.unopened() } else { Vec::new() }
    }

    /// The keys of what this person may still publish: before all, what the other's answer was published on.
    fn unopened(&self) -> Vec<EntityId> {
        let named = self.theirs.named().unwrap_or_default();
        let mut keys = self.mine.committed.clone();
        keys.sort_by_key(|key| !named.contains(key));
        match self.mine.counted(&self.theirs) {
            None => {}
            Some((_, true)) => keys.clear(),
            // Another device published what the other did not know of: only one that they did know of mends it.
            Some((_, false)) => keys
                .retain(|key| named.contains(key) && !self.mine.published.iter().any(|copy| copy.commitment == *key)),
        }
        keys
    }
}

#[cfg(test)]
mod tests;
