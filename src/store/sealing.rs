//! Sealing: which messages have been dealt with, and what is written about them.

use async_trait::async_trait;

use super::Error;
use super::messages::Outgoing;
use super::receipts::ReceivedSlip;
use super::requests::Command;
use super::unread::{Rejudged, Strangers, Unread};
use crate::base::hash::Hash;
use crate::base::ids::{ConversationId, MessageId};
use crate::base::time::Time;
use crate::note::Correspondence;

/// A note ready to be sealed.
pub struct Sealing {
    /// Its number: directly after the one before.
    pub note: u64,
    /// The message that it is.
    pub message: MessageId,
    /// The conversation that it belongs to.
    pub conversation: ConversationId,
    /// Its place in that conversation.
    pub correspondence: Correspondence,
    /// The SHA-256 of its envelope.
    pub commitment: Hash,
    /// Its opening, encrypted.
    pub opening: Vec<u8>,
}

/// What one transaction of the watcher writes.
#[derive(Default)]
pub struct Batch {
    /// The notes, in order.
    pub notes: Vec<Sealing>,
    /// The periods in which messages may have been missed.
    pub gaps: Vec<Gap>,
    /// The messages that have been dealt with.
    pub seen: Vec<MessageId>,
    /// What was listed and cannot be read, by its hash: it is entered among the gaps.
    pub unreadable: Vec<Hash>,
    /// The messages of ours that are not formal, and when each was first listed.
    pub informal: Vec<(MessageId, Time)>,
    /// All parts of the list that are not read from now on. None if nothing changes.
    pub unread: Option<Vec<Unread>>,
    /// What strangers have cost since the last batch.
    pub strangers: Strangers,
    /// How far a rejudgement has come with this batch.
    pub rejudged: Option<Rejudged>,
    /// What officials have written, if it is a command.
    pub commands: Vec<Command>,
    /// Messages to be sent about the notes.
    pub messages: Vec<Outgoing>,
    /// Slips that others have sent, to be receipted.
    pub slips: Vec<ReceivedSlip>,
}

/// A period in which messages may have been missed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// Its beginning.
    pub from: Time,
    /// Its end.
    pub to: Time,
    /// Why, in a few words.
    pub reason: &'static str,
}

/// The questions about sealing.
#[async_trait]
pub trait ReadSealing: Send + Sync {
    /// The number that everything sealed lies above. None if no daemon has ever read the messages: what was sent before
    /// the first daemon did is not sealed.
    async fn started(&self) -> Result<Option<MessageId>, Error>;

    /// Whether a message has been dealt with, formal or not.
    async fn is_seen(&self, message: MessageId) -> Result<bool, Error>;

    /// Which of these messages have not been dealt with, in the same order.
    async fn unseen(&self, messages: &[MessageId]) -> Result<Vec<MessageId>, Error>;

    /// The newest message that has been dealt with.
    async fn newest_seen(&self) -> Result<Option<MessageId>, Error>;

    /// Number of messages with a greater number than this that have been dealt with.
    async fn seen_after(&self, message: MessageId) -> Result<u64, Error>;

    /// The place of the last note of a conversation and its commitment; `0` and zeros if there is none.
    async fn correspondence(&self, conversation: &ConversationId) -> Result<Correspondence, Error>;
}

/// What is written about sealing.
#[async_trait]
pub trait WriteSealing: Send + Sync {
    /// Keeps the number that everything sealed lies above, and returns it. It is the lowest number that was ever
    /// proposed.
    async fn start_at(&self, proposed: MessageId) -> Result<MessageId, Error>;

    /// Seals notes with their openings and entries, enters gaps, keeps commands, slips and messages to be sent, and marks
    /// messages as dealt with: all in one transaction.
    ///
    /// # Errors
    /// [`Error::Refused`] if a note does not follow the one before it, in the log or its conversation, or a message is
    /// sealed already.
    async fn seal(&self, batch: Batch, now: Time) -> Result<(), Error>;
}
