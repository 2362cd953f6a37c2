//! How is a text changed in the editor of one's choice? In a file inside the profile folder that nobody else can read and
//! that is gone afterwards.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use crate::failure::Failure;

static OPEN: AtomicBool = AtomicBool::new(false);

/// Whether an editor has the terminal now.
pub(crate) fn is_open() -> bool {
    OPEN.load(Ordering::Relaxed)
}

/// A text in the making. Its folder goes when this goes, with whatever an editor left beside the file.
pub(crate) struct Draft {
    folder: TempDir,
    opened: String,
}

impl Draft {
    /// Lays the text out for an editor.
    pub(crate) fn new(profile: &Path, text: &str) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new()
            .prefix("editing-")
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(profile)?;
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(folder.path().join(FILE_NAME))?;
        file.write_all(text.as_bytes())?;
        Ok(Self { folder, opened: text.to_owned() })
    }

    /// Runs `$VISUAL`, else `$EDITOR`, until it ends, and returns what it saved.
    pub(crate) async fn edit(&self, answer_is_json: bool) -> Result<String, Failure> {
        let command = chosen_editor().ok_or(Failure::NoEditor)?;
        let mut shell = tokio::process::Command::new("sh");
        // The shell splits a command such as `code --wait`; the path is handed over unsplit.
        shell.arg("-c").arg(format!("{command} \"$1\"")).arg("sh").arg(self.folder.path().join(FILE_NAME));
        if answer_is_json {
            // stdout belongs to the answer.
            shell.stdout(Stdio::from(std::io::stderr()));
        }
        OPEN.store(true, Ordering::Relaxed);
        let status = shell.kill_on_drop(true).status().await;
        OPEN.store(false, Ordering::Relaxed);
        let status = status?;
        if !status.success() {
            return Err(Failure::EditorFailed { command, status });
        }
        // By its name: many editors save by putting a new file in the place of the old one.
        let saved = std::fs::read(self.folder.path().join(FILE_NAME))?;
        let saved = String::from_utf8(saved).map_err(|_| Failure::EditedTextUnreadable)?;
        Ok(without_added_newline(&self.opened, saved))
    }

    /// Leaves the file where it is, since it holds the only copy of what was typed.
    pub(crate) fn keep(self) -> std::path::PathBuf {
        self.folder.keep().join(FILE_NAME)
    }
}

const FILE_NAME: &str = "entry.md";

fn chosen_editor() -> Option<String> {
    ["VISUAL", "EDITOR"].into_iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.trim().is_empty())
}

/// Most editors end a file with a newline. Where the text had none, that newline is the editor's, not the writer's.
fn without_added_newline(opened: &str, mut saved: String) -> String {
    if !opened.ends_with('\n') && saved.ends_with('\n') {
        saved.pop();
    }
    saved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_private_and_leaves_nothing_behind() {
        let profile = tempfile::tempdir().unwrap();
        let draft = Draft::new(profile.path(), "words").unwrap();
        let file = draft.folder.path().join(FILE_NAME);
        assert!(file.starts_with(profile.path()));
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(draft.folder.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(draft.folder.path().join(".entry.md.swp"), "what an editor leaves").unwrap();
        drop(draft);
        assert_eq!(std::fs::read_dir(profile.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_editors_own_newline_is_no_change() {
        assert_eq!(without_added_newline("a", "a\n".to_owned()), "a");
        assert_eq!(without_added_newline("a", "a\n\n".to_owned()), "a\n");
        assert_eq!(without_added_newline("a\n", "a\n".to_owned()), "a\n");
    }
}
