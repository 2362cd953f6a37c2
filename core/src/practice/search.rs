//! Where did we write about that? Words are looked for on the phone, whatever their case and their accents.

use jiff::civil::DateTime;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::document::{Document, Entity, Stored};
use crate::id::PersonId;
use crate::practice::refusal::{Refusal, check_not_empty};
use crate::time::Timestamp;

/// Characters on each side of what was found.
const AROUND: usize = 40;

/// Who looks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// The person.
    pub person: PersonId,
    /// The moment.
    pub now: Timestamp,
    /// The same moment as the clock on the wall has it, wherever they are.
    pub wall: DateTime,
}

/// Something whose words can be found.
pub trait Findable: Entity {
    /// What somebody typed, and nothing else of it.
    fn words(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Whether it is there for this reader by now. What waits for its hour is not.
    fn is_seen_by(&self, _reader: &Reader) -> bool {
        true
    }

    /// Whether its words may be found, by what else its document holds.
    fn is_open_in(stored: &Stored<Self>, _document: &Document, reader: &Reader) -> bool {
        stored.value.is_seen_by(reader)
    }
}

/// Words to look for. All of them must stand in a thing, in any order; each may be a part of a longer word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(Vec<String>);

impl Query {
    /// The words of this text.
    ///
    /// # Errors
    /// There are none.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        check_not_empty("search", text)?;
        Ok(Self(text.split_whitespace().map(fold).filter(|word| !word.is_empty()).collect()))
    }

    /// Where they stand in these texts: an excerpt around the first of them. None if one is missing.
    #[must_use]
    pub fn find(&self, texts: &[&str]) -> Option<String> {
        let folded: Vec<String> = texts.iter().map(|text| fold(text)).collect();
        let is_there = |word: &String| folded.iter().any(|text| text.contains(word));
        if !self.0.iter().all(is_there) {
            return None;
        }
        let first = self.0.first()?;
        let (text, at) = texts.iter().zip(&folded).find_map(|(text, folded)| Some((text, folded.find(first)?)))?;
        Some(excerpt(text, at))
    }
}

/// The text around the character that became the byte at `at` of the folded text.
fn excerpt(text: &str, at: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut folded = 0;
    let place = characters.iter().position(|&character| {
        folded += fold_one(character).map(char::len_utf8).sum::<usize>();
        folded > at
    });
    let place = place.unwrap_or_default();
    let (from, to) = (place.saturating_sub(AROUND), characters.len().min(place + AROUND));
    let around: String = characters[from..to].iter().map(|c| if c.is_whitespace() { ' ' } else { *c }).collect();
    format!("{}{}{}", if from > 0 { "…" } else { "" }, around.trim(), if to < characters.len() { "…" } else { "" })
}

fn fold(text: &str) -> String {
    text.chars().flat_map(fold_one).collect()
}

/// A character without case and accents. By way of the upper case, in which ß is SS and every sigma is one.
fn fold_one(character: char) -> impl Iterator<Item = char> {
    let parts = core::iter::once(character).nfkd().filter(|part| !is_combining_mark(*part));
    parts.flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(query: &str, text: &str) -> Option<String> {
        Query::parse(query).unwrap().find(&[text])
    }

    #[test]
    fn case_and_accents_do_not_matter() {
        for (query, text) in [
            ("cafe", "Le Café"),
            ("CAFÉ", "le cafe\u{301}"),
            ("strasse", "Straße"),
            ("ΟΔΟΣ", "οδος"),
            ("nino", "el niño"),
            ("fi", "ﬁsh"),
            ("été", "ETE"),
        ] {
            assert_eq!(found(query, text).as_deref(), Some(text), "{query} in {text}");
        }
        assert_eq!(found("tea", "coffee"), None);
    }

    #[test]
    fn all_words_must_be_there_in_whichever_text() {
        let query = Query::parse("lake  snow").unwrap();
        assert_eq!(query.find(&["First snow", "We walked to the lake."]).as_deref(), Some("We walked to the lake."));
        assert_eq!(query.find(&["First snow", "We walked."]), None);
        assert_eq!(Query::parse(" \n"), Err(Refusal::Empty("search")));
    }

    #[test]
    fn an_excerpt_shows_what_stands_around() {
        let text = format!("{} the lake at Ålesund {}", "before ".repeat(20), "after ".repeat(20));
        let excerpt = found("alesund", &text).unwrap();
        assert!(excerpt.contains("the lake at Ålesund after") && excerpt.starts_with('…') && excerpt.ends_with('…'));
        assert!(excerpt.chars().count() <= 2 * AROUND + 2);
    }

    proptest! {
        #[test]
        fn every_word_of_a_text_is_found_in_it(text in "\\PC{0,200}") {
            for word in text.split_whitespace() {
                let query = Query::parse(word).unwrap();
                prop_assert!(query.0.is_empty() || query.find(&[&text]).is_some(), "{word:?}");
            }
        }
    }
}
