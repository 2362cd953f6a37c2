//! The Entwine relay: keeps and passes on what devices wrote, and can read none of it.
//!
//! ```text
//! app ─► observe ─► routes ─► gate (who, how many) ─► body ─► session (core's machine) ─► store
//!                     └─────► live (one connection) ────────────┘  └─► hub ─► everybody else's live
//! ```

#![forbid(unsafe_code)]

pub mod app;
pub mod auth;
mod body;
mod chains;
pub mod clock;
pub mod config;
pub mod error;
mod gate;
mod hang_up;
mod hub;
mod live;
mod observe;
pub mod operator;
mod removals;
mod routes;
mod session;
pub mod store;
pub mod telemetry;
pub mod welcome;
