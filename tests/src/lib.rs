//! How do the stories put people, phones and a relay on stage? With the real programs, each in a process of its own.
//!
//! ```text
//! World ─┬─ Relay   the program entwine-relay, its folder, its port
//!        ├─ Member  keys in a space, and no program: whatever a client could send that is not this one
//!        ├─ Phone   the program entwine, once per command, and a profile folder; Watching where it stays, Terminal where it asks
//!        ├─ Proxy   what may stand in between: another address, a cut line, TLS
//!        ├─ Disk    what a relay or a phone writes to: it forgets what was not synced, fills up, or fails
//!        └─ Double  what may answer in the relay's place, in its language
//! ```
//!
//! Nothing sleeps: a story waits for a line, an answer or the end of a process, and for none of them longer than
//! [`program::GUARD`]. All that a story leaves lies in one folder, which stays when the story fails.

pub mod chance;
pub mod couple;
pub mod database;
pub mod disk;
pub mod double;
pub mod http;
pub mod line;
pub mod machine;
pub mod member;
pub mod phone;
pub mod program;
pub mod proxy;
pub mod relay;
pub mod search;
pub mod terminal;
pub mod watching;
pub mod world;

pub use disk::Disk;
pub use double::Double;
pub use member::Member;
pub use phone::Phone;
pub use proxy::Proxy;
pub use relay::Relay;
pub use terminal::Terminal;
pub use watching::Watching;
pub use world::World;
