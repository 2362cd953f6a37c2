//! One profile: a device with its keys, its database and its spaces.
//!
//! Everything that neither changes the membership nor syncs works with no network in reach.

pub(crate) mod durability;
pub(crate) mod event;
pub(crate) mod founding;
pub(crate) mod joining;
pub(crate) mod leaving;
pub(crate) mod membership;
pub(crate) mod reading;
pub(crate) mod recovery;
pub(crate) mod syncing;
pub(crate) mod told;
pub(crate) mod view;
pub(crate) mod watching;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use entwine_core::document::LimitExceeded;
use entwine_core::id::{KeyholderId, PersonId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::limits::NAME_BYTES_MAX;
use entwine_core::sealing::storage::StorageKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) use durability::{Durability, Written};
pub(crate) use view::SpaceView;
use view::VerifiedChains;

use crate::documents::OpenDocuments;
use crate::error::Error;
use crate::keystore::{FileKeyStore, KeyStore, KeyStoreError};
use crate::random;
use crate::storage::{SpaceSettings, Storage};
use crate::transport::live::Live;

const KEYS_FILE: &str = "keys";
const DATABASE_FILE: &str = "profile.db";

const NAME: &str = "name";
const CLOCK_OFFSET: &str = "clock-offset";

/// Version ‖ the device's two private keys ‖ the storage key: what the key store keeps.
const SECRET_VERSION: u8 = 1;
const SECRET_BYTES: usize = 1 + SecretKeys::SIZE + 32;

/// How a client is set up. The default is right for almost everyone.
#[derive(Debug, Clone, Default)]
pub struct ClientOptions {
    /// Certificate authorities, in PEM form, to believe beside those of the web: for a relay at home with TLS.
    pub ca_file: Option<PathBuf>,
    /// Where the private keys are kept. Without one, they are a file in the profile's folder that only its owner may read.
    pub key_store: Option<Arc<dyn KeyStore>>,
}

impl ClientOptions {
    fn key_store(&self, profile: &Path) -> Arc<dyn KeyStore> {
        self.key_store.clone().unwrap_or_else(|| Arc::new(FileKeyStore::new(&profile.join(KEYS_FILE))))
    }
}

/// What a space is set up with; kept sealed beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) relay: String,
    /// The registration token with which this device created the space, or brought it back.
    pub(crate) token: Option<String>,
    pub(crate) person: PersonId,
    /// Whether another device of this person has left the space behind for one founded anew.
    #[serde(default)]
    pub(crate) is_left_behind: bool,
    /// What this device has written of itself into `home`.
    #[serde(default)]
    pub(crate) introduced: Option<Introduced>,
}

/// What a device writes of itself into `home`: its person's name, and the registration token that it knows, if any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Introduced {
    pub(crate) token: Option<String>,
}

impl Settings {
    pub(crate) fn new(relay: &str, token: Option<&str>, person: PersonId) -> Self {
        let token = token.map(str::to_owned);
        Self { relay: relay.to_owned(), token, person, is_left_behind: false, introduced: None }
    }
}

impl SpaceSettings for Settings {}

/// A device. Several processes may open the same profile at once.
#[derive(Debug)]
pub struct Client {
    pub(crate) storage: Storage,
    pub(crate) keys: SecretKeys,
    pub(crate) options: ClientOptions,
    pub(crate) documents: OpenDocuments,
    chains: VerifiedChains,
    name: String,
    profile: PathBuf,
    live: Mutex<Option<Arc<Live>>>,
}

impl Client {
    /// Makes a profile: a new device of a person of this name.
    ///
    /// # Errors
    /// There is one in this folder already, the folder cannot be written to, or the name is empty or too long.
    pub async fn init(profile: &Path, name: &str, options: ClientOptions) -> Result<Self, Error> {
        let name = check_name(name)?;
        make_private_folder(profile).map_err(|error| Error::Folder(profile.to_owned(), error))?;
        let key_store = options.key_store(profile);
        let secret = match key_store.load()? {
            Some(secret) => secret,
            None if profile.join(DATABASE_FILE).exists() => return Err(KeyStoreError::Missing.into()),
            None => {
                key_store.create(make_secret().as_slice())?;
                key_store.load()?.ok_or(KeyStoreError::Missing)?
            }
        };
        let (keys, storage) = Self::open_parts(profile, &secret).await?;
        // A kill after the keys were made and before the name was kept leaves something to finish here.
        if storage.setting::<String>(NAME).await?.is_some() {
            storage.close().await;
            return Err(Error::ProfileExists(profile.to_owned()));
        }
        storage.set_setting(NAME, &name).await?;
        Ok(Self::new(storage, keys, options, name, profile))
    }

