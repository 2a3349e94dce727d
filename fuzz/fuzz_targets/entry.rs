//! An entry of the log: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::tlog::entry::Entry;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = Entry::parse(bytes) {
        assert_eq!(read.to_line().as_bytes(), bytes);
    }
});
