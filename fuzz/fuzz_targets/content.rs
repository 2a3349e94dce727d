//! The content: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::note::Content;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = Content::parse(bytes) {
        assert_eq!(read.to_text().as_bytes(), bytes);
    }
});
