//! What everything stands on: hashes, moments, text, identifiers. Values without a history.

pub mod hash;
pub mod time;
pub mod text;
pub mod ids;
pub mod escape;
#[cfg(feature = "daemon")]
pub mod clock;
