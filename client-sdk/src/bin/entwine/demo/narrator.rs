//! How is the demo told? Chapter by chapter, at a pace that can be followed.

use std::time::Duration;

use crate::failure::Failure;
use crate::output::{Output, Style, printable_line, width};

/// Time to read a line.
const PAUSE: Duration = Duration::from_millis(900);
/// Two of these, and what stands between them, fit into 80 columns.
const COLUMN_WIDTH: usize = 36;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    Ada,
    Noor,
    Relay,
}

impl Voice {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ada => "Ada",
            Self::Noor => "Noor",
            Self::Relay => "relay",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Self::Ada => "36",
            Self::Noor => "35",
            Self::Relay => "33",
        }
    }
}

/// Tells people; is silent where a program wants one value.
#[derive(Debug)]
pub(super) struct Narrator<'o> {
    output: &'o Output,
    silent: bool,
    pause: Duration,
}

impl<'o> Narrator<'o> {
    pub(super) fn new(output: &'o Output, fast: bool) -> Self {
        let silent = output.is_json();
        let watched = output.style().terminal && !silent && !fast;
        Self { output, silent, pause: if watched { PAUSE } else { Duration::ZERO } }
    }

    pub(super) fn headline(&self, text: &str) -> Result<(), Failure> {
        self.line(&self.style().bold(text))
    }

    pub(super) fn chapter(&self, text: &str) -> Result<(), Failure> {
        self.line(&format!("\n{}", self.style().bold(text)))
    }

    pub(super) fn say(&self, text: &str) -> Result<(), Failure> {
        self.line(&format!("  {text}"))
    }

    /// What somebody types.
    pub(super) fn command(&self, voice: Voice, command: &str) -> Result<(), Failure> {
        let name = self.style().paint(voice.colour(), format!("{:>7}", voice.name()));
        self.line(&format!("{name} {} {}", self.style().dim("$"), printable_line(command)))
    }

    /// What comes back.
    pub(super) fn answer(&self, text: &str) -> Result<(), Failure> {
        self.line(&format!("          {}", self.style().dim(printable_line(text))))
    }

    /// Says that something is true, if it is; else the demo ends here.
    pub(super) fn claim(&self, holds: bool, what: &str) -> Result<(), Failure> {
        if holds {
            return self.line(&format!("        {} {what}", self.style().green("✓")));
        }
        self.line(&format!("        {} {what}", self.style().yellow("✗")))?;
        Err(Failure::Demo(format!("this did not hold: {what}")))
    }

    pub(super) fn side_by_side(&self, left: &str, right: &str) -> Result<(), Failure> {
        let (left, right) = (wrap(left), wrap(right));
        let mut lines = Vec::new();
        for row in 0..left.len().max(right.len()) {
            let cell = |column: &[String]| column.get(row).cloned().unwrap_or_default();
            let (left, right) = (cell(&left), cell(&right));
            let gap = " ".repeat(COLUMN_WIDTH - width(&left));
            let line = format!("  {left}{gap}  {}  {right}", self.style().dim("│"));
            lines.push(line.trim_end().to_owned());
        }
        self.line(&lines.join("\n"))
    }

    /// Lets what was told be read.
    pub(super) async fn pause(&self) {
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
    }

    fn style(&self) -> Style {
        self.output.style()
    }

    fn line(&self, text: &str) -> Result<(), Failure> {
        if self.silent { Ok(()) } else { self.output.line(text) }
    }
}

/// Lines of at most [`COLUMN_WIDTH`], broken between words; a longer word is cut.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && width(&line) + 1 + width(word) > COLUMN_WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(word.chars().take(COLUMN_WIDTH));
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_broken_between_words() {
        let lines = wrap("We walked to the frozen lake this morning, while the village slept.\n\nThe end");
        assert_eq!(lines, ["We walked to the frozen lake this", "morning, while the village slept.", "", "The end"]);
        assert!(wrap(&"x".repeat(100)).iter().all(|line| width(line) <= COLUMN_WIDTH));
    }
}
