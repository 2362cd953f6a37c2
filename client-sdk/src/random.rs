//! Where does randomness come from? The operating system, and nowhere else.

use getrandom::SysRng;
use rand_core::UnwrapErr;

/// The operating system's generator. It panics where the system has no randomness: nothing could be sealed there.
pub(crate) fn generator() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// A number from 0 up to and not including `end`, for spreading out retries; evenness to a billionth is enough there.
pub(crate) fn below(end: u64) -> u64 {
    use rand_core::Rng as _;
    generator().next_u64() % end.max(1)
}
