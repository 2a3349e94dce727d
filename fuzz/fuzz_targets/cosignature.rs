//! Signature lines under a checkpoint that one witness has signed: whatever stands there, it counts only with the line that the
//! witness made, and says when that was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::tlog::cosignature::{Cosigned, WitnessKey};
use verbale::tlog::signed_note::SignedNote;

const KEY: &str = "tribune.example+59663cc0+BP0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY";
const TEXT: &str = "embassy.example/notes\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
const LINE: &str = "\u{2014} tribune.example WWY8wAAAAABaoscsHRFcCHKabPxmvD3Oe06PJcXmWO05ZSuZOIecN/+cZIGmDoIJvEe4FMXAB1Qqu5S3BmD+4hTW/klipYmzvHG6CQ==";
const SIGNED_MS: i64 = 1_520_617_260_000;

fuzz_target!(|bytes: &[u8]| {
    let key = WitnessKey::parse(KEY).unwrap();
    let under = |lines: &[u8]| SignedNote::parse(&[TEXT.as_bytes(), b"\n", lines].concat());
    if let Ok(signed) = under(bytes) {
        let is_there = signed.signatures().iter().any(|line| line.to_string().trim_end() == LINE);
        match key.cosigned(&signed) {
            Cosigned::At(time) => assert!(is_there && signed.text() == TEXT && time.ms() == SIGNED_MS),
            Cosigned::Not => assert!(!is_there),
            Cosigned::Wrong => {}
            Cosigned::Type(_) | Cosigned::Early(_) => panic!("its type is known, and no moment is too early"),
        }
    }
    let under = |lines: &[u8]| under(&[lines, LINE.as_bytes(), b"\n"].concat());
    if let Ok(signed) = under(bytes) {
        let cosigned = key.cosigned(&signed);
        assert!(
            cosigned == Cosigned::Wrong || matches!(cosigned, Cosigned::At(time) if time.ms() == SIGNED_MS),
            "{cosigned:?}"
        );
    }
});
