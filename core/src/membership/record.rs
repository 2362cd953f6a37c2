//! What does one record of a membership chain say, and in which bytes?
//!
//! ```text
//! record = [version, index, previous, kind, critical, body as bytes, author, signature]
//! ```
//!
//! The signature covers the first seven elements; the hash covers all eight, as received. A body of a kind that is not known
//! here is kept as it came.

use std::sync::Arc;

use crate::id::{Hash, KeyholderId, PersonId, SpaceId};
use crate::keyholder::{BadSignature, KeyholderKind, PublicKeys, SecretKeys, SignatureBytes};
use crate::limits::{KEYHOLDERS_EVER_MAX, RECORD_BYTES_MAX, TIPS_PER_FEED_MAX};
use crate::sealing::epoch::{Opening, Seal};
use crate::time::Timestamp;
use crate::wire::codec::{CodecError, Decoder, Encoder, Wire, from_bytes, to_bytes};

const RECORD_VERSION: u64 = 1;
const RECORD_LABEL: &str = "entwine/v1/record";

const CREATE: u64 = 0;
const ADD: u64 = 1;
const ACCEPT: u64 = 2;
const REMOVE: u64 = 3;
const ROTATE: u64 = 4;

/// Whose space it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpaceKind {
    /// The couple's.
    Shared,
    /// One person's own, beside a shared one.
    Private {
        /// The shared space that it stands beside.
        of: SpaceId,
    },
}

impl Wire for SpaceKind {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Shared => encoder.null(),
            Self::Private { of } => encoder.value(of),
        };
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        Ok(match decoder.option("space kind")? {
            None => Self::Shared,
            Some(of) => Self::Private { of },
        })
    }
}

/// Founds the space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    /// Shared, or private beside a shared one.
    pub kind: SpaceKind,
    /// The founder.
    pub person: PersonId,
    /// The founder's device, which signs this record.
    pub device: PublicKeys,
    /// The first epoch.
    pub opening: Opening,
}

/// Adds a keyholder of the author's person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Add {
    /// The author's person; an invitation bears it too.
    pub person: PersonId,
    /// What is added.
    pub kind: KeyholderKind,
    /// Its keys.
    pub keys: PublicKeys,
    /// When an invitation ends; nothing else has an end.
    pub expires: Option<Timestamp>,
    /// The added key's signature over space, person and kind: nobody adds a key that its holder did not offer.
    pub offer: SignatureBytes,
    /// The secret of the epoch opened last.
    pub seal: Seal,
}

/// Takes an invitation up: adds the joiner's device and removes the invitation, which signs this record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    /// A new person for a partner invitation, the inviter's for a device invitation.
    pub person: PersonId,
    /// The joiner's device.
    pub device: PublicKeys,
    /// The device's signature over space, person and kind.
    pub offer: SignatureBytes,
}

/// What of a removed keyholder's feed goes on being valid: these entries, and their ancestors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Who is removed.
    pub keyholder: KeyholderId,
    /// The last entries that stand: (seq, hash), in order. Empty for what never had a feed.
    pub tips: Vec<(u64, Hash)>,
}

/// Removes keyholders of the author's person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remove {
    /// Whom, in the order of their ids, with the cut of each feed.
    pub cuts: Vec<Cut>,
}

