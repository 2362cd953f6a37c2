//! Did anything change in the device's database, and what? Also what other processes wrote, which nobody here was told of.

use std::time::Duration;

use entwine_core::id::SpaceId;
use sqlx::sqlite::SqliteRow;
use sqlx::{ConnectOptions as _, Row as _, SqliteConnection};

use super::document::EntryState;
use super::{Storage, StorageError, from_sql, space_id};

/// How often the database is asked whether another process wrote.
const POLL: Duration = Duration::from_millis(250);

/// Notices that somebody else wrote: any process, or another connection of this one.
#[derive(Debug)]
pub(crate) struct Notice {
    /// `data_version` tells of all other connections, so it takes one that never writes; and not one of the few that all share.
    connection: SqliteConnection,
    seen: i64,
}

impl Notice {
    /// Waits until something was written since the last time. SQLite tells nobody of what other processes write: it is asked.
    pub(crate) async fn changed(&mut self) -> Result<(), StorageError> {
        loop {
            tokio::time::sleep(POLL).await;
            let version = data_version(&mut self.connection).await?;
            if std::mem::replace(&mut self.seen, version) != version {
                return Ok(());
            }
        }
    }
}

async fn data_version(connection: &mut SqliteConnection) -> Result<i64, StorageError> {
    let row = sqlx::query("PRAGMA data_version").fetch_one(connection).await?;
    Ok(row.get(0))
}

/// What a relay may not know yet: equal to an earlier one exactly if nothing was begun on this device since.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct WrittenMark {
    changes: i64,
    intents: i64,
    pub(crate) spaces: Vec<SpaceId>,
}

/// What a document is made of now: equal to an earlier one only if the document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DocumentMark {
    version: u64,
    /// The arrival of its last entry.
    pub(crate) entries_until: u64,
    /// The last of its changes that are pending, or stay here; 0 where there are none.
    pub(crate) pending_until: u64,
}

/// The documents of a space at one moment.
#[derive(Debug)]
pub(crate) struct DocumentsHere {
    /// By name.
    pub(crate) marks: Vec<(String, DocumentMark)>,
    /// Whether anything has come that may still be opened.
    pub(crate) is_any_waiting: bool,
}

impl Storage {
    /// Begins to notice.
    pub(crate) async fn notice(&self) -> Result<Notice, StorageError> {
        let mut connection = self.pool.connect_options().connect().await?;
        let seen = data_version(&mut connection).await?;
        Ok(Notice { connection, seen })
    }

    /// What was begun on this device until now.
    pub(crate) async fn written_mark(&self) -> Result<WrittenMark, StorageError> {
        let mut transaction = self.pool.begin().await?;
        let changes = sqlx::query("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'pending'")
            .fetch_one(&mut *transaction)
            .await?
            .get(0);
        let intents = sqlx::query("SELECT COUNT(*) FROM intent").fetch_one(&mut *transaction).await?.get(0);
        let rows = sqlx::query("SELECT space FROM space WHERE archived = 0 ORDER BY kind, space")
            .fetch_all(&mut *transaction)
            .await?;
        let spaces = rows.iter().map(|row| space_id(row.get(0))).collect::<Result<_, _>>()?;
        transaction.commit().await?;
        Ok(WrittenMark { changes, intents, spaces })
    }

    /// The documents of a space at one moment.
    pub(crate) async fn documents_here(&self, space: &SpaceId) -> Result<DocumentsHere, StorageError> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query(
            "SELECT document, name, version,
                 (SELECT COALESCE(MAX(arrival), 0) FROM entry WHERE entry.space = document.space
                  AND entry.document = document.document),
                 (SELECT COALESCE(MAX(change), 0) FROM pending WHERE pending.space = document.space
                  AND pending.document = document.document)
             FROM document WHERE space = ?",
        )
        .bind(space.as_bytes().as_slice())
        .fetch_all(&mut *transaction)
        .await?;
        let waiting = [EntryState::Unopened, EntryState::WaitsForKey, EntryState::WaitsForCut];
        let row = sqlx::query("SELECT EXISTS (SELECT 1 FROM entry WHERE space = ? AND state IN (?, ?, ?))")
            .bind(space.as_bytes().as_slice())
            .bind(waiting[0].code())
            .bind(waiting[1].code())
            .bind(waiting[2].code())
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let mark = |row: &SqliteRow| {
            let (name, _) = self.open_name(space, row.get(0), row.get(1))?;
            let [version, entries_until, pending_until] = [2, 3, 4].map(|column| from_sql(row.get(column)));
            Ok((name, DocumentMark { version, entries_until, pending_until }))
        };
        let marks = rows.iter().map(mark).collect::<Result<_, StorageError>>()?;
        Ok(DocumentsHere { marks, is_any_waiting: row.get::<i64, _>(0) == 1 })
    }
}
