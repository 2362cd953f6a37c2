//! What does a couple do with it? One file per practice.
