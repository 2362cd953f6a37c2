//! `screen-free add`, `screen-free promise`, `screen-free end`, `screen-free list`, `screen-free show`.

use clap::Subcommand;
use entwine_sdk::Month;
use entwine_sdk::screen_free::{ScreenFreeUntil, ScreenFreeView};
use serde_json::json;

use super::{parse_id, parse_month};
use crate::commands::{SHORT_TIME, Session, local_text};
use crate::failure::Failure;
use crate::output::{Style, printable_line, table};

/// What can be done with times without screens.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Propose a time without screens, and promise it. Reminders are held back meanwhile.
    #[command(
        after_help = "Examples:\n  entwine screen-free add                                            from now on, for an \
                            hour\n  entwine screen-free add --from 2026-12-24T18:00 --minutes 180\n  entwine screen-free add \
                            --from 2026-12-24T18:00 --to 2026-12-24T21:00"
    )]
    Add {
        /// When it begins, by your clock [default: now].
        #[arg(long, value_name = "YYYY-MM-DDTHH:MM", allow_hyphen_values = true)]
        from: Option<String>,
        /// How long it lasts: a day at most.
        #[arg(long, default_value_t = 60, conflicts_with = "to")]
        minutes: u64,
        /// When it ends, by your clock.
        #[arg(long, value_name = "YYYY-MM-DDTHH:MM", allow_hyphen_values = true)]
        to: Option<String>,
    },
    /// Promise what the other proposed.
    #[command(after_help = "Example:\n  entwine screen-free promise ID")]
    Promise {
        /// The time without screens.
        id: String,
    },
    /// End it early, for yourself. Nobody else can see it.
    #[command(after_help = "Example:\n  entwine screen-free end ID")]
    End {
        /// The time without screens.
        id: String,
    },
    /// List them, the latest proposed first.
    #[command(after_help = "Examples:\n  entwine screen-free list\n  entwine screen-free list --month 2026-12")]
    List {
        /// Only those that begin in one month.
        #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
        month: Option<Month>,
    },
    /// Show one of them.
    #[command(after_help = "Example:\n  entwine screen-free show ID")]
    Show {
        /// The time without screens.
        id: String,
    },
}

const WHAT: &str = "screen-free time";

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { from, minutes, to } => {
            let until = to.map_or(ScreenFreeUntil::Minutes(minutes), ScreenFreeUntil::Wall);
            let proposed = session.ask(async |client| client.screen_free().propose(from.as_deref(), &until).await);
            let id = proposed.await?;
            session
                .output
                .answer(&json!({ "id": id }), |style| format!("Proposed, and promised by you, as {}", style.bold(&id)))
        }
        Command::Promise { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.screen_free().promise(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "Promised.".to_owned())
        }
        Command::End { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.screen_free().end(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "Ended for you; only your own devices know.".to_owned())
        }
        Command::List { month } => {
            let found = session.ask(async |client| client.screen_free().list(month.as_ref()).await).await?;
            session.output.answer(&found, |style| {
                if found.is_empty() { "Nothing yet.".to_owned() } else { describe(&found, style) }
            })
        }
        Command::Show { id } => {
            let id = parse_id(WHAT, &id)?;
            let found = session.ask(async |client| client.screen_free().read(&id).await).await?;
            session.output.answer(&found, |style| describe(std::slice::from_ref(&found), style))
        }
    }
}

fn describe(found: &[ScreenFreeView], style: Style) -> String {
    let row = |time: &ScreenFreeView| {
        let promised_by = time.promised_by.iter().map(|name| printable_line(name)).collect::<Vec<_>>().join(" and ");
        vec![
            style.dim(&time.id),
            format!("{} to {}", local_text(&time.from, SHORT_TIME), local_text(&time.to, SHORT_TIME)),
            format!("promised by {promised_by}"),
            if time.ended_at.is_some() { style.dim("ended for you") } else { String::new() },
        ]
    };
    table(&found.iter().map(row).collect::<Vec<_>>())
}
