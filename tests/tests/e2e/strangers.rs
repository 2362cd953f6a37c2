//! What does a relay give to somebody who has no business with a couple? Nothing, by any route, with any token, in any bytes.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use entwine_core::feed::Clock;
use entwine_core::feed::clock::SentClock;
use entwine_core::id::{Hash, KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::limits::MESSAGE_BYTES_MAX;
use entwine_core::membership::{MembershipChain, SpaceKind};
use entwine_core::registration::RegistrationToken;
use entwine_core::time::Timestamp;
use entwine_core::token::{self, Claims};
use entwine_core::wire::message::{CreateRequest, Request as SyncRequest};
use entwine_core::wire::to_bytes;
use entwine_tests::http::{Answer, Request, send_bytes};
use entwine_tests::{Relay, World};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};
use sha2::Sha256;

const CBOR: &str = "application/cbor";

/// Somebody with a space of their own on the relay, and without a phone: keys, and nothing in between.
struct Stranger {
    keys: SecretKeys,
    chain: MembershipChain,
    origin: String,
}

impl Stranger {
    /// Founds a space on the relay.
    fn settle(relay: &Relay, seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let keys = SecretKeys::make_random(&mut random);
        let person = PersonId::make_random(&mut random);
        let first = MembershipChain::create(&mut random, &keys, person, SpaceKind::Shared);
        let chain = MembershipChain::found(first.bytes()).unwrap();
        let stranger = Self { keys, chain, origin: relay.url() };
        let proof = RegistrationToken::new(relay.token()).digest().prove(&stranger.origin, &stranger.chain.space());
        let request = CreateRequest { proof: Some(Hash::from_bytes(proof)), records: vec![first.bytes().to_vec()] };
        let answer = stranger.send(relay, "POST", "/v1/spaces", &to_bytes(&request));
        assert_eq!(answer.status, 201, "{answer:?}");
        stranger
    }

    fn claims(&self, method: &str, path: &str) -> Claims {
        Claims::new(&self.origin, method, path, now())
    }

    fn seed(&self) -> [u8; 32] {
        self.keys.to_bytes()[..32].try_into().unwrap()
    }

    fn sign(&self, claims: &Claims) -> String {
        token::sign(self.keys.id(), &self.seed(), claims)
    }

    fn send(&self, relay: &Relay, method: &str, path: &str, body: &[u8]) -> Answer {
        let token = self.sign(&self.claims(method, path));
        Request { method, path, token: Some(&token), content_type: CBOR, body }.send(relay.address())
    }

    /// What a phone of this space would send first.
    fn exchange(&self) -> Vec<u8> {
        let clock = SentClock::of(&self.chain, &Clock::new(), false);
        to_bytes(&SyncRequest { clock, records: Vec::new(), entries: Vec::new(), locators: Vec::new() })
    }

    fn sync_path(&self) -> String {
        sync_path(&self.chain.space())
    }
}

fn sync_path(space: &SpaceId) -> String {
    format!("/v1/spaces/{space}/sync")
}

