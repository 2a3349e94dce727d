//! A proof as somebody packed it: its files or a reason, and the files packed by us are the same files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::note::packaging::{Given, gather, open};

fuzz_target!(|bytes: &[u8]| {
    match open(bytes) {
        Ok(packed) => {
            let given = packed.files.iter().map(|(path, bytes)| Given { path: path.to_owned(), bytes: bytes.to_vec() });
            assert_eq!(gather(given.collect()).map(|again| again.files), Ok(packed.files));
        }
        Err(reason) => assert!(reason.to_string().contains('\n')),
    }
});
