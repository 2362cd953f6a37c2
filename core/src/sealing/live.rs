//! How do two phones that are both online say something that nobody keeps? A sealed, signed message with a rising counter.
//!
//! Its format is fixed here; no relay passes it on yet.

use rand_core::CryptoRng;

use super::epoch::{EpochSecret, Purpose};
use super::padding::{pack, unpack};
use crate::feed::Position;
use crate::id::{KeyholderId, SpaceId};
use crate::keyholder::{KeyholderKind, SecretKeys, SignatureBytes};
use crate::limits::LIVE_SEALED_BYTES_MAX;
use crate::membership::{KeyRing, MembershipChain};
use crate::sealing::entry::OpenError;
use crate::wire::codec::{CodecError, Decoder, Encoder, Wire};

const LIVE_VERSION: u64 = 1;
const LIVE_SUITE: u64 = 1;
const LIVE_LABEL: &str = "entwine/v1/live";

/// A message to whoever is connected: `[version, suite, sender's number, session, counter, position, sealed, signature]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveMessage {
    /// The sending device's number in the chain.
    pub sender: u32,
    /// Random for every connection of the sender.
    pub session: [u8; 16],
    /// Rises by at least one with every message of a session; an older one is dropped.
    pub counter: u64,
    /// Index of the membership record whose epoch it is sealed under.
    pub position: u32,
    /// Nonce and ciphertext.
    pub sealed: Vec<u8>,
    /// The sender's signature.
    pub signature: SignatureBytes,
}

/// `[version, suite, space, sender, session, counter, [position, record's hash]]`
fn header(space: &SpaceId, sender: &KeyholderId, session: &[u8; 16], counter: u64, position: &Position) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.array(7).uint(LIVE_VERSION).uint(LIVE_SUITE).value(space).value(sender).bytes(session).uint(counter);
    encoder.array(2).uint(u64::from(position.index)).value(&position.hash);
    encoder.into_bytes()
}

impl LiveMessage {
    /// Seals and signs `plain` under the epoch that is open now. None if the sender is no device of the space or no epoch is
    /// open.
    #[must_use]
    pub fn seal(
        rng: &mut impl CryptoRng,
        keys: &SecretKeys,
        chain: &MembershipChain,
        epoch: &EpochSecret,
        (session, counter): ([u8; 16], u64),
        plain: &[u8],
    ) -> Option<Self> {
        let sender = chain.member(&keys.id()).filter(|sender| sender.kind == KeyholderKind::Device)?;
        chain.open_epoch()?;
        let position = Position { index: chain.len() - 1, hash: chain.head() };
        let header = header(&chain.space(), &sender.id, &session, counter, &position);
        let sealed = super::seal(&epoch.derive(Purpose::Live), rng, &header, &pack(plain));
        let signature = keys.sign(LIVE_LABEL, &[&header, &sealed]);
        Some(Self { sender: sender.number, session, counter, position: position.index, sealed, signature })
    }

    /// Checks the signature and opens the message.
    ///
    /// # Errors
    /// [`OpenError::KeyMissing`] for a sender or position that the chain does not know, else that it is broken.
    pub fn open(&self, chain: &MembershipChain, ring: &KeyRing) -> Result<Vec<u8>, OpenError> {
        let sender = chain
            .by_number(self.sender)
            .filter(|sender| sender.kind == KeyholderKind::Device && sender.is_member_at(self.position))
            .ok_or(OpenError::KeyMissing)?;
        let hash = chain.hash_at(self.position).ok_or(OpenError::KeyMissing)?;
        let epoch = chain.epoch_at(self.position).ok_or(OpenError::KeyMissing)?;
        let secret = ring.get(&epoch.hash()).ok_or(OpenError::KeyMissing)?;
        let position = Position { index: self.position, hash };
        let header = header(&chain.space(), &sender.id, &self.session, self.counter, &position);
        sender
            .keys
            .verify(LIVE_LABEL, &[&header, &self.sealed], &self.signature)
            .map_err(|_| OpenError::Broken(super::SealBroken))?;
        let frame = super::open(&secret.derive(Purpose::Live), &header, &self.sealed)?;
        Ok(unpack(&frame)?)
    }
}

impl Wire for LiveMessage {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(8).uint(LIVE_VERSION).uint(LIVE_SUITE).uint(u64::from(self.sender)).bytes(&self.session);
        encoder.uint(self.counter).uint(u64::from(self.position)).bytes(&self.sealed).bytes(&self.signature);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(8, "live message")?;
        decoder.version(LIVE_VERSION)?;
        decoder.version(LIVE_SUITE)?;
        Ok(Self {
            sender: decoder.uint32("sender")?,
            session: decoder.fixed("session")?,
            counter: decoder.uint("counter")?,
            position: decoder.uint32("position")?,
            sealed: decoder.bytes(LIVE_SEALED_BYTES_MAX, "sealed")?.to_vec(),
            signature: decoder.fixed("signature")?,
        })
    }
}
