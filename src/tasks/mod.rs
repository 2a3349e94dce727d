//! The daemon's tasks. Each has one noun as its name, works in bounded pieces, and may do everything twice without
//! harm.
//!
//! A task says in its [`task::Task`] what its name is, what wakes it and what it needs. Its settings are the struct of
//! its section, made by [`settings`]. The list of all tasks is in the daemon.

pub mod trouble;
pub mod task;
pub mod once;
pub mod allowance;
pub mod rules;
pub mod persons;
pub mod settings;
pub mod acknowledge;
pub mod seal;
pub mod survey;
pub mod post;
pub mod monitor;
pub mod inspect;
pub mod deliver;
pub mod disclose;
pub mod reply;
pub mod publish;
pub mod replicate;
