//! How does a command answer? The only place that prints.
//!
//! The answer goes to stdout: lines for people, or with `--json` one JSON value in one line and nothing else. Everything
//! beside the answer (hints, progress, failures) goes to stderr. Colours and progress appear on terminals alone.

use std::fmt::Display;
use std::future::Future;
use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::time::{Duration, Instant};

use serde::Serialize;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// What takes longer than this gets a word of progress.
const PATIENCE: Duration = Duration::from_secs(2);
/// Nobody types more than this in answer to a question.
const INPUT_BYTES_MAX: usize = 4096;
const PROGRESS_STEP: Duration = Duration::from_millis(200);

/// Where a command's answer and its messages go.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    answers: Style,
    messages: Style,
}

/// What a stream can show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Whether somebody watches.
    pub(crate) terminal: bool,
    /// Whether to colour.
    pub(crate) colours: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let style = |terminal| Style { terminal, colours: terminal && !plain };
        Self { json, answers: style(io::stdout().is_terminal()), messages: style(io::stderr().is_terminal()) }
    }

    /// Whether a program reads the answer.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// What stdout can show.
    pub(crate) fn style(&self) -> Style {
        self.answers
    }

    /// What stderr can show.
    pub(crate) fn message_style(&self) -> Style {
        self.messages
    }

    /// Whether somebody reads the answer and can be asked something.
    pub(crate) fn is_conversation(&self) -> bool {
        self.answers.terminal && io::stdin().is_terminal()
    }

    /// Wipes what stands on the terminal, with what was scrolled out of sight (ECMA-48, and xterm's 3).
    pub(crate) fn wipe(&self) -> Result<(), Failure> {
        self.line("\x1b[H\x1b[2J\x1b[3J")
    }

    /// Asks somebody on the terminal, and waits for a line. An interruption ends the wait.
    pub(crate) async fn ask(&self, question: &str) -> Result<Zeroizing<String>, Failure> {
        let mut stdout = io::stdout().lock();
        write!(stdout, "{question} ").and_then(|()| stdout.flush())?;
        drop(stdout);
        read_input(|text| text.ends_with('\n')).await
    }

    /// Reads a phrase from standard input: as many lines as it takes, and no more.
    pub(crate) async fn read_words(&self, count: usize) -> Result<Zeroizing<String>, Failure> {
        if io::stdin().is_terminal() {
            self.note(&format!("Your {count} words, in one line or in several:"));
        }
        read_input(move |text| text.split_whitespace().count() >= count && text.ends_with('\n')).await
    }

    /// The command's one answer: `value` for programs, `lines` for people.
    pub(crate) fn answer(&self, value: &impl Serialize, lines: impl FnOnce(Style) -> String) -> Result<(), Failure> {
        let text = if self.json {
            serde_json::to_string(value).map_err(io::Error::from)?
        } else {
            lines(self.answers).trim_end().to_owned()
        };
        self.line(&text)
    }

    /// One of several answers that come as they come: false where nobody reads any more.
    pub(crate) fn event(&self, value: &impl Serialize, line: impl FnOnce(Style) -> String) -> Result<bool, Failure> {
        let text = if self.json { serde_json::to_string(value).map_err(io::Error::from)? } else { line(self.answers) };
        let mut stdout = io::stdout().lock();
        match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            result => result.map(|()| true).map_err(Failure::from),
        }
    }

    /// One line, or several, on stdout.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
            // Whoever reads has read enough (`entwine list | head -1`): the command is done all the same.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result?),
        }
    }

    /// A word beside the answer.
    pub(crate) fn note(&self, text: &str) {
        let_go(writeln!(io::stderr().lock(), "{text}"));
    }

    /// Why the command was not done.
    pub(crate) fn failure(&self, failure: &Failure) {
        let mut text = failure.to_string();
        let mut cause = std::error::Error::source(failure);
        while let Some(error) = cause {
            let told = error.to_string();
            if !text.contains(&told) {
                text = format!("{text}: {told}");
            }
            cause = error.source();
        }
        self.note(&format!("{} {}", self.messages.bold("entwine:"), printable(&text)));
    }

    /// Something for the eye alone, a QR code say: to whichever stream is a terminal.
    pub(crate) fn picture(&self, draw: impl FnOnce(Style) -> String) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        if self.answers.terminal {
            return self.line(&draw(self.answers));
        }
        if self.messages.terminal {
            self.note(&draw(self.messages));
        }
        Ok(())
    }

    /// Waits for `work`, and says on a terminal what is going on where that takes long.
    pub(crate) async fn progress<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        self.progress_of(|| what.to_owned(), work).await
    }

    /// The same where what is going on changes.
    pub(crate) async fn progress_of<T>(&self, what: impl Fn() -> String, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        if !self.messages.terminal {
            return work.await;
        }
        let begun = Instant::now();
        let mut line = ProgressLine { told: false };
        let mut wait = PATIENCE;
        loop {
            tokio::select! {
                result = &mut work => return result,
                () = tokio::time::sleep(wait) => {
                    line.tell(&format!("{} … {} s", what(), begun.elapsed().as_secs()));
                    wait = PROGRESS_STEP;
                }
            }
        }
    }
}

