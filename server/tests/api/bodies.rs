//! What becomes of bytes that are no message, come too slowly, are too many, or are too much at once?

use entwine_core::feed::EntryRefusal;
use entwine_core::feed::clock::digest;
use entwine_core::limits::MESSAGE_BYTES_MAX;
use entwine_core::membership::SpaceKind;
use entwine_core::wire::codec::to_bytes;
use entwine_core::wire::message::CreateRequest;
use reqwest::Method;

use crate::helpers::{Answer, Person, Relay, clock_of, now, records, request, sync_path};

async fn with_ada(flags: &[&str]) -> (Relay, Person, entwine_core::membership::MembershipChain) {
    let relay = Relay::with(&[&["--registration", "open"], flags].concat()).await;
    let mut ada = Person::new(1);
    let chain = ada.found(SpaceKind::Shared);
    relay.create(&ada.keys, &chain, None).await.is_ok();
    (relay, ada, chain)
}

#[tokio::test]
async fn bad_bytes_change_nothing() {
    let (relay, mut ada, chain) = with_ada(&[]).await;
    let words = ada.write_many(&chain, 1);
    let good = to_bytes(&request(&chain, &words, vec![], &words));
    let create = to_bytes(&CreateRequest { proof: None, records: records(&chain) });
    let before = relay.content().await;
    for (path, good) in [(sync_path(chain.space()), good), ("/v1/spaces".to_owned(), create)] {
        let mut bodies: Vec<Vec<u8>> = vec![vec![], b"{}".to_vec(), vec![0xff; 100], vec![0x9f; 5000], vec![0x9b; 9]];
        bodies.push([good.as_slice(), &[0]].concat());
        bodies.extend((0..good.len()).step_by(7).map(|len| good[..len].to_vec()));
        for body in bodies {
            relay.post_bytes(&ada.keys, &path, body).await.is_error(400, "malformed");
        }
        // The version is the first thing inside.
        let mut newer = good.clone();
        newer[1] = 2;
        let answer = relay.post_bytes(&ada.keys, &path, newer).await;
        assert!(answer.is_error(400, "malformed").json()["message"].as_str().unwrap().contains("version 2"));
    }
    assert_eq!(relay.content().await, before);
    relay.stop().await;
}

#[tokio::test]
async fn wherever_a_bit_tips_nothing_false_is_kept() {
    let (relay, mut ada, chain) = with_ada(&[]).await;
    let words = ada.write_many(&chain, 1);
    let good = to_bytes(&request(&chain, &words, vec![], &words));
    for place in (0..good.len()).step_by(5) {
        let mut body = good.clone();
        body[place] ^= 0x10;
        let answer = relay.post_bytes(&ada.keys, &sync_path(chain.space()), body).await;
        // A clock may say anything; what it is brought with is signed.
        assert!(answer.status.is_client_error() || answer.message().entries.is_empty(), "{place}: {answer:?}");
    }
    let kept = relay.sync(&ada.keys, chain.space(), &request(&chain, &[], vec![], &[])).await.is_ok().message();
    assert_eq!(kept.entries.len(), 1);
    assert_eq!(kept.entries[0].sealed, words[0].sealed);
    relay.stop().await;
}

#[tokio::test]
async fn wrong_types_methods_and_paths_are_named() {
    let (relay, ada, chain) = with_ada(&[]).await;
    let sync = sync_path(chain.space());
    for path in ["/v1/spaces", sync.as_str()] {
        let as_json =
            relay.request(&ada.keys, Method::POST, path).header("content-type", "application/json").body("{}");
        Answer::of(as_json).await.is_error(415, "unsupported_media_type");
        Answer::of(relay.request(&ada.keys, Method::POST, path)).await.is_error(415, "unsupported_media_type");
    }
    for (method, path, allow) in [
        (Method::DELETE, "/v1/spaces", "GET, POST"),
        (Method::GET, sync.as_str(), "POST"),
        (Method::POST, "/v1/info", "GET"),
        (Method::POST, "/v1/live", "GET"),
        (Method::PUT, "/healthz", "GET"),
        (Method::POST, "/readyz", "GET"),
    ] {
        let answer = Answer::of(relay.request(&ada.keys, method, path)).await;
        assert_eq!(answer.is_error(405, "method_not_allowed").headers["allow"], allow, "{path}");
    }
    for path in
        ["/", "/v1", "/v2/spaces", "/v1/spaces/", "/v1/spaces/x", "/v1/live/", "/%00", "/v1/spaces/%2e%2e/sync/x"]
    {
        relay.get(path).await.is_error(404, "not_found");
    }
    relay.get("/healthz").await.is_ok();
    relay.get("/readyz").await.is_ok();
    assert!(relay.get("/v1/info").await.headers.contains_key("x-request-id"));
    relay.stop().await;
}

