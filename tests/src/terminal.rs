//! What do a command and somebody at a terminal say to each other? `script` gives the command a terminal of its own.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::program::{GUARD, end, wait};

/// A command on a terminal, which is killed when this goes out of scope.
#[derive(Debug)]
pub struct Terminal {
    what: String,
    child: Child,
    keys: ChildStdin,
    written: Receiver<Vec<u8>>,
    unread: Vec<u8>,
}

impl Terminal {
    /// Starts a command, with its arguments and variables, on a terminal without colours.
    ///
    /// # Panics
    /// Where there is no program `script`.
    #[must_use]
    pub fn start(command: &Command, what: String) -> Self {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let line: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line.join(" "), "/dev/null"]);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        script.env("TERM", "xterm").env("NO_COLOR", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().expect("`script` is there: see scripts/test");
        let keys = child.stdin.take().expect("its stdin is ours");
        let mut stdout = child.stdout.take().expect("its stdout is ours");
        let (sender, written) = mpsc::channel();
        thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(len @ 1..) = stdout.read(&mut part) {
                let _ = sender.send(part[..len].to_vec());
            }
        });
        Self { what, child, keys, written, unread: Vec::new() }
    }

    /// Waits until this stands on the screen: all that came since the last time, with it.
    ///
    /// # Panics
    /// Where it never does.
    #[must_use]
    pub fn until(&mut self, words: &str) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.unread).into_owned();
            if let Some(at) = text.find(words) {
                let seen = text[..at + words.len()].to_owned();
                self.unread.drain(..seen.len());
                return seen;
            }
            let part = self.written.recv_timeout(GUARD);
            self.unread.extend(part.unwrap_or_else(|_| panic!("{}: no {words:?} in {text:?}", self.what)));
        }
    }

    /// Types a line.
    ///
    /// # Panics
    /// Where the command has ended.
    pub fn type_line(&mut self, line: &str) {
        let keys = self.keys.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.keys.flush());
        keys.unwrap_or_else(|error| panic!("{}: {error}", self.what));
    }

    /// Waits for the end of the command: how it ended, and what it wrote last.
    ///
    /// # Panics
    /// Where it hangs.
    #[must_use]
    pub fn finish(mut self) -> (ExitStatus, String) {
        let status = wait(&mut self.child, &self.what);
        self.unread.extend(self.written.iter().flatten());
        (status, String::from_utf8_lossy(&self.unread).into_owned())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
