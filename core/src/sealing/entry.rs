//! What stands inside an entry? Changes of one document, and what their author had seen.
//!
//! ```text
//! content = [document name, generation, [changes], [clock lines], [first written, last written]]
//! sealed  = nonce ‖ XChaCha20-Poly1305( pack(content) ), bound to the whole header
//! ```
//!
//! Document names, actor ids, change hashes and times exist only in here.

use rand_core::CryptoRng;

use super::SealBroken;
use super::epoch::{EpochSecret, Purpose};
use super::padding::{pack, unpack};
use crate::feed::clock::ClockLine;
use crate::feed::{EntryHeader, StoredEntry, VerifiedEntry};
use crate::keyholder::SecretKeys;
use crate::limits::{CHANGE_BYTES_MAX, CLOCK_LINES_MAX, DOCUMENT_NAME_BYTES_MAX, ENTRY_CHANGES_MAX};
use crate::membership::MembershipChain;
use crate::time::Timestamp;
use crate::wire::codec::{CodecError, Decoder, Encoder, Wire, from_bytes, to_bytes};

/// How often an entry carries all lines of its author's clock: a feed's first and every 256th after it.
pub const FULL_CLOCK_EVERY: u64 = 256;

/// The content of an entry of kind `changes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryContent {
    /// The document's name.
    pub document: String,
    /// The document's generation.
    pub generation: u32,
    /// automerge changes of that one document.
    pub changes: Vec<Vec<u8>>,
    /// The lines of the author's clock that changed since the entry before (all lines where
    /// [`carries_full_clock`]). Feed numbers are those at the entry's membership position.
    pub clock: Vec<ClockLine>,
    /// When the first and the last of the changes were written, as the author's device claims.
    pub written: (Timestamp, Timestamp),
}

/// Whether the entry with this number in its feed carries all lines of its author's clock.
#[must_use]
pub fn carries_full_clock(seq: u64) -> bool {
    seq % FULL_CLOCK_EVERY == 1
}

/// Why an entry does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The key of its epoch is not here (yet).
    #[error("the key of its epoch is missing")]
    KeyMissing,
    /// It does not open under the key of its epoch.
    #[error(transparent)]
    Broken(#[from] SealBroken),
    /// What it holds is no content.
    #[error("its content is malformed")]
    Content(#[from] CodecError),
    /// What it holds does not unpack.
    #[error("its content does not unpack")]
    Frame(#[from] super::padding::FrameError),
}

impl EntryContent {
    /// Packs, seals and signs.
    #[must_use]
    pub fn seal(
        &self,
        rng: &mut impl CryptoRng,
        keys: &SecretKeys,
        epoch: &EpochSecret,
        header: &EntryHeader,
    ) -> VerifiedEntry {
        let frame = pack(&to_bytes(self));
        let sealed = super::seal(&epoch.derive(Purpose::Entries), rng, &header.to_bytes(), &frame);
        header.sign(keys, sealed)
    }

    /// Opens an entry.
    ///
    /// # Errors
    /// Why it does not open.
    pub fn open(
        entry: &StoredEntry,
        chain: &MembershipChain,
        ring: &crate::membership::KeyRing,
    ) -> Result<Self, OpenError> {
        let header = entry.header(chain).ok_or(OpenError::KeyMissing)?;
        let epoch = chain.epoch_at(entry.position).ok_or(OpenError::KeyMissing)?;
        let secret = ring.get(&epoch.hash()).ok_or(OpenError::KeyMissing)?;
        let frame = super::open(&secret.derive(Purpose::Entries), &header.to_bytes(), &entry.sealed)?;
        Ok(from_bytes(&unpack(&frame)?)?)
    }
}

impl Wire for EntryContent {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(5).text(&self.document).uint(u64::from(self.generation)).array(self.changes.len());
        for change in &self.changes {
            encoder.bytes(change);
        }
        encoder.list(&self.clock);
        encoder.array(2).uint(self.written.0.as_millis()).uint(self.written.1.as_millis());
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(5, "content")?;
        let document = decoder.text(DOCUMENT_NAME_BYTES_MAX, "document name")?.to_owned();
        let generation = decoder.uint32("generation")?;
        let len = decoder.array_max(ENTRY_CHANGES_MAX, "changes")?;
        let changes = (0..len)
            .map(|_| decoder.bytes(CHANGE_BYTES_MAX, "change").map(<[u8]>::to_vec))
            .collect::<Result<_, _>>()?;
        let clock = decoder.list(CLOCK_LINES_MAX, "clock lines")?;
        decoder.array(2, "written")?;
        let written = (Timestamp::from_millis(decoder.uint("first")?), Timestamp::from_millis(decoder.uint("last")?));
        Ok(Self { document, generation, changes, clock, written })
    }
}
