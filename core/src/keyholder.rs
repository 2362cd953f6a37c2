//! Who can open a space? A keyholder: a device, an invitation or a recovery phrase.
//!
//! ```text
//! device       random keys ─────────────┐
//! invitation   32 bytes in a link ─HKDF─┼─► Ed25519 signing key + X25519 HPKE key ─► KeyholderId
//! phrase       24 words ───────────HKDF─┘
//! ```
//!
//! All three are one thing, two key pairs; they differ in [`KeyholderKind`], hence in what the membership rules let them do.

pub mod invitation;
pub mod recovery;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use x25519::X25519Secret;
use zeroize::{Zeroize as _, Zeroizing};

use crate::id::{Hash, KeyholderId, PersonId, SpaceId};
use crate::wire::codec::{CodecError, Decoder, Encoder, Wire};

/// An Ed25519 signature.
pub type SignatureBytes = [u8; 64];

/// What a keyholder may do follows from its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyholderKind {
    /// A phone, or a computer. Has a feed.
    Device,
    /// A link for the partner: may append one `Accept`, which brings a new person.
    PartnerInvitation,
    /// A link for one's own next device: may append one `Accept`, for the inviter's person.
    DeviceInvitation,
    /// A device made of paper: may append `Add` of a device of its own person.
    RecoveryPhrase,
}

impl KeyholderKind {
    const ALL: [Self; 4] = [Self::Device, Self::PartnerInvitation, Self::DeviceInvitation, Self::RecoveryPhrase];

    /// The number that stands for it on the wire.
    #[must_use]
    pub fn code(self) -> u64 {
        match self {
            Self::Device => 0,
            Self::PartnerInvitation => 1,
            Self::DeviceInvitation => 2,
            Self::RecoveryPhrase => 3,
        }
    }

    /// Whether this is an invitation of either kind.
    #[must_use]
    pub fn is_invitation(self) -> bool {
        matches!(self, Self::PartnerInvitation | Self::DeviceInvitation)
    }
}

impl Wire for KeyholderKind {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(self.code());
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        let code = decoder.uint("keyholder kind")?;
        Self::ALL.into_iter().find(|kind| kind.code() == code).ok_or(CodecError::Malformed("keyholder kind"))
    }
}

/// A signature that is not the keyholder's over these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not match")]
pub struct BadSignature;

/// The public halves of a keyholder's two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKeys {
    signing: [u8; 32],
    hpke: [u8; 32],
}

impl PublicKeys {
    /// From the raw Ed25519 and X25519 public keys, unchecked: a key that is no curve point verifies nothing.
    #[must_use]
    pub const fn from_bytes(signing: [u8; 32], hpke: [u8; 32]) -> Self {
        Self { signing, hpke }
    }

    /// The raw Ed25519 public key.
    #[must_use]
    pub const fn signing(&self) -> &[u8; 32] {
        &self.signing
    }

    /// The raw X25519 public key.
    #[must_use]
    pub const fn hpke(&self) -> &[u8; 32] {
        &self.hpke
    }

    /// The id that follows from the keys: so nobody can name a keyholder without its keys.
    #[must_use]
    pub fn id(&self) -> KeyholderId {
        let hash = Hash::of("entwine/v1/keyholder", &[&self.signing, &self.hpke]);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.as_bytes()[..16]);
        KeyholderId::from_bytes(id)
    }

    /// Checks a signature over `label ‖ 0x00 ‖ parts…`.
    ///
    /// Signatures are checked one by one and strictly (no small-order keys, no malleable encodings), so that the relay and
    /// all devices judge alike.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, label: &str, parts: &[&[u8]], signature: &SignatureBytes) -> Result<(), BadSignature> {
        let key = VerifyingKey::from_bytes(&self.signing).map_err(|_| BadSignature)?;
        key.verify_strict(&signed_message(label, parts), &Signature::from_bytes(signature)).map_err(|_| BadSignature)
    }
}

impl Wire for PublicKeys {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).bytes(&self.signing).bytes(&self.hpke);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(2, "public keys")?;
        Ok(Self { signing: decoder.fixed("signing key")?, hpke: decoder.fixed("hpke key")? })
    }
}

/// A keyholder's two private keys. Wiped from memory on drop, and never shown.
#[derive(Clone)]
pub struct SecretKeys {
    signing: SigningKey,
    hpke: X25519Secret,
    public: PublicKeys,
}

impl core::fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SecretKeys({})", self.id())
    }
}

impl SecretKeys {
    /// Length of [`Self::to_bytes`].
    pub const SIZE: usize = 64;

