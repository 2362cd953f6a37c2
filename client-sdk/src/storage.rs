//! What does a device keep, and in which steps does it change?
//!
//! One SQLite file per profile, which any number of processes may use at once. It holds sealed bytes only: what the relay
//! keeps too, and values under the device's own storage key. Every method that changes something is one transaction that is
//! durable when the method returns; what must not be overtaken by another process begins with `BEGIN IMMEDIATE`.
//!
//! ```text
//! setting, intent      name and clock of the profile; a joining that was begun
//! space, record        membership chains
//! entry, tip           feeds, as they travel                            storage::feed
//! relay_tip            what the relay was seen to hold of them
//! displaced_entry      what lost its place and waits to be handed on     storage::cut, and storage::branch
//! pending              changes that no entry carries yet                storage::document, and storage::sealing
//! told_tip             what the others said they hold                storage::told
//! document             snapshots: can be made again from the above
//! (how far what was written here has come)                    storage::reached
//! (whether any of it changed)                                    storage::notice
//! ```

mod archive;
mod branch;
mod cut;
mod document;
mod feed;
mod notice;
mod reached;
mod refusal;
mod sealing;
mod told;

use std::path::Path;
use std::time::Duration;

use entwine_core::id::{Hash, KeyholderId, SpaceId};
use entwine_core::membership::{ChainError, MembershipChain, SpaceKind};
use entwine_core::sealing::SealBroken;
use entwine_core::sealing::storage::StorageKey;
use entwine_core::sync::ChainMark;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Connection as _, Row as _, Sqlite, SqliteConnection, Transaction};
use zeroize::Zeroizing;

pub(crate) use archive::Copy;
pub(crate) use document::{
    DocumentWriting, EntryState, Held, Opening, PendingChange, Snapshot, StoredDocument, UnopenedEntry,
};
pub(crate) use feed::Step;
pub(crate) use notice::{DocumentMark, Notice, WrittenMark};
pub(crate) use reached::Reached;
pub(crate) use told::{MissingTip, ToldLine};

use crate::random;

/// How long a process waits for another one that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// A fault of the device's own database.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Another process holds the database for too long.
    #[error("another process holds this profile's database: try again")]
    Busy,
    /// There is no room.
    #[error("the disk is full: nothing was written. Make room and try again")]
    DiskFull,
    /// It was closed.
    #[error("this profile was closed: open it again")]
    Closed,
    /// The database holds what this software never writes, or was made with other keys.
    #[error(
        "this profile's database is damaged ({0}): keep its folder aside, make a profile in another one, and come in by a link from \
         another device of yours or by the phrase. All that had reached the relay or your partner is there"
    )]
    Damaged(&'static str),
    /// The database failed.
    #[error("this profile's database failed: what was done before is kept. Look after the disk, then try again")]
    Fault(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolClosed) {
            return Self::Closed;
        }
        // The primary result code is the low byte of SQLite's extended one: 5 busy, 6 locked, 11 corrupt, 13 full, 26 no database.
        // 4874: there was no room for the index of the log.
        let code = error.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<u32>().ok());
        match code.map(|code| (code & 0xff, code)) {
            Some((5 | 6, _)) => Self::Busy,
            Some((13, _) | (_, 4874)) => Self::DiskFull,
            Some((11 | 26, _)) => Self::Damaged("SQLite does not find what it wrote"),
            _ => Self::Fault(Box::new(error)),
        }
    }
}

impl From<MigrateError> for StorageError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Fault(Box::new(other)),
        }
    }
}

impl From<SealBroken> for StorageError {
    fn from(_: SealBroken) -> Self {
        Self::Damaged("a sealed value does not open")
    }
}

impl From<ChainError> for StorageError {
    fn from(_: ChainError) -> Self {
        Self::Damaged("a membership chain is not valid")
    }
}

/// A space as this device knows it, without its content.
#[derive(Debug, Clone)]
pub(crate) struct SpaceLine {
    pub(crate) space: SpaceId,
    pub(crate) is_private: bool,
    /// Where its chain stands.
    pub(crate) mark: ChainMark,
    /// Sealed: [`Storage::settings_in`].
    settings: Vec<u8>,
}

