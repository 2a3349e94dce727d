//! Accounts: our own, and the accounts that the names of correspondents mean.

use async_trait::async_trait;

use super::Error;
use crate::base::ids::{Account, AccountId, AccountName, ConversationId};
use crate::base::time::Time;

/// What was last known of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownName {
    /// Its name. None if the platform never said it.
    pub name: Option<AccountName>,
    /// When the platform last said something of it.
    pub at: Time,
    /// Whether it had suspended the account then.
    pub is_suspended: bool,
}

/// Who is in a group, ourselves left out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Members {
    /// The accounts, ascending.
    pub accounts: Vec<AccountId>,
    /// When these were last surely all.
    pub at: Time,
}

/// The questions about accounts.
#[async_trait]
pub trait ReadAccounts: Send + Sync {
    /// Who we are on the platform, as it was last kept; None before the daemon first reached the platform.
    async fn own_account(&self) -> Result<Option<Account>, Error>;

    /// Which account a correspondent's name meant when it was first looked up.
    async fn correspondent(&self, name: &AccountName) -> Result<Option<AccountId>, Error>;

    /// What was last known of an account. None if nothing was.
    async fn known_name(&self, id: AccountId) -> Result<Option<KnownName>, Error>;

    /// Who was in a group when all of them were last known. None if they never were.
    async fn members(&self, group: &ConversationId) -> Result<Option<Members>, Error>;

    /// The groups whose members are known.
    async fn groups(&self) -> Result<Vec<(ConversationId, Members)>, Error>;
}

/// What is written about accounts.
#[async_trait]
pub trait WriteAccounts: Send + Sync {
    /// Keeps who we are on the platform, for proofs.
    ///
    /// # Errors
    /// [`Error::WrongLog`] if the log is that of another account.
    async fn keep_account(&self, account: &Account) -> Result<(), Error>;

    /// Keeps which account a correspondent's name means. The first answer is final.
    async fn keep_correspondent(&self, account: &Account) -> Result<(), Error>;

    /// Keeps what is known of an account now. A name that was known stays if there is none here.
    async fn keep_name(&self, id: AccountId, known: KnownName) -> Result<(), Error>;

    /// Keeps who is in a group, in place of what was kept of it.
    async fn keep_members(&self, group: &ConversationId, members: Members) -> Result<(), Error>;
}
