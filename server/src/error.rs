//! What does the relay answer when it does not do what was asked? The one table from faults to status and code.
//!
//! A body is `{"code", "message", "request_id"}`, with `now` (seconds since 1970) beside a 401 so that a phone with a wrong
//! clock can correct itself, and `reason` beside a `refused`. Codes are stable; messages are for people and say what to do.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use entwine_core::time::Timestamp;
use entwine_core::token::TokenError;
use entwine_core::wire::CodecError;
use serde::Serialize;

use crate::store::StoreError;

/// Why a request is not done.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The body is not what this route takes.
    #[error("the body is malformed")]
    Malformed(#[source] CodecError),
    /// The body stopped coming, or is no HTTP.
    #[error("the body did not arrive whole")]
    BodyBroken,
    /// The body took too long.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The bearer token is not taken.
    #[error("the token is not taken")]
    Token(#[from] TokenError),
    /// The token names another relay.
    #[error("this relay is not known as {aud}")]
    AudienceUnknown {
        /// What the token names.
        aud: String,
    },
    /// Creating this space needs a registration token.
    #[error("registration needed")]
    RegistrationNeeded,
    /// Nobody may create spaces here.
    #[error("registration closed")]
    RegistrationClosed,
    /// No such route, or no such space for this caller.
    #[error("not found")]
    NotFound,
    /// The route takes other methods.
    #[error("method not allowed, only {allow}")]
    MethodNotAllowed {
        /// Those that it takes.
        allow: &'static str,
    },
    /// The route takes connections that stay open, and this is none.
    #[error("not a WebSocket")]
    NotAWebSocket,
    /// The caller's chain and the relay's exclude each other.
    #[error("chains differ")]
    ChainsDiffer,
    /// The caller is no longer a keyholder: here are the records that say so.
    #[error("removed")]
    Removed {
        /// A response message with the records up to the removal.
        response: Vec<u8>,
    },
    /// The body is over the limit.
    #[error("the body is too large")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The body is of another type.
    #[error("the body must be {expected}")]
    UnsupportedMediaType {
        /// The type that is taken.
        expected: &'static str,
    },
    /// What was brought breaks a rule.
    #[error("refused: {reason}")]
    Refused {
        /// Which rule.
        reason: String,
    },
    /// Too much at once.
    #[error("busy")]
    Busy,
    /// The store does not take writes, or not now.
    #[error("unavailable")]
    Unavailable,
    /// The relay's disk is full.
    #[error("the disk is full: make room, and the relay goes on by itself")]
    StorageFull,
    /// A fault of the relay's own, told to its log alone.
    #[error("internal fault")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<CodecError> for ApiError {
    fn from(error: CodecError) -> Self {
        Self::Malformed(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            StoreError::Unavailable => Self::Unavailable,
            StoreError::Full => Self::StorageFull,
            StoreError::Fault(_) | StoreError::Damaged(_) => Self::Internal(Box::new(error)),
        }
    }
}

#[derive(Serialize)]
struct Body<'e> {
    code: &'static str,
    message: String,
    request_id: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'e str>,
}

