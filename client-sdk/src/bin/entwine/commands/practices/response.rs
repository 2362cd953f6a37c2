//! `response add`, `response list`, `response show`, `response delete`, `response restore`.

use clap::Subcommand;
use entwine_sdk::Client;
use entwine_sdk::response::{ResponseKind, ResponseView};
use serde_json::json;

use super::{parse_choice, parse_id};
use crate::commands::journal::wish_in_words;
use crate::commands::{SHORT_TIME, Session, local_text};
use crate::failure::Failure;
use crate::output::{Style, printable_line, table};

/// What can be done with responses.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Respond to an entry or a check-in. How its writer wants to be heard is shown first.
    #[command(
        after_help = "Examples:\n  entwine response add ENTRY                                           I hear you\n  entwine \
                            response add ENTRY --kind reflect 'What I hear is that you were alone with it'\n  entwine response add \
                            ENTRY --kind question 'What was the hardest part?'"
    )]
    Add {
        /// The entry or check-in.
        #[arg(value_name = "ENTRY")]
        to: String,
        /// The words; heard and thanks need none.
        #[arg(default_value = "", hide_default_value = true, allow_hyphen_values = true)]
        text: String,
        /// What it does: heard, reflect, question, thanks or validate.
        #[arg(long, value_parser = parse_choice::<ResponseKind>, default_value = "heard")]
        kind: ResponseKind,
    },
    /// List what was said to an entry or a check-in, and first how its writer wants to be heard.
    #[command(after_help = "Example:\n  entwine response list ENTRY")]
    List {
        /// The entry or check-in.
        #[arg(value_name = "ENTRY")]
        to: String,
    },
    /// Show one of them.
    #[command(after_help = "Example:\n  entwine response show ID")]
    Show {
        /// The response.
        id: String,
    },
    /// Move one of your own to the trash.
    #[command(after_help = "Example:\n  entwine response delete ID")]
    Delete {
        /// The response.
        id: String,
    },
    /// Take one out of the trash.
    #[command(after_help = "Example:\n  entwine response restore ID")]
    Restore {
        /// The response.
        id: String,
    },
}

const WHAT: &str = "response";
const ANSWERED: &str = "journal entry or check-in";

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { to, text, kind } => {
            let to = parse_id(ANSWERED, &to)?;
            let respond = async |client: &Client| {
                if let Some(wish) = client.responses().wish(&to).await? {
                    session.output.note(wish_in_words(wish));
                }
                client.responses().add(&to, kind, &text).await
            };
            let id = session.ask(respond).await?;
            session.output.answer(&json!({ "id": id }), |style| format!("Said, as {}", style.bold(&id)))
        }
        Command::List { to } => {
            let to = parse_id(ANSWERED, &to)?;
            let found = session.ask(async |client| client.responses().list(&to).await).await?;
            session.output.answer(&found, |style| {
                let mut lines: Vec<String> = found.wish.iter().map(|wish| style.cyan(wish_in_words(*wish))).collect();
                lines.push(describe(&found.responses, style));
                lines.join("\n")
            })
        }
        Command::Show { id } => {
            let id = parse_id(WHAT, &id)?;
            let found = session.ask(async |client| client.responses().read(&id).await).await?;
            session.output.answer(&found, |style| describe(std::slice::from_ref(&found), style))
        }
        Command::Delete { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.responses().delete(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "In the trash.".to_owned())
        }
        Command::Restore { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.responses().restore(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "Back again.".to_owned())
        }
    }
}

fn describe(found: &[ResponseView], style: Style) -> String {
    let row = |response: &ResponseView| {
        vec![
            style.dim(&response.id),
            local_text(&response.written_at, SHORT_TIME),
            printable_line(&response.author),
            in_words(response.kind).to_owned(),
            printable_line(&response.text),
        ]
    };
    table(&found.iter().map(row).collect::<Vec<_>>())
}

fn in_words(kind: ResponseKind) -> &'static str {
    match kind {
        ResponseKind::Heard => "I hear you",
        ResponseKind::Reflect => "what I hear is",
        ResponseKind::Question => "I would like to ask",
        ResponseKind::Thanks => "thank you",
        ResponseKind::Validate => "that makes sense",
        ResponseKind::Later => "(a newer version knows)",
    }
}
