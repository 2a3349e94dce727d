//! Mentions: how far they were read, what was done about each, and which of them dispute a note.

use async_trait::async_trait;

use super::Error;
use crate::base::ids::{AccountId, PostId};
use crate::base::time::Time;

/// What was done about a mention. Only this word is kept, and nothing of the mention's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MentionOutcome {
    /// It was answered with what is known.
    Answered,
    /// It was answered with the help.
    Helped,
    /// A note was entered as disputed, and the mention answered.
    Disputed,
    /// A note was entered as disputed, but the mention was not answered: a limit was reached.
    Entered,
    /// Nothing: it asked for help once more.
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
    /// Two mentions: nothing is ever answered up to the first, and all are dealt with up to the second. None before the
    /// first start.
    async fn mentions_read(&self) -> Result<Option<(PostId, PostId)>, Error>;

    /// Which of these mentions have not been dealt with, in the same order.
    async fn unhandled_mentions(&self, posts: &[PostId]) -> Result<Vec<PostId>, Error>;

    /// The mentions that were dealt with since `from`, and what was done about them.
    async fn mentions_since(&self, from: Time) -> Result<Vec<(PostId, AccountId, MentionOutcome)>, Error>;

    /// Whether the log says that this post disputes this note.
    async fn is_disputed(&self, note: u64, post: PostId) -> Result<bool, Error>;

    /// Whether the log has a post of this author that disputes the note.
    async fn has_disputed(&self, author: AccountId, note: u64) -> Result<bool, Error>;
}

/// What is written about mentions, apart from what was done about each.
#[async_trait]
pub trait WriteMentions: Send + Sync {
    /// Keeps that all mentions up to this one have been dealt with. The first call also keeps that none of these is
    /// ever answered. The mark never goes back.
    async fn keep_mentions_read(&self, mention: PostId) -> Result<(), Error>;
}
