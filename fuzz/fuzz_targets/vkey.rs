//! A public key in its text form, of a log and of a witness: that of a log is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::tlog::cosignature::WitnessKey;
use verbale::tlog::signed_note::VerifierKey;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(read) = VerifierKey::parse(text) {
        assert_eq!(read.to_string(), text);
        assert!(WitnessKey::parse(text).is_none(), "a key is either of a log or of a witness");
    }
    if let Some(read) = WitnessKey::parse(text) {
        assert!(!read.bytes().is_empty());
    }
    let _ = verbale::verify::proof::vkey(bytes);
});
