//! What kind of relay is this? Everything that a device may want to know before it sends a token.

use actix_web::{HttpResponse, web};
use entwine_core::limits::{ENTRY_SEALED_BYTES_MAX, MESSAGE_BYTES_MAX};
use serde_json::json;

use super::CREATE_BYTES_MAX;
use crate::config::Config;

const PROTOCOL: u32 = 1;

/// `GET /v1/info`.
pub(super) async fn info(config: web::Data<Config>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "name": "entwine-relay",
        "version": env!("CARGO_PKG_VERSION"),
        "protocol": PROTOCOL,
        "registration": config.registration.as_str(),
        "limits": {
            "message_bytes": MESSAGE_BYTES_MAX,
            "create_bytes": CREATE_BYTES_MAX,
            "entry_sealed_bytes": ENTRY_SEALED_BYTES_MAX,
            "space_bytes": config.limits.space_bytes_max,
        },
    }))
}
