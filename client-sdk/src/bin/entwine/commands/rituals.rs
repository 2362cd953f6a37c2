//! Rituals: `ritual add`, `ritual set`, `ritual list`, `ritual done`, and when: `ritual due`, `ritual pause`, `ritual resume`.

mod words;

use entwine_sdk::{DueList, DueView, EntityId, NewRitual, PauseView, RitualChanges, ScheduleChanges, ScheduledRitual};
use serde_json::json;

use self::words::in_words;
use super::journal::both_changed;
use super::{SHORT_TIME, Session, local_text, parse_id};
use crate::arguments::RitualCommand;
use crate::failure::Failure;
use crate::output::{Style, printable_line, table};

/// How many of the last times a ritual was done are shown to people; programs get all.
const DONE_SHOWN: usize = 3;

pub(super) async fn run(session: &Session<'_>, command: RitualCommand) -> Result<(), Failure> {
    match command {
        RitualCommand::Add { name, every, at, schedule } => {
            add(session, NewRitual { name, every, at }, schedule.into()).await
        }
        RitualCommand::Set { id, name, every, at, schedule } => {
            set(session, &id, RitualChanges { name, every, at }, schedule.into()).await
        }
        RitualCommand::List => list(session).await,
        RitualCommand::Done { id, note } => done(session, &id, note.as_deref()).await,
        RitualCommand::Due { from, to } => due(session, from.as_deref(), to.as_deref()).await,
        RitualCommand::Pause { id, from, to } => pause(session, &id, from.as_deref(), to.as_deref()).await,
        RitualCommand::Resume { id, pause: None } => resume(session, &id).await,
        RitualCommand::Resume { id, pause: Some(pause) } => end_pause(session, &id, &pause).await,
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
