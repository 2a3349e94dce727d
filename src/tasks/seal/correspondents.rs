//! Whom the operator's rules mean: names are looked up once, each by itself, and kept for good.

use std::time::Duration;

use tracing::{info, warn};

use super::WatchContext;
use crate::base::ids::{Account, AccountId, AccountName};
use crate::base::time::Time;
use crate::platform::{Error as PlatformError, Platform};
use crate::store::{self, KnownName, Store};
use crate::tasks::rules::{Correspondent, Formal, Rule};

/// How long the look-ups of one round may take together.
const NAMES_TIME: Duration = Duration::from_secs(10);

/// A name that the platform does not know is asked for again after this time, or at each round while a message waits for it.
const ABSENT_MS: i64 = 3_600_000;

/// A rule of the operator, as far as it is known whom it means.
#[derive(Clone)]
pub(super) struct KnownRule {
    pub(super) ids: Vec<AccountId>,
    pub(super) formal: Formal,
    /// Whether somebody whom it names is not known yet.
    pub(super) waits: bool,
}

/// A name that means nobody yet.
struct Waiting {
    name: AccountName,
    until: Time,
    /// Whether the platform does not know it.
    is_absent: bool,
    told: String,
}

/// Whom the rules mean.
#[derive(Default)]
pub(super) struct Correspondents {
    pub(super) rules: Vec<KnownRule>,
    /// Whose notes are receipted.
    pub(super) receipt_from: Vec<AccountId>,
    waiting: Vec<Waiting>,
    /// What is wrong with the configuration, if something is.
    wrong: Vec<String>,
}

impl Correspondents {
    /// What was looked up before; the rest waits.
    pub(super) async fn known(
        store: &Store,
        rules: &[Rule],
        context: &WatchContext,
        waiting: Vec<(AccountName, Time, String)>,
    ) -> Result<Correspondents, store::Error> {
        let mut known = Correspondents::default();
        for Rule { correspondents, formal } in rules {
            let (mut ids, mut waits) = (Vec::new(), false);
            for correspondent in correspondents {
                match known.meaning(store, correspondent, &waiting).await? {
                    Some(id) if context.officials.contains(&id) => known.wrong.push(format!(
                        "{correspondent} is a correspondent and, as {id}, an official: notes to an official are never \
                         sealed\ntake the account out of `correspondents` or of `officials` in the configuration"
                    )),
                    Some(id) => ids.push(id),
                    None => waits = true,
                }
            }
            known.rules.push(KnownRule { ids, formal: formal.clone(), waits });
        }
        let receipt = &context.receipt;
        for correspondent in receipt.from.iter().filter(|_| receipt.publish) {
            let meant = known.meaning(store, correspondent, &waiting).await?;
            known.receipt_from.extend(meant);
        }
        Ok(known)
    }

    /// Whom a correspondent means. A name is looked up once and kept: nothing changes if another account has the name
    /// later, or none has.
    async fn meaning(
        &mut self,
        store: &Store,
        correspondent: &Correspondent,
        waiting: &[(AccountName, Time, String)],
    ) -> Result<Option<AccountId>, store::Error> {
        let name = match correspondent {
            Correspondent::Id(id) => return Ok(Some(*id)),
            Correspondent::Name(name) => name,
        };
        let id = store.correspondent(name).await?;
        if id.is_none() && !self.waiting.iter().any(|other| other.name.is_same(name)) {
            let before = waiting.iter().find(|(other, ..)| other.is_same(name));
            let (until, told) = before.map_or((Time::from_ms(0), String::new()), |(_, at, told)| (*at, told.clone()));
            self.waiting.push(Waiting { name: name.clone(), until, is_absent: false, told });
        }
        Ok(id)
    }

    /// Looks up the names that mean nobody yet, within a short time; if a message waits for one, also those that the platform
    /// did not know before. Returns true if one was found: then the rules are to be made anew.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn look_up(
        &mut self,
        platform: &dyn Platform,
        store: &Store,
        is_waited_for: bool,
        now: Time,
    ) -> Result<bool, store::Error> {
        let deadline = tokio::time::Instant::now() + NAMES_TIME;
        let mut is_new = false;
        for waiting in self.waiting.iter_mut() {
            if now < waiting.until && !(is_waited_for && waiting.is_absent) {
                continue;
            }
            let name = &waiting.name;
            let answer = tokio::time::timeout_at(deadline, platform.account_by_name(name)).await;
            let late = || PlatformError::Unavailable { what: "it took too long".to_owned() };
            match answer.unwrap_or_else(|_| Err(late())).map(|lookup| lookup.found()) {
                Ok(Some(account)) if account.name.is_same(name) => {
                    // A crash after this leaves the name with its meaning, and nothing else to be done.
                    store.keep_correspondent(&Account { id: account.id, name: name.clone() }).await?;
                    let known = KnownName { name: Some(account.name.clone()), at: now, is_suspended: false };
                    store.keep_name(account.id, known).await?;
                    info!(account.id = %account.id, account.name = %name, "a correspondent is known");
                    is_new = true;
                }
                Ok(_) => {
                    (waiting.until, waiting.is_absent) = (now.plus_ms(ABSENT_MS), true);
                    waiting.tell(format!(
                        "the platform knows no account @{name}\ncorrect `correspondents` in the configuration, if that is not \
                         its name; what may be for it is kept back, all else is sealed"
                    ));
                }
                Err(error) => {
                    if let PlatformError::Wait { until, .. } = error {
                        (waiting.until, waiting.is_absent) = (until, false);
                    }
                    waiting.tell(format!(
                        "the name @{name} cannot be looked up: {}\nwhat may be for it is kept back until that is possible; \
                         all else is sealed",
                        error.to_string().lines().next().unwrap_or_default()
                    ));
                }
            }
        }
        Ok(is_new)
    }

    /// The names that mean nobody yet, and what was told of them.
    pub(super) fn waiting(&self) -> Vec<(AccountName, Time, String)> {
        let all = self.waiting.iter();
        all.map(|waiting| (waiting.name.clone(), waiting.until, waiting.told.clone())).collect()
    }

    /// What is to be told.
    pub(super) fn told(&self) -> impl Iterator<Item = String> {
        let names = self.waiting.iter().map(|waiting| waiting.told.clone()).filter(|told| !told.is_empty());
        names.chain(self.wrong.iter().cloned())
    }
}

impl Waiting {
    /// Says once in the log what `status` says as long as it lasts.
    fn tell(&mut self, told: String) {
        if self.told != told {
            warn!(name = %self.name, "{}", told.lines().next().unwrap_or_default());
            self.told = told;
        }
    }
}
