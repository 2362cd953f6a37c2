//! What does a connection cost that only waits? A relay's, and beside it one of the same library with nothing behind it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::Stdio;

use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, rt, web};
use actix_ws::Message;
use entwine_tests::couple::Couple;
use entwine_tests::{World, program};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite;

use super::{ROOMY, decade};

/// Connections of one phone: as many as a relay lets it have.
const PER_PHONE: usize = 8;

/// What the relay's memory grew by for each of so many live connections, in bytes.
pub(crate) async fn memory_per_connection(world: &World, connections: usize) -> f64 {
    let relay = world.relay_with(ROOMY);
    let mut couples = Vec::new();
    for seed in 0..connections.div_ceil(2 * PER_PHONE) {
        let couple = Couple::new(2_000_000 + seed as u64, 0);
        couple.create(relay.address());
        couples.push(couple);
    }
    let before = relay.memory_bytes();
    let mut lines = Vec::new();
    for couple in &couples {
        for _ in 0..PER_PHONE {
            lines.extend(couple.connect(relay.address()).await);
        }
    }
    (relay.memory_bytes() - before) as f64 / lines.len() as f64
}

/// The same of a bare echo.
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
