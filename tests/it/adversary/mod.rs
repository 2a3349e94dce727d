//! What people try who wish us ill: each kind tried, and who notices it.

pub mod leaks;
pub mod packaging;
pub mod quarrel;
pub mod tampering;
