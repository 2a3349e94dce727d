//! Notes that others sent to us: the slips that came, and the receipts that we give.

use super::{Error, Store};
use crate::base::hash::Hash;
use crate::base::ids::{AccountId, MessageId, Origin};
use crate::base::time::Time;

/// A note of another log that we received, as its slip and its message have shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// The sender's log.
    pub log: Origin,
    /// The note's number there.
    pub note: u64,
    /// Its commitment.
    pub commitment: Hash,
}

/// A slip that came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slipped {
    /// The message that it is.
    pub slip: MessageId,
    /// Who sent it.
    pub from: AccountId,
    /// The note, once somebody has rebuilt it.
    pub received: Option<Received>,
}

impl Store {
    /// The oldest slip of which nothing has become yet, and that is not in `held`.
    ///
    /// # Errors
    /// Of the database.
    pub async fn waiting_slip(&self, held: Vec<u64>) -> Result<Option<Slipped>, Error> {
        self.run(move |db| db.waiting_slip(&held)).await
    }

    /// Enters the receipt of a note into the log, once, and that the slip has been dealt with.
    ///
    /// # Errors
    /// [`Error::Refused`] if the log has a receipt for a note of the same number with another commitment, or for one of the
    /// same log that another account has sent.
    pub async fn receive(&self, slip: MessageId, received: Received, now: Time) -> Result<(), Error> {
        self.run(move |db| db.receive(slip, &received, now)).await
    }

    /// Notes that there will be no receipt, and why; nothing private.
    ///
    /// # Errors
    /// Of the database.
    pub async fn refuse_slip(&self, slip: MessageId, why: String) -> Result<(), Error> {
        self.run(move |db| db.refuse_slip(slip, &why)).await
    }

    /// For how many receipts posts have been attempted since `from`.
    ///
    /// # Errors
    /// Of the database.
    pub async fn receipts_posted_since(&self, from: Time) -> Result<u64, Error> {
        self.run(move |db| db.receipts_posted_since(from)).await
    }

    /// The index of the oldest receipt for which no post was decided upon.
    ///
    /// # Errors
    /// Of the database.
    pub async fn unposted_receipt(&self) -> Result<Option<u64>, Error> {
        self.run(|db| db.unposted_receipt()).await
    }
}
