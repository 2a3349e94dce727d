//! Stub.
/// Skew.
pub const SKEW_MS_MAX: i64 = 600_000;
