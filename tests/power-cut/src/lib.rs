//! What would a disk hold if the power went now? A library that stands between a program and the system: `LD_PRELOAD` puts its
//! `fsync`, `fdatasync`, `write`, `pwrite` and `pwrite64` before those of the C library, for all files below one folder.
//!
//! ```text
//! program ── fsync(fd) ──► content of the file, or names in the folder ──► POWER_CUT_SYNCED   (see shadow)
//!         ── write(fd) ──► is there room? ──► the system
//! ```
//!
//! A kill alone shows nothing about syncing, because the system still holds what a process wrote. A story that kills the
//! programs, and then puts what was synced in the place of the folder, has cut the power.
//!
//! What this cannot show: a disk that lies about having synced, an older write that comes through after a newer sync, and
//! anything written through a memory map (SQLite keeps nothing there that must stay). What was never synced may be there after
//! a power cut all the same, in part: the stories choose that from what the killed programs left (see `disk` in the tests).
//!
//! The other faults: the process dies before its nth call (`POWER_CUT_AT`), such a call fails (`POWER_CUT_FAIL=sync:3`,
//! `write:3`), and there is room for so many bytes alone (a file named `room` beside what was synced).

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![expect(unsafe_code, reason = "taking the place of a function of the C library is not safe by itself")]

#[allow(dead_code, reason = "the stories use more of it")]
mod shadow;

use std::ffi::{c_int, c_void};
use std::fs::{self, File, Metadata};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use libc::{off_t, size_t, ssize_t};

/// Bytes that are read at once.
const PART_BYTES: usize = 256 * 1024;

/// What a story asked for. Set by variables, once.
struct Wish {
    live: PathBuf,
    synced: PathBuf,
    /// The call before which the process dies.
    dies_at: Option<u64>,
    /// The call of this kind that fails.
    fails: Option<(Kind, u64)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sync,
    Write,
}

/// What becomes of a call.
enum Verdict {
    /// It is none of ours.
    Pass,
    /// It is done, for so many bytes.
    Done(ssize_t),
    /// So many bytes of it are written.
    Write(size_t),
    /// It fails with this number of an error.
    Fail(c_int),
}

fn wish() -> Option<&'static Wish> {
    static WISH: OnceLock<Option<Wish>> = OnceLock::new();
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let read = || {
        let folder = |name: &str| Some(PathBuf::from(std::env::var_os(name)?));
        let fails = std::env::var("POWER_CUT_FAIL").ok();
        let fails = fails.as_deref().and_then(|text| text.split_once(':'));
        let fails = fails.and_then(|(kind, nth)| {
            let kind = if kind == "sync" { Kind::Sync } else { Kind::Write };
            Some((kind, nth.parse().ok()?))
        });
        Some(Wish {
            live: folder("POWER_CUT_LIVE")?,
            synced: folder("POWER_CUT_SYNCED")?,
            dies_at: number("POWER_CUT_AT"),
            fails,
        })
    };
    WISH.get_or_init(read).as_ref()
}

/// A file of the program, seen through its own descriptor. It is never closed here: that would end the program's locks on it.
struct Seen {
    file: ManuallyDrop<File>,
    metadata: Metadata,
    path: PathBuf,
}

