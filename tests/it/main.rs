//! Tests of the whole: one binary, a module a subject.

mod arch;
mod cli;
mod refusals;
mod fixture;
mod hostile;
mod loops;
mod log_oracles;
mod proofs;
mod properties;
mod vectors;
mod client;
mod door;
mod sandbox;
