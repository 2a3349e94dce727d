//! Tests of the whole: one binary, a module a subject.

mod log_oracles;
mod arch;
mod cli;