#[tokio::test]
async fn what_is_too_long_is_cut_off() {
    let (relay, ada, chain) = with_ada(&[]).await;
    let sync = sync_path(chain.space());
    relay.post_bytes(&ada.keys, &sync, vec![0; MESSAGE_BYTES_MAX]).await.is_error(400, "malformed");
    relay.post_bytes(&ada.keys, &sync, vec![0; MESSAGE_BYTES_MAX + 1]).await.is_error(413, "too_large");
    relay.post_bytes(&ada.keys, "/v1/spaces", vec![0; MESSAGE_BYTES_MAX + 1]).await.is_error(400, "malformed");
    relay.post_bytes(&ada.keys, "/v1/spaces", vec![0; 16 * 1024 * 1024 + 1]).await.is_error(413, "too_large");

    // One who does not say beforehand how much will come: no length, chunk after chunk.
    let mut connection = relay.begin_chunked(&ada.keys, &sync).await;
    let chunk = [b"10000\r\n".as_slice(), &[0; 0x10000], b"\r\n"].concat();
    for _ in 0..=MESSAGE_BYTES_MAX / 0x10000 {
        connection.send(&chunk).await;
    }
    let answer = connection.rest().await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("too_large"), "{answer}");
    relay.stop().await;
}

#[tokio::test]
async fn a_slow_body_is_cut_off_while_others_go_on() {
    for flags in [["--body-idle-timeout", "0.3"], ["--body-timeout", "0.3"]] {
        let (relay, ada, chain) = with_ada(&flags).await;
        let mut slow = relay.begin_post(&ada.keys, &sync_path(chain.space()), 1000).await;
        slow.send(b"a little").await;
        relay.sync(&ada.keys, chain.space(), &request(&chain, &[], vec![], &[])).await.is_ok();
        let answer = slow.rest().await;
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"timeout\""), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        relay.stop().await;
    }
}

#[tokio::test]
async fn slow_headers_are_cut_off() {
    let relay = Relay::with(&["--header-timeout", "0.3"]).await;
    let mut slow = relay.connect().await;
    slow.send(b"GET /v1/info HTTP/1.1\r\nHost: ").await;
    let answer = slow.rest().await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    relay.stop().await;
}

#[tokio::test]
async fn too_much_at_once_is_busy() {
    let (relay, ada, chain) = with_ada(&["--requests-max", "1"]).await;
    let held = relay.begin_post(&ada.keys, &sync_path(chain.space()), 1000).await;
    let answer = relay.spaces(&ada.keys).await;
    assert!(answer.is_error(429, "busy").headers.contains_key("retry-after"));
    relay.get("/readyz").await.is_ok();
    drop(held);
    relay.stop().await;
}

#[tokio::test]
async fn one_keyholder_does_not_hold_up_the_others() {
    let (relay, ada, chain) = with_ada(&["--requests-per-keyholder-max", "1"]).await;
    let mut noor = Person::new(2);
    let other = noor.found(SpaceKind::Shared);
    relay.create(&noor.keys, &other, None).await.is_ok();
    // Ada's request is counted once the relay has looked her keys up; if another of hers overtakes it, it is turned away.
    let held = loop {
        let held = relay.begin_post(&ada.keys, &sync_path(chain.space()), 1000).await;
        if relay.is_busy_for(&ada.keys).await {
            break held;
        }
    };
    relay.spaces(&noor.keys).await.is_ok();
    drop(held);
    relay.stop().await;
}

#[tokio::test]
async fn a_full_space_takes_records_and_no_words() {
    let (relay, mut ada, mut chain) = with_ada(&["--space-bytes-max", "1500"]).await;
    let words = ada.write_many(&chain, 8);
    let answer = relay.sync(&ada.keys, chain.space(), &request(&chain, &words, vec![], &words)).await;
    let answer = answer.is_ok().message();
    let kept = words.len() - answer.refused.len();
    assert!((1..words.len()).contains(&kept), "{kept}");
    let refused: Vec<_> = words[kept..].iter().map(|word| (word.hash, EntryRefusal::Quota)).collect();
    assert_eq!(answer.refused, refused, "the later ones, and all of them");
    assert_eq!(answer.clock.unwrap().digest, digest(&chain, &clock_of(&words[..kept])));

    ada.invite(&mut chain, now().plus_seconds(60));
    let invitation = records(&chain)[1..].to_vec();
    let answer = relay.sync(&ada.keys, chain.space(), &request(&chain, &words[..kept], invitation, &[])).await;
    assert_eq!(answer.is_ok().message().clock, None, "the record is taken");
    relay.stop().await;
}
