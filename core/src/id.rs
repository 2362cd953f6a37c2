//! What are things called? The identifiers of the protocol: fixed-size bytes, shown as lowercase hexadecimal.
//!
//! An identifier is parsed at the edge and trusted inside; none is ever a plain string.

use core::fmt;
use core::str::FromStr;

use data_encoding::HEXLOWER;
use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Text that is not an identifier: it must be lowercase hexadecimal of the right length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier: expected {expected} lowercase hexadecimal digits")]
pub struct ParseIdError {
    expected: usize,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $size:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $size]);

        impl $name {
            /// Length in bytes.
            pub const SIZE: usize = $size;

            /// Takes the bytes as they are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $size]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $size] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = ParseIdError;
            fn try_from(bytes: &[u8]) -> Result<Self, ParseIdError> {
                bytes.try_into().map(Self).map_err(|_| ParseIdError { expected: $size * 2 })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let error = ParseIdError { expected: $size * 2 };
                let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| error)?;
                Self::try_from(bytes.as_slice())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

identifier!(
    /// A SHA-256 hash. There is one hash function everywhere.
    Hash,
    32
);
identifier!(
    /// A space: the hash of the first record of its membership chain, so it certifies itself.
    SpaceId,
    32
);
identifier!(
    /// A keyholder: the first 16 bytes of a hash over its two public keys.
    KeyholderId,
    16
);
identifier!(
    /// A person: 16 random bytes, the same in all spaces of that person.
    PersonId,
    16
);
identifier!(
    /// A document: computed from space, name and generation, never random.
    DocumentId,
    16
);

impl Hash {
    /// 32 zero bytes: what stands where nothing comes before.
    pub const ZERO: Self = Self([0; 32]);

    /// SHA-256 over `label ‖ 0x00 ‖ parts…`. The label says what is hashed, so that no two uses can be confused.
    #[must_use]
    pub fn of(label: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(label.as_bytes());
        hasher.update([0]);
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// The first 8 bytes: what a clock line sends of a hash.
    #[must_use]
    pub fn short(&self) -> ShortHash {
        let mut short = [0; 8];
        short.copy_from_slice(&self.0[..8]);
        ShortHash(short)
    }
}

identifier!(
    /// The first 8 bytes of a [`struct@Hash`].
    ShortHash,
    8
);

impl SpaceId {
    /// What stands for the space inside its own first record, where its id is not known yet.
    pub const ZERO: Self = Self([0; 32]);

    /// The space that begins with the record of this hash.
    #[must_use]
    pub fn from_first_record(hash: Hash) -> Self {
        Self(hash.0)
    }
}

impl PersonId {
    /// A new person.
    pub fn make_random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }
}

impl DocumentId {
    /// The id of the document with this name in this space. Two devices that start the same name apart have started the
    /// same document. `generation` is 0 until a document is ever begun anew.
    #[must_use]
    pub fn derive(space: &SpaceId, name: &str, generation: u32) -> Self {
        let hash = Hash::of("entwine/v1/document-id", &[&space.0, name.as_bytes(), &generation.to_be_bytes()]);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        Self(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_is_exact() {
        let id = KeyholderId::from_bytes([0xab; 16]);
        assert_eq!(id.to_string(), "ab".repeat(16));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("AB".repeat(16).parse::<KeyholderId>().is_err(), "uppercase is another text");
        assert!("ab".parse::<KeyholderId>().is_err());
    }
}
