//! How is it told? As a page: what was tried, what happened how often, and who notices when a rule is broken.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::{Broken, rules};

/// Tests that are named for a rule; the others are counted.
const NAMED_MAX: usize = 3;

const SIMULATION: &str = include_str!("page/simulation.txt");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reliability.md");

/// Writes `docs/reliability.md` anew. What is not known now, of a rule that was not broken this time or of the simulation where it left
/// no new table, stays as the page has it.
///
/// # Panics
/// Where the page cannot be read or written.
pub(crate) fn write(broken: &[Broken]) {
    let before = fs::read_to_string(PAGE).expect("the page is there");
    let simulation = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/simulation.md"));
    let simulation = simulation.unwrap_or_else(|_| table_of(&before));
    let mut page = format!(
        "{}\n{}\n{}\n\n{}",
        include_str!("page/faults.txt"),
        SIMULATION,
        simulation.trim_end(),
        include_str!("page/rules.txt")
    );
    page += "\n| what holds | broken in | who noticed | sources of |\n| --- | --- | --- | --- |\n";
    let mut missing = Vec::new();
    for rule in rules() {
        let row = broken.iter().find(|broken| broken.rule.name == rule.name).map(row);
        let head = format!("| {} |", rule.name);
        match row.or_else(|| before.lines().find(|line| line.starts_with(&head)).map(str::to_owned)) {
            Some(row) => page += &format!("{row}\n"),
            None => missing.push(rule.name),
        }
    }
    if !missing.is_empty() {
        let _ = writeln!(page, "\nNot run yet, and so not known to be noticed: {}.", missing.join("; "));
    }
    fs::write(PAGE, page).expect("the page can be written");
}

fn row(Broken { rule, failed }: &Broken) -> String {
    let named: Vec<String> = failed.iter().take(NAMED_MAX).map(|test| format!("`{test}`")).collect();
    let others = failed.len().saturating_sub(NAMED_MAX);
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    let named = if named.is_empty() { "nobody".to_owned() } else { named.join(", ") };
    format!("| {} | `{}` | {named}{others} | {} |", rule.name, rule.file, day_of_the_sources())
}

/// The day of the last commit: its hash may be another in somebody else's history.
fn day_of_the_sources() -> String {
    let told = Command::new("git").args(["log", "-1", "--format=%cs"]).output().expect("git is there");
    String::from_utf8_lossy(&told.stdout).trim().to_owned()
}

/// The table of the simulation that stands in a page.
fn table_of(page: &str) -> String {
    let after = page.split(SIMULATION.trim_end()).nth(1).expect("the page tells of the simulation");
    after.split("\n## ").next().unwrap_or_default().trim().to_owned() + "\n"
}
