//! The program as a whole: its threads, its HTTP server, its configuration, and the daemon, which is the only place that
//! knows all modules.

pub mod threads;
pub mod http;
pub mod config;
pub mod daemon;
