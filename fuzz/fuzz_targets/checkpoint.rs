//! The text of a checkpoint: what is read begins with what is written back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::tlog::checkpoint::Checkpoint;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(read) = Checkpoint::parse(text) {
        assert!(text.starts_with(&read.to_text()));
    }
});
