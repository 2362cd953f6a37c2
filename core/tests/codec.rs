//! Is there one encoding of every value, and does no byte of a stranger's make a decoder stumble?

#[path = "support/world.rs"]
mod world;

use entwine_core::feed::clock::{ClockLine, Locator, SentClock, SentTip, TipHash};
use entwine_core::feed::{EntryKind, EntryRefusal, SentEntry};
use entwine_core::id::{DocumentId, Hash, KeyholderId, PersonId, ShortHash, SpaceId};
use entwine_core::keyholder::invitation::{InvitationKind, InvitationLink, InvitationSecret};
use entwine_core::keyholder::{KeyholderKind, PublicKeys, SecretKeys};
use entwine_core::membership::{Accept, Add, Body, Create, Cut, Record, Remove, SpaceKind};
use entwine_core::sealing::entry::EntryContent;
use entwine_core::sealing::epoch::{EpochSecret, Opening, Seal, SealPlace};
use entwine_core::sealing::live::LiveMessage;
use entwine_core::time::Timestamp;
use entwine_core::wire::message::{CreateRequest, Request, Response};
use entwine_core::wire::{Wire, from_bytes, to_bytes};
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::ChaCha20Rng;

/// The bytes of a value, and a decoder that gives them back.
struct Sample {
    name: &'static str,
    bytes: Vec<u8>,
    decode: fn(&[u8]) -> Option<Vec<u8>>,
}

fn sample<T: Wire + PartialEq + std::fmt::Debug>(name: &'static str, value: &T) -> Sample {
    let bytes = to_bytes(value);
    assert_eq!(from_bytes::<T>(&bytes).as_ref(), Ok(value), "{name} reads back");
    Sample { name, bytes, decode: |bytes| from_bytes::<T>(bytes).ok().map(|value| to_bytes(&value)) }
}

/// Random values of every type that is ever encoded.
struct Values(ChaCha20Rng);

impl Values {
    fn hash(&mut self) -> Hash {
        Hash::from_bytes(self.0.random())
    }

    fn uint(&mut self) -> u64 {
        let bits = self.0.random_range(0..64);
        self.0.random::<u64>() >> bits
    }

    fn uint32(&mut self) -> u32 {
        self.0.random::<u32>() >> self.0.random_range(0..32)
    }

    fn bytes(&mut self, max: usize) -> Vec<u8> {
        let len = self.0.random_range(0..max);
        (0..len).map(|_| self.0.random()).collect()
    }

    fn signature(&mut self) -> [u8; 64] {
        let mut signature = [0; 64];
        self.0.fill(&mut signature[..]);
        signature
    }

    fn several<T>(&mut self, max: usize, make: fn(&mut Self) -> T) -> Vec<T> {
        (0..self.0.random_range(0..max)).map(|_| make(self)).collect()
    }

    fn tip(&mut self) -> SentTip {
        let hash = self.hash();
        let hash = if self.0.random() { TipHash::Whole(hash) } else { TipHash::Short(hash.short()) };
        SentTip { seq: self.uint(), hash }
    }

    fn tips(&mut self) -> Vec<SentTip> {
        let mut tips = self.several(4, Self::tip);
        tips.push(self.tip());
        tips.sort();
        tips.dedup();
        tips
    }

    fn line(&mut self) -> ClockLine {
        ClockLine { feed: self.uint32(), tips: self.tips() }
    }

    fn clock(&mut self) -> SentClock {
        let mut lines = self.several(4, Self::line);
        lines.sort_by_key(|line| line.feed);
        lines.dedup_by_key(|line| line.feed);
        let lines = self.0.random::<bool>().then_some(lines);
        SentClock { chain_len: self.uint32(), chain_head: self.hash(), digest: self.hash(), lines }
    }

    fn locator(&mut self) -> Locator {
        let mut points = self.tips();
        points.sort_by_key(|point| std::cmp::Reverse(point.seq));
        points.dedup_by_key(|point| point.seq);
        Locator { feed: self.0.random::<bool>().then_some(7), points }
    }

