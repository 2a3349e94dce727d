//! Stored openings, looked at again.

use async_trait::async_trait;

use super::Error;
use crate::base::hash::Hash;

/// The stored opening of a note, and what it must be.
pub struct KeptOpening {
    /// The note's commitment, as the log has it.
    pub commitment: Hash,
    /// The opening, encrypted. None if it was shredded, or is lost.
    pub sealed: Option<Vec<u8>>,
    /// The SHA-256 of these bytes when they were first looked at. None if they never were.
    pub sum: Option<Hash>,
}

/// The questions about stored openings.
#[async_trait]
pub trait ReadOpenings: Send + Sync {
    /// The stored opening of a note; None if there is no such note.
    async fn kept_opening(&self, note: u64) -> Result<Option<KeptOpening>, Error>;
}

/// What is written about stored openings.
#[async_trait]
pub trait WriteOpenings: Send + Sync {
    /// Keeps the SHA-256 of a stored opening; None forgets it, because the opening is gone.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is no such note.
    async fn keep_opening_sum(&self, note: u64, sum: Option<Hash>) -> Result<(), Error>;
}
