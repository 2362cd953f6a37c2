//! Who ends a connection on which the rest of a body never comes? actix answers, and then waits for the last chunk of a
//! chunked body without any time-out; so the relay closes its ear by itself.

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

/// Keeps a handle on each connection that is accepted.
pub(crate) fn on_connect(connection: &dyn Any, kept: &mut Extensions) {
    let stream = connection.downcast_ref::<rt::net::TcpStream>();
    if let Some(Ok(handle)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        kept.insert(Line(Arc::new(TcpStream::from(handle))));
    }
}

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
