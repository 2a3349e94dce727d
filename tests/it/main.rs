//! Tests of the whole: one binary, a module a subject.

mod fixture;
mod hostile;
mod log_oracles;
mod proofs;
mod properties;
mod vectors;
