//! `are show`, `answer`, `skip`, `list`.

use clap::Subcommand;
use entwine_sdk::Client;
use entwine_sdk::are::Week;
use serde_json::json;

use super::sealed_answer::{SEALED, describe};
use crate::commands::Session;
use crate::failure::Failure;

/// What can be done with the A.R.E. looks.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the three questions of a week, with the answers as far as they can be read.
    #[command(after_help = "Examples:\n  entwine are show\n  entwine are show --week 2026-W48")]
    Show {
        /// Of another week than this one.
        #[arg(long, value_name = "YYYY-Www", value_parser = parse_week)]
        week: Option<Week>,
        /// In which language: a locale such as `en` or `de-AT`.
        #[arg(long, value_name = "LOCALE", default_value = "en")]
        locale: String,
    },
    /// Answer the three questions. The answers stay sealed until both of you have answered.
    #[command(
        after_help = "Example:\n  entwine are answer 'On Tuesday, at once' 'You asked twice' ''        passes the third over"
    )]
    Answer {
        /// The answers, in the order of the questions; '' passes one over.
        #[arg(required = true, num_args = 3)]
        texts: Vec<String>,
        /// Of another week than this one.
        #[arg(long, value_name = "YYYY-Www", value_parser = parse_week)]
        week: Option<Week>,
    },
    /// Pass the look of a week over, for whatever reason, and take back what you answered.
    #[command(after_help = "Example:\n  entwine are skip")]
    Skip {
        /// Of another week than this one.
        #[arg(long, value_name = "YYYY-Www", value_parser = parse_week)]
        week: Option<Week>,
    },
    /// List the looks that you took part in, the latest first.
    #[command(after_help = "Example:\n  entwine are list")]
    List {
        /// In which language: a locale such as `en` or `de-AT`.
        #[arg(long, value_name = "LOCALE", default_value = "en")]
        locale: String,
    },
}

fn parse_week(text: &str) -> Result<Week, String> {
    text.parse().map_err(|refusal: entwine_core::practice::refusal::Refusal| refusal.to_string())
}

fn or_this(client: &Client, week: Option<Week>) -> Week {
    week.unwrap_or_else(|| client.are_looks().this_week())
}

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show { week, locale } => {
            let look =
                session.ask(async |client| client.are_looks().show(or_this(client, week), &locale).await).await?;
            session.output.answer(&look, |style| describe(&look, style))
        }
        Command::Answer { texts, week } => {
            let id = session.ask(async |client| client.are_looks().answer(or_this(client, week), &texts).await).await?;
            session.output.answer(&json!({ "id": id }), |_| SEALED.to_owned())
        }
        Command::Skip { week } => {
            let skip = async |client: &Client| {
                let week = or_this(client, week);
                client.are_looks().skip(week).await.map(|()| week.to_string())
            };
            let id = session.ask(skip).await?;
            session.output.answer(&json!({ "id": id }), |_| "Passed over.".to_owned())
        }
        Command::List { locale } => {
            let looks = session.ask(async |client| client.are_looks().list(&locale).await).await?;
            session.output.answer(&looks, |style| {
                let all: Vec<String> = looks.iter().map(|look| describe(look, style)).collect();
                if all.is_empty() { "Nothing yet.".to_owned() } else { all.join("\n\n") }
            })
        }
    }
}
