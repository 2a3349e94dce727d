//! A slip: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::note::slip::Slip;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(read) = Slip::parse(text) {
        assert_eq!(read.to_text().as_deref(), Ok(text));
    }
});
