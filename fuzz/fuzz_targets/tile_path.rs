//! The path of a tile: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::tlog::tile::TilePath;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(read) = TilePath::parse(text) {
        assert_eq!(read.to_string(), text);
    }
});
