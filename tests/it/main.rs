//! Tests of the whole: one binary, a module a subject.

mod arch;
mod cli;
mod fixture;
mod log_oracles;
mod proofs;
mod vectors;
mod client;
mod door;
mod sandbox;
