//! The program as a whole: its HTTP server, its configuration, and the daemon, which is the only place that knows everybody.

pub mod http;
pub mod config;
pub mod daemon;
