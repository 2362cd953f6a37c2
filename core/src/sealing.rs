//! How is something kept from everyone but those who may read it?
//!
//! ```text
//! epoch secret ─HKDF─┬─ entries        key of sealed changes            sealing::entry
//!   (32 bytes)       ├─ live           key of live messages             sealing::live
//!                    ├─ history        key of the history box           sealing::epoch
//!                    └─ tag            commitment, stands in the chain  sealing::epoch
//! storage key ─────────────────────────key of what a device keeps       sealing::storage
//! ```
//!
//! One cipher everywhere: XChaCha20-Poly1305 with a random 24-byte nonce, which is sent before the ciphertext.

pub mod entry;
pub mod epoch;
pub mod live;
pub mod padding;
pub mod storage;

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use rand_core::CryptoRng;

/// Bytes that sealing adds: the nonce before and the tag behind.
pub const SEAL_OVERHEAD_BYTES: usize = NONCE_BYTES + 16;

const NONCE_BYTES: usize = 24;

/// Bytes that do not open: another key, another place, or changed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes do not open")]
pub struct SealBroken;

fn seal(key: &[u8; 32], rng: &mut impl CryptoRng, associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_BYTES];
    rng.fill_bytes(&mut nonce);
    let ciphertext = XChaCha20Poly1305::new(key.into())
        .encrypt(&nonce.into(), Payload { msg: plaintext, aad: associated })
        .expect("messages are far below the cipher's 256 GiB");
    [&nonce, ciphertext.as_slice()].concat()
}

fn open(key: &[u8; 32], associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealBroken> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealBroken)?;
    XChaCha20Poly1305::new(key.into())
        .decrypt(&(*nonce).into(), Payload { msg: ciphertext, aad: associated })
        .map_err(|_| SealBroken)
}
