//! The store: everything that must not be forgotten. This page is its contract; [`Store`], [`Reader`] and
//! [`RequestClient`] are its handles; the traits of the subjects say what is asked and written, each function once; and
//! `sqlite/` is a store in one SQLite file. A second database implements the same traits with its own SQL and connection.
//!
//! # Shape
//!
//! Each subject has one trait for questions (`Read…`), one for what the daemon writes (`Write…`), and one for what
//! commands ask for (`Ask…`). [`Looking`] is all questions, [`Asking`] is all that commands ask for, [`Database`] is
//! everything. The handles are these traits behind a pointer. So each function stands in two places only: it is
//! documented in its trait, and answered in the database's own module. Everything is asynchronous, since a database may
//! be far away; commands wait at their edge.
//!
//! # Who may do what, when
//!
//! - **One writer.** A log has one daemon. Opening a [`Store`] takes a lock that nobody else can have; two writers
//!   would fork the log. The lock is released when the process dies, however it dies. [`Error::InUse`] if somebody else
//!   has it.
//! - **Commands that only look** open a [`Reader`], whether or not a daemon runs. It changes nothing.
//! - **Commands that ask** open a [`RequestClient`] while the daemon writes: it adds requests, approvals, receipt
//!   requests, the effects of `send`, what `send` has read of its recipient, and decisions about what was given up, and
//!   nothing else. It waits for the daemon's transaction, and the daemon for its.
//! - What is written by one handle is seen by each question that begins after the write has returned. The daemon looks
//!   at intervals for what commands have written; [`Database::grown`] wakes it for what it has written itself.
//!
//! # What is durable together
//!
//! Each writing function is one transaction, durable when it returns. After a crash it has happened whole or not at
//! all; one whose caller was dropped may have happened. These become durable together:
//!
//! - [`seal`](WriteSealing::seal): entries, notes, openings, gaps, commands, slips, messages, that messages were seen, and
//!   what of the list is not read;
//! - [`begin`](WriteEffects::begin): a post's exact text, the signed head that it shows, its first attempt;
//! - [`accepted`](WriteEffects::accepted): an outcome and, of a post of notes, the log's entry;
//! - [`apply`](WriteTriggers::apply): that a trigger has been dealt with, and everything that follows from it;
//! - [`keep_conversation`](WriteConversations::keep_conversation): how a conversation stands, and the gap that follows from it;
//! - [`lose`](WritePosted::lose): that a post is lost, and the log's entry;
//! - [`receive`](WriteReceipts::receive): a receipt, its entry, and that the slip has been dealt with;
//! - [`ask`](AskRequests::ask) and [`approve`](AskRequests::approve): the word of an official and the proof with it.
//!
//! [`report`](WriteTasks::report) alone may be lost with the power.
//!
//! # What may be out of date
//!
//! A question sees one moment of the database. Two questions may see two moments. So a command that looks while the
//! daemon runs must not draw a conclusion from two questions that needs one moment; [`status`](ReadTasks::status) says
//! the same of its numbers. The daemon's own questions see all that it has written.
//!
//! # What is never changed
//!
//! The database itself refuses to change, remove or replace: the log's name and key, entries, heads, notes, openings
//! (which may be removed), receipts, disclosed files, requests that have ended, approvals, effects with their details,
//! attempts (except to say that they failed), outcomes, what was given up (except for one decision about it). This holds for
//! every writer. Entries and notes follow one
//! another without a gap. A text is posted once; a heartbeat once a day; a mention is answered once; a message of a
//! kind is sent once; a post is the outcome of one effect. What has an outcome, or is given up, is not attempted again. A
//! part of a thread is not attempted before the previous part is posted. Only answers and messages are given up; sent
//! again, they go on with the attempts that they had. Nobody approves what they asked for.
//!
//! # What is checked on opening
//!
//! If a [`Store`] is of an earlier version, it is brought to the present one in one transaction. Then every entry is
//! read as if a stranger had written it. The root is computed again and compared with every head that was ever signed
//! ([`Error::Damaged`]), and the log's key is compared with the configured one ([`Error::WrongLog`]). A [`Reader`] and
//! a [`RequestClient`] refuse a database of another version, or of something else, and check nothing more.
//!
//! # What stays secret
//!
//! Openings are encrypted before they come here. A proof that was submitted and is not to be public is removed
//! completely once its request has ended: from the tables, and from every file of the database as soon as nobody reads
//! the old state. Texts that are kept contain only public facts; the text of a slip, and of what `send` sends, is not
//! kept.
//!
//! # Errors
//!
//! Every function can fail as the database does: [`Error::Full`], [`Error::Disk`], [`Error::Damaged`],
//! [`Error::Database`]. Then nothing was written. Other reasons for which a function refuses are in its own
//! documentation. A refusal ([`Error::Refused`]) changes nothing either. A write that an unchangeable row prevents is a
//! refusal, too.

