//! Rituals: `ritual add`, `ritual set`, `ritual list`, `ritual done`, and when: `ritual due`, `ritual pause`, `ritual resume`.

mod words;

use clap::{ArgGroup, Args, Subcommand};
use entwine_sdk::{
    DueList, DueView, EntityId, NewRitual, PauseView, Remind, RitualChanges, ScheduleChanges, ScheduledRitual,
};
use serde_json::json;

use self::words::in_words;
use crate::commands::journal::both_changed;
use crate::commands::{SHORT_TIME, Session, local_text, parse_id};
use crate::failure::Failure;
use crate::output::{Style, printable_line, table};

/// What can be done with rituals.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin a ritual.
    #[command(after_help = "Examples:\n  entwine ritual add --name 'Morning coffee' --every FREQ=DAILY --at 08:00\n  \
                            entwine ritual add --name 'Long walk' --every 'FREQ=WEEKLY;BYDAY=SU'\n  entwine ritual add --name \
                            'Date night' --every 'FREQ=MONTHLY;BYDAY=-1FR' --at 19:30 --remind 60\n  entwine ritual add --name \
                            'Call' --every 'FREQ=WEEKLY;BYDAY=TU' --at 20:00 --zone Europe/Berlin --starts 2026-12-01")]
    Add {
        /// What you call it.
        #[arg(long, allow_hyphen_values = true)]
        name: String,
        /// How often, in the language of RFC 5545: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, COUNT or UNTIL, BYMONTH,
        /// BYMONTHDAY, BYDAY, BYSETPOS and WKST.
        #[arg(long, value_name = "RRULE", allow_hyphen_values = true)]
        every: String,
        /// At which hour [default: on the whole day].
        #[arg(long, value_name = "HH:MM", allow_hyphen_values = true)]
        at: Option<String>,
        #[command(flatten)]
        schedule: ScheduleArgs,
    },
    /// Change a ritual.
    #[command(
        group = ArgGroup::new("change").args(["name", "every", "at", "starts", "zone", "remind"]).multiple(true).required(true),
        after_help = "Examples:\n  entwine ritual set ID --at 09:30\n  entwine ritual set ID --zone floating --remind never"
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
        /// At which hour.
        #[arg(long, value_name = "HH:MM", allow_hyphen_values = true)]
        at: Option<String>,
        #[command(flatten)]
        schedule: ScheduleArgs,
    },
    /// List your rituals.
    #[command(after_help = "Example:\n  entwine ritual list")]
    List,
    /// Say that you did it today.
    #[command(after_help = "Example:\n  entwine ritual done ID --note 'On the balcony'")]
    Done {
        /// The ritual.
        id: String,
        /// A word about it.
        #[arg(long, allow_hyphen_values = true)]
        note: Option<String>,
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
}

/// When a ritual is due, beside its rule and its hour.
#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {
    /// The first day, from which the rule counts [default for a new ritual: today].
    #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
    starts: Option<String>,
    /// Whose hour it is: that of a zone such as Europe/Amsterdam for both of you, or `floating`, the hour of wherever each is
    /// [default for a new ritual: floating].
    #[arg(long, allow_hyphen_values = true)]
    zone: Option<String>,
    /// How many minutes before the hour to remind of it, or `never`.
    #[arg(long, value_name = "MINUTES", value_parser = parse_remind)]
    remind: Option<Remind>,
}

impl From<ScheduleArgs> for ScheduleChanges {
    fn from(ScheduleArgs { starts, zone, remind }: ScheduleArgs) -> Self {
        Self { starts, zone, remind }
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

/// How many of the last times a ritual was done are shown to people; programs get all.
const DONE_SHOWN: usize = 3;

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { name, every, at, schedule } => {
            add(session, NewRitual { name, every, at }, schedule.into()).await
        }
        Command::Set { id, name, every, at, schedule } => {
            set(session, &id, RitualChanges { name, every, at }, schedule.into()).await
        }
        Command::List => list(session).await,
        Command::Done { id, note } => done(session, &id, note.as_deref()).await,
        Command::Due { from, to } => due(session, from.as_deref(), to.as_deref()).await,
        Command::Pause { id, from, to } => pause(session, &id, from.as_deref(), to.as_deref()).await,
        Command::Resume { id, pause: None } => resume(session, &id).await,
        Command::Resume { id, pause: Some(pause) } => end_pause(session, &id, &pause).await,
    }
}

async fn add(session: &Session<'_>, ritual: NewRitual, schedule: ScheduleChanges) -> Result<(), Failure> {
    let client = session.open().await?;
    let added = client.rituals().add_scheduled(ritual, schedule).await;
    client.close().await;
    let id = added?;
    session.output.answer(&json!({ "id": id }), |style| format!("A new ritual: {}", style.bold(&id)))
}

async fn set(
    session: &Session<'_>,
    id: &str,
    changes: RitualChanges,
    schedule: ScheduleChanges,
) -> Result<(), Failure> {
    let id: EntityId = parse_id(id, Failure::NoSuchRitual)?;
    let client = session.open().await?;
    let changed = client.rituals().set_scheduled(&id, changes, schedule).await;
    client.close().await;
    changed?;
    session.output.answer(&json!({ "id": id }), |style| format!("Changed {}", style.bold(&id)))
}

