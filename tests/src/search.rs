//! What of it can somebody find who looks into the files? Bytes as they are, and words as `strings` prints them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// All files in a folder and its folders, with what is in them.
///
/// # Panics
/// Where they cannot be read.
#[must_use]
pub fn files_in(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for item in fs::read_dir(folder).expect("the folder can be read") {
        let path = item.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(files_in(&path));
        } else if let Ok(bytes) = fs::read(&path) {
            // A file that is gone by now belonged to a database that is in use.
            files.push((path, bytes));
        }
    }
    files.sort();
    files
}

/// Whether these bytes hold those.
#[must_use]
pub fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else { return true };
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        from += at + 1;
        if bytes[from..].starts_with(rest) {
            return true;
        }
    }
    false
}

/// Shorter words turn up in random bytes by chance, if capitals do not count.
const FOLDED_LEN_MIN: usize = 6;

/// Which of the words stand in which of the files: as they are, and, if they are long enough, with other capitals.
#[must_use]
pub fn found<'w>(files: &[(PathBuf, Vec<u8>)], words: &[&'w str]) -> Vec<(PathBuf, &'w str)> {
    let mut found = Vec::new();
    for (path, bytes) in files {
        let folded = bytes.to_ascii_lowercase();
        for word in words {
            let is_long = word.len() >= FOLDED_LEN_MIN;
            if holds(bytes, word.as_bytes()) || is_long && holds(&folded, word.to_ascii_lowercase().as_bytes()) {
                found.push((path.clone(), *word));
            }
        }
    }
    found
}

/// What the program `strings` finds in a file, of four characters and more.
///
/// # Panics
/// Where there is no such program.
#[must_use]
pub fn strings(path: &Path) -> String {
    let output = Command::new("strings").arg("-a").arg(path).output().expect("`strings` is there: see scripts/test");
    assert!(output.status.success(), "strings failed on {}", path.display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found() {
        let files = vec![
            (PathBuf::from("plain"), b"\x00\x01First snow\xff".to_vec()),
            (PathBuf::from("shouted"), b"FIRST SNOW".to_vec()),
            (PathBuf::from("sealed"), b"Fir\x00st snow, Ad, ADA".to_vec()),
        ];
        let found = found(&files, &["First snow", "Ada"]);
        assert_eq!(found, [(PathBuf::from("plain"), "First snow"), (PathBuf::from("shouted"), "First snow")]);
        assert!(holds(b"aab", b"ab") && holds(b"x", b"") && !holds(b"aab", b"abb"));
    }

    #[test]
    fn strings_shows_what_stands_between_other_bytes() {
        let folder = tempfile::tempdir().expect("the temporary folder takes folders");
        let path = folder.path().join("file");
        fs::write(&path, b"\x00\x01\x02We walked\x00\x03\x04").expect("a fresh folder takes files");
        assert!(strings(&path).contains("We walked"));
    }
}
