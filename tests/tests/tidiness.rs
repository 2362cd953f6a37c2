//! Is the project as tidy as it says? What is in its rooms, how files begin and how long they are, and where links lead.

#![allow(clippy::unwrap_used, reason = "these are tests, their helpers included")]

use std::fs;
use std::path::{Path, PathBuf};

/// The longest that a file of code may be.
const LINES_MAX: usize = 600;

/// Crates that are named in their rooms alone: everything else must do without.
const ROOMS: &[(&str, &[&str])] = &[
    // And where tests look into a database from outside.
    (
        "sqlx",
        &[
            "server/src/store/",
            "server/tests/",
            "client-sdk/src/storage.rs",
            "client-sdk/src/storage/",
            "tests/src/database.rs",
            "tests/benches/load/limit.rs",
        ],
    ),
    ("unsafe {", &["tests/power-cut/src/lib.rs"]),
    ("actix", &["server/src/", "tests/benches/load/limit.rs"]),
    ("actix_web::web", &["server/src/app.rs", "server/src/body.rs", "server/src/observe.rs", "server/src/routes"]),
    ("uniffi", &["client-sdk/src/ffi.rs", "client-sdk/src/ffi/"]),
    // And where the plain truth is told.
    ("automerge::", &["core/src/document.rs", "core/src/document/", "core/tests/simulation/oracle.rs"]),
];

/// All files of the project with this ending, by their path from its root.
fn files(ending: &str) -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let shown = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
                folders.push(path);
            } else if name.ends_with(ending) && path.is_file() {
                found.push((shown, path));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file ends with {ending}");
    found
}

#[test]
fn crates_are_named_in_their_rooms_alone() {
    let own = "tests/tests/tidiness.rs";
    for (shown, path) in files(".rs") {
        let code = fs::read_to_string(path).unwrap();
        for (number, line) in code.lines().enumerate() {
            let line = line.trim_start();
            for (name, rooms) in ROOMS {
                let is_code = !line.starts_with("//") && line.contains(name);
                let is_home = shown == own || rooms.iter().any(|room| shown.starts_with(room));
                assert!(!is_code || is_home, "{shown}:{} names {name}, which stays in {rooms:?}", number + 1);
            }
        }
    }
}

#[test]
fn every_file_of_code_says_what_it_answers_and_none_is_too_long() {
    for (shown, path) in files(".rs") {
        let code = fs::read_to_string(path).unwrap();
        assert!(code.starts_with("//! "), "{shown} does not begin with what it answers");
        let lines = code.lines().count();
        assert!(lines <= LINES_MAX, "{shown} has {lines} lines");
    }
}

#[test]
fn links_between_the_projects_own_files_lead_somewhere() {
    for (shown, path) in files(".md") {
        let text = fs::read_to_string(&path).unwrap();
        for link in links(&text) {
            let (target, _anchor) = link.split_once('#').unwrap_or((&link, ""));
            if target.is_empty() || target.contains(':') {
                continue;
            }
            let file = path.parent().unwrap().join(target);
            assert!(file.exists(), "{shown} links to {target}, which is not there");
        }
    }
}

/// What stands in `](…)`, outside of code.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if !in_code {
            links.extend(line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
        }
    }
    links
}

/// `[core/tests/exchange.rs](core/tests/exchange.rs) `name_of_a_test``: what shows a sentence is there.
#[test]
fn the_tests_that_the_pages_name_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (page, mark) in [
        ("ARCHITECTURE.md", "**Invariant:**"),
        ("docs/when-things-go-wrong.md", "Story:"),
        ("docs/threat-model.md", "Story:"),
    ] {
        let page = root.join(page);
        let text = fs::read_to_string(&page).unwrap();
        let mut checked = 0;
        for paragraph in text.split(mark).skip(1) {
            let sentence = paragraph.split("\n\n").next().unwrap_or_default();
            let mut code = String::new();
            for link in links(sentence) {
                let file = page.parent().unwrap().join(&link);
                code += &if file.is_dir() { all_code_in(&file) } else { fs::read_to_string(&file).unwrap_or_default() };
            }
            for name in sentence.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 1) {
                let is_a_name = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
                assert!(
                    !is_a_name || code.contains(&format!("fn {name}")),
                    "no test {name} in what is linked beside it"
                );
                checked += usize::from(is_a_name);
            }
        }
        assert!(checked > 0, "{} names no test any more", page.display());
    }
}

#[test]
fn every_case_of_when_things_go_wrong_is_told_by_a_story() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = fs::read_to_string(root.join("docs/when-things-go-wrong.md")).unwrap();
    for case in text.split("\n## ").skip(1) {
        assert!(case.contains("\nStory: ["), "no test plays {:?}", case.lines().next());
    }
}

fn all_code_in(folder: &Path) -> String {
    let inside = files(".rs").into_iter().filter(|(_, path)| path.starts_with(folder));
    inside.map(|(_, path)| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn migrations_are_numbered_without_gaps_and_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let listed = fs::read_to_string(root.join("migrations/README.md")).unwrap();
    let mut expected = (String::new(), 0);
    for (shown, _) in files(".sql") {
        let (folder, name) = shown.strip_prefix("migrations/").unwrap().rsplit_once('/').unwrap();
        if expected.0 != folder {
            expected = (folder.to_owned(), 0);
        }
        expected.1 += 1;
        assert!(name.starts_with(&format!("{:04}_", expected.1)), "{shown} is not number {} of its folder", expected.1);
        assert!(listed.contains(&format!("`{folder}/{name}`")), "{shown} is missing in migrations/README.md");
    }
}