async fn list(session: &Session<'_>) -> Result<(), Failure> {
    let client = session.open().await?;
    let rituals = client.rituals().scheduled().await;
    client.close().await;
    let rituals = rituals?;
    session.output.answer(&rituals, |style| {
        if rituals.is_empty() {
            return format!("No ritual yet. {} begins one.", style.cyan("entwine ritual add"));
        }
        rituals.iter().map(|ritual| describe(ritual, style)).collect::<Vec<_>>().join("\n\n")
    })
}

async fn done(session: &Session<'_>, id: &str, note: Option<&str>) -> Result<(), Failure> {
    let id: EntityId = parse_id(id, Failure::NoSuchRitual)?;
    let client = session.open().await?;
    let done = client.rituals().done(&id, note).await;
    client.close().await;
    let occurrence = done?;
    session.output.answer(&json!({ "id": occurrence }), |_| "Noted for today.".to_owned())
}

async fn due(session: &Session<'_>, from: Option<&str>, to: Option<&str>) -> Result<(), Failure> {
    let client = session.open().await?;
    let due = client.rituals().due(from, to).await;
    client.close().await;
    let list = due?;
    session.output.answer(&list, |style| describe_due(&list, style))
}

async fn pause(session: &Session<'_>, id: &str, from: Option<&str>, to: Option<&str>) -> Result<(), Failure> {
    let id: EntityId = parse_id(id, Failure::NoSuchRitual)?;
    let client = session.open().await?;
    let paused = client.rituals().pause(&id, from, to).await;
    client.close().await;
    let pause = paused?;
    session.output.answer(&json!({ "id": pause }), |style| format!("A pause: {}", style.bold(&pause)))
}

async fn resume(session: &Session<'_>, id: &str) -> Result<(), Failure> {
    let id: EntityId = parse_id(id, Failure::NoSuchRitual)?;
    let client = session.open().await?;
    let resumed = client.rituals().resume(&id).await;
    client.close().await;
    let ended = resumed?;
    session.output.answer(&json!({ "ended": ended }), |_| match ended {
        0 => "It does not rest today.".to_owned(),
        _ => "It is due again from today on.".to_owned(),
    })
}

async fn end_pause(session: &Session<'_>, id: &str, pause: &str) -> Result<(), Failure> {
    let ritual: EntityId = parse_id(id, Failure::NoSuchRitual)?;
    let pause: EntityId = parse_id(pause, Failure::NoSuchPause)?;
    let client = session.open().await?;
    let ended = client.rituals().end_pause(&ritual, &pause).await;
    client.close().await;
    let ended = usize::from(ended?);
    session.output.answer(&json!({ "ended": ended }), |_| match ended {
        0 => "That pause is over already.".to_owned(),
        _ => "That pause is ended.".to_owned(),
    })
}

fn describe_due(list: &DueList, style: Style) -> String {
    let row = |due: &DueView| {
        let at = due.at.as_deref().map_or_else(|| due.date.clone(), |at| local_text(at, SHORT_TIME));
        vec![at, style.bold(printable_line(&due.name)), style.dim(&due.ritual)]
    };
    let mut lines = Vec::new();
    if !list.due.is_empty() {
        lines.push(table(&list.due.iter().map(row).collect::<Vec<_>>()));
    } else if list.not_understood.is_empty() {
        lines.push("Nothing is due.".to_owned());
    }
    for ritual in &list.not_understood {
        let (name, reason) = (printable_line(&ritual.name), printable_line(&ritual.reason));
        lines.push(style.yellow(format!("\"{name}\" is not understood by this version: {reason}")));
    }
    lines.join("\n")
}

fn describe(scheduled: &ScheduledRitual, style: Style) -> String {
    let ScheduledRitual { ritual, starts, zone, reminder_minutes, pauses } = scheduled;
    let at = ritual.at.as_deref().map(|at| format!(", at {}", printable_line(at))).unwrap_or_default();
    let zone = zone.as_deref().map(|zone| format!(" in {}", printable_line(zone))).unwrap_or_default();
    let remind = reminder_minutes.map(|minutes| format!(", reminder {minutes} minutes before")).unwrap_or_default();
    let mut rows = vec![vec![style.bold(printable_line(&ritual.name)), style.dim(&ritual.id)]];
    let mut lines = vec![table(&rows), format!("  {}{at}{zone}{remind}", in_words(&ritual.every))];
    lines.push(format!("  since {}", printable_line(starts)));
    lines.extend(pauses.iter().map(|pause| describe_pause(pause, style)));
    rows.clear();
    for (field, others) in &ritual.alternatives {
        lines.push(format!("  {}", both_changed(field, others, style)));
    }
    for done in ritual.done.iter().take(DONE_SHOWN) {
        rows.push(vec![format!("  done {}", done.date), printable_line(&done.by), printable_line(&done.note)]);
    }
    if !rows.is_empty() {
        lines.push(table(&rows));
    }
    lines.join("\n")
}

fn describe_pause(pause: &PauseView, style: Style) -> String {
    let to = pause.to.as_deref().map(|to| format!(" to {}", printable_line(to))).unwrap_or_default();
    let line = format!("  rests from {}{to}, {}", printable_line(&pause.from), printable_line(&pause.by));
    format!("{line}  {}", style.dim(&pause.id))
}
