//! What does somebody see who leaves `entwine watch` running? Its events, one after the other.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{GUARD, end, signal, wait};

/// A phone that watches, until this goes out of scope.
#[derive(Debug)]
pub struct Watching {
    what: String,
    child: Child,
    events: Receiver<Value>,
}

impl Watching {
    pub(crate) fn start(mut command: Command, what: String) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{what}: {error}"));
        let stdout = child.stdout.take().expect("its stdout is ours");
        let (sender, events) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                let _ = sender.send(event);
            }
        });
        Self { what, child, events }
    }

    /// The first event of which this holds, within the time that anything may take.
    ///
    /// # Panics
    /// Where none comes.
    pub fn until(&self, holds: impl Fn(&Value) -> bool) -> Value {
        self.within(GUARD, holds)
    }

    /// The same, within this time.
    ///
    /// # Panics
    /// Where none comes.
    pub fn within(&self, time: Duration, holds: impl Fn(&Value) -> bool) -> Value {
        let (end, mut seen) = (Instant::now() + time, Vec::new());
        loop {
            match self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(event) if holds(&event) => return event,
                Ok(event) => seen.push(event),
                Err(error) => panic!("{}: {error} after {seen:#?}", self.what),
            }
        }
    }

    /// Waits until it says that phone and relay hold the same.
    pub fn until_in_sync(&self) {
        let _ = self.until(|event| event["event"] == "status" && event["in_sync"] == true);
    }

    /// Waits until it says that it is out of sync for this reason.
    pub fn until_reason(&self, reason: &str) {
        let _ = self.until(|event| event["event"] == "status" && event["reason"] == reason);
    }

    /// Waits until it says that this changed.
    pub fn until_changed(&self, event: &str, id: &str) {
        let _ = self.until(|told| told["event"] == event && told["id"] == id);
    }

    /// Waits until it says that all of these changed, in whatever order.
    pub fn until_all_changed(&self, expected: &[(&str, &str)]) {
        let mut missing = expected.to_vec();
        while !missing.is_empty() {
            let told = self.until(|event| event["id"].is_string());
            missing.retain(|(event, id)| told["event"] != *event || told["id"] != *id);
        }
    }

    /// Sends it a signal: `STOP` freezes it where it stands, `CONT` wakes it up.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Asks it to end, and waits until it has: its exit code.
    #[must_use]
    pub fn stop(mut self, name: &str) -> Option<i32> {
        signal(self.child.id(), name);
        wait(&mut self.child, &self.what).code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
