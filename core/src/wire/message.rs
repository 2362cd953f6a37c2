//! What passes over the wire? The messages of a sync exchange, the same on every carrier.
//!
//! ```text
//! device ── Request  { clock, records and entries that the relay lacks } ──────────► relay
//! device ◄─ Response { clock, refused, records and entries that the device lacks } ─ relay
//! ```

use super::codec::{CodecError, Decoder, Encoder, Wire};
use crate::feed::clock::{Locator, SentClock, SentTip};
use crate::feed::{EntryRefusal, SentEntry};
use crate::id::Hash;
use crate::limits::{
    CHAIN_RECORDS_MAX, ENTRIES_PER_MESSAGE_MAX, KEYHOLDERS_EVER_MAX, LOCATORS_PER_MESSAGE_MAX, RECORD_BYTES_MAX,
};

const MESSAGE_VERSION: u64 = 1;

/// From a device: `[version, clock, records, entries, locators]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What the device holds, what it sends here included.
    pub clock: SentClock,
    /// Records beyond the relay's chain.
    pub records: Vec<Vec<u8>>,
    /// Entries beyond the relay's clock, parents before children.
    pub entries: Vec<SentEntry>,
    /// Where neither side knows the other's tip.
    pub locators: Vec<Locator>,
}

/// From the relay: `[version, clock, refused, unknown, records, entries, locators, more]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// What the relay holds durably, after it took what the request brought; none where that is what the request's clock says, to
    /// the letter ([`Self::clock_after`]). This is the acknowledgement.
    pub clock: Option<SentClock>,
    /// Entries of the request that were not taken, and why.
    pub refused: Vec<(Hash, EntryRefusal)>,
    /// Tips of the request's clock, and points of its locators, that the relay does not have: (feed number, tip).
    pub unknown: Vec<(u32, SentTip)>,
    /// Records beyond the request's chain.
    pub records: Vec<Vec<u8>>,
    /// Entries beyond the request's clock, parents before children.
    pub entries: Vec<SentEntry>,
    /// Where neither side knows the other's tip.
    pub locators: Vec<Locator>,
    /// Whether more than fitted is there to fetch: ask again.
    pub more: bool,
}

impl Request {
    /// A question that brings records alone, or nothing.
    #[must_use]
    pub fn bringing(clock: SentClock, records: Vec<Vec<u8>>) -> Self {
        Self { clock, records, entries: Vec::new(), locators: Vec::new() }
    }
}

impl Response {
    /// An answer that brings nothing: it says what the relay holds.
    #[must_use]
    pub fn holding(clock: impl Into<Option<SentClock>>) -> Self {
        Self {
            clock: clock.into(),
            refused: Vec::new(),
            unknown: Vec::new(),
            records: Vec::new(),
            entries: Vec::new(),
            locators: Vec::new(),
            more: false,
        }
    }

    /// What the relay holds, by its answer to a request with this clock.
    #[must_use]
    pub fn clock_after<'c>(&'c self, asked: &'c SentClock) -> &'c SentClock {
        self.clock.as_ref().unwrap_or(asked)
    }
}

/// Brings the chain of a space that the relay may not know: `[version, proof or null, records]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRequest {
    /// HMAC-SHA256 under SHA-256(registration token): see [`crate::registration`].
    pub proof: Option<Hash>,
    /// The chain from its first record on.
    pub records: Vec<Vec<u8>>,
}

fn encode_records(encoder: &mut Encoder, records: &[Vec<u8>]) {
    encoder.array(records.len());
    for record in records {
        encoder.bytes(record);
    }
}

fn decode_records(decoder: &mut Decoder<'_>) -> Result<Vec<Vec<u8>>, CodecError> {
    let len = decoder.array_max(CHAIN_RECORDS_MAX, "records")?;
    (0..len).map(|_| decoder.bytes(RECORD_BYTES_MAX, "record").map(<[u8]>::to_vec)).collect()
}

impl Wire for Request {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(5).uint(MESSAGE_VERSION).value(&self.clock);
        encode_records(encoder, &self.records);
        encoder.list(&self.entries).list(&self.locators);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(5, "request")?;
        decoder.version(MESSAGE_VERSION)?;
        Ok(Self {
            clock: decoder.value()?,
            records: decode_records(decoder)?,
            entries: decoder.list(ENTRIES_PER_MESSAGE_MAX, "entries")?,
            locators: decoder.list(LOCATORS_PER_MESSAGE_MAX, "locators")?,
        })
    }
}

impl Wire for Response {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(8).uint(MESSAGE_VERSION).option(self.clock.as_ref()).array(self.refused.len());
        for (hash, refusal) in &self.refused {
            encoder.array(2).value(hash).value(refusal);
        }
        encoder.array(self.unknown.len());
        for (feed, tip) in &self.unknown {
            encoder.array(2).uint(u64::from(*feed)).value(tip);
        }
        encode_records(encoder, &self.records);
        encoder.list(&self.entries).list(&self.locators).bool(self.more);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(8, "response")?;
        decoder.version(MESSAGE_VERSION)?;
        let clock = decoder.option("clock")?;
        let mut refused = Vec::new();
        for _ in 0..decoder.array_max(ENTRIES_PER_MESSAGE_MAX, "refused")? {
            decoder.array(2, "refused")?;
            refused.push((decoder.value()?, decoder.value()?));
        }
        let mut unknown = Vec::new();
        for _ in 0..decoder.array_max(KEYHOLDERS_EVER_MAX, "unknown tips")? {
            decoder.array(2, "unknown tip")?;
            unknown.push((decoder.uint32("feed")?, decoder.value()?));
        }
        Ok(Self {
            clock,
            refused,
            unknown,
            records: decode_records(decoder)?,
            entries: decoder.list(ENTRIES_PER_MESSAGE_MAX, "entries")?,
            locators: decoder.list(LOCATORS_PER_MESSAGE_MAX, "locators")?,
            more: decoder.bool("more")?,
        })
    }
}

impl Wire for CreateRequest {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(3).uint(MESSAGE_VERSION).option(self.proof.as_ref());
        encode_records(encoder, &self.records);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(3, "create request")?;
        decoder.version(MESSAGE_VERSION)?;
        Ok(Self { proof: decoder.option("proof")?, records: decode_records(decoder)? })
    }
}
