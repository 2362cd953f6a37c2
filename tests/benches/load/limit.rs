//! What could the machine do at best? The disk and the database, without a relay around them.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, QueryBuilder, Sqlite};

/// About what an entry of 200 bytes takes in a row: sealed and padded, with its signature and its hashes.
const ENTRY_BYTES: usize = 450;

/// How long one fsync of a small write takes, sorted.
pub(crate) fn fsync(folder: &Path, count: usize) -> Vec<Duration> {
    let mut file = File::create(folder.join("fsync")).expect("the folder takes files");
    let mut took: Vec<Duration> = (0..count)
        .map(|_| {
            file.write_all(&[0x5e; 4096]).expect("there is room");
            let begun = Instant::now();
            file.sync_data().expect("the disk takes it");
            begun.elapsed()
        })
        .collect();
    took.sort();
    took
}

/// Rows in one transaction of [`sqlite_rows_per_second`].
const ROWS_PER_TRANSACTION: usize = 100;

/// Rows as long as an entry that SQLite alone takes in a second, in transactions of 100, each synced: one statement for each
/// transaction, so that little is measured but SQLite.
pub(crate) async fn sqlite_rows_per_second(folder: &Path, transactions: usize) -> f64 {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("raw.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = options.connect().await.expect("a fresh database opens");
    let table = "CREATE TABLE entry (id BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID";
    sqlx::query(table).execute(&mut connection).await.expect("a table is made");
    let begun = Instant::now();
    for transaction in 0..transactions {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO entry (id, sealed) ");
        insert.push_values(0..ROWS_PER_TRANSACTION, |mut row, number| {
            let mut id = vec![0x5e; 32];
            id[..16].copy_from_slice(&((transaction * ROWS_PER_TRANSACTION + number) as u128).to_be_bytes());
            row.push_bind(id).push_bind(vec![0x5e; ENTRY_BYTES]);
        });
        insert.build().execute(&mut connection).await.expect("rows are taken");
    }
    (transactions * ROWS_PER_TRANSACTION) as f64 / begun.elapsed().as_secs_f64()
}
