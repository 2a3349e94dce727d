//! Whether what is written in the conversations with correspondents can be read.

use async_trait::async_trait;

use super::{Error, Gap};
use crate::base::ids::{ConversationId, MessageId};
use crate::base::time::Time;

/// Why messages of a conversation may be missed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blindness {
    /// It is encrypted.
    Encrypted,
    /// It has messages that the list of messages does not have.
    Missing,
    /// Its messages disappear after a time.
    Disappearing,
}

impl Blindness {
    /// Every one of them.
    pub const ALL: [Blindness; 3] = [Blindness::Encrypted, Blindness::Missing, Blindness::Disappearing];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Blindness::Encrypted => "encrypted",
            Blindness::Missing => "missing",
            Blindness::Disappearing => "disappearing",
        }
    }
}

/// A conversation with a correspondent, as it was seen last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationRow {
    /// Which it is, as the platform's list of conversations names it.
    pub id: ConversationId,
    /// When it was last seen that no message of it is missing. None if it never was.
    pub readable_at: Option<Time>,
    /// Its newest message then.
    pub newest: Option<MessageId>,
    /// Why messages of it are missed now, and from when on. None if they can be read.
    pub blind: Option<(Blindness, Time)>,
}

/// The questions about conversations.
#[async_trait]
pub trait ReadConversations: Send + Sync {
    /// All conversations with correspondents that were ever looked at, by their identifiers.
    async fn conversations(&self) -> Result<Vec<ConversationRow>, Error>;
}

/// What is written about conversations.
#[async_trait]
pub trait WriteConversations: Send + Sync {
    /// Keeps how a conversation stands, and enters these gaps, in one transaction: so each gap is entered once.
    async fn keep_conversation(&self, row: ConversationRow, gaps: Vec<Gap>, now: Time) -> Result<(), Error>;
}
