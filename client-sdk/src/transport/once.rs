//! The one-shot carrier: one HTTP request for one message.

use std::sync::atomic::{AtomicI64, Ordering};

use entwine_core::id::SpaceId;
use entwine_core::keyholder::SecretKeys;
use entwine_core::limits::{MESSAGE_BYTES_MAX, REFUSAL_MESSAGE_BYTES_MAX};
use entwine_core::time::Timestamp;
use entwine_core::token::{self, Claims};
use entwine_core::wire::codec::CodecError;
use entwine_core::wire::message::{CreateRequest, Request, Response};
use entwine_core::wire::{Wire, from_bytes, to_bytes};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::{Carrier, Exchanged, RelayAddress};
use crate::clock;

const CBOR: &str = "application/cbor";

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RelayError {
    /// Nothing answers, or the answer was cut off.
    #[error("{0}")]
    Offline(String),
    /// The relay asks to come back later.
    #[error("{0}")]
    Busy(String),
    /// What answers is no relay, or its answer is no message.
    #[error("{0}")]
    NotARelay(String),
    /// The relay does not know this space, or not this keyholder.
    #[error("the relay does not know this space")]
    Unknown,
    /// The caller was removed; the records up to the removal.
    #[error("removed")]
    Removed(Box<Response>),
    /// Creating a space needs a registration token.
    #[error("{0}")]
    RegistrationNeeded(String),
    /// The relay follows another branch of the membership chain.
    #[error("{0}")]
    ChainsDiffer(String),
    /// The relay speaks a later version only.
    #[error("{0}")]
    AppTooOld(String),
    /// The relay says no: what it says.
    #[error("{0}")]
    Refused(String),
}

impl RelayError {
    /// What a code of the relay's one table means, on either carrier.
    pub(super) fn by_code(code: &str, message: String) -> Self {
        match code {
            "not_found" | "keyholder_unknown" => Self::Unknown,
            "registration_needed" | "registration_closed" => Self::RegistrationNeeded(message),
            "chains_differ" => Self::ChainsDiffer(message),
            "app_too_old" => Self::AppTooOld(message),
            // Room does not come within seconds: asked again it is by the next exchange.
            "storage_full" => Self::Offline(message),
            "timeout" | "busy" | "internal" | "unavailable" => Self::Busy(message),
            _ => Self::Refused(message),
        }
    }
}

impl Carrier for Relay {
    fn exchange<'a>(&'a self, keys: &'a SecretKeys, space: &'a SpaceId, request: &'a Request) -> Exchanged<'a> {
        Box::pin(self.sync(keys, space, request))
    }
}

/// One relay, as one device reaches it.
#[derive(Debug)]
pub(crate) struct Relay {
    address: RelayAddress,
    http: reqwest::Client,
    /// What the relay's clock is ahead of the device's, in milliseconds.
    clock_offset: AtomicI64,
}

#[derive(Deserialize)]
struct Failure {
    code: String,
    message: String,
    now: Option<u64>,
}

#[derive(Deserialize)]
struct Listed {
    spaces: Vec<ListedSpace>,
}

#[derive(Deserialize)]
struct ListedSpace {
    space: SpaceId,
}

struct Answer {
    status: StatusCode,
    content_type: String,
    body: Vec<u8>,
}

impl Relay {
    pub(crate) fn new(address: RelayAddress, http: reqwest::Client, clock_offset: i64) -> Self {
        Self { address, http, clock_offset: AtomicI64::new(clock_offset) }
    }

    pub(crate) fn address(&self) -> &RelayAddress {
        &self.address
    }

    /// By how many milliseconds the relay's clock is ahead of the device's, as far as it was told.
    pub(crate) fn clock_offset(&self) -> i64 {
        self.clock_offset.load(Ordering::Relaxed)
    }

