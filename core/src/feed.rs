//! What has a place? Entries, each signed by one keyholder and linked to the one before it.
//!
//! ```text
//! SentEntry ──name its chain──► StoredEntry ──signature, membership──► VerifiedEntry
//! (wire)                        (a store's row)                        (may be stored)
//! ```
//!
//! A feed is everything that one keyholder signed in a space. Normally it is a line; where a phone's store was restored or
//! copied, two entries follow one, and the feed is a tree. Both are valid: nothing anyone wrote is refused for that.

pub mod clock;
pub mod tree;

use std::ops::Deref;

use crate::id::{Hash, KeyholderId, SpaceId};
use crate::keyholder::{KeyholderKind, PublicKeys, SecretKeys, SignatureBytes};
use crate::limits::ENTRY_SEALED_BYTES_MAX;
use crate::membership::MembershipChain;
use crate::wire::codec::{CodecError, Decoder, Encoder, Wire};

pub use clock::{Clock, Tip};
pub use tree::FeedTree;

/// The version of entries that this software writes and reads.
pub const ENTRY_VERSION: u64 = 1;
/// XChaCha20-Poly1305.
pub const ENTRY_SUITE: u64 = 1;

const HEADER_LABEL: &str = "entwine/v1/entry-header";
const SEALED_LABEL: &str = "entwine/v1/entry-sealed";
const ENTRY_LABEL: &str = "entwine/v1/entry";

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryKind(u64);

impl EntryKind {
    /// Changes of one document. Critical.
    pub const CHANGES: Self = Self(0);
    /// Reserved for checkpoints; not critical.
    pub const CHECKPOINT: Self = Self(1);
    /// Reserved for releases; not critical.
    pub const RELEASE: Self = Self(2);

    /// From its number on the wire.
    #[must_use]
    pub const fn from_code(code: u64) -> Self {
        Self(code)
    }

    /// Its number on the wire.
    #[must_use]
    pub const fn code(self) -> u64 {
        self.0
    }
}

/// Where in the membership chain an entry was written: everyone then a keyholder may read it, under the epoch then open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Index of the record. Sent.
    pub index: u32,
    /// Hash of the record. Signed, not sent: the receiver has it.
    pub hash: Hash,
}

/// Everything of an entry but its content. The whole header is signed and bound to the ciphertext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryHeader {
    /// The space.
    pub space: SpaceId,
    /// Whose feed.
    pub feed: KeyholderId,
    /// 1 for a feed's first entry.
    pub seq: u64,
    /// The hash of the entry before; [`Hash::ZERO`] for the first.
    pub previous: Hash,
    /// Where in the membership chain.
    pub position: Position,
    /// What it is.
    pub kind: EntryKind,
    /// Whether one who does not know the kind must not go on writing.
    pub critical: bool,
}

impl EntryHeader {
    /// The bytes that are signed and bound to the ciphertext:
    /// `[version, suite, space, feed, seq, previous, [index, hash], kind, critical]`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut encoder = Encoder::new();
        encoder.array(9).uint(ENTRY_VERSION).uint(ENTRY_SUITE).value(&self.space).value(&self.feed);
        encoder.uint(self.seq).value(&self.previous);
        encoder.array(2).uint(u64::from(self.position.index)).value(&self.position.hash);
        encoder.uint(self.kind.0).bool(self.critical);
        encoder.into_bytes()
    }

    fn digests(&self, sealed: &[u8]) -> [Hash; 2] {
        [Hash::of(HEADER_LABEL, &[&self.to_bytes()]), Hash::of(SEALED_LABEL, &[sealed])]
    }

    /// The hash of the entry with this header and this sealed content. It does not cover the signature, which anyone who
    /// holds the key could make anew.
    #[must_use]
    pub fn entry_hash(&self, sealed: &[u8]) -> Hash {
        let [header, sealed] = self.digests(sealed);
        Hash::of(ENTRY_LABEL, &[header.as_bytes(), sealed.as_bytes()])
    }

    /// Signs this header and its sealed content: a whole entry.
    #[must_use]
    pub fn sign(&self, keys: &SecretKeys, sealed: Vec<u8>) -> VerifiedEntry {
        let [header_hash, sealed_hash] = self.digests(&sealed);
        let signature = keys.sign(ENTRY_LABEL, &[header_hash.as_bytes(), sealed_hash.as_bytes()]);
        VerifiedEntry(StoredEntry {
            feed: self.feed,
            seq: self.seq,
            hash: self.entry_hash(&sealed),
            previous: self.previous,
            position: self.position.index,
            kind: self.kind,
            critical: self.critical,
            sealed,
            signature,
        })
    }

    fn verify(&self, keys: &PublicKeys, sealed: &[u8], signature: &SignatureBytes) -> Result<(), EntryRefusal> {
        let [header, sealed] = self.digests(sealed);
        keys.verify(ENTRY_LABEL, &[header.as_bytes(), sealed.as_bytes()], signature)
            .map_err(|_| EntryRefusal::Signature)
    }
}

