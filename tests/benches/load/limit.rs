//! What could the machine do at best? The disk, the database and the network library, without a relay around them.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, rt, web};
use actix_ws::Message;
use entwine_tests::program;
use futures_util::{SinkExt as _, StreamExt as _};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, QueryBuilder, Sqlite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite;

use super::decade;

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

/// What the memory of a bare echo over WebSockets grows by for each of so many connections, in bytes: the library of the relay's own
/// connections, with nothing behind it.
pub(crate) async fn memory_per_echo(connections: usize) -> f64 {
    let mut command = decade::ourselves(&["--echo"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("its stdout is ours")).read_line(&mut first).expect("it says where");
    let address: SocketAddr = first.trim().parse().expect("an address");
    let memory = || program::memory_bytes(child.id(), "VmRSS").expect("it runs");
    let before = memory();
    let mut lines = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await.expect("it listens");
        let (mut line, _) =
            tokio_tungstenite::client_async(format!("ws://{address}/"), stream).await.expect("it agrees");
        line.send(tungstenite::Message::Binary(vec![7; 200].into())).await.expect("it takes that");
        line.next().await.expect("it answers").expect("with the same");
        lines.push(line);
    }
    let grown = memory() - before;
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    grown as f64 / connections as f64
}

/// A bare echo, until it is killed.
pub(crate) fn echo() {
    rt::System::new().block_on(async {
        let server = HttpServer::new(|| App::new().route("/", web::get().to(answer)));
        let server = server.bind(("127.0.0.1", 0)).expect("an address is free");
        println!("{}", server.addrs()[0]);
        server.run().await.expect("it runs");
    });
}

async fn answer(request: HttpRequest, body: web::Payload) -> Result<HttpResponse, Error> {
    let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
    rt::spawn(async move {
        while let Some(Ok(Message::Binary(bytes))) = messages.recv().await {
            if session.binary(bytes).await.is_err() {
                break;
            }
        }
    });
    Ok(response)
}
