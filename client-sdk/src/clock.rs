//! What time is it? The only file of the SDK that asks the system.

use std::time::{SystemTime, UNIX_EPOCH};

use entwine_core::practice::origin::civil_date;
use entwine_core::time::Timestamp;

/// What this device believes. A system clock before 1970 reads as 1970.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    #[cfg(feature = "test-switches")]
    let millis = millis.saturating_add_signed(test_offset_seconds().saturating_mul(1000));
    Timestamp::from_millis(millis)
}

/// A device whose clock is wrong.
#[cfg(feature = "test-switches")]
fn test_offset_seconds() -> i64 {
    std::env::var("ENTWINE_TEST_CLOCK_OFFSET").ok().and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The device's time zone, for what is written with a local hour; UTC where it cannot be told.
pub(crate) fn zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC)
}

/// The day that it is here.
pub(crate) fn today() -> jiff::civil::Date {
    civil_date(now(), &zone())
}
