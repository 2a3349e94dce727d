//! Tests of the whole: one binary, a module a subject.

mod client;
mod door;
mod sandbox;
