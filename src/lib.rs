//! verbale seals every formal direct message that an account sends.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

// The core: values in, values out.
pub mod hash;
pub mod time;
pub mod text;
pub mod note;
pub mod log;
pub mod opening;
pub mod post;
pub mod proof;
pub mod verify;

// What we ask of the world.
#[cfg(feature = "daemon")]
pub mod clock;
#[cfg(feature = "daemon")]
pub mod platform;
#[cfg(feature = "daemon")]
pub mod vault;
#[cfg(feature = "daemon")]
pub mod store;

// The loops.
#[cfg(feature = "daemon")]
pub mod pace;
#[cfg(feature = "daemon")]
pub mod rules;
#[cfg(feature = "daemon")]
pub mod watcher;
#[cfg(feature = "daemon")]
pub mod publisher;
#[cfg(feature = "daemon")]
pub mod public;

// The edges.
#[cfg(feature = "daemon")]
pub mod config;
#[cfg(feature = "daemon")]
pub mod sandbox;
#[cfg(feature = "daemon")]
pub mod daemon;
#[cfg(feature = "daemon")]
pub mod cli;
