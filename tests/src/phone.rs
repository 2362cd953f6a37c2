//! What does somebody do with a phone? Runs the program `entwine` once per command, over one profile folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use entwine_core::keyholder::SecretKeys;
use serde_json::Value;

use crate::program::{self, Ended, Running};
use crate::{Disk, Terminal, Watching, World};

/// How much of a command stands in a message about it.
const SHOWN_CHARS_MAX: usize = 200;

/// Somebody's phone.
#[derive(Debug, Clone)]
pub struct Phone {
    world: World,
    name: String,
    profile: PathBuf,
    variables: Vec<(String, String)>,
}

impl Phone {
    /// A new phone of the person with this name.
    #[must_use]
    pub fn init(world: &World, name: &str) -> Self {
        Self::init_as(world, name, name)
    }

    /// The same, of somebody with a longer name.
    #[must_use]
    pub fn init_as(world: &World, name: &str, full_name: &str) -> Self {
        let phone = Self::without_profile(world, name);
        let _ = phone.run(&["init", "--name", full_name]);
        phone
    }

    /// A phone on which nothing was done yet.
    #[must_use]
    pub fn without_profile(world: &World, name: &str) -> Self {
        let profile = world.folder().join(format!("phone-of-{}", name.to_lowercase()));
        Self { world: world.clone(), name: name.to_owned(), profile, variables: Vec::new() }
    }

    /// The same, on a disk of its own.
    #[must_use]
    pub fn on(disk: &Disk, world: &World, name: &str) -> Self {
        let profile = disk.folder().join("profile");
        Self { world: world.clone(), name: name.to_owned(), profile, variables: disk.variables() }
    }

    /// Another phone, with a copy of all that is on this one.
    #[must_use]
    pub fn copied_as(&self, name: &str) -> Self {
        let copy = Self { variables: self.variables.clone(), ..Self::without_profile(&self.world, name) };
        program::copy(&self.profile, &copy.profile);
        copy
    }

    /// A backup of all that is on it, in a new place.
    #[must_use]
    pub fn backup(&self) -> PathBuf {
        let backup = self.world.next_log(&format!("{} backup", self.name)).with_extension("backup");
        program::copy(&self.profile, &backup);
        backup
    }

    /// Puts a backup in place of all that is on it.
    ///
    /// # Panics
    /// Where its folder cannot be removed.
    pub fn restore(&self, backup: &Path) {
        if self.profile.exists() {
            std::fs::remove_dir_all(&self.profile).expect("its folder can be removed");
        }
        program::copy(backup, &self.profile);
    }

    /// The same phone, with a variable set for what it runs.
    #[must_use]
    pub fn with(&self, variable: &str, value: &str) -> Self {
        let mut phone = self.clone();
        phone.variables.push((variable.to_owned(), value.to_owned()));
        phone
    }

    /// The same phone, whose clock shows this moment of UTC now, a day such as `2027-03-02` being its 10:00, and goes on from there.
    ///
    /// # Panics
    /// Where it is no moment.
    #[must_use]
    pub fn at(&self, moment: &str) -> Self {
        let moment = if moment.contains('T') { format!("{moment}Z") } else { format!("{moment}T10:00Z") };
        let moment: jiff::Timestamp = moment.parse().expect("a moment");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
        let ahead = moment.as_second() - i64::try_from(now.as_secs()).expect("a small number");
        self.with("ENTWINE_TEST_CLOCK_OFFSET", &ahead.to_string())
    }

