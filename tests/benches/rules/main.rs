//! Would anybody notice? Rules of the product are broken, one at a time, in a copy of the sources; the tests must say so.
//!
//! `cargo bench -p entwine-tests --bench rules` breaks all of them, `-- --only signature` those whose name or file has this word, and
//! with `-- --write` the page `docs/reliability.md` is made of it and of the table that a long simulation left; what is not known
//! anew stays there as it is.

#![allow(clippy::print_stdout, reason = "it prints what it sees")]

mod breaking;
mod couple;
mod page;

use std::fs;
use std::path::Path;
use std::process::Command;

use breaking::Rule;
use entwine_tests::program;

/// Seconds of the processor that one process may take, and the kilobytes of memory: what goes on for ever, or takes in ever more, ends
/// so. No healthy test, and no compiler, takes a third of either.
const LIMITS: &str = "ulimit -t 400 -v 16000000; exec cargo \"$@\"";

/// A rule that was broken, and the tests that failed.
struct Broken {
    rule: &'static Rule,
    failed: Vec<String>,
}

fn main() {
    let copy = copy_of_the_sources();
    for rule in rules() {
        rule.broken(&copy);
    }
    let only = option("--only").unwrap_or_default();
    let is_written = std::env::args().any(|argument| argument == "--write");
    let mut broken = Vec::new();
    for rule in rules().filter(|rule| rule.name.contains(&only) || rule.file.contains(&only)) {
        let failed = break_it(&copy, rule);
        println!("{}: {}", rule.name, if failed.is_empty() { "NOBODY NOTICED".to_owned() } else { failed.join(", ") });
        broken.push(Broken { rule, failed });
        if is_written {
            page::write(&broken);
        }
    }
    let unnoticed: Vec<&str> = broken.iter().filter(|broken| broken.failed.is_empty()).map(|b| b.rule.name).collect();
    assert!(unnoticed.is_empty(), "nobody noticed that these were broken: {unnoticed:?}");
}

/// All of them: what keeps data, and then what keeps people.
fn rules() -> impl Iterator<Item = &'static Rule> {
    breaking::RULES.iter().chain(couple::RULES)
}

/// What follows an option of the command line.
fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// The last commit, in a folder of its own. It stays for the next time, so that only what changed is built anew.
fn copy_of_the_sources() -> String {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let copy = format!("{workspace}/target/rules");
    if !Path::new(&copy).exists() {
        git(&["clone", "--quiet", "--no-hardlinks", workspace, &copy]);
    }
    git(&["-C", &copy, "fetch", "--quiet", workspace, "HEAD"]);
    git(&["-C", &copy, "reset", "--quiet", "--hard", "FETCH_HEAD"]);
    copy
}

fn git(arguments: &[&str]) {
    let status = Command::new("git").args(arguments).status().expect("git is there");
    assert!(status.success(), "git {arguments:?} failed");
}

/// Breaks a rule, lets the tests run, and mends it: the tests that failed.
fn break_it(copy: &str, rule: &Rule) -> Vec<String> {
    let path = format!("{copy}/{}", rule.file);
    let whole = fs::read_to_string(&path).expect("the file is there");
    fs::write(&path, rule.broken(copy)).expect("it can be written");
    // What this was built with is built with again: only what comes from the broken file is new.
    let target = program::folder().parent().expect("programs lie in target/<profile>").to_owned();
    let mut output = String::new();
    for arguments in rule.commands {
        let mut command = Command::new("bash");
        command.args(["-c", LIMITS, "cargo"]).args(*arguments);
        let ended = command.current_dir(copy).env("CARGO_TARGET_DIR", &target).output().expect("bash is there");
        output += &String::from_utf8_lossy(&ended.stdout);
        output += &String::from_utf8_lossy(&ended.stderr);
    }
    fs::write(&path, whole).expect("it can be written");
    assert!(output.contains("\nrunning "), "{}: no test ran:\n{output}", rule.name);
    let tests = || output.lines().filter_map(|line| line.strip_prefix("test "));
    let failed = tests().filter_map(|line| line.strip_suffix(" ... FAILED")).map(str::to_owned);
    // A couple that never agrees goes on and on: that is to notice it, too.
    let has_ended = |test: &str| tests().any(|line| line.starts_with(&format!("{test} ... ")));
    let slow = tests().filter_map(|line| line.strip_suffix(" has been running for over 60 seconds"));
    failed.chain(slow.filter(|test| !has_ended(test)).map(|test| format!("{test} (does not end)"))).collect()
}
