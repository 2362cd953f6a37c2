//! What does somebody send to a relay who has no phone? Any bytes at all, over a connection of their own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::program::GUARD;

/// A request as this says it, with nothing put right.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// The method.
    pub method: &'r str,
    /// The path.
    pub path: &'r str,
    /// The bearer token, if any.
    pub token: Option<&'r str>,
    /// The type of the body.
    pub content_type: &'r str,
    /// The body.
    pub body: &'r [u8],
}

/// What the relay answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The type of the body.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Request<'_> {
    /// Sends it over a new connection.
    ///
    /// # Panics
    /// Where there is no answer.
    #[must_use]
    pub fn send(&self, relay: SocketAddr) -> Answer {
        self.send_announcing(relay, self.body.len())
    }

    /// The same, with a length of the body that may be a lie.
    ///
    /// # Panics
    /// Where there is no answer.
    #[must_use]
    pub fn send_announcing(&self, relay: SocketAddr, body_len: usize) -> Answer {
        let Self { method, path, content_type, body, .. } = self;
        let token = self.token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {relay}\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
             content-length: {body_len}\r\n{token}\r\n"
        );
        let bytes = [head.as_bytes(), body].concat();
        let answer = send_bytes(relay, &bytes);
        Answer::parse(&answer)
            .unwrap_or_else(|| panic!("no answer to {method} {path}: {:?}", String::from_utf8_lossy(&answer)))
    }
}

impl Answer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let head_len = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..head_len]).into_owned();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let content_type = header(&head, "content-type").unwrap_or_default().to_owned();
        Some(Self { status, content_type, body: bytes[head_len + 4..].to_vec() })
    }

    /// The stable code in the body, or nothing.
    #[must_use]
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// The value of a header.
#[must_use]
pub fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

/// Sends bytes that need not be HTTP, and returns all that comes back until the relay closes.
///
/// # Panics
/// Where the relay cannot be reached, or keeps the connection open for ever.
#[must_use]
pub fn send_bytes(relay: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(relay).expect("the relay listens");
    stream.set_read_timeout(Some(GUARD)).expect("a connection takes a timeout");
    // The relay may answer and close before it has read all of what it does not want.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut part = [0; 8192];
    while let Ok(len @ 1..) = stream.read(&mut part) {
        answer.extend_from_slice(&part[..len]);
    }
    answer
}
