//! The inclusion proof: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::tlog::tlog_proof::TlogProof;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = TlogProof::parse(bytes) {
        assert_eq!(read.to_text().as_bytes(), bytes);
    }
});
