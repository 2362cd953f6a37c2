//! What does a phone that is only a socket cost? As little as it can: its WebSocket frames (RFC 6455, 5.2) can be made before a
//! clock starts, so that sending one is a write, and hearing one a read.

use std::fmt::Display;
use std::net::SocketAddr;

use bytes::{Buf as _, Bytes, BytesMut};
use entwine_core::id::SpaceId;
use entwine_core::wire::live::{DeviceFrame, Hello, LIVE_PATH};
use entwine_core::wire::to_bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The connection broke: what was seen of it.
#[derive(Debug)]
pub struct Gone(pub String);

impl Gone {
    fn by(error: impl Display) -> Self {
        Self(error.to_string())
    }
}

/// One live connection.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    read: BytesMut,
}

impl Line {
    /// Connects, says who it is, and hears the relay's first word.
    pub(crate) async fn open(relay: SocketAddr, token: String, space: SpaceId) -> Result<Self, Gone> {
        let stream = TcpStream::connect(relay).await.map_err(Gone::by)?;
        stream.set_nodelay(true).map_err(Gone::by)?;
        let url = format!("ws://{relay}{LIVE_PATH}");
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.map_err(Gone::by)?;
        // The relay says nothing before the hello, so nothing was read beyond the upgrade.
        let mut line = Self { stream: socket.into_inner(), read: BytesMut::new() };
        line.send(&framed(&DeviceFrame::Hello(Hello { token, spaces: vec![space] }))).await?;
        line.until(is_moved).await?;
        Ok(line)
    }

    /// Sends a frame as `framed` makes it.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn send(&mut self, frame: &[u8]) -> Result<(), Gone> {
        self.stream.write_all(frame).await.map_err(Gone::by)
    }

    /// The first frame that is of this kind.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn until(&mut self, is_it: fn(&[u8]) -> bool) -> Result<Bytes, Gone> {
        loop {
            match self.next().await? {
                (BINARY, bytes) if is_it(&bytes) => return Ok(bytes),
                (PING, bytes) => self.send(&frame(PONG, &bytes)).await?,
                (CLOSE, why) => return Err(Gone(format!("the relay closes: {}", String::from_utf8_lossy(&why)))),
                _ => {}
            }
        }
    }

    async fn next(&mut self) -> Result<(u8, Bytes), Gone> {
        loop {
            if let Some(frame) = unframed(&mut self.read) {
                return Ok(frame);
            }
            if self.stream.read_buf(&mut self.read).await.map_err(Gone::by)? == 0 {
                return Err(Gone("the connection ended".to_owned()));
            }
        }
    }
}

/// A message in a frame of its own.
pub(crate) fn framed(message: &DeviceFrame) -> Bytes {
    frame(BINARY, &to_bytes(message))
}

/// What a client sends is masked; by zeros, it is as it was.
fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut frame = vec![0x80 | opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(len @ ..126), _) => frame.push(0x80 | len),
        (_, Ok(len)) => {
            frame.push(0x80 | 126);
            frame.extend(len.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame.into()
}

/// The first frame of what was read, if all of it is there. A server's frames are not masked.
fn unframed(read: &mut BytesMut) -> Option<(u8, Bytes)> {
    let (start, len) = match read.get(1)? {
        127 => (10, u64::from_be_bytes(read.get(2..10)?.try_into().ok()?)),
        126 => (4, u64::from(u16::from_be_bytes(read.get(2..4)?.try_into().ok()?))),
        len => (2, u64::from(*len)),
    };
    let (opcode, len) = (read[0] & 0x0f, usize::try_from(len).ok()?);
    if read.len() < start + len {
        return None;
    }
    read.advance(start);
    Some((opcode, read.split_to(len).freeze()))
}

/// The kind of a frame is its second byte: see [`entwine_core::wire::live::RelayFrame`].
pub(crate) fn is_answer(frame: &[u8]) -> bool {
    frame.get(1) == Some(&2)
}

pub(crate) fn is_refusal(frame: &[u8]) -> bool {
    frame.get(1) == Some(&3)
}

pub(crate) fn is_moved(frame: &[u8]) -> bool {
    frame.get(1) == Some(&4)
}
