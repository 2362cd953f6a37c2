//! Who is let in? Tokens that lie, on every route that takes one.

use data_encoding::BASE64URL_NOPAD;
use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::{MembershipChain, SpaceKind};
use entwine_core::token::Claims;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;

use crate::helpers::{Answer, CBOR, Person, Relay, bearer, empty_request, now, request, sync_path};

/// A relay on which Ada has a space.
async fn with_ada() -> (Relay, Person, MembershipChain) {
    let relay = Relay::open().await;
    let mut ada = Person::new(1);
    let chain = ada.found(SpaceKind::Shared);
    relay.create(&ada.keys, &chain, None).await.is_ok();
    (relay, ada, chain)
}

/// Every route that takes a token: method and path.
fn routes(chain: &MembershipChain) -> [(Method, String); 3] {
    let sync = sync_path(chain.space());
    [(Method::GET, "/v1/spaces".to_owned()), (Method::POST, "/v1/spaces".to_owned()), (Method::POST, sync)]
}

async fn send(relay: &Relay, (method, path): &(Method, String), authorization: Option<&str>) -> Answer {
    let mut request = relay.client.request(method.clone(), format!("{}{path}", relay.origin));
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    if method == Method::POST {
        request = request.header("content-type", CBOR).body(entwine_core::wire::codec::to_bytes(&empty_request()));
    }
    Answer::of(request).await
}

/// A token with this header, signed by whatever is handed in.
fn forge(header: &str, claims: &Claims, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let message = format!("{}.{}", encode(header.as_bytes()), encode(&serde_json::to_vec(claims).unwrap()));
    format!("Bearer {message}.{}", encode(&sign(message.as_bytes())))
}

fn signed(keys: &SecretKeys, claims: &Claims) -> String {
    format!("Bearer {}", bearer(keys, claims))
}

#[tokio::test]
async fn no_forged_token_passes_any_route() {
    let (relay, ada, chain) = with_ada().await;
    let before = relay.content().await;
    for route in &routes(&chain) {
        let claims = Claims::new(&relay.origin, route.0.as_str(), &route.1, now());
        let kid = ada.keys.id();
        send(&relay, route, None).await.is_error(401, "token_missing");
        for text in ["Bearer", "Bearer x", "Bearer a.b.c", "Basic YTpi", "Bearer ...."] {
            send(&relay, route, Some(text)).await.is_error(401, "token_malformed");
        }

        let none = forge(&format!(r#"{{"alg":"none","kid":"{kid}"}}"#), &claims, |_| vec![]);
        send(&relay, route, Some(&none)).await.is_error(401, "token_refused");
        let hmac = forge(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#), &claims, |message| {
            let key = Hmac::<sha2::Sha256>::new_from_slice(ada.keys.public().signing()).unwrap();
            key.chain_update(message).finalize().into_bytes().to_vec()
        });
        send(&relay, route, Some(&hmac)).await.is_error(401, "token_refused");
        let by_noor = forge(&format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#), &claims, |message| {
            Person::new(2).keys.sign_raw(message).to_vec()
        });
        send(&relay, route, Some(&by_noor)).await.is_error(401, "token_refused");

        let elsewhere = Claims { htu: "/v1/elsewhere".to_owned(), ..claims.clone() };
        send(&relay, route, Some(&signed(&ada.keys, &elsewhere))).await.is_error(401, "token_refused");
        let otherwise = Claims { htm: "DELETE".to_owned(), ..claims.clone() };
        send(&relay, route, Some(&signed(&ada.keys, &otherwise))).await.is_error(401, "token_refused");
        let for_ever = Claims { exp: claims.iat + 86_400, ..claims.clone() };
        send(&relay, route, Some(&signed(&ada.keys, &for_ever))).await.is_error(401, "token_refused");
        let stranger = Person::new(9).keys;
        let expected = if route.1 == "/v1/spaces" && route.0 == Method::POST { 400 } else { 401 };
        let answer = send(&relay, route, Some(&signed(&stranger, &claims))).await;
        assert_eq!(answer.status.as_u16(), expected, "a stranger may bring a chain, and this is none");
    }
    assert_eq!(relay.content().await, before);
    relay.stop().await;
}

