//! How much does a size tell? Bytes are packed, and padded so that sizes fall into few steps.
//!
//! ```text
//! frame = packing (0 plain, 1 deflate) ‖ length of body (4 bytes, big-endian) ‖ body ‖ zeros
//! ```
//!
//! The whole frame is padded by PADMÉ (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication
//! with PURBs", 2019), which adds at most 12 %, and to at least [`ENTRY_PADDED_BYTES_MIN`], since PADMÉ alone leaves small
//! values bare.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::limits::{ENTRY_PADDED_BYTES_MIN, ENTRY_PLAIN_BYTES_MAX};

const HEAD_BYTES: usize = 5;
const PLAIN: u8 = 0;
const DEFLATE: u8 = 1;
/// miniz's levels go to 10; 6 is the usual balance of time and size.
const DEFLATE_LEVEL: u8 = 6;

/// A frame that [`pack`] did not make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the padded frame is damaged, or too large when unpacked")]
pub struct FrameError;

/// Compresses where that helps, and pads.
#[must_use]
pub fn pack(plain: &[u8]) -> Vec<u8> {
    let deflated = compress_to_vec(plain, DEFLATE_LEVEL);
    let (packing, body) = if deflated.len() < plain.len() { (DEFLATE, deflated.as_slice()) } else { (PLAIN, plain) };
    let length = u32::try_from(body.len()).expect("callers keep to limits far below 4 GiB");
    let mut frame = Vec::with_capacity(padded_len(HEAD_BYTES + body.len()));
    frame.push(packing);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(body);
    frame.resize(padded_len(frame.len()), 0);
    frame
}

/// Takes the padding off and decompresses, to at most [`ENTRY_PLAIN_BYTES_MAX`].
///
/// # Errors
/// [`FrameError`].
pub fn unpack(frame: &[u8]) -> Result<Vec<u8>, FrameError> {
    let (head, rest) = frame.split_first_chunk::<HEAD_BYTES>().ok_or(FrameError)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if length > rest.len() || frame.len() != padded_len(HEAD_BYTES + length) {
        return Err(FrameError);
    }
    let (body, padding) = rest.split_at(length);
    if padding.iter().any(|byte| *byte != 0) {
        return Err(FrameError);
    }
    match head[0] {
        PLAIN if body.len() <= ENTRY_PLAIN_BYTES_MAX => Ok(body.to_vec()),
        DEFLATE => decompress_to_vec_with_limit(body, ENTRY_PLAIN_BYTES_MAX).map_err(|_| FrameError),
        _ => Err(FrameError),
    }
}

/// The length that `len` bytes are padded to.
#[must_use]
pub fn padded_len(len: usize) -> usize {
    if len <= ENTRY_PADDED_BYTES_MIN {
        return ENTRY_PADDED_BYTES_MIN;
    }
    let exponent = len.ilog2();
    let kept_bits = exponent.ilog2() + 1;
    let mask = (1_usize << (exponent - kept_bits)) - 1;
    (len + mask) & !mask
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_fall_into_steps() {
        assert_eq!(
            [1, 160, 161, 168, 169, 1_000, 1_000_000].map(padded_len),
            [160, 160, 176, 176, 176, 1_024, 1_015_808]
        );
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = pack(&vec![0; ENTRY_PLAIN_BYTES_MAX + 1]);
        assert!(bomb.len() < 8_192, "it is small while packed: {}", bomb.len());
        assert_eq!(unpack(&bomb), Err(FrameError));
    }

    #[test]
    fn hidden_bytes_in_the_padding_are_refused() {
        let mut frame = pack(b"short");
        *frame.last_mut().unwrap() = 1;
        assert_eq!(unpack(&frame), Err(FrameError));
        let mut longer = pack(b"short");
        longer.push(0);
        assert_eq!(unpack(&longer), Err(FrameError));
    }

    proptest! {
        #[test]
        fn whatever_is_packed_unpacks(plain in proptest::collection::vec(any::<u8>(), 0..4_000), repeats in 1..4_usize) {
            let plain = plain.repeat(repeats);
            let frame = pack(&plain);
            prop_assert!(frame.len() <= (plain.len() + HEAD_BYTES) * 112 / 100 + ENTRY_PADDED_BYTES_MIN);
            prop_assert_eq!(unpack(&frame), Ok(plain));
        }
    }
}
