//! How does a connection begin that stays open? As a request for a WebSocket, before it is known who asks.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, rt, web};
use tracing::Instrument as _;

use crate::error::ApiError;
use crate::gate::Gate;
use crate::hang_up;
use crate::live::{self, Socket};

/// `GET /v1/live`.
pub(super) async fn live(
    request: HttpRequest,
    payload: web::Payload,
    gate: web::Data<Gate>,
) -> Result<HttpResponse, ApiError> {
    let greeting = gate.hub().greet()?;
    let hang_up = hang_up::at_once(&request);
    let (response, session, stream) = actix_ws::handle(&request, payload).map_err(|_| ApiError::NotAWebSocket)?;
    let socket = Socket { session, stream, hang_up };
    let connection = live::run(Arc::clone(&gate), greeting, socket);
    drop(rt::spawn(connection.in_current_span()));
    Ok(response)
}
