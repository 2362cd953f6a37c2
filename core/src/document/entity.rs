//! What is one thing in a document? A struct under a key that only one device ever creates.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeMap;

use autosurgeon::{Hydrate, Reconcile};
use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;

use crate::limits::ENTITY_KEY_BYTES_MAX;
use crate::time::Timestamp;

/// A kind of thing that a document holds.
///
/// It is a struct that derives [`Hydrate`] and [`Reconcile`] and whose fields are all [`Field`](super::Field),
/// [`Text`](super::Text), [`TextSet`](super::TextSet) or [`List`](super::List): each writes only what was changed in it. A
/// plain value would be written at every update and erase what a partner chose meanwhile. The names `edits`, `made_at` and
/// `trash` are taken.
pub trait Entity: Clone + Hydrate + Reconcile {
    /// The first part of its key in the document. It never changes, and no other kind has it.
    const KIND: &'static str;
    /// The field that [`CollectionMut::update_text_at`](super::CollectionMut::update_text_at) edits.
    const TEXT_FIELD: &'static str = "text";

    /// Checks what would be written against the limits.
    ///
    /// # Errors
    /// The first limit that is exceeded.
    fn check(&self) -> Result<(), LimitExceeded>;

    /// All of its fields.
    fn fields(&mut self) -> Vec<&mut dyn EntityField>;
}

/// A field of an entity, which remembers what it was read as.
pub trait EntityField {
    /// Forgets that it was read, so that the whole of it is written where the entity is put anew.
    fn detach(&mut self);
}

/// More than is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitExceeded {
    /// Too long.
    #[error("{what} is longer than {max} bytes")]
    Bytes {
        /// What is too long.
        what: &'static str,
        /// How long it may be.
        max: usize,
    },
    /// Too many, or too great a number.
    #[error("{what}: more than {max}")]
    Count {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
}

impl LimitExceeded {
    /// Refuses more than `max` bytes.
    ///
    /// # Errors
    /// There are more.
    pub fn check_bytes(what: &'static str, bytes: usize, max: usize) -> Result<(), Self> {
        if bytes > max { Err(Self::Bytes { what, max }) } else { Ok(()) }
    }

    /// Refuses more than `max`.
    ///
    /// # Errors
    /// There are more.
    pub fn check_count(what: &'static str, count: usize, max: usize) -> Result<(), Self> {
        if count > max { Err(Self::Count { what, max }) } else { Ok(()) }
    }
}

/// The key of one thing among those of its kind.
///
/// Two phones that create the same key apart create two things of which one hides the other. So a key is a ULID, which one
/// device makes, or it names the person and the device: `<person>/<device>`, `<ritual>/<date>/<person>/<device>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(String);

/// Text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected letters, digits and dashes, in parts that slashes separate")]
pub struct ParseEntityIdError;

impl EntityId {
    /// A new ULID of this moment.
    pub fn make(now: Timestamp, rng: &mut impl CryptoRng) -> Self {
        let mut random = [0; 16];
        rng.fill_bytes(&mut random[6..]);
        Self(ulid_text(Ulid::from_parts(now.as_millis(), u128::from_be_bytes(random))))
    }

    /// A new ULID of this moment, for what belongs to another thing: that one's key comes first.
    pub fn make_below(parent: &Self, now: Timestamp, rng: &mut impl CryptoRng) -> Self {
        Self::from_parts(&[parent, &Self::make(now, rng)])
    }

    /// The key of the thing that this one belongs to, or its own: the first part.
    #[must_use]
    pub fn root(&self) -> Self {
        Self(self.parts().next().unwrap_or_default().to_owned())
    }

