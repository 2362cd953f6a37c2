//! Who ends a connection on which the rest of a body never comes, or whose answers nobody reads? actix answers, and then waits for
//! the last chunk of a chunked body without any time-out; so the relay closes its ear by itself. And what was answered and is not
//! taken waits without one, too; so the system ends the connection.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::HttpMessage as _;
use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::{HttpRequest, rt};

/// What the client is given to take its answer. Closing at once, with bytes of it on the way, could destroy that.
const LINGER: Duration = Duration::from_secs(1);

/// A second handle on a connection.
#[derive(Debug, Clone)]
struct Line(Arc<TcpStream>);

/// Whether a request's body was read to its end.
#[derive(Clone, Default)]
struct BodyEnded(Arc<AtomicBool>);

/// Keeps a handle on each connection that is accepted, and lets the system end it where bytes wait for so long without any of them
/// being taken.
pub(crate) fn on_connect(answer_idle_timeout: Duration) -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + 'static {
    move |connection, kept| {
        let Some(stream) = connection.downcast_ref::<rt::net::TcpStream>() else { return };
        end_when_unread(stream, answer_idle_timeout);
        if let Ok(handle) = stream.as_fd().try_clone_to_owned() {
            kept.insert(Line(Arc::new(TcpStream::from(handle))));
        }
    }
}

/// `TCP_USER_TIMEOUT` of tcp(7): also where the other side acknowledges that it reads nothing.
#[cfg(target_os = "linux")]
fn end_when_unread(stream: &rt::net::TcpStream, patience: Duration) {
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(patience)) {
        tracing::warn!(%error, "a connection takes no time-out for its answers");
    }
}

/// Elsewhere the limit on connections is all there is.
#[cfg(not(target_os = "linux"))]
fn end_when_unread(_: &rt::net::TcpStream, _: Duration) {}

/// How to end this request's connection at once, both ways: for one that stays open, and does not read.
pub(crate) fn at_once(request: &HttpRequest) -> Option<Box<dyn FnOnce()>> {
    let line = request.conn_data::<Line>()?.clone();
    Some(Box::new(move || {
        // It fails only where the other side was faster.
        let _gone = line.0.shutdown(Shutdown::Both);
    }))
}

/// To be told when a body was read to its end: the connection may be used again.
pub(crate) fn body_ended(request: &HttpRequest) {
    if let Some(ended) = request.extensions().get::<BodyEnded>() {
        ended.0.store(true, Ordering::Release);
    }
}

/// How to end this request's connection, if it may be needed: to be taken before the request is worked on.
pub(crate) fn prepare(request: &ServiceRequest) -> Option<impl FnOnce() + use<>> {
    if !request.headers().contains_key(TRANSFER_ENCODING) {
        return None;
    }
    let line = request.conn_data::<Line>()?.clone();
    let ended = BodyEnded::default();
    request.extensions_mut().insert(ended.clone());
    Some(move || {
        if !ended.0.load(Ordering::Acquire) {
            rt::spawn(async move {
                rt::time::sleep(LINGER).await;
                // It fails only where the other side was faster.
                let _gone = line.0.shutdown(Shutdown::Read);
            });
        }
    })
}
