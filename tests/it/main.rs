//! Tests of the whole: one binary, a module a subject.

mod arch;
mod cli;
mod client;
mod door;
mod faults;
mod fixture;
mod hostile;
mod kills;
mod log_oracles;
mod loops;
mod mortal;
mod process;
mod proofs;
mod properties;
mod readme;
mod refusals;
mod rig;
mod sandbox;
mod secrets;
mod sim;
mod trouble;
mod vectors;
mod witness;
