//! Does the whole of it work? Ada founds, invites and writes; Noor joins, reads and writes back.

use entwine_core::feed::clock::digest;
use entwine_core::membership::SpaceKind;
use entwine_core::sync::exchange::to_sent;

use crate::helpers::{Person, Relay, clock_of, empty_request, now, records, request};

#[tokio::test]
async fn ada_founds_and_noor_joins() {
    let relay = Relay::start().await;
    let (mut ada, mut noor) = (Person::new(1), Person::new(2));

    let mut chain = ada.found(SpaceKind::Shared);
    let space = chain.space();
    let created = relay.create(&ada.keys, &chain, Some(relay.own_token())).await;
    assert_eq!(created.is_ok().status, 201);
    assert_eq!(created.json()["space"], space.to_string());

    // Ada's invitation and her first words go up in one request.
    let invitation = ada.invite(&mut chain, now().plus_seconds(3600));
    let words = ada.write_many(&chain, 3);
    let answer = relay.sync(&ada.keys, space, &request(&chain, &words, records(&chain)[1..].to_vec(), &words)).await;
    let answer = answer.is_ok().message();
    assert_eq!(answer.refused, []);
    assert_eq!(answer.clock, None, "all of it is acknowledged");

    // The link reads the chain, and no words.
    let answer = relay.sync(&invitation, space, &empty_request()).await.is_ok().message();
    assert_eq!((answer.records, answer.entries), (records(&chain), vec![]));

    // Noor's phone is known by nothing but the record that it brings.
    let known = chain.len() as usize;
    noor.join(&mut chain, &invitation);
    let answer = relay.sync(&noor.keys, space, &request(&chain, &[], records(&chain)[known..].to_vec(), &[])).await;
    let answer = answer.is_ok().message();
    assert_eq!(answer.clock.unwrap().chain_head, chain.head());
    let stored = words.iter().map(|entry| (**entry).clone()).collect();
    assert_eq!(answer.entries, to_sent(&chain, stored));

    // What Noor writes reaches Ada.
    let reply = noor.write_many(&chain, 1);
    let all = [words.clone(), reply.clone()].concat();
    relay.sync(&noor.keys, space, &request(&chain, &all, vec![], &reply)).await.is_ok();
    let answer = relay.sync(&ada.keys, space, &request(&chain, &words, vec![], &[])).await.is_ok().message();
    assert_eq!(answer.entries.len(), 1);
    assert_eq!(answer.clock.unwrap().digest, digest(&chain, &clock_of(&all)));

    relay.sync(&Person::new(3).keys, space, &empty_request()).await.is_error(401, "keyholder_unknown");

    let listed = relay.spaces(&noor.keys).await;
    assert_eq!(listed.is_ok().json()["spaces"][0]["space"], space.to_string());
    assert_eq!(relay.get("/v1/info").await.is_ok().json()["registration"], "token");
    relay.stop().await;
}

/// Three records for one place, at the same moment: one is next, and the other authors learn which.
#[tokio::test(flavor = "multi_thread")]
async fn of_records_written_at_once_one_is_next() {
    let relay = Relay::open().await;
    let mut ada = Person::new(1);
    let chain = ada.found(SpaceKind::Shared);
    relay.create(&ada.keys, &chain, None).await.is_ok();
    let mut sent = Vec::new();
    for _ in 0..3 {
        let mut branch = chain.clone();
        ada.invite(&mut branch, now().plus_seconds(60));
        let (outside, keys, record) = ((*relay).clone(), ada.keys.clone(), records(&branch)[1..].to_vec());
        let brought = request(&chain, &[], record, &[]);
        sent.push(tokio::spawn(async move { outside.sync(&keys, branch.space(), &brought).await }));
    }
    let mut heads = Vec::new();
    for answer in sent {
        let answer = answer.await.unwrap().is_ok().message();
        let clock = answer.clock.unwrap();
        assert_eq!((clock.chain_len, answer.records.len()), (2, 1), "whoever lost gets the one that won");
        heads.push(clock.chain_head);
    }
    heads.dedup();
    assert_eq!(heads.len(), 1);
    relay.stop().await;
}

/// Many couples write at the same moment, each to its own space: everything that was acknowledged is there.
#[tokio::test(flavor = "multi_thread")]
async fn many_couples_write_at_once() {
    let relay = Relay::open().await;
    let mut writers = Vec::new();
    for seed in 0..16 {
        let outside = (*relay).clone();
        writers.push(tokio::spawn(async move {
            let mut person = Person::new(100 + seed);
            let chain = person.found(SpaceKind::Shared);
            outside.create(&person.keys, &chain, None).await.is_ok();
            let words = person.write_many(&chain, 5);
            for held in 1..=words.len() {
                let next = request(&chain, &words[..held], vec![], &words[held - 1..held]);
                let answer = outside.sync(&person.keys, chain.space(), &next).await.is_ok().message();
                assert_eq!(answer.clock, None, "all of it is acknowledged");
            }
            let kept = outside.sync(&person.keys, chain.space(), &request(&chain, &[], vec![], &[])).await;
            assert_eq!(kept.is_ok().message().entries.len(), words.len());
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    relay.stop().await;
}
