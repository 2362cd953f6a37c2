//! Which bytes does every format have? Ada, Noor and all they ever sign and seal, made from nothing but names.
//!
//! Random bytes come from SHA-256 over a name and a counter, so that these vectors outlive every random generator's versions.

use core::convert::Infallible;

use entwine_core::feed::clock::{ClockLine, Locator, SentClock, SentTip, TipHash, digest};
use entwine_core::feed::{Clock, EntryHeader, EntryKind, EntryRefusal, Position, StoredEntry};
use entwine_core::id::{DocumentId, Hash, KeyholderId, PersonId};
use entwine_core::keyholder::invitation::{InvitationKind, InvitationLink, InvitationSecret};
use entwine_core::keyholder::recovery::RecoveryPhrase;
use entwine_core::keyholder::{KeyholderKind, SecretKeys};
use entwine_core::membership::{
    Add, Body, Cut, KeyRing, MembershipChain, Record, Remove, SpaceKind, device_safety_words, safety_words,
};
use entwine_core::registration::RegistrationToken;
use entwine_core::sealing::entry::EntryContent;
use entwine_core::sealing::epoch::{EpochSecret, Purpose, Seal};
use entwine_core::sealing::live::LiveMessage;
use entwine_core::sealing::padding::{pack, padded_len};
use entwine_core::sealing::storage::StorageKey;
use entwine_core::sync::exchange::to_sent;
use entwine_core::time::Timestamp;
use entwine_core::token::{Claims, sign};
use entwine_core::wire::live::{Ask, DeviceFrame, Hello, Refused, RelayFrame};
use entwine_core::wire::message::{CreateRequest, Request, Response};
use entwine_core::wire::to_bytes;
use rand_core::{TryCryptoRng, TryRng};
use serde_json::{Value, json};

/// The moment at which everything here happens.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const ORIGIN: &str = "https://relay.example";

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    data_encoding::HEXLOWER.encode(bytes.as_ref())
}

/// Bytes that follow from a name.
struct Named(Vec<u8>, u64);

