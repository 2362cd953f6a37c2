//! Where does a phone keep the keys? Where the app says: in Android's Keystore, or the Keychain.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::keystore::KeyStoreError;

/// Keeps one secret of a profile: on this device only, in no backup, and readable in the background, so that a locked phone can
/// sync.
#[uniffi::export(with_foreign)]
pub trait KeyStore: Send + Sync {
    /// The secret, if there is one.
    fn load(&self) -> Result<Option<Vec<u8>>, KeyStoreFailure>;

    /// Keeps a secret where there is none yet. Returns only after it is durable; where there is one already, it fails.
    fn create(&self, secret: Vec<u8>) -> Result<(), KeyStoreFailure>;
}

/// Why a key store did not answer.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum KeyStoreFailure {
    /// It can be asked again later: the phone was not unlocked since it started, say.
    #[error("{reason}")]
    Unavailable {
        /// What the platform says.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeyStoreFailure {
    fn from(unexpected: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable { reason: unexpected.reason }
    }
}

/// An app's key store as the rest of the crate asks it.
pub(super) struct AppsKeyStore(pub(super) Arc<dyn KeyStore>);

impl fmt::Debug for AppsKeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppsKeyStore")
    }
}

fn failed(failure: KeyStoreFailure) -> KeyStoreError {
    KeyStoreError::Failed(Box::new(failure))
}

impl crate::keystore::KeyStore for AppsKeyStore {
    fn load(&self) -> Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError> {
        Ok(self.0.load().map_err(failed)?.map(Zeroizing::new))
    }

    fn create(&self, secret: &[u8]) -> Result<(), KeyStoreError> {
        self.0.create(secret.to_vec()).map_err(failed)
    }
}