/// An entry as a store keeps it: one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Whose feed.
    pub feed: KeyholderId,
    /// 1 for a feed's first entry.
    pub seq: u64,
    /// Its own hash.
    pub hash: Hash,
    /// The hash of the entry before.
    pub previous: Hash,
    /// Index of the membership record at which it was written.
    pub position: u32,
    /// What it is.
    pub kind: EntryKind,
    /// Whether one who does not know the kind must not go on writing.
    pub critical: bool,
    /// Nonce and ciphertext.
    pub sealed: Vec<u8>,
    /// The author's signature.
    pub signature: SignatureBytes,
}

impl StoredEntry {
    /// Its place in its feed.
    #[must_use]
    pub fn tip(&self) -> Tip {
        Tip { seq: self.seq, hash: self.hash }
    }

    /// The header, as it is bound into the signature. None if the chain has no such position.
    #[must_use]
    pub fn header(&self, chain: &MembershipChain) -> Option<EntryHeader> {
        Some(EntryHeader {
            space: chain.space(),
            feed: self.feed,
            seq: self.seq,
            previous: self.previous,
            position: Position { index: self.position, hash: chain.hash_at(self.position)? },
            kind: self.kind,
            critical: self.critical,
        })
    }

    /// Checks everything about the entry that does not depend on other entries.
    ///
    /// # Errors
    /// Why it has no place.
    pub fn verify(mut self, chain: &MembershipChain) -> Result<VerifiedEntry, EntryRefusal> {
        if self.sealed.len() > ENTRY_SEALED_BYTES_MAX {
            return Err(EntryRefusal::TooLarge);
        }
        if self.seq == 0 || (self.seq == 1) != (self.previous == Hash::ZERO) {
            return Err(EntryRefusal::Malformed);
        }
        let header = self.header(chain).ok_or(EntryRefusal::NoEpoch)?;
        let author = chain
            .keyholder(&self.feed)
            .filter(|author| author.kind == KeyholderKind::Device && author.is_member_at(self.position))
            .ok_or(EntryRefusal::NotMember)?;
        if chain.epoch_at(self.position).is_none() {
            return Err(EntryRefusal::NoEpoch);
        }
        header.verify(&author.keys, &self.sealed, &self.signature)?;
        self.hash = header.entry_hash(&self.sealed);
        Ok(VerifiedEntry(self))
    }
}

/// An entry whose signature and membership were checked. Only this may be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEntry(StoredEntry);

impl VerifiedEntry {
    /// The row to store.
    #[must_use]
    pub fn into_stored(self) -> StoredEntry {
        self.0
    }
}

impl Deref for VerifiedEntry {
    type Target = StoredEntry;
    fn deref(&self) -> &StoredEntry {
        &self.0
    }
}

