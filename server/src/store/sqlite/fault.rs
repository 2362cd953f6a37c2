//! What does it mean that SQLite fails? What can be done about it decides: try again, make room, put a backup in place, or look
//! into the log.

use std::path::Path;

use sqlx::migrate::MigrateError;

use super::OpenError;
use crate::store::StoreError;

/// Numbers of SQLite's, the low byte of each being its kind: <https://www.sqlite.org/rescode.html>
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const NOT_A_DATABASE: i32 = 26;
/// There was no room for the index of the log: a kind of input and output error, and the only one that means a full disk.
const NO_ROOM_FOR_INDEX: i32 = 4874;

fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

fn kind(error: &sqlx::Error) -> Option<i32> {
    code(error).map(|code| code & 0xff)
}

pub(super) fn is_full(error: &sqlx::Error) -> bool {
    kind(error) == Some(FULL) || code(error) == Some(NO_ROOM_FOR_INDEX)
}

/// Why a call to the store comes to nothing.
pub(super) fn fault(error: sqlx::Error) -> StoreError {
    match (&error, kind(&error)) {
        (sqlx::Error::PoolTimedOut, _) | (_, Some(BUSY | LOCKED)) => StoreError::Busy,
        (sqlx::Error::PoolClosed, _) => StoreError::Unavailable,
        (_, Some(CORRUPT | NOT_A_DATABASE)) => StoreError::Damaged("SQLite does not find what it wrote"),
        _ if is_full(&error) => StoreError::Full,
        _ => StoreError::Fault(Box::new(error)),
    }
}

/// Why a folder cannot be used.
pub(super) fn database_error(folder: &Path, source: sqlx::Error) -> OpenError {
    match kind(&source) {
        Some(CORRUPT | NOT_A_DATABASE) => OpenError::Damaged(folder.to_owned()),
        _ if is_full(&source) => OpenError::Full(folder.to_owned()),
        _ => OpenError::Database { folder: folder.to_owned(), source },
    }
}

/// Why the tables cannot be brought to the shape of this version.
pub(super) fn migration_error(folder: &Path, error: MigrateError) -> OpenError {
    match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => OpenError::Newer(folder.to_owned()),
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => database_error(folder, source),
        other => database_error(folder, sqlx::Error::Migrate(Box::new(other))),
    }
}
