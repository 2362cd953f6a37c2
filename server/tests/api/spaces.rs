//! How does a space come to the relay? By token, openly, not at all; beside a shared one; again and again.

use entwine_core::membership::{MembershipChain, SpaceKind};
use entwine_core::wire::message::CreateRequest;

use crate::helpers::{Person, Relay, empty_request, now, records, request};

#[tokio::test]
async fn creating_again_changes_nothing() {
    let relay = Relay::start().await;
    let mut ada = Person::new(1);
    let chain = ada.found(SpaceKind::Shared);
    let first = relay.create(&ada.keys, &chain, Some(relay.own_token())).await;
    assert_eq!(first.is_ok().status, 201);
    let before = relay.content().await;
    for token in [Some(relay.own_token()), Some("wrong"), None] {
        let again = relay.create(&ada.keys, &chain, token).await;
        assert_eq!(again.is_ok().status, 200);
        assert_eq!(again.json(), first.json());
    }
    assert_eq!(relay.content().await, before);
    relay.stop().await;
}

#[tokio::test]
async fn a_token_is_needed_by_default() {
    let relay = Relay::with(&["--registration-token", "known to the operator"]).await;
    let mut ada = Person::new(1);
    let chain = ada.found(SpaceKind::Shared);
    let before = relay.content().await;
    relay.create(&ada.keys, &chain, None).await.is_error(403, "registration_needed");
    relay.create(&ada.keys, &chain, Some("guessed")).await.is_error(403, "registration_needed");
    // A proof for another space, or for another relay, is none here.
    let digest = entwine_core::registration::RegistrationToken::new("known to the operator").digest();
    let other = ada.found(SpaceKind::Shared);
    for (origin, space) in [(relay.origin.as_str(), other.space()), ("http://127.0.0.1:1", chain.space())] {
        let proof = Some(entwine_core::id::Hash::from_bytes(digest.prove(origin, &space)));
        let message = CreateRequest { proof, records: records(&chain) };
        relay.post(&ada.keys, "/v1/spaces", &message).await.is_error(403, "registration_needed");
    }
    assert_eq!(relay.content().await, before);
    relay.create(&ada.keys, &chain, Some("known to the operator")).await.is_ok();

    // It survives a lost folder: the same token fills an empty relay again.
    relay.stop().await;
    let relay = Relay::with(&["--registration-token", "known to the operator"]).await;
    relay.create(&ada.keys, &chain, Some("known to the operator")).await.is_ok();
    relay.stop().await;
}

#[tokio::test]
async fn the_operator_opens_and_closes() {
    let relay = Relay::open().await;
    let mut ada = Person::new(1);
    let chain = ada.found(SpaceKind::Shared);
    relay.create(&ada.keys, &chain, None).await.is_ok();
    let folder = relay.stop().await;

    let relay = Relay::in_folder(folder, &["--registration", "closed", "--registration-token", "known"]).await;
    assert_eq!(relay.get("/v1/info").await.json()["registration"], "closed");
    let mut noor = Person::new(2);
    let other = noor.found(SpaceKind::Shared);
    relay.create(&noor.keys, &other, Some("known")).await.is_error(403, "registration_closed");
    relay.sync(&ada.keys, chain.space(), &request(&chain, &[], vec![], &[])).await.is_ok();
    let private = ada.found(SpaceKind::Private { of: chain.space() });
    relay.create(&ada.keys, &private, None).await.is_ok();
    relay.stop().await;
}