impl TryRng for Named {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(32) {
            let block = Hash::of("entwine/v1/test-vectors", &[&self.0, &self.1.to_be_bytes()]);
            chunk.copy_from_slice(&block.as_bytes()[..chunk.len()]);
            self.1 += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Named {}

fn named(name: &str) -> Named {
    Named(name.as_bytes().to_vec(), 0)
}

fn secret(name: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    named(name).try_fill_bytes(&mut bytes).expect("infallible");
    bytes
}

/// Everybody and everything that has keys.
pub(crate) struct Cast {
    pub(crate) ada: SecretKeys,
    pub(crate) noor: SecretKeys,
    tablet: SecretKeys,
    laptop: SecretKeys,
    pub(crate) revoked: InvitationSecret,
    pub(crate) accepted: InvitationSecret,
    device_link: InvitationSecret,
    pub(crate) phrase: RecoveryPhrase,
    next_phrase: RecoveryPhrase,
    adas: PersonId,
    noors: PersonId,
}

pub(crate) fn cast() -> Cast {
    Cast {
        ada: SecretKeys::make_random(&mut named("Ada's phone")),
        noor: SecretKeys::make_random(&mut named("Noor's phone")),
        tablet: SecretKeys::make_random(&mut named("Ada's tablet")),
        laptop: SecretKeys::make_random(&mut named("Ada's laptop")),
        revoked: InvitationSecret::from_bytes(secret("revoked invitation")),
        accepted: InvitationSecret::from_bytes(secret("accepted invitation")),
        device_link: InvitationSecret::from_bytes(secret("device invitation")),
        phrase: RecoveryPhrase::from_entropy(secret("Ada's phrase")),
        next_phrase: RecoveryPhrase::from_entropy(secret("Ada's next phrase")),
        adas: PersonId::make_random(&mut named("Ada")),
        noors: PersonId::make_random(&mut named("Noor")),
    }
}

/// `Create`, two invitations, one removed, one accepted, a `Rotate` after each, and a record of a later version.
pub(crate) fn shared_chain(cast: &Cast) -> MembershipChain {
    let (ada, noor, mut rng) = (&cast.ada, &cast.noor, named("shared chain"));
    let mut chain =
        MembershipChain::found(MembershipChain::create(&mut rng, ada, cast.adas, SpaceKind::Shared).bytes())
            .expect("a first record");
    let mut step = |make: &mut dyn FnMut(&MembershipChain, &KeyRing, &mut Named) -> Record| {
        let ring = KeyRing::derive(&chain, ada);
        let record = make(&chain, &ring, &mut rng);
        chain.append_record(record).expect("the next record");
    };
    let expires = NOW.plus_seconds(48 * 3600);
    for invitation in [&cast.revoked, &cast.accepted] {
        let keys = invitation.derive_keys();
        step(&mut |chain, ring, rng| {
            chain.invite(rng, ada, ring, &keys, (InvitationKind::Partner, expires)).expect("Ada invites")
        });
    }
    step(&mut |chain, _, _| chain.remove(ada, [cast.revoked.derive_keys().id()], &Clock::new()).expect("Ada revokes"));
    step(&mut |chain, ring, rng| chain.rotate(rng, ada, ring).expect("Ada rotates"));
    step(&mut |chain, _, _| chain.accept(&cast.accepted.derive_keys(), noor, cast.noors));
    step(&mut |chain, ring, rng| {
        let ring = if ring.is_empty() { &KeyRing::derive(chain, noor) } else { ring };
        chain.rotate(rng, noor, ring).expect("Noor rotates")
    });
    step(&mut |chain, _, _| {
        let body = Body::Unknown { kind: 1_000, critical: false, bytes: b"of a later version".to_vec() };
        Record::sign(ada, chain.len(), chain.head(), body)
    });
    chain
}

pub(crate) fn private_chain(cast: &Cast) -> MembershipChain {
    let kind = SpaceKind::Private { of: shared_chain(cast).space() };
    let record = MembershipChain::create(&mut named("private chain"), &cast.ada, cast.adas, kind);
    MembershipChain::found(record.bytes()).expect("a first record")
}

/// A link for a device (this record), taken up by a tablet; a phrase, by which a laptop comes; the next phrase in its place.
fn with_devices(cast: &Cast, mut chain: MembershipChain, link: Record, name: &str) -> MembershipChain {
    let (link_keys, phrase, next) =
        (cast.device_link.derive_keys(), cast.phrase.derive_keys(), cast.next_phrase.derive_keys());
    let mut rng = named(name);
    chain.append_record(link).expect("Ada makes a link");
    let mut step = |reader: &SecretKeys, make: &dyn Fn(&MembershipChain, &KeyRing, &mut Named) -> Record| {
        let ring = KeyRing::derive(&chain, reader);
        let record = make(&chain, &ring, &mut rng);
        chain.append_record(record).expect("the next record");
    };
    step(&link_keys, &|chain, _, _| chain.accept(&link_keys, &cast.tablet, cast.adas));
    step(&link_keys, &|chain, ring, rng| chain.rotate(rng, &cast.tablet, ring).expect("the tablet rotates"));
    step(&cast.ada, &|chain, ring, rng| chain.add_phrase(rng, &cast.ada, ring, &phrase).expect("Ada adds a phrase"));
    step(&phrase, &|chain, ring, rng| chain.add_device(rng, &phrase, ring, &cast.laptop).expect("the phrase adds"));
    step(&cast.laptop, &|chain, ring, rng| chain.add_phrase(rng, &cast.laptop, ring, &next).expect("the next phrase"));
    step(&cast.ada, &|chain, _, _| chain.remove(&cast.ada, [phrase.id()], &Clock::new()).expect("Ada ends the first"));
    step(&cast.laptop, &|chain, ring, rng| chain.rotate(rng, &cast.laptop, ring).expect("the laptop rotates"));
    chain
}

/// The shared chain with Ada's other devices, by a link of the bytes that were settled before anything acted on them.
pub(crate) fn shared_devices(cast: &Cast) -> MembershipChain {
    let chain = shared_chain(cast);
    let (_, author, body) = single_bodies(cast, &chain).swap_remove(0);
    let link = Record::sign(author, chain.len(), chain.head(), body);
    with_devices(cast, chain, link, "shared chain with devices")
}

pub(crate) fn private_devices(cast: &Cast) -> MembershipChain {
    let chain = private_chain(cast);
    let (mut rng, ring) = (named("private link"), KeyRing::derive(&chain, &cast.ada));
    let with = (InvitationKind::Device, NOW.plus_seconds(600));
    let link = chain.invite(&mut rng, &cast.ada, &ring, &cast.device_link.derive_keys(), with).expect("Ada invites");
    with_devices(cast, chain, link, "private chain with devices")
}

/// The shared chain with Ada's devices, once her phone has removed the tablet, whose feed ends at two tips.
pub(crate) fn shared_removal(cast: &Cast) -> MembershipChain {
    let mut chain = shared_devices(cast);
    let cuts = vec![Cut { keyholder: cast.tablet.id(), tips: settled_tips() }];
    let removal = Record::sign(&cast.ada, chain.len(), chain.head(), Body::Remove(Remove { cuts }));
    chain.append_record(removal).expect("Ada removes her tablet");
    let ring = KeyRing::derive(&chain, &cast.ada);
    let rotate = chain.rotate(&mut named("shared chain after a removal"), &cast.ada, &ring).expect("Ada rotates");
    chain.append_record(rotate).expect("the next record");
    chain
}

/// Tips of nobody's entries: of a cut alone, nothing else is to be seen.
fn settled_tips() -> Vec<(u64, Hash)> {
    let name = |name: &[u8]| Hash::of("entwine/v1/test-vectors", &[name]);
    vec![(3, name(b"3")), (4, name(b"4"))]
}

fn keys_value(keys: &SecretKeys) -> Value {
    json!({
        "secret": hex(keys.to_bytes().as_slice()),
        "signing": hex(keys.public().signing()),
        "hpke": hex(keys.public().hpke()),
        "keyholder": keys.id(),
    })
}

pub(crate) fn keys() -> Value {
    let cast = cast();
    let chain = shared_chain(&cast);
    let storage = StorageKey::from_bytes(secret("storage key"));
    let document = DocumentId::derive(&chain.space(), "journal/2026-12", 0);
    let documents = [("home", 0), ("journal/2026-12", 0), ("journal/2026-12", 1)];
    let offers = [(KeyholderKind::Device, &cast.noor), (KeyholderKind::RecoveryPhrase, &cast.phrase.derive_keys())];
    json!({
        "devices": {"ada": keys_value(&cast.ada), "noor": keys_value(&cast.noor), "tablet": keys_value(&cast.tablet),
            "laptop": keys_value(&cast.laptop)},
        "persons": {"ada": cast.adas, "noor": cast.noors},
        "invitation": {"secret": hex(secret("accepted invitation")), "keys": keys_value(&cast.accepted.derive_keys())},
        "phrase": {
            "entropy": hex(secret("Ada's phrase")),
            "words": cast.phrase.words().join(" "),
            "keys": keys_value(&cast.phrase.derive_keys()),
        },
        "signature": {
            "keys": "ada", "label": "entwine/v1/test-vectors", "message": hex("signed"),
            "signature": hex(cast.ada.sign("entwine/v1/test-vectors", &[b"signed"])),
        },
        "offers": offers.map(|(kind, keys)| json!({
            "space": chain.space(), "person": cast.noors, "kind": kind.code(), "keyholder": keys.id(),
            "signature": hex(keys.sign_offer(&chain.space(), &cast.noors, kind)),
        })),
        "documents": documents.map(|(name, generation)| json!({
            "space": chain.space(), "name": name, "generation": generation,
            "id": DocumentId::derive(&chain.space(), name, generation),
        })),
        "storage": {
            "key": hex(storage.as_bytes()), "document": document,
            "index": hex(storage.document_index(&document)),
            "place": hex("table/column/row"), "plain": hex("a value"),
            "sealed": hex(storage.seal(&mut named("storage"), b"table/column/row", b"a value")),
        },
    })
}

fn chain_value(chain: &MembershipChain, readers: &[(&str, &SecretKeys)]) -> Value {
    let rings: Vec<(&str, KeyRing)> =
        readers.iter().map(|(name, keys)| (*name, KeyRing::derive(chain, keys))).collect();
    let epochs = chain.openings().map(|record| {
        let secret = rings.iter().find_map(|(_, ring)| ring.get(&record.hash())).expect("somebody opens it");
        let openers: Vec<&str> =
            rings.iter().filter(|(_, ring)| ring.get(&record.hash()).is_some()).map(|(name, _)| *name).collect();
        json!({
            "opened_by": record.index(), "opened_by_hash": record.hash(), "secret": hex(secret.as_bytes()),
            "tag": secret.tag(), "opens_for": openers,
            "entries_key": hex(secret.derive(Purpose::Entries).as_slice()),
            "live_key": hex(secret.derive(Purpose::Live).as_slice()),
            "history_key": hex(secret.derive(Purpose::History).as_slice()),
        })
    });
    json!({
        "space": chain.space(),
        "records": chain.records().iter().map(record_value).collect::<Vec<_>>(),
        "epochs": epochs.collect::<Vec<_>>(),
        "keyholders": chain.keyholders().iter().map(|keyholder| json!({
            "number": keyholder.number, "id": keyholder.id, "person": keyholder.person, "kind": keyholder.kind.code(),
            "added_at": keyholder.added_at, "removed_at": keyholder.removed_at,
            "expires": keyholder.expires.map(Timestamp::as_seconds),
            "cut": chain.cut_of(&keyholder.id).map(|cut| cut.iter().map(|tip| json!([tip.seq, tip.hash])).collect::<Vec<_>>()),
        })).collect::<Vec<_>>(),
        "open_epoch_after": (0..chain.len()).map(|index| chain.epoch_at(index).map(Record::index)).collect::<Vec<_>>(),
    })
}

fn record_value(record: &Record) -> Value {
    let body = match record.body() {
        Body::Create(create) => match create.kind {
            SpaceKind::Shared => "create shared",
            SpaceKind::Private { .. } => "create private",
        },
        Body::Add(_) => "add",
        Body::Accept(_) => "accept",
        Body::Remove(_) => "remove",
        Body::Rotate(_) => "rotate",
        Body::Unknown { .. } => "unknown",
    };
    json!({
        "body": body, "index": record.index(), "previous": record.previous(), "author": record.author(),
        "hash": record.hash(), "bytes": hex(record.bytes()),
    })
}

pub(crate) fn chains() -> Value {
    let cast = cast();
    let (shared, private) = (shared_chain(&cast), private_chain(&cast));
    let (shared_devices, private_devices) = (shared_devices(&cast), private_devices(&cast));
    let phrase = cast.phrase.derive_keys();
    let readers = [("ada", &cast.ada), ("noor", &cast.noor)];
    let all_readers = [readers[0], readers[1], ("tablet", &cast.tablet), ("laptop", &cast.laptop), ("phrase", &phrase)];
    let words = |device: &SecretKeys| device_safety_words(&shared_devices, &device.id()).expect("a device");
    let may_follow: Vec<Value> = single_bodies(&cast, &shared)
        .into_iter()
        .map(|(what, author, body)| {
            let mut value = record_value(&Record::sign(author, shared.len(), shared.head(), body));
            value["what"] = json!(what);
            value
        })
        .collect();
    json!({
        "shared": chain_value(&shared, &readers),
        "private": chain_value(&private, &readers[..1]),
        "shared_devices": chain_value(&shared_devices, &all_readers),
        "private_devices": chain_value(&private_devices, &all_readers),
        "safety_words": safety_words(&shared).expect("two persons"),
        "device_safety_words": {"tablet": words(&cast.tablet), "laptop": words(&cast.laptop)},
        "shared_removal": chain_value(&shared_removal(&cast), &all_readers),
        "may_follow_shared": may_follow,
        "not_supported_yet": [],
        "unknown_critical": record_value(&unknown_critical(&cast, &shared)),
    })
}

fn unknown_critical(cast: &Cast, chain: &MembershipChain) -> Record {
    let body = Body::Unknown { kind: 1_001, critical: true, bytes: b"of a later version".to_vec() };
    Record::sign(&cast.ada, chain.len(), chain.head(), body)
}

/// Bodies each of which may follow the shared chain.
fn single_bodies<'c>(cast: &'c Cast, chain: &MembershipChain) -> Vec<(&'static str, &'c SecretKeys, Body)> {
    let ring = KeyRing::derive(chain, &cast.ada);
    let last = chain.openings().next_back().expect("one at least");
    let epoch = ring.get(&last.hash()).expect("Ada opens it");
    let add = |name: &str, kind: KeyholderKind, keys: &SecretKeys, expires| {
        Body::Add(Box::new(Add {
            person: cast.adas,
            kind,
            keys: *keys.public(),
            expires,
            offer: keys.sign_offer(&chain.space(), &cast.adas, kind),
            seal: Seal::make(&mut named(name), epoch, &chain.seal_place(chain.len()), keys.public()),
        }))
    };
    let device_invitation = cast.device_link.derive_keys();
    let tips = settled_tips();
    let soon = Some(NOW.plus_seconds(600));
    vec![
        ("device invitation", &cast.ada, add("a", KeyholderKind::DeviceInvitation, &device_invitation, soon)),
        ("device", &cast.ada, add("b", KeyholderKind::Device, &cast.tablet, None)),
        ("phrase", &cast.ada, add("c", KeyholderKind::RecoveryPhrase, &cast.phrase.derive_keys(), None)),
        ("removal with a cut", &cast.ada, Body::Remove(Remove { cuts: vec![Cut { keyholder: cast.ada.id(), tips }] })),
    ]
}

/// Ada's two entries, and Noor's one that has seen both.
pub(crate) fn entries(cast: &Cast, chain: &MembershipChain) -> Vec<(StoredEntry, EntryHeader, EntryContent)> {
    let mut clock = Clock::new();
    let written = [(&cast.ada, "home", 0), (&cast.ada, "journal/2026-12", 6), (&cast.noor, "journal/2026-12", 7)];
    written
        .into_iter()
        .enumerate()
        .map(|(n, (keys, document, at))| {
            let last = clock.get(&keys.id()).and_then(|tips| tips.last()).copied();
            let header = EntryHeader {
                space: chain.space(),
                feed: keys.id(),
                seq: last.map_or(1, |tip| tip.seq + 1),
                previous: last.map_or(Hash::ZERO, |tip| tip.hash),
                position: Position { index: at, hash: chain.hash_at(at).expect("a record") },
                kind: EntryKind::CHANGES,
                critical: true,
            };
            let lines = SentClock::of(chain, &clock, false).lines.expect("a clock has lines");
            let written = NOW.plus_seconds(n as u64);
            let content = EntryContent {
                document: document.to_owned(),
                generation: 0,
                changes: vec![format!("change {n}").into_bytes(), secret("an automerge change").to_vec()],
                clock: lines,
                written: (written, written.plus_seconds(60)),
            };
            let opened_by = chain.epoch_at(at).expect("an epoch is open");
            let ring = KeyRing::derive(chain, &cast.ada);
            let epoch = ring.get(&opened_by.hash()).expect("Ada opens it");
            let entry = content.seal(&mut named(&format!("entry {n}")), keys, epoch, &header).into_stored();
            clock.entry(keys.id()).or_default().clear();
            clock.entry(keys.id()).or_default().insert(entry.tip());
            (entry, header, content)
        })
        .collect()
}

fn entry_value(entry: &StoredEntry, header: &EntryHeader, content: &EntryContent, chain: &MembershipChain) -> Value {
    json!({
        "feed": entry.feed, "seq": entry.seq, "previous": entry.previous, "position": entry.position,
        "kind": entry.kind.code(), "critical": entry.critical,
        "header": hex(header.to_bytes()), "content": hex(to_bytes(content)),
        "frame": hex(pack(&to_bytes(content))), "sealed": hex(&entry.sealed),
        "hash": entry.hash, "signature": hex(entry.signature),
        "sent": hex(to_bytes(&to_sent(chain, vec![entry.clone()])[0])),
        "document": content.document, "generation": content.generation,
        "changes": content.changes.iter().map(hex).collect::<Vec<_>>(),
        "written": [content.written.0.as_millis(), content.written.1.as_millis()],
    })
}

pub(crate) fn feeds() -> Value {
    let cast = cast();
    let chain = shared_chain(&cast);
    let entries = entries(&cast, &chain);
    let lengths = [1, 160, 161, 200, 1_000, 65_535, 262_144, 1_000_000];
    let deflated = b"the same words again and again; ".repeat(20);
    json!({
        "space": chain.space(),
        "entries": entries.iter().map(|(entry, header, content)| entry_value(entry, header, content, &chain)).collect::<Vec<_>>(),
        "padded_lengths": lengths.map(|len| [len, padded_len(len)]),
        "frame_plain": {"plain": hex("short"), "frame": hex(pack(b"short"))},
        "frame_deflate": {"plain": hex(&deflated), "frame": hex(pack(&deflated))},
    })
}

fn clock_of(entries: &[(StoredEntry, EntryHeader, EntryContent)]) -> Clock {
    let mut clock = Clock::new();
    for (entry, ..) in entries {
        clock.insert(entry.feed, std::collections::BTreeSet::from([entry.tip()]));
    }
    clock
}

pub(crate) fn messages() -> Value {
    let cast = cast();
    let chain = shared_chain(&cast);
    let entries = entries(&cast, &chain);
    let clock = clock_of(&entries);
    let stored: Vec<StoredEntry> = entries.iter().map(|(entry, ..)| entry.clone()).collect();
    let (short, whole) = (SentClock::of(&chain, &clock, false), SentClock::of(&chain, &clock, true));
    let unchanged = SentClock { lines: None, ..short.clone() };
    let points: Vec<SentTip> = stored[..2].iter().rev().map(|entry| SentTip::whole(&entry.tip())).collect();
    let locators = vec![
        Locator { feed: Some(0), points },
        Locator { feed: None, points: vec![SentTip { seq: 8, hash: TipHash::Whole(chain.head()) }] },
    ];
    let records: Vec<Vec<u8>> = chain.records()[6..].iter().map(|record| record.bytes().to_vec()).collect();
    let request = Request {
        clock: short.clone(),
        records: records.clone(),
        entries: to_sent(&chain, stored.clone()),
        locators: locators.clone(),
    };
    let response = Response {
        clock: Some(whole.clone()),
        refused: vec![(stored[0].hash, EntryRefusal::Gap), (stored[1].hash, EntryRefusal::Retry)],
        unknown: vec![(0, SentTip::short(&stored[1].tip()))],
        records,
        entries: to_sent(&chain, stored[1..].to_vec()),
        locators,
        more: true,
    };
    let private: Vec<Vec<u8>> = private_chain(&cast).records().iter().map(|record| record.bytes().to_vec()).collect();
    let refusals = (0..10_u8).map(|code| {
        let refusal: EntryRefusal = entwine_core::wire::from_bytes(&[code]).expect("ten refusals");
        json!({"code": code, "means": refusal.to_string(), "then": format!("{:?}", refusal.class())})
    });
    json!({
        "digest": digest(&chain, &clock),
        "clock_empty": hex(to_bytes(&SentClock::empty())), "clock_short": hex(to_bytes(&short)),
        "clock_whole": hex(to_bytes(&whole)), "clock_unchanged": hex(to_bytes(&unchanged)),
        "locators": request.locators.iter().map(|locator| hex(to_bytes(locator))).collect::<Vec<_>>(),
        "line": hex(to_bytes(&ClockLine { feed: 3, tips: vec![SentTip::short(&stored[2].tip())] })),
        "request": hex(to_bytes(&request)), "response": hex(to_bytes(&response)),
        "create_request": hex(to_bytes(&CreateRequest { proof: Some(Hash::from_bytes(registration_proof(&chain))), records: private.clone() })),
        "create_request_without_proof": hex(to_bytes(&CreateRequest { proof: None, records: private })),
        "refusals": refusals.collect::<Vec<_>>(),
    })
}

fn registration_proof(chain: &MembershipChain) -> [u8; 32] {
    RegistrationToken::new("come in").digest().prove(ORIGIN, &chain.space())
}

pub(crate) fn access() -> Value {
    let cast = cast();
    let (shared, private) = (shared_chain(&cast), private_chain(&cast));
    let link = |kind, spaces: &[&MembershipChain], secret| InvitationLink {
        kind,
        relay: ORIGIN.to_owned(),
        spaces: spaces.iter().map(|chain| (chain.space(), chain.head())).collect(),
        secret,
    };
    let partner = link(InvitationKind::Partner, &[&shared], cast.accepted.clone());
    let device = link(InvitationKind::Device, &[&shared, &private], cast.device_link.clone());
    let path = format!("/v1/spaces/{}/sync", shared.space());
    let claims = Claims::new(ORIGIN, "POST", &path, NOW);
    let seed: [u8; 32] = cast.ada.to_bytes()[..32].try_into().expect("the first half");
    json!({
        "partner_link": {"link": partner.to_string(), "keyholder": cast.accepted.derive_keys().id()},
        "device_link": {"link": device.to_string(), "keyholder": cast.device_link.derive_keys().id()},
        "token": {
            "keys": "ada", "aud": claims.aud, "htm": claims.htm, "htu": claims.htu, "iat": claims.iat, "exp": claims.exp,
            "token": sign(cast.ada.id(), &seed, &claims),
        },
        "registration": {
            "token": "come in", "digest": hex(RegistrationToken::new("come in").digest().as_bytes()),
            "aud": ORIGIN, "space": shared.space(), "proof": hex(registration_proof(&shared)),
        },
    })
}

pub(crate) fn live() -> Value {
    let cast = cast();
    let chain = shared_chain(&cast);
    let ring = KeyRing::derive(&chain, &cast.noor);
    let epoch: &EpochSecret = ring.get(&chain.open_epoch().expect("an epoch is open").hash()).expect("Noor opens it");
    let session = secret("live session")[..16].try_into().expect("16 bytes");
    let message = LiveMessage::seal(&mut named("live message"), &cast.noor, &chain, epoch, (session, 7), b"is here")
        .expect("a device");
    let sender: KeyholderId = cast.noor.id();
    let clock = SentClock { chain_len: chain.len(), chain_head: chain.head(), ..SentClock::empty() };
    let request = Request { clock: clock.clone(), records: Vec::new(), entries: Vec::new(), locators: Vec::new() };
    let refused = Refused {
        id: 9,
        code: "removed".to_owned(),
        message: "you were removed from this space".to_owned(),
        response: Some(Response::holding(clock)),
    };
    let hello = Hello { token: "header.claims.signature".to_owned(), spaces: vec![chain.space()] };
    let ask = Ask { id: 9, space: chain.space(), request };
    json!({
        "frames": {
            "hello": hex(to_bytes(&DeviceFrame::Hello(hello))),
            "ask": hex(to_bytes(&DeviceFrame::Ask(Box::new(ask)))),
            "answer": hex(to_bytes(&RelayFrame::Answer(9, Box::new(Response::holding(None))))),
            "refused": hex(to_bytes(&RelayFrame::Refused(Box::new(refused)))),
            "moved": hex(to_bytes(&RelayFrame::Moved(chain.space()))),
        },
        "sender": sender, "session": hex(session), "counter": 7, "position": message.position,
        "plain": hex("is here"), "sealed": hex(&message.sealed), "bytes": hex(to_bytes(&message)),
    })
}
