//! Is a removed device cut off at once, over HTTP? The records that it is told, and what waits while its removal is under way.

use entwine_core::feed::clock::TipHash;
use entwine_core::feed::{EntryRefusal, VerifiedEntry};
use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::{MembershipChain, SpaceKind};

use crate::helpers::{Answer, Person, Relay, clock_of, empty_request, now, records, request, rng};

/// Ada's phone and her tablet, which has written a word.
async fn with_tablet(relay: &Relay) -> (Person, Person, MembershipChain, VerifiedEntry) {
    let mut ada = Person::new(1);
    let mut chain = ada.found(SpaceKind::Shared);
    let link = SecretKeys::make_random(&mut rng(10));
    ada.link(&mut chain, &link, now().plus_seconds(600));
    let mut tablet = ada.next(2);
    tablet.join(&mut chain, &link);
    relay.create(&ada.keys, &chain, None).await.is_ok();
    let word = tablet.write(&chain, None, "one");
    push(relay, &tablet, &chain, std::slice::from_ref(&word), std::slice::from_ref(&word)).await.is_ok();
    (ada, tablet, chain, word)
}

async fn push(
    relay: &Relay,
    phone: &Person,
    chain: &MembershipChain,
    held: &[VerifiedEntry],
    sent: &[VerifiedEntry],
) -> Answer {
    relay.sync(&phone.keys, chain.space(), &request(chain, held, vec![], sent)).await
}

/// Ada tries to remove her tablet, holding these entries of it; the chain with that record.
async fn remove(
    relay: &Relay,
    ada: &Person,
    tablet: &Person,
    chain: &MembershipChain,
    held: &[VerifiedEntry],
) -> (Answer, MembershipChain) {
    let removal = chain.remove(&ada.keys, [tablet.keys.id()], &clock_of(held)).unwrap();
    let mut without = chain.clone();
    without.append(removal.bytes()).unwrap();
    let message = request(chain, held, vec![removal.bytes().to_vec()], &[]);
    (relay.sync(&ada.keys, chain.space(), &message).await, without)
}

fn reasons(answer: &Answer) -> Vec<EntryRefusal> {
    answer.is_ok().message().refused.into_iter().map(|(_, reason)| reason).collect()
}

#[tokio::test]
async fn a_removed_device_is_cut_off_at_its_next_request() {
    let relay = Relay::open().await;
    let (ada, mut tablet, chain, one) = with_tablet(&relay).await;
    // The same client keeps its connection open.
    push(&relay, &tablet, &chain, std::slice::from_ref(&one), &[]).await.is_ok();
    let (answer, without) = remove(&relay, &ada, &tablet, &chain, std::slice::from_ref(&one)).await;
    assert_eq!(answer.is_ok().message().clock.unwrap().chain_head, without.head());

    let before = relay.content().await;
    let late = tablet.write(&chain, Some(&one), "too late");
    let answer = push(&relay, &tablet, &chain, &[one.clone(), late.clone()], std::slice::from_ref(&late)).await;
    assert_eq!(answer.status, 410);
    let told = answer.message();
    assert_eq!(told.records, records(&without)[chain.len() as usize..], "what it lacks, up to its removal");
    let clock = told.clock.unwrap();
    assert_eq!((clock.chain_len, clock.chain_head), (without.len(), without.head()));
    assert_eq!((clock.lines, told.entries, told.more), (Some(vec![]), vec![], false));
    let answer = relay.sync(&tablet.keys, chain.space(), &empty_request()).await;
    assert_eq!((answer.status.as_u16(), answer.message().records), (410, records(&without)));
    assert_eq!(relay.spaces(&tablet.keys).await.is_ok().json()["spaces"], serde_json::json!([]));
    assert_eq!(relay.create(&tablet.keys, &chain, None).await.status, 410, "nor by another door");
    assert_eq!(relay.content().await, before);
    relay.stop().await;
}

#[tokio::test]
async fn whoever_brings_it_what_lies_beyond_a_cut_is_not_taken() {
    let relay = Relay::open().await;
    let (ada, mut tablet, chain, one) = with_tablet(&relay).await;
    let late = tablet.write(&chain, Some(&one), "too late");
    let (answer, without) = remove(&relay, &ada, &tablet, &chain, std::slice::from_ref(&one)).await;
    answer.is_ok();
    let before = relay.content().await;
    let answer = push(&relay, &ada, &without, std::slice::from_ref(&one), &[late]).await;
    assert_eq!(reasons(&answer), [EntryRefusal::NotMember]);
    assert_eq!(relay.content().await, before);
    relay.stop().await;
}