/// Reads lines from standard input until they are enough, or there are no more. In a thread that nobody waits for: a runtime
/// that ends would wait for a line that never comes.
async fn read_input(is_enough: impl Fn(&str) -> bool + Send + 'static) -> Result<Zeroizing<String>, Failure> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(String::new());
        let result = loop {
            match io::stdin().read_line(&mut text) {
                Ok(0) => break Ok(text),
                Ok(_) if is_enough(&text) || text.len() > INPUT_BYTES_MAX => break Ok(text),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        // Whoever asked may have been interrupted.
        _ = sender.send(result);
    });
    let read = receiver.await.map_err(|_| io::Error::from(ErrorKind::UnexpectedEof))?;
    Ok(read?)
}

/// A line that is written over, and gone when the work is: done or interrupted.
struct ProgressLine {
    told: bool,
}

impl ProgressLine {
    fn tell(&mut self, text: &str) {
        let mut stderr = io::stderr().lock();
        let_go(write!(stderr, "\r\x1b[K{text}").and_then(|()| stderr.flush()));
        self.told = true;
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.told {
            let_go(write!(io::stderr().lock(), "\r\x1b[K"));
        }
    }
}

/// There is nobody left to tell that stderr is gone.
fn let_go(_: io::Result<()>) {}

impl Style {
    pub(crate) fn bold(self, text: impl Display) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: impl Display) -> String {
        self.paint("2", text)
    }

    pub(crate) fn green(self, text: impl Display) -> String {
        self.paint("32", text)
    }

    pub(crate) fn yellow(self, text: impl Display) -> String {
        self.paint("33", text)
    }

    pub(crate) fn cyan(self, text: impl Display) -> String {
        self.paint("36", text)
    }

    /// `code` is an SGR parameter (ECMA-48).
    pub(crate) fn paint(self, code: &str, text: impl Display) -> String {
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// The text without characters that steer a terminal: a partner's words must not move a cursor or fake a line.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// The same for what stands in one line.
pub(crate) fn printable_line(text: &str) -> String {
    printable(text).replace(['\n', '\t'], " ")
}

/// Rows with their columns aligned; the last column is not padded.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let lines = rows.iter().map(|row| row_of(row, &widths));
    lines.collect::<Vec<_>>().join("\n")
}

fn row_of(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, full) in row.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(full.saturating_sub(width(cell)) + 2));
    }
    line.trim_end().to_owned()
}

/// Characters that take a place: escape sequences of [`Style`] take none.
pub(crate) fn width(text: &str) -> usize {
    let (mut count, mut escaped) = (0, false);
    for c in text.chars() {
        match c {
            '\x1b' => escaped = true,
            'm' if escaped => escaped = false,
            _ if escaped => {}
            _ => count += 1,
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLOURED: Style = Style { terminal: true, colours: true };

    #[test]
    fn columns_align_with_and_without_colours() {
        let rows =
            vec![vec![COLOURED.bold("a"), "Ada".to_owned(), "x".to_owned()], vec!["bcd".to_owned(), "Zoë".to_owned()]];
        assert_eq!(table(&rows), "\x1b[1ma\x1b[0m    Ada  x\nbcd  Zoë");
    }

    #[test]
    fn a_partners_words_cannot_steer_the_terminal() {
        assert_eq!(printable("a\x1b[2J\nb\u{9b}c\u{202e}"), "a\u{fffd}[2J\nb\u{fffd}c\u{fffd}");
        assert_eq!(printable_line("one\ntwo"), "one two");
    }

    #[test]
    fn nothing_is_coloured_where_nobody_watches() {
        let plain = Style { terminal: false, colours: false };
        assert_eq!(plain.bold("x"), "x");
    }
}
