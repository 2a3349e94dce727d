//! Tests of the whole: one binary, a folder a layer, a module a subject.

mod support;

mod adversary;
mod arch;
mod cli;
mod formats;
mod platform;
mod process;
mod site;
mod store;
mod tasks;
