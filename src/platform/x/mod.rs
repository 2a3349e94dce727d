//! The client for X.
//!
//! The wire is our own. It is signed by OAuth 1.0a, whose tokens do not expire, so no renewal can be lost. Nothing is
//! retried here: each answer is sorted, and the caller decides. Facts about X are from its documents of August 2026.

mod clocks;
mod endpoint;
mod object;
mod problem;
mod errors;
mod limits;
mod names;
mod parse;
mod sign;
mod address;
mod wire;
mod media;
mod oembed;
mod posts;
mod messages;
mod correspondents;
mod upload;
#[cfg(feature = "fuzzing")]
mod fuzz;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Url;
use secrecy::SecretString;
use serde_json::value::RawValue;

use self::address::address;
pub use self::address::{SettingsError, address_of, named_post};
use self::clocks::Clocks;
use self::endpoint::Endpoint;
#[cfg(feature = "fuzzing")]
pub use self::fuzz::{read_any, read_card};
use self::messages::Of;
pub use self::oembed::{OEMBED, Oembed, PATIENCE_LONG, PATIENCE_SHORT};
use self::parse::{ApiAnswer, Elements};
use self::wire::{Content, Missing, Reply, Wire};
use super::{
    Addressee, Attachment, CALL_TIME_MAX, ConversationPage, Draft, Error, File, Lookup, Me, MentionPage, MessagePage,
    OwnPosts, PageToken, Participants, Platform, Post, PostState, Purpose, Recipient, Sent, Unreadable,
};
use crate::base::clock::Clock;
use crate::base::ids::{Account, AccountId, AccountName, Channel, ConversationId, MediaId, MessageId, PostId};
use crate::base::time::Time;

/// Where X answers.
pub const BASE: &str = "https://api.x.com";

/// Where X shows posts to people.
pub const WEB: &str = Channel::X.web();

/// The hosts at which X itself answers.
pub const HOSTS: [&str; 2] = ["api.x.com", "api.twitter.com"];

/// The four parts of OAuth 1.0a (RFC 5849) as X's developer console shows them. Their `Debug` shows nothing.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// "API key", also called consumer key.
    pub api_key: SecretString,
    /// "API key secret", also called consumer secret.
    pub api_secret: SecretString,
    /// "Access token" of the account.
    pub access_token: SecretString,
    /// "Access token secret" of the account.
    pub access_token_secret: SecretString,
}

/// What the client needs to know.
#[derive(Clone)]
pub struct ClientSettings {
    /// Where X answers: [`BASE`], or the address of a sandbox. Plain http is allowed only to this computer itself.
    pub base: String,
    /// Who we are.
    pub credentials: Credentials,
    /// The longest time to wait for a connection.
    pub connect_time: Duration,
    /// The longest time for a whole exchange; at most [`CALL_TIME_MAX`].
    pub call_time: Duration,
    /// What time it is here. Signatures hold the computer's own time, whatever this says.
    pub clock: Clock,
}

/// The client for X.
pub struct X {
    wire: Wire,
    base: Url,
}

impl fmt::Debug for X {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("X").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl X {
    /// A client with these settings. Nothing is sent yet.
    ///
    /// # Errors
    /// If an address is not usable, or the system has no root certificates.
    pub fn new(settings: ClientSettings) -> Result<X, SettingsError> {
        let base = address(&settings.base, BASE)?;
        let wire = Wire::new(&settings, &base)?;
        Ok(X { wire, base })
    }

