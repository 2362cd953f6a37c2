//! What an app sees of Entwine: a [`Client`] for one profile, which works with no network, seals everything it keeps, and
//! syncs when it can.
//!
//! ```text
//! practices ─► documents ─► storage (sealed, durable: now it is safe)
//!                              ⋯ at the next exchange
//! client::syncing ─► driver ─► transport ─► relay
//! ```

// Only the library for phones has functions that other languages call.
#![cfg_attr(not(feature = "ffi"), forbid(unsafe_code))]

mod client;
mod clock;
mod documents;
mod driver;
mod error;
mod fault;
#[cfg(feature = "ffi")]
pub mod ffi;
pub mod keystore;
mod practices;
mod random;
mod status;
mod storage;
mod transport;

#[cfg(feature = "ffi")]
pub use ffi::UniFfiTag;

pub use client::durability::{Durability, ParseWrittenError, Written};
pub use client::event::Event;
pub use client::founding::FoundedAnew;
pub use client::joining::Joined;
pub use client::membership::{Invitation, OpenInvitation};
pub use client::recovery::{KeyholderView, NewKeyholder};
pub use client::watching::Watch;
pub use client::{Client, ClientOptions};
pub use entwine_core::document::{Choice, EntityId, ParseChoiceError};
pub use entwine_core::id::{KeyholderId, SpaceId};
pub use entwine_core::keyholder::KeyholderKind;
pub use entwine_core::keyholder::invitation::{InvitationKind, InvitationLink, LinkError};
pub use entwine_core::time::Timestamp;
pub use error::Error;
pub use practices::*;
pub use status::{Reason, SyncStatus};
pub use storage::StorageError;
pub use transport::{AddressError, CertificateError};
