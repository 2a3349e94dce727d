//! What of a day's limit may be used by now: a flood in the morning must not use up what others need in the evening.
//!
//! Half of it may be used at once, and the other half is released hour by hour. A day is a day of UTC, as the platform
//! bills.

use crate::base::time::{DAY_MS, Time};

const HOUR_MS: i64 = 3_600_000;

/// The part of a day's limit that may be used by now: half of it, and a 24th of the other half for each hour that has
/// begun.
pub fn released(limit: u64, now: Time) -> u64 {
    let hour = now.ms().rem_euclid(DAY_MS) / HOUR_MS;
    let hours_left = 23 - hour.unsigned_abs().min(23);
    limit - limit / 2 * hours_left / 24
}

/// The beginning of the next hour, when more is released.
pub fn next_hour(now: Time) -> Time {
    Time::from_ms((now.ms().div_euclid(HOUR_MS) + 1) * HOUR_MS)
}
