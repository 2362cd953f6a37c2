//! `reaching-out add`, `reaching-out answer`, `reaching-out list`, `reaching-out show`, `reaching-out delete`, `reaching-out restore`.

use clap::Subcommand;
use entwine_sdk::Month;
use entwine_sdk::reaching_out::{Bid, ReachingOutView, Turning};
use serde_json::json;

use super::{parse_choice, parse_id, parse_month};
use crate::commands::{SHORT_TIME, Session, local_text};
use crate::failure::Failure;
use crate::output::{Style, printable_line, table};

/// What can be done to reach out.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reach out to the other.
    #[command(
        after_help = "Examples:\n  entwine reaching-out add\n  entwine reaching-out add --kind good-news 'They took my \
                            drawing!'\n  entwine reaching-out add --kind need-you"
    )]
    Add {
        /// Words beside it.
        #[arg(default_value = "", hide_default_value = true, allow_hyphen_values = true)]
        text: String,
        /// What with: thinking-of-you, good-news, bad-news or need-you.
        #[arg(long, value_parser = parse_choice::<Bid>, default_value = "thinking-of-you")]
        kind: Bid,
    },
    /// Turn towards the other, who reached out.
    #[command(
        after_help = "Examples:\n  entwine reaching-out answer ID\n  entwine reaching-out answer ID --kind tell-me-more\n  entwine \
                            reaching-out answer ID --after 18:00 'I am on the train'"
    )]
    Answer {
        /// What the other reached out with.
        id: String,
        /// Words beside it.
        #[arg(default_value = "", hide_default_value = true, allow_hyphen_values = true)]
        text: String,
        /// How: here or tell-me-more.
        #[arg(long, value_parser = parse_choice::<Turning>, default_value = "here", conflicts_with = "after")]
        kind: Turning,
        /// From which hour on you are there, by your clock.
        #[arg(long, value_name = "HH:MM", allow_hyphen_values = true)]
        after: Option<String>,
    },
    /// List them, the newest first.
    #[command(after_help = "Examples:\n  entwine reaching-out list\n  entwine reaching-out list --month 2026-11")]
    List {
        /// Only those of one month.
        #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
        month: Option<Month>,
    },
    /// Show one of them.
    #[command(after_help = "Example:\n  entwine reaching-out show ID")]
    Show {
        /// What somebody reached out with.
        id: String,
    },
    /// Move one of your own to the trash.
    #[command(after_help = "Example:\n  entwine reaching-out delete ID")]
    Delete {
        /// What you reached out with.
        id: String,
    },
    /// Take one out of the trash.
    #[command(after_help = "Example:\n  entwine reaching-out restore ID")]
    Restore {
        /// What somebody reached out with.
        id: String,
    },
}

const WHAT: &str = "reaching out";

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { text, kind } => {
            let id = session.ask(async |client| client.reaching_out().add(kind, &text).await).await?;
            session.output.answer(&json!({ "id": id }), |style| format!("You reached out, as {}", style.bold(&id)))
        }
        Command::Answer { id, text, kind, after } => {
            let id = parse_id(WHAT, &id)?;
            let answer =
                session.ask(async |client| client.reaching_out().answer(&id, kind, after.as_deref(), &text).await);
            let answer = answer.await?;
            session.output.answer(&json!({ "id": answer }), |style| format!("Answered, as {}", style.bold(&answer)))
        }
        Command::List { month } => {
            let found = session.ask(async |client| client.reaching_out().list(month.as_ref()).await).await?;
            session.output.answer(&found, |style| {
                if found.is_empty() { "Nothing yet.".to_owned() } else { describe(&found, style) }
            })
        }
        Command::Show { id } => {
            let id = parse_id(WHAT, &id)?;
            let found = session.ask(async |client| client.reaching_out().read(&id).await).await?;
            session.output.answer(&found, |style| describe(std::slice::from_ref(&found), style))
        }
        Command::Delete { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.reaching_out().delete(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "In the trash.".to_owned())
        }
        Command::Restore { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.reaching_out().restore(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "Back again.".to_owned())
        }
    }
}

fn describe(found: &[ReachingOutView], style: Style) -> String {
    let mut rows = Vec::new();
    for reached in found {
        let says = |words: &str, text: &str| {
            if text.is_empty() { words.to_owned() } else { format!("{words}: {}", printable_line(text)) }
        };
        rows.push(vec![
            style.dim(&reached.id),
            local_text(&reached.written_at, SHORT_TIME),
            printable_line(&reached.author),
            says(in_words(reached.bid), &reached.text),
        ]);
        for answer in &reached.answers {
            let words = match (answer.turning, &answer.after) {
                (Turning::After, Some(hour)) => format!("after {}", printable_line(hour)),
                (Turning::TellMeMore, _) => "tell me more".to_owned(),
                (Turning::Here, _) => "I am here".to_owned(),
                _ => "(a newer version knows)".to_owned(),
            };
            let (at, author) = (local_text(&answer.written_at, SHORT_TIME), printable_line(&answer.author));
            rows.push(vec![String::new(), at, author, says(&words, &answer.text)]);
        }
    }
    table(&rows)
}

fn in_words(bid: Bid) -> &'static str {
    match bid {
        Bid::ThinkingOfYou => "thinking of you",
        Bid::GoodNews => "good news",
        Bid::BadNews => "bad news",
        Bid::NeedYou => "I could use you",
        Bid::Later => "(a newer version knows)",
    }
}