#[tokio::test]
async fn a_stale_removal_is_turned_back_and_the_thief_waits_until_the_next_attempt() {
    let relay = Relay::open().await;
    let (ada, mut thief, chain, one) = with_tablet(&relay).await;
    let two = thief.write(&chain, Some(&one), "right before");
    push(&relay, &thief, &chain, &[one.clone(), two.clone()], std::slice::from_ref(&two)).await.is_ok();

    let (answer, _) = remove(&relay, &ada, &thief, &chain, std::slice::from_ref(&one)).await;
    let told = answer.is_ok().message();
    let clock = told.clock.unwrap();
    assert_eq!(clock.chain_head, chain.head(), "not taken: it would cut off what she has not seen");
    assert_eq!(told.entries.len(), 1, "here it is");
    let tips = clock.lines.unwrap().remove(0).tips;
    assert!(matches!(tips[0].hash, TipHash::Whole(hash) if hash == two.hash), "with its whole hash");

    let three = thief.write(&chain, Some(&two), "once more");
    let held = [one.clone(), two.clone(), three.clone()];
    let answer = push(&relay, &thief, &chain, &held, std::slice::from_ref(&three)).await;
    assert_eq!(reasons(&answer), [EntryRefusal::Retry]);
    let mut with_link = chain.clone();
    let link = SecretKeys::make_random(&mut rng(11));
    thief.link(&mut with_link, &link, now().plus_seconds(600));
    let message = request(&chain, &held, vec![records(&with_link).pop().unwrap()], &[]);
    relay.sync(&thief.keys, chain.space(), &message).await.is_error(429, "busy");

    let (answer, without) = remove(&relay, &ada, &thief, &chain, &[one, two]).await;
    assert_eq!(answer.is_ok().message().clock.unwrap().chain_head, without.head());
    assert_eq!(push(&relay, &thief, &chain, &held, &[three]).await.status, 410);
    relay.stop().await;
}

/// A relay that was set back, and filled with words from after the removal, before anybody told it.
#[tokio::test]
async fn what_a_relay_took_beyond_a_cut_leaves_the_feed_when_it_hears_of_it() {
    let relay = Relay::open().await;
    let (ada, mut tablet, chain, one) = with_tablet(&relay).await;
    let late = tablet.write(&chain, Some(&one), "after the removal");
    push(&relay, &tablet, &chain, &[one.clone(), late.clone()], &[late]).await.is_ok();
    let removal = chain.remove(&ada.keys, [tablet.keys.id()], &clock_of(std::slice::from_ref(&one))).unwrap();
    let mut without = chain.clone();
    without.append(removal.bytes()).unwrap();
    let message = request(&without, std::slice::from_ref(&one), vec![removal.bytes().to_vec()], &[]);
    let told = relay.sync(&ada.keys, chain.space(), &message).await.is_ok().message();
    assert_eq!(told.clock, None, "both hold the same");
    relay.stop().await;
}

#[tokio::test]
async fn who_leaves_is_gone_with_everything_of_theirs() {
    let relay = Relay::open().await;
    let (ada, tablet, chain, one) = with_tablet(&relay).await;
    let own = chain.current_of(&ada.id).map(|keyholder| keyholder.id);
    let leaving = chain.remove(&ada.keys, own, &clock_of(std::slice::from_ref(&one))).unwrap();
    let message = request(&chain, &[one], vec![leaving.bytes().to_vec()], &[]);
    let told = relay.sync(&ada.keys, chain.space(), &message).await.is_ok().message();
    let clock = told.clock.unwrap();
    assert_eq!(clock.chain_head, leaving.hash());
    assert_eq!((clock.lines, told.entries), (Some(vec![]), vec![]), "she is told that it is done, and no more");
    for phone in [&ada, &tablet] {
        assert_eq!(push(&relay, phone, &chain, &[], &[]).await.status, 410);
    }
    relay.stop().await;
}
