//! Are questions drawn once, within what both want, and do two phones that go on apart come to the same place?

use std::collections::BTreeSet;

use super::super::*;
use super::{Wish, asked_in, cards};
use crate::document::tests::{NOW, Phone};
use crate::id::KeyholderId;

#[test]
fn the_lower_ceiling_holds_and_the_latest_word_of_a_person_counts() {
    let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
    let tablet = Writer { device: KeyholderId::from_bytes([0xc; 16]), ..ada.writer };
    let (me, other) = (ada.writer, noor.writer);
    assert_eq!(ceiling(&ada.document, &me.person), Ceiling { holds: 3, own: 3 });
    set_ceiling(&mut ada.document, &tablet, 1, NOW).unwrap();
    set_ceiling(&mut ada.document, &me, 3, NOW.plus_seconds(1)).unwrap();
    set_ceiling(&mut noor.document, &other, 2, NOW).unwrap();
    noor.document.apply(&ada.document.take_changes()).unwrap();
    assert_eq!(ceiling(&noor.document, &other.person), Ceiling { holds: 2, own: 2 });
    assert_eq!(ceiling(&noor.document, &me.person), Ceiling { holds: 2, own: 3 });
    set_ceiling(&mut noor.document, &other, 3, NOW.plus_seconds(2)).unwrap();
    assert_eq!(ceiling(&noor.document, &me.person), Ceiling { holds: 3, own: 3 });
    assert_eq!(check_depth(0).unwrap_err().to_string(), "a depth is a number from 1 to 3");
    assert!(check_depth(4).is_err() && check_depth(1).is_ok());
}

#[test]
fn a_question_is_drawn_once_and_own_ones_come_first() {
    let mut ada = Phone::new(0xa);
    let content = Content::of("en");
    let wish = Wish { deck: None, depth: None, ceiling: 3 };
    let built_in = cards(&content, &ada.document);
    assert_eq!(built_in.len(), content.questions.len());
    assert!(built_in.is_sorted_by_key(|card| card.depth));
    let first: BTreeSet<&str> = built_in[..content.decks.len()].iter().map(|card| card.deck.as_str()).collect();
    assert_eq!(first.len(), content.decks.len(), "one of each deck in turn");

    let own = EntityId::make(NOW, &mut ada.rng);
    let question = OwnQuestion::new("Shall we move?", OWN_DECK, 1, &ada.writer).unwrap();
    add(&mut ada.document, &own, &question, NOW).unwrap();
    let all = cards(&content, &ada.document);
    let asked = asked_in(&ada.document);
    assert_eq!(wish.draw(&all, &asked).unwrap().id, own.as_str());
    let passed = Passed::new(own.as_str(), Passing::Skipped, &ada.origin());
    let id = EntityId::make(NOW, &mut ada.rng);
    ada.document.collection_mut().put(&id, &passed, NOW).unwrap();
    let asked = asked_in(&ada.document);
    let next = wish.draw(&all, &asked).unwrap();
    assert_eq!(next.id, built_in[0].id);
    let answer = OpenAnswer::new(&Asked { id: next.id.clone(), text: next.text.clone() }, "Yes.", &ada.origin());
    let id = EntityId::make(NOW, &mut ada.rng);
    ada.document.collection_mut().put(&id, &answer.unwrap(), NOW).unwrap();
    let asked = asked_in(&ada.document);
    assert_eq!(wish.draw(&all, &asked).unwrap().id, built_in[1].id);
    let deep = Wish { depth: Some(3), ..wish };
    assert_eq!(deep.draw(&all, &asked).unwrap().depth, 3);
    assert_eq!(Wish { ceiling: 2, ..deep }.draw(&all, &asked), None, "deeper than one of them wants");
    assert_eq!(Wish { deck: Some(OWN_DECK), ..wish }.draw(&all, &asked), None);
}

