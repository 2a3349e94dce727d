//! Notes: how each stands, what a proof of one is made of, and what is disclosed of it.

use async_trait::async_trait;

use super::Error;
use crate::base::hash::Hash;
use crate::base::ids::{MessageId, PublicPost};
use crate::note::standing::{LogStanding, Standing};

/// What a proof of an entry is made of.
pub struct ProofRow {
    /// The index of its entry in the log.
    pub index: u64,
    /// The entry's line, LF included.
    pub entry: String,
    /// The size of the tree that the proof leads to: that of the post, if there is one.
    pub size: u64,
    /// The signed checkpoint of that size.
    pub checkpoint: String,
    /// The inclusion proof, the leaf's sibling first.
    pub path: Vec<Hash>,
    /// The post and its exact text.
    pub post: Option<(PublicPost, String)>,
    /// The opening, encrypted. None if it was shredded, or the entry is not a note's.
    pub opening: Option<Vec<u8>>,
}

/// The questions about notes.
#[async_trait]
pub trait ReadNotes: Send + Sync {
    /// The number of the last note; 0 if none is sealed. The next one has the number after it.
    async fn last_note(&self) -> Result<u64, Error>;

    /// How notes stand in public, in order: at most `count` of them, from number `from` on.
    async fn notes(&self, from: u64, count: u64) -> Result<Vec<Standing>, Error>;

    /// How a note stands in public; None if there is no note of this number.
    async fn standing(&self, note: u64) -> Result<Option<Standing>, Error>;

    /// How the log stands in public.
    async fn log_standing(&self) -> Result<LogStanding, Error>;

    /// The number of the note with this commitment.
    async fn note_by_commitment(&self, commitment: Hash) -> Result<Option<u64>, Error>;

    /// The note that a message has become; None if there is none.
    async fn note_by_message(&self, message: MessageId) -> Result<Option<Standing>, Error>;

    /// The encrypted opening of a note; None if there is no such note, or it was shredded.
    async fn opening(&self, note: u64) -> Result<Option<Vec<u8>>, Error>;

    /// What a proof of a note is made of; None if there is no such note.
    ///
    /// # Errors
    /// [`Error::Refused`] if no head that covers the note has been signed yet.
    async fn proof(&self, note: u64) -> Result<Option<ProofRow>, Error>;

    /// The names and sizes of the disclosed files of a note: those of the opening that shows most.
    async fn disclosed_files(&self, note: u64) -> Result<Vec<(String, u64)>, Error>;

    /// A disclosed file of a note: that of the last opening that has it.
    async fn disclosed_file(&self, note: u64, name: &str) -> Result<Option<Vec<u8>>, Error>;
}
