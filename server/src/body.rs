//! Has the whole body arrived? Reads one against its limit and its time; actix has no time-out for bodies of its own.

use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpMessage as _, HttpRequest, web};
use entwine_core::wire::codec::{Wire, from_bytes};
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use crate::config::LimitArgs;
use crate::error::ApiError;
use crate::hang_up;

/// The type of all messages.
pub(crate) const CBOR: &str = "application/cbor";

/// Reads a body that is to be one message.
///
/// # Errors
/// Another content type, a body over `bytes_max`, one that breaks off or takes too long, or bytes that are no such message.
pub(crate) async fn read<T: Wire>(
    request: &HttpRequest,
    payload: &mut web::Payload,
    bytes_max: usize,
    limits: &LimitArgs,
) -> Result<T, ApiError> {
    if !request.content_type().eq_ignore_ascii_case(CBOR) {
        return Err(ApiError::UnsupportedMediaType { expected: CBOR });
    }
    if announced(request).is_some_and(|length| length > bytes_max as u64) {
        return Err(ApiError::TooLarge { bytes_max });
    }
    let bytes = collect(payload, bytes_max, limits).await?;
    hang_up::body_ended(request);
    Ok(from_bytes(&bytes)?)
}

/// How long the body says that it is; none where it does not say.
pub(crate) fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(payload: &mut web::Payload, bytes_max: usize, limits: &LimitArgs) -> Result<Vec<u8>, ApiError> {
    let end = Instant::now() + limits.body_timeout;
    let mut bytes = Vec::new();
    loop {
        let patience = end.min(Instant::now() + limits.body_idle_timeout);
        let Some(part) = timeout_at(patience, payload.next()).await.map_err(|_| ApiError::BodyTimeout)? else {
            return Ok(bytes);
        };
        let part = part.map_err(|_| ApiError::BodyBroken)?;
        if bytes.len() + part.len() > bytes_max {
            return Err(ApiError::TooLarge { bytes_max });
        }
        bytes.extend_from_slice(&part);
    }
}
