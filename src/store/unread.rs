//! What of the messages is not read yet, what cannot be read, what strangers have cost, and what is judged again.

use async_trait::async_trait;

use super::Error;
use crate::base::hash::Hash;
use crate::base::ids::MessageId;
use crate::base::time::Time;

/// A part of the list of messages that is not read to its end. Everything that is listed is dealt with, or lies in one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unread {
    /// Messages with a greater number than this…
    pub after: MessageId,
    /// …and a smaller one than this.
    pub before: MessageId,
    /// The platform's mark of the place at which to go on. None to begin at the newest.
    pub token: Option<String>,
    /// Why.
    pub why: WhyUnread,
}

/// Why a part of the list is not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyUnread {
    /// It was too long, or something came between.
    Cut,
    /// It waits in memory for what the platform has not said yet: whom a name means, who is in a group.
    Waits,
    /// It is read once more, for this rejudgement.
    Again(u64),
}

/// What messages of strangers have cost in a day (UTC).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Strangers {
    /// Number of their messages that were read.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Number of pages on which nothing else was new.
    pub calls: u64,
}

/// That messages which were not formal are judged once more, by the rules of today.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejudgement {
    /// Its number.
    pub id: u64,
    /// From when on.
    pub since: Time,
    /// When it was asked for.
    pub asked_at: Time,
    /// When it was done. None if it is not.
    pub done_at: Option<Time>,
    /// Number of messages of ours that were judged so far.
    pub judged: u64,
    /// Number of them that were sealed.
    pub sealed: u64,
    /// The longest time between the sending and the sealing of one of them, in milliseconds.
    pub late_ms: i64,
}

/// How far a rejudgement has come since the last time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rejudged {
    /// Which.
    pub id: u64,
    /// Number of messages that were judged.
    pub judged: u64,
    /// Number of them that were sealed.
    pub sealed: u64,
    /// The longest time between sending and sealing, in milliseconds.
    pub late_ms: i64,
    /// Whether that was all.
    pub is_done: bool,
}

/// The questions about what is not read.
#[async_trait]
pub trait ReadUnread: Send + Sync {
    /// The parts of the list that are not read, the newest first.
    async fn unread(&self) -> Result<Vec<Unread>, Error>;

    /// The newest message with a smaller number than this that has been dealt with.
    async fn seen_before(&self, message: MessageId) -> Result<Option<MessageId>, Error>;

    /// Which of these elements that cannot be read are not in the log as a gap, in the same order.
    async fn unentered(&self, elements: &[Hash]) -> Result<Vec<Hash>, Error>;

    /// Number of elements that could not be read and were entered since this moment.
    async fn entered_since(&self, moment: Time) -> Result<u64, Error>;

    /// What strangers have cost on the day that begins at this midnight.
    async fn strangers(&self, midnight: Time) -> Result<Strangers, Error>;

    /// Which of these messages are no notes, and when each was first listed, where that was kept.
    async fn unsealed(&self, messages: &[MessageId]) -> Result<Vec<(MessageId, Option<Time>)>, Error>;

    /// The oldest rejudgement that is not done.
    async fn next_rejudgement(&self) -> Result<Option<Rejudgement>, Error>;

    /// A rejudgement by its number.
    async fn rejudgement(&self, id: u64) -> Result<Option<Rejudgement>, Error>;
}

/// What commands ask for about messages that were read.
#[async_trait]
pub trait AskUnread: Send + Sync {
    /// Asks the daemon to judge once more what was sent since a moment. Returns the number of the rejudgement.
    async fn ask_rejudgement(&self, since: Time, now: Time) -> Result<u64, Error>;
}
