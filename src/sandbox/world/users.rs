//! The users, and which token belongs to whom.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{World, words};
use crate::base::ids::{Account, AccountId, AccountName};
use crate::base::time::Time;
use crate::platform::price::Billed;

/// The credentials of OAuth 1.0a (RFC 5849) with which a program acts for a user. No Debug: they are secret.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// The program's name to the platform ("consumer key").
    pub api_key: String,
    /// The program's secret.
    pub api_secret: String,
    /// The user's permission for the program.
    pub access_token: String,
    /// Its secret.
    pub access_token_secret: String,
}

/// A user of the platform.
#[derive(Clone)]
pub struct User {
    /// Identifier and name.
    pub account: Account,
    /// The name for people.
    pub display: String,
    /// The credentials with which the user signs calls.
    pub credentials: Credentials,
    /// Whether the user pays for more, such as editing posts.
    pub premium: bool,
    /// Whether the platform has suspended the user.
    pub is_suspended: bool,
    /// Since when.
    pub since: Time,
    /// Whom the user follows.
    pub follows: BTreeSet<AccountId>,
    /// Whether messages are taken only from those whom the user follows.
    pub is_inbox_closed: bool,
}

impl World {
    /// Adds a user, or replaces the one with this identifier; the credentials are made.
    pub fn add_user(&mut self, now: Time, account: Account) -> &User {
        let credentials = Credentials {
            api_key: self.app.0.clone(),
            api_secret: self.app.1.clone(),
            access_token: format!("{}-{}", account.id, words::alphanumeric(40, &mut self.rng)),
            access_token_secret: words::alphanumeric(45, &mut self.rng),
        };
        let display = display_name(account.name.as_str());
        let id = account.id;
        let (follows, is_inbox_closed, is_suspended) = (BTreeSet::new(), false, false);
        let user =
            User { account, display, credentials, premium: true, is_suspended, since: now, follows, is_inbox_closed };
        self.users.insert(id, user);
        &self.users[&id]
    }

    /// All users, by identifier.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// The user with this identifier.
    pub fn user(&self, id: AccountId) -> Option<&User> {
        self.users.get(&id)
    }

    /// A user, to be changed: for tests of changed names and lost rights.
    pub fn user_mut(&mut self, id: AccountId) -> Option<&mut User> {
        self.users.get_mut(&id)
    }

    /// The user with this name, in upper or lower case.
    pub fn user_by_name(&self, name: &str) -> Option<&User> {
        self.users.values().find(|user| user.account.name.as_str().eq_ignore_ascii_case(name))
    }

    /// The user to whom this access token belongs.
    pub fn user_by_token(&self, token: &str) -> Option<&User> {
        self.users.values().find(|user| user.credentials.access_token == token)
    }

    /// Lets `user` follow `other`, or follow no more.
    pub fn set_follows(&mut self, user: AccountId, other: AccountId, follows: bool) {
        let Some(user) = self.users.get_mut(&user) else { return };
        if follows {
            user.follows.insert(other);
        } else {
            user.follows.remove(&other);
        }
    }

    /// Closes or opens the inbox of `user` to all whom the user does not follow.
    pub fn set_inbox_closed(&mut self, user: AccountId, is_closed: bool) {
        if let Some(user) = self.users.get_mut(&user) {
            user.is_inbox_closed = is_closed;
        }
    }

    /// Whether `user` follows `other`.
    pub fn follows(&self, user: AccountId, other: AccountId) -> bool {
        self.users.get(&user).is_some_and(|user| user.follows.contains(&other))
    }

    /// Whether `user` takes messages from `other`: X's `receives_your_dm`.
    pub fn receives(&self, user: AccountId, other: AccountId) -> bool {
        self.users.get(&user).is_some_and(|known| !known.is_inbox_closed || known.follows.contains(&other))
    }

    /// Puts the reading of a user on the bill.
    pub fn bill_user(&mut self, now: Time, id: AccountId) {
        self.counts.add_read(now, Billed::UserRead, id.0);
    }

    /// Adds users with these identifiers and names.
    ///
    /// # Panics
    /// If a name is not one: this is for fixed stories.
    #[must_use]
    pub fn with_users(mut self, now: Time, users: &[(u64, &str)]) -> World {
        for (id, name) in users {
            let name = AccountName::parse(name).expect("the names of a story are valid");
            self.add_user(now, Account { id: AccountId(*id), name });
        }
        self
    }
}

fn display_name(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