impl Seen {
    /// None where the descriptor is no file or folder below the one that is watched. Asks for no memory before it knows that it is
    /// a file or a folder: a signal handler may write to a pipe.
    fn new(fd: c_int, wish: &Wish) -> Option<Self> {
        if fd < 0 {
            return None;
        }
        // SAFETY: the descriptor is the caller's and stays open during the call; it is only looked at, and never closed here.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() && !metadata.is_dir() {
            return None;
        }
        let path = fs::read_link(format!("/proc/self/fd/{fd}")).ok()?;
        path.starts_with(&wish.live).then_some(Self { file, metadata, path })
    }

    fn content(&self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let mut part = vec![0; PART_BYTES];
        loop {
            match self.file.read_at(&mut part, content.len() as u64) {
                Ok(0) => return Ok(content),
                Ok(len) => content.extend_from_slice(&part[..len]),
                // Opened for writing alone: nobody locks such a file.
                Err(error) if error.raw_os_error() == Some(libc::EBADF) => {
                    return fs::read(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Counts a call, dies where that was wished, and says whether it is the one to fail.
fn fails(wish: &Wish, kind: Kind) -> bool {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    static SYNCS: AtomicU64 = AtomicU64::new(0);
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::SeqCst) + 1;
    if wish.dies_at == Some(call) {
        // SAFETY: ends this process, and touches no memory.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    }
    // Only a hint for the story how far it may count: a race between two threads spoils nothing.
    let _ = fs::write(wish.synced.join("calls"), call.to_string());
    let of_kind = if kind == Kind::Sync { &SYNCS } else { &WRITES };
    let nth = of_kind.fetch_add(1, Ordering::SeqCst) + 1;
    wish.fails == Some((kind, nth))
}

fn judge_sync(fd: c_int) -> Verdict {
    let Some(wish) = wish() else { return Verdict::Pass };
    let Some(seen) = Seen::new(fd, wish) else { return Verdict::Pass };
    let fails = fails(wish, Kind::Sync);
    match keep(wish, &seen, fails) {
        // What the system holds outlives the process: the real sync would only take time.
        Ok(()) if !fails => Verdict::Done(0),
        _ => Verdict::Fail(libc::EIO),
    }
}

fn keep(wish: &Wish, seen: &Seen, fails: bool) -> io::Result<()> {
    let _lock = shadow::lock(&wish.synced)?;
    let id = shadow::id(&seen.metadata);
    match (seen.metadata.is_dir(), fails) {
        (true, true) => Ok(()),
        (true, false) => shadow::keep_folder(&wish.synced, &seen.path),
        (false, true) => shadow::drop_file(&wish.synced, &id, &seen.content()?),
        (false, false) => shadow::keep_file(&wish.synced, &id, seen.content()?),
    }
}

/// `at` is where the first of the bytes goes; none for where the descriptor stands.
fn judge_write(fd: c_int, len: size_t, at: Option<off_t>) -> Verdict {
    let Some(wish) = wish() else { return Verdict::Pass };
    let Some(seen) = Seen::new(fd, wish) else { return Verdict::Pass };
    if fails(wish, Kind::Write) {
        return Verdict::Fail(libc::EIO);
    }
    // SAFETY: asks where a descriptor stands, and moves nothing.
    let at = at.unwrap_or_else(|| unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) });
    let at = u64::try_from(at).unwrap_or_default();
    let noted = shadow::lock(&wish.synced)
        .and_then(|_lock| shadow::write_anew(&wish.synced, &shadow::id(&seen.metadata), at, len));
    if noted.is_err() {
        return Verdict::Fail(libc::EIO);
    }
    let Ok(room) = fs::read_to_string(wish.synced.join("room")) else { return Verdict::Write(len) };
    let room: u64 = room.trim().parse().unwrap_or_default();
    let end = at + len as u64;
    let growth = end.saturating_sub(seen.metadata.len());
    let left = room.saturating_sub(bytes_below(&wish.live));
    let lacking = usize::try_from(growth.saturating_sub(left)).unwrap_or(len);
    if lacking < len || len == 0 { Verdict::Write(len - lacking) } else { Verdict::Fail(libc::ENOSPC) }
}

fn bytes_below(folder: &Path) -> u64 {
    let items = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = |path: PathBuf| match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => bytes_below(&path),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    items.map(|item| bytes(item.path())).sum()
}

/// Sets the number of the error, as a call of the C library does.
fn failed(error: c_int) -> ssize_t {
    // SAFETY: the C library hands out a place for this thread's number, which is valid as long as the thread lives.
    unsafe { *libc::__errno_location() = error };
    -1
}

fn sync(fd: c_int, number: libc::c_long) -> c_int {
    let done = match judge_sync(fd) {
        Verdict::Fail(error) => failed(error),
        Verdict::Done(done) => done,
        // SAFETY: the caller's own call, as it came.
        Verdict::Pass | Verdict::Write(_) => (unsafe { libc::syscall(number, fd) }) as ssize_t,
    };
    done as c_int
}

/// In the place of the C library's.
#[unsafe(no_mangle)]
pub extern "C" fn fsync(fd: c_int) -> c_int {
    sync(fd, libc::SYS_fsync)
}

/// In the place of the C library's.
#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: c_int) -> c_int {
    sync(fd, libc::SYS_fdatasync)
}

/// In the place of the C library's.
///
/// # Safety
/// `bytes` leads to `len` readable bytes, as the C library demands it too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, len: size_t) -> ssize_t {
    let len = match judge_write(fd, len, None) {
        Verdict::Fail(error) => return failed(error),
        Verdict::Write(part) => part,
        Verdict::Pass | Verdict::Done(_) => len,
    };
    // SAFETY: the caller's own call, of no more bytes than it promises.
    (unsafe { libc::syscall(libc::SYS_write, fd, bytes, len) }) as ssize_t
}

/// In the place of the C library's.
///
/// # Safety
/// As [`fn@write`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(fd: c_int, bytes: *const c_void, len: size_t, at: off_t) -> ssize_t {
    let len = match judge_write(fd, len, Some(at)) {
        Verdict::Fail(error) => return failed(error),
        Verdict::Write(part) => part,
        Verdict::Pass | Verdict::Done(_) => len,
    };
    // SAFETY: the caller's own call, of no more bytes than it promises.
    (unsafe { libc::syscall(libc::SYS_pwrite64, fd, bytes, len, at) }) as ssize_t
}

/// In the place of the C library's.
///
/// # Safety
/// As [`fn@write`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(fd: c_int, bytes: *const c_void, len: size_t, at: off_t) -> ssize_t {
    // SAFETY: the same call by its other name.
    unsafe { pwrite64(fd, bytes, len, at) }
}
