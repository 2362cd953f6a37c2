//! How is everything kept in one SQLite file? `relay.db` in the data folder; the files below this one hold all SQL of the
//! relay.
//!
//! ```text
//! append, create, … ──► bounded queue ──► one writer ──► one transaction for all that wait ──► COMMIT, fsync ──► answers
//! load, read, …     ──► what was written a moment ago, in memory
//!                   └─► a few readers, each of which sees one moment
//! ```

mod entries;
mod fault;
mod folder;
mod read;
mod recent;
mod together;
mod write;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use entwine_core::feed::{StoredEntry, Tip};
use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::keyholder::PublicKeys;
use entwine_core::registration::{RegistrationToken, TokenDigest};
use entwine_core::sync::{ChainMark, Point, Range};
use entwine_core::time::Timestamp;
use futures_util::future::BoxFuture;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool};

use super::{Append, Appended, Created, NewSpace, SpaceLine, SpaceState, Store, Stored, TokenLine};
use fault::{database_error, fault, migration_error};
use folder::DataFolder;
use recent::Recent;
use writer::Writer;

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/relay/sqlite");

/// Readers at once. SQLite reads from memory or one disk: more would only wait for each other.
const READERS: u32 = 4;
/// How long a connection waits while another process (`tokens new`) writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often, and after which pause, a folder that is in use is tried again at the start.
const LOCK_ATTEMPTS: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// Pages of 4 KiB in the log before they go into the database. A page that many commits change goes there once; SQLite's own choice
/// of 1,000 took more time for that than for the commits.
const LOG_PAGES: &str = "4000";
/// KiB of pages (that is what negative means) that the connection that writes keeps in memory. With SQLite's own 2,000 a relay of a
/// thousand couples read five pages again for each entry.
const WRITER_CACHE: &str = "-16384";
/// Rows fetched ahead of their use. Entries may be 512 KiB each, so few.
const ROWS_AHEAD: usize = 8;

/// Why a data folder cannot be used. Messages say what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written to.
    #[error(
        "the data folder {} cannot be used: make it belong to the user that runs the relay, or name another with --data",
        .folder.display()
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another relay runs on it.
    #[error(
        "another relay runs on the data folder {}: stop that one, or name another folder with --data",
        .0.display()
    )]
    InUse(PathBuf),
    /// A newer relay wrote it.
    #[error("the database in {} was written by a newer relay: run that one, or put a backup back", .0.display())]
    Newer(PathBuf),
    /// There is no room.
    #[error("the disk of the data folder {} is full: make room, then start the relay again", .0.display())]
    Full(PathBuf),
    /// The disk gave back other bytes than were written.
    #[error(
        "the database in {} is damaged, or none of a relay: put that folder aside, and a backup in its place or nothing: phones fill an \
         empty relay",
        .0.display()
    )]
    Damaged(PathBuf),
    /// The file is none that this relay can read.
    #[error("the database in {} cannot be opened", .folder.display())]
    Database {
        /// The folder.
        folder: PathBuf,
        /// What the database says.
        #[source]
        source: sqlx::Error,
    },
}

/// A store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    readers: SqlitePool,
    recent: Arc<Recent>,
    /// Held for as long as the store is.
    _folder: DataFolder,
}

impl SqliteStore {
    /// Opens the store for the one relay that runs on this folder; makes what is missing, and brings the tables to the shape
    /// of this version.
    ///
    /// # Errors
    /// Why the folder cannot be used.
    pub async fn open(folder: &Path, now: Timestamp) -> Result<Self, OpenError> {
        // An operator's command on a resting relay's folder holds the lock too, for a moment.
        for _ in 0..LOCK_ATTEMPTS {
            match Self::open_at_once(folder, now).await {
                Err(OpenError::InUse(_)) => tokio::time::sleep(LOCK_PAUSE).await,
                other => return other,
            }
        }
        Self::open_at_once(folder, now).await
    }

    /// Opens the store for an operator's command, which may run beside a relay.
    ///
    /// # Errors
    /// Why the folder cannot be used.
    pub async fn open_beside(folder: &Path, now: Timestamp) -> Result<Self, OpenError> {
        match Self::open_at_once(folder, now).await {
            Err(OpenError::InUse(_)) => {
                let beside = DataFolder::beside(folder);
                let connection = connect(&beside).await?;
                Self::start(beside, connection).await
            }
            other => other,
        }
    }

