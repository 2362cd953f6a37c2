//! Where does the database lie, and who may touch it? A folder for the relay's user alone, and one relay at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::OpenError;

const DATABASE: &str = "relay.db";
const LOCK: &str = "relay.lock";

/// A data folder, locked by this process where it is the relay's.
#[derive(Debug)]
pub(super) struct DataFolder {
    path: PathBuf,
    _lock: Option<File>,
}

impl DataFolder {
    /// Makes the folder if it is missing, and locks it until this value is dropped or the process ends, however that comes
    /// about.
    pub(super) fn lock(path: &Path) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Folder { folder: path.to_owned(), source };
        make(path).map_err(unusable)?;
        let lock = private_file(&path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        // SQLite would make the database readable for whomever the process' mask lets in; the files that it keeps beside the
        // database take over its mode.
        private_file(&path.join(DATABASE)).map_err(unusable)?;
        Ok(Self { path: path.to_owned(), _lock: Some(lock) })
    }

    /// The folder of a relay that runs.
    pub(super) fn beside(path: &Path) -> Self {
        Self { path: path.to_owned(), _lock: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }
}

/// Makes the folder, and those above it that are missing. A database is no safer than the names of the folders that lead to it,
/// and each of these is durable only once the folder above it is synced.
#[cfg(unix)]
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let missing = path.ancestors().take_while(|folder| !folder.exists() && *folder != Path::new("")).count();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    for (number, above) in path.ancestors().skip(1).enumerate() {
        let above = if above == Path::new("") { Path::new(".") } else { above };
        let synced = File::open(above).and_then(|folder| folder.sync_all());
        if number < missing {
            synced?;
        } else {
            // Also where a kill came between making and syncing; but what was there before may be nobody's to open.
            break;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn make(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Opens a file for writing that only its owner may read; makes it if it is missing.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}
