//! verbale seals every formal direct message that an account sends.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod hash;
pub mod time;
pub mod text;
pub mod note;
pub mod log;
#[cfg(feature = "daemon")]
pub mod platform;
#[cfg(feature = "daemon")]
pub mod rules;
#[cfg(feature = "daemon")]
pub mod config;
#[cfg(feature = "daemon")]
pub mod cli;
