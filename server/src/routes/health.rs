//! Does the relay run, and can it serve? For whatever watches over it.

use actix_web::{HttpResponse, web};
use entwine_core::id::KeyholderId;
use serde_json::json;

use crate::error::ApiError;
use crate::store::Store;

/// `GET /healthz`: the process runs.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

/// `GET /readyz`: the database answers and takes writes.
pub(super) async fn ready(store: web::Data<dyn Store>) -> Result<HttpResponse, ApiError> {
    let _nobody = store.keys_of(KeyholderId::from_bytes([0; KeyholderId::SIZE])).await?;
    if store.is_writable() {
        Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
    } else {
        Err(ApiError::Unavailable)
    }
}
