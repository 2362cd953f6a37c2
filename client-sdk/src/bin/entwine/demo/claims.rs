//! Is it true? What the demo checks: words kept, hours kept, phones equal, databases unreadable.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::narrator::Voice;
use crate::failure::Failure;
use crate::output::{printable, printable_line};

/// Words shorter than this turn up by chance in some megabytes of random bytes.
const WORD_LETTERS_MIN: usize = 6;
/// How every SQLite database begins.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// A search for words in files.
#[derive(Debug)]
pub(super) struct Search {
    needles: Vec<Vec<u8>>,
    /// How many words are looked for.
    pub(super) words: usize,
    /// How many files were read.
    pub(super) files: usize,
    /// How many bytes were read.
    pub(super) bytes: usize,
    /// Which words were found, and where.
    pub(super) found: Vec<String>,
}

impl Search {
    /// For each word that is long enough, in whatever case.
    pub(super) fn for_words_of(texts: &[&str]) -> Self {
        let words = texts.iter().flat_map(|text| text.split(|c: char| !c.is_alphabetic()));
        let long = words.filter(|word| word.chars().count() >= WORD_LETTERS_MIN);
        let mut needles: Vec<Vec<u8>> = long.map(|word| word.to_lowercase().into_bytes()).collect();
        needles.sort();
        needles.dedup();
        Self { words: needles.len(), needles, files: 0, bytes: 0, found: Vec::new() }
    }

    /// Reads every file in the folder, and returns how many bytes that were. A folder without a database is a failure: then
    /// the search would have looked in the wrong place.
    pub(super) fn look_into(&mut self, folder: &Path) -> Result<usize, Failure> {
        let (mut bytes, mut databases, mut folders) = (0, 0, vec![folder.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let content = std::fs::read(&path)?;
                databases += usize::from(content.starts_with(SQLITE_MAGIC));
                bytes += content.len();
                self.files += 1;
                self.look_at(&content, &path);
            }
        }
        self.bytes += bytes;
        if databases == 0 {
            return Err(Failure::Demo(format!("there is no database in {}", folder.display())));
        }
        Ok(bytes)
    }

    fn look_at(&mut self, content: &[u8], path: &Path) {
        let content = content.to_ascii_lowercase();
        for needle in &self.needles {
            if content.windows(needle.len()).any(|window| window == needle.as_slice()) {
                self.found.push(format!("{} in {}", String::from_utf8_lossy(needle), path.display()));
            }
        }
    }
}

/// The words of `pieces` that `text` does not have, counted: a word written twice must be there twice. What was replaced
/// (`gone`) need not be.
pub(super) fn words_lost(text: &str, pieces: &[&str], gone: &[&str]) -> Vec<String> {
    let mut wanted = BTreeMap::new();
    for word in pieces.iter().flat_map(|piece| piece.split_whitespace()) {
        *wanted.entry(word).or_insert(0_i64) += 1;
    }
    for word in gone.iter().flat_map(|piece| piece.split_whitespace()) {
        *wanted.entry(word).or_insert(0) -= 1;
    }
    for word in text.split_whitespace() {
        *wanted.entry(word).or_insert(0) -= 1;
    }
    wanted.into_iter().filter(|(_, missing)| *missing > 0).map(|(word, _)| word.to_owned()).collect()
}

/// Whether the ritual shows one of the hours and keeps the other.
pub(super) fn both_hours(ritual: &Value, one: &str, other: &str) -> bool {
    let kept = &ritual["alternatives"]["at"];
    [(one, other), (other, one)]
        .iter()
        .any(|(stands, stays)| ritual["at"] == **stands && *kept == serde_json::json!([stays]))
}

/// The one ritual there is.
pub(super) fn only(rituals: &Value, id: &str) -> Result<Value, Failure> {
    match rituals.as_array().map(Vec::as_slice) {
        Some([ritual]) if ritual["id"] == id => Ok(ritual.clone()),
        _ => Err(Failure::Demo("there should be exactly one ritual on both phones".to_owned())),
    }
}

/// What a phone shows, as a column of text.
pub(super) fn page(voice: Voice, entry: &Value, rituals: &Value) -> String {
    let text = |value: &Value| value.as_str().map(printable).unwrap_or_default();
    let mut page = format!("{}'s phone\n\n{}\n\n{}", voice.name(), text(&entry["title"]), text(&entry["text"]));
    for ritual in rituals.as_array().into_iter().flatten() {
        let also = joined(&ritual["alternatives"]["at"]);
        page.push_str(&format!("\n\n{}, at {}; also {also}", text(&ritual["name"]), text(&ritual["at"])));
    }
    page
}

/// A value's words in one line.
pub(super) fn joined(value: &Value) -> String {
    match value {
        Value::Array(values) => values.iter().map(joined).collect::<Vec<_>>().join(" "),
        Value::String(text) => printable_line(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// How a failed claim ends.
pub(super) fn but(exceptions: &[String]) -> String {
    if exceptions.is_empty() { String::new() } else { format!(", but: {}", exceptions.join(", ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_readable_word_is_found_wherever_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(folder.path().join("x.db"), [SQLITE_MAGIC, b"sealed"].concat()).unwrap();
        let mut search = Search::for_words_of(&["We saw a Village of ice"]);
        assert_eq!(search.words, 1);
        assert_eq!(search.look_into(folder.path()).unwrap(), 22);
        assert!(search.found.is_empty());
        std::fs::write(inner.join("x.db-wal"), b"\0the VILLAGE\0").unwrap();
        search.look_into(folder.path()).unwrap();
        assert_eq!(search.found.len(), 1, "{:?}", search.found);
    }

    #[test]
    fn a_search_in_the_wrong_place_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("notes"), "nothing").unwrap();
        assert!(Search::for_words_of(&["village"]).look_into(folder.path()).is_err());
    }

    #[test]
    fn lost_words_are_counted() {
        assert_eq!(words_lost("to the frozen lake", &["to the lake", "the frozen lake"], &["the lake"]), [""; 0]);
        assert_eq!(words_lost("a rose", &["a rose", "is a rose"], &[]), ["a", "is", "rose"]);
    }

    #[test]
    fn both_hours_must_be_there() {
        let ritual = |at, also| json!({ "at": at, "alternatives": { "at": [also] } });
        assert!(both_hours(&ritual("20:30", "21:30"), "20:30", "21:30"));
        assert!(both_hours(&ritual("21:30", "20:30"), "20:30", "21:30"));
        assert!(!both_hours(&ritual("21:00", "20:30"), "20:30", "21:30"));
        assert!(!both_hours(&json!({ "at": "20:30", "alternatives": {} }), "20:30", "21:30"));
    }
}
