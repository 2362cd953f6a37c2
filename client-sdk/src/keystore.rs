//! Where do a device's private keys live? Behind a trait that a phone implements; on a desktop in a file of its own.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A fault of the key store.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// There are no keys: they were never made, or the phone was restored without them.
    #[error("the keys of this profile are missing: without them it opens nothing. Make a new profile and join again")]
    Missing,
    /// What is there are no keys.
    #[error("the keys of this profile are damaged")]
    Damaged,
    /// The platform failed.
    #[error("the key store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Keeps one secret of a profile: on this device only, and in no backup.
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// The secret, if there is one.
    ///
    /// # Errors
    /// The platform's.
    fn load(&self) -> Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>;

    /// Keeps a secret where there is none yet. Returns only after it is durable.
    ///
    /// # Errors
    /// The platform's, and that there is one already.
    fn create(&self, secret: &[u8]) -> Result<(), KeyStoreError>;
}

/// A file that only its owner may read (mode 0600). It is no protection from whoever takes the disk: that needs a platform's
/// key store, or an encrypted disk.
#[derive(Debug)]
pub struct FileKeyStore {
    path: PathBuf,
}

impl FileKeyStore {
    /// The file.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }
}

fn failed(error: io::Error) -> KeyStoreError {
    KeyStoreError::Failed(Box::new(error))
}

impl KeyStore for FileKeyStore {
    fn load(&self) -> Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    fn create(&self, secret: &[u8]) -> Result<(), KeyStoreError> {
        // Whole under another name first: a kill must not leave half a secret under the name that counts.
        let whole = self.path.with_extension(format!("{}.new", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&whole).map_err(failed)?;
        file.write_all(secret).and_then(|()| file.sync_all()).map_err(failed)?;
        // A link, unlike a renaming, never takes the place of keys that are there.
        let kept = fs::hard_link(&whole, &self.path);
        fs::remove_file(&whole).and(kept).map_err(failed)?;
        // The file's name is durable only once its folder is.
        if let Some(folder) = self.path.parent() {
            fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_once_and_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileKeyStore::new(&folder.path().join("keys"));
        assert!(store.load().unwrap().is_none());
        store.create(b"secret").unwrap();
        assert_eq!(store.load().unwrap().unwrap().as_slice(), b"secret");
        assert!(store.create(b"another").is_err(), "keys are never written over");
        assert_eq!(store.load().unwrap().unwrap().as_slice(), b"secret");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(folder.path().join("keys")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
