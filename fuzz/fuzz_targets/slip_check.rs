//! A slip and a message, parted by the first byte 1, as a person saved them: a report or an error, and only what was sealed
//! holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::verify::proof;

fuzz_target!(|bytes: &[u8]| {
    let Some((slip, message)) = std::str::from_utf8(bytes).ok().and_then(|text| text.split_once('\u{1}')) else {
        return;
    };
    if let Ok(report) = proof::slip(slip, message) {
        assert!(report.to_string().ends_with('\n'));
        serde_json::to_string(&report).unwrap();
    }
});