/// What a record does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Founds the space.
    Create(Box<Create>),
    /// Adds a keyholder.
    Add(Box<Add>),
    /// Takes an invitation up.
    Accept(Accept),
    /// Removes keyholders.
    Remove(Remove),
    /// Opens the next epoch.
    Rotate(Opening),
    /// A kind that is not known here: kept, linked, without effect.
    Unknown {
        /// Its number.
        kind: u64,
        /// Whether one who does not know it must not append.
        critical: bool,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

impl Body {
    fn kind(&self) -> u64 {
        match self {
            Self::Create(_) => CREATE,
            Self::Add(_) => ADD,
            Self::Accept(_) => ACCEPT,
            Self::Remove(_) => REMOVE,
            Self::Rotate(_) => ROTATE,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    fn critical(&self) -> bool {
        match self {
            Self::Unknown { critical, .. } => *critical,
            _ => true,
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Create(create) => to_bytes(create.as_ref()),
            Self::Add(add) => to_bytes(add.as_ref()),
            Self::Accept(accept) => to_bytes(accept),
            Self::Remove(remove) => to_bytes(remove),
            Self::Rotate(opening) => to_bytes(opening),
            Self::Unknown { bytes, .. } => bytes.clone(),
        }
    }

    fn parse(kind: u64, critical: bool, bytes: &[u8]) -> Result<Self, CodecError> {
        let body = match kind {
            CREATE => Self::Create(Box::new(from_bytes(bytes)?)),
            ADD => Self::Add(Box::new(from_bytes(bytes)?)),
            ACCEPT => Self::Accept(from_bytes(bytes)?),
            REMOVE => Self::Remove(from_bytes(bytes)?),
            ROTATE => Self::Rotate(from_bytes(bytes)?),
            _ => return Ok(Self::Unknown { kind, critical, bytes: bytes.to_vec() }),
        };
        if critical { Ok(body) } else { Err(CodecError::Malformed("critical")) }
    }
}

/// One record, decoded but not yet judged: that is [`super::MembershipChain::append`]'s part.
/// Clones share their parts: a chain is cloned for every exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record(Arc<Parts>);

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    index: u32,
    previous: Hash,
    body: Body,
    author: KeyholderId,
    signature: SignatureBytes,
    bytes: Vec<u8>,
    hash: Hash,
}

impl Record {
    /// Writes and signs a record.
    #[must_use]
    pub fn sign(author: &SecretKeys, index: u32, previous: Hash, body: Body) -> Self {
        let mut encoder = Encoder::new();
        encode_unsigned(&mut encoder, 7, index, &previous, &body, &author.id());
        let signature = author.sign(RECORD_LABEL, &[&encoder.into_bytes()]);
        Self::from_parts(index, previous, body, author.id(), signature)
    }

    fn from_parts(index: u32, previous: Hash, body: Body, author: KeyholderId, signature: SignatureBytes) -> Self {
        let mut encoder = Encoder::new();
        encode_unsigned(&mut encoder, 8, index, &previous, &body, &author);
        encoder.bytes(&signature);
        let bytes = encoder.into_bytes();
        let hash = Hash::of(RECORD_LABEL, &[&bytes]);
        Self(Arc::new(Parts { index, previous, body, author, signature, bytes, hash }))
    }

    /// Reads a record.
    ///
    /// # Errors
    /// Bytes that are not the one encoding of a record, or over a limit.
    pub fn parse(bytes: &[u8]) -> Result<Self, CodecError> {
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(CodecError::TooLarge { what: "record", limit: RECORD_BYTES_MAX });
        }
        from_bytes(bytes)
    }

    /// Its place in the chain, from 0.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.0.index
    }

    /// The hash of the record before.
    #[must_use]
    pub fn previous(&self) -> Hash {
        self.0.previous
    }

    /// What it does.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.0.body
    }

    /// Who signed it.
    #[must_use]
    pub fn author(&self) -> KeyholderId {
        self.0.author
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The hash of its bytes.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.0.hash
    }

    /// The epoch that it opens, if any.
    #[must_use]
    pub fn opening(&self) -> Option<&Opening> {
        match &self.0.body {
            Body::Create(create) => Some(&create.opening),
            Body::Rotate(opening) => Some(opening),
            _ => None,
        }
    }

    /// The keys that it brings in, if any.
    #[must_use]
    pub fn added_keys(&self) -> Option<&PublicKeys> {
        match &self.0.body {
            Body::Create(create) => Some(&create.device),
            Body::Add(add) => Some(&add.keys),
            Body::Accept(accept) => Some(&accept.device),
            _ => None,
        }
    }

    /// Checks the author's signature.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, author: &PublicKeys) -> Result<(), BadSignature> {
        let mut encoder = Encoder::new();
        encode_unsigned(&mut encoder, 7, self.0.index, &self.0.previous, &self.0.body, &self.0.author);
        author.verify(RECORD_LABEL, &[&encoder.into_bytes()], &self.0.signature)
    }
}

