//! What is left of a folder when the power went? A disk for one program, which forgets what was not synced, fills up, or fails.
//!
//! The library `power-cut`, loaded before the program, keeps what each sync made certain. A power cut is a kill, and then the
//! folder as the disk may hold it, by a seed:
//!
//! - either nothing but what was synced: every file as of its own last sync, every name as of its folder's;
//! - or beside that any part of what was not: each sector of a file, its length and each name is by chance the synced one or
//!   the one that the killed programs left. So half a write is there without the other half, and a later one without an
//!   earlier one.
//!
//! What was there before the program began counts as synced.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::chance::Chance;
use crate::{World, program};

#[allow(dead_code, reason = "the library uses more of it")]
#[path = "../power-cut/src/shadow.rs"]
mod shadow;

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// Set to 7, it lets the power go before the seventh time that the program writes or syncs.
pub const DIES_AT: &str = "POWER_CUT_AT";
/// Set to `sync:7` or `write:7`, it lets the seventh sync or write of the program fail.
pub const FAILS: &str = "POWER_CUT_FAIL";

/// A disk.
#[derive(Debug, Clone)]
pub struct Disk {
    live: PathBuf,
    synced: PathBuf,
}

impl Disk {
    /// A new one, with nothing on it.
    ///
    /// # Panics
    /// Where the story's folder takes no folders.
    #[must_use]
    pub fn new(world: &World, name: &str) -> Self {
        let live = world.folder().join(format!("disk-of-{name}"));
        let synced = live.with_extension("synced");
        fs::create_dir(&live).expect("the story's folder takes folders");
        let live = live.canonicalize().expect("a folder that was made has a path");
        let disk = Self { live, synced };
        disk.settle();
        disk
    }

    /// What is on it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.live
    }

    /// What lets a program run on it.
    ///
    /// # Panics
    /// Where the library was not built.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let library = program::path_of("libpower_cut.so");
        let text = |path: &Path| path.to_str().expect("the story's paths are text").to_owned();
        [("LD_PRELOAD", &library), ("POWER_CUT_LIVE", &self.live), ("POWER_CUT_SYNCED", &self.synced)]
            .map(|(name, path)| (name.to_owned(), text(path)))
            .to_vec()
    }

    /// How often the last program wrote and synced.
    #[must_use]
    pub fn calls(&self) -> u64 {
        let calls = fs::read_to_string(self.synced.join("calls")).unwrap_or_default();
        calls.parse().unwrap_or_default()
    }

    /// Leaves room for so many further bytes.
    ///
    /// # Panics
    /// Where the story's folder takes no files.
    pub fn fill_up_to(&self, bytes: u64) {
        let used: u64 = crate::search::files_in(&self.live).iter().map(|(_, content)| content.len() as u64).sum();
        fs::write(self.synced.join("room"), (used + bytes).to_string()).expect("the story's folder takes files");
    }

    /// Makes room without end.
    ///
    /// # Panics
    /// Where it was not full.
    pub fn make_room(&self) {
        fs::remove_file(self.synced.join("room")).expect("there was an end of its room");
    }

    /// The power is gone and back: from now on it holds what it may hold then. The programs were killed already.
    ///
    /// # Panics
    /// Where its folders cannot be changed.
    pub fn cut(&self, chance: &mut Chance) {
        let loss = Loss { disk: self, live: paths_by_id(&self.live), takes_all: chance.coin() };
        let after = self.live.with_extension("after");
        loss.rebuild(&id_of(&self.live), &after, chance);
        fs::remove_dir_all(&self.live).expect("its folder can be removed");
        fs::rename(&after, &self.live).expect("its folder can be renamed");
        self.settle();
    }

    /// All that is on it counts as synced.
    fn settle(&self) {
        let _ = fs::remove_dir_all(&self.synced);
        fs::create_dir(&self.synced).expect("the story's folder takes folders");
        for path in paths_by_id(&self.live).values() {
            let kept = if path.is_dir() {
                shadow::keep_folder(&self.synced, path)
            } else {
                let content = fs::read(path).expect("its files can be read");
                shadow::keep_file(&self.synced, &id_of(path), content)
            };
            kept.expect("the story's folder takes files");
        }
    }
}

fn id_of(path: &Path) -> String {
    shadow::id(&fs::metadata(path).expect("what is there can be looked at"))
}

/// A folder and everything in it.
fn paths_by_id(folder: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::from([(id_of(folder), folder.to_owned())]);
    for item in fs::read_dir(folder).expect("its folders can be read") {
        let path = item.expect("its folders can be read").path();
        if path.is_dir() {
            found.extend(paths_by_id(&path));
        } else {
            found.insert(id_of(&path), path);
        }
    }
    found
}

/// One power cut.
struct Loss<'d> {
    disk: &'d Disk,
    /// What the killed programs left.
    live: BTreeMap<String, PathBuf>,
    /// Whether nothing is left of what was not synced.
    takes_all: bool,
}

impl Loss<'_> {
    fn rebuild(&self, folder: &str, to: &Path, chance: &mut Chance) {
        fs::create_dir(to).expect("the story's folder takes folders");
        for (name, id) in self.names(folder, chance) {
            let to = to.join(name);
            if self.live.get(&id).is_some_and(|path| path.is_dir()) {
                self.rebuild(&id, &to, chance);
            } else {
                fs::write(to, self.content(&id, chance)).expect("the story's folder takes files");
            }
        }
    }

    /// The names in a folder, and what each leads to.
    fn names(&self, folder: &str, chance: &mut Chance) -> BTreeMap<String, String> {
        let synced: BTreeMap<String, String> = shadow::names_in(&self.disk.synced, folder).into_iter().collect();
        let Some(path) = self.live.get(folder).filter(|_| !self.takes_all) else { return synced };
        let items = fs::read_dir(path).expect("its folders can be read").map(|item| item.expect("it can be read"));
        let left: BTreeMap<String, String> =
            items.map(|item| (item.file_name().to_string_lossy().into_owned(), id_of(&item.path()))).collect();
        let all: BTreeSet<&String> = synced.keys().chain(left.keys()).collect();
        let mut names = BTreeMap::new();
        for name in all {
            let side = if chance.coin() { &synced } else { &left };
            if let Some(id) = side.get(name) {
                names.insert(name.clone(), id.clone());
            }
        }
        names
    }

    fn content(&self, id: &str, chance: &mut Chance) -> Vec<u8> {
        let synced = fs::read(shadow::file(&self.disk.synced, id)).unwrap_or_default();
        let Some(path) = self.live.get(id).filter(|_| !self.takes_all) else { return synced };
        let left = fs::read(path).expect("its files can be read");
        let len = if chance.coin() { synced.len() } else { left.len() };
        let mut content = vec![0; len];
        for (number, sector) in content.chunks_mut(SECTOR_BYTES).enumerate() {
            let side = if chance.coin() { &synced } else { &left };
            let there = side.get(number * SECTOR_BYTES..).unwrap_or_default();
            let len = there.len().min(sector.len());
            sector[..len].copy_from_slice(&there[..len]);
        }
        content
    }
}
