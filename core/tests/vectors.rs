//! Are the bytes still those that were agreed on, and do they still mean the same? The files in `docs/vectors`.
//!
//! `WRITE_VECTORS=1 cargo test -p entwine-core --features jwt --test vectors` writes them anew. Whoever changes a byte there
//! changes what phones out there can read: that takes a new version number in the format, never this command alone.

#[path = "support/golden.rs"]
mod golden;

use std::path::PathBuf;

use entwine_core::feed::clock::{ClockLine, Locator, SentClock};
use entwine_core::feed::{EntryRefusal, SentEntry};
use entwine_core::id::{DocumentId, Hash, KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::invitation::{InvitationKind, InvitationLink, InvitationSecret};
use entwine_core::keyholder::recovery::RecoveryPhrase;
use entwine_core::keyholder::{KeyholderKind, PublicKeys, SecretKeys, SignatureBytes};
use entwine_core::membership::{ChainError, KeyRing, MembershipChain, Record, device_safety_words, safety_words};
use entwine_core::registration::{RegistrationToken, TokenDigest};
use entwine_core::sealing::entry::EntryContent;
use entwine_core::sealing::epoch::Purpose;
use entwine_core::sealing::live::LiveMessage;
use entwine_core::sealing::padding::{pack, padded_len, unpack};
use entwine_core::sealing::storage::StorageKey;
use entwine_core::sync::exchange::Intake;
use entwine_core::token::{Expected, SignedToken};
use entwine_core::wire::live::{DeviceFrame, RelayFrame};
use entwine_core::wire::message::{CreateRequest, Request, Response};
use entwine_core::wire::{from_bytes, to_bytes};
use golden::{NOW, ORIGIN, hex};
use rand::SeedableRng as _;
use serde_json::{Value, json};

type Make = fn() -> Value;

const FILES: [(&str, Make); 6] = [
    ("keys", golden::keys),
    ("chains", golden::chains),
    ("feeds", golden::feeds),
    ("messages", golden::messages),
    ("access", golden::access),
    ("live", golden::live),
];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/vectors").join(format!("{name}.json"))
}

fn read(name: &str) -> Value {
    let text = std::fs::read_to_string(path(name)).expect("the vectors are checked in");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn every_format_has_the_bytes_that_were_agreed_on() {
    for (name, make) in FILES {
        let mut made = make();
        if std::env::var_os("WRITE_VECTORS").is_some() {
            std::fs::create_dir_all(path(name).parent().unwrap()).unwrap();
            std::fs::write(path(name), format!("{made:#}\n")).unwrap();
        }
        let agreed = read(name);
        // Deflate may find another form of the same: what counts is that this one is still read, below.
        if let Some(frame) = made.get_mut("frame_deflate") {
            *frame = agreed["frame_deflate"].clone();
        }
        for (key, value) in made.as_object().unwrap() {
            assert_eq!(value, &agreed[key], "{name}: {key}");
        }
        assert_eq!(made, agreed, "{name}");
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().expect("text").as_bytes()).expect("hexadecimal")
}

fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().expect("the length of its kind")
}