fn encode_unsigned(
    encoder: &mut Encoder,
    elements: usize,
    index: u32,
    previous: &Hash,
    body: &Body,
    author: &KeyholderId,
) {
    encoder.array(elements).uint(RECORD_VERSION).uint(u64::from(index)).value(previous);
    encoder.uint(body.kind()).bool(body.critical()).bytes(&body.to_bytes()).value(author);
}

impl Wire for Record {
    fn encode(&self, encoder: &mut Encoder) {
        encode_unsigned(encoder, 8, self.0.index, &self.0.previous, &self.0.body, &self.0.author);
        encoder.bytes(&self.0.signature);
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(8, "record")?;
        decoder.version(RECORD_VERSION)?;
        let index = decoder.uint32("index")?;
        let previous = decoder.value()?;
        let kind = decoder.uint("kind")?;
        let critical = decoder.bool("critical")?;
        let body = Body::parse(kind, critical, decoder.bytes(RECORD_BYTES_MAX, "body")?)?;
        let author = decoder.value()?;
        let signature = decoder.fixed("signature")?;
        Ok(Self::from_parts(index, previous, body, author, signature))
    }
}

impl Wire for Create {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(4).value(&self.kind).value(&self.person).value(&self.device).value(&self.opening);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(4, "create")?;
        Ok(Self {
            kind: decoder.value()?,
            person: decoder.value()?,
            device: decoder.value()?,
            opening: decoder.value()?,
        })
    }
}

impl Wire for Add {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(6).value(&self.person).value(&self.kind).value(&self.keys);
        match self.expires {
            Some(expires) => encoder.uint(expires.as_seconds()),
            None => encoder.null(),
        };
        encoder.bytes(&self.offer).value(&self.seal);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(6, "add")?;
        Ok(Self {
            person: decoder.value()?,
            kind: decoder.value()?,
            keys: decoder.value()?,
            expires: match decoder.null("expires")? {
                true => None,
                false => Some(Timestamp::from_seconds(decoder.uint("expires")?)),
            },
            offer: decoder.fixed("offer")?,
            seal: decoder.value()?,
        })
    }
}

impl Wire for Accept {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(3).value(&self.person).value(&self.device).bytes(&self.offer);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(3, "accept")?;
        Ok(Self { person: decoder.value()?, device: decoder.value()?, offer: decoder.fixed("offer")? })
    }
}

impl Wire for Cut {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.keyholder).array(self.tips.len());
        for (seq, hash) in &self.tips {
            encoder.array(2).uint(*seq).value(hash);
        }
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(2, "cut")?;
        let keyholder = decoder.value()?;
        let len = decoder.array_max(TIPS_PER_FEED_MAX, "cut")?;
        let mut tips: Vec<(u64, Hash)> = Vec::with_capacity(len);
        for _ in 0..len {
            decoder.array(2, "tip")?;
            tips.push((decoder.uint("seq")?, decoder.value()?));
        }
        if !tips.is_sorted_by(|a, b| a < b) {
            return Err(CodecError::NotDeterministic);
        }
        Ok(Self { keyholder, tips })
    }
}

impl Wire for Remove {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.list(&self.cuts);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        let cuts: Vec<Cut> = decoder.list(KEYHOLDERS_EVER_MAX, "removed")?;
        if cuts.is_empty() || !cuts.is_sorted_by(|a, b| a.keyholder < b.keyholder) {
            return Err(CodecError::NotDeterministic);
        }
        Ok(Self { cuts })
    }
}
