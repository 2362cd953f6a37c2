//! Which request was that? Every request gets an id, which stands in its answer, in an error's body and in the log.
//!
//! **Invariant:** of what a client sent, only the method and the route that it matched are logged: never a path as it came
//! (somebody may have pasted a token into it), a query, a header or a body.

use std::time::Instant;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use entwine_core::time::Timestamp;
use getrandom::SysRng;
use rand_core::{Rng as _, UnwrapErr};
use tracing::{Instrument as _, error, info, info_span};

use crate::error::ApiError;
use crate::gate::Gate;
use crate::hang_up;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The relay's outermost layer.
pub(crate) async fn observe<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let id = format!("{:016x}", UnwrapErr(SysRng).next_u64());
    let method = request.method().clone();
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let now = request.app_data::<web::Data<Gate>>().map_or_else(Timestamp::default, |gate| gate.now());
    let span = info_span!("request", id, %method, route);
    async move {
        let begun = Instant::now();
        let hang_up = hang_up::prepare(&request);
        let mut response = match next.call(request).await {
            Ok(response) => answer(response, &id, now),
            // A layer below that fails instead of answering: there is none, and if one comes it must not talk past the table.
            Err(error) => return Err(error),
        };
        if let Some(hang_up) = hang_up {
            hang_up();
        }
        let id = HeaderValue::from_str(&id).expect("hexadecimal digits are a header's value");
        response.headers_mut().insert(REQUEST_ID, id);
        info!(status = response.status().as_u16(), milliseconds = begun.elapsed().as_millis(), "answered");
        Ok(response)
    }
    .instrument(span)
    .await
}

/// Puts what the error table says in place of a response that stands for a fault.
fn answer<B>(response: ServiceResponse<B>, id: &str, now: Timestamp) -> ServiceResponse<EitherBody<B>> {
    let Some(error) = response.response().error() else { return response.map_into_left_body() };
    let answer = match error.as_error::<ApiError>() {
        Some(error) => log_and_answer(error, id, now),
        None => log_and_answer(&of_framework(response.status()), id, now),
    };
    response.into_response(answer).map_into_right_body()
}

fn log_and_answer(error: &ApiError, id: &str, now: Timestamp) -> HttpResponse {
    let (status, code) = error.status_and_code();
    if status.is_server_error() {
        error!(code, cause = %error.with_causes(), "the relay failed");
    } else {
        info!(code, "refused");
    }
    error.to_response(id, now)
}

/// What actix found wrong before a route of ours was asked.
fn of_framework(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::NotFound,
        status if status.is_client_error() => ApiError::BodyBroken,
        _ => crate::session::fault("an answer that no route of the relay makes"),
    }
}
