//! The proof that an entry is in the log, as one file: its index, its path, and the signed checkpoint that they lead to
//! (C2SP `tlog-proof`, version 1).

use crate::base::hash::Hash;
use crate::base::text::{self, ParseError};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::signed_note::SignedNote;

/// The largest file that is read, in bytes.
pub const BYTES_MAX: usize = 64 * 1024;

/// Most hashes that a path may have: a tree of 2^63 leaves needs no more.
pub const PATH_MAX: usize = 63;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Shows, with the entry and the log's key, that the entry is in the log. Parsing checks only its form.
///
/// The optional `extra` line of the format is neither written nor read: nothing protects what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// The entry's index in the log, counted from 0.
    pub index: u64,
    /// The inclusion proof, the leaf's sibling first.
    pub path: Vec<Hash>,
    /// The signed checkpoint, byte for byte.
    pub checkpoint: String,
}

impl TlogProof {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is larger than [`BYTES_MAX`] or not in its form, down to the checkpoint in it.
    pub fn parse(bytes: &[u8]) -> Result<TlogProof, ParseError> {
        const HASH: &str = "a hash of the path in base64, or an empty line";
        let mut lines = text::Lines::new("inclusion proof", bytes, BYTES_MAX)?;
        if lines.next(HEADER)? != HEADER {
            return Err(lines.error(HEADER));
        }
        let index = lines.field("index")?;
        let index = lines.value("index and a number", text::number(index))?;
        let mut path = Vec::new();
        loop {
            let line = lines.next(HASH)?;
            if line.is_empty() {
                break;
            }
            if path.len() == PATH_MAX {
                return Err(lines.error("an empty line after 63 hashes"));
            }
            path.push(lines.value(HASH, Hash::from_base64(line))?);
        }
        let note = SignedNote::parse(lines.rest())?;
        Checkpoint::parse(note.text())?;
        Ok(TlogProof { index, path, checkpoint: note.to_string() })
    }

    /// The file.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\nindex {}\n", self.index);
        for hash in &self.path {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }
}

#[cfg(test)]
mod tests;
