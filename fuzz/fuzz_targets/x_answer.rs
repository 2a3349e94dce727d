//! What X answers, or somebody in its place.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| verbale::platform::x::read_any(body));
