//! A bundle of entries, its width in the first byte: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::tlog::tile::{bundle, parse_bundle};

fuzz_target!(|bytes: &[u8]| {
    let Some((width, bytes)) = bytes.split_first() else { return };
    if let Ok(entries) = parse_bundle(bytes, u16::from(*width)) {
        assert_eq!(bundle(entries).as_deref(), Ok(bytes));
    }
});
