//! `practices list`, `practices use`, `practices rest`.

use clap::Subcommand;
use entwine_sdk::chosen::{PracticeView, Wanted};
use serde_json::json;

use crate::commands::Session;
use crate::failure::Failure;
use crate::output::{Style, table};

/// What can be chosen.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List all practices, and how each stands with you two.
    #[command(after_help = "Example:\n  entwine practices list")]
    List,
    /// Want a practice: it is in use unless the other lets it rest.
    #[command(after_help = "Example:\n  entwine practices use check-in")]
    Use {
        /// The practice.
        name: String,
    },
    /// Let a practice rest, for both. No reason is owed.
    #[command(after_help = "Example:\n  entwine practices rest check-in")]
    Rest {
        /// The practice.
        name: String,
    },
}

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::List => {
            let found = session.ask(async |client| client.practices().list().await).await?;
            session.output.answer(&found, |style| describe(&found, style))
        }
        Command::Use { name } => choose(session, &name, Wanted::Use).await,
        Command::Rest { name } => choose(session, &name, Wanted::Rest).await,
    }
}

async fn choose(session: &Session<'_>, name: &str, wanted: Wanted) -> Result<(), Failure> {
    session.ask(async |client| client.practices().choose(name, wanted).await).await?;
    session.output.answer(&json!({ "name": name }), |_| match wanted {
        Wanted::Rest => "It rests.".to_owned(),
        _ => "You would like to use it.".to_owned(),
    })
}

fn describe(found: &[PracticeView], style: Style) -> String {
    let row = |practice: &PracticeView| {
        let standing = practice.standing.replace('-', " ");
        let is_in_use = practice.standing == "in-use";
        vec![practice.name.clone(), if is_in_use { style.green(standing) } else { style.dim(standing) }]
    };
    table(&found.iter().map(row).collect::<Vec<_>>())
}
