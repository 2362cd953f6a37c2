//! How is it told? As a page: what was tried, what happened how often, and who notices when a rule is broken.

use std::fmt::Write as _;
use std::fs;

use entwine_tests::machine::machine;

use super::Broken;

/// Tests that are named for a rule; the others are counted.
const NAMED_MAX: usize = 3;

/// Writes `docs/reliability.md`.
pub(crate) fn write(broken: &[Broken]) {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let simulation = fs::read_to_string(format!("{workspace}/target/simulation.md"));
    let simulation = simulation.expect("`just reliability` lives through the simulation first, which leaves its table");
    let mut page = format!(
        "{}\n{}\n{simulation}\n{}",
        include_str!("page/faults.txt"),
        include_str!("page/simulation.txt"),
        include_str!("page/rules.txt")
    );
    let _ = write!(page, "\n{}\n\n| what holds | broken in | who noticed |\n| --- | --- | --- |\n", machine());
    for Broken { rule, failed } in broken {
        let named: Vec<String> = failed.iter().take(NAMED_MAX).map(|test| format!("`{test}`")).collect();
        let others = failed.len().saturating_sub(NAMED_MAX);
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        let _ = writeln!(page, "| {} | `{}` | {}{others} |", rule.name, rule.file, named.join(", "));
    }
    fs::write(format!("{workspace}/docs/reliability.md"), page).expect("the docs can be written");
}
