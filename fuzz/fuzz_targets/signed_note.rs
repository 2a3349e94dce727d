//! A signed note: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::tlog::signed_note::SignedNote;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = SignedNote::parse(bytes) {
        assert_eq!(read.to_string().as_bytes(), bytes);
    }
});
