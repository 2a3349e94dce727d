//! The HTML of a post as X shows it to anybody, and a text in such HTML: what is shown is read back.
#![no_main]

libfuzzer_sys::fuzz_target!(|html: &str| verbale::platform::x::read_card(html));
