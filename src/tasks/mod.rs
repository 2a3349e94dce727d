//! The daemon's tasks: one noun each, done a bounded piece at a time, and everything done twice does no harm.
//!
//! A task says in its [`task::Task`] what it is called, what wakes it and what it needs; what the operator says of it is the
//! struct of its section, made by [`settings`]. The list of all tasks stands in the daemon.

pub mod task;
pub mod once;
pub mod rules;
pub mod persons;
pub mod settings;
pub mod acknowledge;
pub mod seal;
pub mod post;
pub mod deliver;
pub mod disclose;
pub mod reply;
pub mod publish;
pub mod replicate;
