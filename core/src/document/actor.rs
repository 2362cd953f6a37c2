//! Who makes a change, to automerge? One opening of one document on one device.

use core::fmt;

use data_encoding::HEXLOWER;
use rand_core::CryptoRng;

use crate::id::KeyholderId;

/// The author of changes, as automerge counts them: `first 8 bytes of the keyholder ‖ 8 random bytes`.
///
/// It must be fresh for every opening that writes. An actor that goes on after a store was set back writes its next number a
/// second time with other content, and every other phone refuses whatever comes with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActorId([u8; 16]);

impl ActorId {
    /// A fresh actor of this keyholder.
    pub fn make_random(rng: &mut impl CryptoRng, keyholder: &KeyholderId) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&keyholder.as_bytes()[..8]);
        rng.fill_bytes(&mut bytes[8..]);
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorId({})", HEXLOWER.encode(&self.0))
    }
}
