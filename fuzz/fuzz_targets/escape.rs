//! Any text: as it is written for X it is plain, and is read back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::base::escape::{read, write};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    assert_eq!(read(&write(text)).as_deref(), Some(text));
    if let Some(meant) = read(text) {
        assert_eq!(read(&write(&meant)), Some(meant));
    }
});
