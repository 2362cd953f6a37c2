//! Who may create a space on a relay? Whoever proves to know one of its registration tokens.
//!
//! The token itself is never sent and the relay need not keep it: the proof is an HMAC keyed with the token's hash, bound to
//! one relay (its origin as the device knows it) and one space, so that it is of no use anywhere else.

use core::fmt;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::id::SpaceId;

const LABEL: &[u8] = b"entwine/v1/registration";

/// A registration token's text, wiped from memory on drop, and not shown by `Debug`.
#[derive(Clone)]
pub struct RegistrationToken(Zeroizing<String>);

impl fmt::Debug for RegistrationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegistrationToken(…)")
    }
}

impl RegistrationToken {
    /// Any text is a token: operators choose their own.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// 128 random bits as 26 letters and digits that are easy to type.
    pub fn make_random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 16]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(Zeroizing::new(BASE32_NOPAD.encode(bytes.as_slice()).to_ascii_lowercase()))
    }

    /// The text, to be shown to whoever may create spaces.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What a relay keeps, and what proofs are made with.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.0.as_bytes()).into())
    }
}

/// SHA-256 of a registration token. Whoever has it can make proofs, so it is a secret too.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenDigest([u8; 32]);

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}

impl TokenDigest {
    /// From the bytes that were kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be kept.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA256 over `label ‖ 0x00 ‖ origin ‖ 0x00 ‖ space`; `origin` is the `aud` of the request's bearer token.
    #[must_use]
    pub fn prove(&self, origin: &str, space: &SpaceId) -> [u8; 32] {
        Hmac::<Sha256>::new_from_slice(&self.0)
            .expect("HMAC takes a key of any length")
            .chain_update(LABEL)
            .chain_update([0])
            .chain_update(origin)
            .chain_update([0])
            .chain_update(space.as_bytes())
            .finalize()
            .into_bytes()
            .into()
    }

    /// Whether `proof` is the one for this relay and space, in constant time.
    #[must_use]
    pub fn verifies(&self, proof: &[u8; 32], origin: &str, space: &SpaceId) -> bool {
        self.prove(origin, space).ct_eq(proof).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_serves_one_relay_and_one_space() {
        let digest = RegistrationToken::new("come in").digest();
        let (space, origin) = (SpaceId::from_bytes([1; 32]), "http://127.0.0.1:8080");
        let proof = digest.prove(origin, &space);
        assert!(digest.verifies(&proof, origin, &space));
        assert!(!digest.verifies(&proof, "http://127.0.0.1:8081", &space));
        assert!(!digest.verifies(&proof, origin, &SpaceId::from_bytes([2; 32])));
        assert!(!RegistrationToken::new("come out").digest().verifies(&proof, origin, &space));
    }

    #[test]
    fn nothing_shows_the_token() {
        let token = RegistrationToken::new("come in");
        assert!(!format!("{token:?} {:?}", token.digest()).contains("come"));
    }
}
