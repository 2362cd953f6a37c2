//! What time is it? The only file of the relay that asks the system.

use std::time::{SystemTime, UNIX_EPOCH};

use entwine_core::time::Timestamp;

/// The relay's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    #[cfg(feature = "test-switches")]
    offset_seconds: i64,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that is off by so many seconds.
    #[cfg(feature = "test-switches")]
    #[must_use]
    pub fn off_by(offset_seconds: i64) -> Self {
        Self { offset_seconds }
    }

    /// Now. A system clock before 1970 reads as 1970.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        #[cfg(feature = "test-switches")]
        let millis = millis.saturating_add_signed(self.offset_seconds.saturating_mul(1000));
        Timestamp::from_millis(millis)
    }
}
