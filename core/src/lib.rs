//! Entwine's core: everything that can be wrong in an interesting way, and nothing that touches the world.

pub mod content;
pub mod document;
pub mod feed;
pub mod id;
pub mod keyholder;
pub mod limits;
pub mod membership;
pub mod practice;
pub mod registration;
pub mod sealing;
pub mod sync;
pub mod time;
#[cfg(feature = "jwt")]
pub mod token;
pub mod wire;
