//! Who may? A space's membership chain: hash-linked, signed records that say who holds keys and which epoch is open.
//!
//! ```text
//! 0 Create ─► 1 Add invitation ─► 2 Accept ─► 3 Rotate ─► …
//!   epoch A open ──────────────────┘ closed    epoch B open
//! ```
//!
//! The same code decides on the relay and on every device: [`MembershipChain::append`]. Validity never looks at time.

pub mod branch;
pub mod chain;
pub mod key_ring;
pub mod record;
pub mod safety_words;
pub mod writing;

pub use branch::{Standing, which_stands};
pub use chain::{ChainError, Keyholder, MembershipChain};
pub use key_ring::KeyRing;
pub use record::{Accept, Add, Body, Create, Cut, Record, Remove, SpaceKind};
pub use safety_words::{device_safety_words, safety_words};