/// The device's database, opened with the key under which its values are sealed.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    pool: SqlitePool,
    key: StorageKey,
}

impl Storage {
    /// Opens the database, which is made where it is missing, and brings its tables up to date.
    pub(crate) async fn open(path: &Path, key: StorageKey) -> Result<Self, StorageError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous())
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            // What was deleted, such as a pending change, is not left behind in free pages.
            .pragma("secure_delete", "ON");
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            // There is no server that could have gone away; asking costs as much as reading a row.
            .test_before_acquire(false)
            // Where the disk was full, SQLite may have taken a transaction back by itself, of which the connection's own count of
            // transactions knows nothing: it would begin no further one.
            .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(!connection.is_in_transaction()))))
            .connect_with(options)
            .await?;
        // Where a sync of the log failed in a process that is gone, the system shows what the log held, though some of it may never
        // have come to the disk, and no later sync of the log would tell: so it is written into the database itself.
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&pool).await?;
        sqlx::migrate!("../migrations/device").run(&pool).await?;
        Ok(Self { pool, key })
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that writes: nobody else writes until it ends.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StorageError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }

    fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        self.key.seal(&mut random::generator(), place.as_bytes(), plain)
    }

    fn open_sealed(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StorageError> {
        Ok(self.key.open(place.as_bytes(), sealed)?)
    }

    fn seal_json(&self, place: &str, value: &impl Serialize) -> Vec<u8> {
        let plain = Zeroizing::new(serde_json::to_vec(value).expect("settings are plain JSON"));
        self.seal(place, &plain)
    }

    fn open_json<T: DeserializeOwned>(&self, place: &str, sealed: &[u8]) -> Result<T, StorageError> {
        let plain = self.open_sealed(place, sealed)?;
        serde_json::from_slice(&plain).map_err(|_| StorageError::Damaged("a setting is not readable"))
    }
}

/// Settings and intents.
impl Storage {
    pub(crate) async fn setting<T: DeserializeOwned>(&self, key: &'static str) -> Result<Option<T>, StorageError> {
        let row = sqlx::query("SELECT sealed FROM setting WHERE key = ?").bind(key).fetch_optional(&self.pool).await?;
        row.map(|row| self.open_json(&format!("setting/{key}"), row.get(0))).transpose()
    }

