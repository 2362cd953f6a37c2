//! What does the one who runs a relay do with it? Starts it, stops it, loses its disk, puts a backup in place.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

use data_encoding::HEXLOWER;
use entwine_core::id::SpaceId;
use entwine_core::membership::MembershipChain;

use crate::program::{self, GUARD};
use crate::{Disk, World, database};

/// Variables and their values.
pub type Settings<'s> = &'s [(&'s str, &'s str)];

/// A relay on a loopback address of its own, so that it can have the same port again.
#[derive(Debug)]
pub struct Relay {
    world: World,
    data: PathBuf,
    address: SocketAddr,
    settings: Vec<(String, String)>,
    process: Option<Child>,
    token: Option<String>,
}

impl Relay {
    /// Starts a relay with a fresh folder and a free port, and waits until it listens.
    ///
    /// # Panics
    /// Where it does not.
    #[must_use]
    pub fn start(world: &World, settings: Settings<'_>) -> Self {
        let address = loopback_address();
        let data = world.folder().join(format!("relay-{address}"));
        Self::start_at(world, address, data, owned(settings))
    }

    /// The same, with its folder on a disk of its own.
    ///
    /// # Panics
    /// Where it does not come to listen.
    #[must_use]
    pub fn start_on(disk: &Disk, world: &World, settings: Settings<'_>) -> Self {
        let settings = [disk.variables(), owned(settings)].concat();
        Self::start_at(world, loopback_address(), disk.folder().join("relay"), settings)
    }

    fn start_at(world: &World, address: Ipv4Addr, data: PathBuf, settings: Vec<(String, String)>) -> Self {
        let address = SocketAddr::from((address, 0));
        let mut relay = Self { world: world.clone(), data, address, settings, process: None, token: None };
        relay.start_again();
        relay
    }

    /// Starts it once more, with the same folder, address and port.
    ///
    /// # Panics
    /// Where it runs already, or does not come to listen.
    pub fn start_again(&mut self) {
        self.try_start_again().unwrap_or_else(|told| panic!("the relay does not come to listen:\n{told}"));
    }

