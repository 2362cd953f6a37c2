//! `check-in add`, `check-in set`, `check-in list`, `check-in show`, `check-in delete`, `check-in restore`.

use clap::{ArgGroup, Args, Subcommand};
use entwine_core::document::Choice;
use entwine_sdk::check_in::{CheckInView, CheckInWords, DeepTalk, Energy, PartOfDay};
use entwine_sdk::{ListeningWish, Month};
use serde_json::json;

use super::{parse_choice, parse_id, parse_month};
use crate::commands::journal::{both_changed, wish_in_words};
use crate::commands::{LONG_TIME, Session, local_text};
use crate::failure::Failure;
use crate::output::{Style, printable, printable_line};

/// What can be done with check-ins.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check in: how are you? One word of anything is enough.
    #[command(
        after_help = "Examples:\n  entwine check-in add --mood light\n  entwine check-in add --private --mood 'like a wet dog' \
                            --energy low\n  entwine check-in add --part evening --mood heavy --feeling tired --need 'An early \
                            night' --talk not-today --wish just-listen --line 'The train stood still for two hours.'"
    )]
    Add {
        #[command(flatten)]
        words: Words,
        /// For yourself alone.
        #[arg(long)]
        private: bool,
    },
    /// Change one of your own.
    #[command(
        group = ArgGroup::new("change")
            .args(["mood", "energy", "feelings", "need", "talk", "line", "wish", "part"])
            .multiple(true)
            .required(true),
        after_help = "Examples:\n  entwine check-in set ID --need 'Tea and nobody'\n  entwine check-in set ID --talk none        \
                      says nothing of it any more"
    )]
    Set {
        /// The check-in.
        id: String,
        #[command(flatten)]
        words: Words,
    },
    /// List them, the newest first.
    #[command(after_help = "Examples:\n  entwine check-in list\n  entwine check-in list --month 2026-11")]
    List {
        /// Only those of one month.
        #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
        month: Option<Month>,
    },
    /// Show one of them.
    #[command(after_help = "Example:\n  entwine check-in show ID")]
    Show {
        /// The check-in.
        id: String,
    },
    /// Move one of your own to the trash.
    #[command(after_help = "Example:\n  entwine check-in delete ID")]
    Delete {
        /// The check-in.
        id: String,
    },
    /// Take one out of the trash.
    #[command(after_help = "Example:\n  entwine check-in restore ID")]
    Restore {
        /// The check-in.
        id: String,
    },
}

/// What a check-in says.
#[derive(Debug, Args)]
pub(crate) struct Words {
    /// How you are: stormy, heavy, even, light, bright, or in your own words.
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    mood: Option<String>,
    /// How much strength you have: low, middle or high; or none, to say nothing of it.
    #[arg(long, value_parser = parse_or_none::<Energy>)]
    energy: Option<Chosen<Energy>>,
    /// A feeling, of `entwine content feelings` or in your own words; may be given several times.
    #[arg(long = "feeling", value_name = "FEELING", allow_hyphen_values = true)]
    feelings: Option<Vec<String>>,
    /// What you need today.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    need: Option<String>,
    /// How open you are to a deep talk: open, maybe or not-today, with no explanation owed; or none, to say nothing of it.
    #[arg(long, value_parser = parse_or_none::<DeepTalk>)]
    talk: Option<Chosen<DeepTalk>>,
    /// One line of your day.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    line: Option<String>,
    /// How you want to be heard: just-listen, ask-me or think-with-me; or none, for no wish.
    #[arg(long, value_parser = parse_or_none::<ListeningWish>)]
    wish: Option<Chosen<ListeningWish>>,
    /// The part of the day: morning, evening or any.
    #[arg(long, value_parser = parse_choice::<PartOfDay>)]
    part: Option<PartOfDay>,
}

/// Something that was chosen, or `none`.
#[derive(Debug, Clone, Copy)]
struct Chosen<C>(Option<C>);

fn parse_or_none<C: Choice>(word: &str) -> Result<Chosen<C>, String> {
    if word == "none" { Ok(Chosen(None)) } else { parse_choice(word).map(|choice| Chosen(Some(choice))) }
}

impl From<Words> for CheckInWords {
    fn from(Words { mood, energy, feelings, need, talk, line, wish, part }: Words) -> Self {
        let (energy, talk, wish) = (energy.map(|it| it.0), talk.map(|it| it.0), wish.map(|it| it.0));
        Self { mood, energy, feelings, need, talk, line, wish, part }
    }
}

const WHAT: &str = "check-in";

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { words, private } => {
            let id = session.ask(async |client| client.check_ins().add(words.into(), private).await).await?;
            session.output.answer(&json!({ "id": id }), |style| {
                let whom = if private { "for yourself alone" } else { "for both of you" };
                format!("Checked in {whom}, as {}", style.bold(&id))
            })
        }
        Command::Set { id, words } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.check_ins().set(&id, words.into()).await).await?;
            session.output.answer(&json!({ "id": id }), |style| format!("Changed {}", style.bold(&id)))
        }
        Command::List { month } => {
            let found = session.ask(async |client| client.check_ins().list(month.as_ref()).await).await?;
            session.output.answer(&found, |style| {
                if found.is_empty() {
                    return "Nothing yet.".to_owned();
                }
                found.iter().map(|check_in| describe(check_in, style)).collect::<Vec<_>>().join("\n\n")
            })
        }
        Command::Show { id } => {
            let id = parse_id(WHAT, &id)?;
            let found = session.ask(async |client| client.check_ins().read(&id).await).await?;
            session.output.answer(&found, |style| describe(&found, style))
        }
        Command::Delete { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.check_ins().delete(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "In the trash.".to_owned())
        }
        Command::Restore { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.check_ins().restore(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "Back again.".to_owned())
        }
    }
}

fn describe(check_in: &CheckInView, style: Style) -> String {
    let mut about = vec![printable_line(&check_in.author), local_text(&check_in.written_at, LONG_TIME)];
    about.extend([PartOfDay::Morning, PartOfDay::Evening].iter().find(|part| **part == check_in.part).map(word));
    if check_in.private {
        about.push("private".to_owned());
    }
    if check_in.trashed {
        about.push("in the trash".to_owned());
    }
    let mut lines = vec![format!("{}  {}", style.dim(&check_in.id), style.dim(about.join(" · ")))];
    // Before the words, so that it is seen before anybody answers them.
    lines.extend(check_in.wish.map(|wish| style.cyan(wish_in_words(wish))));
    let says = [
        ("How", check_in.mood.clone()),
        ("Energy", check_in.energy.as_ref().map(word).unwrap_or_default()),
        ("Feelings", check_in.feelings.join(", ")),
        ("Needs", check_in.need.clone()),
        ("A deep talk", check_in.talk.as_ref().map(word).unwrap_or_default()),
    ];
    let said = says.iter().filter(|(_, text)| !text.is_empty());
    lines.extend(said.map(|(name, text)| format!("{}: {}", style.dim(name), printable_line(text))));
    if !check_in.line.is_empty() {
        lines.push(printable(&check_in.line));
    }
    lines.extend(check_in.alternatives.iter().map(|(field, others)| both_changed(field, others, style)));
    lines.join("\n")
}

fn word<C: Choice>(choice: &C) -> String {
    choice.as_str().replace('-', " ")
}
