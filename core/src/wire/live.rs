//! What passes over a connection that stays open? The frames of `GET /v1/live`, one in each binary message of a WebSocket.
//!
//! ```text
//! device ── Hello { token, spaces } ───────► relay      first, and within LIVE_HELLO_SECONDS
//! device ◄─ Moved { space } ──────────────── relay      for each of these spaces: the relay attends to it here
//! device ── Ask { id, space, Request } ────► relay      at most LIVE_QUESTIONS_MAX under way
//! device ◄─ Answer { id, Response } ──────── relay      or Refused { id, code, … }, in the order of the questions
//! device ◄─ Moved { space } ──────────────── relay      somebody else brought records or entries: ask with your clock
//! ```
//!
//! A `Moved` is a hint: where one is lost, something comes later, and nothing is lost with it. Not answered here: who may ask
//! what; a question is judged as the same [`Request`] is on every carrier.

use super::codec::{CodecError, Decoder, Encoder, Wire};
use super::message::{Request, Response};
use crate::id::SpaceId;
use crate::limits::{LIVE_SPACES_MAX, REFUSAL_CODE_BYTES_MAX, REFUSAL_MESSAGE_BYTES_MAX, TOKEN_BYTES_MAX};

const LIVE_PROTOCOL_VERSION: u64 = 1;

const HELLO: u64 = 0;
const ASK: u64 = 1;
const ANSWER: u64 = 2;
const REFUSED: u64 = 3;
const MOVED: u64 = 4;

/// The path that a connection's token is for.
pub const LIVE_PATH: &str = "/v1/live";

/// The first frame of a connection: `[0, version, token, spaces]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Hello {
    /// A token for `GET /v1/live`, as any request has one. It stands here because addresses end up in logs.
    pub token: String,
    /// Of which the device wants to hear.
    pub spaces: Vec<SpaceId>,
}

/// The token opens connections as long as it lives.
impl core::fmt::Debug for Hello {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Hello").field("spaces", &self.spaces).finish_non_exhaustive()
    }
}

/// One exchange of messages: `[1, id, space, request]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Stands in the answer; the device's own choice.
    pub id: u64,
    /// The space, which need not be one of those that the hello named.
    pub space: SpaceId,
    /// The question.
    pub request: Request,
}

/// From a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceFrame {
    /// The first one.
    Hello(Hello),
    /// Every other one.
    Ask(Box<Ask>),
}

/// Why a question is not answered: `[3, id, code, message, response or null]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Of the question.
    pub id: u64,
    /// The stable code that an HTTP answer would have.
    pub code: String,
    /// For people.
    pub message: String,
    /// With `removed`: the records that say so.
    pub response: Option<Response>,
}

/// From the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayFrame {
    /// `[2, id, response]`.
    Answer(u64, Box<Response>),
    /// The question is not answered.
    Refused(Box<Refused>),
    /// `[4, space]`: there may be something new.
    Moved(SpaceId),
}

impl Wire for DeviceFrame {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Hello(hello) => {
                encoder.array(4).uint(HELLO).uint(LIVE_PROTOCOL_VERSION).text(&hello.token).list(&hello.spaces);
            }
            Self::Ask(ask) => {
                encoder.array(4).uint(ASK).uint(ask.id).value(&ask.space).value(&ask.request);
            }
        }
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(4, "frame")?;
        match decoder.uint("kind of frame")? {
            HELLO => {
                decoder.version(LIVE_PROTOCOL_VERSION)?;
                let token = decoder.text(TOKEN_BYTES_MAX, "token")?.to_owned();
                Ok(Self::Hello(Hello { token, spaces: decoder.list(LIVE_SPACES_MAX, "spaces")? }))
            }
            ASK => {
                let (id, space) = (decoder.uint("id")?, decoder.value()?);
                Ok(Self::Ask(Box::new(Ask { id, space, request: decoder.value()? })))
            }
            _ => Err(CodecError::Malformed("kind of frame")),
        }
    }
}