fn id<T: std::str::FromStr>(value: &Value) -> T {
    value.as_str().expect("text").parse().ok().expect("an identifier")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn secret_keys(name: &str) -> SecretKeys {
    let file = read("keys");
    let keys = if name == "phrase" { &file["phrase"]["keys"] } else { &file["devices"][name] };
    SecretKeys::from_bytes(&fixed(&keys["secret"]))
}

fn parse_chain(value: &Value) -> MembershipChain {
    let records: Vec<Vec<u8>> = list(&value["records"]).iter().map(|record| bytes(&record["bytes"])).collect();
    MembershipChain::parse(records.iter().map(Vec::as_slice)).expect("a chain")
}

fn check_keys(keys: &SecretKeys, value: &Value) {
    assert_eq!(keys.public(), &PublicKeys::from_bytes(fixed(&value["signing"]), fixed(&value["hpke"])));
    assert_eq!(keys.id(), id::<KeyholderId>(&value["keyholder"]));
    assert_eq!(keys.to_bytes().as_slice(), bytes(&value["secret"]));
}

#[test]
fn keys_derive_and_signatures_verify() {
    let file = read("keys");
    for (name, value) in file["devices"].as_object().unwrap() {
        check_keys(&secret_keys(name), value);
    }
    let invitation = InvitationSecret::from_bytes(fixed(&file["invitation"]["secret"]));
    check_keys(&invitation.derive_keys(), &file["invitation"]["keys"]);
    let phrase = RecoveryPhrase::parse(file["phrase"]["words"].as_str().unwrap()).unwrap();
    assert_eq!(phrase, RecoveryPhrase::from_entropy(fixed(&file["phrase"]["entropy"])));
    check_keys(&phrase.derive_keys(), &file["phrase"]["keys"]);

    let signed = &file["signature"];
    let signature: SignatureBytes = fixed(&signed["signature"]);
    let (label, message) = (signed["label"].as_str().unwrap(), bytes(&signed["message"]));
    assert!(secret_keys("ada").public().verify(label, &[&message], &signature).is_ok());

    let [noor, phrase] = [*secret_keys("noor").public(), *phrase.derive_keys().public()];
    for (offer, keys) in list(&file["offers"]).iter().zip([noor, phrase]) {
        let kind = [KeyholderKind::Device, KeyholderKind::RecoveryPhrase]
            .into_iter()
            .find(|kind| kind.code() == number(&offer["kind"]));
        let (space, person): (SpaceId, PersonId) = (id(&offer["space"]), id(&offer["person"]));
        assert!(keys.verify_offer(&space, &person, kind.unwrap(), &fixed(&offer["signature"])).is_ok());
    }
}

#[test]
fn documents_and_stored_values_have_their_names() {
    let file = read("keys");
    for document in list(&file["documents"]) {
        let (space, name) = (id(&document["space"]), document["name"].as_str().unwrap());
        let generation = u32::try_from(number(&document["generation"])).unwrap();
        assert_eq!(DocumentId::derive(&space, name, generation), id(&document["id"]));
    }
    let storage = StorageKey::from_bytes(fixed(&file["storage"]["key"]));
    assert_eq!(storage.document_index(&id(&file["storage"]["document"])), fixed(&file["storage"]["index"]));
    let opened = storage.open(&bytes(&file["storage"]["place"]), &bytes(&file["storage"]["sealed"])).unwrap();
    assert_eq!(*opened, bytes(&file["storage"]["plain"]));
}

#[test]
fn chains_say_who_may_and_open_their_epochs() {
    let file = read("chains");
    for name in ["shared", "private", "shared_devices", "private_devices", "shared_removal"] {
        let (value, chain) = (&file[name], parse_chain(&file[name]));
        assert_eq!(chain.space(), id(&value["space"]));
        for (record, value) in chain.records().iter().zip(list(&value["records"])) {
            assert_eq!(record.hash(), id::<Hash>(&value["hash"]));
            assert_eq!(record.previous(), id::<Hash>(&value["previous"]));
            assert_eq!(record.author(), id(&value["author"]));
        }
        for (keyholder, value) in chain.keyholders().iter().zip(list(&value["keyholders"])) {
            assert_eq!((keyholder.id, keyholder.person), (id(&value["id"]), id(&value["person"])));
            assert_eq!(keyholder.kind.code(), number(&value["kind"]));
            assert_eq!(u64::from(keyholder.added_at), number(&value["added_at"]));
            assert_eq!(keyholder.removed_at.map(u64::from), value["removed_at"].as_u64());
            assert_eq!(keyholder.expires.map(|at| at.as_seconds()), value["expires"].as_u64());
            let cut = chain.cut_of(&keyholder.id).map(|cut| cut.iter().map(|tip| json!([tip.seq, tip.hash])).collect());
            assert_eq!(cut.map_or(Value::Null, Value::Array), value["cut"]);
        }
        for (index, epoch) in list(&value["open_epoch_after"]).iter().enumerate() {
            let opened_by = chain.epoch_at(u32::try_from(index).unwrap()).map(|record| u64::from(record.index()));
            assert_eq!(opened_by, epoch.as_u64());
        }
        check_epochs(&chain, list(&value["epochs"]));
    }
    let words = safety_words(&parse_chain(&file["shared"])).unwrap();
    assert_eq!(serde_json::to_value(words).unwrap(), file["safety_words"]);
    let with_devices = parse_chain(&file["shared_devices"]);
    for name in ["tablet", "laptop"] {
        let words = device_safety_words(&with_devices, &secret_keys(name).id()).unwrap();
        assert_eq!(serde_json::to_value(words).unwrap(), file["device_safety_words"][name]);
    }
}

fn check_epochs(chain: &MembershipChain, epochs: &[Value]) {
    assert_eq!(epochs.len(), chain.openings().count());
    let names = ["ada", "noor", "tablet", "laptop", "phrase"];
    let rings = names.map(|name| (name, KeyRing::derive(chain, &secret_keys(name))));
    for (opened_by, value) in chain.openings().zip(epochs) {
        for (reader, ring) in &rings {
            let opens = list(&value["opens_for"]).iter().any(|name| name.as_str() == Some(*reader));
            let Some(secret) = ring.get(&opened_by.hash()).filter(|_| opens) else {
                assert_eq!((ring.get(&opened_by.hash()), opens), (None, false), "{reader}");
                continue;
            };
            assert_eq!(secret.as_bytes().as_slice(), bytes(&value["secret"]));
            assert_eq!(secret.tag(), id::<Hash>(&value["tag"]));
            let keys =
                [("entries_key", Purpose::Entries), ("live_key", Purpose::Live), ("history_key", Purpose::History)];
            for (name, purpose) in keys {
                assert_eq!(secret.derive(purpose).as_slice(), bytes(&value[name]), "{name}");
            }
        }
    }
}

#[test]
fn a_device_a_link_a_phrase_and_a_removal_may_follow() {
    let (file, access) = (read("chains"), read("access"));
    let chain = parse_chain(&file["shared"]);
    assert_eq!(list(&file["may_follow_shared"]).len(), 4);
    for value in list(&file["may_follow_shared"]) {
        let record = Record::parse(&bytes(&value["bytes"])).unwrap();
        assert_eq!(record.hash(), id::<Hash>(&value["hash"]));
        chain.clone().append_record(record).unwrap_or_else(|error| panic!("{}: {error}", value["what"]));
    }
    // The device link of `access.json` is the one that brought the tablet into both.
    let link: InvitationLink = access["device_link"]["link"].as_str().unwrap().parse().unwrap();
    for (name, (space, head)) in ["shared_devices", "private_devices"].into_iter().zip(&link.spaces) {
        let chain = parse_chain(&file[name]);
        assert_eq!(chain.space(), *space);
        assert!(chain.records().iter().any(|record| record.hash() == *head));
        let invitation = chain.keyholder(&link.secret.derive_keys().id()).unwrap();
        let tablet = chain.member(&secret_keys("tablet").id()).unwrap();
        assert_eq!((invitation.kind, invitation.removed_at), (KeyholderKind::DeviceInvitation, Some(tablet.added_at)));
    }
}

#[test]
fn what_only_a_later_version_knows_stops_whoever_writes() {
    let file = read("chains");
    let chain = parse_chain(&file["shared"]);
    assert_eq!(list(&file["not_supported_yet"]).len(), 0, "every kind of record is acted on");
    let critical = Record::parse(&bytes(&file["unknown_critical"]["bytes"])).unwrap();
    let mut later = chain;
    assert!(!later.is_too_old());
    later.append_record(critical).expect("reading goes on");
    assert!(later.is_too_old());
    let ada = secret_keys("ada");
    let ring = KeyRing::derive(&later, &ada);
    let mut rng = rand::rngs::ChaCha20Rng::from_seed([1; 32]);
    assert_eq!(later.rotate(&mut rng, &ada, &ring).unwrap_err(), ChainError::TooOld, "and writing stops");
}

#[test]
fn entries_verify_and_open() {
    let (file, chain) = (read("feeds"), parse_chain(&read("chains")["shared"]));
    for value in list(&file["entries"]) {
        let sent: SentEntry = from_bytes(&bytes(&value["sent"])).unwrap();
        let previous: Hash = id(&value["previous"]);
        let with_previous = SentEntry { previous: (sent.seq > 1).then_some(previous), ..sent };
        let intake = Intake::verify(&chain, &[with_previous]);
        let known = intake.questions(&chain).into_iter().map(|point| (point, held(&point))).collect();
        let (entries, refused) = intake.settle(&chain, &Default::default(), &known);
        assert_eq!(refused, []);
        let entry = &entries[0];
        assert_eq!((entry.hash, entry.feed), (id(&value["hash"]), id(&value["feed"])));
        assert_eq!(entry.header(&chain).unwrap().to_bytes(), bytes(&value["header"]));
        for reader in ["ada", "noor"] {
            let content = EntryContent::open(entry, &chain, &KeyRing::derive(&chain, &secret_keys(reader))).unwrap();
            assert_eq!(to_bytes(&content), bytes(&value["content"]));
            assert_eq!(content.document, value["document"].as_str().unwrap());
            assert_eq!(
                content.changes.iter().map(hex).collect::<Vec<_>>(),
                serde_json::from_value::<Vec<String>>(value["changes"].clone()).unwrap()
            );
            assert_eq!(content.written.0.as_millis(), number(&value["written"][0]));
        }
        assert_eq!(unpack(&bytes(&value["frame"])).unwrap(), bytes(&value["content"]));
    }
}

fn held(point: &entwine_core::sync::Point) -> entwine_core::feed::Tip {
    let hash = Hash::try_from(point.tip.hash.as_bytes()).expect("a whole hash");
    entwine_core::feed::Tip { seq: point.tip.seq, hash }
}

#[test]
fn frames_unpack() {
    let file = read("feeds");
    for name in ["frame_plain", "frame_deflate"] {
        let (plain, frame) = (bytes(&file[name]["plain"]), bytes(&file[name]["frame"]));
        assert_eq!(unpack(&frame), Ok(plain.clone()), "{name}");
        assert_eq!(unpack(&pack(&plain)), Ok(plain), "{name}");
    }
    for pair in list(&file["padded_lengths"]) {
        assert_eq!(padded_len(number(&pair[0]) as usize) as u64, number(&pair[1]));
    }
}

#[test]
fn messages_read_back() {
    let (file, chain) = (read("messages"), parse_chain(&read("chains")["shared"]));
    let short: SentClock = from_bytes(&bytes(&file["clock_short"])).unwrap();
    let whole: SentClock = from_bytes(&bytes(&file["clock_whole"])).unwrap();
    let unchanged: SentClock = from_bytes(&bytes(&file["clock_unchanged"])).unwrap();
    assert_eq!(from_bytes(&bytes(&file["clock_empty"])), Ok(SentClock::empty()));
    for clock in [&short, &whole, &unchanged] {
        assert_eq!((clock.chain_len, clock.chain_head), (chain.len(), chain.head()));
        assert_eq!(clock.digest, id::<Hash>(&file["digest"]));
    }
    assert_eq!(unchanged.lines, None);
    let feeds: Vec<u32> = short.lines.iter().flatten().map(|line| line.feed).collect();
    let expected = ["ada", "noor"].map(|name| chain.keyholder(&secret_keys(name).id()).unwrap().number);
    assert_eq!(feeds, expected);

    let locators: Vec<Locator> =
        list(&file["locators"]).iter().map(|locator| from_bytes(&bytes(locator)).unwrap()).collect();
    assert_eq!((locators[0].feed, locators[1].feed), (Some(0), None));
    assert_eq!(from_bytes::<ClockLine>(&bytes(&file["line"])).unwrap().feed, 3);

    let request: Request = from_bytes(&bytes(&file["request"])).unwrap();
    assert_eq!((&request.clock, &request.locators), (&short, &locators));
    assert_eq!((request.records.len(), request.entries.len()), (2, 3));
    assert!(Intake::verify(&chain, &request.entries).questions(&chain).is_empty(), "previous hashes are implied");
    let response: Response = from_bytes(&bytes(&file["response"])).unwrap();
    assert_eq!(response.clock, Some(whole));
    assert_eq!(
        response.refused.iter().map(|(_, why)| *why).collect::<Vec<_>>(),
        [EntryRefusal::Gap, EntryRefusal::Retry]
    );
    assert!(response.more && response.entries[0].previous.is_some());

    let create: CreateRequest = from_bytes(&bytes(&file["create_request"])).unwrap();
    assert!(create.proof.is_some() && create.records.len() == 1);
    let without: CreateRequest = from_bytes(&bytes(&file["create_request_without_proof"])).unwrap();
    assert_eq!((without.proof, without.records), (None, create.records));
    for value in list(&file["refusals"]) {
        let refusal: EntryRefusal = from_bytes(&[number(&value["code"]) as u8]).unwrap();
        assert_eq!(
            (refusal.to_string().as_str(), format!("{:?}", refusal.class()).as_str()),
            (value["means"].as_str().unwrap(), value["then"].as_str().unwrap())
        );
    }
}

#[test]
fn links_tokens_and_proofs_are_taken() {
    let (file, chains) = (read("access"), read("chains"));
    for (name, kind) in [("partner_link", InvitationKind::Partner), ("device_link", InvitationKind::Device)] {
        let link: InvitationLink = file[name]["link"].as_str().unwrap().parse().unwrap();
        assert_eq!((link.kind, link.relay.as_str()), (kind, ORIGIN));
        assert_eq!(link.secret.derive_keys().id(), id(&file[name]["keyholder"]));
        let expected =
            ["shared", "private"].map(|name| parse_chain(&chains[name])).map(|chain| (chain.space(), chain.head()));
        assert_eq!(link.spaces, expected[..link.spaces.len()]);
    }
    let token = &file["token"];
    let signed = SignedToken::parse(token["token"].as_str().unwrap()).unwrap();
    let ada = secret_keys("ada");
    assert_eq!(signed.keyholder(), ada.id());
    let expected = Expected { method: "POST", path: token["htu"].as_str().unwrap(), now: NOW };
    let claims = signed.verify(ada.public().signing(), &expected).unwrap();
    assert_eq!((claims.aud.as_str(), claims.iat, claims.exp), (ORIGIN, number(&token["iat"]), number(&token["exp"])));

    let registration = &file["registration"];
    let digest = RegistrationToken::new(registration["token"].as_str().unwrap()).digest();
    assert_eq!(digest, TokenDigest::from_bytes(fixed(&registration["digest"])));
    assert!(digest.verifies(&fixed(&registration["proof"]), ORIGIN, &id(&registration["space"])));
}

#[test]
fn live_messages_open() {
    let (file, chain) = (read("live"), parse_chain(&read("chains")["shared"]));
    let message: LiveMessage = from_bytes(&bytes(&file["bytes"])).unwrap();
    let sender = chain.by_number(message.sender).unwrap();
    assert_eq!((sender.id, message.counter), (id(&file["sender"]), number(&file["counter"])));
    let ring = KeyRing::derive(&chain, &secret_keys("ada"));
    assert_eq!(message.open(&chain, &ring).unwrap(), bytes(&file["plain"]));
    let forged = LiveMessage { counter: message.counter + 1, ..message };
    assert!(forged.open(&chain, &ring).is_err());
}

#[test]
fn frames_of_a_live_connection_read_back() {
    let (frames, chain) = (&read("live")["frames"], parse_chain(&read("chains")["shared"]));
    let DeviceFrame::Hello(hello) = from_bytes(&bytes(&frames["hello"])).unwrap() else { panic!("a hello") };
    assert_eq!((hello.token.as_str(), hello.spaces), ("header.claims.signature", vec![chain.space()]));
    let DeviceFrame::Ask(ask) = from_bytes(&bytes(&frames["ask"])).unwrap() else { panic!("a question") };
    assert_eq!((ask.id, ask.space, ask.request.clock.chain_head), (9, chain.space(), chain.head()));
    let RelayFrame::Answer(9, answer) = from_bytes(&bytes(&frames["answer"])).unwrap() else { panic!("its answer") };
    assert_eq!(answer.clock_after(&ask.request.clock), &ask.request.clock, "the relay holds what was asked with");
    let RelayFrame::Refused(refused) = from_bytes(&bytes(&frames["refused"])).unwrap() else { panic!("a refusal") };
    assert_eq!((refused.id, refused.code.as_str(), refused.response.is_some()), (9, "removed", true));
    assert_eq!(from_bytes(&bytes(&frames["moved"])), Ok(RelayFrame::Moved(chain.space())));
}
