//! The store: everything that must not be forgotten, in one SQLite file with one writer.
//!
//! The log's public part (entries, heads) can be read by anybody and rebuilt from what was published; the private part
//! (openings) is encrypted before it comes here. Whoever could alter the file could not alter the log unnoticed: on
//! opening, the root is computed anew from the entries and compared with every head that was signed.
//!
//! Every method that writes is one transaction, durable when it returns: after a crash it has happened whole or not at
//! all. [`Store`] is the narrow, asynchronous face behind which another database can stand; [`Reader`] is for commands
//! that look while the daemon runs, [`RequestClient`] for those that ask it for something.

mod db;
mod desk;
mod error;
mod file;
mod heard;
mod intents;
mod outbox;
mod reader;
mod receipts;
mod rows;
pub mod vault;

use std::path::Path;

use tokio::sync::{mpsc, oneshot, watch};

use crate::base::hash::Hash;
use crate::base::ids::{Account, AccountId, AccountName, ConversationId, MessageId};
use crate::base::time::Time;
use crate::note::Correspondence;
use crate::tlog::signed_note::{LogKey, VerifierKey};

pub use db::Durability;
pub use desk::RequestClient;
pub use error::Error;
pub use heard::{CodeChange, CodeRow};
pub use intents::{Attempts, Intent, Subject};
pub use outbox::{
    Answer, Ask, Command, Effects, Mentioned, MessageBody, NewRequest, Opened, Outgoing, PendingMessage, Request,
    Trigger,
};
pub use reader::{Answered, NoteRow, ProofRow, Reader, Status};
pub use receipts::{Received, Slipped};

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
    /// What officials have written, as far as it is a command.
    pub commands: Vec<Command>,
    /// Messages to be sent about the notes.
    pub messages: Vec<Outgoing>,
    /// Slips that others have sent, to be receipted.
    pub slips: Vec<Slipped>,
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

/// A job for the writer; the one that closes the store takes the database away.
type Job = Box<dyn FnOnce(&mut Option<db::Db>) + Send>;

/// How many jobs may wait for the writer.
const QUEUE_MAX: usize = 64;

/// The store, open for writing. Clones share one writer.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    grown: watch::Receiver<u64>,
}

impl Store {
    /// Makes the database of a new log.
    ///
    /// # Errors
    /// [`Error::Exists`] if anything is at `path` already; whatever the disk says.
    pub fn create(path: &Path, log: &VerifierKey) -> Result<(), Error> {
        file::create(path, log)
    }

