//! What is done once on the platform, a post or a message: decided upon, attempted, ended.
//!
//! Every kind goes the same way, and each step is durable before the next is taken:
//!
//! | step | what is durable | what a crash right after it leaves |
//! |---|---|---|
//! | made | the effect with its exact payload | an effect that was never attempted |
//! | [`attempt`](WriteEffects::attempt) | that it is about to be tried | an attempt of which nobody knows: it is looked for |
//! | [`failed`](WriteEffects::failed) | that the last attempt surely had no effect | an effect that may be tried again |
//! | [`accepted`](WriteEffects::accepted) | its outcome | nothing more to do |
//! | [`given_up`](WriteEffects::given_up) | why nothing is tried any more | nothing, until a person has decided |
//! | [`resend`](AskEffects::resend) | that it is tried again | an effect with the attempts that it had |
//!
//! What was given up has no outcome: sent again, it is the same effect, and goes on with the attempts that it had. So it
//! is looked for first if nobody knows of one of them, and has one outcome at last, however often it is sent again.

use async_trait::async_trait;

use super::Error;
use super::messages::{MessageKind, PendingMessage};
use super::posts::{PendingPost, Subject};
use crate::base::ids::{AccountId, MessageId, PostId, PublicPost};
use crate::base::time::Time;
use crate::platform::Addressee;

/// The number of an effect in the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EffectId(pub u64);

impl std::fmt::Display for EffectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What kind of effect it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EffectKind {
    /// A post that shows commitments.
    NotePost,
    /// The daily post that says how many notes were sealed.
    Heartbeat,
    /// A post that shows a receipt.
    ReceiptPost,
    /// A part of the thread that carries an opened note.
    ThreadPart,
    /// A public answer.
    Answer,
    /// A direct message to an official.
    Dm,
    /// The slip of a note.
    Slip,
    /// What the command `send` gives to the platform.
    Send,
}

impl EffectKind {
    /// All kinds.
    pub const ALL: [EffectKind; 8] = [
        EffectKind::NotePost,
        EffectKind::Heartbeat,
        EffectKind::ReceiptPost,
        EffectKind::ThreadPart,
        EffectKind::Answer,
        EffectKind::Dm,
        EffectKind::Slip,
        EffectKind::Send,
    ];

    /// The word for it in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            EffectKind::NotePost => "note-post",
            EffectKind::Heartbeat => "heartbeat",
            EffectKind::ReceiptPost => "receipt-post",
            EffectKind::ThreadPart => "thread-part",
            EffectKind::Answer => "answer",
            EffectKind::Dm => "dm",
            EffectKind::Slip => "slip",
            EffectKind::Send => "send",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<EffectKind> {
        EffectKind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The lane in which it is done.
    pub fn lane(self) -> Lane {
        match self {
            EffectKind::Dm | EffectKind::Slip => Lane::Messages,
            EffectKind::Send => Lane::Send,
            _ => Lane::Posts,
        }
    }

    /// Its place in its lane: smaller goes first. Messages of kind [`Dm`](EffectKind::Dm) have a
    /// [rank of their own](super::MessageKind::rank) among messages.
    pub fn rank(self) -> u8 {
        match self {
            EffectKind::NotePost | EffectKind::Send => 0,
            EffectKind::ThreadPart => 1,
            EffectKind::Answer | EffectKind::ReceiptPost => 2,
            EffectKind::Heartbeat | EffectKind::Dm | EffectKind::Slip => 3,
        }
    }
}

/// Who does an effect: each lane has one task, or one command at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    /// The publisher.
    Posts,
    /// The sender of direct messages.
    Messages,
    /// The command `send`.
    Send,
}

/// How much of what the platform allows is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Budget {
    /// Enough for everything.
    Enough,
    /// So little that it is kept for urgent effects: posts of notes, answers to commands, and codes.
    Low,
}

/// Something to be done once, and the attempts so far. It has no outcome yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Effect {
    /// Its number.
    pub id: EffectId,
    /// What kind it is.
    pub kind: EffectKind,
    /// What is to be done.
    pub payload: Payload,
    /// When it was attempted first and last; None if it never was.
    pub attempts: Option<Attempts>,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Payload {
    /// A post.
    Post(PendingPost),
    /// A direct message.
    Message(PendingMessage),
}

/// The attempts at one effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempts {
    /// When the first began of those that did not surely fail: the earliest moment of any of them. If all have failed, of
    /// all.
    pub first: Time,
    /// When the last began: the one that was written last, even if the clock was set back before it.
    pub last: Time,
    /// Whether all of them surely failed. If not, the effect may have taken place.
    pub all_failed: bool,
}

/// What the platform has accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accepted {
    /// A post that is there.
    Post(PublicPost),
    /// A direct message was sent.
    Message(MessageId),
}

impl From<PublicPost> for Accepted {
    fn from(post: PublicPost) -> Accepted {
        Accepted::Post(post)
    }
}

impl From<MessageId> for Accepted {
    fn from(message: MessageId) -> Accepted {
        Accepted::Message(message)
    }
}

/// What the command `send` last gave to the platform for one account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LastSend {
    /// The effect.
    pub effect: EffectId,
    /// To whom.
    pub to: AccountId,
    /// When.
    pub at: Time,
    /// The message that was sent; None if nobody knows it.
    pub message: Option<MessageId>,
}

