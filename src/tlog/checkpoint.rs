//! What a log commits to at one moment, after C2SP tlog-checkpoint v1.0.0: its origin, its size and its root.

use crate::base::hash::Hash;
use crate::base::ids::Origin;
use crate::base::text::{self, ParseError};
use crate::tlog::signed_note::{self, LogKey, SignatureError, SignedNote, VerifierKey};
use crate::tlog::tree;

/// The name of the file below a log's address that holds its newest signed checkpoint, by C2SP tlog-tiles.
pub const FILE: &str = "checkpoint";

/// The head of a log: which log, how many entries, and the root over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// Number of entries in the log.
    pub size: u64,
    /// The root of the tree of these entries.
    pub root: Hash,
}

/// Why a signed checkpoint was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is not of its format.
    #[error(transparent)]
    Form(#[from] ParseError),
    /// It is not signed by the key.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The key signed it, for a log of another name.
    #[error("the checkpoint is of the log {found}, and the key of {expected}")]
    Origin {
        /// The origin in the checkpoint.
        found: Origin,
        /// The key's name.
        expected: Origin,
    },
}

impl Checkpoint {
    /// The text that is signed: three lines.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Reads the signed text. Lines after the third are tolerated if they are not empty, and not kept.
    ///
    /// # Errors
    /// If it is not of this form, or says another root than that of the empty tree for size 0.
    pub fn parse(text: &str) -> Result<Checkpoint, ParseError> {
        const ROOT: &str = "the root in base64, that of the empty tree for size 0";
        let mut lines = text::Lines::new("checkpoint", text.as_bytes(), signed_note::BYTES_MAX)?;
        let line = lines.next("the log's origin")?;
        let origin =
            lines.value("the log's origin: 1 to 255 visible characters of ASCII without +", Origin::parse(line))?;
        let line = lines.next("the log's size")?;
        let size = lines.value("the log's size", text::number(line))?;
        let line = lines.next(ROOT)?;
        let root = Hash::from_base64(line).filter(|root| size != 0 || *root == tree::empty_root());
        let root = lines.value(ROOT, root)?;
        while !lines.rest().is_empty() {
            if lines.next("a line that is not empty")?.is_empty() {
                return Err(lines.error("a line that is not empty"));
            }
        }
        Ok(Checkpoint { origin, size, root })
    }

    /// The signed checkpoint, as it is published. The key's name is the origin.
    pub fn sign(&self, key: &LogKey) -> String {
        key.sign(&self.to_text())
    }

    /// Reads a signed checkpoint. It must be signed by `key`, and be of the log with the key's name.
    ///
    /// # Errors
    /// If it is malformed, not signed by the key, or of another log.
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<Checkpoint, CheckpointError> {
        let note = SignedNote::parse(bytes)?;
        note.verify(std::slice::from_ref(key))?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != *key.name() {
            return Err(CheckpointError::Origin { found: checkpoint.origin, expected: key.name().clone() });
        }
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests;
