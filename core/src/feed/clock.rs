//! What does a store hold? The whole sync state: the chain's length and head, and every feed's tips.
//!
//! Each tip is held without gaps back to its feed's start. A clock never says "the highest seen".

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{Hash, KeyholderId, ShortHash};
use crate::limits::{CLOCK_LINES_MAX, LOCATOR_POINTS_MAX, TIPS_PER_FEED_MAX};
use crate::membership::MembershipChain;
use crate::wire::codec::{CodecError, Decoder, Encoder, Wire};

/// The place of an entry in its feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tip {
    /// 1 for a feed's first entry.
    pub seq: u64,
    /// The entry's hash.
    pub hash: Hash,
}

/// Every feed's tips, by keyholder. A feed without entries has no line.
pub type Clock = BTreeMap<KeyholderId, BTreeSet<Tip>>;

/// A hash in a clock line: 8 bytes, or whole where 8 turned out not to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TipHash {
    /// The first 8 bytes.
    Short(ShortHash),
    /// All 32.
    Whole(Hash),
}

impl TipHash {
    /// Whether `hash` may be meant.
    #[must_use]
    pub fn matches(&self, hash: &Hash) -> bool {
        match self {
            Self::Short(short) => hash.short() == *short,
            Self::Whole(whole) => hash == whole,
        }
    }

    /// The bytes: a prefix of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(short) => short.as_bytes(),
            Self::Whole(whole) => whole.as_bytes(),
        }
    }
}

impl Wire for TipHash {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.bytes(self.as_bytes());
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        let bytes = decoder.bytes(Hash::SIZE, "tip hash")?;
        if let Ok(short) = ShortHash::try_from(bytes) {
            return Ok(Self::Short(short));
        }
        Hash::try_from(bytes).map(Self::Whole).map_err(|_| CodecError::Malformed("tip hash"))
    }
}

/// A tip as it is sent: `[seq, hash]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SentTip {
    /// 1 for a feed's first entry.
    pub seq: u64,
    /// The entry's hash, or its first 8 bytes.
    pub hash: TipHash,
}

impl SentTip {
    /// Whether `tip` may be meant.
    #[must_use]
    pub fn matches(&self, tip: &Tip) -> bool {
        self.seq == tip.seq && self.hash.matches(&tip.hash)
    }

    /// The short form of a tip.
    #[must_use]
    pub fn short(tip: &Tip) -> Self {
        Self { seq: tip.seq, hash: TipHash::Short(tip.hash.short()) }
    }

    /// The whole form of a tip.
    #[must_use]
    pub fn whole(tip: &Tip) -> Self {
        Self { seq: tip.seq, hash: TipHash::Whole(tip.hash) }
    }
}

impl Wire for SentTip {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).uint(self.seq).value(&self.hash);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(2, "tip")?;
        Ok(Self { seq: decoder.uint("seq")?, hash: decoder.value()? })
    }
}

/// One feed's line: `[feed number, [tips in order]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockLine {
    /// The feed's number in the chain whose head the message names.
    pub feed: u32,
    /// Its tips, at least one.
    pub tips: Vec<SentTip>,
}

impl Wire for ClockLine {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).uint(u64::from(self.feed)).list(&self.tips);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(2, "clock line")?;
        let feed = decoder.uint32("feed")?;
        let tips: Vec<SentTip> = decoder.list(TIPS_PER_FEED_MAX, "tips")?;
        if tips.is_empty() || !tips.is_sorted_by(|a, b| a < b) {
            return Err(CodecError::NotDeterministic);
        }
        Ok(Self { feed, tips })
    }
}

/// A clock as it is sent: `[chain length, chain head, digest, lines or null]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentClock {
    /// Number of records; 0 from one who has none yet.
    pub chain_len: u32,
    /// Hash of the last one; [`Hash::ZERO`] if none. Feed numbers in the message mean this chain.
    pub chain_head: Hash,
    /// [`digest`] over whole hashes.
    pub digest: Hash,
    /// The lines in the order of their numbers; none while nothing changed on a live connection.
    pub lines: Option<Vec<ClockLine>>,
}