    /// The address of a call. Paths are made of our own words and of numbers and names that need no escaping.
    fn url(&self, path: fmt::Arguments<'_>, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// One thing, read from the answer's `data`.
    async fn one<T>(
        &self,
        endpoint: Endpoint,
        url: Url,
        read: impl FnOnce(&RawValue, Clocks) -> Result<T, String>,
    ) -> Result<One<T>, Error> {
        let asked = endpoint.asked(url.path()).map(str::to_owned);
        let success = match self.wire.call(endpoint, url, Content::Nothing).await? {
            Reply::Success(success) => success,
            Reply::Missing(missing) => return Ok(One::Missing(missing)),
        };
        let text = object::text_of(&success.body);
        let answer = understood(endpoint, ApiAnswer::read(&text))?;
        if let Some(data) = answer.data {
            return Ok(One::Found(understood(endpoint, read(data, success.clocks))?, success.clocks));
        }
        let failure = errors::classify_errors(endpoint, asked.as_deref(), &answer.errors);
        self.wire.resolve(endpoint, failure, success.clocks).map(One::Missing)
    }

    /// A page of a listing that must be there.
    async fn page<T, Id>(
        &self,
        endpoint: Endpoint,
        url: Url,
        read: impl FnOnce(&ApiAnswer<'_>, Clocks) -> Elements<T, Id>,
    ) -> Result<Page<T, Id>, Error> {
        let absent = || Error::Refused { what: format!("{endpoint}: X says that there is no such thing") };
        self.page_if_any(endpoint, url, read).await?.ok_or_else(absent)
    }

    /// A page of a listing. None if X says that the thing listed does not exist. An error never gives an empty page.
    async fn page_if_any<T, Id>(
        &self,
        endpoint: Endpoint,
        url: Url,
        read: impl FnOnce(&ApiAnswer<'_>, Clocks) -> Elements<T, Id>,
    ) -> Result<Option<Page<T, Id>>, Error> {
        let (is_later, asked) = (wire::names_place(&url), endpoint.asked(url.path()).map(str::to_owned));
        let Reply::Success(success) = self.wire.call(endpoint, url, Content::Nothing).await? else { return Ok(None) };
        let text = object::text_of(&success.body);
        let answer = understood(endpoint, ApiAnswer::read(&text))?;
        understood(endpoint, answer.check_listed().and_then(|()| answer.check_kind(endpoint)))?;
        if answer.data.is_none() && (!answer.errors.is_empty() || !answer.is_listing()) {
            let failure = errors::classify_errors(endpoint, asked.as_deref(), &answer.errors);
            let failure = if is_later { failure.of_place(200) } else { failure };
            return self.wire.resolve(endpoint, failure, success.clocks).map(|_| None);
        }
        if !answer.errors.is_empty() {
            tracing::warn!(path = endpoint.pattern(), errors = answer.errors.len(), "X left out something of a page");
        }
        let mut elements = read(&answer, success.clocks);
        understood(endpoint, elements.check_place())?;
        let next = answer.next().unwrap_or_else(|raw| {
            elements.cut_at(raw);
            None
        });
        for unreadable in &elements.unreadable {
            tracing::debug!(path = endpoint.pattern(), sha256 = %unreadable.sha256, why = unreadable.why, "X lists something unreadable");
        }
        Ok(Some(Page { items: elements.items, unreadable: elements.unreadable, next, clock: success.clocks.theirs }))
    }

    /// Makes something, and reads the result from the answer's `data`.
    async fn make<T>(
        &self,
        endpoint: Endpoint,
        url: Url,
        content: Content,
        read: impl FnOnce(&RawValue, Clocks) -> Result<T, String>,
    ) -> Result<T, Error> {
        let lost = || errors::unknown(endpoint, format!("{endpoint}: an answer without `data`"));
        let Reply::Success(success) = self.wire.call(endpoint, url, content).await? else { return Err(lost()) };
        let text = object::text_of(&success.body);
        let answer = understood(endpoint, ApiAnswer::read(&text))?;
        understood(endpoint, read(answer.data.ok_or_else(lost)?, success.clocks))
    }

    /// The account that was asked for. `is_asked` tells whether the answer is about it.
    async fn account(
        &self,
        endpoint: Endpoint,
        url: Url,
        is_asked: impl Fn(&Account) -> bool,
    ) -> Result<Lookup, Error> {
        let read = |raw: &RawValue, _: Clocks| {
            let other = |account: &Account| format!("the answer is about another account, {account}");
            parse::account(raw).and_then(|account| if is_asked(&account) { Ok(account) } else { Err(other(&account)) })
        };
        Ok(match self.one(endpoint, url, read).await? {
            One::Found(account, _) => Lookup::Found(account),
            One::Missing(Missing::Absent) => Lookup::Absent,
            One::Missing(Missing::Suspended) => Lookup::Suspended,
        })
    }

    async fn own_id(&self) -> Result<AccountId, Error> {
        let known = self.wire.state().me;
        match known {
            Some(id) => Ok(id),
            None => Ok(self.me().await?.account.id),
        }
    }
}

/// An answer about one thing.
enum One<T> {
    Found(T, Clocks),
    Missing(Missing),
}

/// A page of a listing.
struct Page<T, Id> {
    items: Vec<T>,
    unreadable: Vec<Unreadable<Id>>,
    next: Option<PageToken>,
    clock: Option<Time>,
}

/// An unexpected answer: after a write, nobody knows what happened.
fn understood<T>(endpoint: Endpoint, read: Result<T, String>) -> Result<T, Error> {
    read.map_err(|what| errors::unknown(endpoint, format!("{endpoint}: {what}")))
}

/// Limits a call of many pages to the time that one call may take.
async fn in_time<T>(endpoint: Endpoint, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| Err(Error::Unavailable { what: format!("{endpoint}: not done within {CALL_TIME_MAX:?}") });
    tokio::time::timeout(CALL_TIME_MAX, call).await.unwrap_or_else(late)
}

#[async_trait]
impl Platform for X {
    async fn me(&self) -> Result<Me, Error> {
        let url = self.url(format_args!("/2/users/me"), &[]);
        let unsaid = |why: &str| Error::Unavailable { what: format!("{}: X {why}", Endpoint::Me) };
        let One::Found(account, clocks) = self.one(Endpoint::Me, url, |raw, _| parse::account(raw)).await? else {
            return Err(unsaid("does not say who we are"));
        };
        if self.wire.owner().is_some_and(|owner| owner != account.id) {
            return Err(unsaid("says that we are another account than that of the access token"));
        }
        let mut state = self.wire.state();
        if let Some(known) = state.known_me.filter(|known| *known != account.id) {
            return Err(Error::WrongAccount { said: account, known });
        }
        // The same credentials belong to one account. Which of two answers is right nobody knows: both are forgotten.
        if state.me.take().is_some_and(|before| before != account.id) {
            return Err(unsaid("says that we are another account than before"));
        }
        state.me = Some(account.id);
        Ok(Me { account, clock: clocks.theirs })
    }

    fn know_me(&self, me: AccountId) {
        let mut state = self.wire.state();
        (state.known_me, state.me) = (Some(me), Some(me));
    }

    async fn account_by_name(&self, name: &AccountName) -> Result<Lookup, Error> {
        let url = self.url(format_args!("/2/users/by/username/{name}"), &[]);
        self.account(Endpoint::UserByName, url, |account| account.name.is_same(name)).await
    }

    async fn account_by_id(&self, id: AccountId) -> Result<Lookup, Error> {
        let url = self.url(format_args!("/2/users/{id}"), &[]);
        self.account(Endpoint::UserById, url, |account| account.id == id).await
    }

    async fn messages(&self, size: u32, page: Option<&PageToken>) -> Result<MessagePage, Error> {
        self.list_messages(Of::All, size, page).await
    }

    async fn messages_with(
        &self,
        account: AccountId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error> {
        self.list_messages(Of::With(account), size, page).await
    }

    async fn messages_in(
        &self,
        conversation: &ConversationId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error> {
        self.list_messages(Of::Conversation(conversation), size, page).await
    }

    async fn messages_left(&self) -> Option<u64> {
        self.wire.state().limits.left(Endpoint::Messages, self.wire.now())
    }

    async fn send_message(&self, to: &Addressee, text: &str, media: Option<MediaId>) -> Result<Sent, Error> {
        self.send_to(to, text, media).await
    }

    async fn sends_left(&self) -> Option<u64> {
        self.wire.state().limits.left(Endpoint::Send, self.wire.now())
    }

    async fn upload(&self, file: &File, purpose: Purpose) -> Result<MediaId, Error> {
        in_time(Endpoint::Upload, self.give(file, purpose)).await
    }

    async fn participants(&self, conversation: &ConversationId) -> Result<Participants, Error> {
        match conversation.pair() {
            Some((one, other)) => Ok(Participants::of_two(one, other)),
            None => in_time(Endpoint::Conversation, self.group(conversation)).await,
        }
    }

    async fn recipient(&self, id: AccountId) -> Result<Recipient, Error> {
        self.show_recipient(id).await
    }

    async fn conversations(&self, page: Option<&PageToken>) -> Result<ConversationPage, Error> {
        self.list_conversations(page).await
    }

    async fn is_encrypted(&self, conversation: &ConversationId) -> Result<Option<bool>, Error> {
        self.has_key(conversation).await
    }

    async fn newest_message(&self, conversation: &ConversationId) -> Result<Option<MessageId>, Error> {
        self.newest_in(conversation).await
    }

    async fn attachment(&self, _: MessageId, attachment: &Attachment, bytes_max: u64) -> Result<File, Error> {
        // Final is only what the file is, and where it lies.
        let refused = |what: &str| Error::Refused { what: format!("file {}: {what}", attachment.media_key) };
        let absent =
            || Error::Unavailable { what: format!("file {}: X says that there is none", attachment.media_key) };
        let address = attachment.url.as_deref().ok_or_else(|| refused("X gave no address for it"))?;
        let (url, signature) = media::allowed(address, &self.base).map_err(|what| refused(&what))?;
        let found = self.wire.send(Endpoint::Media, url, Content::Nothing, signature, bytes_max).await?;
        let Reply::Success(file) = found else { return Err(absent()) };
        understood(Endpoint::Media, media::check(file.media_type.as_deref(), &file.body))?;
        let media_type = file.media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
        Ok(File { media_type, bytes: file.body })
    }

    async fn post(&self, draft: &Draft) -> Result<PostId, Error> {
        self.create(draft).await
    }

    async fn posts_left(&self) -> Option<u64> {
        self.wire.state().limits.left(Endpoint::Post, self.wire.now())
    }

    async fn own_posts(&self, after: PostId) -> Result<OwnPosts, Error> {
        in_time(Endpoint::OwnPosts, self.own_posts_all(after)).await
    }

    async fn newest_posts(&self, after: PostId, count: u32) -> Result<OwnPosts, Error> {
        in_time(Endpoint::OwnPosts, self.newest_own(after, count)).await
    }

    async fn mentions(&self, after: PostId, size: u32, page: Option<&PageToken>) -> Result<MentionPage, Error> {
        in_time(Endpoint::Mentions, self.mentions_after(after, size, page)).await
    }

    async fn read_post(&self, id: PostId) -> Result<Option<Post>, Error> {
        in_time(Endpoint::ReadPost, self.post_by_id(id)).await
    }

    async fn post_state(&self, id: PostId) -> Result<PostState, Error> {
        in_time(Endpoint::ReadPost, self.state_of(id)).await
    }

    fn clock_ahead(&self) -> Duration {
        self.wire.state().ahead
    }
}

#[cfg(test)]
mod tests;