impl Wire for RelayFrame {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Answer(id, response) => {
                encoder.array(3).uint(ANSWER).uint(*id).value(&**response);
            }
            Self::Refused(refused) => {
                encoder.array(5).uint(REFUSED).uint(refused.id).text(&refused.code).text(&refused.message);
                encoder.option(refused.response.as_ref());
            }
            Self::Moved(space) => {
                encoder.array(2).uint(MOVED).value(space);
            }
        }
    }
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        let len = decoder.array_max(5, "frame")?;
        match (decoder.uint("kind of frame")?, len) {
            (ANSWER, 3) => Ok(Self::Answer(decoder.uint("id")?, Box::new(decoder.value()?))),
            (REFUSED, 5) => Ok(Self::Refused(Box::new(Refused {
                id: decoder.uint("id")?,
                code: decoder.text(REFUSAL_CODE_BYTES_MAX, "code")?.to_owned(),
                message: decoder.text(REFUSAL_MESSAGE_BYTES_MAX, "message")?.to_owned(),
                response: decoder.option("response")?,
            }))),
            (MOVED, 2) => Ok(Self::Moved(decoder.value()?)),
            _ => Err(CodecError::Malformed("kind of frame")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::clock::SentClock;
    use crate::wire::{from_bytes, to_bytes};

    fn hello(spaces: usize) -> DeviceFrame {
        DeviceFrame::Hello(Hello { token: "a.b.c".to_owned(), spaces: vec![SpaceId::from_bytes([1; 32]); spaces] })
    }

    fn request() -> Request {
        Request::bringing(SentClock::empty(), Vec::new())
    }

    #[test]
    fn frames_read_back() {
        let space = SpaceId::from_bytes([2; 32]);
        for frame in [hello(2), DeviceFrame::Ask(Box::new(Ask { id: 7, space, request: request() }))] {
            assert_eq!(from_bytes(&to_bytes(&frame)), Ok(frame));
        }
        let response = Response::holding(SentClock::empty());
        let refused = |response| Refused { id: 7, code: "removed".to_owned(), message: "why".to_owned(), response };
        for frame in [
            RelayFrame::Answer(7, Box::new(response.clone())),
            RelayFrame::Refused(Box::new(refused(None))),
            RelayFrame::Refused(Box::new(refused(Some(response)))),
            RelayFrame::Moved(space),
        ] {
            assert_eq!(from_bytes(&to_bytes(&frame)), Ok(frame));
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        assert!(from_bytes::<DeviceFrame>(&to_bytes(&hello(LIVE_SPACES_MAX))).is_ok());
        let crowded = from_bytes::<DeviceFrame>(&to_bytes(&hello(LIVE_SPACES_MAX + 1)));
        assert_eq!(crowded, Err(CodecError::TooLarge { what: "spaces", limit: LIVE_SPACES_MAX }));
        let mut later = to_bytes(&hello(0));
        later[2] = 2;
        assert_eq!(from_bytes::<DeviceFrame>(&later), Err(CodecError::UnknownVersion(2)));
        for bytes in [&[][..], &[0x82, 4], &[0x82, 9, 0], &[0x83, 4, 0, 0], &[0x84, 2, 0, 0, 0]] {
            assert!(from_bytes::<DeviceFrame>(bytes).is_err() && from_bytes::<RelayFrame>(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn the_largest_message_fits_into_a_frame() {
        use crate::limits::{LIVE_FRAME_BYTES_MAX, MESSAGE_BYTES_MAX};
        let head = to_bytes(&DeviceFrame::Ask(Box::new(Ask {
            id: u64::MAX,
            space: SpaceId::from_bytes([0; 32]),
            request: request(),
        })));
        assert!(
            head.len() + REFUSAL_CODE_BYTES_MAX + REFUSAL_MESSAGE_BYTES_MAX + MESSAGE_BYTES_MAX < LIVE_FRAME_BYTES_MAX
        );
    }

    #[test]
    fn a_token_is_not_shown() {
        assert!(!format!("{:?}", hello(1)).contains("a.b.c"));
    }
}
