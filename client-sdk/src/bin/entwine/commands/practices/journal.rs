//! What the journal has beside its everyday commands: `journal set`, `journal share`, `journal on-this-day`.

use clap::{ArgGroup, Subcommand};
use entwine_sdk::{JournalChanges, ListeningWish};
use serde_json::json;

use super::{parse_choice, parse_id};
use crate::commands::Session;
use crate::commands::journal::describe_all;
use crate::failure::Failure;

/// What can be done with the journal.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Change what stands beside an entry's text. Lists are given whole.
    #[command(
        group = ArgGroup::new("change")
            .args(["title", "tags", "feelings", "sensations", "set_off", "people", "place", "wish", "no_wish"])
            .multiple(true)
            .required(true),
        after_help = "Examples:\n  entwine journal set ID --feeling calm --feeling tired\n  entwine journal set ID --wish just-listen"
    )]
    Set {
        /// The entry.
        id: String,
        /// The title.
        #[arg(long, allow_hyphen_values = true)]
        title: Option<String>,
        /// A tag; may be given several times.
        #[arg(long = "tag", value_name = "TAG", allow_hyphen_values = true)]
        tags: Option<Vec<String>>,
        /// A feeling, of `entwine content feelings` or in your own words; may be given several times.
        #[arg(long = "feeling", value_name = "FEELING", allow_hyphen_values = true)]
        feelings: Option<Vec<String>>,
        /// Where in the body it is; may be given several times.
        #[arg(long = "sensation", value_name = "SENSATION", allow_hyphen_values = true)]
        sensations: Option<Vec<String>>,
        /// What set it off.
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        set_off: Option<String>,
        /// Who was there; may be given several times.
        #[arg(long = "with", value_name = "NAME", allow_hyphen_values = true)]
        people: Option<Vec<String>>,
        /// Where it was.
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        place: Option<String>,
        /// How you want to be heard: just-listen, ask-me or think-with-me.
        #[arg(long, value_parser = parse_choice::<ListeningWish>)]
        wish: Option<ListeningWish>,
        /// No wish any more.
        #[arg(long, conflicts_with = "wish")]
        no_wish: bool,
    },
    /// Share a private entry of yours, or a passage of it.
    #[command(
        after_help = "Examples:\n  entwine journal share ID                        all of it; the private one goes into the \
                            trash\n  entwine journal share ID --passage 'I was afraid'        these words alone; the entry stays \
                            private"
    )]
    Share {
        /// The entry.
        id: String,
        /// Only these words of it.
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        passage: Option<String>,
    },
    /// List what was written on this day of earlier years.
    #[command(after_help = "Examples:\n  entwine journal on-this-day\n  entwine journal on-this-day 2026-12-24")]
    OnThisDay {
        /// Another day than today.
        #[arg(value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        day: Option<String>,
    },
}

const WHAT: &str = "journal entry";

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Set { id, title, tags, feelings, sensations, set_off, people, place, wish, no_wish } => {
            let id = parse_id(WHAT, &id)?;
            let wish = if no_wish { Some(None) } else { wish.map(Some) };
            let changes = JournalChanges { title, tags, feelings, sensations, set_off, people, place, wish };
            session.ask(async |client| client.journal().set(&id, changes).await).await?;
            session.output.answer(&json!({ "id": id }), |style| format!("Changed {}", style.bold(&id)))
        }
        Command::Share { id, passage } => {
            let id = parse_id(WHAT, &id)?;
            let shared = session.ask(async |client| client.journal().share(&id, passage.as_deref()).await).await?;
            session.output.answer(&json!({ "id": shared }), |style| format!("Shared, as {}", style.bold(&shared)))
        }
        Command::OnThisDay { day } => {
            let found = session.ask(async |client| client.journal().on_this_day(day.as_deref()).await).await?;
            session.output.answer(&found, |style| describe_all(&found, "Nothing was written on this day.", style))
        }
    }
}