    fn refusal(&mut self) -> EntryRefusal {
        [EntryRefusal::Malformed, EntryRefusal::Gap, EntryRefusal::Retry][self.0.random_range(0..3)]
    }

    fn entry(&mut self) -> SentEntry {
        SentEntry {
            feed: self.uint32(),
            seq: self.uint(),
            previous: self.0.random::<bool>().then_some(Hash::from_bytes([4; 32])),
            position: self.uint32(),
            kind: EntryKind::from_code(self.uint()),
            critical: self.0.random(),
            sealed: self.bytes(300),
            signature: self.signature(),
        }
    }

    fn record_bytes(&mut self) -> Vec<u8> {
        self.bytes(100)
    }

    fn request(&mut self) -> Request {
        Request {
            clock: self.clock(),
            records: self.several(3, Self::record_bytes),
            entries: self.several(3, Self::entry),
            locators: self.several(3, Self::locator),
        }
    }

    fn response(&mut self) -> Response {
        Response {
            clock: self.0.random::<bool>().then(|| self.clock()),
            refused: self.several(3, |values| (values.hash(), values.refusal())),
            unknown: self.several(3, |values| (values.uint32(), values.tip())),
            records: self.several(3, Self::record_bytes),
            entries: self.several(3, Self::entry),
            locators: self.several(3, Self::locator),
            more: self.0.random(),
        }
    }

    fn content(&mut self) -> EntryContent {
        let mut clock = self.several(3, Self::line);
        clock.sort_by_key(|line| line.feed);
        EntryContent {
            document: "journal/2026-12".to_owned(),
            generation: self.uint32(),
            changes: self.several(4, |values| values.bytes(60)),
            clock,
            written: (Timestamp::from_millis(self.uint()), Timestamp::from_millis(self.uint())),
        }
    }

    fn keys(&mut self) -> SecretKeys {
        SecretKeys::make_random(&mut self.0)
    }

    fn place(&mut self) -> SealPlace {
        SealPlace { space: SpaceId::from_bytes(self.0.random()), previous: self.hash() }
    }

    fn opening(&mut self) -> Opening {
        let secrets: Vec<EpochSecret> = self.several(3, |values| EpochSecret::make_random(&mut values.0));
        let earlier: Vec<(Hash, EpochSecret)> = secrets.into_iter().map(|secret| (self.hash(), secret)).collect();
        let (ada, noor, place) = (self.keys(), self.keys(), self.place());
        let secret = EpochSecret::make_random(&mut self.0);
        Opening::make(&mut self.0, &secret, &place, &[*ada.public(), *noor.public()], &earlier)
    }

    fn seal(&mut self) -> Seal {
        let (keys, place, secret) = (self.keys(), self.place(), EpochSecret::make_random(&mut self.0));
        Seal::make(&mut self.0, &secret, &place, keys.public())
    }

    fn cut(&mut self) -> Cut {
        let mut tips = self.several(4, |values| (values.uint(), values.hash()));
        tips.sort();
        Cut { keyholder: KeyholderId::from_bytes(self.0.random()), tips }
    }

    fn bodies(&mut self) -> Vec<Body> {
        let kinds = [KeyholderKind::Device, KeyholderKind::PartnerInvitation, KeyholderKind::RecoveryPhrase];
        let person = PersonId::from_bytes(self.0.random());
        let device = *self.keys().public();
        let mut cuts = vec![self.cut(), self.cut()];
        cuts.sort_by_key(|cut| cut.keyholder);
        let create = |kind, opening| Body::Create(Box::new(Create { kind, person, device, opening }));
        vec![
            create(SpaceKind::Shared, self.opening()),
            create(SpaceKind::Private { of: SpaceId::from_bytes(self.0.random()) }, self.opening()),
            Body::Add(Box::new(Add {
                person,
                kind: kinds[self.0.random_range(0..3)],
                keys: device,
                expires: self.0.random::<bool>().then(|| Timestamp::from_seconds(1_800_000_000)),
                offer: self.signature(),
                seal: self.seal(),
            })),
            Body::Accept(Accept { person, device, offer: self.signature() }),
            Body::Remove(Remove { cuts }),
            Body::Rotate(self.opening()),
            Body::Unknown { kind: 5 + self.uint() % 1_000, critical: self.0.random(), bytes: self.bytes(50) },
        ]
    }

