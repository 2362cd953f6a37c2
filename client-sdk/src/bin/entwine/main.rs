//! What does a phone in a terminal do? `entwine`: one profile folder, one command, one answer.
//!
//! ```text
//! arguments ──► commands ──► the SDK (entwine_sdk::Client)
//!                  │
//!                  └──────► output (the only place that prints)
//! ```

mod arguments;
mod commands;
mod demo;
mod editor;
mod failure;
mod output;

use std::process::ExitCode;

use arguments::CommandLine;
use output::Output;
use tokio::signal::unix::{SignalKind, signal};

/// What a shell reports for a program that ended on Ctrl-C (128 + SIGINT), and when asked to end (128 + SIGTERM).
const EXIT_INTERRUPTED: u8 = 130;
const EXIT_TERMINATED: u8 = 143;

fn main() -> ExitCode {
    let variables = std::env::vars_os().collect();
    let command_line = match arguments::parse(std::env::args_os(), &variables) {
        Ok(command_line) => command_line,
        Err(error) => {
            // Also a call for help or the version comes this way. Whoever closed the pipe does not want to read it.
            let _ = error.print();
            return u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    let output = Output::new(command_line.global.json);
    match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime.block_on(run_until_interrupted(command_line, &output)),
        Err(error) => {
            output.failure(&failure::Failure::from(error));
            ExitCode::FAILURE
        }
    }
}

/// Runs the command. On Ctrl-C it is dropped where it stands: what the SDK has accepted is on disk already, and what an
/// exchange had not finished is resumed by the next one.
async fn run_until_interrupted(command_line: CommandLine, output: &Output) -> ExitCode {
    tokio::select! {
        result = commands::run(command_line, output) => match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                output.failure(&failure);
                ExitCode::from(failure.exit_code())
            }
        },
        code = interrupted() => {
            output.note("interrupted; what was done until then is kept");
            ExitCode::from(code)
        }
    }
}

async fn interrupted() -> u8 {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers a signal ends the process by itself.
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            // An editor in the same terminal gets the same Ctrl-C and has its own use for it.
            _ = interrupt.recv() => if !editor::is_open() { return EXIT_INTERRUPTED },
            _ = terminate.recv() => return EXIT_TERMINATED,
        }
    }
}