#[tokio::test]
async fn each_member_has_one_private_space_without_a_token() {
    let relay = Relay::start().await;
    let (mut ada, mut noor, mut eve) = (Person::new(1), Person::new(2), Person::new(3));
    let mut shared = ada.found(SpaceKind::Shared);
    let private = SpaceKind::Private { of: shared.space() };
    let adas = ada.found(private);
    // First the shared one, then what stands beside it.
    relay.create(&ada.keys, &adas, None).await.is_error(403, "registration_needed");
    relay.create(&ada.keys, &shared, Some(relay.own_token())).await.is_ok();
    relay.create(&ada.keys, &adas, None).await.is_ok();

    let invitation = ada.invite(&mut shared, now().plus_seconds(60));
    noor.join(&mut shared, &invitation);
    let noors = noor.found(private);
    relay.create(&noor.keys, &noors, None).await.is_error(403, "registration_needed");
    let records = records(&shared)[1..].to_vec();
    relay.sync(&ada.keys, shared.space(), &request(&shared, &[], records, &[])).await.is_ok();
    assert_eq!(relay.create(&noor.keys, &noors, None).await.is_ok().status, 201);
    assert_eq!(relay.create(&noor.keys, &noors, None).await.is_ok().status, 200);

    let second = noor.found(private);
    relay.create(&noor.keys, &second, None).await.is_error(403, "registration_needed");
    relay.create(&noor.keys, &second, Some(relay.own_token())).await.is_ok();
    let eves = eve.found(private);
    relay.create(&eve.keys, &eves, None).await.is_error(403, "registration_needed");

    let kinds = |answer: &crate::helpers::Answer| -> Vec<String> {
        let json = answer.is_ok().json();
        json["spaces"].as_array().unwrap().iter().map(|line| line["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&relay.spaces(&ada.keys).await), ["shared", "private"]);
    assert_eq!(kinds(&relay.spaces(&noor.keys).await), ["shared", "private", "private"]);
    relay.spaces(&eve.keys).await.is_error(401, "keyholder_unknown");
    relay.stop().await;
}

#[tokio::test]
async fn a_chain_brings_the_records_that_the_relay_lacks() {
    let relay = Relay::open().await;
    let (mut ada, mut noor) = (Person::new(1), Person::new(2));
    let mut chain = ada.found(SpaceKind::Shared);
    relay.create(&ada.keys, &chain, None).await.is_ok();
    let folder = relay.stop().await;
    // The relay was set back to this moment. Noor, whom it does not know, brings the whole chain.
    let invitation = ada.invite(&mut chain, now().plus_seconds(60));
    noor.join(&mut chain, &invitation);
    let relay = Relay::in_folder(folder, &[]).await;
    relay.sync(&noor.keys, chain.space(), &request(&chain, &[], vec![], &[])).await.is_error(401, "keyholder_unknown");
    assert_eq!(relay.create(&noor.keys, &chain, None).await.is_ok().status, 200);
    let answer = relay.sync(&noor.keys, chain.space(), &request(&chain, &[], vec![], &[])).await.is_ok().message();
    assert_eq!(answer.clock, None, "it holds what she holds");
    relay.stop().await;
}

#[tokio::test]
async fn who_is_only_on_another_branch_is_told_so() {
    let relay = Relay::open().await;
    let (mut ada, mut noor, mut eve) = (Person::new(1), Person::new(2), Person::new(3));
    let mut chain = ada.found(SpaceKind::Shared);
    let invitation = ada.invite(&mut chain, now().plus_seconds(60));
    let mut branch = chain.clone();
    noor.join(&mut chain, &invitation);
    eve.join(&mut branch, &invitation);
    relay.create(&noor.keys, &chain, None).await.is_ok();
    let before = relay.content().await;
    relay.create(&eve.keys, &branch, None).await.is_error(409, "chains_differ");
    assert_eq!(relay.content().await, before);
    relay.stop().await;
}

#[tokio::test]
async fn what_is_no_chain_of_the_callers_founds_nothing() {
    let relay = Relay::open().await;
    let (mut ada, mut noor) = (Person::new(1), Person::new(2));
    let mut chain = ada.found(SpaceKind::Shared);
    let before = relay.content().await;
    relay.create(&noor.keys, &chain, None).await.is_error(401, "keyholder_unknown");

    let invitation = ada.invite(&mut chain, now().plus_seconds(60));
    noor.join(&mut chain, &invitation);
    let all = records(&chain);
    let broken: [Vec<Vec<u8>>; 3] =
        [all[1..].to_vec(), vec![all[0].clone(), all[2].clone()], [all.clone(), vec![all[3].clone()]].concat()];
    for records in broken {
        let message = CreateRequest { proof: None, records };
        relay.post(&noor.keys, "/v1/spaces", &message).await.is_error(422, "refused");
    }
    // The invitation was used up: its keys found nothing.
    relay.create(&invitation, &chain, None).await.is_error(404, "not_found");
    relay
        .post(&noor.keys, "/v1/spaces", &CreateRequest { proof: None, records: vec![] })
        .await
        .is_error(401, "keyholder_unknown");
    assert_eq!(relay.content().await, before);
    relay.stop().await;
}

#[tokio::test]
async fn who_was_removed_is_told_up_to_where() {
    let relay = Relay::open().await;
    let (mut ada, mut noor) = (Person::new(1), Person::new(2));
    let mut chain = ada.found(SpaceKind::Shared);
    let invitation = ada.invite(&mut chain, now().plus_seconds(60));
    relay.create(&ada.keys, &chain, None).await.is_ok();
    let known = chain.len() as usize;
    noor.join(&mut chain, &invitation);
    relay.sync(&noor.keys, chain.space(), &request(&chain, &[], records(&chain)[known..].to_vec(), &[])).await.is_ok();

    let answer = relay.sync(&invitation, chain.space(), &empty_request()).await;
    assert_eq!(answer.status, 410);
    assert!(answer.headers.contains_key("x-request-id"));
    let told = answer.message();
    assert_eq!(told.records, records(&chain)[..=known], "up to the acceptance that ended it, and not what came later");
    assert!(MembershipChain::parse(told.records.iter().map(Vec::as_slice)).is_ok());
    relay.stop().await;
}

#[tokio::test]
async fn an_invitation_past_its_hour_is_refused() {
    let relay = Relay::open().await;
    let (mut ada, mut noor) = (Person::new(1), Person::new(2));
    let mut chain = ada.found(SpaceKind::Shared);
    let invitation = ada.invite(&mut chain, entwine_core::time::Timestamp::from_seconds(now().as_seconds() - 1));
    relay.create(&ada.keys, &chain, None).await.is_ok();
    let known = chain.len() as usize;
    let before = relay.content().await;
    noor.join(&mut chain, &invitation);
    let late = request(&chain, &[], records(&chain)[known..].to_vec(), &[]);
    let answer = relay.sync(&noor.keys, chain.space(), &late).await;
    assert!(answer.is_error(422, "refused").json()["reason"].as_str().unwrap().contains("expired"));
    assert_eq!(relay.content().await, before);
    relay.stop().await;
}