    pub(crate) async fn set_setting(&self, key: &'static str, value: &impl Serialize) -> Result<(), StorageError> {
        let sealed = self.seal_json(&format!("setting/{key}"), value);
        sqlx::query(
            "INSERT INTO setting (key, sealed) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed",
        )
        .bind(key)
        .bind(sealed)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Changes a setting, so that no other process does in between. Returns whether it is another one now.
    pub(crate) async fn update_setting<T: Serialize + DeserializeOwned + Default + Clone + PartialEq>(
        &self,
        key: &'static str,
        change: impl FnOnce(&mut T),
    ) -> Result<bool, StorageError> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query("SELECT sealed FROM setting WHERE key = ?").bind(key);
        let row = row.fetch_optional(&mut *transaction).await?;
        let place = format!("setting/{key}");
        let before: T = row.map(|row| self.open_json(&place, row.get(0))).transpose()?.unwrap_or_default();
        let mut value = before.clone();
        change(&mut value);
        if value == before {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO setting (key, sealed) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed",
        )
        .bind(key)
        .bind(self.seal_json(&place, &value))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    pub(crate) async fn intent<T: DeserializeOwned>(&self, kind: &'static str) -> Result<Option<T>, StorageError> {
        let row = sqlx::query("SELECT sealed FROM intent WHERE kind = ?").bind(kind).fetch_optional(&self.pool).await?;
        row.map(|row| self.open_json(&format!("intent/{kind}"), row.get(0))).transpose()
    }

    pub(crate) async fn set_intent(&self, kind: &'static str, value: &impl Serialize) -> Result<(), StorageError> {
        let sealed = self.seal_json(&format!("intent/{kind}"), value);
        sqlx::query(
            "INSERT INTO intent (kind, sealed) VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET sealed = excluded.sealed",
        )
        .bind(kind)
        .bind(sealed)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    pub(crate) async fn end_intent(&self, kind: &'static str) -> Result<(), StorageError> {
        sqlx::query("DELETE FROM intent WHERE kind = ?").bind(kind).execute(&self.pool).await?;
        Ok(())
    }
}

/// Spaces and their chains.
impl Storage {
    /// The spaces in use, the shared one first.
    pub(crate) async fn spaces(&self) -> Result<Vec<SpaceLine>, StorageError> {
        self.spaces_where_archived(false).await
    }

    /// The spaces that were left behind.
    pub(crate) async fn archive(&self) -> Result<Vec<SpaceLine>, StorageError> {
        self.spaces_where_archived(true).await
    }

    async fn spaces_where_archived(&self, archived: bool) -> Result<Vec<SpaceLine>, StorageError> {
        let rows = sqlx::query(
            "SELECT length, head, space, kind, settings FROM space WHERE archived = ? ORDER BY kind, space",
        )
        .bind(archived)
        .fetch_all(&self.pool)
        .await?;
        let line = |row: &SqliteRow| {
            let (space, is_private) = (space_id(row.get(2))?, row.get::<i64, _>(3) == 1);
            Ok(SpaceLine { space, is_private, mark: read_mark(row)?, settings: row.get(4) })
        };
        rows.iter().map(line).collect()
    }

    /// Takes spaces in, with the whole of their chains, all or none. Those that are there already stay as they are.
    pub(crate) async fn add_spaces(
        &self,
        spaces: &[(&MembershipChain, &impl SpaceSettings)],
    ) -> Result<(), StorageError> {
        let mut transaction = self.begin().await?;
        for (chain, settings) in spaces {
            self.insert_space(&mut transaction, chain, *settings).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn insert_space(
        &self,
        connection: &mut SqliteConnection,
        chain: &MembershipChain,
        settings: &impl SpaceSettings,
    ) -> Result<(), StorageError> {
        let space = chain.space();
        let is_private = chain.kind() != SpaceKind::Shared;
        let inserted = sqlx::query(
            "INSERT INTO space (space, kind, length, head, settings) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(space.as_bytes().as_slice())
        .bind(i64::from(is_private))
        .bind(i64::from(chain.len()))
        .bind(chain.head().as_bytes().as_slice())
        .bind(self.seal_json(&settings_place(&space), settings))
        .execute(&mut *connection)
        .await?;
        if inserted.rows_affected() == 1 {
            insert_records(connection, chain, 0).await?;
        }
        Ok(())
    }

    pub(crate) async fn space_settings<T: SpaceSettings>(&self, space: &SpaceId) -> Result<T, StorageError> {
        let row = sqlx::query("SELECT settings FROM space WHERE space = ?")
            .bind(space.as_bytes().as_slice())
            .fetch_one(&self.pool)
            .await?;
        self.open_json(&settings_place(space), row.get(0))
    }

    /// The same, of a space that was read with them.
    pub(crate) fn settings_in<T: SpaceSettings>(&self, line: &SpaceLine) -> Result<T, StorageError> {
        self.open_json(&settings_place(&line.space), &line.settings)
    }

    pub(crate) async fn set_space_settings(
        &self,
        space: &SpaceId,
        settings: &impl SpaceSettings,
    ) -> Result<(), StorageError> {
        sqlx::query("UPDATE space SET settings = ? WHERE space = ?")
            .bind(self.seal_json(&settings_place(space), settings))
            .bind(space.as_bytes().as_slice())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The membership chain, verified anew: whoever can write into the database cannot add a keyholder.
    pub(crate) async fn chain(&self, space: &SpaceId) -> Result<MembershipChain, StorageError> {
        let mut connection = self.pool.acquire().await?;
        read_chain(&mut connection, space).await
    }

    /// How the last exchange of a space ended, if there was one.
    pub(crate) async fn last_exchange<T: DeserializeOwned>(&self, space: &SpaceId) -> Result<Option<T>, StorageError> {
        let row = sqlx::query("SELECT exchange FROM space WHERE space = ?")
            .bind(space.as_bytes().as_slice())
            .fetch_one(&self.pool)
            .await?;
        let sealed: Option<Vec<u8>> = row.get(0);
        sealed.map(|sealed| self.open_json(&exchange_place(space), &sealed)).transpose()
    }

    pub(crate) async fn set_last_exchange(&self, space: &SpaceId, ended: &impl Serialize) -> Result<(), StorageError> {
        sqlx::query("UPDATE space SET exchange = ? WHERE space = ?")
            .bind(self.seal_json(&exchange_place(space), ended))
            .bind(space.as_bytes().as_slice())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// What a space's settings are is the client's business; here they are only sealed.
pub(crate) trait SpaceSettings: Serialize + DeserializeOwned {}

fn settings_place(space: &SpaceId) -> String {
    format!("space/{space}/settings")
}

fn exchange_place(space: &SpaceId) -> String {
    format!("space/{space}/exchange")
}

async fn read_chain(connection: &mut SqliteConnection, space: &SpaceId) -> Result<MembershipChain, StorageError> {
    let rows = sqlx::query("SELECT bytes FROM record WHERE space = ? ORDER BY position")
        .bind(space.as_bytes().as_slice())
        .fetch_all(connection)
        .await?;
    let chain = MembershipChain::parse(rows.iter().map(|row| row.get::<&[u8], _>(0)))?;
    if chain.space() == *space { Ok(chain) } else { Err(StorageError::Damaged("a chain stands under another space")) }
}

/// Where the chain stands now: what a writer compares before it appends.
async fn chain_mark(connection: &mut SqliteConnection, space: &SpaceId) -> Result<ChainMark, StorageError> {
    let row = sqlx::query("SELECT length, head FROM space WHERE space = ?")
        .bind(space.as_bytes().as_slice())
        .fetch_one(connection)
        .await?;
    read_mark(&row)
}

/// A row that selects length and head first.
fn read_mark(row: &SqliteRow) -> Result<ChainMark, StorageError> {
    let len = u32::try_from(row.get::<i64, _>(0)).map_err(|_| StorageError::Damaged("the length of a chain"))?;
    Ok(ChainMark { len, head: hash(row.get(1))? })
}

async fn insert_records(
    connection: &mut SqliteConnection,
    chain: &MembershipChain,
    from: u32,
) -> Result<(), StorageError> {
    for record in chain.records().iter().skip(from as usize) {
        sqlx::query("INSERT INTO record (space, position, bytes) VALUES (?, ?, ?)")
            .bind(chain.space().as_bytes().as_slice())
            .bind(i64::from(record.index()))
            .bind(record.bytes())
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("UPDATE space SET length = ?, head = ? WHERE space = ?")
        .bind(i64::from(chain.len()))
        .bind(chain.head().as_bytes().as_slice())
        .bind(chain.space().as_bytes().as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

/// A transaction that is committed is on the disk.
#[cfg(not(feature = "test-switches"))]
fn synchronous() -> SqliteSynchronous {
    SqliteSynchronous::Full
}

/// `ENTWINE_TEST_UNSYNCED`: a phone that must be seen to lose something when the power goes.
#[cfg(feature = "test-switches")]
fn synchronous() -> SqliteSynchronous {
    if std::env::var_os("ENTWINE_TEST_UNSYNCED").is_some() { SqliteSynchronous::Off } else { SqliteSynchronous::Full }
}

fn space_id(bytes: &[u8]) -> Result<SpaceId, StorageError> {
    SpaceId::try_from(bytes).map_err(|_| StorageError::Damaged("the id of a space"))
}

fn keyholder_id(bytes: &[u8]) -> Result<KeyholderId, StorageError> {
    KeyholderId::try_from(bytes).map_err(|_| StorageError::Damaged("the id of a feed"))
}

fn hash(bytes: &[u8]) -> Result<Hash, StorageError> {
    Hash::try_from(bytes).map_err(|_| StorageError::Damaged("a hash"))
}

/// SQLite has signed integers alone; what is stored here never comes near their end.
fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
