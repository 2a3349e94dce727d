//! The client for X and the sandbox, over HTTP.

pub mod client;
pub mod client_writes;
pub mod sandbox;
pub mod odd;
pub mod other_question;