    fn link(&mut self, kind: InvitationKind, spaces: usize) -> InvitationLink {
        InvitationLink {
            kind,
            relay: "https://relay.example".to_owned(),
            spaces: (0..spaces).map(|_| (SpaceId::from_bytes(self.0.random()), self.hash())).collect(),
            secret: InvitationSecret::make_random(&mut self.0),
        }
    }

    fn live(&mut self) -> LiveMessage {
        LiveMessage {
            sender: self.uint32(),
            session: self.0.random(),
            counter: self.uint(),
            position: self.uint32(),
            sealed: self.bytes(200),
            signature: self.signature(),
        }
    }

    fn create_request(&mut self) -> CreateRequest {
        let proof = self.0.random::<bool>().then_some(Hash::from_bytes([6; 32]));
        CreateRequest { proof, records: self.several(3, Self::record_bytes) }
    }
}

fn samples(seed: u64) -> Vec<Sample> {
    let mut values = Values(ChaCha20Rng::seed_from_u64(seed));
    let mut samples = vec![
        sample("Hash", &values.hash()),
        sample("ShortHash", &ShortHash::from_bytes(values.0.random())),
        sample("SpaceId", &SpaceId::from_bytes(values.0.random())),
        sample("KeyholderId", &KeyholderId::from_bytes(values.0.random())),
        sample("PersonId", &PersonId::from_bytes(values.0.random())),
        sample("DocumentId", &DocumentId::from_bytes(values.0.random())),
        sample("KeyholderKind", &KeyholderKind::RecoveryPhrase),
        sample::<PublicKeys>("PublicKeys", values.keys().public()),
        sample("SpaceKind", &SpaceKind::Shared),
        sample("TipHash", &values.tip().hash),
        sample("SentTip", &values.tip()),
        sample("ClockLine", &values.line()),
        sample("SentClock", &values.clock()),
        sample("Locator", &values.locator()),
        sample("EntryRefusal", &values.refusal()),
        sample("SentEntry", &values.entry()),
        sample("EntryContent", &values.content()),
        sample("Seal", &values.seal()),
        sample("Opening", &values.opening()),
        sample("Cut", &values.cut()),
        sample("LiveMessage", &values.live()),
        sample("InvitationLink", &values.link(InvitationKind::Partner, 1)),
        sample("InvitationLink", &values.link(InvitationKind::Device, 2)),
        sample("Request", &values.request()),
        sample("Response", &values.response()),
        sample("CreateRequest", &values.create_request()),
    ];
    let (author, previous) = (values.keys(), values.hash());
    for body in values.bodies() {
        samples.push(sample("Record", &Record::sign(&author, values.uint32(), previous, body)));
    }
    samples
}

/// Where the heads of CBOR items stand. Byte strings are not looked into.
fn heads(bytes: &[u8]) -> Vec<usize> {
    let (mut at, mut heads) = (0, Vec::new());
    while at < bytes.len() {
        heads.push(at);
        let (major, info) = (bytes[at] >> 5, bytes[at] & 31);
        let width = if info < 24 { 0 } else { 1 << (info - 24) };
        let argument = match width {
            0 => usize::from(info),
            _ => bytes[at + 1..at + 1 + width].iter().fold(0, |value, byte| value << 8 | usize::from(*byte)),
        };
        at += 1 + width + if major == 2 || major == 3 { argument } else { 0 };
    }
    heads
}

