//! What the tests have in common: no tests of its own.

pub mod bot_fixture;
pub mod bucket;
pub mod cosigner;
pub mod crash_platform;
pub mod database;
pub mod dispute_fixture;
pub mod fixture;
pub mod harness;
pub mod installation;
pub mod leak_harness;
pub mod observer;
pub mod process;
pub mod reader;
pub mod sandbox_server;
