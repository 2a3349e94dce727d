//! What is posted: commitments, heartbeats, receipts, the threads that carry opened notes, answers.

use async_trait::async_trait;

use super::Error;
use crate::base::ids::{PostId, PublicPost};
use crate::base::time::Time;
use crate::tlog::entry::Level;

/// What a post is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// The commitments of these notes.
    Notes {
        /// The first of the run.
        first: u64,
        /// The last of the run; the same for a single note.
        last: u64,
    },
    /// Number of notes that were sealed on this date in UTC, `2018-03-09`.
    Heartbeat {
        /// The date.
        date: String,
    },
    /// The log's head again, in the words of a heartbeat, because a post was lost.
    Again,
    /// A receipt for a note of another log.
    Receipt {
        /// The index of its entry.
        index: u64,
    },
    /// A part of the thread that carries an opened note.
    Part {
        /// The note.
        note: u64,
        /// What is opened of the note.
        level: Level,
        /// Which part, counted from 1.
        place: u64,
        /// Number of parts.
        count: u64,
    },
    /// A public answer.
    Answer {
        /// The mention for which it was made, if it was made for one.
        mention: Option<PostId>,
        /// The note that it is about, if there is one.
        note: Option<u64>,
        /// Whether it is posted without answering if the platform refuses the reply.
        standalone: bool,
    },
}

/// A post that is to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingPost {
    /// What it is about.
    pub subject: Subject,
    /// Its exact text, which no other post of ours has.
    pub text: String,
    /// The post that it answers; for a part of a thread, the post of the previous part. None once the platform has
    /// refused the reply.
    pub answers: Option<PostId>,
    /// The names of the note's disclosed files that are attached.
    pub files: Vec<String>,
}

/// What became of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answered {
    /// It is to be posted.
    Not,
    /// It is posted here.
    In(PostId),
    /// The platform has refused it, and nobody has sent it again.
    Never,
}

/// The questions about posts.
#[async_trait]
pub trait ReadPosts: Send + Sync {
    /// The first and the last of the sealed notes for which no post has been decided upon.
    async fn unposted_notes(&self) -> Result<Option<(u64, u64)>, Error>;

    /// Whether a heartbeat of this date has been decided upon.
    async fn has_heartbeat(&self, date: &str) -> Result<bool, Error>;

    /// The index of the oldest receipt for which no post has been decided upon.
    async fn unposted_receipt(&self) -> Result<Option<u64>, Error>;

    /// Number of receipts whose posts have been attempted since `from`.
    async fn receipts_begun_since(&self, from: Time) -> Result<u64, Error>;

    /// The newest post of ours that is known to stand.
    async fn newest_post(&self) -> Result<Option<PublicPost>, Error>;

    /// The notes that one of our posts is about, the first and the last. The post may show them, open one, or answer a
    /// dispute of one.
    async fn notes_by_post(&self, post: PostId) -> Result<Option<(u64, u64)>, Error>;

    /// The posts of the thread that carries an opened note, in order. None for each part that is not posted yet.
    async fn thread_posts(&self, note: u64, level: Level) -> Result<Vec<Option<PostId>>, Error>;

    /// The state of the answer about a note to a post that did not ask for one; None if there is no such answer.
    async fn answer_to(&self, note: u64, post: PostId) -> Result<Option<Answered>, Error>;
}
