//! Notes that others sent to us: the slips that came, and the receipts that we give.

use async_trait::async_trait;

use super::Error;
use super::notes::ProofRow;
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
pub struct ReceivedSlip {
    /// The message that it is.
    pub slip: MessageId,
    /// Who sent it.
    pub from: AccountId,
    /// The note, once somebody has rebuilt it.
    pub received: Option<Received>,
}

/// The questions about receipts.
#[async_trait]
pub trait ReadReceipts: Send + Sync {
    /// The oldest slip that has not been dealt with and is not in `deferred`.
    async fn waiting_slip(&self, deferred: &[MessageId]) -> Result<Option<ReceivedSlip>, Error>;

    /// The commitment that the receipt for a note of another log is for, and what a proof takes from it. None if there
    /// is no such receipt.
    ///
    /// # Errors
    /// [`Error::Refused`] if no head that covers the receipt has been signed yet.
    async fn receipt(&self, log: &Origin, note: u64) -> Result<Option<(Hash, ProofRow)>, Error>;

    /// Why there will be no receipt for a slip; None unless it is refused.
    async fn refusal(&self, slip: MessageId) -> Result<Option<String>, Error>;
}

/// What is written about receipts.
#[async_trait]
pub trait WriteReceipts: Send + Sync {
    /// Enters the receipt of a note into the log, once, and writes that the slip has been dealt with, in one
    /// transaction.
    ///
    /// # Errors
    /// [`Error::Refused`] if the log has a receipt for a note of the same number with another commitment, or for one of the
    /// same log that another account has sent.
    async fn receive(&self, slip: MessageId, received: Received, now: Time) -> Result<(), Error>;

    /// Writes that there will be no receipt, and why; nothing private.
    async fn refuse_slip(&self, slip: MessageId, why: String) -> Result<(), Error>;
}

/// What commands ask for.
#[async_trait]
pub trait AskReceipts: Send + Sync {
    /// Asks for the receipt of a note that was rebuilt from this slip. A slip that was refused before is tried again.
    async fn ask_receipt(&self, slip: MessageId, from: AccountId, received: Received) -> Result<(), Error>;
}
