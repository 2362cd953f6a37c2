//! Rituals: `ritual add`, `adopt`, `set`, `list` and the like; what became of them: `done`, `skip`, `move`, `history`; and when:
//! `due`, `pause`, `resume`.

mod shown;
mod words;

use clap::{ArgGroup, Args, Subcommand};
use entwine_sdk::{Choice as _, NewRecord, NewRitual, Remind, RitualChanges, RitualStep, Turn};
use serde_json::json;

use super::parse_id;
use crate::commands::Session;
use crate::failure::Failure;

/// What can be done with rituals.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin a ritual.
    #[command(after_help = "Examples:
  entwine ritual add --name 'Morning coffee' --every FREQ=DAILY --at 08:00
  entwine ritual add --name 'Date night' --every 'FREQ=MONTHLY;BYDAY=-1FR' --at 19:30 --remind 60
  entwine ritual add --name 'Call' --every 'FREQ=WEEKLY;BYDAY=TU' --at 20:00 --zone Europe/Berlin --starts 2026-12-01
  entwine ritual add --name 'Long walk' --every 'FREQ=WEEKLY;BYDAY=SU' --why 'We talk best outdoors' --step '10 both Say \
                            nothing yet' --step 'each Say what you look forward to'")]
    Add {
        /// What you call it.
        #[arg(long, allow_hyphen_values = true)]
        name: String,
        /// How often, in the language of RFC 5545: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, COUNT or UNTIL, BYMONTH,
        /// BYMONTHDAY, BYDAY, BYSETPOS and WKST.
        #[arg(long, value_name = "RRULE", allow_hyphen_values = true)]
        every: String,
        #[command(flatten)]
        details: Details,
    },
    /// Adopt a ritual that comes along: its name, reason, steps and days are copied into one of your own.
    #[command(after_help = "Examples:\n  entwine content templates        shows all of them\n  entwine ritual adopt \
                            evening-gratitude --at 21:30\n  entwine ritual adopt date-night --every \
                            'FREQ=MONTHLY;BYDAY=2SA' --name 'Our Saturday'")]
    Adopt {
        /// The template's id.
        template: String,
        /// What you call it [default: as the template does].
        #[arg(long, allow_hyphen_values = true)]
        name: Option<String>,
        /// How often [default: as the template says].
        #[arg(long, value_name = "RRULE", allow_hyphen_values = true)]
        every: Option<String>,
        #[command(flatten)]
        details: Details,
        /// In whose words: a locale such as `en` or `de-AT`.
        #[arg(long, value_name = "LOCALE", default_value = "en")]
        locale: String,
    },
    /// Change a ritual.
    #[command(
        group = ArgGroup::new("change")
            .args(["name", "every", "at", "starts", "zone", "remind", "why", "steps", "no_steps"])
            .multiple(true)
            .required(true),
        after_help = "Examples:\n  entwine ritual set ID --at 09:30\n  entwine ritual set ID --zone floating --remind never\n  \
                      entwine ritual set ID --step '2 first Tell' --step '2 second Tell'        these steps and no others; \
                      where your partner changed another one meanwhile, both changes stay"
    )]
    Set {
        /// The ritual.
        id: String,
        /// What you call it now.
        #[arg(long, allow_hyphen_values = true)]
        name: Option<String>,
        /// How often, in the language of RFC 5545.
        #[arg(long, value_name = "RRULE", allow_hyphen_values = true)]
        every: Option<String>,
        #[command(flatten)]
        details: Details,
        /// No steps any more.
        #[arg(long, conflicts_with = "steps")]
        no_steps: bool,
    },
    /// List your rituals.
    #[command(
        after_help = "Examples:\n  entwine ritual list\n  entwine ritual list --trash        those that you deleted"
    )]
    List {
        /// Those that were put into the trash in the last thirty days.
        #[arg(long)]
        trash: bool,
    },
    /// Show one ritual, with its steps.
    #[command(after_help = "Example:\n  entwine ritual show ID")]
    Show {
        /// The ritual.
        id: String,
    },
    /// Say that you did it.
    #[command(
        after_help = "Examples:\n  entwine ritual done ID --note 'On the balcony'\n  entwine ritual done ID --alone --date \
                            2026-11-24"
    )]
    Done {
        /// The ritual.
        id: String,
        /// By yourself, and not together.
        #[arg(long)]
        alone: bool,
        #[command(flatten)]
        record: RecordArgs,
    },
    /// Leave it out on a day: it is due no more on it.
    #[command(after_help = "Examples:\n  entwine ritual skip ID\n  entwine ritual skip ID --date 2026-12-24")]
    Skip {
        /// The ritual.
        id: String,
        #[command(flatten)]
        record: RecordArgs,
    },
    /// Move it from a day to another one.
    #[command(
        after_help = "Examples:\n  entwine ritual move ID --to 2026-11-28\n  entwine ritual move ID --date 2026-12-25 --to \
                            2026-12-27"
    )]
    Move {
        /// The ritual.
        id: String,
        /// The day on which it is due instead.
        #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        to: String,
        #[command(flatten)]
        record: RecordArgs,
    },
    /// Tell what became of it, the latest day first.
    #[command(
        after_help = "Examples:\n  entwine ritual history ID\n  entwine ritual history ID --from 2026-11-01 --to 2026-11-30"
    )]
    History {
        /// The ritual.
        id: String,
        /// The first day [default: a year ago].
        #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        from: Option<String>,
        /// The last day [default: with all that is to come].
        #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        to: Option<String>,
    },
    /// Say what is due, in the time zone of this phone.
    #[command(after_help = "Examples:\n  entwine ritual due\n  entwine ritual due --from 2026-12-01 --to 2026-12-31")]
    Due {
        /// The first day [default: today].
        #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        from: Option<String>,
        /// The last day [default: six days after the first].
        #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        to: Option<String>,
    },
    /// Let a ritual rest for some days: nothing is due on them.
    #[command(
        after_help = "Examples:\n  entwine ritual pause ID --from 2026-12-20 --to 2027-01-06\n  entwine ritual pause ID        \
                            from today on, until `entwine ritual resume ID`"
    )]
    Pause {
        /// The ritual.
        id: String,
        /// The first day [default: today].
        #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        from: Option<String>,
        /// The last day [default: until it is resumed].
        #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        to: Option<String>,
    },
    /// Take a ritual up again from today on. Pauses that are planned for later stay.
    #[command(
        after_help = "Examples:\n  entwine ritual resume ID\n  entwine ritual resume ID --pause PAUSE        end or take \
                            back this one"
    )]
    Resume {
        /// The ritual.
        id: String,
        /// Only this pause, also where it is planned for later.
        #[arg(long, value_name = "PAUSE")]
        pause: Option<String>,
    },
    /// Move a ritual to the trash. What you did of it stays.
    #[command(after_help = "Example:\n  entwine ritual delete ID")]
    Delete {
        /// The ritual.
        id: String,
    },
    /// Take a ritual out of the trash.
    #[command(after_help = "Example:\n  entwine ritual restore ID")]
    Restore {
        /// The ritual.
        id: String,
    },
}

