//! How do values become bytes? Deterministic CBOR, the messages of a sync exchange, and the frames of a live connection.

pub mod codec;
pub mod live;
pub mod message;

pub use codec::{CodecError, Wire, from_bytes, to_bytes};
