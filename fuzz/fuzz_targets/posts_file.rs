//! A file of posts that somebody collected, beside an empty log.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| verbale::client::read_posts(bytes));
