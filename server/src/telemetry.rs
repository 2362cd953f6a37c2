//! What does the relay say about itself? Log lines on stderr, as text or JSON; stdout stays for what `serve` promises there.
//!
//! **Invariant:** no token, header, query string or body is ever logged.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::LogFormat;

/// Whether `text` is a filter that [`start`] takes, such as `info` or `entwine_server=debug,warn`.
///
/// # Errors
/// Anything else.
pub fn parse_filter(text: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(text)
}

/// Sends log lines to stderr from now on. Does nothing where a process (a test) already did so.
pub fn start(filter: EnvFilter, format: LogFormat) {
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let _already_started = match format {
        LogFormat::Text => subscriber.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
}
