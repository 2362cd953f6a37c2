//! How do Kotlin and Swift call it? By this room, which converts and does nothing else: what can be wrong in an interesting way
//! is on the other side of it, and what is pleasant in each language is written in that language.
//!
//! ```text
//! client-sdk/kotlin, client-sdk/swift ─► bindings made by `entwine-bindgen` ─► ffi ─► the rest of this crate
//! ```
//!
//! Every call may fail, and does so by one of eight names, each of which says what an app should do ([`EntwineError`]). Every
//! call that waits runs on the one runtime in `ffi/call.rs`, and ends when its future is dropped or its [`Cancellation`] is.
//! A practice is one file here, and one line below.

#![allow(
    unsafe_code,
    reason = "the macros write the C functions that the other languages call; nothing here is by hand"
)]
#![allow(clippy::missing_errors_doc, reason = "every call fails by one of the eight names of `EntwineError`")]

mod call;
mod client;
mod error;
mod events;
mod keystore;
mod membership;
mod network;
mod recovery;
mod syncing;

pub mod are;
pub mod check_in;
pub mod chosen;
pub mod content;
pub mod gratitude;
pub mod journal;
pub mod note;
pub mod question;
pub mod reaching_out;
pub mod response;
pub mod rituals;
pub mod screen_free;
pub mod sealed_answer;
pub mod search;
pub mod vulnerability;

pub use call::Cancellation;
pub use client::{ClientConfig, EntwineClient};
pub use error::EntwineError;
pub use events::{Event, EventListener, ListenerFailure, Subscription};
pub use keystore::{KeyStore, KeyStoreFailure};
pub use membership::{
    FoundedAnew, Invitation, InvitationKind, Joined, Keyholder, KeyholderKind, Left, NewKeyholder, OpenInvitation,
};
pub use network::{MonitorFailure, NetworkMonitor, NetworkObserver};
pub use syncing::{Durability, Reason, SyncStatus};

uniffi::setup_scaffolding!("entwine_sdk");

/// Writes the Kotlin or Swift side of this room: what the program `entwine-bindgen` does with its arguments.
#[cfg(feature = "bindgen")]
pub fn bindgen() {
    uniffi::uniffi_bindgen_main();
}