    async fn open_at_once(folder: &Path, now: Timestamp) -> Result<Self, OpenError> {
        let locked = DataFolder::lock(folder)?;
        let mut connection = connect(&locked).await?;
        bring_log_in(&mut connection).await.map_err(|source| database_error(folder, source))?;
        MIGRATIONS.run_direct(None, &mut connection, false).await.map_err(|error| migration_error(folder, error))?;
        write::relay(&mut connection, now).await.map_err(|source| database_error(folder, source))?;
        Self::start(locked, connection).await
    }

    async fn start(folder: DataFolder, connection: SqliteConnection) -> Result<Self, OpenError> {
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY_TIMEOUT)
            // There is no server that could have gone away; asking costs as much as reading a row.
            .test_before_acquire(false)
            .connect_with(options(&folder).pragma("query_only", "ON"))
            .await
            .map_err(|source| database_error(folder.path(), source))?;
        let recent = Arc::<Recent>::default();
        let writer = Writer::start(connection, writer_options(&folder), Arc::clone(&recent));
        Ok(Self { writer, readers, recent, _folder: folder })
    }
}

fn options(folder: &DataFolder) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(folder.database())
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous())
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROWS_AHEAD)
        // Otherwise each commit of many rows writes what it changes into a file beside first, in case that it has to be undone.
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", LOG_PAGES)
        .disable_statement_logging()
}

/// A commit returns when it is on the disk.
#[cfg(not(feature = "test-switches"))]
fn synchronous() -> SqliteSynchronous {
    SqliteSynchronous::Full
}

/// `ENTWINE_TEST_UNSYNCED`: a relay that must be seen to lose something when the power goes.
#[cfg(feature = "test-switches")]
fn synchronous() -> SqliteSynchronous {
    if std::env::var_os("ENTWINE_TEST_UNSYNCED").is_some() { SqliteSynchronous::Off } else { SqliteSynchronous::Full }
}

/// Writes what the log holds into the database itself, and syncs that. Where a sync of the log failed before this start, the system
/// shows what it held, though some of it may never have come to the disk, and no later sync of the log would tell.
async fn bring_log_in(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await.map(drop)
}

/// Those of the connection that writes.
fn writer_options(folder: &DataFolder) -> SqliteConnectOptions {
    options(folder).pragma("cache_size", WRITER_CACHE)
}

async fn connect(folder: &DataFolder) -> Result<SqliteConnection, OpenError> {
    writer_options(folder).connect().await.map_err(|source| database_error(folder.path(), source))
}

