//! How do a device and the relay come to hold the same? One request of an exchange, one answer.

use actix_web::{HttpRequest, HttpResponse, web};
use entwine_core::id::SpaceId;
use entwine_core::limits::MESSAGE_BYTES_MAX;
use entwine_core::wire::codec::to_bytes;
use entwine_core::wire::message::Request;

use crate::body::{self, CBOR};
use crate::config::Config;
use crate::error::ApiError;
use crate::gate::Gate;
use crate::session::Session;

/// `POST /v1/spaces/{space}/sync`.
pub(super) async fn sync(
    request: HttpRequest,
    space: web::Path<String>,
    mut payload: web::Payload,
    config: web::Data<Config>,
    gate: web::Data<Gate>,
) -> Result<HttpResponse, ApiError> {
    let _place = gate.enter()?;
    let known = gate.known_caller(&request).await?;
    let message: Request = body::read(&request, &mut payload, MESSAGE_BYTES_MAX, &config.limits).await?;
    let admitted = match known {
        Some(admitted) => admitted,
        None => gate.brought_caller(&request, &message.records)?,
    };
    let space: SpaceId = space.parse().map_err(|_| ApiError::NotFound)?;
    let caller = admitted.caller.keyholder;
    let session = Session { caller, now: gate.now(), space, space_bytes_max: gate.space_bytes_max(), line: None };
    let response = session.exchange(&gate, message).await?;
    Ok(HttpResponse::Ok().content_type(CBOR).body(to_bytes(&response)))
}
