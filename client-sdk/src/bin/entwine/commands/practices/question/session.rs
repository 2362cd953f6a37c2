//! `question session start`, `next`, `show`, `list`.

use clap::Subcommand;
use entwine_sdk::Month;
use entwine_sdk::question::{Passing, SessionView, StepState};
use serde_json::json;

use super::super::{parse_id, parse_month};
use super::LocaleArgs;
use crate::commands::{SHORT_TIME, Session, local_text};
use crate::failure::Failure;
use crate::output::{Style, printable, printable_line};

/// What can be done with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin a session: questions that you two have not asked yet, no deeper than both of you want.
    #[command(after_help = "Examples:\n  entwine question session start\n  \
                            entwine question session start --deck childhood --count 9")]
    Start {
        /// Only those of one deck.
        #[arg(long)]
        deck: Option<String>,
        /// How many questions.
        #[arg(long, default_value_t = 6)]
        count: usize,
        #[command(flatten)]
        locale: LocaleArgs,
    },
    /// Go on: you have talked about this question, or pass it over.
    #[command(after_help = "Examples:\n  entwine question session next ID\n  entwine question session next ID --skip")]
    Next {
        /// The session.
        id: String,
        /// Pass it over, for whatever reason.
        #[arg(long)]
        skip: bool,
    },
    /// Show a session, and which question you are at.
    #[command(after_help = "Example:\n  entwine question session show ID")]
    Show {
        /// The session.
        id: String,
    },
    /// List the sessions, the newest first.
    #[command(after_help = "Example:\n  entwine question session list")]
    List {
        /// Only those of one month.
        #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
        month: Option<Month>,
    },
}

pub(super) const WHAT: &str = "session";

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Start { deck, count, locale } => {
            let start = async |client: &entwine_sdk::Client| {
                client.questions().sessions().start(deck.as_deref(), count, &locale.locale).await
            };
            let id = session.ask(start).await?;
            session.output.answer(&json!({ "id": id }), |style| {
                format!(
                    "Begun, as {}\n{} shows the first question.",
                    style.bold(&id),
                    style.cyan("entwine question session show")
                )
            })
        }
        Command::Next { id, skip } => {
            let id = parse_id(WHAT, &id)?;
            let how = if skip { Passing::Skipped } else { Passing::Done };
            let found = session.ask(async |client| client.questions().sessions().next(&id, how).await).await?;
            session.output.answer(&found, |style| now(&found, style))
        }
        Command::Show { id } => {
            let id = parse_id(WHAT, &id)?;
            let found = session.ask(async |client| client.questions().sessions().show(&id).await).await?;
            session.output.answer(&found, |style| whole(&found, style))
        }
        Command::List { month } => {
            let found = session.ask(async |client| client.questions().sessions().list(month.as_ref()).await).await?;
            session.output.answer(&found, |style| {
                let all: Vec<String> = found.iter().map(|one| now(one, style)).collect();
                if all.is_empty() { "Nothing yet.".to_owned() } else { all.join("\n\n") }
            })
        }
    }
}

fn heading(found: &SessionView, style: Style) -> String {
    let about = format!("{}, {}", local_text(&found.written_at, SHORT_TIME), printable_line(&found.author));
    format!("{}  {about}", style.dim(&found.id))
}

/// The session, and the question to talk about.
fn now(found: &SessionView, style: Style) -> String {
    let at = found.questions.iter().find(|question| question.state == StepState::Now);
    let text = match at {
        Some(question) => format!(
            "{} of {}, {} begins: {}",
            question.number,
            found.questions.len(),
            printable_line(&question.begins),
            style.bold(printable_line(&question.text)),
        ),
        None => "There is no question left in it.".to_owned(),
    };
    format!("{}\n  {text}", heading(found, style))
}

/// The session, with what was talked about and the question to come. Those after it are not shown yet.
fn whole(found: &SessionView, style: Style) -> String {
    let mut lines = vec![heading(found, style)];
    for question in &found.questions {
        let state = match question.state {
            StepState::Later => continue,
            StepState::Now => style.bold(format!("now, {} begins", printable_line(&question.begins))),
            StepState::Done => style.dim("done"),
            StepState::Skipped => style.dim("passed over"),
        };
        let text = printable_line(&question.text);
        lines.push(format!("  {}  {text}  {state}  {}", question.number, style.dim(&question.id)));
        for answer in &question.answers {
            lines.push(format!("       {}: {}", printable_line(&answer.author), printable(&answer.text)));
        }
    }
    lines.join("\n")
}