    /// Opens a profile.
    ///
    /// # Errors
    /// There is none, its keys are missing, or its database is damaged.
    pub async fn open(profile: &Path, options: ClientOptions) -> Result<Self, Error> {
        let Some(secret) = options.key_store(profile).load()? else {
            let is_there = profile.join(DATABASE_FILE).exists();
            return Err(if is_there { KeyStoreError::Missing.into() } else { Error::NoProfile(profile.to_owned()) });
        };
        let (keys, storage) = Self::open_parts(profile, &secret).await?;
        let name = storage.setting(NAME).await?.ok_or_else(|| Error::NoProfile(profile.to_owned()))?;
        Ok(Self::new(storage, keys, options, name, profile))
    }

    fn new(storage: Storage, keys: SecretKeys, options: ClientOptions, name: String, profile: &Path) -> Self {
        let (documents, chains, live) = (OpenDocuments::default(), VerifiedChains::default(), Mutex::default());
        Self { storage, keys, options, documents, chains, name, profile: profile.to_owned(), live }
    }

    /// Opens a profile, or makes it where there is none and the person's name is given.
    ///
    /// # Errors
    /// As in [`Self::open`] and [`Self::init`].
    pub async fn open_or_init(profile: &Path, name: Option<&str>, options: ClientOptions) -> Result<Self, Error> {
        match (Self::open(profile, options.clone()).await, name) {
            (Err(Error::NoProfile(_)), Some(name)) => match Self::init(profile, name, options.clone()).await {
                // Another process of the app was quicker.
                Err(Error::ProfileExists(_)) => Self::open(profile, options).await,
                made => made,
            },
            (opened, _) => opened,
        }
    }

    async fn open_parts(profile: &Path, secret: &[u8]) -> Result<(SecretKeys, Storage), Error> {
        let (keys, storage_key) = read_secret(secret).ok_or(KeyStoreError::Damaged)?;
        let storage = Storage::open(&profile.join(DATABASE_FILE), storage_key).await?;
        Ok((keys, storage))
    }

    /// Closes the database, after which every call fails; what was reported as done is durable with or without it.
    pub async fn close(&self) {
        self.storage.close().await;
    }

    /// This device's id.
    #[must_use]
    pub fn keyholder(&self) -> KeyholderId {
        self.keys.id()
    }

    /// The person's name, as given to [`Self::init`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The profile's folder.
    #[must_use]
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// The connection that stays open, while somebody watches and the relay is there.
    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_live(&self, live: Option<Arc<Live>>) {
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = live;
    }
}

fn check_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::EmptyName);
    }
    LimitExceeded::check_bytes("name", name.len(), NAME_BYTES_MAX)?;
    Ok(name.to_owned())
}

/// Makes the folder, and those above it that are missing. Keys are no safer than the names of the folders that lead to them, and
/// each of these is durable only once the folder above it is synced.
fn make_private_folder(path: &Path) -> std::io::Result<()> {
    let missing = path.ancestors().take_while(|folder| !folder.exists() && *folder != Path::new("")).count();
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    #[cfg(unix)]
    for (number, above) in path.ancestors().skip(1).enumerate() {
        let above = if above == Path::new("") { Path::new(".") } else { above };
        let synced = std::fs::File::open(above).and_then(|folder| folder.sync_all());
        if number < missing {
            synced?;
        } else {
            // Also where a kill came between making and syncing; but what was there before may be nobody's to open.
            break;
        }
    }
    Ok(())
}

fn make_secret() -> Zeroizing<[u8; SECRET_BYTES]> {
    let mut rng = random::generator();
    let mut secret = Zeroizing::new([0; SECRET_BYTES]);
    secret[0] = SECRET_VERSION;
    secret[1..=SecretKeys::SIZE].copy_from_slice(SecretKeys::make_random(&mut rng).to_bytes().as_slice());
    secret[1 + SecretKeys::SIZE..].copy_from_slice(StorageKey::make_random(&mut rng).as_bytes());
    secret
}

fn read_secret(secret: &[u8]) -> Option<(SecretKeys, StorageKey)> {
    let secret: &[u8; SECRET_BYTES] = secret.try_into().ok()?;
    let (version, keys) = secret.split_first()?;
    let (keys, storage_key) = keys.split_first_chunk::<{ SecretKeys::SIZE }>()?;
    let storage_key = Zeroizing::new(<[u8; 32]>::try_from(storage_key).ok()?);
    (*version == SECRET_VERSION).then(|| (SecretKeys::from_bytes(keys), StorageKey::from_bytes(*storage_key)))
}
