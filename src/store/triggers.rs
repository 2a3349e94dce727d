//! What comes in or falls due, and everything that follows from it. Both are written together, so that it is dealt with
//! once.

use async_trait::async_trait;

use super::Error;
use super::mentions::MentionOutcome;
use super::messages::Outgoing;
use super::requests::{CodeChange, NewRequest};
use crate::base::hash::Hash;
use crate::base::ids::{AccountId, MessageId, PostId};
use crate::base::time::Time;
use crate::tlog::entry::Level;

/// What has come in or fallen due. It is recorded together with what follows from it, so that it is dealt with once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// A post that mentions us.
    Mention(Mentioned),
    /// A command of an official.
    Command(MessageId),
    /// A request that was waiting is done.
    Request(u64),
    /// A request was waiting too long.
    Lapse(u64),
    /// A request cannot be done, for this reason, which says nothing private.
    Refuse(u64, String),
}

/// A post that mentions us, as it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mentioned {
    /// The post.
    pub post: PostId,
    /// Its author.
    pub author: AccountId,
    /// What was done about it: for limits and counts.
    pub what: MentionOutcome,
}

/// What follows from a [`Trigger`], all in one transaction.
#[derive(Default)]
pub struct Effects {
    /// Notes that are disputed, and the posts that dispute them. A dispute that the log has already is not entered
    /// again.
    pub disputes: Vec<(u64, PostId)>,
    /// What is opened of a note.
    pub open: Option<Opened>,
    /// Public posts in answer to others.
    pub answers: Vec<NewAnswer>,
    /// Direct messages.
    pub messages: Vec<Outgoing>,
    /// What is asked for.
    pub requests: Vec<NewRequest>,
    /// Requests that somebody approves, and who. The person who asked cannot approve.
    pub approvals: Vec<(u64, String)>,
    /// What happens to the code that an official was given.
    pub code: Option<CodeChange>,
}

/// What is opened of a note in public. From here on it is public.
pub struct Opened {
    /// The note.
    pub note: u64,
    /// How much of it.
    pub level: Level,
    /// The SHA-256 of the file that is opened: of the envelope, or of the content.
    pub sha256: Hash,
    /// The files for the site: names and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// The posts of the thread, in order: text, and the names of the files that are attached.
    pub parts: Vec<(String, Vec<String>)>,
}

/// A public post in answer to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAnswer {
    /// Its exact text, which no other post of ours has.
    pub text: String,
    /// The post that it answers.
    pub answers: PostId,
    /// The mention that it answers; each mention is answered at most once.
    pub mention: Option<PostId>,
    /// The note that it is about.
    pub note: Option<u64>,
    /// Whether it is posted as a post of its own if the platform refuses the reply; otherwise it is then given up.
    pub standalone: bool,
}

/// What is written about triggers.
#[async_trait]
pub trait WriteTriggers: Send + Sync {
    /// Writes that a trigger has been dealt with, and what follows from it: log entries, posts to be made, messages to
    /// be sent, requests, approvals, codes. All of this is one transaction. Returns false, and writes nothing, if it
    /// was dealt with before. When a request ends, the proof that was submitted with it is removed. If the request was
    /// not done, nothing of that proof stays in any file of the database.
    ///
    /// # Errors
    /// [`Error::Refused`] if a note is not there, is open at this level already, or is not posted yet; if a text was
    /// posted before; if somebody approves what they asked for.
    async fn apply(&self, trigger: Trigger, effects: Effects, now: Time) -> Result<bool, Error>;
}
