//! The command line, as a person meets it.

pub mod arguments;
pub mod audit;
pub mod evidence;
pub mod neighbours;
pub mod online;
pub mod opening;
pub mod policies;
pub mod readme;
pub mod receipt;
pub mod send;
pub mod sender;
