//! The command line, as a person meets it.

pub mod arguments;
pub mod audit;
pub mod channel;
pub mod evidence;
pub mod neighbours;
pub mod online;
pub mod opening;
pub mod policies;
pub mod readme;
pub mod receipt;
pub mod rejudge;
pub mod resend;
pub mod send;
pub mod sender;
