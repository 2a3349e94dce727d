//! Identifiers and names: of accounts, messages, posts, conversations, logs, and of where they stand.

use std::fmt;

use crate::base::text;
use crate::base::time::Time;

/// An identifier that the platform gave to an account: a decimal number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(pub u64);

/// The identifier of a direct message of X ([`Source::XDm`]): a number with its moment inside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct MessageId(pub u64);

impl MessageId {
    /// The moment inside: when the message was sent, as X says.
    pub fn moment(self) -> Time {
        snowflake_moment(self.0)
    }

    /// The smallest identifier that a message of this millisecond can have.
    pub fn first_at(time: Time) -> MessageId {
        MessageId(first_snowflake_at(time))
    }
}

/// The identifier that a sender's own program gave to an encrypted message ([`Source::XChat`]): a UUID in its usual form,
/// in whatever case it was signed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ChatMessageId(String);

impl ChatMessageId {
    /// Reads 8, 4, 4, 4 and 12 hexadecimal digits, joined by hyphens.
    pub fn parse(text: &str) -> Option<ChatMessageId> {
        let is_group = |(part, len): (&str, usize)| part.len() == len && part.bytes().all(|b| b.is_ascii_hexdigit());
        let groups = text.split('-');
        let valid = groups.clone().count() == 5 && groups.zip([8, 4, 4, 4, 12]).all(is_group);
        valid.then(|| ChatMessageId(text.to_owned()))
    }
}

impl fmt::Display for ChatMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identifier of a public post, as its [`Channel`] gave it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct PostId(pub u64);

/// The identifier of a file that was given to a platform, to go with a post or a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MediaId(pub u64);

/// Where messages come from, and with it how their identifiers are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The direct messages of X.
    XDm,
    /// The encrypted conversations of X.
    XChat,
}

impl Source {
    /// The word that stands for it in envelopes and in the database: `x-dm`, `x-chat`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::XDm => "x-dm",
            Source::XChat => "x-chat",
        }
    }

    /// Reads what [`as_str`](Source::as_str) writes.
    pub fn parse(text: &str) -> Option<Source> {
        [Source::XDm, Source::XChat].into_iter().find(|source| source.as_str() == text)
    }

    /// Whether a conversation of this source can have this identifier.
    pub fn has(self, conversation: &ConversationId) -> bool {
        match self {
            Source::XDm => !conversation.0.starts_with('g'),
            Source::XChat => conversation.pair().is_some() || conversation.0.starts_with('g'),
        }
    }
}

/// A message, as its source names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SourceMessage {
    /// A direct message of X.
    XDm(MessageId),
    /// An encrypted message of X.
    XChat(ChatMessageId),
}

impl SourceMessage {
    /// Reads an identifier of that source.
    pub fn parse(source: Source, text: &str) -> Option<SourceMessage> {
        match source {
            Source::XDm => MessageId::parse(text).map(SourceMessage::XDm),
            Source::XChat => ChatMessageId::parse(text).map(SourceMessage::XChat),
        }
    }

    /// Where it comes from.
    pub fn source(&self) -> Source {
        match self {
            SourceMessage::XDm(_) => Source::XDm,
            SourceMessage::XChat(_) => Source::XChat,
        }
    }

    /// The moment inside its identifier. None where the identifier has none.
    pub fn moment(&self) -> Option<Time> {
        match self {
            SourceMessage::XDm(id) => Some(id.moment()),
            SourceMessage::XChat(_) => None,
        }
    }
}

impl fmt::Display for SourceMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceMessage::XDm(id) => id.fmt(f),
            SourceMessage::XChat(id) => id.fmt(f),
        }
    }
}

/// Where things are published for everybody, and with it how their identifiers are read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum Channel {
    /// X.
    #[serde(rename = "x")]
    X,
}

