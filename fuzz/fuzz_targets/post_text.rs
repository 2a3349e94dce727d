//! The text of a post: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::wording::post::PostText;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(read) = PostText::parse(text) {
        assert_eq!(read.to_text(), text);
    }
});