mod error;
pub mod vault;
pub mod log;
pub mod accounts;
pub mod tasks;
pub mod notes;
pub mod openings;
pub mod posts;
pub mod messages;
pub mod effects;
pub mod posted;
pub mod requests;
pub mod receipts;
pub mod unread;
pub mod sealing;
pub mod mentions;
pub mod recipients;
pub mod conversations;
pub mod triggers;
mod sqlite;

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::tlog::signed_note::{LogKey, VerifierKey};

pub use accounts::{KnownName, Members, ReadAccounts, WriteAccounts};
pub use conversations::{Blindness, ConversationRow, ReadConversations, WriteConversations};
pub use effects::{
    Accepted, AskEffects, Attempts, Budget, Effect, EffectId, EffectKind, Lane, LastSend, Payload, ReadEffects, Unsent,
    UnsentKind, WriteEffects,
};
pub use error::Error;
pub use log::{ReadLog, WriteLog};
pub use mentions::{MentionOutcome, ReadMentions, WriteMentions};
pub use messages::{MessageBody, MessageKind, Outgoing, PendingMessage, ReadMessages, WriteMessages};
pub use notes::{ProofRow, ReadNotes};
pub use openings::{KeptOpening, ReadOpenings, WriteOpenings};
pub use posted::{DuePost, READS_MAX, ReadPosted, ShownBefore, WritePosted};
pub use posts::{Answered, PendingPost, ReadPosts, Subject};
pub use receipts::{AskReceipts, ReadReceipts, Received, ReceivedSlip, WriteReceipts};
pub use recipients::{AskRecipients, Inbox, ReadRecipients, RecipientRow};
pub use requests::{Ask, AskRequests, CodeChange, CodeRow, Command, NewRequest, ReadRequests, Request};
pub use sealing::{Batch, Gap, ReadSealing, Sealing, WriteSealing};
pub use tasks::{Beat, ReadTasks, Status, TaskReport, WriteTasks};
pub use triggers::{Effects, Mentioned, NewAnswer, Opened, Trigger, WriteTriggers};
pub use unread::{AskUnread, ReadUnread, Rejudged, Rejudgement, Strangers, Unread, WhyUnread};

/// All questions.
pub trait Looking:
    ReadLog
    + ReadAccounts
    + ReadTasks
    + ReadNotes
    + ReadOpenings
    + ReadPosts
    + ReadPosted
    + ReadMessages
    + ReadEffects
    + ReadRequests
    + ReadReceipts
    + ReadSealing
    + ReadUnread
    + ReadMentions
    + ReadRecipients
    + ReadConversations
{
}

/// All that commands ask for.
pub trait Asking: AskRequests + AskReceipts + AskEffects + AskRecipients + AskUnread {}

/// Everything: what the daemon has.
#[async_trait]
pub trait Database:
    Looking
    + Asking
    + WriteLog
    + WriteAccounts
    + WriteOpenings
    + WritePosted
    + WriteTasks
    + WriteMessages
    + WriteEffects
    + WriteReceipts
    + WriteSealing
    + WriteMentions
    + WriteConversations
    + WriteTriggers
{
    /// The number of entries, sent again whenever the log has grown, or there is something else to be posted or sent.
    fn grown(&self) -> watch::Receiver<u64>;

    /// Closes the database after all earlier calls are done; this closes all clones of the handle.
    async fn close(&self);
}

/// When a transaction counts as durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// When the disk says so: it survives a loss of power.
    Disk,
    /// When the operating system has it: it survives only the death of the process. For simulations.
    Process,
}

/// The store of the daemon. Clones share one connection.
#[derive(Clone)]
pub struct Store(Arc<dyn Database>);

impl Store {
    /// Makes the database of a new log.
    ///
    /// # Errors
    /// [`Error::Exists`] if there is anything at `path` already; the errors of the disk.
    pub fn create(path: &Path, log: &VerifierKey) -> Result<(), Error> {
        sqlite::create(path, log)
    }

    /// Opens the database of the log that `key` signs, brings it to the present version, and checks all of it.
    ///
    /// # Errors
    /// Every kind of [`Error`] except [`Error::Exists`].
    pub fn open(path: &Path, key: LogKey, durability: Durability) -> Result<Store, Error> {
        Ok(Store(Arc::new(sqlite::open(path, key, durability)?)))
    }
}

impl Deref for Store {
    type Target = dyn Database;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// The store of a command that only looks.
pub struct Reader(Box<dyn Looking>);

impl Reader {
    /// Opens the database at `path`, which must be there.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::WrongLog`], or an error of the database.
    pub fn open(path: &Path) -> Result<Reader, Error> {
        Ok(Reader(Box::new(sqlite::open_looking(path)?)))
    }
}

impl Deref for Reader {
    type Target = dyn Looking;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// The store of a command that asks.
pub struct RequestClient(Box<dyn Asking>);

impl RequestClient {
    /// Opens the database at `path`, which must be there.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::WrongLog`], or an error of the database.
    pub fn open(path: &Path) -> Result<RequestClient, Error> {
        Ok(RequestClient(Box::new(sqlite::open_asking(path)?)))
    }
}

impl Deref for RequestClient {
    type Target = dyn Asking;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