    /// The key that these parts name together.
    #[must_use]
    pub(crate) fn from_parts(parts: &[&dyn fmt::Display]) -> Self {
        let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
        let key = Self(parts.join("/"));
        debug_assert_eq!(key.0.parse(), Ok(key.clone()), "a key is made of ids and dates");
        key
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts between the slashes.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// When the ULID was made, as its maker's clock said. None if the key does not begin with one.
    #[must_use]
    pub fn ulid_time(&self) -> Option<Timestamp> {
        let ulid = self.parts().next().and_then(parse_ulid)?;
        Some(Timestamp::from_millis(ulid.timestamp_ms()))
    }
}

fn ulid_text(ulid: Ulid) -> String {
    ulid.array_to_str(&mut [0; ulid::ULID_LEN]).to_owned()
}

fn parse_ulid(text: &str) -> Option<Ulid> {
    // 26 digits of 5 bits are 130: a first digit above 7 would lose the upper two.
    let fits = text.as_bytes().first().is_some_and(|digit| (b'0'..=b'7').contains(digit));
    if fits { Ulid::from_string(text).ok() } else { None }
}

impl FromStr for EntityId {
    type Err = ParseEntityIdError;

    /// A ULID may be written in lowercase: this reads it into its canonical form.
    fn from_str(text: &str) -> Result<Self, ParseEntityIdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_part = |part: &str| !part.is_empty() && part.bytes().all(allowed);
        if text.len() > ENTITY_KEY_BYTES_MAX || !text.split('/').all(is_part) {
            return Err(ParseEntityIdError);
        }
        let (first, rest) = text.split_at(text.find('/').unwrap_or(text.len()));
        Ok(Self(match parse_ulid(first) {
            Some(ulid) => format!("{}{rest}", ulid_text(ulid)),
            None => text.to_owned(),
        }))
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for EntityId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EntityId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Something changed in an entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityEvent {
    /// [`Entity::KIND`].
    pub kind: String,
    /// The text of its [`EntityId`].
    pub key: String,
}

impl EntityEvent {
    pub(super) fn from_document_key(text: &str) -> Option<Self> {
        let (kind, key) = text.split_once('/')?;
        Some(Self { kind: kind.to_owned(), key: key.to_owned() })
    }
}

/// An entity as the document holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// Its key.
    pub id: EntityId,
    /// Its fields.
    pub value: T,
    /// When it was made, as its maker's clock said.
    pub made_at: Timestamp,
    /// How often it was written, its creation included.
    pub edits: u64,
    /// When it was put into the trash, if it lies there.
    pub trashed_at: Option<Timestamp>,
    /// By the field's name, the other values of every choice that was made differently apart, each once. A removed value is an
    /// empty text.
    pub alternatives: BTreeMap<String, Vec<String>>,
}

/// The entities of one kind, and the keys of those that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// In the order of [`Stored::made_at`], then of the id.
    pub items: Vec<Stored<T>>,
    /// The keys of what is not as this version expects it; the rest is listed all the same.
    pub damaged: Vec<String>,
}

impl<T> IntoIterator for Listing<T> {
    type Item = Stored<T>;
    type IntoIter = std::vec::IntoIter<Stored<T>>;
    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn an_id_is_read_in_either_case_and_written_in_one() {
        let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(1);
        let now = Timestamp::from_millis(1_795_000_000_123);
        let id = EntityId::make(now, &mut rng);
        assert_eq!(id.as_str().len(), 26);
        assert_eq!(id.ulid_time(), Some(now));
        assert_eq!(id.to_string().to_lowercase().parse(), Ok(id.clone()));
        assert_ne!(EntityId::make(now, &mut rng), id);
        let record = EntityId::from_parts(&[&id, &"2026-11-24"]);
        assert_eq!(record.to_string().to_lowercase().parse(), Ok(record));
    }

    #[test]
    fn text_that_is_no_key_is_refused() {
        for text in ["", "/", "a//b", "a b", "a/", "ä", &"a".repeat(ENTITY_KEY_BYTES_MAX + 1)] {
            assert_eq!(text.parse::<EntityId>(), Err(ParseEntityIdError), "{text}");
        }
        let overflowing = "8ZZZZZZZZZZZZZZZZZZZZZZZZZ";
        assert_eq!(overflowing.parse::<EntityId>().expect("is a key").ulid_time(), None);
    }
}