/// Something that was given up, and about which nobody has decided yet. Nothing of its words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsent {
    /// The effect.
    pub effect: EffectId,
    /// What it is.
    pub what: UnsentKind,
    /// When it was decided upon; 0 if an earlier version of the program did not keep it.
    pub made_at: Time,
    /// When it was given up.
    pub given_up_at: Time,
    /// Why.
    pub why: String,
    /// From when on it is worth nothing; None if it stays worth something.
    pub expires: Option<Time>,
}

/// What was given up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UnsentKind {
    /// A public answer.
    Answer {
        /// The post that it answers.
        to: PostId,
        /// The note that it is about, if there is one.
        note: Option<u64>,
    },
    /// A direct message.
    Message {
        /// What it is about.
        kind: MessageKind,
        /// To whom.
        to: Addressee,
    },
}

/// The questions about effects.
#[async_trait]
pub trait ReadEffects: Send + Sync {
    /// The effect of a lane to continue with, without those in `deferred`, and without parts of a thread whose previous
    /// part is not posted. An effect whose outcome nobody knows comes first; then they go by rank, and the oldest
    /// first. With a low budget, only urgent effects are returned. If a message of unknown outcome says the same to the
    /// same recipient as another one, the other one waits until it has ended: nobody could see which of the two a look
    /// shows. Returns None if there is nothing to do.
    async fn next_effect(&self, lane: Lane, deferred: &[EffectId], budget: Budget) -> Result<Option<Effect>, Error>;

    /// What `send` last gave to the platform for this account: the newest attempt whose outcome nobody knows, or if
    /// there is none, the newest that was accepted. What was given up, or surely failed, is left out.
    async fn last_send(&self, to: AccountId) -> Result<Option<LastSend>, Error>;

    /// At most `count` of the effects that were given up, and about which nobody has decided, with a number greater than
    /// `after`, in their order.
    async fn unsent(&self, after: EffectId, count: u64) -> Result<Vec<Unsent>, Error>;

    /// Whether there is any of them.
    async fn has_unsent(&self) -> Result<bool, Error>;
}

/// What is written about effects. Each is durable when it returns.
#[async_trait]
pub trait WriteEffects: Send + Sync {
    /// Decides upon a post that shows a head, signs and keeps that head, and writes the first attempt at `now`. All of
    /// this is one transaction. A head leaves the program only after this.
    ///
    /// # Errors
    /// [`Error::Refused`] if notes are left out, or one has its post already; if a heartbeat of this date has been
    /// decided upon; if `subject` is not a post that shows a head; if the entry is not a receipt.
    async fn begin(&self, subject: Subject, now: Time) -> Result<Effect, Error>;

    /// Writes another attempt, before it is made.
    ///
    /// # Errors
    /// [`Error::Refused`] if the effect has an outcome, or is a part of a thread whose previous part is not posted yet.
    async fn attempt(&self, effect: EffectId, now: Time) -> Result<(), Error>;

    /// Writes that the last attempt surely had no effect.
    async fn failed(&self, effect: EffectId) -> Result<(), Error>;

    /// Writes what the platform has accepted, and in the same transaction the log's `post` entry, if it is a post of
    /// notes. Changes nothing if the effect has an outcome already.
    ///
    /// # Errors
    /// [`Error::Refused`] if this post is the outcome of another effect; if it is a post and the effect is a message, or
    /// the reverse.
    async fn accepted(&self, effect: EffectId, what: Accepted, now: Time) -> Result<(), Error>;

    /// Writes that the effect is not tried any more until somebody sends it again, and why: nothing private. Changes
    /// nothing if it has an outcome, or is given up already.
    ///
    /// # Errors
    /// [`Error::Refused`] if the effect is neither an answer nor a message of the daemon. Notes, and what shows a head,
    /// are owed; the rest of a thread would wait for its part without end.
    async fn given_up(&self, effect: EffectId, why: String, now: Time) -> Result<(), Error>;

    /// Writes that the platform has refused a reply. From now on this post, and the rest of its thread, are not
    /// replies.
    async fn as_standalone(&self, effect: EffectId, now: Time) -> Result<(), Error>;
}

/// What commands write. The effects of `send` are of the kind [`EffectKind::Send`], and their text is not kept.
#[async_trait]
pub trait AskEffects: Send + Sync {
    /// Writes that an effect that was given up is tried again. Returns false, and writes nothing, if it is not given up,
    /// or somebody has decided about it already: each decision counts once.
    async fn resend(&self, effect: EffectId, now: Time) -> Result<bool, Error>;

    /// Writes that an effect that was given up stays unsent for good. Returns as [`resend`](AskEffects::resend).
    async fn leave_unsent(&self, effect: EffectId, now: Time) -> Result<bool, Error>;

    /// Writes that a message is about to be given to the platform: the effect with its first attempt.
    async fn begin_send(&self, to: AccountId, now: Time) -> Result<EffectId, Error>;

    /// Writes which message was sent.
    ///
    /// # Errors
    /// [`Error::Refused`] if the effect is not one of `send`.
    async fn send_accepted(&self, effect: EffectId, message: MessageId, now: Time) -> Result<(), Error>;

    /// Writes that the platform surely did not do it, and why.
    ///
    /// # Errors
    /// [`Error::Refused`] if the effect is not one of `send`.
    async fn send_failed(&self, effect: EffectId, why: String, now: Time) -> Result<(), Error>;

    /// Writes that nobody waits any longer for a message whose outcome is unknown, and why. Changes nothing if the
    /// effect has an outcome already.
    ///
    /// # Errors
    /// [`Error::Refused`] if the effect is not one of `send`.
    async fn send_given_up(&self, effect: EffectId, why: String, now: Time) -> Result<(), Error>;
}
