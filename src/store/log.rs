//! The log itself: entries, roots, and the heads that were signed. All of it is public.

use async_trait::async_trait;

use super::Error;
use crate::base::hash::Hash;

/// The questions about the log.
#[async_trait]
pub trait ReadLog: Send + Sync {
    /// The log's verification key, in its text form.
    async fn vkey(&self) -> Result<String, Error>;

    /// Number of entries.
    async fn size(&self) -> Result<u64, Error>;

    /// At most `count` entries from index `from` on, their LF included.
    async fn entries(&self, from: u64, count: u64) -> Result<Vec<String>, Error>;

    /// The root of the tree of the first `size` entries; None if there are fewer.
    async fn root_at(&self, size: u64) -> Result<Option<Hash>, Error>;

    /// The signed checkpoint of the largest head; None if none was signed yet.
    async fn newest_checkpoint(&self) -> Result<Option<String>, Error>;
}

/// What is written about the log beside entries, which come with what they are about.
#[async_trait]
pub trait WriteLog: Send + Sync {
    /// The signed checkpoint of this size: signed and kept in one transaction if there is none yet. A head leaves the
    /// program only after this.
    ///
    /// # Errors
    /// [`Error::Refused`] if there are fewer entries.
    async fn checkpoint(&self, size: u64) -> Result<String, Error>;
}
