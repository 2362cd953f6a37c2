//! Do two people who answer apart, on several devices, come to read the same, and nothing before?

use std::collections::BTreeMap;

use super::*;
use crate::document::ActorId;
use crate::document::tests::{NOW, Phone};
use crate::id::KeyholderId;
use crate::practice::sealed::{self, Asked, PublishedAnswer, SealedAnswer, Sitting};
use crate::practice::search::{Findable as _, Reader};

/// A phone with the shared chapter open, and what its private space holds.
struct Sealer {
    phone: Phone,
    private: BTreeMap<EntityId, SealedAnswer>,
    sent: Vec<Vec<u8>>,
}

impl Sealer {
    fn new(person: u8, device: u8) -> Self {
        let mut phone = Phone::new(device);
        phone.writer.person = PersonId::from_bytes([person; 16]);
        phone.document = Document::new(ActorId::make_random(&mut phone.rng, &KeyholderId::from_bytes([device; 16])));
        Self { phone, private: BTreeMap::new(), sent: Vec::new() }
    }

    fn opens(&mut self) -> Round {
        let id = EntityId::make(NOW, &mut self.phone.rng);
        let sitting = Sitting::new(vec![Asked::typed("Which fear is new?").unwrap()], &self.phone.origin());
        self.phone.document.collection_mut().put(&id, &sitting, NOW).unwrap();
        sealed::round(&self.phone.document, &id).unwrap()
    }

    /// At so many seconds past the hour.
    fn answers(&mut self, round: &Round, text: &str, seconds: u64) -> EntityId {
        let (person, origin) = (self.phone.writer.person, self.phone.origin());
        self.standing(round).check_answering().unwrap();
        let id = EntityId::make_below(&round.id, NOW.plus_seconds(seconds), &mut self.phone.rng);
        let (answer, commitment) =
            sealed::seal(round, &person, &[text.to_owned()], &origin, &mut self.phone.rng).unwrap();
        sealed::commit(&mut self.phone.document, round, &id, &commitment, &person, NOW).unwrap();
        self.private.insert(id.clone(), answer);
        id
    }

    fn skips(&mut self, round: &Round) {
        let (writer, origin) = (self.phone.writer, self.phone.origin());
        sealed::skip(&mut self.phone.document, round, &writer, &origin, NOW).unwrap();
    }

    fn publishes(&mut self, round: &Round) -> bool {
        self.publishes_as(round, false)
    }

    fn publishes_as(&mut self, round: &Round, by_choice: bool) -> bool {
        let (writer, origin, private) = (self.phone.writer, self.phone.origin(), &self.private);
        let find = |id: &EntityId| private.get(id);
        sealed::publish(&mut self.phone.document, round, &writer, find, by_choice, &origin, NOW).unwrap()
    }

    fn standing(&self, round: &Round) -> Standing {
        Answers::of_chapter(&self.phone.document).standing(round, &self.phone.writer.person)
    }

    fn sees(&self, round: &Round) -> (RoundState, Option<String>) {
        let standing = self.standing(round);
        (standing.state(), standing.their_texts().map(|texts| texts.concat()))
    }

    fn sends(&mut self) -> &[Vec<u8>] {
        self.sent.extend(self.phone.document.take_changes());
        &self.sent
    }

    fn gets(&mut self, other: &mut Self) {
        self.phone.document.apply(other.sends()).unwrap();
    }
}

fn meet(sealers: &mut [&mut Sealer]) {
    let all: Vec<Vec<u8>> = sealers.iter_mut().flat_map(|sealer| sealer.sends().to_vec()).collect();
    for sealer in sealers {
        sealer.phone.document.apply(&all).unwrap();
    }
}

/// Whether these words stand in what was sent of the shared space.
fn is_said(sealer: &mut Sealer, words: &str) -> bool {
    let has_words = |change: &Vec<u8>| change.windows(words.len()).any(|window| window == words.as_bytes());
    sealer.sends().iter().any(has_words)
}

fn couple() -> (Sealer, Sealer, Round) {
    let (mut ada, mut noor) = (Sealer::new(1, 0xa), Sealer::new(2, 0xb));
    let round = ada.opens();
    noor.gets(&mut ada);
    (ada, noor, round)
}

