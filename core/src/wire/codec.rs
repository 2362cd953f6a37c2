//! How does one value become exactly one string of bytes, and back?
//!
//! Everything signed, hashed, sent or stored is CBOR in the core deterministic encoding of RFC 8949, section 4.2.1, made of
//! unsigned integers, byte strings, text, booleans, null and definite arrays. [`from_bytes`] decodes and encodes again, and
//! refuses what comes out different: so there is one encoding of every value, and a hash over the bytes is a hash over the
//! value. Every list and string is read against a limit before anything is allocated.

use core::convert::Infallible;

use minicbor::data::Type;
use minicbor::{decode, encode};

use crate::id::{DocumentId, Hash, KeyholderId, PersonId, ShortHash, SpaceId};

/// Bytes that are not the one encoding of the expected value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes are no CBOR of the expected shape.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The bytes are CBOR of the expected shape, but not its deterministic encoding, or more follows them.
    #[error("not deterministic CBOR")]
    NotDeterministic,
    /// A list or string is longer than its limit.
    #[error("{what} is over the limit of {limit}")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// The limit, in elements or bytes.
        limit: usize,
    },
    /// A version that this software does not know.
    #[error("version {0} is not known here: update the app or the relay")]
    UnknownVersion(u64),
}

/// A value with exactly one encoding.
pub trait Wire: Sized {
    /// Appends the encoding.
    fn encode(&self, encoder: &mut Encoder);
    /// Reads one value.
    ///
    /// # Errors
    /// Bytes of another shape, or over a limit.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError>;
}

/// The encoding of a value.
#[must_use]
pub fn to_bytes<T: Wire>(value: &T) -> Vec<u8> {
    let mut encoder = Encoder::new();
    value.encode(&mut encoder);
    encoder.into_bytes()
}

/// The value that these bytes encode.
///
/// # Errors
/// Anything but the one deterministic encoding of a value.
pub fn from_bytes<T: Wire>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut decoder = Decoder::new(bytes);
    let value = T::decode(&mut decoder)?;
    if to_bytes(&value) != bytes {
        return Err(CodecError::NotDeterministic);
    }
    Ok(value)
}

/// Writes CBOR; cannot fail.
#[derive(Debug)]
pub struct Encoder(encode::Encoder<Vec<u8>>);

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self(encode::Encoder::new(Vec::new()))
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_writer()
    }

    fn done(result: Result<&mut encode::Encoder<Vec<u8>>, encode::Error<Infallible>>) {
        result.expect("writing to a Vec cannot fail");
    }

    /// The head of an array of `len` elements, which must follow.
    pub fn array(&mut self, len: usize) -> &mut Self {
        Self::done(self.0.array(len as u64));
        self
    }

    /// An unsigned integer.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        Self::done(self.0.u64(value));
        self
    }

    /// A boolean.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        Self::done(self.0.bool(value));
        self
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        Self::done(self.0.bytes(value));
        self
    }

    /// A text string.
    pub fn text(&mut self, value: &str) -> &mut Self {
        Self::done(self.0.str(value));
        self
    }

    /// Null.
    pub fn null(&mut self) -> &mut Self {
        Self::done(self.0.null());
        self
    }

    /// A nested value.
    pub fn value<T: Wire>(&mut self, value: &T) -> &mut Self {
        value.encode(self);
        self
    }

    /// A value, or null.
    pub fn option<T: Wire>(&mut self, value: Option<&T>) -> &mut Self {
        match value {
            Some(value) => self.value(value),
            None => self.null(),
        }
    }

    /// An array of values.
    pub fn list<T: Wire>(&mut self, values: &[T]) -> &mut Self {
        self.array(values.len());
        for value in values {
            value.encode(self);
        }
        self
    }
}

/// Reads CBOR against limits.
#[derive(Debug)]
pub struct Decoder<'b>(decode::Decoder<'b>);

