//! Where was this measured?

use std::fs;
use std::process::Command;

/// The commit, the machine and the compiler, in a sentence.
///
/// # Panics
/// Where git, uname or rustc are missing.
#[must_use]
pub fn machine() -> String {
    let told = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().expect("the program is there");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "Commit {}, {threads} processors ({}), {}, {}.",
        told("git", &["rev-parse", "--short=9", "HEAD"]),
        model.trim_start_matches(['\t', ' ', ':']),
        told("uname", &["-sr"]),
        told("rustc", &["--version"]),
    )
}
