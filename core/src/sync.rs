//! How do two stores come to hold the same? Two machines, one for each end, and the one function on which both rest.
//!
//! ```text
//!            device                                   relay
//!   Start ─► Send(Request) ───────────────────────► Received
//!                                                     Locate ⇄ Located      which tips do I know?
//!                                                     Store  ⇄ Stored       verified, durable
//!                                                     Read   ⇄ Page         what the device lacks
//!   Received ◄───────────────────────────────────── Respond(Response)
//!   Locate ⇄ Located, Store ⇄ Stored
//!   Trace   ⇄ Traced ─► Send(Request)   where a feed has branches of which neither side knows the other's
//!   Learned ⇄ Propose     records that I want to append (a new epoch, an invitation)
//!   Seal    ⇄ Sealed      pending changes become entries, under the newest epoch
//!   Read    ⇄ Page ─► Send(Request) ─► …  until both hold the same ─► Done
//! ```
//!
//! Both are driven alike: `handle` an input, then `poll_output` until there is none. Neither has a clock, a socket or a store,
//! and neither opens an entry.

pub mod device;
pub mod exchange;
pub mod locator;
pub mod relay;

pub use device::{DeviceExchange, DeviceInput, DeviceOutput, Outcome};
pub use exchange::{Append, ChainMark, Plan, Point, Range, reconcile};
pub use locator::Trace;
pub use relay::{RelayExchange, RelayInput, RelayOutput, RelayRefusal};
