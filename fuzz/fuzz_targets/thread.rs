//! A whole series of posts, and any text: what is split is joined byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::base::hash::Hash;
use verbale::wording::thread::{join, split};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // As posts, however they are cut, and as a note.
    if let Ok(read) = join(&text.split('\u{1}').collect::<Vec<_>>())
        && let Ok(posts) = split(read.note, read.commitment, &read.text)
    {
        assert!(join(&posts) == Ok(read));
    }
    if let Ok(posts) = split(1, Hash::ZERO, text) {
        assert!(join(&posts).unwrap().text == text);
    }
});
