//! A policy: no bytes panic, and what is read asks any checkpoint for its witnesses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::tlog::policy::Policy;
use verbale::tlog::signed_note::SignedNote;

const CHECKPOINT: &str = "log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} log AAAAAAA=\n";

fuzz_target!(|bytes: &[u8]| {
    let Ok(policy) = Policy::parse(bytes) else { return };
    let quorum = policy.quorum(&[&SignedNote::parse(CHECKPOINT.as_bytes()).unwrap()], None);
    assert_eq!(quorum.is_some(), policy.asks_for_witnesses());
    assert!(quorum.is_none_or(|quorum| quorum.since.is_none()), "nobody has signed");
});
