//! What does the disk hold for certain? A folder with the content of every file and the names in every folder, each as of its
//! own last sync. Shared by the library that fills it and the stories that read it.
//!
//! ```text
//! file-<id>     what a file held when it was last synced
//! dropped-<id>  which blocks of a file a sync failed to write, unless they were written anew since: one number a line
//! folder-<id>   one name a line, as of the folder's last sync: <id> <name>
//! ```
//!
//! A name and what stands under it are two things: a file whose folder was never synced has no name after a power cut, and a
//! name whose file was never synced leads to nothing.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Bytes that a system writes back at once.
const BLOCK_BYTES: usize = 4096;

/// Which file or folder this is, whatever its name. The number alone is given away again once a file is gone.
pub(crate) fn id(metadata: &Metadata) -> String {
    let born = metadata.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("{}-{}", metadata.ino(), born.as_nanos())
}

/// Where the synced content of a file is kept.
pub(crate) fn file(shadow: &Path, id: &str) -> PathBuf {
    shadow.join(format!("file-{id}"))
}

fn dropped(shadow: &Path, id: &str) -> PathBuf {
    shadow.join(format!("dropped-{id}"))
}

fn folder(shadow: &Path, id: &str) -> PathBuf {
    shadow.join(format!("folder-{id}"))
}

/// Lets one process at a time read a file and keep what it read, until the result is dropped.
pub(crate) fn lock(shadow: &Path) -> io::Result<File> {
    let lock = File::create(shadow.join("lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// A file was synced, and held this. Of what an earlier sync failed to write, and nobody wrote anew, nothing is there: the system
/// has forgotten that it never came to the disk.
pub(crate) fn keep_file(shadow: &Path, id: &str, mut content: Vec<u8>) -> io::Result<()> {
    let dropped = dropped_blocks(shadow, id);
    let before = if dropped.is_empty() { Vec::new() } else { fs::read(file(shadow, id)).unwrap_or_default() };
    for number in dropped {
        let at = number * BLOCK_BYTES;
        let end = content.len().min(at + BLOCK_BYTES);
        if let Some(block) = content.get_mut(at..end) {
            block.fill(0);
            let kept = before.get(at..before.len().min(end)).unwrap_or_default();
            block[..kept.len()].copy_from_slice(kept);
        }
    }
    replace(&file(shadow, id), &content)
}

/// A sync of a file failed, and the file held this.
pub(crate) fn drop_file(shadow: &Path, id: &str, content: &[u8]) -> io::Result<()> {
    let before = fs::read(file(shadow, id)).unwrap_or_default();
    let mut dropped = dropped_blocks(shadow, id);
    let blocks = content.chunks(BLOCK_BYTES).enumerate();
    dropped.extend(
        blocks
            .filter(|(number, block)| !before[before.len().min(number * BLOCK_BYTES)..].starts_with(block))
            .map(|(number, _)| number),
    );
    set_dropped_blocks(shadow, id, &dropped)
}

/// Some of a file is written: what of it an earlier sync failed to write gets another chance.
pub(crate) fn write_anew(shadow: &Path, id: &str, at: u64, len: usize) -> io::Result<()> {
    if !dropped(shadow, id).exists() {
        return Ok(());
    }
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    let written = at / BLOCK_BYTES..=at.saturating_add(len) / BLOCK_BYTES;
    let mut dropped = dropped_blocks(shadow, id);
    dropped.retain(|number| !written.contains(number));
    set_dropped_blocks(shadow, id, &dropped)
}

fn dropped_blocks(shadow: &Path, id: &str) -> BTreeSet<usize> {
    let text = fs::read_to_string(dropped(shadow, id)).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

fn set_dropped_blocks(shadow: &Path, id: &str, blocks: &BTreeSet<usize>) -> io::Result<()> {
    let text: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    replace(&dropped(shadow, id), text.join("\n").as_bytes())
}

/// A folder was synced, and had these names.
pub(crate) fn keep_folder(shadow: &Path, path: &Path) -> io::Result<()> {
    let mut names = String::new();
    for item in fs::read_dir(path)? {
        let item = item?;
        names += &format!("{} {}\n", id(&item.metadata()?), item.file_name().to_string_lossy());
    }
    replace(&folder(shadow, &id(&fs::metadata(path)?)), names.as_bytes())
}

/// The names in a folder as of its last sync, each with what stands under it; none in one that was never synced.
pub(crate) fn names_in(shadow: &Path, id: &str) -> Vec<(String, String)> {
    let names = fs::read_to_string(folder(shadow, id)).unwrap_or_default();
    let names = names.lines().filter_map(|line| line.split_once(' '));
    names.map(|(id, name)| (name.to_owned(), id.to_owned())).collect()
}

/// Whole or not at all, also where the process is killed meanwhile. Whoever calls this holds the lock.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let whole = path.with_extension("new");
    fs::write(&whole, content)?;
    fs::rename(&whole, path)
}
