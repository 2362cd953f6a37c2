//! What can be asked of a relay? The one table of routes. No SQL and no protocol logic lives here.

mod health;
mod info;
mod live;
mod spaces;
mod sync;

use actix_web::{HttpResponse, Route, web};
use entwine_core::wire::live::LIVE_PATH;

use crate::error::ApiError;

pub(crate) use spaces::CREATE_BYTES_MAX;

/// All routes.
pub(crate) fn table(routes: &mut web::ServiceConfig) {
    routes
        .service(web::resource("/healthz").get(health::alive).default_service(takes("GET")))
        .service(web::resource("/readyz").get(health::ready).default_service(takes("GET")))
        .service(web::resource("/v1/info").get(info::info).default_service(takes("GET")))
        .service(web::resource(LIVE_PATH).get(live::live).default_service(takes("GET")))
        .service(web::resource("/v1/spaces").get(spaces::list).post(spaces::create).default_service(takes("GET, POST")))
        .service(web::resource("/v1/spaces/{space}/sync").post(sync::sync).default_service(takes("POST")))
        .default_service(web::to(nothing));
}

async fn nothing() -> Result<HttpResponse, ApiError> {
    Err(ApiError::NotFound)
}

/// Answers every other method.
fn takes(allow: &'static str) -> Route {
    web::to(move || async move { Err::<HttpResponse, _>(ApiError::MethodNotAllowed { allow }) })
}
