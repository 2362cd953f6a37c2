//! Where does a story take place? In one folder with all that its people and programs leave, kept when the story fails.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, thread};

use tempfile::TempDir;

use crate::relay::{Relay, Settings};
use crate::{Phone, search};

/// The stage of one story. Clones are the same stage.
#[derive(Debug, Clone)]
pub struct World(Arc<Stage>);

#[derive(Debug)]
struct Stage {
    folder: Option<TempDir>,
    commands: AtomicU32,
}

impl World {
    /// A new one, with nobody in it.
    ///
    /// # Panics
    /// Where the system's temporary folder takes nothing.
    #[must_use]
    pub fn new() -> Self {
        let story = thread::current().name().unwrap_or("story").replace("::", ".");
        let folder = tempfile::Builder::new().prefix(&format!("entwine.{story}.")).tempdir();
        let folder = folder.expect("the temporary folder takes folders");
        fs::create_dir(folder.path().join("log")).expect("a fresh folder takes folders");
        Self(Arc::new(Stage { folder: Some(folder), commands: AtomicU32::new(0) }))
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.0.folder.as_ref().expect("the folder stays as long as its stage").path()
    }

    /// A relay with no configuration at all.
    #[must_use]
    pub fn relay(&self) -> Relay {
        Relay::start(self, &[])
    }

    /// A relay that is set up by these variables.
    #[must_use]
    pub fn relay_with(&self, settings: Settings<'_>) -> Relay {
        Relay::start(self, settings)
    }

    /// Ada and Noor, paired over this relay. Ada has learned that Noor joined, and both are in sync.
    #[must_use]
    pub fn couple(&self, relay: &Relay) -> (Phone, Phone) {
        self.couple_by(&relay.url(), relay.token())
    }

    /// The same, with the address by which they know the relay.
    #[must_use]
    pub fn couple_by(&self, url: &str, token: &str) -> (Phone, Phone) {
        let (ada, noor) = (Phone::init(self, "Ada"), Phone::init(self, "Noor"));
        pair(&ada, &noor, url, token);
        (ada, noor)
    }

    /// The path, without an end, for the output of the next command.
    pub(crate) fn next_log(&self, words: &str) -> PathBuf {
        let number = self.0.commands.fetch_add(1, Ordering::Relaxed);
        let words = words.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        self.folder().join("log").join(format!("{number:04}-{words}"))
    }

    /// All that the programs said beside their answers: what the relay wrote to stdout and stderr, and the phones to stderr.
    #[must_use]
    pub fn logs(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = search::files_in(&self.folder().join("log"));
        files.retain(|(path, _)| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".stderr") || name.contains("-relay.")
        });
        files
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Stage {
    #[expect(clippy::print_stderr, reason = "whoever reads of a failed story wants to look at what it left")]
    fn drop(&mut self) {
        if thread::panicking()
            && let Some(folder) = self.folder.take()
        {
            eprintln!("what the story left: {}", folder.keep().display());
        }
    }
}

/// Lets Ada found a space and Noor join it, until both are in sync.
pub fn pair(ada: &Phone, noor: &Phone, url: &str, token: &str) {
    let _ = ada.run(&["create", "--relay", url, "--token", token]);
    let _ = noor.run(&["join", &ada.invite()]);
    meet(&[ada, noor, ada]);
}

/// Lets phones exchange with the relay, one after the other.
pub fn meet(phones: &[&Phone]) {
    for phone in phones {
        let _ = phone.sync();
    }
}
