//! A note: who wrote to whom, when, and what. Plain values, before anything is hashed or sealed.

use std::fmt;

use crate::base::text;
use crate::base::time::Time;

/// An identifier that the platform gave to an account: a decimal number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(pub u64);

/// An identifier with its moment inside, given by the platform to a message or a post (a "snowflake").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct Snowflake(pub u64);

/// The platform's identifier of a direct message.
pub type MessageId = Snowflake;

/// The platform's identifier of a public post.
pub type PostId = Snowflake;

/// 2010-11-04T01:42:54.657Z in milliseconds of Unix time, from which the platform counts.
const SNOWFLAKE_EPOCH_MS: i64 = 1_288_834_974_657;

impl Snowflake {
    /// The moment inside the identifier: its upper 42 bits are milliseconds since the platform's own epoch.
    pub fn time(self) -> Time {
        Time::from_ms((self.0 >> 22) as i64 + SNOWFLAKE_EPOCH_MS)
    }

    /// The smallest identifier of that millisecond; zero for a moment before the platform's epoch.
    pub fn first_at(time: Time) -> Snowflake {
        let ms = u64::try_from(time.ms() - SNOWFLAKE_EPOCH_MS).unwrap_or(0);
        Snowflake(ms << 22)
    }
}

macro_rules! decimal {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl $name {
            /// Reads a decimal number without sign or leading zero.
            pub fn parse(text: &str) -> Option<$name> {
                text::number(text).map($name)
            }
        }
    };
}
decimal!(AccountId);
decimal!(Snowflake);

/// An account's name as the platform writes it, without `@`: letters, digits and underscore, 1 to 50 of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountName(String);

impl AccountName {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<AccountName> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (plain && (1..=50).contains(&text.len())).then(|| AccountName(text.to_owned()))
    }

    /// What stands for a name that the platform does not tell: `unknown`.
    pub fn unknown() -> AccountName {
        AccountName("unknown".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account: its lasting identifier, and the name that it bore when it was looked up.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Account {
    /// The lasting identifier.
    pub id: AccountId,
    /// The name of that moment.
    pub name: AccountName,
}

impl Account {
    /// Reads `2244994945 embassy`.
    pub fn parse(text: &str) -> Option<Account> {
        let [id, name] = text::words(text)?;
        Some(Account { id: AccountId::parse(id)?, name: AccountName::parse(name)? })
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.name)
    }
}

/// The platform's identifier of a conversation: `smaller-larger` account for two people, one number for a group.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConversationId(String);

impl ConversationId {
    /// Reads an identifier: one or two decimal numbers, joined by a hyphen.
    pub fn parse(text: &str) -> Option<ConversationId> {
        let mut parts = text.split('-');
        let valid = parts.clone().count() <= 2 && parts.all(|part| text::number(part).is_some());
        valid.then(|| ConversationId(text.to_owned()))
    }

    /// The identifier of the conversation between two accounts.
    pub fn between(one: AccountId, other: AccountId) -> ConversationId {
        ConversationId(format!("{}-{}", one.min(other), one.max(other)))
    }

    /// The two accounts of a conversation between two; nothing for a group.
    pub fn pair(&self) -> Option<(AccountId, AccountId)> {
        let (one, other) = self.0.split_once('-')?;
        Some((AccountId::parse(one)?, AccountId::parse(other)?))
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a log, by convention an address without its scheme: `embassy.example/notes`. It stands in every envelope
/// and checkpoint, and is the name of the log's key (C2SP tlog-checkpoint, signed-note).
///
/// 1 to 255 bytes of visible ASCII without `+`: narrower than C2SP, which allows most of Unicode in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Origin(String);

impl Origin {
    /// The longest name, in bytes.
    pub const BYTES_MAX: usize = 255;

    /// Reads a name.
    pub fn parse(text: &str) -> Option<Origin> {
        let clean = text.bytes().all(|b| b.is_ascii_graphic() && b != b'+');
        (clean && (1..=Origin::BYTES_MAX).contains(&text.len())).then(|| Origin(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
