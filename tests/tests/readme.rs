//! Is what the front pages say true? Runs README's walk and the demo as they stand, and asks each invariant for its test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// Far more than it needs: whatever runs into it hangs.
const GUARD: Duration = Duration::from_secs(180);

/// One substitution alone: the line that builds is left out, and `target/release` is where this test's programs are.
#[tokio::test]
async fn the_walk_works_as_it_stands() {
    let blocks = blocks("README.md");
    let [walk] = blocks.as_slice() else { panic!("README has one walk") };
    let ended = walk_through(walk).await;
    let told = String::from_utf8(ended.stdout).unwrap();
    let beside = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{}\n{told}\n{beside}", ended.status);
    for line in [
        "Both phones are equal.",
        "Not one of these words is in a database.",
        "(Noor's phone keeps it until the relay is back)",
    ] {
        assert!(told.lines().any(|told| told == line), "{line:?} is missing in\n{told}\n{beside}");
    }
    let merged = |line: &&str| line.contains("the frozen lake") && line.contains("your grandmother's kitchen");
    assert_eq!(told.lines().filter(merged).count(), 2, "both phones show the words of both:\n{told}");
    let six_words =
        |line: &&str| line.starts_with("  ") && line.split("  ").filter(|word| !word.is_empty()).count() == 6;
    let shown: Vec<&str> = told.lines().filter(six_words).collect();
    assert!(
        matches!(shown.as_slice(), [noor, ada] if noor == ada),
        "both phones show the same six words: {shown:?}\n{told}"
    );
    // Noor's one exchange without a relay, and nothing else, gives a reason to complain.
    assert_eq!(beside.lines().filter(|line| line.starts_with("entwine: ")).count(), 1, "{beside}");
    assert!(beside.contains("(offline)"), "{beside}");
}

/// The practices, each as a couple would use it.
#[tokio::test]
async fn the_way_through_the_practices_works_as_it_stands() {
    let ended = walk_through(&blocks("docs/walkthrough.md").join("\n")).await;
    let told = String::from_utf8(ended.stdout).unwrap();
    let beside = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success() && told.ends_with("All of it works.\n"), "{}\n{told}\n{beside}", ended.status);
}

/// That the tests are there is seen to in `tidiness.rs`.
#[test]
fn every_invariant_names_what_would_break_with_it() {
    let page = read("ARCHITECTURE.md");
    let invariants: Vec<&str> =
        page.split("\n\n").filter(|paragraph| paragraph.starts_with("**Invariant:**")).collect();
    assert!(invariants.len() >= 10, "only {} invariants were found", invariants.len());
    for invariant in invariants {
        let names_a_test = invariant.split('`').skip(1).step_by(2).any(|code| code.matches('_').count() >= 2);
        assert!(invariant.contains(".rs](") && names_a_test || invariant.contains("clippy.toml]("), "{invariant}");
    }
}

/// A program knows the variables of the other one, which may be set in the same shell, and refuses all else.
#[tokio::test]
async fn neither_program_minds_the_variables_of_the_other() {
    let printed = output(Command::new(programs().join("entwine-relay")).arg("config")).await;
    let of_the_relay = String::from_utf8(printed.stdout).unwrap();
    let names: Vec<&str> = of_the_relay.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(names.len() > 5 && names.contains(&"ENTWINE_DATA"), "{of_the_relay}");
    for name in names {
        let ended = output(Command::new(programs().join("entwine")).arg("--version").env(name, "1")).await;
        assert!(ended.status.success(), "entwine minds {name}: {}", String::from_utf8_lossy(&ended.stderr));
    }
    let mut helps = String::new();
    for command in ["init", "create", "sync"] {
        let help = output(Command::new(programs().join("entwine")).args(["help", command])).await;
        helps.push_str(&String::from_utf8(help.stdout).unwrap());
    }
    let names = helps.split("[env: ").skip(1).map(|rest| rest.split(['=', ']']).next().unwrap());
    let names: std::collections::BTreeSet<&str> = names.collect();
    assert!(names.contains("ENTWINE_PROFILE") && names.contains("ENTWINE_TOKEN"), "{names:?}");
    for name in names {
        let ended = output(Command::new(programs().join("entwine-relay")).arg("--version").env(name, "1")).await;
        assert!(ended.status.success(), "entwine-relay minds {name}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}

#[tokio::test]
async fn the_demo_finds_all_that_it_claims() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("demo");
    let ended = output(Command::new(programs().join("entwine")).args(["demo", "--json", "--folder"]).arg(&place)).await;
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((&summary["phones_equal"], &summary["every_word_kept"]), (&true.into(), &true.into()), "{summary}");
    assert_eq!(summary["words_found"], serde_json::json!([]), "{summary}");
    assert!(
        summary["words_searched"].as_u64() > Some(10) && summary["bytes_searched"].as_u64() > Some(50_000),
        "{summary}"
    );
}

/// The blocks of bash in a page.
fn blocks(page: &str) -> Vec<String> {
    let page = read(page);
    page.split("\n```bash\n").skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect()
}

/// Runs the script of a page in bash, in a folder where `target/release` is where this test's programs are.
async fn walk_through(script: &str) -> Output {
    let (building, walk): (Vec<&str>, Vec<&str>) = script.lines().partition(|line| line.starts_with("cargo build "));
    assert_eq!(building.len(), 1, "one line builds: {building:?}");
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("target")).unwrap();
    symlink(programs(), folder.path().join("target/release")).unwrap();
    let mut command = Command::new("bash");
    // What `mktemp` makes goes with the folder.
    command.arg("-c").arg(walk.join("\n")).current_dir(folder.path()).env("TMPDIR", folder.path());
    output(&mut command).await
}

async fn output(command: &mut Command) -> Output {
    let own: Vec<_> = command.as_std().get_envs().map(|(name, _)| name.to_owned()).collect();
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ENTWINE_")) {
        if !own.contains(&name) {
            command.env_remove(name);
        }
    }
    let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
    timeout(GUARD, run).await.expect("it hangs").expect("it starts")
}

/// Where Cargo puts programs: the folder above that of the tests.
fn programs() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().and_then(Path::parent).unwrap().to_owned();
    assert!(folder.join("entwine").is_file(), "the programs are missing: run scripts/test, which builds them first");
    folder
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
