//! Does the relay answer over HTTP as it should? The real application on a free port, with a fresh folder for each test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bodies;
mod devices;
mod helpers;
mod live;
mod process;
mod removal;
mod spaces;
mod tokens;
mod walk;
