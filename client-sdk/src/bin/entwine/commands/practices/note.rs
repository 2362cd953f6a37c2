//! `note add`, `note list`, `note show`, `note next`, `note withdraw`.

use clap::Subcommand;
use entwine_sdk::Month;
use entwine_sdk::note::{NoteTime, NoteView, NoteWhen};
use serde_json::json;

use super::{parse_id, parse_month};
use crate::commands::{SHORT_TIME, Session, local_text};
use crate::failure::Failure;
use crate::output::{Style, printable_line, table};

/// What can be done with notes.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a note: for now, for an hour, or for when the other is there again.
    #[command(
        after_help = "Examples:\n  entwine note add 'I just saw a dog with your haircut'\n  entwine note add 'Look under the \
                            pillow' --at 2026-12-24T08:00\n  entwine note add 'There you are' --when-online"
    )]
    Add {
        /// What it says.
        #[arg(allow_hyphen_values = true)]
        text: String,
        /// At which hour it is to be seen, by the clock wherever the other is.
        #[arg(long, value_name = "YYYY-MM-DDTHH:MM", allow_hyphen_values = true)]
        at: Option<String>,
        /// As a greeting, when the other is there again.
        #[arg(long, conflicts_with = "at")]
        when_online: bool,
    },
    /// List them, the newest first. A note for an hour is seen by its writer alone until then.
    #[command(after_help = "Examples:\n  entwine note list\n  entwine note list --month 2026-11")]
    List {
        /// Only those that were written in one month.
        #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
        month: Option<Month>,
    },
    /// Show one of them.
    #[command(after_help = "Example:\n  entwine note show ID")]
    Show {
        /// The note.
        id: String,
    },
    /// Say at which hour the next note of the other's comes, and nothing of what it says.
    #[command(after_help = "Example:\n  entwine note next")]
    Next,
    /// Take back one of your own before its hour. What has come stays.
    #[command(after_help = "Example:\n  entwine note withdraw ID")]
    Withdraw {
        /// The note.
        id: String,
    },
}

const WHAT: &str = "note";

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { text, at, when_online } => {
            let time = match at {
                Some(hour) => NoteTime::At(hour),
                None if when_online => NoteTime::WhenOnline,
                None => NoteTime::Now,
            };
            let id = session.ask(async |client| client.notes().add(&text, &time).await).await?;
            session.output.answer(&json!({ "id": id }), |style| format!("A note, as {}", style.bold(&id)))
        }
        Command::List { month } => {
            let found = session.ask(async |client| client.notes().list(month.as_ref()).await).await?;
            session.output.answer(&found, |style| {
                if found.is_empty() { "Nothing yet.".to_owned() } else { describe(&found, style) }
            })
        }
        Command::Show { id } => {
            let id = parse_id(WHAT, &id)?;
            let found = session.ask(async |client| client.notes().read(&id).await).await?;
            session.output.answer(&found, |style| describe(std::slice::from_ref(&found), style))
        }
        Command::Next => {
            let at = session.ask(async |client| client.notes().next_hour().await).await?;
            session.output.answer(&json!({ "at": at }), |style| match &at {
                Some(at) => format!("One comes at {}.", style.bold(at.replace('T', " "))),
                None => "None waits for its hour.".to_owned(),
            })
        }
        Command::Withdraw { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.notes().withdraw(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "Withdrawn.".to_owned())
        }
    }
}

fn describe(found: &[NoteView], style: Style) -> String {
    let row = |note: &NoteView| {
        let when = match (note.when, &note.at) {
            (NoteWhen::Hour, Some(at)) => format!("for {}", printable_line(at).replace('T', " ")),
            (NoteWhen::Online, _) => "a greeting".to_owned(),
            _ => String::new(),
        };
        vec![
            style.dim(&note.id),
            local_text(&note.written_at, SHORT_TIME),
            printable_line(&note.author),
            if note.withdrawn { style.dim("withdrawn") } else { when },
            printable_line(&note.text),
        ]
    };
    table(&found.iter().map(row).collect::<Vec<_>>())
}
