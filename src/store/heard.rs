//! What the bot must not forget: how far it has listened, what became of each mention, and the codes that it gave out.

use super::{Error, Store};
use crate::base::ids::{AccountId, MessageId, PostId};
use crate::base::time::Time;
use crate::note::standing::LogStanding;

/// The code that an official was given last. No Debug: who has it may publish.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// The official.
    pub official: AccountId,
    /// The code.
    pub code: String,
    /// The command that it confirms.
    pub order: String,
    /// When it was given.
    pub at: Time,
    /// How many wrong ones have come back.
    pub tries: u64,
}

/// What becomes of the code of an official.
#[derive(Clone, PartialEq, Eq)]
pub enum CodeChange {
    /// This one is given, in place of whatever there was.
    Give(CodeRow),
    /// A wrong one has come back.
    Tried(AccountId),
    /// There is none any more.
    End(AccountId),
}

impl Store {
    /// Up to which mention nothing is ever answered, and up to which all have been dealt with; nothing before the first
    /// start.
    ///
    /// # Errors
    /// Of the database.
    pub async fn listened(&self) -> Result<Option<(PostId, PostId)>, Error> {
        self.run(|db| db.listened()).await
    }

    /// All mentions up to this one have been dealt with; at the first time, none of them is ever answered. It never goes
    /// back.
    ///
    /// # Errors
    /// Of the database.
    pub async fn listen_from(&self, mention: PostId) -> Result<(), Error> {
        self.run(move |db| db.listen_from(mention)).await
    }

    /// The mentions that were dealt with since `from`, and what became of them.
    ///
    /// # Errors
    /// Of the database.
    pub async fn heard_since(&self, from: Time) -> Result<Vec<(PostId, AccountId, String)>, Error> {
        self.run(move |db| db.heard_since(from)).await
    }

    /// Whether a post of this author is in the log as a dispute of the note.
    ///
    /// # Errors
    /// Of the database.
    pub async fn has_disputed(&self, author: AccountId, note: u64) -> Result<bool, Error> {
        self.run(move |db| db.has_disputed(author, note)).await
    }

    /// How often this official has called for help on the day of a message, up to and with that message.
    ///
    /// # Errors
    /// Of the database.
    pub async fn helps(&self, official: AccountId, message: MessageId) -> Result<u64, Error> {
        self.run(move |db| db.helps(official, message)).await
    }

    /// The code that this official was given last.
    ///
    /// # Errors
    /// Of the database.
    pub async fn code(&self, official: AccountId) -> Result<Option<CodeRow>, Error> {
        self.run(move |db| db.code(official)).await
    }

    /// How things stand in public.
    ///
    /// # Errors
    /// Of the database.
    pub async fn log_standing(&self) -> Result<LogStanding, Error> {
        self.run(|db| db.log_standing()).await
    }
}
