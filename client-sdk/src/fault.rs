//! Where may a test kill this process? At the named points, if `ENTWINE_TEST_FAULT` names one; release builds have none.

/// Ends the process as a kill would, without any clean-up, where a test asked for it.
pub(crate) fn point(name: &str) {
    if is_wanted(name) {
        std::process::abort();
    }
}

/// Whether a test asked for the fault of this name.
#[cfg(feature = "test-switches")]
pub(crate) fn is_wanted(name: &str) -> bool {
    std::env::var("ENTWINE_TEST_FAULT").is_ok_and(|wanted| wanted == name)
}

/// No: this build has no faults to ask for.
#[cfg(not(feature = "test-switches"))]
pub(crate) fn is_wanted(_name: &str) -> bool {
    false
}
