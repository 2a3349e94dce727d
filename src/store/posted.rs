//! Our own posts after they were made: which of them still stand as they were made, which are lost, and which posts on
//! our account only look like ours.

use async_trait::async_trait;

use super::Error;
use super::effects::EffectId;
use crate::base::ids::{PostId, PublicPost};
use crate::base::time::Time;
use crate::tlog::entry::Loss;

/// A post of ours that is to be read again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DuePost {
    /// The effect that it is the outcome of.
    pub effect: EffectId,
    /// Where it stands.
    pub post: PublicPost,
    /// The text with which it was made.
    pub text: String,
    /// From when on it is to be read.
    pub due: Time,
    /// How often it was read and was as it had been made, at most [`READS_MAX`].
    pub reads: u64,
    /// What the platform last said of it instead, and since when it says that.
    pub doubt: Option<(Loss, Time)>,
}

/// The count of reads that is not exceeded.
pub const READS_MAX: u64 = 4;

/// What our own posts that stand before another one have shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ShownBefore {
    /// The size of the largest head; 0 if there is none.
    pub size: u64,
    /// The last note that was shown; 0 if there is none.
    pub note: u64,
}

/// The questions about our own posts after they were made.
#[async_trait]
pub trait ReadPosted: Send + Sync {
    /// Whether a post of this number, or of this text, is ours or is to be made, or is one that only looks like ours and
    /// was told.
    async fn is_known_post(&self, post: PostId, text: &str) -> Result<bool, Error>;

    /// What those of our own posts have shown that have a smaller number than this one.
    async fn shown_before(&self, post: PostId) -> Result<ShownBefore, Error>;

    /// The posts that look like ours and are not, as far as they were told, oldest first.
    async fn strange_posts(&self) -> Result<Vec<PostId>, Error>;

    /// The post of ours that is to be read next among those that were read so often: the one that is due first, now or
    /// later. Lost posts and answers are not read again.
    async fn due_post(&self, reads: u64) -> Result<Option<DuePost>, Error>;

    /// The newest posts of ours, except this one, of which there is no doubt: at most so many.
    async fn undoubted_posts(&self, except: EffectId, count: u32) -> Result<Vec<DuePost>, Error>;

    /// Number of posts that were read again since `from`; one that was read several times counts once.
    async fn posts_read_since(&self, from: Time) -> Result<u64, Error>;

    /// Whether a post was lost since the newest head was decided upon that a post of ours shows.
    async fn has_unshown_loss(&self) -> Result<bool, Error>;
}

/// What is written about our own posts after they were made.
#[async_trait]
pub trait WritePosted: Send + Sync {
    /// Keeps a post that looks like ours and is not. Changes nothing if it is kept already.
    async fn keep_strange_post(&self, post: PostId, now: Time) -> Result<(), Error>;

    /// Writes that a post was read at `now`: what it is known to be from then on, and when it is read again.
    async fn keep_reading(&self, post: DuePost, now: Time) -> Result<(), Error>;

    /// Enters in the log that a post is lost, once. From then on it is not read again. Changes nothing if that is in the
    /// log already.
    async fn lose(&self, effect: EffectId, how: Loss, now: Time) -> Result<(), Error>;
}