#[test]
fn a_session_rises_and_takes_what_there_is() {
    let content = Content::of("en");
    let all = cards(&content, &Phone::new(0xa).document);
    let nothing = BTreeSet::new();
    let depths = |ceiling, deck, count| -> Vec<u32> {
        let wish = Wish { deck, depth: None, ceiling };
        wish.draw_rising(&all, &nothing, count).iter().map(|question| question.depth).collect()
    };
    assert_eq!(depths(3, None, 6), [1, 1, 2, 2, 3, 3]);
    assert_eq!(depths(3, Some("childhood"), 4), [1, 1, 2, 3]);
    assert_eq!(depths(2, None, 5), [1, 1, 1, 2, 2]);
    assert_eq!(depths(1, None, 3), [1, 1, 1]);
    assert_eq!(depths(3, Some(OWN_DECK), 3), [0_u32; 0]);
    let of_deck = content.questions.iter().filter(|question| question.deck == "childhood").count();
    assert_eq!(depths(3, Some("childhood"), 1_000).len(), of_deck);
}

#[test]
fn both_go_on_apart_and_come_to_the_same_question() {
    let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
    let all = cards(&Content::of("en"), &ada.document);
    let questions = Wish { deck: None, depth: None, ceiling: 3 }.draw_rising(&all, &BTreeSet::new(), 6);
    let session = Session::new("", questions, &ada.origin()).unwrap();
    let id = EntityId::make(NOW, &mut ada.rng);
    ada.document.collection_mut().put(&id, &session, NOW).unwrap();
    let begun = ada.document.take_changes();
    noor.document.apply(&begun).unwrap();
    let passes = |phone: &mut Phone, number: usize, how| {
        let (writer, passed) = (phone.writer, Passed::new(&session.questions[number - 1].id, how, &phone.origin()));
        pass(&mut phone.document, &step_key(&id, number), &passed, &writer, NOW).unwrap();
    };
    passes(&mut ada, 1, Passing::Done);
    passes(&mut ada, 2, Passing::Skipped);
    passes(&mut noor, 1, Passing::Skipped);
    passes(&mut noor, 1, Passing::Skipped);
    noor.document.apply(&ada.document.take_changes()).unwrap();
    ada.document.apply(&noor.document.take_changes()).unwrap();
    for phone in [&ada, &noor] {
        let expected = [Some(Passing::Done), Some(Passing::Skipped), None, None, None, None];
        assert_eq!(passings(&phone.document, &id, &session), expected);
    }
    let third = round(&noor.document, &step_key(&id, 3)).unwrap();
    assert_eq!(third.questions[0].id, session.questions[2].id);
    for text in ["7", "0", "03", "x", "3/x"] {
        assert_eq!(round(&noor.document, &format!("{id}/{text}").parse().unwrap()), None, "{text}");
    }
    assert_eq!(round(&noor.document, &id), None);
}

#[test]
fn what_is_no_question_is_refused() {
    let ada = Phone::new(0xa);
    let refusal =
        |text: &str, deck: &str, depth| OwnQuestion::new(text, deck, depth, &ada.writer).unwrap_err().to_string();
    assert_eq!(refusal(" ", OWN_DECK, 1), "question: there is nothing in it");
    assert!(refusal("What?", "nothing", 1).starts_with("\"nothing\" is no deck: there are small-talk"));
    assert_eq!(refusal("What?", OWN_DECK, 4), "a depth is a number from 1 to 3");
    assert_eq!(refusal(&"?".repeat(STEP_BYTES_MAX + 1), OWN_DECK, 1), "question is longer than 1024 bytes");
    assert!(Session::new("", Vec::new(), &ada.origin()).is_err());
    assert!(check_session_count(1).is_err() && check_session_count(SESSION_QUESTIONS_MAX + 1).is_err());
    let asked = Asked::typed("What?").unwrap();
    assert_eq!(OpenAnswer::new(&asked, "", &ada.origin()), Err(Refusal::Empty("answer")));
}

#[test]
fn home_has_so_many_own_questions_and_no_more() {
    let mut ada = Phone::new(0xa);
    let question = OwnQuestion::new("What?", OWN_DECK, 1, &ada.writer).unwrap();
    for _ in 0..OWN_QUESTIONS_MAX {
        let id = EntityId::make(NOW, &mut ada.rng);
        ada.document.collection_mut().put(&id, &question, NOW).unwrap();
    }
    let id = EntityId::make(NOW, &mut ada.rng);
    let refusal = add(&mut ada.document, &id, &question, NOW).unwrap_err();
    assert_eq!(refusal.to_string(), format!("own questions: more than {OWN_QUESTIONS_MAX}"));
}
