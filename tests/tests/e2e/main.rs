//! Do the real programs do what they promise? Stories about Ada and Noor, their phones, and a relay, one file per question.

#![allow(clippy::unwrap_used, reason = "these are tests, their helpers included")]

mod answers;
mod background;
mod bit_rot;
mod branches;
mod broken;
mod content;
mod contract;
mod copies;
mod demo;
mod devices;
mod disk_failing;
mod disk_full;
mod durability;
mod founding;
mod gratitude;
mod hidden;
mod hostile;
mod invitations;
mod joining;
mod journal;
mod kills;
mod leaving;
mod live;
mod logs;
mod mangled;
mod network;
mod newer;
mod offline;
mod operator;
mod phone_dying;
mod processes;
mod reader;
mod recovery;
mod refusals;
mod relay_dying;
mod relay_loss;
mod rituals;
mod slow;
mod soak;
mod strangers;
mod terminal;
mod thieves;
mod walk;
mod willing;
