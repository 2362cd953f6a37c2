//! Which document does something lie in? What has a date lies in its month's chapter, all else in `home`.

use core::fmt;
use core::str::FromStr;

use jiff::civil::Date;

const HOME: &str = "home";
const JOURNAL: &str = "journal/";

/// The name of a document: `home`, or `journal/2026-11`.
///
/// ```
/// use entwine_core::document::DocumentName;
///
/// let november = DocumentName::journal(jiff::civil::date(2026, 11, 24));
/// assert_eq!(november.as_str(), "journal/2026-11");
/// assert_eq!(DocumentName::parse("journal/2026-11"), Ok(november));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentName(String);

/// Text that names no document that this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a document: expected `home` or `journal/YYYY-MM`")]
pub struct ParseDocumentNameError;

impl DocumentName {
    /// What has no date: rituals, names, settings of the space.
    #[must_use]
    pub fn home() -> Self {
        Self(HOME.to_owned())
    }

    /// The chapter of the month that this day lies in.
    #[must_use]
    pub fn journal(date: Date) -> Self {
        Self(format!("{JOURNAL}{:04}-{:02}", date.year().clamp(0, 9999), date.month()))
    }

    /// Reads a name.
    ///
    /// # Errors
    /// The text is neither `home` nor `journal/YYYY-MM`.
    pub fn parse(text: &str) -> Result<Self, ParseDocumentNameError> {
        if text == HOME || is_chapter(text) { Ok(Self(text.to_owned())) } else { Err(ParseDocumentNameError) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a month's chapter.
    #[must_use]
    pub fn is_journal(&self) -> bool {
        self.0.starts_with(JOURNAL)
    }

    /// The month, as `2026-11`. None for `home`.
    #[must_use]
    pub fn month(&self) -> Option<&str> {
        self.0.strip_prefix(JOURNAL)
    }
}

fn is_chapter(text: &str) -> bool {
    let Some((year, month)) = text.strip_prefix(JOURNAL).and_then(|month| month.split_once('-')) else {
        return false;
    };
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(year, 4) && digits(month, 2) && ("01"..="12").contains(&month)
}

impl fmt::Display for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DocumentName {
    type Err = ParseDocumentNameError;
    fn from_str(text: &str) -> Result<Self, ParseDocumentNameError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::DOCUMENT_NAME_BYTES_MAX;

    #[test]
    fn a_name_is_exact() {
        for name in ["home", "journal/2026-11", "journal/0000-01", "journal/9999-12"] {
            assert_eq!(DocumentName::parse(name).map(|name| name.to_string()), Ok(name.to_owned()));
            assert!(name.len() <= DOCUMENT_NAME_BYTES_MAX);
        }
        for name in ["", "Home", "journal/", "journal/2026-13", "journal/2026-00", "journal/2026-1", "journal/+026-01"]
        {
            assert_eq!(DocumentName::parse(name), Err(ParseDocumentNameError), "{name}");
        }
        assert_eq!(DocumentName::journal(jiff::civil::date(2026, 2, 1)).month(), Some("2026-02"));
        assert!(!DocumentName::home().is_journal());
    }
}
