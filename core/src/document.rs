//! What does a couple write into? Automerge documents.
