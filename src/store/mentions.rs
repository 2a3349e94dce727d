//! Mentions: how far they were read, what became of each, and which of them dispute a note.

use async_trait::async_trait;

use super::Error;
use crate::base::ids::{AccountId, PostId};
use crate::base::time::Time;

/// What has become of a mention. Its word is kept, and nothing of the mention's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MentionOutcome {
    /// It was answered with what is known.
    Answered,
    /// It was answered with the help.
    Helped,
    /// A note was entered as disputed, and the mention answered.
    Disputed,
    /// The same without an answer: a limit was reached.
    Entered,
    /// Nothing: it was help once more.
    Again,
    /// Nothing: a limit was reached.
    Over,
}

impl MentionOutcome {
    /// All of them.
    pub const ALL: [MentionOutcome; 6] = [
        MentionOutcome::Answered,
        MentionOutcome::Helped,
        MentionOutcome::Disputed,
        MentionOutcome::Entered,
        MentionOutcome::Again,
        MentionOutcome::Over,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            MentionOutcome::Answered => "answered",
            MentionOutcome::Helped => "helped",
            MentionOutcome::Disputed => "disputed",
            MentionOutcome::Entered => "entered",
            MentionOutcome::Again => "again",
            MentionOutcome::Over => "over",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<MentionOutcome> {
        MentionOutcome::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Whether a post was made.
    pub fn is_answer(self) -> bool {
        matches!(self, MentionOutcome::Answered | MentionOutcome::Helped | MentionOutcome::Disputed)
    }

    /// Whether a dispute was entered.
    pub fn is_entry(self) -> bool {
        matches!(self, MentionOutcome::Disputed | MentionOutcome::Entered)
    }
}

/// The questions about mentions.
#[async_trait]
pub trait ReadMentions: Send + Sync {
    /// Up to which mention nothing is ever answered, and up to which all have been dealt with; None before the first
    /// start.
    async fn mentions_read(&self) -> Result<Option<(PostId, PostId)>, Error>;

    /// Which of these mentions have not been dealt with, in the same order.
    async fn unhandled_mentions(&self, posts: &[PostId]) -> Result<Vec<PostId>, Error>;

    /// The mentions that were dealt with since `from`, and what became of them.
    async fn mentions_since(&self, from: Time) -> Result<Vec<(PostId, AccountId, MentionOutcome)>, Error>;

    /// Whether it is in the log that this post disputes this note.
    async fn is_disputed(&self, note: u64, post: PostId) -> Result<bool, Error>;

    /// Whether a post of this author is in the log as a dispute of the note.
    async fn has_disputed(&self, author: AccountId, note: u64) -> Result<bool, Error>;
}

/// What is written about mentions beside what becomes of each.
#[async_trait]
pub trait WriteMentions: Send + Sync {
    /// Keeps that all mentions up to this one have been dealt with; at the first time, that none of them is ever answered.
    /// It never goes back.
    async fn keep_mentions_read(&self, mention: PostId) -> Result<(), Error>;
}
