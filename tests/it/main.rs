//! Tests of the whole: one binary, a module a subject.

mod arch;
mod cli;
mod log_oracles;
mod fixture;
mod proofs;