/// Why an entry was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum EntryRefusal {
    /// The parts contradict each other.
    #[error("malformed")]
    Malformed,
    /// The signature is not the author's.
    #[error("bad signature")]
    Signature,
    /// The author was not a device of the space at that position.
    #[error("not a member")]
    NotMember,
    /// No epoch is open at that position, or there is no such position.
    #[error("no open epoch")]
    NoEpoch,
    /// The entry before it is missing here.
    #[error("gap")]
    Gap,
    /// Sealed content over the limit.
    #[error("too large")]
    TooLarge,
    /// The feed has as many tips as it may have.
    #[error("too many branches")]
    TooManyTips,
    /// A critical kind that this store does not know.
    #[error("unknown kind")]
    UnknownKind,
    /// The space's quota is used up.
    #[error("quota")]
    Quota,
    /// Not now: send it again later.
    #[error("retry")]
    Retry,
}

/// What the sender does with a refused entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalClass {
    /// Send it again.
    Retry,
    /// Keep it until the cause is gone.
    Park,
    /// Put it aside, and say so.
    SetAside,
}

impl EntryRefusal {
    const ALL: [Self; 10] = [
        Self::Malformed,
        Self::Signature,
        Self::NotMember,
        Self::NoEpoch,
        Self::Gap,
        Self::TooLarge,
        Self::TooManyTips,
        Self::UnknownKind,
        Self::Quota,
        Self::Retry,
    ];

    /// The number that stands for it on the wire.
    #[must_use]
    pub fn code(self) -> u64 {
        Self::ALL.iter().position(|refusal| *refusal == self).expect("ALL lists every refusal") as u64
    }

    /// What the sender does.
    #[must_use]
    pub fn class(self) -> RefusalClass {
        match self {
            Self::Gap | Self::Retry | Self::NoEpoch => RefusalClass::Retry,
            Self::UnknownKind | Self::Quota | Self::TooManyTips => RefusalClass::Park,
            Self::Malformed | Self::Signature | Self::NotMember | Self::TooLarge => RefusalClass::SetAside,
        }
    }
}

impl Wire for EntryRefusal {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(self.code());
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        let code = decoder.uint("refusal")?;
        usize::try_from(code)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
            .ok_or(CodecError::Malformed("refusal"))
    }
}

/// An entry as a message carries it: `[version, suite, feed number, seq, previous or null, position, kind, critical, sealed,
/// signature]`. The number is the feed's in the chain whose head the message names. The previous hash is sent only where the
/// entry before it in the message is not the one it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentEntry {
    /// The feed's number.
    pub feed: u32,
    /// 1 for a feed's first entry.
    pub seq: u64,
    /// The hash of the entry before, unless that one comes right before it.
    pub previous: Option<Hash>,
    /// Index of the membership record.
    pub position: u32,
    /// What it is.
    pub kind: EntryKind,
    /// Whether one who does not know the kind must not go on writing.
    pub critical: bool,
    /// Nonce and ciphertext.
    pub sealed: Vec<u8>,
    /// The author's signature.
    pub signature: SignatureBytes,
}

impl Wire for SentEntry {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(10).uint(ENTRY_VERSION).uint(ENTRY_SUITE).uint(u64::from(self.feed)).uint(self.seq);
        encoder.option(self.previous.as_ref()).uint(u64::from(self.position)).uint(self.kind.0).bool(self.critical);
        encoder.bytes(&self.sealed).bytes(&self.signature);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(10, "entry")?;
        decoder.version(ENTRY_VERSION)?;
        decoder.version(ENTRY_SUITE)?;
        Ok(Self {
            feed: decoder.uint32("feed")?,
            seq: decoder.uint("seq")?,
            previous: decoder.option("previous")?,
            position: decoder.uint32("position")?,
            kind: EntryKind(decoder.uint("kind")?),
            critical: decoder.bool("critical")?,
            sealed: decoder.bytes(ENTRY_SEALED_BYTES_MAX, "sealed")?.to_vec(),
            signature: decoder.fixed("signature")?,
        })
    }
}
