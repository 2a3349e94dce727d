//! A whole proof, and an opening: a report that can be shown, and that proves nothing to who knows nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::note::Opening;
use verbale::verify::proof::{Trust, Verdict, verify};

fuzz_target!(|bytes: &[u8]| {
    let report = verify(bytes, &Trust::default());
    assert!(
        report.to_string().ends_with('\n') && report.verdict() != Verdict::Proven,
        "nothing is known from elsewhere"
    );
    if let Ok((note, opening)) = Opening::unpack(bytes) {
        assert_eq!(Opening::unpack(&opening.pack(note)), Ok((note, opening)));
    }
});
