//! Does a second phone get in, and only it? Device links with their hour, and recovery phrases, over HTTP.

use entwine_core::feed::Clock;
use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::{KeyRing, MembershipChain, SpaceKind};
use entwine_core::sync::exchange::to_sent;
use entwine_core::time::Timestamp;

use crate::helpers::{Answer, Person, Relay, empty_request, now, records, request, rng};

fn a_second_ago() -> Timestamp {
    Timestamp::from_seconds(now().as_seconds() - 1)
}

/// Both of Ada's spaces on the relay.
async fn create_both(relay: &Relay, ada: &Person, shared: &MembershipChain, private: &MembershipChain) {
    relay.create(&ada.keys, shared, None).await.is_ok();
    relay.create(&ada.keys, private, None).await.is_ok();
}

/// What this phone sends to join by a link, and the chain with it in.
async fn join(
    relay: &Relay,
    phone: &mut Person,
    chain: &MembershipChain,
    link: &SecretKeys,
) -> (Answer, MembershipChain) {
    let (known, mut joined) = (chain.len() as usize, chain.clone());
    phone.join(&mut joined, link);
    let message = request(&joined, &[], records(&joined)[known..].to_vec(), &[]);
    (relay.sync(&phone.keys, chain.space(), &message).await, joined)
}

#[track_caller]
fn is_late(answer: &Answer) {
    assert!(answer.is_error(422, "refused").json()["reason"].as_str().unwrap().contains("expired"));
}