impl ApiError {
    /// Status and stable code.
    #[must_use]
    pub fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Malformed(_) | Self::BodyBroken | Self::NotAWebSocket => (StatusCode::BAD_REQUEST, "malformed"),
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "timeout"),
            Self::Token(error) => (StatusCode::UNAUTHORIZED, token_code(*error)),
            Self::AudienceUnknown { .. } => (StatusCode::UNAUTHORIZED, "audience_unknown"),
            Self::RegistrationNeeded => (StatusCode::FORBIDDEN, "registration_needed"),
            Self::RegistrationClosed => (StatusCode::FORBIDDEN, "registration_closed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::ChainsDiffer => (StatusCode::CONFLICT, "chains_differ"),
            Self::Removed { .. } => (StatusCode::GONE, "removed"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::UnsupportedMediaType { .. } => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::Refused { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "refused"),
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, "busy"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "storage_full"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// What it tells people.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Malformed(error) => format!("the body is not a message that this relay takes: {error}"),
            Self::BodyBroken => "the body ended early or is no HTTP: send it again".to_owned(),
            Self::NotAWebSocket => "this path takes WebSocket connections alone".to_owned(),
            Self::BodyTimeout => "the body did not arrive in time: send it again".to_owned(),
            Self::Token(error) => format!("{error}: sign a new one for this request, by the time given in now"),
            Self::AudienceUnknown { aud } => format!(
                "this relay does not know itself as {aud}: whoever runs it should start it with --public-url {aud} (or \
                 ENTWINE_PUBLIC_URL={aud}), if that is its address"
            ),
            Self::RegistrationNeeded => {
                "creating a space here needs a registration token: ask whoever runs this relay for one".to_owned()
            }
            Self::RegistrationClosed => "this relay takes no new spaces: choose another relay".to_owned(),
            Self::NotFound => "there is nothing here for you".to_owned(),
            Self::MethodNotAllowed { allow } => format!("this path takes {allow} alone"),
            Self::ChainsDiffer => {
                "this relay follows another branch of the membership chain: nothing was taken from you".to_owned()
            }
            Self::Removed { .. } => "you were removed from this space".to_owned(),
            Self::TooLarge { bytes_max } => format!("a body may have {bytes_max} bytes here: send less at once"),
            Self::UnsupportedMediaType { expected } => format!("the body must be of type {expected}"),
            Self::Refused { reason } => format!("what was brought breaks a rule: {reason}"),
            Self::Busy => "too much is going on: try again shortly".to_owned(),
            Self::Unavailable => "the relay takes no writes now: try again later".to_owned(),
            Self::StorageFull => {
                "the relay's disk is full, and nothing of this was taken: whoever runs it should make room; then \
                                  it goes on by itself"
                    .to_owned()
            }
            Self::Internal(_) => {
                "the relay failed: whoever runs it finds the cause in its log by the request id".to_owned()
            }
        }
    }

    /// The whole answer. `now` is the relay's time.
    #[must_use]
    pub fn to_response(&self, request_id: &str, now: Timestamp) -> HttpResponse {
        let (status, code) = self.status_and_code();
        let mut response = HttpResponse::build(status);
        match self {
            Self::Removed { response: message } => {
                return response.content_type("application/cbor").body(message.clone());
            }
            Self::Token(_) | Self::AudienceUnknown { .. } => drop(response.insert_header((WWW_AUTHENTICATE, "Bearer"))),
            Self::MethodNotAllowed { allow } => drop(response.insert_header((ALLOW, *allow))),
            Self::Busy | Self::Unavailable => drop(response.insert_header((RETRY_AFTER, "1"))),
            Self::BodyBroken | Self::BodyTimeout | Self::TooLarge { .. } => drop(response.force_close()),
            _ => {}
        }
        let reason = if let Self::Refused { reason } = self { Some(reason.as_str()) } else { None };
        let now = (status == StatusCode::UNAUTHORIZED).then(|| now.as_seconds());
        response.json(Body { code, message: self.message(), request_id, now, reason })
    }

    /// The fault with everything that caused it, for the relay's log.
    #[must_use]
    pub fn with_causes(&self) -> impl fmt::Display {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

fn token_code(error: TokenError) -> &'static str {
    match error {
        TokenError::Missing => "token_missing",
        TokenError::Malformed => "token_malformed",
        TokenError::Expired | TokenError::IssuedInTheFuture => "token_expired",
        TokenError::UnknownKeyholder => "keyholder_unknown",
        TokenError::WrongAlgorithm
        | TokenError::BadSignature
        | TokenError::TooLongLived
        | TokenError::WrongMethod
        | TokenError::WrongPath => "token_refused",
    }
}

/// Only a placeholder: the relay's outermost layer, which knows the request's id, makes the answer.
impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status_and_code().0
    }
}
