//! What tampering takes: the tools of somebody who has the files, and those of the operator.

use std::sync::LazyLock;

use verbale::note::proof::Proof;
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tile;

use super::set::{Embassy, IN_A_RUN, OPENED, Set};
use crate::support::fixture::{Files, key, resum, unzip, zip};

/// The installation before anything is done to it.
pub static HONEST: LazyLock<Embassy> = LazyLock::new(Embassy::honest);

/// Who can do it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Whoever hands the files on.
    Anybody,
    /// Whoever holds the log's key.
    Operator,
    /// Whoever holds the account, or the platform itself.
    Account,
    /// The recipient, or whoever makes a receipt in its name.
    Recipient,
}

impl By {
    pub fn words(self) -> &'static str {
        match self {
            By::Anybody => "anybody",
            By::Operator => "the operator",
            By::Account => "the account",
            By::Recipient => "the receipt's maker",
        }
    }
}

/// What is done to the set.
pub type Tamper = fn(&mut Set);

/// One way of tampering.
pub struct Kind {
    /// What is done, in plain words.
    pub name: &'static str,
    pub by: By,
    pub tamper: Tamper,
}

pub fn kinds(by: By, all: &[(&'static str, Tamper)]) -> Vec<Kind> {
    all.iter().map(|(name, tamper)| Kind { name, by, tamper: *tamper }).collect()
}

/// Somebody else's key for a log of the same name.
pub fn other_key() -> LogKey {
    LogKey::from_seed(key().name().clone(), [99; 32])
}

/// Changes a published file.
pub fn file(set: &mut Set, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let bytes = set.log.get_mut(name).unwrap_or_else(|| panic!("{name} is not published"));
    let before = bytes.clone();
    change(bytes);
    assert!(*bytes != before, "{name} is what it was");
}

/// Changes the entries of a bundle; its lengths are made to fit.
pub fn bundle(set: &mut Set, name: &str, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    file(set, name, |bytes| {
        let width = tile::TilePath::parse(name).unwrap().width();
        let mut entries: Vec<Vec<u8>> =
            tile::parse_bundle(bytes, width).unwrap().into_iter().map(<[u8]>::to_vec).collect();
        change(&mut entries);
        let with_length = |entry: &Vec<u8>| [&(entry.len() as u16).to_be_bytes()[..], entry].concat();
        *bytes = entries.iter().flat_map(with_length).collect();
    });
}

/// The operator has done so from the beginning: heads and posts were made from that log.
pub fn from_the_beginning(set: &mut Set, change: impl FnOnce(&mut Embassy)) {
    let mut embassy = HONEST.clone();
    change(&mut embassy);
    *set = embassy.set();
}

/// The operator changes the log afterwards, and makes everything anew that is in its hands: files, head and proofs.
pub fn afterwards(set: &mut Set, change: impl FnOnce(&mut Embassy)) {
    let mut embassy = HONEST.clone();
    change(&mut embassy);
    set.log = embassy.published();
    embassy.hand_out(set);
}

/// Changes files in the proof in which everything is opened.
pub fn opened(set: &mut Set, change: impl FnOnce(&mut Files)) {
    let mut files = unzip(&set.proofs[&OPENED]);
    let before = files.clone();
    change(&mut files);
    assert!(files != before, "the proof is what it was");
    set.proofs.insert(OPENED, zip(&files));
}

/// The same, and the list of hashes is written anew.
pub fn forged(set: &mut Set, change: impl FnOnce(&mut Files)) {
    opened(set, |files| {
        change(files);
        resum(files);
    });
}

/// Another proof in place of the one in which everything is opened; the receipt is gone.
pub fn other_proof(set: &mut Set, proof: &Proof) {
    set.proofs.insert(OPENED, proof.pack());
}

/// Another proof in place of the one of an envelope alone.
pub fn other_envelope(set: &mut Set, proof: &Proof) {
    set.proofs.insert(IN_A_RUN, proof.pack());
}

/// Changes words in a file of a proof.
pub fn words(files: &mut Files, name: &str, from: &str, to: &str) {
    let bytes = files.get_mut(name).unwrap_or_else(|| panic!("there is no {name}"));
    *bytes = replaced(bytes, from, to);
}

/// The same bytes with the first of these words changed.
pub fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("{from:?} does not stand there"));
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

/// Puts another digit, of hexadecimal or of base64, in the place of this one.
pub fn other_digit(digit: &mut u8) {
    *digit = if *digit == b'0' { b'1' } else { b'0' };
}

/// The same text with CR before each LF.
pub fn with_cr(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect()
}
