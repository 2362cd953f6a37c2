//! What stands in the SQLite file of a relay or a phone? Looked at from outside, while the program may be running; changed
//! by its owner; and handed from one to the other by whoever has both.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

/// The rows of a query, each as one text.
///
/// # Panics
/// Where there is no such database, or the query is wrong.
#[must_use]
pub fn rows(path: &Path, query: &str) -> BTreeSet<String> {
    blocking(async {
        let mut connection = open(path).await;
        let rows = sqlx::query(AssertSqlSafe(query.to_owned())).fetch_all(&mut connection).await;
        let rows = rows.unwrap_or_else(|error| panic!("{query}: {error}"));
        connection.close().await.expect("a database that was only read closes");
        rows.iter().map(|row| row.get(0)).collect()
    })
}

/// Whether the database is whole, as SQLite's own check has it.
///
/// # Errors
/// What the check finds.
///
/// # Panics
/// Where there is no such database.
pub fn check(path: &Path) -> Result<(), String> {
    let found = rows(path, "PRAGMA integrity_check");
    if found.iter().eq(["ok"]) { Ok(()) } else { Err(format!("{}: {found:?}", path.display())) }
}

/// Every row of every table, as text: two equal sets mean that nothing was changed.
///
/// # Panics
/// Where there is no such database.
#[must_use]
pub fn everything(path: &Path) -> BTreeSet<String> {
    let tables = rows(path, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    let mut everything = BTreeSet::new();
    for table in tables {
        let columns = rows(path, &format!("SELECT name FROM pragma_table_info('{table}')"));
        let values: Vec<String> = columns.iter().map(|column| format!("'{column}=' || quote({column})")).collect();
        everything.extend(rows(path, &format!("SELECT '{table}: ' || {} FROM {table}", values.join(" || ' ' || "))));
    }
    everything
}

/// Changes a database as its owner may, whatever the program would say to it. It must not be running.
///
/// # Panics
/// Where there is no such database, or the statement is wrong or changes nothing.
pub fn change(path: &Path, statement: &str) {
    blocking(async {
        let mut connection = SqliteConnectOptions::new().filename(path).connect().await.expect("the database opens");
        let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await;
        let rows = done.unwrap_or_else(|error| panic!("{statement}: {error}")).rows_affected();
        assert!(rows > 0, "nothing was changed: {statement}");
        connection.close().await.expect("a database closes");
    });
}

/// All records and entries in a phone's spaces that a relay has and the phone lacks, put into the phone's database behind the back
/// of every rule about who is served what. Returns how many entries these were.
///
/// # Panics
/// Where either is no such database.
pub fn hand_over(relay: &Path, phone: &Path) -> u64 {
    const STATEMENTS: [&str; 3] = [
        "INSERT OR IGNORE INTO main.record SELECT space, position, bytes FROM relay.record
         WHERE space IN (SELECT space FROM main.space)",
        "UPDATE main.space SET (length, head) = (SELECT length, head FROM relay.space AS held WHERE held.space = main.space.space)
         WHERE length < (SELECT length FROM relay.space AS held WHERE held.space = main.space.space)",
        // Not looked at yet, like everything that comes.
        "INSERT OR IGNORE INTO main.entry (space, feed, seq, hash, previous, position, kind, critical, sealed, signature, state)
         SELECT space, feed, seq, hash, previous, position, kind, critical, sealed, signature, 0 FROM relay.entry
         WHERE space IN (SELECT space FROM main.space) ORDER BY position, seq",
    ];
    blocking(async {
        let options = SqliteConnectOptions::new().filename(phone).busy_timeout(crate::program::GUARD);
        let mut connection = options.connect().await.expect("the phone's database opens");
        let attached = sqlx::query("ATTACH ? AS relay").bind(relay.to_string_lossy()).execute(&mut connection).await;
        attached.expect("the relay's database opens");
        let mut rows = 0;
        for statement in STATEMENTS {
            let done = sqlx::query(statement).execute(&mut connection).await;
            rows = done.unwrap_or_else(|error| panic!("{statement}: {error}")).rows_affected();
        }
        connection.close().await.expect("a database closes");
        rows
    })
}

async fn open(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(crate::program::GUARD);
    options.connect().await.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn blocking<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(work)
}
