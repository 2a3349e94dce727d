//! The marks of a note, and how they can be found.

use std::collections::BTreeSet;

use crate::support::harness::MARKER;

/// What can be found of a note, from the least to the most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    Hash,
    Parties,
    Envelope,
    ContentSalt,
    Text,
    File,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::Hash => "hash",
            Kind::Parties => "who",
            Kind::Envelope => "envelope",
            Kind::ContentSalt => "content's salt",
            Kind::Text => "text",
            Kind::File => "file",
        }
    }
}

/// What was found, by note.
pub type Found = BTreeSet<(u64, Kind)>;

pub fn marked_text(note: u64) -> String {
    format!("Zq{note}markedText4Wb")
}

pub fn marked_file(note: u64) -> String {
    format!("Xk{note}markedFile9Lm")
}

/// The text of a note.
pub fn text(note: u64) -> String {
    format!("{MARKER}: {}", marked_text(note))
}

/// The file of a note: a picture, by its first bytes.
pub fn file(note: u64) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n ".as_slice(), marked_file(note).as_bytes()].concat()
}

/// Whether a word is there, and not as a part of another.
pub fn has_word(bytes: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, word).any(|at| {
        let beside = [at.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(at + word.len())];
        !beside.into_iter().flatten().any(u8::is_ascii_alphanumeric)
    })
}

/// The cell of a table: what was found, of whichever note.
pub fn cell(found: &Found) -> String {
    let kinds: BTreeSet<Kind> = found.iter().map(|(_, kind)| *kind).collect();
    if kinds.is_empty() { "—".to_owned() } else { kinds.into_iter().map(Kind::words).collect::<Vec<_>>().join(", ") }
}
