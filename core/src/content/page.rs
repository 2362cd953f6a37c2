//! How is a page of words written? Lines of a small part of Markdown, each of which says one thing.
//!
//! ```text
//! ## id: name      a heading: a deck, a feeling, a ritual
//! ### id: name     a heading below it; of questions, only the depth
//! why: text        why a ritual is good for two
//! every: rule      when a ritual comes round
//! - id: text       an item
//! # …  and  > …    for whoever reads the page
//! ```

/// One line that says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'t> {
    file: &'static str,
    line: usize,
    pub(super) kind: Kind,
    /// What stands before the colon.
    pub(super) key: &'t str,
    /// What stands after it.
    pub(super) text: &'t str,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Heading,
    Subheading,
    Why,
    Every,
    Item,
}

/// A page that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct ContentError {
    /// The page.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is none of the kinds.
    #[error(
        "a line begins with `## `, `### `, `- `, `why: ` or `every: `, or with `# ` or `> ` where it is for the reader alone"
    )]
    Unreadable,
    /// It has nothing after its colon, or no colon.
    #[error("`{0}` wants a colon and words after it")]
    NoWords(String),
    /// An id is not one.
    #[error("`{0}` is not an id: small letters and digits, in words joined by `-`, 40 characters at most")]
    Id(String),
    /// An id stands twice.
    #[error("the id `{0}` stands twice")]
    Repeated(String),
    /// A depth is none.
    #[error("a depth is 1, 2 or 3")]
    Depth,
    /// A step does not begin as one.
    #[error(
        "a step begins like `5 min, both:` or `both:`; a turn is both, first, second or each, and minutes go up to 1440"
    )]
    Step,
    /// The words are too many.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// A line stands where it cannot.
    #[error("this cannot stand here: {0}")]
    Misplaced(&'static str),
    /// A translation has another line than the English page.
    #[error("`{expected}` should stand here, as on the English page")]
    NotAsInEnglish {
        /// How the line there begins.
        expected: String,
    },
    /// A translation goes on after the English page has ended.
    #[error("the English page ends before this")]
    MoreThanInEnglish,
}

/// The parts of a page.
pub(super) fn read<'t>(file: &'static str, text: &'t str) -> Result<Vec<Part<'t>>, ContentError> {
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let told = lines.map(|(index, line)| (index + 1, line.trim()));
    told.filter(|(_, line)| !(line.is_empty() || *line == ">" || line.starts_with("# ") || line.starts_with("> ")))
        .map(|(line, text)| {
            read_line(text).map_err(|problem| ContentError { file, line, problem }).map(|part| (line, part))
        })
        .map(|read| read.map(|(line, (kind, key, text))| Part { file, line, kind, key, text }))
        .collect()
}

fn read_line(line: &str) -> Result<(Kind, &str, &str), Problem> {
    let (kind, rest) = if let Some(rest) = line.strip_prefix("## ") {
        (Kind::Heading, rest)
    } else if let Some(rest) = line.strip_prefix("### ") {
        (Kind::Subheading, rest)
    } else if let Some(rest) = line.strip_prefix("- ") {
        (Kind::Item, rest)
    } else if line.starts_with("why:") {
        (Kind::Why, line)
    } else if line.starts_with("every:") {
        (Kind::Every, line)
    } else {
        return Err(Problem::Unreadable);
    };
    let (key, text) = rest.split_once(':').unwrap_or((rest, ""));
    Ok((kind, key.trim(), text.trim()))
}

impl Part<'_> {
    /// An error about this line.
    pub(super) fn error(&self, problem: Problem) -> ContentError {
        ContentError { file: self.file, line: self.line, problem }
    }

    /// What stands before the colon, as an id.
    pub(super) fn id(&self) -> Result<String, ContentError> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if self.key.len() <= 40 && self.key.split('-').all(is_word) {
            Ok(self.key.to_owned())
        } else {
            Err(self.error(Problem::Id(self.key.chars().take(40).collect())))
        }
    }

    /// What stands after the colon.
    pub(super) fn words(&self, bytes_max: usize) -> Result<String, ContentError> {
        match self.text.len() {
            0 => Err(self.error(Problem::NoWords(self.key.chars().take(40).collect()))),
            bytes if bytes > bytes_max => Err(self.error(Problem::TooLong(bytes_max))),
            _ => Ok(self.text.to_owned()),
        }
    }

    /// How the line begins: what is the same in every locale.
    pub(super) fn beginning(&self) -> String {
        match self.kind {
            Kind::Heading => format!("## {}:", self.key),
            // A depth has no words.
            Kind::Subheading if self.text.is_empty() => format!("### {}", self.key),
            Kind::Subheading => format!("### {}:", self.key),
            Kind::Why => "why:".to_owned(),
            Kind::Every => format!("every: {}", self.text),
            Kind::Item => format!("- {}:", self.key),
        }
    }
}
