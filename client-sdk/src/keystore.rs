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
        self.write_once(secret).map_err(failed)
    }
}

impl FileKeyStore {
    /// Keys are never written over. A link that may not take another's name would see to that, but Android lets no app make one;
    /// so whoever writes, in this process or another, holds the folder's lock.
    fn write_once(&self, secret: &[u8]) -> io::Result<()> {
        let folder = match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let folder = fs::File::open(folder)?;
        folder.lock()?;
        if self.path.try_exists()? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        // Whole under another name first: a kill must not leave half a secret under the name that counts.
        let whole = self.path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&whole)?;
        file.write_all(secret).and_then(|()| file.sync_all())?;
        fs::rename(&whole, &self.path)?;
        // The file's name is durable only once its folder is.
        folder.sync_all()
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
        assert!(FileKeyStore::new(&folder.path().join("missing/keys")).create(b"secret").is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(folder.path().join("keys")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn of_many_who_make_keys_at_once_one_does_and_all_find_these() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileKeyStore::new(&folder.path().join("keys"));
        let made: Vec<Option<u8>> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8u8)
                .map(|n| {
                    scope.spawn({
                        let store = &store;
                        move || store.create(&[n; 64]).is_ok().then_some(n)
                    })
                })
                .collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        let winners: Vec<u8> = made.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(store.load().unwrap().unwrap().as_slice(), [winners[0]; 64]);
    }
}
