//! Entwine's core: everything that can be wrong in an interesting way, and nothing that touches the world.

pub mod document;
pub mod id;
pub mod limits;
pub mod practice;
pub mod registration;
pub mod time;
#[cfg(feature = "jwt")]
pub mod token;
pub mod wire;
