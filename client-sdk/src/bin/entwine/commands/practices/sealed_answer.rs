//! `sealed-answer add`, `answer`, `skip`, `publish`, `show`, `list`.

use clap::{ArgGroup, Subcommand};
use entwine_sdk::Month;
use entwine_sdk::sealed_answer::{RoundState, RoundView};
use serde_json::json;

use super::{parse_id, parse_month};
use crate::commands::{SHORT_TIME, Session, local_text};
use crate::failure::Failure;
use crate::output::{Style, printable, printable_line};

/// What can be done with sealed answers.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask something that both of you answer, and neither reads before both have.
    #[command(
        group = ArgGroup::new("what").args(["text", "question"]).required(true),
        after_help = "Examples:\n  entwine sealed-answer add 'Where do you see us in five years?'\n  \
                      entwine sealed-answer add --question unseen-smile"
    )]
    Add {
        /// The question, in your own words.
        text: Option<String>,
        /// A question of the decks: `entwine question list` shows the ids.
        #[arg(long, value_name = "ID")]
        question: Option<String>,
        /// In which language: a locale such as `en` or `de-AT`.
        #[arg(long, value_name = "LOCALE", default_value = "en")]
        locale: String,
    },
    /// Answer, or answer anew as long as the other has not. The answer stays sealed until both have.
    #[command(after_help = "Example:\n  entwine sealed-answer answer ID 'In a house with an old stove'")]
    Answer {
        /// What was asked.
        id: String,
        /// The answer: one for each question, in their order; '' passes one over.
        #[arg(required = true)]
        texts: Vec<String>,
    },
    /// Pass it over, for whatever reason, and take back what you answered; or give up an answer that is lost with a phone.
    #[command(after_help = "Example:\n  entwine sealed-answer skip ID")]
    Skip {
        /// What was asked.
        id: String,
    },
    /// Show your answer although the other passes it over. Otherwise your phone shows it by itself once both have answered.
    #[command(after_help = "Example:\n  entwine sealed-answer publish ID")]
    Publish {
        /// What was asked.
        id: String,
    },
    /// Show one, with the answers as far as they can be read.
    #[command(after_help = "Example:\n  entwine sealed-answer show ID")]
    Show {
        /// What was asked.
        id: String,
    },
    /// List what was asked, the newest first.
    #[command(after_help = "Examples:\n  entwine sealed-answer list\n  entwine sealed-answer list --month 2026-11")]
    List {
        /// Only those of one month.
        #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
        month: Option<Month>,
    },
}

const WHAT: &str = "round of sealed answers";

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { text, question, locale } => {
            let asked = async |client: &entwine_sdk::Client| match (&text, &question) {
                (_, Some(question)) => client.sealed_answers().open_question(question, &locale).await,
                (text, None) => client.sealed_answers().open(text.as_deref().unwrap_or_default()).await,
            };
            let id = session.ask(asked).await?;
            session.output.answer(&json!({ "id": id }), |style| {
                format!("Asked, as {}\n{} answers it.", style.bold(&id), style.cyan("entwine sealed-answer answer"))
            })
        }
        Command::Answer { id, texts } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.sealed_answers().answer(&id, &texts).await).await?;
            session.output.answer(&json!({ "id": id }), |_| SEALED.to_owned())
        }
        Command::Skip { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.sealed_answers().skip(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "Passed over.".to_owned())
        }
        Command::Publish { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.sealed_answers().publish(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "Open for both of you.".to_owned())
        }
        Command::Show { id } => {
            let id = parse_id(WHAT, &id)?;
            let found = session.ask(async |client| client.sealed_answers().show(&id).await).await?;
            session.output.answer(&found, |style| describe(&found, style))
        }
        Command::List { month } => {
            let found = session.ask(async |client| client.sealed_answers().list(month.as_ref()).await).await?;
            session.output.answer(&found, |style| {
                let all: Vec<String> = found.iter().map(|round| describe(round, style)).collect();
                if all.is_empty() { "Nothing yet.".to_owned() } else { all.join("\n\n") }
            })
        }
    }
}

/// What is said of an answer that was just given.
pub(super) const SEALED: &str = "Sealed. Once both of you have answered, your phones open it at their next sync.";

/// A round with its questions and what can be read of the answers.
pub(super) fn describe(round: &RoundView, style: Style) -> String {
    let opened = match (&round.opened_at, &round.opened_by) {
        (Some(at), Some(by)) => format!("  {}, {}", local_text(at, SHORT_TIME), printable_line(by)),
        _ => String::new(),
    };
    let mut text = format!("{}{opened}  {}", style.dim(&round.id), in_words(round.state, style));
    for (index, asked) in round.questions.iter().enumerate() {
        text.push_str(&format!("\n  {}", style.bold(printable_line(&asked.text))));
        for (who, answers) in [("you", &round.yours), ("the other", &round.theirs)] {
            let answer = answers.as_ref().and_then(|answers| answers.get(index)).filter(|answer| !answer.is_empty());
            if let Some(answer) = answer {
                text.push_str(&format!("\n    {}: {}", style.dim(who), printable(answer)));
            }
        }
    }
    if round.unopened > 0 {
        text.push_str(&format!("\n  {}", style.dim(format!("and {} more stayed sealed", round.unopened))));
    }
    text
}

fn in_words(state: RoundState, style: Style) -> String {
    match state {
        RoundState::Open => "not answered by you".to_owned(),
        RoundState::YouAnswered => "answered by you, and sealed".to_owned(),
        RoundState::BothAnswered => "answered by both, and sealed until both phones have synced".to_owned(),
        RoundState::Revealed => style.green("open"),
        RoundState::DoesNotMatch => style.yellow("does not match what was sealed"),
        RoundState::Skipped => "passed over".to_owned(),
        RoundState::Later => "only a newer version knows how it stands".to_owned(),
    }
}
