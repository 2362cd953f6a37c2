//! How does a content key reach its keyholders, and how does a new one open the past?
//!
//! The record that opens an epoch carries an [`Opening`]: a commitment tag of the new secret, the secret sealed to every
//! keyholder, and a box with all earlier secrets, sealed under the new one. So one seal opens the whole history.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::SealBroken;
use crate::id::{Hash, KeyholderId, SpaceId};
use crate::keyholder::{PublicKeys, SecretKeys, derive_key};
use crate::limits::{CHAIN_RECORDS_MAX, RECORD_BYTES_MAX};
use crate::wire::codec::{CodecError, Decoder, Encoder, Wire, from_bytes, to_bytes};

/// HPKE base mode of RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
pub const SUITE_X25519_CHACHA: u64 = 1;

/// Seals in one opening: everyone who may be a keyholder at once.
const SEALS_MAX: usize = 64;

/// One generation of the content key.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EpochSecret([u8; 32]);

impl core::fmt::Debug for EpochSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("EpochSecret(…)")
    }
}

/// What a key that derives from an epoch secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Entries of kind `changes`.
    Entries,
    /// Live messages.
    Live,
    /// The history box.
    History,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Entries => "entwine/v1/epoch/entries",
            Self::Live => "entwine/v1/epoch/live",
            Self::History => "entwine/v1/epoch/history",
        }
    }
}

impl EpochSecret {
    /// A new one.
    pub fn make_random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Takes the bytes as they are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes: whoever has them reads this epoch and all before it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key for one purpose.
    #[must_use]
    pub fn derive(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        derive_key(&self.0, purpose.label())
    }

    /// The commitment tag: XChaCha20-Poly1305 and HPKE do not commit to a key, so the chain states which secret it means.
    #[must_use]
    pub fn tag(&self) -> Hash {
        Hash::from_bytes(*derive_key(&self.0, "entwine/v1/epoch/tag"))
    }

    fn matches(&self, tag: &Hash) -> bool {
        self.tag().as_bytes().ct_eq(tag.as_bytes()).into()
    }
}

/// Where in which chain something is sealed: nothing opens elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealPlace {
    /// The space; [`SpaceId::ZERO`] in its first record.
    pub space: SpaceId,
    /// The hash of the record before; [`Hash::ZERO`] in the first.
    pub previous: Hash,
}

impl SealPlace {
    fn info(&self, recipient: &KeyholderId) -> Vec<u8> {
        let label: &[u8] = b"entwine/v1/seal\0";
        [label, self.space.as_bytes(), self.previous.as_bytes(), recipient.as_bytes()].concat()
    }

    fn associated(&self) -> Vec<u8> {
        let label: &[u8] = b"entwine/v1/history-box\0";
        [label, self.space.as_bytes(), self.previous.as_bytes()].concat()
    }
}

/// An epoch secret sealed to one keyholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    recipient: KeyholderId,
    encapsulated: [u8; 32],
    ciphertext: [u8; 48],
}

impl Seal {
    /// Seals `secret` to the keyholder with these keys. A key that is no X25519 point yields a seal that nobody opens.
    pub fn make(rng: &mut impl CryptoRng, secret: &EpochSecret, place: &SealPlace, recipient: &PublicKeys) -> Self {
        let id = recipient.id();
        let info = place.info(&id);
        let sealed = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(recipient.hpke()).and_then(|key| {
            hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &key,
                &info,
                &secret.0,
                b"",
                rng,
            )
        });
        let (encapsulated, ciphertext) = match sealed {
            Ok((encapsulated, ciphertext)) => {
                (encapsulated.to_bytes().into(), ciphertext.try_into().expect("32 bytes and a tag of 16"))
            }
            Err(_) => ([0; 32], [0; 48]),
        };
        Self { recipient: id, encapsulated, ciphertext }
    }

    /// Whose it is.
    #[must_use]
    pub fn recipient(&self) -> KeyholderId {
        self.recipient
    }

    /// Opens it, and checks the secret against the tag that the chain states.
    ///
    /// # Errors
    /// [`SealBroken`]: another keyholder's, moved, or faulty.
    pub fn open(&self, keys: &SecretKeys, place: &SealPlace, tag: &Hash) -> Result<EpochSecret, SealBroken> {
        let private = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(keys.hpke_secret()).map_err(|_| SealBroken)?;
        let encapsulated =
            <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&self.encapsulated).map_err(|_| SealBroken)?;
        let plain = Zeroizing::new(
            hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeR::Base,
                &private,
                &encapsulated,
                &place.info(&keys.id()),
                &self.ciphertext,
                b"",
            )
            .map_err(|_| SealBroken)?,
        );
        let secret = EpochSecret(plain.as_slice().try_into().map_err(|_| SealBroken)?);
        if secret.matches(tag) { Ok(secret) } else { Err(SealBroken) }
    }
}

