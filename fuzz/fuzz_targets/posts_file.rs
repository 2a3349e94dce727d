//! A file of posts that somebody collected, beside an empty log.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| verbale::auditor::read_posts(bytes));
