//! What does a couple do with it? One file per practice.
//!
//! A practice is a file in `practice/` and one line below. The file has the practice's entities ([`Entity`](crate::document::Entity)), with
//! their limits, and the functions that say in which document they lie and under which keys. How they merge comes from the
//! types of their fields, and everything else from [`CollectionMut`](crate::document::CollectionMut): nothing lists the
//! practices, and a phone that does not know one keeps its entities as they are.

pub mod journal;
pub mod occurrence;
pub mod person;
pub mod registration;
pub mod ritual;

use crate::id::{KeyholderId, PersonId};

/// Who writes, and on which device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writer {
    /// The person.
    pub person: PersonId,
    /// The device.
    pub device: KeyholderId,
}
