//! What stands in the SQLite file of a relay or a phone? Looked at from outside, while the program may be running.

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

async fn open(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(crate::program::GUARD);
    options.connect().await.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn blocking<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(work)
}