/// What a ritual has beside its name and its days.
#[derive(Debug, Args)]
pub(crate) struct Details {
    /// At which hour [default for a new ritual: on the whole day].
    #[arg(long, value_name = "HH:MM", allow_hyphen_values = true)]
    at: Option<String>,
    /// The first day, from which the days are counted [default for a new ritual: today].
    #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
    starts: Option<String>,
    /// Whose hour it is: that of a zone such as Europe/Amsterdam for both of you, or `floating`, the hour of wherever each is
    /// [default for a new ritual: floating].
    #[arg(long, allow_hyphen_values = true)]
    zone: Option<String>,
    /// How many minutes before the hour to remind of it, or `never`.
    #[arg(long, value_name = "MINUTES", value_parser = parse_remind)]
    remind: Option<Remind>,
    /// Why it matters to you two.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    why: Option<String>,
    /// One step; give it once for each, in their order. It may begin with its minutes, and then with whose turn it is: `both`,
    /// `first`, `second` or `each` [default: both]. So '2 each Say what you look forward to'. A text that itself begins with a
    /// number or one of these words needs a turn before it: 'both First, breathe out'.
    #[arg(long = "step", value_name = "[MINUTES] [TURN] TEXT", value_parser = parse_step, allow_hyphen_values = true)]
    steps: Option<Vec<RitualStep>>,
}