impl SentClock {
    /// The clock of one who holds `clock` under `chain`; with whole hashes where 8 bytes did not tell.
    #[must_use]
    pub fn of(chain: &MembershipChain, clock: &Clock, whole: bool) -> Self {
        let form = if whole { SentTip::whole } else { SentTip::short };
        let lines = numbered(chain, clock)
            .map(|(feed, tips)| ClockLine { feed, tips: tips.iter().map(form).collect() })
            .collect();
        Self { chain_len: chain.len(), chain_head: chain.head(), digest: digest(chain, clock), lines: Some(lines) }
    }

    /// The clock of one who holds nothing, not even the chain.
    #[must_use]
    pub fn empty() -> Self {
        Self { chain_len: 0, chain_head: Hash::ZERO, digest: Hash::ZERO, lines: Some(Vec::new()) }
    }
}

impl Wire for SentClock {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(4).uint(u64::from(self.chain_len)).value(&self.chain_head).value(&self.digest);
        match &self.lines {
            Some(lines) => encoder.list(lines),
            None => encoder.null(),
        };
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(4, "clock")?;
        let chain_len = decoder.uint32("chain length")?;
        let (chain_head, digest) = (decoder.value()?, decoder.value()?);
        let lines: Option<Vec<ClockLine>> = match decoder.null("lines")? {
            true => None,
            false => Some(decoder.list(CLOCK_LINES_MAX, "lines")?),
        };
        if lines.as_ref().is_some_and(|lines| !lines.is_sorted_by(|a, b| a.feed < b.feed)) {
            return Err(CodecError::NotDeterministic);
        }
        Ok(Self { chain_len, chain_head, digest, lines })
    }
}

/// Where neither side knows the other's tip: hashes at seq − 1, − 2, − 4, … before it, which find the common entry.
/// `[feed number, or null for the chain, [points, the latest first]]`. Nothing acts on one for the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locator {
    /// The feed's number; none for the membership chain, whose points count records from 1.
    pub feed: Option<u32>,
    /// The points, the latest first.
    pub points: Vec<SentTip>,
}

impl Wire for Locator {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2);
        match self.feed {
            Some(feed) => encoder.uint(u64::from(feed)),
            None => encoder.null(),
        };
        encoder.list(&self.points);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(2, "locator")?;
        let feed = match decoder.null("feed")? {
            true => None,
            false => Some(decoder.uint32("feed")?),
        };
        let points: Vec<SentTip> = decoder.list(LOCATOR_POINTS_MAX, "points")?;
        if !points.is_sorted_by(|a, b| a.seq > b.seq) {
            return Err(CodecError::NotDeterministic);
        }
        Ok(Self { feed, points })
    }
}

/// SHA-256 over `[chain length, chain head, [[feed number, [[seq, whole hash]]]]]`: equal for two stores exactly if they
/// hold the same.
#[must_use]
pub fn digest(chain: &MembershipChain, clock: &Clock) -> Hash {
    let lines: Vec<_> = numbered(chain, clock).collect();
    let mut encoder = Encoder::new();
    encoder.array(3).uint(u64::from(chain.len())).value(&chain.head()).array(lines.len());
    for (feed, tips) in lines {
        encoder.array(2).uint(u64::from(feed)).array(tips.len());
        for tip in tips {
            encoder.array(2).uint(tip.seq).value(&tip.hash);
        }
    }
    Hash::of("entwine/v1/clock", &[&encoder.into_bytes()])
}

/// The lines by number. Lines of keyholders that the chain does not name are left out: they have no number there.
fn numbered<'a>(
    chain: &'a MembershipChain,
    clock: &'a Clock,
) -> impl Iterator<Item = (u32, &'a BTreeSet<Tip>)> + use<'a> {
    chain.keyholders().iter().filter_map(|keyholder| {
        clock.get(&keyholder.id).filter(|tips| !tips.is_empty()).map(|tips| (keyholder.number, tips))
    })
}
