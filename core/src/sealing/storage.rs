//! How does a device keep things from whoever takes its database? Under a storage key that lives in the key store.

use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::SealBroken;
use crate::id::{DocumentId, Hash};
use crate::keyholder::derive_key;

/// The key of everything that a device keeps in its own database. Made on first start; lives in the key store.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct StorageKey([u8; 32]);

impl core::fmt::Debug for StorageKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("StorageKey(…)")
    }
}

impl StorageKey {
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

    /// The bytes, for a key store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals a value for one `place` (table, column and row, say): moved elsewhere, it does not open.
    pub fn seal(&self, rng: &mut impl CryptoRng, place: &[u8], plaintext: &[u8]) -> Vec<u8> {
        super::seal(&self.values_key(), rng, place, plaintext)
    }

    /// Opens what [`Self::seal`] sealed for this place.
    ///
    /// # Errors
    /// [`SealBroken`].
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
        super::open(&self.values_key(), place, sealed).map(Zeroizing::new)
    }

    /// What stands for a document in an index: a keyed hash of its id, so that a database does not tell which documents,
    /// hence which months, there are.
    #[must_use]
    pub fn document_index(&self, document: &DocumentId) -> [u8; 16] {
        let key = derive_key(&self.0, "entwine/v1/storage/document-index");
        let hash = Hash::of("entwine/v1/storage/document-index", &[key.as_slice(), document.as_bytes()]);
        let mut index = [0; 16];
        index.copy_from_slice(&hash.as_bytes()[..16]);
        index
    }

    fn values_key(&self) -> Zeroizing<[u8; 32]> {
        derive_key(&self.0, "entwine/v1/storage/values")
    }
}