    /// The relay's time, as far as it was told.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(clock::now().as_millis().saturating_add_signed(self.clock_offset()))
    }

    /// One exchange of messages.
    pub(crate) async fn sync(
        &self,
        keys: &SecretKeys,
        space: &SpaceId,
        request: &Request,
    ) -> Result<Response, RelayError> {
        let path = format!("/v1/spaces/{space}/sync");
        let answer = self.call(keys, Method::POST, &path, to_bytes(request)).await?;
        self.decode(&answer)
    }

    /// Brings a chain that the relay may not know.
    pub(crate) async fn create(&self, keys: &SecretKeys, request: &CreateRequest) -> Result<(), RelayError> {
        self.call(keys, Method::POST, "/v1/spaces", to_bytes(request)).await.map(|_| ())
    }

    /// The spaces in which these keys are a keyholder's, as the relay says; it may leave some out, and name others.
    pub(crate) async fn spaces(&self, keys: &SecretKeys) -> Result<Vec<SpaceId>, RelayError> {
        let answer = self.call(keys, Method::GET, "/v1/spaces", Vec::new()).await?;
        let listed: Listed = serde_json::from_slice(&answer.body).map_err(|error| self.no_relay(&error.to_string()))?;
        Ok(listed.spaces.into_iter().map(|line| line.space).collect())
    }

    /// Sends, and once more if the relay says that the device's clock is wrong.
    async fn call(&self, keys: &SecretKeys, method: Method, path: &str, body: Vec<u8>) -> Result<Answer, RelayError> {
        let mut corrected = false;
        loop {
            let answer = self.send(keys, method.clone(), path, body.clone()).await?;
            if answer.status.is_success() {
                return Ok(answer);
            }
            if answer.status == StatusCode::GONE && answer.content_type == CBOR {
                return Err(RelayError::Removed(Box::new(self.decode(&answer)?)));
            }
            let Ok(failure) = serde_json::from_slice::<Failure>(&answer.body) else {
                return Err(self.no_relay(&format!("it answers {}", answer.status)));
            };
            if answer.status == StatusCode::UNAUTHORIZED
                && let (Some(now), false) = (failure.now, corrected)
            {
                corrected = true;
                if self.correct_clock(now) {
                    continue;
                }
            }
            return Err(self.failure(answer.status, failure));
        }
    }

    /// A token for one request.
    pub(super) fn token_for(&self, keys: &SecretKeys, method: &str, path: &str) -> String {
        let claims = Claims::new(&self.address.to_string(), method, path, self.now());
        let secret = keys.to_bytes();
        let (seed, _) = secret.split_first_chunk::<32>().expect("secret keys are 64 bytes");
        token::sign(keys.id(), seed, &claims)
    }

    async fn send(&self, keys: &SecretKeys, method: Method, path: &str, body: Vec<u8>) -> Result<Answer, RelayError> {
        let bearer = self.token_for(keys, method.as_str(), path);
        let mut response = self
            .http
            .request(method, format!("{}{path}", self.address))
            .header(AUTHORIZATION, format!("Bearer {bearer}"))
            .header(ACCEPT, format!("{CBOR}, application/json"))
            .header(CONTENT_TYPE, CBOR)
            .body(body)
            .send()
            .await
            .map_err(|error| self.offline(&error))?;
        let status = response.status();
        let content_type =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content_type = content_type.split(';').next().unwrap_or_default().trim().to_owned();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.offline(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MESSAGE_BYTES_MAX {
                return Err(self.no_relay("its answer does not end"));
            }
        }
        Ok(Answer { status, content_type, body })
    }

    fn decode<T: Wire>(&self, answer: &Answer) -> Result<T, RelayError> {
        from_bytes(&answer.body).map_err(|error| undecodable(&self.address, &error))
    }

    /// Takes the relay's time over; whether it differs enough to have been the cause.
    pub(super) fn correct_clock(&self, seconds: u64) -> bool {
        let relay = Timestamp::from_seconds(seconds).as_millis();
        let believed = self.now().as_millis();
        if relay.abs_diff(believed) < 5_000 {
            return false;
        }
        let offset = i64::try_from(i128::from(relay) - i128::from(clock::now().as_millis())).unwrap_or_default();
        self.clock_offset.store(offset, Ordering::Relaxed);
        true
    }

    fn failure(&self, status: StatusCode, failure: Failure) -> RelayError {
        let Failure { code, mut message, .. } = failure;
        message.truncate(message.floor_char_boundary(REFUSAL_MESSAGE_BYTES_MAX));
        match status.as_u16() {
            426 => RelayError::AppTooOld(message),
            408 | 429 | 500..=599 if code != "storage_full" => RelayError::Busy(format!("{}: {message}", self.address)),
            _ => RelayError::by_code(&code, message),
        }
    }

    fn offline(&self, error: &reqwest::Error) -> RelayError {
        // The outer error only repeats the address; the innermost says what happened.
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        RelayError::Offline(format!("{} does not answer: {cause}", self.address))
    }

    fn no_relay(&self, why: &str) -> RelayError {
        no_relay(&self.address, why)
    }
}

fn no_relay(address: &RelayAddress, why: &str) -> RelayError {
    RelayError::NotARelay(format!("what answers at {address} is no relay: {why}"))
}

/// What an answer is that is no message here: a later version's, or no relay's.
pub(super) fn undecodable(address: &RelayAddress, error: &CodecError) -> RelayError {
    match error {
        CodecError::UnknownVersion(_) => RelayError::AppTooOld(format!("{address} answers in a later way: {error}")),
        _ => no_relay(address, &error.to_string()),
    }
}