impl Store for SqliteStore {
    fn load(&self, space: SpaceId, known: Option<ChainMark>) -> Stored<'_, Option<SpaceState>> {
        Box::pin(async move {
            if let Some(state) = self.recent.load(&space, known) {
                return Ok(Some(state));
            }
            let mut connection = self.readers.acquire().await.map_err(fault)?;
            // One statement sees one moment by itself.
            let state = read::space(&mut connection, &space).await?;
            if state.as_ref().is_none_or(|state| Some(state.mark) == known) {
                return Ok(state);
            }
            let mut moment = connection.begin().await.map_err(fault)?;
            let Some(state) = read::space(&mut moment, &space).await? else { return Ok(None) };
            let records = Some(read::records(&mut moment, &space).await?);
            Ok(Some(SpaceState { records, ..state }))
        })
    }

    fn locate(&self, space: SpaceId, points: Vec<Point>) -> Stored<'_, Vec<Option<Tip>>> {
        Box::pin(async move {
            if let Some(found) = self.recent.locate(&space, &points) {
                return Ok(found);
            }
            let mut moment = self.readers.begin().await.map_err(fault)?;
            read::located(&mut moment, &space, &points).await
        })
    }

    fn read(&self, space: SpaceId, ranges: Vec<Range>, budget: usize) -> Stored<'_, (Vec<StoredEntry>, bool)> {
        Box::pin(async move {
            if let Some(entries) = self.recent.read(&space, &ranges, budget) {
                return Ok((entries, false));
            }
            let mut moment = self.readers.begin().await.map_err(fault)?;
            read::entries(&mut moment, &space, &ranges, budget).await
        })
    }

    fn spaces_of(&self, keyholder: KeyholderId) -> Stored<'_, Vec<SpaceLine>> {
        Box::pin(async move {
            let mut moment = self.readers.begin().await.map_err(fault)?;
            read::spaces_of(&mut moment, &keyholder).await
        })
    }

    fn admitted_by(&self, invitation: KeyholderId, keyholder: KeyholderId) -> Stored<'_, Vec<SpaceId>> {
        Box::pin(async move {
            let mut moment = self.readers.begin().await.map_err(fault)?;
            read::admitted_by(&mut moment, &invitation, &keyholder).await
        })
    }

    fn keys_of(&self, keyholder: KeyholderId) -> Stored<'_, Option<PublicKeys>> {
        Box::pin(async move {
            let mut moment = self.readers.begin().await.map_err(fault)?;
            read::keys_of(&mut moment, &keyholder).await
        })
    }

    fn create(&self, new: NewSpace) -> Stored<'_, Created> {
        Box::pin(async move { self.writer.write(writer::Create(Box::new(new))).await })
    }

    fn append(&self, append: Append) -> Stored<'_, Appended> {
        Box::pin(async move { self.writer.append(append).await })
    }

    fn standing_tokens(&self) -> Stored<'_, Vec<(String, TokenDigest)>> {
        Box::pin(async move {
            let mut moment = self.readers.begin().await.map_err(fault)?;
            read::standing_tokens(&mut moment).await
        })
    }

    fn tokens(&self) -> Stored<'_, Vec<TokenLine>> {
        Box::pin(async move {
            let mut moment = self.readers.begin().await.map_err(fault)?;
            read::tokens(&mut moment).await
        })
    }

    fn add_token(&self, token: RegistrationToken, keep_text: bool, now: Timestamp) -> Stored<'_, String> {
        Box::pin(async move { self.writer.write(writer::AddToken { token, keep_text, now }).await })
    }

    fn revoke_token(&self, id: String, now: Timestamp) -> Stored<'_, bool> {
        Box::pin(async move { self.writer.write(writer::RevokeToken { id, now }).await })
    }

    fn unused_token(&self) -> Stored<'_, Option<RegistrationToken>> {
        Box::pin(async move {
            let mut moment = self.readers.begin().await.map_err(fault)?;
            read::unused_token(&mut moment).await
        })
    }

    fn is_writable(&self) -> bool {
        self.writer.is_writable()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // Readers first: the last connection to go brings the log back into the database file.
            self.readers.close().await;
            self.writer.close().await;
        })
    }
}

#[cfg(test)]
mod tests {
    use entwine_core::feed::clock::SentTip;
    use entwine_core::id::Hash;
    use tempfile::TempDir;

