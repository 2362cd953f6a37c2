//! Where may a test kill this process? At the named points, if `ENTWINE_TEST_FAULT` names one; release builds have none.
//!
//! `remove:after-space` is the first time that the process passes the point, `remove:after-space@2` the second: in the other space.

/// Ends the process as a kill would, without any clean-up, where a test asked for it.
pub(crate) fn point(name: &str) {
    if is_wanted(name) {
        kill();
    }
}

/// Ends the process as a kill would.
pub(crate) fn kill() -> ! {
    std::process::abort()
}

/// Whether a test asked for the fault of this name, and for this time that it is asked.
#[cfg(feature = "test-switches")]
pub(crate) fn is_wanted(name: &str) -> bool {
    use std::sync::atomic::{AtomicU32, Ordering};
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let Ok(wanted) = std::env::var("ENTWINE_TEST_FAULT") else { return false };
    let (point, time) = wanted.split_once('@').unwrap_or((&wanted, "1"));
    point == name && time.parse() == Ok(PASSED.fetch_add(1, Ordering::SeqCst) + 1)
}

/// No: this build has no faults to ask for.
#[cfg(not(feature = "test-switches"))]
pub(crate) fn is_wanted(_name: &str) -> bool {
    false
}
