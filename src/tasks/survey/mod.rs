//! Looks after correspondents: whether their accounts take messages from ours ([`Recipients`]), and whether what is written
//! in the conversations with them can be read ([`Conversations`]). No other task waits for either.

mod settings;
mod words;
mod recipients;
mod look;
mod conversations;

use std::collections::BTreeSet;

use crate::base::ids::AccountId;
use crate::store::{self, Store};
use crate::tasks::rules::{Correspondent, Rule};

pub use self::conversations::Conversations;
pub use self::recipients::Recipients;
pub use self::settings::SurveySettings;
pub use self::words::{reached, unreached};

/// The correspondents of the rules.
struct Correspondents {
    /// Those whose accounts are known.
    accounts: BTreeSet<AccountId>,
    /// Whether there are names that nobody has looked up yet: the watcher does.
    some_unknown: bool,
}

impl Correspondents {
    async fn of(rules: &[Rule], store: &Store) -> Result<Correspondents, store::Error> {
        let mut all = Correspondents { accounts: BTreeSet::new(), some_unknown: false };
        for correspondent in rules.iter().flat_map(|rule| &rule.correspondents) {
            let account = match correspondent {
                Correspondent::Id(id) => Some(*id),
                Correspondent::Name(name) => store.correspondent(name).await?,
            };
            all.some_unknown |= account.is_none();
            all.accounts.extend(account);
        }
        Ok(all)
    }
}
