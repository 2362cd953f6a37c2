//! Are the words that Entwine brings along there for a script and for a person, with no phone at all?

use std::collections::BTreeSet;

use entwine_tests::World;
use entwine_tests::program::{self, Ended, Running};
use serde_json::Value;

/// Runs it in an empty home, which stays empty.
fn entwine(world: &World, arguments: &[&str]) -> Ended {
    let home = world.folder().join("home");
    std::fs::create_dir_all(&home).unwrap();
    let mut command = program::command("entwine");
    command.args(arguments).env("HOME", &home).current_dir(&home);
    let shown = format!("entwine {}", arguments.join(" "));
    let ended = Running::start(command, shown.clone(), &world.folder().join(shown.replace(' ', "-"))).finish();
    assert_eq!(std::fs::read_dir(&home).unwrap().count(), 0, "{shown} leaves nothing behind");
    ended
}

fn list(world: &World, arguments: &[&str]) -> Vec<Value> {
    let answer = entwine(world, &[&["content"], arguments, &["--json"]].concat()).done();
    answer.as_array().unwrap().clone()
}

#[track_caller]
fn all_have(rows: &[Value], expected: &[&str]) {
    assert!(!rows.is_empty());
    for row in rows {
        let found: BTreeSet<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(found, expected.iter().copied().collect(), "{row}");
    }
}

#[test]
fn a_script_gets_the_words_as_lists_without_a_profile() {
    let world = World::new();
    let questions = list(&world, &["questions"]);
    all_have(&questions, &["deck", "depth", "id", "text"]);
    assert!(questions.len() >= 150, "{}", questions.len());
    let light = list(&world, &["questions", "--deck", "childhood", "--depth", "1"]);
    assert!(light.len() >= 8 && light.iter().all(|row| row["deck"] == "childhood" && row["depth"] == 1));
    assert!(light.iter().all(|row| questions.contains(row)));

    let feelings = list(&world, &["feelings"]);
    all_have(&feelings, &["id", "parent", "word"]);
    let (inner, finer): (Vec<&Value>, Vec<&Value>) = feelings.iter().partition(|row| row["parent"].is_null());
    assert!(inner.len() >= 6);
    assert!(finer.iter().all(|row| feelings.iter().any(|wider| wider["id"] == row["parent"])));

    let templates = list(&world, &["templates"]);
    all_have(&templates, &["cadence", "id", "name", "steps", "why"]);
    for template in &templates {
        all_have(template["steps"].as_array().unwrap(), &["minutes", "text", "turn"]);
    }
    assert_eq!(templates[0]["steps"][1]["turn"], "second");

    assert_eq!(list(&world, &["questions", "--locale", "tlh"]), questions, "English, where there is nothing else");
    let _ = entwine(&world, &["content", "questions", "--depth", "4"]).misused();
    let refused = entwine(&world, &["content", "questions", "--deck", "nothing"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains("childhood"), "{}", refused.stderr);
}

#[test]
fn a_person_reads_the_words_in_tables() {
    let world = World::new();
    for (kind, part) in [
        ("questions", "Beyond small talk"),
        ("feelings", "joyful\n  content"),
        ("templates", "2 min  first   Say how you woke up"),
    ] {
        let shown = entwine(&world, &["content", kind]);
        assert_eq!(shown.status.code(), Some(0), "{}", shown.stderr);
        assert!(shown.stdout.contains(part) && !shown.stdout.contains('\x1b'), "{}", shown.stdout);
    }
}
