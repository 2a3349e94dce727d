//! Evidence in, a report out: of one note's [`proof`], or of a whole [`log`]. Nothing is asked of anybody, and nothing is
//! believed.

pub mod check;
pub mod proof;
pub mod log;