impl Channel {
    /// The word that stands for it in the log and in files: `x`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Channel::X => "x",
        }
    }

    /// Reads what [`as_str`](Channel::as_str) writes.
    pub fn parse(text: &str) -> Option<Channel> {
        (text == Channel::X.as_str()).then_some(Channel::X)
    }

    /// The moment inside the identifier: when the post was made, as the channel says.
    pub fn moment(self, post: PostId) -> Time {
        match self {
            Channel::X => snowflake_moment(post.0),
        }
    }

    /// The smallest identifier that a post of this millisecond can have.
    pub fn first_at(self, time: Time) -> PostId {
        match self {
            Channel::X => PostId(first_snowflake_at(time)),
        }
    }

    /// The address of the channel's site for people, without a slash at the end.
    pub const fn web(self) -> &'static str {
        match self {
            Channel::X => "https://x.com",
        }
    }

    /// The address at which the channel shows a post to people.
    pub fn address_of(self, author: &AccountName, post: PostId) -> String {
        match self {
            Channel::X => format!("{}/{author}/status/{post}", self.web()),
        }
    }

    /// Whether this is an address at which the channel shows a post to people, whatever else is in it.
    pub fn is_address_of_post(self, address: &str) -> bool {
        let Some((host, path)) = address.split_once("://").and_then(|(_, rest)| rest.split_once('/')) else {
            return false;
        };
        match self {
            Channel::X => {
                let is_host =
                    |known: &str| host.strip_suffix(known).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
                ["x.com", "twitter.com"].into_iter().any(is_host) && path.contains("/status/")
            }
        }
    }

    /// That post of this channel.
    pub fn post(self, id: PostId) -> PublicPost {
        PublicPost { channel: self, id }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where something stands in public: the channel, and the channel's identifier of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct PublicPost {
    /// The channel.
    pub channel: Channel,
    /// The channel's identifier of it.
    pub id: PostId,
}

impl PublicPost {
    /// When it was made, as its channel says.
    pub fn moment(self) -> Time {
        self.channel.moment(self.id)
    }
}

impl fmt::Display for PublicPost {
    /// What its channel calls it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

/// 2010-11-04T01:42:54.657Z in milliseconds of Unix time, from which X counts in its identifiers ("snowflakes").
const SNOWFLAKE_EPOCH_MS: i64 = 1_288_834_974_657;

/// The moment inside a snowflake: its upper 42 bits are milliseconds since X's own epoch.
fn snowflake_moment(id: u64) -> Time {
    Time::from_ms((id >> 22) as i64 + SNOWFLAKE_EPOCH_MS)
}

/// The smallest snowflake of that millisecond; zero for a moment before X's epoch.
fn first_snowflake_at(time: Time) -> u64 {
    u64::try_from(time.ms() - SNOWFLAKE_EPOCH_MS).unwrap_or(0) << 22
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
decimal!(MessageId);
decimal!(PostId);
decimal!(MediaId);

/// An account's name as the platform writes it, without `@`: letters, digits and underscore, 1 to 50 of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountName(String);

impl AccountName {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<AccountName> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (plain && (1..=50).contains(&text.len())).then(|| AccountName(text.to_owned()))
    }

    /// The name used when the platform does not say one: `unknown`.
    pub fn unknown() -> AccountName {
        AccountName("unknown".to_owned())
    }

    /// Whether it is the same name: the platform takes capitals and small letters for the same.
    pub fn is_same(&self, other: &AccountName) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
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

/// An account: its lasting identifier, and the name that it had when it was looked up.
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

/// The platform's identifier of a conversation: `smaller-larger` account for two people; for a group one number, or `g` and
/// a number in [`Source::XChat`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConversationId(String);

impl ConversationId {
    /// Reads an identifier: one or two decimal numbers, joined by a hyphen, or `g` and one number.
    pub fn parse(text: &str) -> Option<ConversationId> {
        let mut parts = text.strip_prefix('g').filter(|rest| !rest.contains('-')).unwrap_or(text).split('-');
        let valid = parts.clone().count() <= 2 && parts.all(|part| text::number(part).is_some());
        valid.then(|| ConversationId(text.to_owned()))
    }

    /// The identifier of the conversation between two accounts.
    pub fn between(one: AccountId, other: AccountId) -> ConversationId {
        ConversationId(format!("{}-{}", one.min(other), one.max(other)))
    }

    /// The two accounts of a conversation between two people; None for a group.
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