impl<'b> Decoder<'b> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self(decode::Decoder::new(bytes))
    }

    /// The head of an array of exactly `len` elements.
    ///
    /// # Errors
    /// Anything else.
    pub fn array(&mut self, len: usize, what: &'static str) -> Result<(), CodecError> {
        match self.0.array() {
            Ok(Some(found)) if found == len as u64 => Ok(()),
            _ => Err(CodecError::Malformed(what)),
        }
    }

    /// The head of an array of at most `max` elements: its length.
    ///
    /// # Errors
    /// No array, an indefinite one, or a longer one.
    pub fn array_max(&mut self, max: usize, what: &'static str) -> Result<usize, CodecError> {
        match self.0.array() {
            Ok(Some(len)) => {
                usize::try_from(len).ok().filter(|len| *len <= max).ok_or(CodecError::TooLarge { what, limit: max })
            }
            _ => Err(CodecError::Malformed(what)),
        }
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// Anything else.
    pub fn uint(&mut self, what: &'static str) -> Result<u64, CodecError> {
        self.0.u64().map_err(|_| CodecError::Malformed(what))
    }

    /// An unsigned integer that fits 32 bits.
    ///
    /// # Errors
    /// Anything else.
    pub fn uint32(&mut self, what: &'static str) -> Result<u32, CodecError> {
        self.0.u32().map_err(|_| CodecError::Malformed(what))
    }

    /// A boolean.
    ///
    /// # Errors
    /// Anything else.
    pub fn bool(&mut self, what: &'static str) -> Result<bool, CodecError> {
        self.0.bool().map_err(|_| CodecError::Malformed(what))
    }

    /// A byte string of at most `max` bytes.
    ///
    /// # Errors
    /// Anything else.
    pub fn bytes(&mut self, max: usize, what: &'static str) -> Result<&'b [u8], CodecError> {
        let bytes = self.0.bytes().map_err(|_| CodecError::Malformed(what))?;
        if bytes.len() > max { Err(CodecError::TooLarge { what, limit: max }) } else { Ok(bytes) }
    }

    /// A byte string of exactly `N` bytes.
    ///
    /// # Errors
    /// Anything else.
    pub fn fixed<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], CodecError> {
        let bytes = self.0.bytes().map_err(|_| CodecError::Malformed(what))?;
        bytes.try_into().map_err(|_| CodecError::Malformed(what))
    }

    /// A text string of at most `max` bytes.
    ///
    /// # Errors
    /// Anything else.
    pub fn text(&mut self, max: usize, what: &'static str) -> Result<&'b str, CodecError> {
        let text = self.0.str().map_err(|_| CodecError::Malformed(what))?;
        if text.len() > max { Err(CodecError::TooLarge { what, limit: max }) } else { Ok(text) }
    }

    /// Whether null comes next; if so, it is read.
    ///
    /// # Errors
    /// The end of the bytes.
    pub fn null(&mut self, what: &'static str) -> Result<bool, CodecError> {
        match self.0.datatype() {
            Ok(Type::Null) => self.0.null().map(|()| true).map_err(|_| CodecError::Malformed(what)),
            Ok(_) => Ok(false),
            Err(_) => Err(CodecError::Malformed(what)),
        }
    }

    /// A nested value.
    ///
    /// # Errors
    /// Those of the value.
    pub fn value<T: Wire>(&mut self) -> Result<T, CodecError> {
        T::decode(self)
    }

    /// A value, or null.
    ///
    /// # Errors
    /// Those of the value.
    pub fn option<T: Wire>(&mut self, what: &'static str) -> Result<Option<T>, CodecError> {
        if self.null(what)? { Ok(None) } else { T::decode(self).map(Some) }
    }

    /// An array of at most `max` values.
    ///
    /// # Errors
    /// Those of a value, or a longer array.
    pub fn list<T: Wire>(&mut self, max: usize, what: &'static str) -> Result<Vec<T>, CodecError> {
        let len = self.array_max(max, what)?;
        let mut values = Vec::with_capacity(len.min(1024));
        for _ in 0..len {
            values.push(T::decode(self)?);
        }
        Ok(values)
    }

    /// A version: exactly `known`.
    ///
    /// # Errors
    /// [`CodecError::UnknownVersion`].
    pub fn version(&mut self, known: u64) -> Result<(), CodecError> {
        match self.uint("version")? {
            version if version == known => Ok(()),
            other => Err(CodecError::UnknownVersion(other)),
        }
    }
}

macro_rules! wire_identifier {
    ($($name:ident),*) => {$(
        impl Wire for $name {
            fn encode(&self, encoder: &mut Encoder) {
                encoder.bytes(self.as_bytes());
            }
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
                decoder.fixed(stringify!($name)).map($name::from_bytes)
            }
        }
    )*};
}
wire_identifier!(Hash, ShortHash, SpaceId, KeyholderId, PersonId, DocumentId);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Pair(u64, Vec<Hash>);

    impl Wire for Pair {
        fn encode(&self, encoder: &mut Encoder) {
            encoder.array(2).uint(self.0).list(&self.1);
        }
        fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
            decoder.array(2, "pair")?;
            Ok(Self(decoder.uint("number")?, decoder.list(2, "hashes")?))
        }
    }

    #[test]
    fn only_the_shortest_form_is_taken() {
        assert_eq!(from_bytes(&[0x82, 0x05, 0x80]), Ok(Pair(5, vec![])));
        let long_integer = [0x82, 0x18, 0x05, 0x80];
        assert_eq!(from_bytes::<Pair>(&long_integer), Err(CodecError::NotDeterministic));
        let indefinite_array = [0x9f, 0x05, 0x80, 0xff];
        assert!(from_bytes::<Pair>(&indefinite_array).is_err());
        let more_follows = [0x82, 0x05, 0x80, 0x00];
        assert_eq!(from_bytes::<Pair>(&more_follows), Err(CodecError::NotDeterministic));
    }

    #[test]
    fn a_list_over_its_limit_is_refused_before_it_is_read() {
        let huge = [0x82, 0x05, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(from_bytes::<Pair>(&huge), Err(CodecError::TooLarge { what: "hashes", limit: 2 }));
    }
}