impl Details {
    fn changes(self, name: Option<String>, every: Option<String>) -> RitualChanges {
        let Self { at, starts, zone, remind, why, steps } = self;
        RitualChanges { name, every, at, starts, zone, remind, why, steps }
    }
}

/// Of which day, and what about it.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The day [default: today, in the zone of the ritual].
    #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
    date: Option<String>,
    /// A word about it.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    note: Option<String>,
}

impl From<RecordArgs> for NewRecord {
    fn from(RecordArgs { date, note }: RecordArgs) -> Self {
        Self { date, note }
    }
}

fn parse_remind(text: &str) -> Result<Remind, String> {
    match text {
        "never" => Ok(Remind::Never),
        text => {
            text.parse().map(Remind::MinutesBefore).map_err(|_| "expected a number of minutes, or never".to_owned())
        }
    }
}

/// `2 each Say what you look forward to`: minutes and turn may be left out.
fn parse_step(text: &str) -> Result<RitualStep, String> {
    let first = |text: &str| {
        text.split_once(char::is_whitespace).map(|(word, rest)| (word.to_owned(), rest.trim_start().to_owned()))
    };
    let mut rest = text.trim().to_owned();
    let mut minutes = None;
    if let Some((word, after)) = first(&rest)
        && let Ok(number) = word.parse()
    {
        (minutes, rest) = (Some(number), after);
    }
    let mut turn = Turn::Both;
    if let Some((word, after)) = first(&rest)
        && let Ok(known) = Turn::parse(word.trim_end_matches(':'))
    {
        (turn, rest) = (known, after);
    }
    if rest.is_empty() { Err("a step has words".to_owned()) } else { Ok(RitualStep { text: rest, minutes, turn }) }
}

const WHAT: &str = "ritual";

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { .. } | Command::Adopt { .. } | Command::Set { .. } => begin_or_change(session, command).await,
        Command::List { trash } => list(session, trash).await,
        Command::Show { id } => {
            let id = parse_id(WHAT, &id)?;
            let ritual = session.ask(async |client| client.rituals().read(&id).await).await?;
            session.output.answer(&ritual, |style| shown::with_steps(&ritual, style))
        }
        Command::Done { .. } | Command::Skip { .. } | Command::Move { .. } => say(session, command).await,
        Command::History { id, from, to } => {
            let id = parse_id(WHAT, &id)?;
            let ask = async |client: &entwine_sdk::Client| {
                client.rituals().history(&id, from.as_deref(), to.as_deref()).await
            };
            let found = session.ask(ask).await?;
            session.output.answer(&found, |_| shown::history(&found))
        }
        Command::Due { from, to } => {
            let list = session.ask(async |client| client.rituals().due(from.as_deref(), to.as_deref()).await).await?;
            session.output.answer(&list, |style| shown::due(&list, style))
        }
        Command::Pause { id, from, to } => {
            let id = parse_id(WHAT, &id)?;
            let ask =
                async |client: &entwine_sdk::Client| client.rituals().pause(&id, from.as_deref(), to.as_deref()).await;
            let pause = session.ask(ask).await?;
            session.output.answer(&json!({ "id": pause }), |style| format!("A pause: {}", style.bold(&pause)))
        }
        Command::Resume { id, pause } => resume(session, &id, pause.as_deref()).await,
        Command::Delete { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.rituals().delete(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "In the trash. What you did of it stays.".to_owned())
        }
        Command::Restore { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.rituals().restore(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "Back again.".to_owned())
        }
    }
}