    /// New keys, for a device.
    pub fn make_random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; Self::SIZE]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self::from_bytes(&bytes)
    }

    /// The keys that follow from 32 secret bytes, for an invitation or a phrase: HKDF-SHA256 without salt, with
    /// `label` + `/signing` and `label` + `/hpke` as info.
    #[must_use]
    pub fn derive(secret: &[u8; 32], label: &str) -> Self {
        let mut bytes = Zeroizing::new([0; Self::SIZE]);
        bytes[..32].copy_from_slice(derive_key(secret, &format!("{label}/signing")).as_slice());
        bytes[32..].copy_from_slice(derive_key(secret, &format!("{label}/hpke")).as_slice());
        Self::from_bytes(&bytes)
    }

    /// From Ed25519 seed ‖ X25519 secret.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let (mut seed, mut scalar) = ([0; 32], [0; 32]);
        seed.copy_from_slice(&bytes[..32]);
        scalar.copy_from_slice(&bytes[32..]);
        let signing = SigningKey::from_bytes(&seed);
        let hpke = X25519Secret::from_bytes(scalar);
        let public = PublicKeys { signing: signing.verifying_key().to_bytes(), hpke: hpke.public() };
        seed.zeroize();
        scalar.zeroize();
        Self { signing, hpke, public }
    }

    /// Ed25519 seed ‖ X25519 secret, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; Self::SIZE]> {
        let mut bytes = Zeroizing::new([0; Self::SIZE]);
        bytes[..32].copy_from_slice(self.signing.as_bytes());
        bytes[32..].copy_from_slice(self.hpke.as_bytes());
        bytes
    }

    /// The public halves.
    #[must_use]
    pub const fn public(&self) -> &PublicKeys {
        &self.public
    }

    /// The id that follows from the public halves.
    #[must_use]
    pub fn id(&self) -> KeyholderId {
        self.public.id()
    }

    /// Signs `label ‖ 0x00 ‖ parts…`. Labels of two purposes never equal each other, so that no signature serves twice.
    #[must_use]
    pub fn sign(&self, label: &str, parts: &[&[u8]]) -> SignatureBytes {
        self.signing.sign(&signed_message(label, parts)).to_bytes()
    }

    /// Signs bytes as they are: only for formats of others that bring their own separation (a JWT).
    #[must_use]
    pub fn sign_raw(&self, message: &[u8]) -> SignatureBytes {
        self.signing.sign(message).to_bytes()
    }

    /// Signs the offer to be added to `space` as `kind` for `person`.
    #[must_use]
    pub fn sign_offer(&self, space: &SpaceId, person: &PersonId, kind: KeyholderKind) -> SignatureBytes {
        self.sign(OFFER_LABEL, &[space.as_bytes(), person.as_bytes(), &[kind.code() as u8]])
    }

    pub(crate) fn hpke_secret(&self) -> &[u8; 32] {
        self.hpke.as_bytes()
    }
}

impl PublicKeys {
    /// Checks an offer to be added ([`SecretKeys::sign_offer`]).
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify_offer(
        &self,
        space: &SpaceId,
        person: &PersonId,
        kind: KeyholderKind,
        offer: &SignatureBytes,
    ) -> Result<(), BadSignature> {
        self.verify(OFFER_LABEL, &[space.as_bytes(), person.as_bytes(), &[kind.code() as u8]], offer)
    }

    /// Checks a signature over bytes as they are ([`SecretKeys::sign_raw`]).
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify_raw(&self, message: &[u8], signature: &SignatureBytes) -> Result<(), BadSignature> {
        let key = VerifyingKey::from_bytes(&self.signing).map_err(|_| BadSignature)?;
        key.verify_strict(message, &Signature::from_bytes(signature)).map_err(|_| BadSignature)
    }
}

const OFFER_LABEL: &str = "entwine/v1/offer";

/// HKDF-SHA256 (RFC 5869) without salt, with `label` as info: one 32-byte key per purpose.
#[must_use]
pub fn derive_key(secret: &[u8], label: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, secret)
        .expand(label.as_bytes(), key.as_mut_slice())
        .expect("32 bytes are within HKDF's reach");
    key
}

fn signed_message(label: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut message = Vec::with_capacity(label.len() + 1 + parts.iter().map(|part| part.len()).sum::<usize>());
    message.extend_from_slice(label.as_bytes());
    message.push(0);
    for part in parts {
        message.extend_from_slice(part);
    }
    message
}

/// The X25519 half, on the types of the `hpke` crate.
mod x25519 {
    use hpke::{Deserializable as _, Kem as _, Serializable as _, kem::X25519HkdfSha256};
    use zeroize::{Zeroize, ZeroizeOnDrop};

    /// A raw X25519 secret, wiped on drop.
    #[derive(Clone, Zeroize, ZeroizeOnDrop)]
    pub(super) struct X25519Secret([u8; 32]);

    impl X25519Secret {
        pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
            Self(bytes)
        }

        pub(super) fn as_bytes(&self) -> &[u8; 32] {
            &self.0
        }

        pub(super) fn public(&self) -> [u8; 32] {
            let secret = <X25519HkdfSha256 as hpke::Kem>::PrivateKey::from_bytes(&self.0)
                .expect("every 32 bytes are an X25519 secret");
            X25519HkdfSha256::sk_to_pk(&secret).to_bytes().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::ChaCha20Rng;

    use super::*;

    #[test]
    fn a_signature_serves_one_purpose_only() {
        let keys = SecretKeys::make_random(&mut ChaCha20Rng::seed_from_u64(1));
        let signature = keys.sign("entwine/v1/record", &[b"x"]);
        assert_eq!(keys.public().verify("entwine/v1/record", &[b"x"], &signature), Ok(()));
        assert_eq!(keys.public().verify("entwine/v1/entry", &[b"x"], &signature), Err(BadSignature));
        assert_eq!(keys.public().verify("entwine/v1/record", &[b"y"], &signature), Err(BadSignature));
    }

    #[test]
    fn keys_survive_the_key_store() {
        let keys = SecretKeys::make_random(&mut ChaCha20Rng::seed_from_u64(2));
        assert_eq!(SecretKeys::from_bytes(&keys.to_bytes()).public(), keys.public());
        assert!(!format!("{keys:?}").contains(&data_encoding::HEXLOWER.encode(keys.to_bytes().as_slice())[..16]));
    }
}
