//! One post of a thread: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::wording::thread::Part;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(read) = Part::parse(text) {
        assert_eq!(read.to_text(), text);
    }
});
