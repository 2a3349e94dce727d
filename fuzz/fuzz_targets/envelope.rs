//! The envelope: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::note::Envelope;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = Envelope::parse(bytes) {
        assert_eq!(read.to_text().as_bytes(), bytes);
    }
});