fn kinds(answer: &Answer) -> Vec<String> {
    let json = answer.is_ok().json();
    json["spaces"].as_array().unwrap().iter().map(|line| line["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_link_taken_up_in_time_in_the_shared_space_is_taken_up_late_in_the_private_one() {
    let relay = Relay::open().await;
    let mut ada = Person::new(1);
    let mut shared = ada.found(SpaceKind::Shared);
    let mut private = ada.found(SpaceKind::Private { of: shared.space() });
    let link = SecretKeys::make_random(&mut rng(10));
    ada.link(&mut shared, &link, now().plus_seconds(600));
    ada.link(&mut private, &link, a_second_ago());
    create_both(&relay, &ada, &shared, &private).await;

    let mut tablet = ada.next(2);
    let before = relay.content().await;
    is_late(&join(&relay, &mut tablet, &private, &link).await.0);
    assert_eq!(relay.content().await, before);

    join(&relay, &mut tablet, &shared, &link).await.0.is_ok();
    let (answer, joined) = join(&relay, &mut tablet, &private, &link).await;
    assert_eq!(answer.is_ok().message().clock, None, "the record is taken");
    assert_eq!(kinds(&relay.spaces(&tablet.keys).await), ["shared", "private"]);

    // The same again after a cut: nothing changes.
    let again = request(&private, &[], records(&joined)[private.len() as usize..].to_vec(), &[]);
    let answer = relay.sync(&tablet.keys, private.space(), &again).await.is_ok().message();
    assert_eq!(answer.clock.unwrap().chain_head, joined.head());
    assert_eq!(relay.sync(&link, private.space(), &empty_request()).await.status, 410, "the link is used up");
    relay.stop().await;
}

/// Eve found the link after its hour, with the keys in it. She founds spaces of her own and lets herself in by them.
#[tokio::test]
async fn who_let_herself_in_elsewhere_by_a_found_link_is_late_all_the_same() {
    let relay = Relay::open().await;
    let mut ada = Person::new(1);
    let mut shared = ada.found(SpaceKind::Shared);
    let mut private = ada.found(SpaceKind::Private { of: shared.space() });
    let link = SecretKeys::make_random(&mut rng(10));
    for chain in [&mut shared, &mut private] {
        ada.link(chain, &link, a_second_ago());
    }
    create_both(&relay, &ada, &shared, &private).await;

    let (mut eve, mut eves_phone) = (ada.next(3), ada.next(4));
    for kind in [SpaceKind::Shared, SpaceKind::Private { of: shared.space() }] {
        let mut eves = eve.found(kind);
        eve.link(&mut eves, &link, now().plus_seconds(600));
        relay.create(&eve.keys, &eves, None).await.is_ok();
        join(&relay, &mut eves_phone, &eves, &link).await.0.is_ok();
    }
    let before = relay.content().await;
    for chain in [&shared, &private] {
        is_late(&join(&relay, &mut eves_phone, chain, &link).await.0);
    }
    assert_eq!(relay.content().await, before);
    relay.stop().await;
}

#[tokio::test]
async fn a_phrase_reads_the_chain_and_brings_a_device_back() {
    let relay = Relay::open().await;
    let mut ada = Person::new(1);
    let mut shared = ada.found(SpaceKind::Shared);
    let mut private = ada.found(SpaceKind::Private { of: shared.space() });
    let phrase = SecretKeys::make_random(&mut rng(11));
    ada.add_phrase(&mut shared, &phrase);
    ada.add_phrase(&mut private, &phrase);
    create_both(&relay, &ada, &shared, &private).await;
    let words = ada.write_many(&shared, 3);
    relay.sync(&ada.keys, shared.space(), &request(&shared, &words, vec![], &words)).await.is_ok();

    // All that it needs to know is the relay's address: the spaces are listed, their chains are read, and no words.
    assert_eq!(kinds(&relay.spaces(&phrase).await), ["shared", "private"]);
    let answer = relay.sync(&phrase, shared.space(), &empty_request()).await.is_ok().message();
    assert_eq!((answer.records, answer.entries), (records(&shared), vec![]));
    assert_eq!((answer.clock.unwrap().lines, answer.more), (Some(vec![]), false), "not even how much there is");
    let before = relay.content().await;
    let brought = ada.write(&shared, words.last(), "found on paper");
    relay.sync(&phrase, shared.space(), &request(&shared, &[], vec![], &[brought])).await.is_ok();
    let ring = KeyRing::derive(&shared, &phrase);
    let rotate = shared.rotate(&mut rng(12), &phrase, &ring).unwrap();
    let message = request(&shared, &[], vec![rotate.bytes().to_vec()], &[]);
    relay.sync(&phrase, shared.space(), &message).await.is_error(422, "refused");
    assert_eq!(relay.content().await, before, "it brings no words and opens no epoch");

    // Its one act. From then on the laptop goes by its own token.
    let mut laptop = ada.next(5);
    relay.spaces(&laptop.keys).await.is_error(401, "keyholder_unknown");
    for chain in [&mut shared, &mut private] {
        laptop.come_back(chain, &phrase);
        let added = vec![records(chain).last().unwrap().clone()];
        relay.sync(&phrase, chain.space(), &request(chain, &[], added, &[])).await.is_ok();
    }
    assert_eq!(kinds(&relay.spaces(&laptop.keys).await), ["shared", "private"]);
    let answer = relay.sync(&laptop.keys, shared.space(), &request(&shared, &[], vec![], &[])).await.is_ok().message();
    let stored = words.iter().map(|entry| (**entry).clone()).collect();
    assert_eq!(answer.entries, to_sent(&shared, stored));
    relay.stop().await;
}

#[tokio::test]
async fn a_replaced_phrase_is_told_so() {
    let relay = Relay::open().await;
    let mut ada = Person::new(1);
    let mut chain = ada.found(SpaceKind::Shared);
    let phrase = SecretKeys::make_random(&mut rng(11));
    ada.add_phrase(&mut chain, &phrase);
    relay.create(&ada.keys, &chain, None).await.is_ok();
    let removal = chain.remove(&ada.keys, [phrase.id()], &Clock::new()).unwrap();
    chain.append(removal.bytes()).unwrap();
    let message = request(&chain, &[], vec![removal.bytes().to_vec()], &[]);
    relay.sync(&ada.keys, chain.space(), &message).await.is_ok();

    let answer = relay.sync(&phrase, chain.space(), &empty_request()).await;
    assert_eq!(answer.status, 410);
    assert_eq!(answer.message().records, records(&chain));
    assert_eq!(kinds(&relay.spaces(&phrase).await), Vec::<String>::new());
    let mut laptop = ada.next(5);
    let add = laptop_by(&mut laptop, &phrase, &chain);
    let message = request(&chain, &[], vec![add], &[]);
    relay.sync(&laptop.keys, chain.space(), &message).await.is_error(404, "not_found");
    relay.stop().await;
}

/// What a removed phrase would append if its software let it.
fn laptop_by(laptop: &mut Person, phrase: &SecretKeys, chain: &MembershipChain) -> Vec<u8> {
    let before = chain.records().len() - 1;
    let mut earlier = MembershipChain::parse(chain.records()[..before].iter().map(|record| record.bytes())).unwrap();
    laptop.come_back(&mut earlier, phrase);
    records(&earlier).pop().unwrap()
}
