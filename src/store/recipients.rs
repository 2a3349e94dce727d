//! Whether messages reach those whom they go to, as the platform last said of each account.

use async_trait::async_trait;

use super::Error;
use crate::base::ids::{AccountId, AccountName};
use crate::base::time::Time;
use crate::platform::Recipient;

/// Whether an account takes messages from ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Inbox {
    /// It does.
    Open,
    /// It does not.
    Closed,
    /// The platform does not say.
    Unsaid,
    /// There is no such account.
    Absent,
    /// The platform has suspended it.
    Suspended,
}

impl Inbox {
    /// Every one of them.
    pub const ALL: [Inbox; 5] = [Inbox::Open, Inbox::Closed, Inbox::Unsaid, Inbox::Absent, Inbox::Suspended];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Inbox::Open => "open",
            Inbox::Closed => "closed",
            Inbox::Unsaid => "unsaid",
            Inbox::Absent => "absent",
            Inbox::Suspended => "suspended",
        }
    }
}

/// What the platform last said of an account. A moment from which on it says so is that of the first reading that did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecipientRow {
    /// Its identifier.
    pub account: AccountId,
    /// Its name. None if it was never shown.
    pub name: Option<AccountName>,
    /// Whether it takes messages from ours.
    pub inbox: Inbox,
    /// Since when it is said so.
    pub since: Time,
    /// Whether it follows ours. None if the platform does not say.
    pub follows: Option<bool>,
    /// Since when it is said so.
    pub follows_since: Time,
    /// When it was read last.
    pub read_at: Time,
}

/// The questions about recipients.
#[async_trait]
pub trait ReadRecipients: Send + Sync {
    /// All that were ever read, ascending by account.
    async fn recipients(&self) -> Result<Vec<RecipientRow>, Error>;

    /// The platform's own records of these accounts, in the same order: of those that were read last from `first` to
    /// `last`, and shown then.
    async fn recipient_records(&self, accounts: &[AccountId], first: Time, last: Time) -> Result<Vec<Vec<u8>>, Error>;
}

/// What is written about recipients, by the daemon and by the command `send`.
#[async_trait]
pub trait AskRecipients: Send + Sync {
    /// Keeps what the platform has just said of an account, and returns what it said before.
    async fn keep_recipient(
        &self,
        account: AccountId,
        shown: Recipient,
        now: Time,
    ) -> Result<(Option<RecipientRow>, RecipientRow), Error>;
}