#[tokio::test]
async fn a_wrong_clock_is_told_the_time() {
    let (relay, ada, chain) = with_ada().await;
    for route in &routes(&chain) {
        let at = |moment| signed(&ada.keys, &Claims::new(&relay.origin, route.0.as_str(), &route.1, moment));
        for moment in [entwine_core::time::Timestamp::from_seconds(now().as_seconds() - 3600), now().plus_seconds(3600)]
        {
            let answer = send(&relay, route, Some(&at(moment))).await;
            let told = answer.is_error(401, "token_expired").json()["now"].as_u64().unwrap();
            assert!(told.abs_diff(now().as_seconds()) < 30, "{told}");
        }
    }
    relay.stop().await;
}

#[tokio::test]
async fn another_audience_is_told_which_setting_to_mend() {
    let (relay, ada, _) = with_ada().await;
    let list = (Method::GET, "/v1/spaces".to_owned());
    let as_known = |origin: &str| signed(&ada.keys, &Claims::new(origin, "GET", "/v1/spaces", now()));
    let answer = send(&relay, &list, Some(&as_known("https://relay.example.org"))).await;
    let message = answer.is_error(401, "audience_unknown").json()["message"].to_string();
    assert!(message.contains("--public-url https://relay.example.org"), "{message}");
    // In a container, or behind a router, the port and address are others than the relay's own.
    send(&relay, &list, Some(&as_known("http://192.168.1.5:9999"))).await.is_ok();
    let folder = relay.stop().await;

    let relay = Relay::in_folder(folder, &["--public-url", "https://relay.example.org"]).await;
    send(&relay, &list, Some(&as_known("https://relay.example.org"))).await.is_ok();
    send(&relay, &list, Some(&as_known(&relay.origin))).await.is_error(401, "audience_unknown");
    relay.stop().await;
}

#[tokio::test]
async fn another_couple_finds_nothing_anywhere() {
    let (relay, mut ada, mut chain) = with_ada().await;
    let words = ada.write_many(&chain, 2);
    relay.sync(&ada.keys, chain.space(), &request(&chain, &words, vec![], &words)).await.is_ok();
    let mut eve = Person::new(3);
    let own = eve.found(SpaceKind::Shared);
    relay.create(&eve.keys, &own, None).await.is_ok();
    let before = relay.content().await;

    relay.sync(&eve.keys, chain.space(), &empty_request()).await.is_error(404, "not_found");
    // Not even with a record that she makes up, nor with Ada's whole chain in hand.
    let invitation = ada.invite(&mut chain, now().plus_seconds(60));
    let accept = chain.accept(&eve.keys, &eve.keys, eve.id).bytes().to_vec();
    for record in [accept, b"made up".to_vec(), own.records()[0].bytes().to_vec()] {
        let made_up = request(&chain, &[], vec![record], &words);
        relay.sync(&eve.keys, chain.space(), &made_up).await.is_error(404, "not_found");
    }
    relay.create(&eve.keys, &chain, None).await.is_error(404, "not_found");
    let listed = relay.spaces(&eve.keys).await.is_ok().json();
    assert_eq!(listed["spaces"].as_array().unwrap().len(), 1, "{listed}");
    for space in ["0".repeat(64), "x".repeat(64), "..".to_owned(), chain.space().to_string().to_uppercase()] {
        let path = format!("/v1/spaces/{space}/sync");
        relay.post(&eve.keys, &path, &empty_request()).await.is_error(404, "not_found");
    }
    assert_eq!(relay.content().await, before);
    // An invitation that the relay has not seen opens nothing either.
    relay.sync(&invitation, chain.space(), &empty_request()).await.is_error(401, "keyholder_unknown");
    relay.stop().await;
}