#[test]
fn what_is_here_before_one_has_published_is_not_found_by_a_search() {
    let (mut ada, mut noor, round) = couple();
    ada.answers(&round, "That you get bored of me", 0);
    noor.answers(&round, "Growing old", 5);
    meet(&mut [&mut ada, &mut noor]);
    assert!(noor.publishes(&round));
    ada.gets(&mut noor);
    let finds = |sealer: &Sealer| {
        let wall = jiff::civil::DateTime::MAX;
        let reader = Reader { person: sealer.phone.writer.person, now: NOW, wall };
        let document = &sealer.phone.document;
        let published = document.collection::<PublishedAnswer>().list().into_iter();
        published.filter(|stored| PublishedAnswer::is_open_in(stored, document, &reader)).count()
    };
    assert_eq!(finds(&ada), 0, "it came first");
    assert!(ada.publishes(&round));
    noor.gets(&mut ada);
    assert_eq!((finds(&ada), finds(&noor)), (1, 1), "the other's, and one's own in the private space");
}

#[test]
fn neither_reads_the_other_before_both_have_answered() {
    let (mut ada, mut noor, round) = couple();
    ada.answers(&round, "That you get bored of me", 0);
    meet(&mut [&mut ada, &mut noor]);
    assert!(!ada.publishes(&round) && !noor.publishes(&round));
    assert_eq!(ada.sees(&round), (RoundState::YouAnswered, None));
    assert_eq!(noor.sees(&round), (RoundState::Open, None), "nothing is said of the other");
    assert!(!is_said(&mut ada, "bored of me"));

    noor.answers(&round, "Growing old without children", 5);
    meet(&mut [&mut ada, &mut noor]);
    assert!(noor.publishes(&round) && !noor.publishes(&round), "once");
    meet(&mut [&mut ada, &mut noor]);
    // Noor's words are out, and Ada's phone shows them once hers are.
    assert_eq!(ada.sees(&round), (RoundState::BothAnswered, None));
    assert_eq!(noor.sees(&round), (RoundState::BothAnswered, None));
    assert!(!is_said(&mut ada, "bored of me"));
    assert!(ada.standing(&round).is_waiting() && !noor.standing(&round).is_waiting());
    assert!(ada.publishes(&round));
    meet(&mut [&mut ada, &mut noor]);
    assert_eq!(ada.sees(&round), (RoundState::Revealed, Some("Growing old without children".to_owned())));
    assert_eq!(noor.sees(&round), (RoundState::Revealed, Some("That you get bored of me".to_owned())));
    assert!(is_said(&mut ada, "bored of me"), "the search would have found it");
    assert!(!ada.publishes(&round) && !noor.publishes(&round));
}

#[test]
fn a_changed_mind_counts_until_both_have_answered_and_no_longer() {
    let (mut ada, mut noor, round) = couple();
    ada.answers(&round, "first thought", 0);
    ada.answers(&round, "second thought", 1);
    noor.gets(&mut ada);
    noor.answers(&round, "mine", 2);
    meet(&mut [&mut ada, &mut noor]);
    for sealer in [&ada, &noor] {
        let refusal = sealer.standing(&round).check_answering().unwrap_err();
        assert_eq!(refusal.to_string(), "sealed answer: both have answered, and nothing changes any more");
    }
    assert!(ada.publishes(&round) && noor.publishes(&round));
    meet(&mut [&mut ada, &mut noor]);
    assert_eq!(noor.sees(&round), (RoundState::Revealed, Some("second thought".to_owned())));
    assert!(!is_said(&mut ada, "first thought"), "what was withdrawn is never published");
    assert!(ada.standing(&round).check_answering().is_err());
}

#[test]
fn an_answer_that_was_worded_after_the_others_was_opened_does_not_match() {
    let (mut ada, mut noor, round) = couple();
    ada.answers(&round, "honest", 10);
    noor.gets(&mut ada);
    noor.answers(&round, "mine", 11);
    assert!(noor.publishes(&round));
    // Ada's phone was away and knows nothing of it; or has read all of it, and dates the new answer back.
    ada.answers(&round, "worded afterwards", 1);
    meet(&mut [&mut ada, &mut noor]);
    assert!(ada.publishes(&round));
    meet(&mut [&mut ada, &mut noor]);
    for sealer in [&mut ada, &mut noor] {
        assert_eq!(sealer.sees(&round).0, RoundState::DoesNotMatch);
        assert!(!sealer.publishes(&round), "there is nothing to mend it by");
    }
    assert_eq!(noor.sees(&round).1.as_deref(), Some("worded afterwards"));
}

