//! Accounts: our own, and whom the names of correspondents mean.

use async_trait::async_trait;

use super::Error;
use crate::base::ids::{Account, AccountId, AccountName};

/// The questions about accounts.
#[async_trait]
pub trait ReadAccounts: Send + Sync {
    /// Who we are on the platform, as it was last kept; None before the daemon first reached the platform.
    async fn own_account(&self) -> Result<Option<Account>, Error>;

    /// Whom a correspondent's name meant when it was first looked up.
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

    /// Keeps whom a correspondent's name means. The first time decides.
    async fn keep_correspondent(&self, account: &Account) -> Result<(), Error>;
}
