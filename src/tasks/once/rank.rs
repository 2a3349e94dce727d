//! Whose turn it is among the posts that were decided upon.
//!
//! The store hands out the next one in this order; the publisher asks here whether what it was handed comes before the notes
//! that are about to be decided upon. Direct messages go by the same principle: those of unknown outcome, answers to
//! commands, requests, the rest.

use crate::store::{Intent, Subject};

/// A rank: smaller goes first, and among those of one rank the oldest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rank {
    /// It has been tried, and nobody knows whether it happened.
    Unknown,
    /// The commitments of notes.
    Notes,
    /// A part of a mirror.
    Part,
    /// A public answer, or a receipt.
    Answer,
    /// The heartbeat.
    Heartbeat,
}

/// The rank of a post that was decided upon.
pub fn rank(intent: &Intent) -> Rank {
    if intent.attempts.is_some_and(|attempts| !attempts.all_failed) {
        return Rank::Unknown;
    }
    match intent.subject {
        Subject::Notes { .. } => Rank::Notes,
        Subject::Part { .. } => Rank::Part,
        Subject::Answer { .. } | Subject::Receipt { .. } => Rank::Answer,
        Subject::Heartbeat { .. } => Rank::Heartbeat,
    }
}

/// Whether everything waits for it as long as it is not posted: notes for one another, and for the heartbeat. Anything else
/// is passed by what can be done.
pub fn holds_all_up(subject: &Subject) -> bool {
    matches!(subject, Subject::Notes { .. } | Subject::Heartbeat { .. })
}
