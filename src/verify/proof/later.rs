//! Later heads of the log that a proof carries: what others have signed or stamped may be one of them.
//!
//! They are extras: one that does not hold counts for nothing. Only two heads, both signed by the log's key, that cannot both
//! be true are the log's own fault.

use std::collections::BTreeMap;

use crate::note::names::{self, HeadFile};
use crate::note::proof::Files;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::signed_note::SignedNote;
use crate::tlog::tlog_proof::TlogProof;
use crate::tlog::tree;

use super::{Part, Parts};
use crate::verify::check::{Check, fails, holds, not_checked, void};

/// The name of the check.
pub(super) const NAME: &str = "later heads";

/// Most later heads of a proof.
const LATER_MAX: usize = 3;

/// A later head, and what the files say about it.
pub(super) struct LaterHead {
    /// The size in the name of its file.
    size: u64,
    proof: Part<TlogProof>,
    /// The checkpoint, if the note's entry leads to it and the log's key has signed it.
    pub(super) held: Option<Checkpoint>,
    /// The checkpoint as it was signed, whether or not the entry leads to it.
    signed: Option<Checkpoint>,
}

impl LaterHead {
    /// The head with its signatures, for those who look at others'.
    pub(super) fn note(&self) -> Option<SignedNote> {
        self.held.as_ref()?;
        SignedNote::parse(self.proof.get()?.checkpoint.as_bytes()).ok()
    }
}

/// Reads the later heads of a note, ascending by size.
pub(super) fn read(files: &Files, parts: &Parts) -> Vec<LaterHead> {
    let sizes: BTreeMap<u64, &[u8]> =
        files.iter().filter_map(|(name, bytes)| Some((names::size_of_later_proof(name, parts.note)?, bytes))).collect();
    sizes.into_iter().map(|(size, bytes)| head(parts, size, bytes)).collect()
}

fn head(parts: &Parts, size: u64, bytes: &[u8]) -> LaterHead {
    let proof = Part::of(Some(bytes), TlogProof::parse);
    let opened = proof.get().zip(parts.key.as_ref());
    let signed = opened.and_then(|(proof, key)| Checkpoint::open(proof.checkpoint.as_bytes(), key).ok());
    let leaf = tree::leaf_hash(&parts.entry_bytes);
    let leads = |proof: &TlogProof, head: &Checkpoint| {
        head.size == size && tree::check_inclusion(leaf, proof.index, head.size, &proof.path, head.root)
    };
    let held =
        proof.get().zip(signed.as_ref()).filter(|(proof, head)| leads(proof, head)).map(|(_, head)| head.clone());
    LaterHead { size, proof, held, signed }
}

/// Whether they hold. None if the proof carries none, nor a file about a head.
pub(super) fn check(files: &Files, parts: &Parts) -> Option<Check> {
    let stamps = files.iter().filter(|(name, _)| names::head_file(name).is_some()).count();
    if parts.later.is_empty() && stamps == 0 {
        return None;
    }
    if let Some(size) = contradiction(parts) {
        return Some(fails(NAME, format!("the log's key has signed two heads of {size} entries with different roots")));
    }
    let wrong: Vec<String> =
        parts.later.iter().filter(|later| later.held.is_none()).map(|later| later.size.to_string()).collect();
    if !wrong.is_empty() {
        return Some(void(NAME, format!("the note does not lead to the signed head of size {}", wrong.join(", "))));
    }
    if let Some(name) = other_text(files, parts) {
        return Some(void(NAME, format!("{name} is not the text of that head")));
    }
    if LATER_MAX < parts.later.len() {
        return Some(void(NAME, format!("{} of them, more than the {LATER_MAX} that a proof has", parts.later.len())));
    }
    let told = format!("{} of them, under each of which the note is", parts.later.len());
    Some(match files.iter().any(|(name, _)| is_stamp(name)) {
        true => not_checked(NAME, format!("{told}; the time stamps over them are not checked by this version")),
        false => holds(NAME, told),
    })
}

fn is_stamp(name: &str) -> bool {
    matches!(names::head_file(name), Some((_, HeadFile::Tsr(_) | HeadFile::Ots)))
}

/// The size of two signed heads that cannot both be true.
fn contradiction(parts: &Parts) -> Option<u64> {
    let mut roots = BTreeMap::new();
    let signed = parts.later.iter().filter_map(|later| later.signed.as_ref());
    parts
        .signed_head
        .iter()
        .chain(signed)
        .find(|head| *roots.entry(head.size).or_insert(head.root) != head.root)
        .map(|head| head.size)
}

/// The name of a file that should be the text of a head of this proof, and is another.
fn other_text<'a>(files: &'a Files, parts: &Parts) -> Option<&'a str> {
    let heads: Vec<&Checkpoint> =
        parts.checkpoint.iter().chain(parts.later.iter().filter_map(|later| later.held.as_ref())).collect();
    let is_text =
        |size: u64, bytes: &[u8]| heads.iter().any(|head| head.size == size && head.to_text().as_bytes() == bytes);
    files.iter().find_map(|(name, bytes)| match names::head_file(name)? {
        (size, HeadFile::Text) if !is_text(size, bytes) => Some(name),
        _ => None,
    })
}
