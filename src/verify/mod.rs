//! Evidence in, a report out: of one note's [`proof`], or of a whole [`log`]. It asks nobody and trusts nothing.

pub mod check;
mod versions;
pub mod proof;
pub mod log;
