//! The append-only log, in the public formats of C2SP.

pub mod tree;
pub mod signed_note;
pub mod entry;
pub mod cosignature;
pub mod policy;
pub mod checkpoint;
pub mod tile;
pub mod tlog_proof;
