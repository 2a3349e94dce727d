//! The operator's configuration.
#![no_main]

use std::path::Path;

libfuzzer_sys::fuzz_target!(|text: &str| drop(verbale::app::config::Config::parse(text, Path::new("config.toml"))));
