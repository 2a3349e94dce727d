//! A text that became readable, and a key: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::note::unlocked::{Subkey, Unlocked};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = Unlocked::parse(bytes) {
        assert_eq!(read.to_text().as_bytes(), bytes);
    }
    if let Ok(read) = Subkey::parse(bytes) {
        assert_eq!(read.to_text().as_bytes(), bytes);
    }
});
