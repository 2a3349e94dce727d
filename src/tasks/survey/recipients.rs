//! Reads what the platform says of each correspondent's account, once in a day of UTC, within a budget.
//!
//! A reading is kept in one transaction. A crash before it leaves the account due; the platform bills it once a day.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::{info, warn};

use super::words::{name, reached};
use super::{Correspondents, SurveySettings};
use crate::base::clock::Clock;
use crate::base::ids::AccountId;
use crate::base::time::{DAY_MS, Time};
use crate::platform::{Error as PlatformError, Platform, Recipient};
use crate::store::{Inbox, RecipientRow, Store};
use crate::tasks::rules::Rule;
use crate::tasks::task::{Backoff, Deferred, Needs, Next, Task, TaskError, Wake};

/// The longest time between two looks whether an account is due, and the time while a correspondent's name is unknown.
const LOOK_MS: i64 = 60 * 60 * 1000;
const UNKNOWN_MS: i64 = 60 * 1000;

/// The task that reads correspondents' accounts.
pub struct Recipients {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    settings: SurveySettings,
    rules: Vec<Rule>,
    backoff: Backoff,
    /// Accounts that could not be read, and why.
    deferred: Deferred<AccountId>,
    troubles: BTreeMap<AccountId, String>,
}

impl Task for Recipients {
    const NAME: &'static str = "recipients";
    const WAKE: Wake = Wake::Time;
    const NEEDS: Needs = Needs::Nothing;

    /// Reads one account. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only errors that must stop the daemon.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        self.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await
    }
}

impl Recipients {
    /// A task that has read nothing yet.
    pub fn new(
        platform: Arc<dyn Platform>,
        store: Store,
        clock: Clock,
        settings: SurveySettings,
        rules: Vec<Rule>,
    ) -> Recipients {
        let (deferred, troubles) = (Deferred::default(), BTreeMap::new());
        Recipients { platform, store, clock, settings, rules, backoff: Backoff::new(), deferred, troubles }
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let correspondents = Correspondents::of(&self.rules, &self.store).await?;
        let rows = self.store.recipients().await?;
        let waiting = self.deferred.at(now);
        let due = due(&correspondents, &rows, now, self.settings.accounts_a_day);
        if let Some(account) = due.into_iter().find(|account| !waiting.contains(account)) {
            self.read(account).await?;
            return Ok(Next::Now);
        }
        self.report(now).await?;
        let wait_ms = if correspondents.some_unknown { UNKNOWN_MS } else { LOOK_MS };
        let tomorrow = now.midnight().plus_ms(DAY_MS);
        let next = tomorrow.min(now.plus_ms(wait_ms));
        Ok(Next::Wait(self.deferred.until().map_or(next, |until| next.min(until))))
    }

    /// Says what could not be read, or that nothing is left to do.
    async fn report(&mut self, now: Time) -> Result<(), TaskError> {
        if self.troubles.is_empty() {
            return Ok(self.backoff.idle(Self::NAME, &self.store, now).await?);
        }
        let troubles: Vec<&str> = self.troubles.values().map(String::as_str).collect();
        Ok(self.store.report(Self::NAME, Some(troubles.join("\n")), now).await?)
    }

    /// Reads one account. One that cannot be read waits by itself, and holds up no other.
    async fn read(&mut self, account: AccountId) -> Result<(), TaskError> {
        let answer = self.platform.recipient(account).await;
        match answer.and_then(|shown| fitting(account, shown)) {
            Ok(shown) => {
                let (before, row) = self.store.keep_recipient(account, shown, self.clock.now()).await?;
                self.troubles.remove(&account);
                self.backoff.succeeded();
                tell(before.as_ref(), &row);
            }
            Err(error @ (PlatformError::Wait { .. } | PlatformError::NeedsPerson { .. })) => return Err(error.into()),
            Err(error) => {
                let until = self.backoff.after(&error, self.clock.now());
                warn!(%account, %error, %until, "what X says of a correspondent's account cannot be read");
                let what = format!("whether {account} takes messages cannot be read: {error}");
                self.troubles.insert(account, what);
                self.deferred.defer(account, until);
            }
        }
        Ok(())
    }
}

/// The answer, if it is about the account that was asked for.
fn fitting(asked: AccountId, shown: Recipient) -> Result<Recipient, PlatformError> {
    match &shown {
        Recipient::Shown { account, .. } if account.id != asked => {
            Err(PlatformError::Unavailable { what: format!("the answer is about the account {}", account.id) })
        }
        _ => Ok(shown),
    }
}

/// The accounts that were not read today, those that were read longest ago first, as many as the budget allows.
fn due(correspondents: &Correspondents, rows: &[RecipientRow], now: Time, accounts_a_day: u64) -> Vec<AccountId> {
    let read_at = |account: &AccountId| rows.iter().find(|row| row.account == *account).map(|row| row.read_at);
    let is_of_today = |read_at: Time| read_at.midnight() == now.midnight();
    let read_today = rows.iter().filter(|row| is_of_today(row.read_at)).count() as u64;
    let left = usize::try_from(accounts_a_day.saturating_sub(read_today)).unwrap_or(usize::MAX);
    let is_due = |account: &AccountId| !read_at(account).is_some_and(is_of_today);
    let mut due: Vec<AccountId> = correspondents.accounts.iter().copied().filter(is_due).collect();
    due.sort_by_key(|account| read_at(account));
    due.truncate(left);
    due
}

/// A line about what is new.
fn tell(before: Option<&RecipientRow>, row: &RecipientRow) {
    let is_new = before.is_none_or(|before| before.inbox != row.inbox || before.follows != row.follows);
    if !is_new {
        return;
    }
    let is_worse = row.inbox != Inbox::Open
        || before.is_some_and(|before| before.follows == Some(true) && row.follows == Some(false));
    if is_worse {
        warn!(account = %name(row), "{}", reached(row));
    } else {
        info!(account = %name(row), "{}", reached(row));
    }
}
