//! Accounts: our own, and the accounts that the names of correspondents mean.

use async_trait::async_trait;

use super::Error;
use crate::base::ids::{Account, AccountId, AccountName};

/// The questions about accounts.
#[async_trait]
pub trait ReadAccounts: Send + Sync {
    /// Who we are on the platform, as it was last kept; None before the daemon first reached the platform.
    async fn own_account(&self) -> Result<Option<Account>, Error>;

    /// Which account a correspondent's name meant when it was first looked up.
    async fn correspondent(&self, name: &AccountName) -> Result<Option<AccountId>, Error>;
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
}