    use super::*;
    use crate::store::conformance;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    async fn fresh() -> (Arc<dyn Store>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), NOW).await.unwrap();
        (Arc::new(store), folder)
    }

    conformance::suite!(fresh);

    /// Whatever was written, in whatever parts: an answer from memory is the one that the database would give.
    #[tokio::test]
    async fn what_is_answered_from_memory_is_what_was_committed() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), NOW).await.unwrap();
        let space = conformance::with_space(&store, "home").await;
        let words = conformance::line("word", 0, Hash::ZERO, 14, 100);
        let branch = conformance::line("branch", 11, words[10].hash, 2, 100);
        let feed = words[0].feed;
        let parts = [&words[..1], &words[1..4], &words[..2], &words[4..14], &branch[..1], &branch[..2]];
        let mut from_memory = 0;
        for (part, goes_on) in parts.into_iter().zip([true, true, false, true, false, true]) {
            let nothing = conformance::nothing_to("home");
            let mark = nothing.seen;
            store.append(Append { entries: part.to_vec(), ..nothing }).await.unwrap();
            let mut connection = store.readers.acquire().await.unwrap();
            assert_eq!(store.recent.load(&space, Some(mark)).is_some(), goes_on);
            assert_eq!(
                store.load(space, Some(mark)).await.unwrap(),
                read::space(&mut connection, &space).await.unwrap()
            );
            for entry in words.iter().chain(&branch) {
                let points = [Point { feed, tip: SentTip::short(&entry.tip()) }];
                let found = read::located(&mut connection, &space, &points).await.unwrap();
                assert_eq!(store.locate(space, points.to_vec()).await.unwrap(), found);
                if found[0].is_none() {
                    continue;
                }
                let ranges = [Range { feed, beyond: vec![entry.tip()] }];
                from_memory += u32::from(store.recent.read(&space, &ranges, 10_000).is_some());
                for budget in [150, 10_000] {
                    let mut read = store.read(space, ranges.to_vec(), budget).await.unwrap();
                    let mut expected = read::entries(&mut connection, &space, &ranges, budget).await.unwrap();
                    assert_eq!(read.1, expected.1);
                    [&mut read.0, &mut expected.0].into_iter().for_each(|page| page.sort_by_key(StoredEntry::tip));
                    assert_eq!(read, expected);
                }
            }
        }
        assert!(from_memory > 10, "{from_memory}");
    }

    /// One commit holds a record and entries of one space, in either order: what is in memory is not older than that.
    #[tokio::test]
    async fn what_was_committed_beside_a_record_is_not_answered_from_before_it() {
        for is_first in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let store = SqliteStore::open(folder.path(), NOW).await.unwrap();
            let space = conformance::with_space(&store, "home").await;
            let nothing = conformance::nothing_to("home");
            let mark = nothing.seen;
            let words = Append { entries: conformance::line("word", 0, Hash::ZERO, 2, 100), ..nothing.clone() };
            let record = Append { records: vec![conformance::record("add")], ..nothing };
            let both = if is_first { [record, words] } else { [words, record] };
            for appended in futures_util::future::join_all(both.map(|append| store.append(append))).await {
                assert!(matches!(appended, Ok(Appended::Done { .. })), "{appended:?}");
            }
            let held = read::space(&mut store.readers.acquire().await.unwrap(), &space).await.unwrap().unwrap();
            assert_eq!((held.mark.len, held.tips.len()), (mark.len + 1, 1));
            assert_eq!(store.load(space, Some(mark)).await.unwrap().unwrap().mark, held.mark);
            assert_eq!(store.load(space, Some(held.mark)).await.unwrap().unwrap(), held);
        }
    }

    #[tokio::test]
    async fn what_was_kept_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), NOW).await.unwrap();
        let id = store.add_token(RegistrationToken::new("come in"), true, NOW).await.unwrap();
        store.close().await;
        drop(store);
        let store = SqliteStore::open(folder.path(), NOW).await.unwrap();
        assert_eq!(store.tokens().await.unwrap()[0].id, id);
    }

    #[tokio::test]
    async fn one_relay_to_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), NOW).await.unwrap();
        let second = SqliteStore::open(folder.path(), NOW).await;
        assert!(matches!(second, Err(OpenError::InUse(_))), "{second:?}");
        let operator = SqliteStore::open_beside(folder.path(), NOW).await.unwrap();
        operator.add_token(RegistrationToken::new("come in"), false, NOW).await.unwrap();
        assert_eq!(store.tokens().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn every_write_is_on_the_disk_before_its_answer() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = connect(&DataFolder::lock(folder.path()).unwrap()).await.unwrap();
        for (pragma, expected) in [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1)] {
            let found: i64 = sqlx::query_scalar(pragma).fetch_one(&mut connection).await.unwrap();
            assert_eq!(found, expected, "{pragma}");
        }
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
        assert_eq!(mode, "wal");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nobody_else_may_look() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("made/deep");
        let store = SqliteStore::open(&folder, NOW).await.unwrap();
        store.add_token(RegistrationToken::new("come in"), false, NOW).await.unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for name in ["relay.db", "relay.db-wal", "relay.db-shm", "relay.lock"] {
            assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        }
    }

    #[tokio::test]
    async fn what_is_no_database_of_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("relay.db");
        std::fs::write(&file, "a letter, not a database".repeat(100)).unwrap();
        let opened = SqliteStore::open(folder.path(), NOW).await;
        assert!(matches!(opened, Err(OpenError::Damaged(_))), "{opened:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "a letter, not a database".repeat(100));

        let folder = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(folder.path(), NOW).await.unwrap());
        let mut connection = connect(&DataFolder::beside(folder.path())).await.unwrap();
        let newer = "UPDATE _sqlx_migrations SET version = 9999 WHERE version = 3";
        sqlx::query(newer).execute(&mut connection).await.unwrap();
        let opened = SqliteStore::open(folder.path(), NOW).await;
        assert!(matches!(opened, Err(OpenError::Newer(_))), "{opened:?}");
    }
}