fn now() -> Timestamp {
    Timestamp::from_seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

#[test]
fn another_couples_keyholder_finds_nothing_by_any_route() {
    let world = World::new();
    let relay = world.relay();
    let token = relay.token().to_owned();
    let (ada, noor) = world.couple(&relay);
    let _ = ada.write("Ours", "Nobody else's.");
    entwine_tests::world::meet(&[&ada, &noor]);
    let theirs = relay.spaces();
    let eve = Stranger::settle(&relay, 1);
    let before = relay.everything();

    let listed = eve.send(&relay, "GET", "/v1/spaces", b"");
    assert_eq!(listed.status, 200);
    let listed = String::from_utf8(listed.body).unwrap();
    assert!(listed.contains(&eve.chain.space().to_string()), "{listed}");
    assert!(!theirs.iter().any(|space| listed.contains(space)), "{listed}");

    let nowhere = eve.send(&relay, "POST", &sync_path(&SpaceId::from_bytes([7; 32])), &eve.exchange());
    assert_eq!((nowhere.status, nowhere.code().as_str()), (404, "not_found"));
    for space in &theirs {
        let space: SpaceId = space.parse().unwrap();
        let empty = SyncRequest { clock: SentClock::empty(), records: vec![], entries: vec![], locators: vec![] };
        for body in [eve.exchange(), to_bytes(&empty)] {
            let answer = eve.send(&relay, "POST", &sync_path(&space), &body);
            assert_eq!((answer.status, answer.code()), (404, nowhere.code()));
            assert_eq!(answer.body.len(), nowhere.body.len(), "it says no more than of a space that is not there");
        }
        // Whoever has their whole chain, and even a registration token, still is none of them.
        let records = relay.chain(&space).records().iter().map(|record| record.bytes().to_vec()).collect();
        let proof = Some(Hash::from_bytes(RegistrationToken::new(&token).digest().prove(&eve.origin, &space)));
        let brought = eve.send(&relay, "POST", "/v1/spaces", &to_bytes(&CreateRequest { proof, records }));
        assert_eq!((brought.status, brought.code().as_str()), (404, "not_found"));
    }
    // Without a WebSocket, whose first message says who it is, nothing is to be had there.
    assert_eq!(eve.send(&relay, "GET", "/v1/live", b"").status, 400);
    for path in ["/v1/spaces/", "/v1", "/", "/v1/live/", "/metrics", "/../relay.db", "/v1/spaces/x"] {
        assert_eq!(eve.send(&relay, "GET", path, b"").status, 404, "{path}");
    }
    assert_eq!(relay.everything(), before);
}

#[test]
fn no_forged_borrowed_or_stale_token_opens_any_route() {
    let world = World::new();
    let relay = world.relay();
    let (eve, mallory) = (Stranger::settle(&relay, 2), Stranger::settle(&relay, 3));
    let before = relay.everything();
    let create = CreateRequest { proof: None, records: vec![eve.chain.records()[0].bytes().to_vec()] };
    let routes = [
        ("GET", "/v1/spaces".to_owned(), Vec::new()),
        ("POST", "/v1/spaces".to_owned(), to_bytes(&create)),
        ("POST", eve.sync_path(), eve.exchange()),
    ];
    for (method, path, body) in routes {
        let send = |token: Option<&str>| {
            Request { method, path: &path, token, content_type: CBOR, body: &body }.send(relay.address())
        };
        let good = eve.claims(method, &path);
        assert!(send(Some(&eve.sign(&good))).status < 300, "{method} {path} takes a good token");
        for (attack, token) in attacks(&eve, &mallory, &good) {
            let answer = send(token.as_deref());
            assert_eq!(answer.status, 401, "{attack} on {method} {path}: {answer:?}");
            assert!(!answer.code().is_empty(), "{attack}");
        }
    }
    assert_eq!(relay.everything(), before);
}

/// Tokens that must not be taken, by name.
fn attacks(eve: &Stranger, mallory: &Stranger, good: &Claims) -> Vec<(&'static str, Option<String>)> {
    let (kid, signed) = (eve.keys.id(), eve.sign(good));
    let none = |alg: &str| forge(&format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#), good, |_| Vec::new());
    let hs256 = forge(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#), good, |message| {
        let key = eve.keys.public().signing();
        Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
    });
    let by_jwk = format!(r#"{{"alg":"EdDSA","kid":"{kid}","crit":["jwk"],"jwk":{{}}}}"#);
    let other = |change: fn(&mut Claims)| {
        let mut claims = good.clone();
        change(&mut claims);
        Some(eve.sign(&claims))
    };
    let unknown = token::sign(KeyholderId::from_bytes([9; 16]), &eve.seed(), good);
    vec![
        ("no token", None),
        ("an empty token", Some(String::new())),
        ("no token at all in it", Some("a.b.c".to_owned())),
        ("alg none", Some(none("none"))),
        ("alg None", Some(none("None"))),
        ("EdDSA without a signature", Some(none("EdDSA"))),
        ("HS256 with the public key", Some(hs256)),
        ("a critical header", Some(forge(&by_jwk, good, |message| eve.keys.sign_raw(message).to_vec()))),
        ("signed by somebody else", Some(token::sign(kid, &mallory.seed(), good))),
        ("an unknown kid", Some(unknown)),
        ("expired", other(|claims| (claims.iat, claims.exp) = (claims.iat - 600, claims.exp - 600))),
        ("from the future", other(|claims| (claims.iat, claims.exp) = (claims.iat + 600, claims.exp + 600))),
        ("for ever", other(|claims| claims.exp = u64::MAX)),
        ("for longer than it may", other(|claims| claims.exp += 60)),
        ("for another relay", other(|claims| claims.aud = "https://relay.example.org".to_owned())),
        ("for no relay", other(|claims| claims.aud = String::new())),
        ("for another path", other(|claims| claims.htu = "/v1/info".to_owned())),
        ("for the path with a query", other(|claims| claims.htu += "?a=b")),
        ("for another method", other(|claims| claims.htm = "PUT".to_owned())),
        ("cut short", Some(signed[..signed.len() - 3].to_owned())),
        ("with something behind it", Some(format!("{signed}AAAA"))),
    ]
}

fn forge(header: &str, claims: &Claims, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let claims = serde_json::json!({
        "aud": claims.aud, "htm": claims.htm, "htu": claims.htu, "iat": claims.iat, "exp": claims.exp,
    });
    let message = format!(
        "{}.{}",
        BASE64URL_NOPAD.encode(header.as_bytes()),
        BASE64URL_NOPAD.encode(claims.to_string().as_bytes())
    );
    format!("{message}.{}", BASE64URL_NOPAD.encode(&sign(message.as_bytes())))
}

#[test]
fn bad_bytes_on_any_route_get_a_clear_refusal_and_change_nothing() {
    let world = World::new();
    let patience = [("ENTWINE_HEADER_TIMEOUT", "1"), ("ENTWINE_BODY_TIMEOUT", "1"), ("ENTWINE_BODY_IDLE_TIMEOUT", "1")];
    let relay = world.relay_with(&patience);
    let eve = Stranger::settle(&relay, 4);
    let before = relay.everything();
    let create = to_bytes(&CreateRequest { proof: None, records: vec![eve.chain.records()[0].bytes().to_vec()] });
    for (path, good) in [("/v1/spaces".to_owned(), create), (eve.sync_path(), eve.exchange())] {
        assert!(eve.send(&relay, "POST", &path, &good).status < 300, "{path} takes good bytes");
        let nested = [0x81; 100_000];
        let promises: [&[u8]; 3] =
            [b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x9f", b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff"];
        let mut bodies: Vec<&[u8]> = vec![b"", b"\x00", b"{}", b"null", b"\xff\xff\xff\xff", &good[1..], &nested];
        bodies.extend(promises);
        bodies.extend((1..good.len()).step_by(good.len() / 7 + 1).map(|len| &good[..len]));
        let trailing = [good.as_slice(), b"\x00"].concat();
        bodies.push(&trailing);
        for body in bodies {
            let answer = eve.send(&relay, "POST", &path, body);
            assert_eq!((answer.status, answer.code().as_str()), (400, "malformed"), "{path} {body:02x?}");
        }
        let token = eve.sign(&eve.claims("POST", &path));
        let request = Request { method: "POST", path: &path, token: Some(&token), content_type: CBOR, body: &good };
        assert_eq!(request.send_announcing(relay.address(), 17 * MESSAGE_BYTES_MAX).status, 413, "{path}");
        assert_eq!(
            request.send_announcing(relay.address(), good.len() + 1).status,
            408,
            "{path}, whose last byte never comes"
        );
        let as_json = Request { content_type: "application/json", ..request };
        assert_eq!(as_json.send(relay.address()).status, 415, "{path}");
    }
    for path in ["/healthz", "/readyz", "/v1/info", "/v1/spaces", &eve.sync_path()] {
        for method in ["DELETE", "PATCH", "TRACE", "NONSENSE"] {
            let answer = eve.send(&relay, method, path, b"\xff");
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
    mutations(&relay, &eve);
    no_http(&relay);
    assert_eq!(relay.everything(), before);
    let ready = Request { method: "GET", path: "/readyz", token: None, content_type: CBOR, body: b"" };
    assert_eq!(ready.send(relay.address()).status, 200, "it is as well as before");
}

/// Messages with a few bytes changed: some still say something, and none gets further than that.
fn mutations(relay: &Relay, eve: &Stranger) {
    let mut random = ChaCha20Rng::seed_from_u64(5);
    for (path, good) in [
        ("/v1/spaces".to_owned(), to_bytes(&CreateRequest { proof: None, records: vec![vec![1; 99]] })),
        (eve.sync_path(), eve.exchange()),
    ] {
        for _ in 0..100 {
            let mut body = good.clone();
            for _ in 0..=random.next_u32() % 3 {
                let at = random.next_u32() as usize % body.len();
                body[at] = random.next_u32().to_be_bytes()[0];
            }
            let answer = eve.send(relay, "POST", &path, &body);
            assert!(answer.status < 500, "{path} {body:02x?}: {answer:?}");
        }
    }
}

fn no_http(relay: &Relay) {
    let long = format!("GET /healthz HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(200_000));
    let many = format!("GET /healthz HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(5_000));
    let texts: [&[u8]; 9] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\x00\x00\x00\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /v1/spaces HTTP/1.1\r\nauthorization: Bearer \xff\xfe\r\n\r\n",
        b"POST /v1/spaces HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/spaces HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ];
    for text in texts {
        let answer = send_bytes(relay.address(), text);
        let refused = answer.starts_with(b"HTTP/1.1 4");
        let shown = String::from_utf8_lossy(&text[..text.len().min(60)]).into_owned();
        assert!(answer.is_empty() || refused, "{shown}: {}", String::from_utf8_lossy(&answer));
    }
}
