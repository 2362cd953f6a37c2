//! How is one of the real programs run? With a clean environment, its output kept in files, and no longer than it may take.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take. Far more than it needs: whatever runs into it hangs.
pub const GUARD: Duration = Duration::from_secs(120);

/// How often it is looked whether an address is free.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Listens there, as soon as nobody else does. Between its birth and its program, a process that some other story starts holds for a
/// moment all that this one held, a listener that was closed meanwhile included.
///
/// # Panics
/// Where the address is not to be had.
#[must_use]
pub fn listen(address: SocketAddr) -> TcpListener {
    let until = Instant::now() + GUARD;
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < until => thread::sleep(LOOK_EVERY),
            Err(error) => panic!("{address} is not to be had: {error}"),
        }
    }
}

/// Waits until nobody listens there any more.
///
/// # Panics
/// Where somebody does for too long.
pub fn wait_until_free(address: SocketAddr) {
    let until = Instant::now() + GUARD;
    while address.port() != 0 && TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < until, "somebody listens at {address}");
        thread::sleep(LOOK_EVERY);
    }
}

/// The folder with the programs: the one that holds the tests' own, `target/debug/deps`, is in it.
///
/// # Panics
/// Where this is not a test that Cargo built.
#[must_use]
pub fn folder() -> PathBuf {
    let own = std::env::current_exe().expect("a process knows its program");
    let folder = own.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
    folder.to_owned()
}

/// Where a program lies.
///
/// # Panics
/// Where it is missing.
#[must_use]
pub fn path_of(name: &str) -> PathBuf {
    let path = folder().join(name);
    assert!(
        path.is_file(),
        "{} is missing: run scripts/test, which builds the programs before the tests",
        path.display()
    );
    path
}

/// A command that gets nothing of `ENTWINE_…` or an editor from the surroundings, and no standard input.
#[must_use]
pub fn command(name: &str) -> Command {
    let mut command = Command::new(path_of(name));
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("ENTWINE_") {
            command.env_remove(variable);
        }
    }
    command.env_remove("EDITOR").env_remove("VISUAL").env_remove("RUST_LOG");
    // A zone with a summer time, so that nothing holds only in UTC.
    command.env("TZ", "Europe/Amsterdam").stdin(Stdio::null());
    command
}

/// A program at work, which is killed when this goes out of scope.
#[derive(Debug)]
pub struct Running {
    what: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// What was run, for messages.
    pub what: String,
    /// Its exit code or signal.
    pub status: ExitStatus,
    /// What it answered.
    pub stdout: String,
    /// What it said beside that.
    pub stderr: String,
}

impl Running {
    /// Starts a command; `log` is the path, without an end, of the two files for its output.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn start(mut command: Command, what: String, log: &Path) -> Self {
        let (stdout, stderr) = (log.with_extension("stdout"), log.with_extension("stderr"));
        let create = |path: &Path| File::create(path).expect("the story's folder takes files");
        let child = command.stdout(create(&stdout)).stderr(create(&stderr)).spawn();
        let child = child.unwrap_or_else(|error| panic!("{what} does not start: {error}"));
        Self { what, child, stdout, stderr }
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Where it hangs.
    #[must_use]
    pub fn finish(mut self) -> Ended {
        let status = wait(&mut self.child, &self.what);
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).expect("its output is there")).into_owned();
        Ended { what: self.what.clone(), status, stdout: read(&self.stdout), stderr: read(&self.stderr) }
    }

    /// Names its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        end(&mut self.child);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Kills a process, unless it has ended, and waits until it is gone.
pub(crate) fn end(child: &mut Child) {
    if let Ok(None) = child.try_wait() {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Waits for the end of a process.
///
/// # Panics
/// Where it hangs.
pub(crate) fn wait(child: &mut Child, what: &str) -> ExitStatus {
    let id = child.id();
    let (ended, waits) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        let hangs = waits.recv_timeout(GUARD) == Err(RecvTimeoutError::Timeout);
        if hangs {
            signal(id, "KILL");
        }
        hangs
    });
    let status = child.wait().expect("a child can be waited for");
    drop(ended);
    let hung = watchdog.join().expect("the watchdog only waits");
    assert!(!hung, "{what} did not end within {GUARD:?}");
    status
}

/// Sends a signal to a process, by the shell: not every machine has a program for that.
///
/// # Panics
/// Where there is no such process.
pub(crate) fn signal(id: u32, name: &str) {
    let status = Command::new("sh").arg("-c").arg(format!("kill -{name} {id}")).status();
    assert!(status.expect("a system has a shell").success(), "kill -{name} {id} failed");
}

/// Copies a folder with all that is in it.
///
/// # Panics
/// Where that does not work.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a new folder can be made");
    for item in fs::read_dir(from).expect("the folder can be read") {
        let item = item.expect("the folder can be read");
        let target = to.join(item.file_name());
        if item.path().is_dir() {
            copy(&item.path(), &target);
        } else {
            fs::copy(item.path(), target).expect("a file can be copied");
        }
    }
}

/// Processor time that a process has taken by now.
///
/// # Panics
/// Where it does not run, or the system is no Linux.
#[must_use]
pub fn cpu_seconds(id: u32) -> f64 {
    /// Ticks of `/proc` in a second, on every Linux.
    const TICKS: f64 = 100.0;
    let line = fs::read_to_string(format!("/proc/{id}/stat")).expect("a Linux that tells");
    let fields: Vec<&str> = line.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    // Fields 14 and 15 of proc_pid_stat(5); the first two are cut off.
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / TICKS
}

/// Memory of a process in bytes, by its name in proc_pid_status(5): `VmRSS` now, `VmHWM` at most so far. None where it has ended.
#[must_use]
pub fn memory_bytes(id: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.parse().ok().map(|kilobytes: u64| kilobytes * 1024)
}
