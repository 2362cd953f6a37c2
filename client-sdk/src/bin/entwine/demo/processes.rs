//! Which programs play? A relay, and this program itself as each of the phones.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::narrator::{Narrator, Voice};
use crate::failure::Failure;

/// Ample on a slow machine; a program that takes longer hangs.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(120);

/// A running relay.
#[derive(Debug)]
pub(super) struct RelayProcess {
    pub(super) program: PathBuf,
    pub(super) url: String,
    pub(super) token: Option<String>,
    process: Child,
}

impl RelayProcess {
    /// Starts the relay on its folder, and waits until it accepts. Without an address it takes a free port.
    pub(super) async fn start(program: &Path, folder: &Path, address: Option<&str>) -> Result<Self, Failure> {
        let log_path = folder.join("relay.log");
        let log = OpenOptions::new().create(true).append(true).open(&log_path)?;
        let mut command = Command::new(program);
        command.arg("serve").arg("--data").arg(folder.join("relay"));
        command.arg("--listen").arg(address.unwrap_or("127.0.0.1:0"));
        without_settings(&mut command);
        let log_too = log.try_clone()?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::from(log)).kill_on_drop(true);
        let mut process = command.spawn()?;
        let stdout = process.stdout.take().ok_or_else(|| Failure::Demo("the relay has no output".to_owned()))?;
        let mut lines = BufReader::new(stdout).lines();
        let started = timeout(PROGRAM_TIMEOUT, read_start(&mut lines)).await;
        let Ok(Ok((url, token))) = started else {
            return Err(Failure::Demo(format!("the relay did not start: {} says why", log_path.display())));
        };
        tokio::spawn(drain(lines, log_too));
        Ok(Self { program: program.to_owned(), url, token, process })
    }

    /// Where it listens, as `--listen` takes it.
    pub(super) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Asks it to stop, as a service manager does, and waits until it has.
    pub(super) async fn stop(&mut self) -> Result<(), Failure> {
        let Some(id) = self.process.id() else {
            return Err(Failure::Demo("the relay ended by itself: relay.log says why".to_owned()));
        };
        Command::new("sh").arg("-c").arg("kill -TERM \"$1\"").arg("sh").arg(id.to_string()).status().await?;
        let ended = timeout(PROGRAM_TIMEOUT, self.process.wait()).await;
        match ended.map_err(|_| Failure::Demo("the relay did not stop when asked to".to_owned()))?? {
            status if status.success() => Ok(()),
            status => Err(Failure::Demo(format!("the relay stopped with {status}: relay.log says why"))),
        }
    }
}

/// Reads what the relay prints until it accepts: its address, and its token until one was used.
async fn read_start(lines: &mut Lines<BufReader<ChildStdout>>) -> std::io::Result<(String, Option<String>)> {
    let mut token = None;
    while let Some(line) = lines.next_line().await? {
        if let Some(found) = line.strip_prefix("registration token: ") {
            token = Some(found.trim().to_owned());
        } else if let Some(url) = line.strip_prefix("listening on ") {
            return Ok((url.trim().to_owned(), token));
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}

/// A pipe that nobody reads would stop the relay.
async fn drain(mut lines: Lines<BufReader<ChildStdout>>, mut log: std::fs::File) {
    while let Ok(Some(line)) = lines.next_line().await {
        // The log is for looking at only.
        let _ = writeln!(log, "{line}");
    }
}

/// A phone: this program, on a profile.
#[derive(Debug)]
pub(super) struct Phone {
    pub(super) voice: Voice,
    pub(super) program: PathBuf,
    pub(super) profile: PathBuf,
}

/// What a command on a phone came to.
struct Answer {
    done: bool,
    value: Option<Value>,
    message: String,
}

impl Phone {
    /// Tells the command, runs it, and returns what it answered. It must be done.
    pub(super) async fn call(&self, narrator: &Narrator<'_>, arguments: &[&str]) -> Result<Value, Failure> {
        narrator.pause().await;
        narrator.command(self.voice, &as_typed(arguments))?;
        self.ask(arguments).await
    }

    /// The same without telling.
    pub(super) async fn ask(&self, arguments: &[&str]) -> Result<Value, Failure> {
        match self.run(arguments).await? {
            Answer { done: true, value: Some(value), .. } => Ok(value),
            answer => Err(self.surprised_by(arguments, &answer)),
        }
    }

    /// Tells and runs a command that cannot be done now, but answers all the same.
    pub(super) async fn call_refused(&self, narrator: &Narrator<'_>, arguments: &[&str]) -> Result<Value, Failure> {
        narrator.pause().await;
        narrator.command(self.voice, &as_typed(arguments))?;
        match self.run(arguments).await? {
            Answer { done: false, value: Some(value), .. } => Ok(value),
            answer => Err(self.surprised_by(arguments, &answer)),
        }
    }

    async fn run(&self, arguments: &[&str]) -> Result<Answer, Failure> {
        let mut command = Command::new(&self.program);
        without_settings(&mut command);
        command.arg("--json").arg("--profile").arg(&self.profile).args(arguments);
        let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
        let ended = timeout(PROGRAM_TIMEOUT, run).await;
        let output = ended.map_err(|_| Failure::Demo(format!("{} hangs", as_typed(arguments))))??;
        Ok(Answer {
            done: output.status.success(),
            value: serde_json::from_slice(&output.stdout).ok(),
            message: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }

    fn surprised_by(&self, arguments: &[&str], answer: &Answer) -> Failure {
        let outcome = if answer.done { "was done" } else { "was refused" };
        let command = arguments.first().copied().unwrap_or_default();
        Failure::Demo(format!(
            "{}'s `entwine {command}` {outcome}, unexpectedly: {}",
            self.voice.name(),
            answer.message
        ))
    }
}

/// Settings of whoever runs the demo are not what it talks about.
fn without_settings(command: &mut Command) {
    let ours = |name: &OsString| name.to_str().is_some_and(|name| name.starts_with("ENTWINE_"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
}

/// The command as somebody would type it into a shell, a link shortened.
fn as_typed(arguments: &[&str]) -> String {
    let mut typed = "entwine".to_owned();
    for argument in arguments {
        let shown = if argument.starts_with("entwine://") { "entwine://join#…" } else { argument };
        let plain = shown.chars().all(|c| c.is_ascii_alphanumeric() || "-_=./:".contains(c));
        let quoted = if plain { shown.to_owned() } else { format!("'{}'", shown.replace('\'', "'\\''")) };
        typed.push(' ');
        typed.push_str(&quoted);
    }
    typed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_a_shell_takes_them() {
        assert_eq!(as_typed(&["edit", "01J", "--append", " Ada's"]), "entwine edit 01J --append ' Ada'\\''s'");
        assert_eq!(as_typed(&["join", "entwine://join#secret"]), "entwine join 'entwine://join#…'");
    }
}
