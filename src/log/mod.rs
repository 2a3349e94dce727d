//! The append-only log, in the public formats of C2SP.

pub mod entry;
