//! The program as a whole: its configuration, its HTTP server, and the daemon, which is the only place that knows everybody.

pub mod config;
pub mod http;
pub mod daemon;
