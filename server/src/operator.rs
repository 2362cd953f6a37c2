//! What can whoever runs the relay do beside it? One file for each group of commands.

pub mod tokens;