async fn begin_or_change(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    let begun = match command {
        Command::Add { name, every, details } => {
            let Details { at, starts, zone, remind, why, steps } = details;
            let reminder_minutes = remind.and_then(|remind| match remind {
                Remind::Never => None,
                Remind::MinutesBefore(minutes) => Some(minutes),
            });
            let (why, steps) = (why.unwrap_or_default(), steps.unwrap_or_default());
            let new = NewRitual { name, every, at, starts, zone, reminder_minutes, why, steps };
            session.ask(async |client| client.rituals().add(new).await).await?
        }
        Command::Adopt { template, name, every, details, locale } => {
            let changes = details.changes(name, every);
            session.ask(async |client| client.rituals().adopt(&template, &locale, changes).await).await?
        }
        Command::Set { id, name, every, details, no_steps } => {
            let id = parse_id(WHAT, &id)?;
            let mut changes = details.changes(name, every);
            if no_steps {
                changes.steps = Some(Vec::new());
            }
            session.ask(async |client| client.rituals().set(&id, changes).await).await?;
            return session.output.answer(&json!({ "id": id }), |style| format!("Changed {}", style.bold(&id)));
        }
        _ => unreachable!("the others neither begin nor change a ritual"),
    };
    session.output.answer(&json!({ "id": begun }), |style| format!("A new ritual: {}", style.bold(&begun)))
}

async fn list(session: &Session<'_>, trash: bool) -> Result<(), Failure> {
    let ask = async |client: &entwine_sdk::Client| {
        if trash { client.rituals().trash().await } else { client.rituals().list().await }
    };
    let rituals = session.ask(ask).await?;
    session.output.answer(&rituals, |style| {
        if rituals.is_empty() && trash {
            return "No ritual is in the trash.".to_owned();
        }
        if rituals.is_empty() {
            return format!(
                "No ritual yet. {} begins one, and {} takes one that comes along.",
                style.cyan("entwine ritual add"),
                style.cyan("entwine ritual adopt")
            );
        }
        rituals.iter().map(|ritual| shown::in_short(ritual, style)).collect::<Vec<_>>().join("\n\n")
    })
}

async fn say(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    let (recorded, told) = match command {
        Command::Done { id, alone, record } => {
            let id = parse_id(WHAT, &id)?;
            let ask = async |client: &entwine_sdk::Client| client.rituals().done(&id, alone, record.into()).await;
            (session.ask(ask).await?, "Noted.".to_owned())
        }
        Command::Skip { id, record } => {
            let id = parse_id(WHAT, &id)?;
            let ask = async |client: &entwine_sdk::Client| client.rituals().skip(&id, record.into()).await;
            (session.ask(ask).await?, "Left out, and nothing is missing.".to_owned())
        }
        Command::Move { id, to, record } => {
            let id = parse_id(WHAT, &id)?;
            let ask = async |client: &entwine_sdk::Client| client.rituals().move_to(&id, &to, record.into()).await;
            (session.ask(ask).await?, format!("Moved to {to}."))
        }
        _ => unreachable!("the others say nothing of a day"),
    };
    session.output.answer(&json!({ "id": recorded }), |_| told)
}

async fn resume(session: &Session<'_>, id: &str, pause: Option<&str>) -> Result<(), Failure> {
    let id = parse_id(WHAT, id)?;
    let Some(pause) = pause else {
        let ended = session.ask(async |client| client.rituals().resume(&id).await).await?;
        return session.output.answer(&json!({ "ended": ended }), |_| match ended {
            0 => "It does not rest today.".to_owned(),
            _ => "It is due again from today on.".to_owned(),
        });
    };
    let pause = parse_id("pause", pause)?;
    let ended = session.ask(async |client| client.rituals().end_pause(&id, &pause).await).await?;
    let ended = usize::from(ended);
    session.output.answer(&json!({ "ended": ended }), |_| match ended {
        0 => "That pause is over already.".to_owned(),
        _ => "That pause is ended.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_may_begin_with_its_minutes_and_its_turn() {
        for (text, minutes, turn, words) in [
            ("2 each Say what you look forward to", Some(2), Turn::Each, "Say what you look forward to"),
            ("15 Walk", Some(15), Turn::Both, "Walk"),
            ("first Tell", None, Turn::First, "Tell"),
            ("5 second: Tell", Some(5), Turn::Second, "Tell"),
            ("both First, breathe out", None, Turn::Both, "First, breathe out"),
            ("First, breathe out", None, Turn::Both, "First, breathe out"),
            ("both 2 cups", None, Turn::Both, "2 cups"),
            ("-1 tea", None, Turn::Both, "-1 tea"),
        ] {
            assert_eq!(parse_step(text), Ok(RitualStep { text: words.to_owned(), minutes, turn }), "{text}");
        }
        assert!(parse_step(" ").is_err());
    }
}