    /// Its database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.profile.join("profile.db")
    }

    /// Its folder.
    #[must_use]
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// Starts a command, with `--json`.
    #[must_use]
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        self.start_as_it_is(&arguments)
    }

    /// Starts a command as a person would, without `--json`.
    #[must_use]
    pub fn start_as_it_is(&self, arguments: &[&str]) -> Running {
        let log = self.world.next_log(&format!("{} {}", self.name, arguments.first().unwrap_or(&"")));
        Running::start(self.command(arguments), self.shown(arguments), &log)
    }

    /// A command, as messages name it.
    fn shown(&self, arguments: &[&str]) -> String {
        let shown: String = arguments.join(" ").chars().take(SHOWN_CHARS_MAX).collect();
        format!("{}: entwine {shown}", self.name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program::command("entwine");
        command.arg("--profile").arg(&self.profile).args(arguments);
        command.envs(self.variables.iter().map(|(variable, value)| (variable, value)));
        command
    }

    /// Starts a command with `--json`, and this on its standard input.
    ///
    /// # Panics
    /// Where the story's folder takes no files.
    #[must_use]
    pub fn start_with(&self, arguments: &[&str], input: &str) -> Running {
        let log = self.world.next_log(&format!("{} {}", self.name, arguments.first().unwrap_or(&"")));
        let file = log.with_extension("stdin");
        std::fs::write(&file, input).expect("the story's folder takes files");
        let mut command = self.command(arguments);
        command.arg("--json").stdin(std::fs::File::open(&file).expect("what was written can be read"));
        Running::start(command, self.shown(arguments), &log)
    }

    /// Starts a command on a terminal.
    #[must_use]
    pub fn on_a_terminal(&self, arguments: &[&str]) -> Terminal {
        Terminal::start(&self.command(arguments), self.shown(arguments))
    }

    /// Leaves `watch` running.
    #[must_use]
    pub fn watch(&self) -> Watching {
        let mut command = program::command("entwine");
        command.arg("--profile").arg(&self.profile).args(["watch", "--json"]);
        command.envs(self.variables.iter().map(|(variable, value)| (variable, value)));
        let log = self.world.next_log(&format!("{} watch", self.name)).with_extension("stderr");
        command.stderr(std::fs::File::create(log).expect("the story's folder takes files"));
        Watching::start(command, format!("{}: entwine watch", self.name))
    }

    /// Runs a command that is done, and returns its answer.
    ///
    /// # Panics
    /// Where it is not done, or prints something else than one JSON value.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Value {
        self.start(arguments).finish().done()
    }

    /// Runs a command that makes something, and returns its id.
    #[must_use]
    pub fn make(&self, arguments: &[&str]) -> String {
        text(&self.run(arguments), "id")
    }

    /// Runs a command that is refused, and returns what it says.
    ///
    /// # Panics
    /// Where it is done, or fails in another way.
    #[must_use]
    pub fn refused(&self, arguments: &[&str]) -> String {
        self.start(arguments).finish().refused()
    }

    /// The status, which never contacts the relay.
    #[must_use]
    pub fn status(&self) -> Value {
        self.run(&["status"])
    }

    /// An exchange that ends well.
    ///
    /// # Panics
    /// Where phone and relay do not hold the same afterwards.
    #[must_use]
    pub fn sync(&self) -> Value {
        let status = self.run(&["sync"]);
        assert_eq!(status["in_sync"], true, "{}: {status}", self.name);
        assert_eq!(status["reason"], Value::Null, "{}: {status}", self.name);
        assert_eq!(status["waiting_up"], 0, "{}: {status}", self.name);
        assert_eq!(status["waiting_down"], 0, "{}: {status}", self.name);
        status
    }

    /// An exchange that does not end well: the reason, as the status has it from then on.
    ///
    /// # Panics
    /// Where it ends well, or gives no remedy.
    #[must_use]
    pub fn sync_stops(&self) -> String {
        let told = self.refused(&["sync"]);
        let status = self.status();
        assert_eq!(status["in_sync"], false, "{}: {status}", self.name);
        assert!(status["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{}: {status}", self.name);
        let reason = text(&status, "reason");
        assert!(told.contains(&reason), "{}: {told:?} does not name {reason}", self.name);
        reason
    }

    /// A link for the partner.
    #[must_use]
    pub fn invite(&self) -> String {
        text(&self.run(&["invite"]), "link")
    }

    /// A link for one's own next phone.
    #[must_use]
    pub fn invite_device(&self) -> String {
        text(&self.run(&["invite", "--device"]), "link")
    }

    /// The same person's next phone, let in by a link, and in sync.
    #[must_use]
    pub fn next_phone(&self, name: &str) -> Self {
        let phone = Self::init_as(&self.world, name, &self.name);
        let _ = phone.run(&["join", &self.invite_device(), "--expect", "device"]);
        let _ = phone.sync();
        phone
    }

    /// This phone's own keyholder.
    ///
    /// # Panics
    /// Where it has no space.
    #[must_use]
    pub fn keyholder(&self) -> String {
        let devices = self.devices();
        text(devices.iter().find(|device| device["this"] == true).expect("a phone lists itself"), "keyholder")
    }

    /// The keys of this phone, as somebody has them who reads its key file: version ‖ these ‖ the storage key.
    ///
    /// # Panics
    /// Where it has no such file.
    #[must_use]
    pub fn secret_keys(&self) -> SecretKeys {
        let kept = std::fs::read(self.profile.join("keys")).expect("a phone has a key file");
        SecretKeys::from_bytes(kept[1..65].try_into().expect("two keys of 32 bytes"))
    }

    /// All keyholders.
    ///
    /// # Panics
    /// Where the answer is no list.
    #[must_use]
    pub fn devices(&self) -> Vec<Value> {
        self.run(&["devices"]).as_array().expect("devices prints a list").clone()
    }

    /// Makes a recovery phrase.
    ///
    /// # Panics
    /// Where it has not 24 words.
    #[must_use]
    pub fn phrase(&self) -> String {
        let made = self.run(&["phrase"]);
        let words: Vec<&str> = made["words"].as_array().expect("words").iter().filter_map(Value::as_str).collect();
        assert_eq!(words.len(), 24, "{made}");
        words.join(" ")
    }

    /// Comes back by a phrase.
    #[must_use]
    pub fn recover(&self, relay: &str, words: &str) -> Ended {
        self.start_with(&["recover", "--relay", relay], words).finish()
    }

    /// Writes an entry for both, and returns its id.
    #[must_use]
    pub fn write(&self, title: &str, body: &str) -> String {
        text(&self.run(&["write", "--title", title, "--text", body]), "id")
    }

    /// Writes a private entry, and returns its id.
    #[must_use]
    pub fn write_private(&self, title: &str, body: &str) -> String {
        text(&self.run(&["write", "--title", title, "--text", body, "--private"]), "id")
    }

    /// Adds to the end of an entry's text.
    pub fn append(&self, id: &str, words: &str) {
        assert_eq!(self.run(&["edit", id, "--append", words])["id"], id);
    }

    /// Replaces words in an entry's text.
    pub fn replace(&self, id: &str, old: &str, new: &str) {
        assert_eq!(self.run(&["edit", id, "--replace", old, new])["id"], id);
    }

    /// An entry's text.
    #[must_use]
    pub fn read(&self, id: &str) -> String {
        text(&self.run(&["read", id]), "text")
    }

    /// All entries, newest first.
    ///
    /// # Panics
    /// Where the answer is no list.
    #[must_use]
    pub fn list(&self) -> Vec<Value> {
        self.run(&["list"]).as_array().expect("list prints a list").clone()
    }

    /// The titles of all entries, newest first.
    #[must_use]
    pub fn titles(&self) -> Vec<String> {
        self.list().iter().map(|entry| text(entry, "title")).collect()
    }

    /// The ids of what is in the trash.
    ///
    /// # Panics
    /// Where the answer is no list.
    #[must_use]
    pub fn trash(&self) -> Vec<String> {
        let trash = self.run(&["trash"]);
        trash.as_array().expect("trash prints a list").iter().map(|entry| text(entry, "id")).collect()
    }

    /// Begins a ritual, and returns its id.
    #[must_use]
    pub fn begin_ritual(&self, name: &str, every: &str, at: &str) -> String {
        text(&self.run(&["ritual", "add", "--name", name, "--every", every, "--at", at]), "id")
    }

    /// Changes one thing about a ritual.
    pub fn set_ritual(&self, id: &str, flag: &str, value: &str) {
        assert_eq!(self.run(&["ritual", "set", id, flag, value])["id"], id);
    }

    /// All rituals.
    ///
    /// # Panics
    /// Where the answer is no list.
    #[must_use]
    pub fn rituals(&self) -> Vec<Value> {
        self.run(&["ritual", "list"]).as_array().expect("ritual list prints a list").clone()
    }

    /// The ritual with this id.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn ritual(&self, id: &str) -> Value {
        let ritual = self.rituals().into_iter().find(|ritual| ritual["id"] == id);
        ritual.unwrap_or_else(|| panic!("{} has no ritual {id}", self.name))
    }

    /// All that is shared, as this phone shows it: the entries with their texts, the trash, and the rituals.
    #[must_use]
    pub fn shared(&self) -> Value {
        let entries = self.list().into_iter().filter(|entry| entry["private"] == false);
        let entries: Vec<Value> = entries.map(|entry| self.run(&["read", &text(&entry, "id")])).collect();
        serde_json::json!({ "entries": entries, "trash": self.run(&["trash"]), "rituals": self.rituals() })
    }
}

