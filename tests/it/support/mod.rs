//! What the tests share. It has no tests of its own, and is the only place from which one test takes what another needs
//! too.

pub mod bot_fixture;
pub mod bucket;
pub mod client_fixture;
pub mod command;
pub mod cosigner;
pub mod crash_platform;
pub mod database;
pub mod dispute_fixture;
pub mod fixture;
pub mod harness;
pub mod installation;
pub mod leak_harness;
pub mod observer;
pub mod parallel;
pub mod process;
pub mod reader;
pub mod relay;
pub mod remote_step;
pub mod sandbox_server;
pub mod secret_search;
pub mod site_fixture;
pub mod trial;
pub mod weather_story;
pub mod wire;
pub mod workbench;
