//! The log's key file: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::tlog::signed_note::LogKey;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = LogKey::parse(bytes) {
        assert_eq!(read.to_file().as_bytes(), bytes);
    }
});
