//! What is asked of recipients: their names, which a note only shows and which are looked up within a short time, or taken
//! from before; and who is in a group, which must be known.

mod looks;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use crate::base::ids::{Account, AccountId, AccountName};
use crate::base::time::Time;
use crate::platform::{Error as PlatformError, Lookup, Platform};
use crate::store::{self, KnownName, Store};
use looks::Looks;

/// How long all look-ups of one batch may take together.
const NAMES_TIME: Duration = Duration::from_secs(10);

/// How often one look-up is tried, and the wait before the second time, which doubles.
const TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// A name that is older than a week is looked up again, because it may have changed.
const FRESH_MS: i64 = 7 * 86_400_000;

/// After a look-up that gave nothing, the next one of the same account is not before this time.
const AGAIN_MS: i64 = 300_000;

/// What is known of recipients.
#[derive(Default)]
pub(super) struct Names {
    /// When a look-up of an account last gave nothing.
    failed: HashMap<AccountId, Time>,
    /// The accounts that the platform has suspended, as they are named in notes.
    suspended: BTreeMap<AccountId, AccountName>,
    /// Until when the present batch looks up names.
    deadline: Option<Instant>,
    /// The groups of which it could not be said who is in them.
    pub(super) looks: Looks,
}

impl Names {
    /// Begins a batch.
    pub(super) fn begin(&mut self) {
        self.deadline = Some(Instant::now() + NAMES_TIME);
    }

    /// The account with this number, by the name that it has, or last had; `unknown` if it was never said.
    ///
    /// # Errors
    /// Those of the store. A platform that does not answer is no error.
    pub(super) async fn account(
        &mut self,
        platform: &dyn Platform,
        store: &Store,
        id: AccountId,
        now: Time,
    ) -> Result<Account, store::Error> {
        let known = store.known_name(id).await?;
        if let Some(known) = &known {
            self.note_suspension(id, known);
        }
        let is_fresh = known.as_ref().is_some_and(|known| (0..FRESH_MS).contains(&now.ms_since(known.at)));
        let is_held = self.failed.get(&id).is_some_and(|failed| (0..AGAIN_MS).contains(&now.ms_since(*failed)));
        let before = known.and_then(|known| known.name);
        if is_fresh || is_held {
            return Ok(Account { id, name: before.unwrap_or_else(AccountName::unknown) });
        }
        let name = match self.look_up(platform, id).await {
            Ok(Lookup::Found(account)) if account.id == id => Some(account.name),
            Ok(Lookup::Suspended) => {
                let known = KnownName { name: None, at: now, is_suspended: true };
                store.keep_name(id, known).await?;
                let name = before.unwrap_or_else(AccountName::unknown);
                warn!(account.id = %id, account.name = %name, "the platform has suspended a recipient: its notes are sealed");
                self.suspended.insert(id, name.clone());
                return Ok(Account { id, name });
            }
            Ok(Lookup::Absent | Lookup::Found(_)) => self.nothing(id, now, "the platform does not say it"),
            Err(error) => self.nothing(id, now, &error.to_string()),
        };
        if let Some(name) = &name {
            let known = KnownName { name: Some(name.clone()), at: now, is_suspended: false };
            self.note_suspension(id, &known);
            store.keep_name(id, known).await?;
        }
        Ok(Account { id, name: name.or(before).unwrap_or_else(AccountName::unknown) })
    }

    /// What is to be told: who of the recipients is suspended, and which groups cannot be looked into.
    pub(super) fn told(&self) -> impl Iterator<Item = String> {
        let suspended = self.suspended.iter().map(|(id, name)| {
            format!(
                "the platform has suspended {name} ({id}), to whom notes go\nthey are sealed as before, under the name known \
                 before; look whether they arrive"
            )
        });
        suspended.chain(self.looks.told())
    }

    fn note_suspension(&mut self, id: AccountId, known: &KnownName) {
        if known.is_suspended {
            self.suspended.insert(id, known.name.clone().unwrap_or_else(AccountName::unknown));
        } else {
            self.suspended.remove(&id);
        }
    }

    fn nothing(&mut self, id: AccountId, now: Time, why: &str) -> Option<AccountName> {
        let why = why.lines().next().unwrap_or_default();
        warn!(account.id = %id, why, "the name of a recipient cannot be looked up: notes are sealed without waiting for it");
        self.failed.insert(id, now);
        None
    }

    async fn look_up(&self, platform: &dyn Platform, id: AccountId) -> Result<Lookup, PlatformError> {
        let late = || PlatformError::Unavailable { what: "it took too long".to_owned() };
        let deadline = self.deadline.unwrap_or_else(Instant::now);
        let tries = async {
            let mut wait = FIRST_WAIT;
            for _ in 1..TRIES {
                match platform.account_by_id(id).await {
                    Err(PlatformError::Unavailable { .. }) => tokio::time::sleep(wait).await,
                    answer => return answer,
                }
                wait *= 2;
            }
            platform.account_by_id(id).await
        };
        tokio::time::timeout_at(deadline, tries).await.unwrap_or_else(|_| Err(late()))
    }
}