/// A field that is text.
///
/// # Panics
/// Where it is not.
#[must_use]
pub fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field:?} in {value}")).to_owned()
}

impl Ended {
    /// The one JSON value of a command that is done.
    ///
    /// # Panics
    /// Where it is not done, or prints something else.
    #[must_use]
    pub fn done(&self) -> Value {
        assert_eq!(self.status.code(), Some(0), "{}\n{}{}", self.what, self.stdout, self.stderr);
        let value = serde_json::from_str(&self.stdout);
        value.unwrap_or_else(|error| panic!("{}: not one JSON value: {error}\n{}", self.what, self.stdout))
    }

    /// What a refused command says.
    ///
    /// # Panics
    /// Where it ended in another way, or says nothing.
    #[must_use]
    pub fn refused(&self) -> String {
        assert_eq!(self.status.code(), Some(1), "{}\n{}{}", self.what, self.stdout, self.stderr);
        assert!(!self.stderr.trim().is_empty(), "{} gives no reason", self.what);
        assert!(!self.stderr.contains("panicked"), "{}\n{}", self.what, self.stderr);
        self.stderr.clone()
    }

    /// What a command says that was used wrongly.
    ///
    /// # Panics
    /// Where it ended in another way, or says nothing.
    #[must_use]
    pub fn misused(&self) -> String {
        assert_eq!(self.status.code(), Some(2), "{}\n{}{}", self.what, self.stdout, self.stderr);
        assert!(!self.stderr.trim().is_empty(), "{} gives no reason", self.what);
        self.stderr.clone()
    }

    /// That it ended at a fault point, as by a kill.
    ///
    /// # Panics
    /// Where it ended by itself.
    pub fn killed(&self) {
        assert_eq!(self.status.code(), None, "{} was not killed\n{}{}", self.what, self.stdout, self.stderr);
    }
}
