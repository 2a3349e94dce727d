//! A whole proof, and an opening: a report or an error, and the report can be shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::note::Opening;
use verbale::verify::proof::{Trust, verify};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(report) = verify(bytes, &Trust::default()) {
        assert!(report.to_string().ends_with('\n'));
    }
    if let Ok((note, opening)) = Opening::unpack(bytes) {
        assert_eq!(Opening::unpack(&opening.pack(note)), Ok((note, opening)));
    }
});
