//! What does the disk hold for certain? A folder with the content of every file and the names in every folder, each as of its
//! own last sync. Shared by the library that fills it and the stories that read it.
//!
//! ```text
//! file-<id>     what a file held when it was last synced
//! dropped-<id>  what a file held when a sync of it failed: that much of it is gone unless it is written anew
//! folder-<id>   one name a line, as of the folder's last sync: <id> <name>
//! ```
//!
//! A name and what stands under it are two things: a file whose folder was never synced has no name after a power cut, and a
//! name whose file was never synced leads to nothing.

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

/// A file was synced, and held this.
pub(crate) fn keep_file(shadow: &Path, id: &str, mut content: Vec<u8>) -> io::Result<()> {
    if let Ok(gone) = fs::read(dropped(shadow, id)) {
        let before = fs::read(file(shadow, id)).unwrap_or_default();
        for (number, block) in content.chunks_mut(BLOCK_BYTES).enumerate() {
            let at = number * BLOCK_BYTES;
            if gone.get(at..at + block.len()) == Some(&*block) {
                // The system does not know any more that this was never written.
                block.fill(0);
                let kept = before.get(at..).unwrap_or_default();
                let len = kept.len().min(block.len());
                block[..len].copy_from_slice(&kept[..len]);
            }
        }
    }
    replace(&file(shadow, id), &content)
}

/// A sync of a file failed, and the file held this: what of it had not been synced before is gone, and no later sync tells.
pub(crate) fn drop_file(shadow: &Path, id: &str, content: &[u8]) -> io::Result<()> {
    replace(&dropped(shadow, id), content)
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
