//! The daemon's tasks: one noun each, done a bounded piece at a time, and everything done twice does no harm.

pub mod task;
pub mod once;
pub mod rules;
pub mod persons;
pub mod seal;
pub mod post;
pub mod deliver;
pub mod disclose;
pub mod acknowledge;
pub mod reply;
pub mod publish;
pub mod replicate;