impl Wire for Seal {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(4).value(&self.recipient).uint(SUITE_X25519_CHACHA);
        encoder.bytes(&self.encapsulated).bytes(&self.ciphertext);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(4, "seal")?;
        let recipient = decoder.value()?;
        match decoder.uint("suite")? {
            SUITE_X25519_CHACHA => {}
            other => return Err(CodecError::UnknownVersion(other)),
        }
        Ok(Self { recipient, encapsulated: decoder.fixed("encapsulated")?, ciphertext: decoder.fixed("ciphertext")? })
    }
}

/// What the record that opens an epoch says of its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The secret's commitment tag.
    pub tag: Hash,
    /// The secret, sealed once to every keyholder, in the order of their ids.
    pub seals: Vec<Seal>,
    /// Earlier secrets, sealed under this one.
    pub history: Vec<u8>,
}

impl Opening {
    /// Seals a new secret to `recipients`, and into its history box the secrets of earlier epochs, each named by the record
    /// that opened it.
    pub fn make(
        rng: &mut impl CryptoRng,
        secret: &EpochSecret,
        place: &SealPlace,
        recipients: &[PublicKeys],
        earlier: &[(Hash, EpochSecret)],
    ) -> Self {
        let mut seals: Vec<Seal> = recipients.iter().map(|keys| Seal::make(rng, secret, place, keys)).collect();
        seals.sort_by_key(Seal::recipient);
        let plain = Zeroizing::new(to_bytes(&History(earlier.to_vec())));
        let history = super::seal(&secret.derive(Purpose::History), rng, &place.associated(), &plain);
        Self { tag: secret.tag(), seals, history }
    }

    /// The seal of one keyholder.
    #[must_use]
    pub fn seal_of(&self, keyholder: &KeyholderId) -> Option<&Seal> {
        self.seals.iter().find(|seal| seal.recipient == *keyholder)
    }

    /// Opens the history box: every secret in it, named by the record that opened its epoch. None is checked yet.
    ///
    /// # Errors
    /// [`SealBroken`]: the box is faulty.
    pub fn open_history(
        &self,
        secret: &EpochSecret,
        place: &SealPlace,
    ) -> Result<Vec<(Hash, EpochSecret)>, SealBroken> {
        let plain = Zeroizing::new(super::open(&secret.derive(Purpose::History), &place.associated(), &self.history)?);
        from_bytes::<History>(&plain).map(|history| history.0).map_err(|_| SealBroken)
    }
}

impl Wire for Opening {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(3).value(&self.tag).list(&self.seals).bytes(&self.history);
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(3, "opening")?;
        Ok(Self {
            tag: decoder.value()?,
            seals: decoder.list(SEALS_MAX, "seals")?,
            history: decoder.bytes(RECORD_BYTES_MAX, "history box")?.to_vec(),
        })
    }
}

struct History(Vec<(Hash, EpochSecret)>);

impl Wire for History {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(self.0.len());
        for (opened_by, secret) in &self.0 {
            encoder.array(2).value(opened_by).bytes(&secret.0);
        }
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        let len = decoder.array_max(CHAIN_RECORDS_MAX, "history")?;
        let mut secrets = Vec::with_capacity(len);
        for _ in 0..len {
            decoder.array(2, "history item")?;
            secrets.push((decoder.value()?, EpochSecret(decoder.fixed("secret")?)));
        }
        Ok(Self(secrets))
    }
}

/// Whether a secret is the one that a tag commits to, in constant time.
#[must_use]
pub fn secret_matches(secret: &EpochSecret, tag: &Hash) -> bool {
    secret.matches(tag)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::ChaCha20Rng;

    use super::*;

    #[test]
    fn a_seal_opens_for_its_keyholder_in_its_place_only() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let (ada, noor) = (SecretKeys::make_random(&mut rng), SecretKeys::make_random(&mut rng));
        let place = SealPlace { space: SpaceId::from_bytes([1; 32]), previous: Hash::from_bytes([2; 32]) };
        let elsewhere = SealPlace { previous: Hash::from_bytes([3; 32]), ..place };
        let (old, new) = (EpochSecret::make_random(&mut rng), EpochSecret::make_random(&mut rng));
        let earlier = [(Hash::from_bytes([9; 32]), old)];
        let opening = Opening::make(&mut rng, &new, &place, &[*ada.public(), *noor.public()], &earlier);

        let seal = opening.seal_of(&ada.id()).unwrap();
        let secret = seal.open(&ada, &place, &opening.tag).unwrap();
        assert_eq!(secret, new);
        assert_eq!(opening.open_history(&secret, &place).unwrap(), earlier);
        assert_eq!(seal.open(&noor, &place, &opening.tag), Err(SealBroken));
        assert_eq!(seal.open(&ada, &elsewhere, &opening.tag), Err(SealBroken));
        assert_eq!(seal.open(&ada, &place, &Hash::from_bytes([0; 32])), Err(SealBroken), "another secret's tag");
        assert_eq!(opening.open_history(&secret, &elsewhere), Err(SealBroken));
    }
}