    /// Opens the database of the log that `key` signs, and checks all of it.
    ///
    /// # Errors
    /// Every kind of [`Error`] but [`Error::Exists`].
    pub fn open(path: &Path, key: LogKey, durability: Durability) -> Result<Store, Error> {
        let db = db::Db::open(path, key, durability)?;
        let grown = db.grown();
        let mut db = Some(db);
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE_MAX);
        std::thread::Builder::new()
            .name("store".into())
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    job(&mut db);
                }
            })
            .map_err(|e| Error::Database(e.to_string()))?;
        Ok(Store { jobs, grown })
    }

    /// Does `job` on the writer's thread. A caller that goes away does not stop a job that was handed over.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut db::Db) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let gone = || Error::Database("the writer has stopped".into());
        let job: Job = Box::new(move |db| drop(answer.send(db.as_mut().ok_or_else(gone).and_then(job))));
        self.jobs.send(job).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// The number of entries, told anew whenever it has grown, or there is something else to be posted or sent.
    pub fn grown(&self) -> watch::Receiver<u64> {
        self.grown.clone()
    }

    /// Closes the database after the jobs that wait; all clones are closed with it.
    pub async fn close(self) {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            drop(db.take());
            let _ = answer.send(());
        });
        if self.jobs.send(job).await.is_ok() {
            drop(answered.await);
        }
    }

    /// The number that everything sealed lies above: the lowest that was ever proposed.
    ///
    /// # Errors
    /// Of the database.
    pub async fn start_at(&self, proposed: MessageId) -> Result<MessageId, Error> {
        self.run(move |db| db.start_at(proposed)).await
    }

    /// The cursor's start, if there has been a first start.
    ///
    /// # Errors
    /// Of the database.
    pub async fn started(&self) -> Result<Option<MessageId>, Error> {
        self.run(|db| db.started()).await
    }

    /// Which of these messages have not been dealt with, in the same order.
    ///
    /// # Errors
    /// Of the database.
    pub async fn unseen(&self, messages: Vec<MessageId>) -> Result<Vec<MessageId>, Error> {
        self.run(move |db| db.unseen(&messages)).await
    }

    /// The newest message that has been dealt with.
    ///
    /// # Errors
    /// Of the database.
    pub async fn newest_seen(&self) -> Result<Option<MessageId>, Error> {
        self.run(|db| db.newest_seen()).await
    }

    /// How many messages with a greater number than this have been dealt with.
    ///
    /// # Errors
    /// Of the database.
    pub async fn seen_after(&self, message: MessageId) -> Result<u64, Error> {
        self.run(move |db| db.seen_after(message)).await
    }

    /// The number that the next note will have.
    ///
    /// # Errors
    /// Of the database.
    pub async fn next_note(&self) -> Result<u64, Error> {
        self.run(|db| db.next_note()).await
    }

    /// The place of the last note of a conversation and its commitment; `0` and zeros if there is none.
    ///
    /// # Errors
    /// Of the database.
    pub async fn correspondence(&self, conversation: ConversationId) -> Result<Correspondence, Error> {
        self.run(move |db| db.correspondence(&conversation)).await
    }

    /// Seals notes, enters gaps and marks messages as dealt with, the notes' own among them: all at once or not at all.
    ///
    /// # Errors
    /// [`Error::Refused`] if a number or a correspondence does not follow the one before, or a message is sealed already.
    pub async fn seal(&self, batch: Batch, now: Time) -> Result<(), Error> {
        self.run(move |db| db.seal(&batch, now)).await
    }

    /// Keeps who we are on the platform, for proofs.
    ///
    /// # Errors
    /// [`Error::WrongLog`] if the log is that of another account.
    pub async fn account(&self, account: Account) -> Result<(), Error> {
        self.run(move |db| db.account(&account)).await
    }

    /// Who we are on the platform, as it was last kept.
    ///
    /// # Errors
    /// Of the database.
    pub async fn own_account(&self) -> Result<Option<Account>, Error> {
        self.run(|db| db.own_account()).await
    }

    /// Whom a correspondent's name meant when it was first looked up.
    ///
    /// # Errors
    /// Of the database.
    pub async fn correspondent(&self, name: AccountName) -> Result<Option<AccountId>, Error> {
        self.run(move |db| db.correspondent(&name)).await
    }

    /// Keeps whom a correspondent's name means. The first time decides.
    ///
    /// # Errors
    /// Of the database.
    pub async fn keep_correspondent(&self, account: Account) -> Result<(), Error> {
        self.run(move |db| db.keep_correspondent(&account)).await
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// Of the database.
    pub async fn size(&self) -> Result<u64, Error> {
        self.run(|db| Ok(db.size())).await
    }

    /// The root of the tree of the first `size` entries; nothing if there are fewer.
    ///
    /// # Errors
    /// Of the database.
    pub async fn root_at(&self, size: u64) -> Result<Option<Hash>, Error> {
        self.run(move |db| Ok(db.root_at(size))).await
    }

    /// At most `count` entries from index `from` on, their LF included.
    ///
    /// # Errors
    /// Of the database.
    pub async fn entries(&self, from: u64, count: u64) -> Result<Vec<String>, Error> {
        self.run(move |db| db.entries(from, count)).await
    }

    /// The signed checkpoint of this size: made and kept if there is none yet.
    ///
    /// # Errors
    /// [`Error::Refused`] if there are fewer entries.
    pub async fn checkpoint(&self, size: u64) -> Result<String, Error> {
        self.run(move |db| db.checkpoint(size)).await
    }

    /// When this loop last had nothing left to do.
    ///
    /// # Errors
    /// Of the database.
    pub async fn done(&self, name: &'static str) -> Result<Option<Time>, Error> {
        self.run(move |db| db.done(name)).await
    }

    /// This loop has just done all its work, or is in trouble.
    ///
    /// # Errors
    /// Of the database.
    pub async fn report(&self, name: &'static str, trouble: Option<String>, now: Time) -> Result<(), Error> {
        self.run(move |db| db.report(name, trouble.as_deref(), now)).await
    }
}
