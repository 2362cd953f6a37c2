//! `gratitude add`, `gratitude list`, `gratitude show`, `gratitude delete`, `gratitude restore`.

use clap::Subcommand;
use entwine_sdk::Month;
use entwine_sdk::gratitude::{GratitudeFor, GratitudeView};
use serde_json::json;

use super::{parse_choice, parse_id, parse_month};
use crate::commands::{SHORT_TIME, Session, local_text};
use crate::failure::Failure;
use crate::output::{Style, printable_line, table};

/// What can be done with gratitudes.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write down what you are grateful for: one thing, or up to three.
    #[command(
        after_help = "Examples:\n  entwine gratitude add 'You made soup'\n  entwine gratitude add --about effort \
                            'You called your mother' 'You asked twice' 'You got up first'"
    )]
    Add {
        /// What for.
        #[arg(required = true)]
        texts: Vec<String>,
        /// What it is about: character, act, effort or anything.
        #[arg(long, value_name = "WHAT", value_parser = parse_choice::<GratitudeFor>, default_value = "anything")]
        about: GratitudeFor,
    },
    /// List them, the newest first.
    #[command(after_help = "Examples:\n  entwine gratitude list\n  entwine gratitude list --month 2026-11")]
    List {
        /// Only those of one month.
        #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
        month: Option<Month>,
    },
    /// Show one of them.
    #[command(after_help = "Example:\n  entwine gratitude show ID")]
    Show {
        /// The gratitude.
        id: String,
    },
    /// Move one of your own to the trash.
    #[command(after_help = "Example:\n  entwine gratitude delete ID")]
    Delete {
        /// The gratitude.
        id: String,
    },
    /// Take one out of the trash.
    #[command(after_help = "Example:\n  entwine gratitude restore ID")]
    Restore {
        /// The gratitude.
        id: String,
    },
}

const WHAT: &str = "gratitude";

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { texts, about } => {
            let ids = session.ask(async |client| client.gratitudes().add(&texts, about).await).await?;
            session.output.answer(&json!({ "ids": ids }), |_| "Written down for both of you.".to_owned())
        }
        Command::List { month } => {
            let found = session.ask(async |client| client.gratitudes().list(month.as_ref()).await).await?;
            session.output.answer(&found, |style| {
                if found.is_empty() { "Nothing yet.".to_owned() } else { describe(&found, style) }
            })
        }
        Command::Show { id } => {
            let id = parse_id(WHAT, &id)?;
            let found = session.ask(async |client| client.gratitudes().read(&id).await).await?;
            session.output.answer(&found, |style| describe(std::slice::from_ref(&found), style))
        }
        Command::Delete { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.gratitudes().delete(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "In the trash.".to_owned())
        }
        Command::Restore { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.gratitudes().restore(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "Back again.".to_owned())
        }
    }
}

fn describe(found: &[GratitudeView], style: Style) -> String {
    let row = |gratitude: &GratitudeView| {
        vec![
            style.dim(&gratitude.id),
            local_text(&gratitude.written_at, SHORT_TIME),
            printable_line(&gratitude.author),
            printable_line(&gratitude.text),
        ]
    };
    table(&found.iter().map(row).collect::<Vec<_>>())
}