#[test]
fn what_was_tampered_with_does_not_match_and_opens_nothing() {
    let (mut ada, mut noor, round) = couple();
    let commitment = ada.answers(&round, "honest", 0);
    noor.gets(&mut ada);
    noor.answers(&round, "mine", 1);
    ada.gets(&mut noor);
    let answer = ada.private.get_mut(&commitment).unwrap();
    answer.texts.set(vec!["another".to_owned()]);
    assert!(!ada.publishes(&round), "a phone publishes nothing that its commitment does not hold");
    // A phone that does so all the same.
    let on = [ada.standing(&round).theirs.committed[0].to_string()].into_iter().collect();
    let (answer, writer) = (&ada.private[&commitment], ada.phone.writer);
    let origin = ada.phone.origin().into();
    let published = PublishedAnswer { texts: answer.texts.clone(), salt: answer.salt.clone(), on, origin };
    let id = EntityId::from_parts(&[&commitment, &writer.person, &writer.device]);
    ada.phone.document.collection_mut().put(&id, &published, NOW).unwrap();
    noor.gets(&mut ada);
    assert_eq!(noor.sees(&round), (RoundState::DoesNotMatch, None));
    assert!(!noor.publishes(&round), "what came does not match: Noor's stays sealed");
    assert_eq!(ada.sees(&round).0, RoundState::DoesNotMatch);
}

#[test]
fn somebody_elses_commitment_opens_nothing_of_mine() {
    let (mut ada, mut noor, round) = couple();
    ada.answers(&round, "mine", 0);
    noor.gets(&mut ada);
    // Noor copies Ada's hash: it is bound to Ada, and Noor could not publish anything for it.
    let copied = noor.phone.document.collection::<Commitment>().list().items[0].value.hash.get().clone();
    let id = EntityId::make_below(&round.id, NOW, &mut noor.phone.rng);
    let forged = Commitment { hash: copied.into(), origin: noor.phone.origin().into() };
    noor.phone.document.collection_mut().put(&id, &forged, NOW).unwrap();
    ada.gets(&mut noor);
    assert!(ada.publishes(&round));
    noor.gets(&mut ada);
    let answer = noor.phone.document.collection::<PublishedAnswer>().list().items.remove(0).value;
    let on = [ada.standing(&round).mine.committed[0].to_string()].into_iter().collect();
    let copied = PublishedAnswer { on, origin: noor.phone.origin().into(), ..answer };
    let key = EntityId::from_parts(&[&id, &noor.phone.writer.person, &noor.phone.writer.device]);
    noor.phone.document.collection_mut().put(&key, &copied, NOW).unwrap();
    ada.gets(&mut noor);
    assert_eq!(ada.sees(&round).0, RoundState::DoesNotMatch);
}

#[test]
fn of_two_devices_that_answered_apart_the_earliest_counts_and_either_publishes() {
    let (mut ada, mut noor, round) = couple();
    let mut tablet = Sealer::new(1, 0xc);
    tablet.gets(&mut ada);
    ada.answers(&round, "on the phone", 5);
    tablet.answers(&round, "on the tablet", 3);
    meet(&mut [&mut ada, &mut tablet, &mut noor]);
    noor.answers(&round, "mine", 9);
    meet(&mut [&mut ada, &mut tablet, &mut noor]);
    // Each has in its private space what the other wrote.
    ada.private.extend(tablet.private.clone());
    assert!(ada.publishes(&round) && tablet.publishes(&round) && noor.publishes(&round));
    meet(&mut [&mut ada, &mut tablet, &mut noor]);
    for own in [&ada, &tablet] {
        assert_eq!(own.sees(&round), (RoundState::Revealed, Some("mine".to_owned())));
    }
    assert_eq!(noor.sees(&round), (RoundState::Revealed, Some("on the tablet".to_owned())));
    assert_eq!(noor.standing(&round).their_unopened(), 1, "and one stayed sealed");
    assert!(!is_said(&mut ada, "on the phone"));
    assert_eq!(ada.private.len(), 2, "no secret is lost");
}

