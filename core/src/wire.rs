//! How do values become bytes? Deterministic CBOR, and the messages of a sync exchange.

pub mod codec;
pub mod message;

pub use codec::{CodecError, Wire, from_bytes, to_bytes};
