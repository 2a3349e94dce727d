//! Direct messages that are sent once: messages to officials, and slips.

use async_trait::async_trait;

use super::Error;
use crate::base::ids::{AccountId, MessageId, PublicPost};
use crate::base::time::Time;
use crate::platform::Addressee;

/// What a direct message is about. Only one message is sent about each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageKind {
    /// The answer to the command in this message: one for each command.
    CommandAnswer(MessageId),
    /// The same with a code that confirms the command.
    Code(MessageId),
    /// That this request waits: one for each request and account.
    RequestNotice(u64),
    /// That this request has ended: one for each request.
    RequestEnded(u64),
    /// That a post disputes a note: one for each note, post and account.
    DisputeNotice {
        /// The note.
        note: u64,
        /// The post.
        post: PublicPost,
    },
    /// The slip of this note: one for each note.
    Slip(u64),
    /// What the command `send` gives to the platform.
    Send,
}

impl MessageKind {
    /// The word and the rank of each kind: smaller goes first.
    pub const WORDS: [(&'static str, u8); 7] = [
        ("command-answer", 0),
        ("code", 0),
        ("request-notice", 1),
        ("request-ended", 1),
        ("dispute-notice", 2),
        ("slip", 2),
        ("send", 2),
    ];

    /// The word for it in the database.
    pub fn as_str(self) -> &'static str {
        self.word().0
    }

    /// Its place among messages: smaller goes first. What has rank 0 is urgent.
    pub fn rank(self) -> u8 {
        self.word().1
    }

    fn word(self) -> (&'static str, u8) {
        MessageKind::WORDS[match self {
            MessageKind::CommandAnswer(_) => 0,
            MessageKind::Code(_) => 1,
            MessageKind::RequestNotice(_) => 2,
            MessageKind::RequestEnded(_) => 3,
            MessageKind::DisputeNotice { .. } => 4,
            MessageKind::Slip(_) => 5,
            MessageKind::Send => 6,
        }]
    }
}

/// What a direct message says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MessageBody {
    /// This text, which contains only public facts.
    Text(String),
    /// The slip of this note: private, and made of its opening when it is sent.
    Slip(u64),
}

/// A direct message to be sent. It contains only public facts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// What it is about. If there is a message about the same already, this one is not written.
    pub kind: MessageKind,
    /// To whom.
    pub to: Addressee,
    /// What it says.
    pub body: MessageBody,
}

impl Outgoing {
    /// A message of this text to one account.
    pub fn text(kind: MessageKind, to: AccountId, text: impl Into<String>) -> Outgoing {
        Outgoing { kind, to: Addressee::Account(to), body: MessageBody::Text(text.into()) }
    }

    /// The slip of a note.
    pub fn slip(note: u64, to: Addressee) -> Outgoing {
        Outgoing { kind: MessageKind::Slip(note), to, body: MessageBody::Slip(note) }
    }
}

/// A direct message that is to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingMessage {
    /// To whom.
    pub to: Addressee,
    /// What it says. None for a message of the command `send`, whose text is not kept.
    pub body: Option<MessageBody>,
    /// From when on it is worth nothing, and is not sent any more: a code. None for others.
    pub expires: Option<Time>,
}

/// The questions about messages.
#[async_trait]
pub trait ReadMessages: Send + Sync {
    /// Whether this message of the platform is known to be one that was to be sent.
    async fn is_sent(&self, message: MessageId) -> Result<bool, Error>;

    /// The message of this kind that was sent to this account, or into any conversation; None if there is none yet.
    async fn sent_message(&self, kind: MessageKind, to: Option<AccountId>) -> Result<Option<MessageId>, Error>;
}

/// What is written about messages.
#[async_trait]
pub trait WriteMessages: Send + Sync {
    /// Writes a message to be sent. Returns false, and writes nothing, if there is a message of its kind already.
    async fn add_message(&self, message: Outgoing, now: Time) -> Result<bool, Error>;
}
