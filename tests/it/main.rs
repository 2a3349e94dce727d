//! Tests of the whole: one binary, a module a subject.

mod fixture;
mod log_oracles;
mod proofs;
mod vectors;
