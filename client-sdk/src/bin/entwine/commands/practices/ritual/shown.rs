//! How does a ritual look to a person?

use entwine_sdk::{Choice as _, DueList, DueView, OccurrenceView, Outcome, PauseView, RecordView, RitualView};

use super::words::in_words;
use crate::commands::journal::both_changed;
use crate::commands::{SHORT_TIME, local_text};
use crate::output::{Style, printable, printable_line, table};

/// How many of the last times a ritual was done are shown to people; programs get all.
const DONE_SHOWN: usize = 3;

pub(super) fn in_short(ritual: &RitualView, style: Style) -> String {
    let at = ritual.at.as_deref().map(|at| format!(", at {}", printable_line(at))).unwrap_or_default();
    let zone = ritual.zone.as_deref().map(|zone| format!(" in {}", printable_line(zone))).unwrap_or_default();
    let remind =
        ritual.reminder_minutes.map(|minutes| format!(", reminder {minutes} minutes before")).unwrap_or_default();
    let heading = vec![style.bold(printable_line(&ritual.name)), style.dim(&ritual.id)];
    let mut lines = vec![table(&[heading]), format!("  {}{at}{zone}{remind}", in_words(&ritual.every))];
    lines.push(format!("  since {}", printable_line(&ritual.starts)));
    lines.extend(ritual.pauses.iter().map(|pause| describe_pause(pause, style)));
    for (field, others) in &ritual.alternatives {
        lines.push(format!("  {}", both_changed(field, others, style)));
    }
    if !ritual.done.is_empty() {
        lines.push(table(&rows_of("  done ", ritual.done.iter().take(DONE_SHOWN))));
    }
    lines.join("\n")
}

pub(super) fn with_steps(ritual: &RitualView, style: Style) -> String {
    let mut lines = vec![in_short(ritual, style)];
    if !ritual.why.is_empty() {
        lines.push(printable(&ritual.why));
    }
    let rows = ritual.steps.iter().map(|step| {
        let minutes = step.minutes.map(|minutes| format!("{minutes} min")).unwrap_or_default();
        vec![format!("  {minutes}"), step.turn.as_str().to_owned(), printable_line(&step.text)]
    });
    if !ritual.steps.is_empty() {
        lines.push(table(&rows.collect::<Vec<_>>()));
    }
    lines.join("\n\n")
}

pub(super) fn history(found: &[OccurrenceView]) -> String {
    if found.is_empty() { "Nothing was said of these days.".to_owned() } else { table(&rows_of("", found.iter())) }
}

pub(super) fn due(list: &DueList, style: Style) -> String {
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

/// A row for what each says; the day stands before the first.
fn rows_of<'o>(before: &str, occurrences: impl Iterator<Item = &'o OccurrenceView>) -> Vec<Vec<String>> {
    let of_day = |occurrence: &'o OccurrenceView| {
        let day = format!("{before}{}", occurrence.date);
        let blank = " ".repeat(before.len());
        occurrence.records.iter().enumerate().map(move |(index, record)| {
            let day = if index == 0 { day.clone() } else { blank.clone() };
            vec![day, printable_line(&record.by), outcome(record), printable_line(&record.note)]
        })
    };
    occurrences.flat_map(of_day).collect()
}

fn outcome(record: &RecordView) -> String {
    match (record.outcome, record.to.as_deref(), record.from.as_deref()) {
        (Outcome::Moved, Some(to), _) => format!("moved to {to}"),
        (Outcome::Planned, _, Some(from)) => format!("moved here from {from}"),
        (outcome, _, _) => outcome.as_str().to_owned(),
    }
}

fn describe_pause(pause: &PauseView, style: Style) -> String {
    let to = pause.to.as_deref().map(|to| format!(" to {}", printable_line(to))).unwrap_or_default();
    let line = format!("  rests from {}{to}, {}", printable_line(&pause.from), printable_line(&pause.by));
    format!("{line}  {}", style.dim(&pause.id))
}