#[test]
fn what_the_others_answer_was_opened_on_counts_also_where_a_device_came_late_with_an_earlier_one() {
    let (mut ada, mut noor, round) = couple();
    let mut tablet = Sealer::new(1, 0xc);
    tablet.gets(&mut ada);
    ada.answers(&round, "on the phone", 5);
    tablet.answers(&round, "on the tablet", 3);
    meet(&mut [&mut ada, &mut noor]);
    noor.answers(&round, "mine", 9);
    assert!(noor.publishes(&round));
    // The tablet knows of both commitments, and neither what the phone answered nor on what Noor's answer was published.
    tablet.gets(&mut ada);
    let noors = noor.sends().len() - 1;
    tablet.phone.document.apply(&noor.sent[..noors]).unwrap();
    assert!(tablet.publishes(&round));
    meet(&mut [&mut ada, &mut tablet, &mut noor]);
    assert_eq!(noor.sees(&round).0, RoundState::DoesNotMatch);
    assert!(ada.standing(&round).is_waiting() && ada.publishes(&round), "the phone mends it");
    meet(&mut [&mut ada, &mut tablet, &mut noor]);
    assert_eq!(noor.sees(&round), (RoundState::Revealed, Some("on the phone".to_owned())));
}

#[test]
fn a_skip_needs_no_reason_ends_nothing_for_good_and_keeps_both_sealed() {
    let (mut ada, mut noor, round) = couple();
    noor.answers(&round, "mine", 0);
    ada.skips(&round);
    meet(&mut [&mut ada, &mut noor]);
    assert!(!noor.publishes(&round));
    for sealer in [&ada, &noor] {
        assert_eq!(sealer.sees(&round), (RoundState::Skipped, None));
    }
    ada.answers(&round, "after all", 1);
    meet(&mut [&mut ada, &mut noor]);
    assert!(ada.publishes(&round) && noor.publishes(&round));
    meet(&mut [&mut ada, &mut noor]);
    assert_eq!(noor.sees(&round), (RoundState::Revealed, Some("after all".to_owned())));
    assert!(ada.standing(&round).check_skipping().is_err(), "what is opened is not passed over");
}

#[test]
fn who_lost_the_answer_gives_it_up_and_the_other_publishes_by_choice_or_not_at_all() {
    let (mut ada, mut noor, round) = couple();
    ada.answers(&round, "gone with the phone", 0);
    noor.gets(&mut ada);
    noor.answers(&round, "mine", 1);
    let mut next = Sealer::new(1, 0xc);
    meet(&mut [&mut ada, &mut noor, &mut next]);
    assert!(!next.publishes(&round), "there is nothing to publish");
    assert_eq!(next.sees(&round), (RoundState::BothAnswered, None));
    assert!(noor.standing(&round).check_publishing().is_err(), "Noor's phone does that by itself");
    next.skips(&round);
    noor.gets(&mut next);
    assert_eq!(noor.sees(&round), (RoundState::Skipped, None));
    assert!(!noor.publishes(&round), "not by itself");
    noor.standing(&round).check_publishing().unwrap();
    assert!(noor.publishes_as(&round, true));
    next.gets(&mut noor);
    assert_eq!(next.sees(&round), (RoundState::Skipped, Some("mine".to_owned())));
    let refusal = next.standing(&round).check_answering().unwrap_err();
    assert_eq!(refusal.to_string(), "sealed answer: answers of this round were opened already");
}

#[test]
fn rounds_do_not_mix() {
    let (mut ada, mut noor, round) = couple();
    let other = ada.opens();
    ada.answers(&round, "to the one", 0);
    noor.gets(&mut ada);
    noor.answers(&other, "to the other", 1);
    ada.gets(&mut noor);
    assert!(!ada.publishes(&round) && !noor.publishes(&other));
    assert_eq!((ada.sees(&round).0, ada.sees(&other).0), (RoundState::YouAnswered, RoundState::Open));
    let answers = Answers::of_chapter(&ada.phone.document);
    assert_eq!(answers.rounds_of(&ada.phone.writer.person), [round.id]);
}
