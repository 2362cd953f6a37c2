//! Rituals: `ritual add`, `ritual set`, `ritual list`, `ritual done`.

use entwine_sdk::{EntityId, NewRitual, RitualChanges, RitualView};
use serde_json::json;

use super::journal::both_changed;
use super::{Session, parse_id};
use crate::arguments::RitualCommand;
use crate::failure::Failure;
use crate::output::{Style, printable_line, table};

/// How many of the last times a ritual was done are shown to people; programs get all.
const DONE_SHOWN: usize = 3;

pub(super) async fn run(session: &Session<'_>, command: RitualCommand) -> Result<(), Failure> {
    match command {
        RitualCommand::Add { name, every, at } => add(session, NewRitual { name, every, at }).await,
        RitualCommand::Set { id, name, every, at } => set(session, &id, RitualChanges { name, every, at }).await,
        RitualCommand::List => list(session).await,
        RitualCommand::Done { id, note } => done(session, &id, note.as_deref()).await,
    }
}

async fn add(session: &Session<'_>, ritual: NewRitual) -> Result<(), Failure> {
    let client = session.open().await?;
    let added = client.rituals().add(ritual).await;
    client.close().await;
    let id = added?;
    session.output.answer(&json!({ "id": id }), |style| format!("A new ritual: {}", style.bold(&id)))
}

async fn set(session: &Session<'_>, id: &str, changes: RitualChanges) -> Result<(), Failure> {
    let id: EntityId = parse_id(id, Failure::NoSuchRitual)?;
    let client = session.open().await?;
    let changed = client.rituals().set(&id, changes).await;
    client.close().await;
    changed?;
    session.output.answer(&json!({ "id": id }), |style| format!("Changed {}", style.bold(&id)))
}

async fn list(session: &Session<'_>) -> Result<(), Failure> {
    let client = session.open().await?;
    let rituals = client.rituals().list().await;
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

fn describe(ritual: &RitualView, style: Style) -> String {
    let at = ritual.at.as_deref().map(|at| format!(", at {at}")).unwrap_or_default();
    let mut rows = vec![vec![style.bold(printable_line(&ritual.name)), style.dim(&ritual.id)]];
    let mut lines = vec![table(&rows), format!("  {}{at}", in_words(&ritual.every))];
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

/// The recurrences that are taken here, in words; anything else as it stands.
fn in_words(every: &str) -> String {
    let mut rule = (None, "1", None);
    for part in every.split(';') {
        match part.split_once('=') {
            Some(("FREQ", frequency)) => rule.0 = Some(frequency),
            Some(("INTERVAL", interval)) => rule.1 = interval,
            Some(("BYDAY", days)) => rule.2 = Some(days),
            _ => return printable_line(every),
        }
    }
    let often = match (rule.0, rule.1) {
        (Some("DAILY"), "1") => "every day".to_owned(),
        (Some("DAILY"), interval) => format!("every {interval} days"),
        (Some("WEEKLY"), "1") => "every week".to_owned(),
        (Some("WEEKLY"), interval) => format!("every {interval} weeks"),
        _ => return printable_line(every),
    };
    match rule.2 {
        Some(days) => format!("{often}, on {}", days.split(',').map(day_name).collect::<Vec<_>>().join(", ")),
        None => often,
    }
}

fn day_name(day: &str) -> &str {
    match day {
        "MO" => "Monday",
        "TU" => "Tuesday",
        "WE" => "Wednesday",
        "TH" => "Thursday",
        "FR" => "Friday",
        "SA" => "Saturday",
        "SU" => "Sunday",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recurrences_read_as_words() {
        assert_eq!(in_words("FREQ=DAILY"), "every day");
        assert_eq!(in_words("FREQ=DAILY;INTERVAL=2"), "every 2 days");
        assert_eq!(in_words("FREQ=WEEKLY;BYDAY=SA,SU"), "every week, on Saturday, Sunday");
        assert_eq!(in_words("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU"), "every 2 weeks, on Sunday");
        assert_eq!(in_words("FREQ=YEARLY"), "FREQ=YEARLY");
    }
}