    /// The same, where it may refuse: what it says then.
    ///
    /// # Errors
    /// It ended before it listened.
    ///
    /// # Panics
    /// Where it runs already, or hangs.
    pub fn try_start_again(&mut self) -> Result<(), String> {
        assert!(self.process.is_none(), "the relay runs already");
        program::wait_until_free(self.address);
        let mut command = program::command("entwine-relay");
        command.arg("serve").arg("--data").arg(&self.data).arg("--listen").arg(self.address.to_string());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        let log = self.world.next_log("relay");
        let stderr = log.with_extension("stderr");
        command.stdout(Stdio::piped()).stderr(File::create(&stderr).expect("the story's folder takes files"));
        let mut child = command.spawn().expect("the relay starts");
        let lines = follow(child.stdout.take().expect("its stdout is ours"), &log.with_extension("stdout"));
        self.process = Some(child);
        self.token = None;
        loop {
            let line = match lines.recv_timeout(GUARD) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => {
                    self.kill();
                    return Err(fs::read_to_string(&stderr).unwrap_or_default());
                }
                Err(RecvTimeoutError::Timeout) => panic!("the relay neither listens nor ends"),
            };
            if let Some(token) = line.strip_prefix("registration token: ") {
                self.token = Some(token.to_owned());
            } else if let Some(address) = line.strip_prefix("listening on http://") {
                self.address = address.parse().expect("it names its address");
                return Ok(());
            }
        }
    }

    /// Sets a variable from the next start on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address, as a phone next to it knows it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The registration token that it printed when it started, or that it was set up with.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn token(&self) -> &str {
        let fixed = self.settings.iter().find(|(name, _)| name == "ENTWINE_REGISTRATION_TOKEN");
        let token = fixed.map(|(_, token)| token).or(self.token.as_ref());
        token.expect("the relay printed a token, or was given one")
    }

    /// Whether it printed a registration token when it started.
    #[must_use]
    pub fn printed_token(&self) -> bool {
        self.token.is_some()
    }

    /// Its folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Panics
    /// Where it does not run, or does not exit with 0.
    pub fn stop(&mut self) {
        let mut child = self.process.take().expect("the relay runs");
        program::signal(child.id(), "TERM");
        let status = program::wait(&mut child, "the relay, asked to stop,");
        assert_eq!(status.code(), Some(0), "the relay, asked to stop, ended with {status}");
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.process.take() {
            program::end(&mut child);
        }
    }

    /// A backup of its folder. It must not be running.
    ///
    /// # Panics
    /// Where it runs.
    #[must_use]
    pub fn backup(&self) -> PathBuf {
        assert!(self.process.is_none(), "a folder in use is not copied");
        let backup = self.world.folder().join(format!("backup-{}", self.address.ip()));
        if backup.exists() {
            fs::remove_dir_all(&backup).expect("an older backup can be removed");
        }
        program::copy(&self.data, &backup);
        backup
    }

    /// Stops it for as long as its folder is copied: where the copy lies.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn back_up(&mut self) -> PathBuf {
        self.stop();
        let backup = self.backup();
        self.start_again();
        backup
    }

    /// Sets it back to a backup, and starts it again.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn set_back(&mut self, backup: &Path) {
        self.stop();
        self.restore(backup);
        self.start_again();
    }

    /// Puts a backup in place. It must not be running.
    ///
    /// # Panics
    /// Where it runs.
    pub fn restore(&self, backup: &Path) {
        self.wipe();
        program::copy(backup, &self.data);
    }

    /// Loses its folder. It must not be running.
    ///
    /// # Panics
    /// Where it runs.
    pub fn wipe(&self) {
        assert!(self.process.is_none(), "a folder in use is not removed");
        fs::remove_dir_all(&self.data).expect("its folder can be removed");
    }

    /// Takes the last entries of a feed away, so that no phone can tell from this relay that they were ever there. It must not
    /// be running.
    ///
    /// # Panics
    /// Where it runs.
    pub fn withhold(&self, space: &str, feed: &str, entries: u32) {
        assert!(self.process.is_none(), "a folder in use is not changed");
        let of_feed = format!("space = x'{space}' AND feed = x'{feed}'");
        let last = format!("{of_feed} AND seq = (SELECT MAX(seq) FROM entry WHERE {of_feed})");
        let mut statements = vec![format!("DELETE FROM entry WHERE {last}"); entries as usize];
        statements.push(format!("DELETE FROM tip WHERE {of_feed}"));
        statements.push(format!("INSERT INTO tip SELECT space, feed, seq, hash FROM entry WHERE {last}"));
        statements.iter().for_each(|statement| database::change(&self.database(), statement));
    }

    /// Shows another folder under the same address from now on, and keeps the one from before in its place.
    ///
    /// # Panics
    /// Where a folder is missing.
    pub fn swap(&mut self, other: &Path) {
        self.stop();
        let aside = self.data.with_extension("aside");
        for (from, to) in [(self.data.as_path(), aside.as_path()), (other, &self.data), (&aside, other)] {
            fs::rename(from, to).expect("its folders can be renamed");
        }
        self.start_again();
    }

    /// Seconds of processor time that it has used, by Linux's count: in its program and in the kernel.
    ///
    /// # Panics
    /// Where it does not run, or this is no Linux.
    #[must_use]
    pub fn cpu_seconds(&self) -> f64 {
        program::cpu_seconds(self.id())
    }

    /// Bytes of memory that it has in use, by Linux's count.
    ///
    /// # Panics
    /// Where it does not run, or this is no Linux.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        program::memory_bytes(self.id(), "VmRSS").expect("it runs")
    }

    /// How many sockets it has open, the one that it listens on included.
    ///
    /// # Panics
    /// Where it does not run, or this is no Linux.
    #[must_use]
    pub fn sockets(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.id())).expect("a Linux that tells");
        // A program may have several handles on one socket.
        let targets: BTreeSet<PathBuf> = open.filter_map(|item| fs::read_link(item.ok()?.path()).ok()).collect();
        targets.iter().filter(|target| target.to_string_lossy().starts_with("socket:")).count()
    }

    fn id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// Its database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.data.join("relay.db")
    }

    /// All that it keeps, as text.
    #[must_use]
    pub fn everything(&self) -> BTreeSet<String> {
        database::everything(&self.database())
    }

    /// What people brought to it, without when: records and entries.
    #[must_use]
    pub fn holdings(&self) -> BTreeSet<String> {
        let records = "SELECT 'record ' || hex(space) || ' ' || position || ' ' || hex(bytes) FROM record";
        let entries = "SELECT 'entry ' || hex(space) || ' ' || hex(hash) || ' ' || hex(sealed) FROM entry";
        database::rows(&self.database(), &format!("{records} UNION ALL {entries}"))
    }

    /// The spaces that it keeps.
    #[must_use]
    pub fn spaces(&self) -> BTreeSet<String> {
        database::rows(&self.database(), "SELECT lower(hex(space)) FROM space")
    }

    /// The membership chain of a space, as somebody with the relay's disk has it.
    ///
    /// # Panics
    /// Where it holds no such chain.
    #[must_use]
    pub fn chain(&self, space: &SpaceId) -> MembershipChain {
        let query = format!(
            "SELECT printf('%06d', position) || lower(hex(bytes)) FROM record WHERE hex(space) = '{}'",
            space.to_string().to_uppercase()
        );
        let rows = database::rows(&self.database(), &query);
        let records: Vec<Vec<u8>> =
            rows.iter().map(|row| HEXLOWER.decode(&row.as_bytes()[6..]).expect("hex is hex")).collect();
        MembershipChain::parse(records.iter().map(Vec::as_slice)).expect("a relay keeps chains")
    }

    /// Feeds that are no line: with more than one tip.
    #[must_use]
    pub fn branched_feeds(&self) -> BTreeSet<String> {
        database::rows(&self.database(), "SELECT hex(feed) FROM tip GROUP BY space, feed HAVING count(*) > 1")
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.kill();
    }
}

fn owned(settings: Settings<'_>) -> Vec<(String, String)> {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A loopback address that no other story uses, nor another run at the same time.
pub(crate) fn loopback_address() -> Ipv4Addr {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let [high, low] = (std::process::id() as u16).to_be_bytes();
    let number = TAKEN.fetch_add(1, Ordering::Relaxed) % 250 + 2;
    Ipv4Addr::new(127, high, low, u8::try_from(number).expect("at most 251"))
}

/// Hands on the lines of a stream, and keeps them in a file.
fn follow(stream: ChildStdout, log: &Path) -> Receiver<String> {
    let mut log = File::create(log).expect("the story's folder takes files");
    let (lines, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = writeln!(log, "{line}");
            let _ = lines.send(line);
        }
    });
    receiver
}