/// The same item with its number in the next longer form; none where there is no longer one.
fn lengthen(bytes: &[u8], at: usize) -> Option<Vec<u8>> {
    let (major, info) = (bytes[at] >> 5, bytes[at] & 31);
    if major == 7 || info == 27 {
        return None;
    }
    let width = if info < 24 { 0 } else { 1_usize << (info - 24) };
    let mut longer = bytes[..at].to_vec();
    longer.push(major << 5 | if info < 24 { 24 } else { info + 1 });
    match width {
        0 => longer.push(info),
        _ => {
            longer.extend(std::iter::repeat_n(0, width));
            longer.extend_from_slice(&bytes[at + 1..at + 1 + width]);
        }
    }
    longer.extend_from_slice(&bytes[at + 1 + width..]);
    Some(longer)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_value_has_one_encoding(seed in any::<u64>(), extra in any::<u8>(), flip in any::<prop::sample::Index>()) {
        for Sample { name, bytes, decode } in samples(seed) {
            let trailing = [bytes.as_slice(), &[extra]].concat();
            prop_assert!(decode(&trailing).is_none(), "{} with a byte more", name);
            for len in (0..bytes.len()).filter(|len| bytes.len() < 300 || len % 7 == 0) {
                prop_assert!(decode(&bytes[..len]).is_none(), "{} cut to {}", name, len);
            }
            for head in heads(&bytes) {
                let Some(longer) = lengthen(&bytes, head) else { continue };
                prop_assert!(decode(&longer).is_none(), "{} with a longer number at {}", name, head);
            }
            let mut flipped = bytes.clone();
            let bit = flip.index(bytes.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            // It may be another value, but then its own one encoding.
            prop_assert!(decode(&flipped).is_none_or(|again| again == flipped), "{} with bit {} flipped", name, bit);
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_stumble(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        seed in any::<u64>(),
        at in any::<prop::sample::Index>(),
    ) {
        for Sample { name, bytes: good, decode } in samples(seed) {
            prop_assert!(decode(&bytes).is_none_or(|again| again == bytes), "{}", name);
            let mut spliced = good[..at.index(good.len())].to_vec();
            spliced.extend_from_slice(&bytes);
            prop_assert!(decode(&spliced).is_none_or(|again| again == spliced), "{}", name);
        }
    }
}

/// A flipped bit in what is signed or sealed is not another value: it is refused.
#[test]
fn a_flipped_bit_in_an_entry_is_refused() {
    let (mut ada, _, _) = world::couple();
    let chain = ada.store.chain().clone();
    let ring = entwine_core::membership::KeyRing::derive(&chain, &ada.keys);
    let entry = ada.seal_one("a word");
    assert!(entry.clone().verify(&chain).is_ok() && EntryContent::open(&entry, &chain, &ring).is_ok());
    for bit in 0..entry.sealed.len() * 8 {
        let mut flipped = entry.clone();
        flipped.sealed[bit / 8] ^= 1 << (bit % 8);
        assert!(EntryContent::open(&flipped, &chain, &ring).is_err());
        assert_eq!(flipped.verify(&chain).unwrap_err(), EntryRefusal::Signature);
    }
    for bit in 0..512 {
        let mut flipped = entry.clone();
        flipped.signature[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(flipped.verify(&chain).unwrap_err(), EntryRefusal::Signature);
    }
}

#[test]
fn lists_that_must_be_in_order_are_refused_in_another() {
    let tip = |seq| SentTip { seq, hash: TipHash::Short(ShortHash::from_bytes([1; 8])) };
    for tips in [vec![tip(2), tip(1)], vec![tip(1), tip(1)], vec![]] {
        assert!(from_bytes::<ClockLine>(&to_bytes(&ClockLine { feed: 0, tips })).is_err());
    }
    let line = |feed| ClockLine { feed, tips: vec![tip(1)] };
    for lines in [vec![line(1), line(0)], vec![line(1), line(1)]] {
        let clock = SentClock { lines: Some(lines), ..SentClock::empty() };
        assert!(from_bytes::<SentClock>(&to_bytes(&clock)).is_err());
    }
    let rising = Locator { feed: None, points: vec![tip(1), tip(2)] };
    assert!(from_bytes::<Locator>(&to_bytes(&rising)).is_err(), "the latest comes first");
    let cut = |byte| Cut { keyholder: KeyholderId::from_bytes([byte; 16]), tips: Vec::new() };
    for cuts in [vec![], vec![cut(2), cut(1)], vec![cut(1), cut(1)]] {
        assert!(from_bytes::<Remove>(&to_bytes(&Remove { cuts })).is_err());
    }
}
