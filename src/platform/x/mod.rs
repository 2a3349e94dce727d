//! The client for X.
//!
//! The wire is our own: signed by OAuth 1.0a, whose tokens do not expire, so that no renewal can be lost. Nothing is
//! retried here: each answer is sorted, and the caller decides. X's facts are those of its documents of August 2026.

mod endpoint;
mod errors;
mod limits;
mod parse;
mod sign;
mod wire;
mod media;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Url;
use secrecy::SecretString;
use serde_json::json;

use self::endpoint::Endpoint;
use self::parse::{Answer, Change};
use self::wire::{Success, Wire};
use super::{Attachment, CALL_TIME_MAX, Error, File, Me, Message, MessagePage, PageToken, Platform, Post};
use crate::clock::Clock;
use crate::note::{Account, AccountId, AccountName, ConversationId, MessageId, PostId, Snowflake};
use crate::time::Time;

/// Where X answers.
pub const BASE: &str = "https://api.x.com";

/// Where X shows posts to people.
pub const WEB: &str = "https://x.com";

/// X keeps 3,200 posts of a timeline in pages of 100.
const OWN_POSTS_PAGES_MAX: usize = 32;

/// A group has at most 50 people; more comings and goings than this in 30 days are not read.
const GROUP_PAGES_MAX: usize = 10;

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

/// What the client must be told.
#[derive(Clone)]
pub struct Settings {
    /// Where X answers: [`BASE`], or the address of a sandbox. Plain http only to this computer itself.
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

/// Why there is no client with these settings.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SettingsError {
    /// An address is not usable.
    #[error(
        "`{address}` is not an address to call X at: {why}\ngive one like {BASE}, or http://127.0.0.1:8080 for a sandbox"
    )]
    #[allow(missing_docs, reason = "the message says what the fields are")]
    Address { address: String, why: &'static str },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}\ninstall the system's root certificates (package ca-certificates)")]
    Tls(String),
}

/// The client for X.
pub struct X {
    wire: Wire,
    base: Url,
}

/// Where a person can see a post; `web` is [`WEB`] or the address of a sandbox.
pub fn address_of(web: &str, author: &AccountName, post: PostId) -> String {
    format!("{}/{author}/status/{post}", web.trim_end_matches('/'))
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
    pub fn new(settings: Settings) -> Result<X, SettingsError> {
        let base = address(&settings.base)?;
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

    /// One thing, read from the answer's `data`; none if X says that it does not exist.
    async fn one<T>(
        &self,
        endpoint: Endpoint,
        url: Url,
        read: impl FnOnce(&serde_json::value::RawValue) -> Result<T, String>,
    ) -> Result<Option<(T, Option<Time>)>, Error> {
        let Some(success) = self.wire.call(endpoint, url, None).await? else { return Ok(None) };
        let answer = understood(endpoint, Answer::read(&success.body))?;
        if let Some(data) = answer.data {
            return Ok(Some((understood(endpoint, read(data))?, success.date)));
        }
        let failure = errors::classify_errors(endpoint, answer.errors());
        self.wire.resolve(endpoint, failure, success.date).map_or(Ok(None), Err)
    }

    /// A page of a listing. No page is empty because something went wrong.
    async fn page<T>(
        &self,
        endpoint: Endpoint,
        url: Url,
        read: impl FnOnce(&Answer<'_>) -> Result<T, String>,
    ) -> Result<(T, Option<PageToken>), Error> {
        let absent = || Error::Refused { what: format!("{endpoint}: X says that there is no such thing") };
        let success: Success = self.wire.call(endpoint, url, None).await?.ok_or_else(absent)?;
        let answer = understood(endpoint, Answer::read(&success.body))?;
        let errors = answer.errors();
        if answer.data.is_none() && (!errors.is_empty() || answer.meta.is_none()) {
            let failure = errors::classify_errors(endpoint, errors);
            return Err(self.wire.resolve(endpoint, failure, success.date).unwrap_or_else(absent));
        }
        if !errors.is_empty() {
            tracing::warn!(path = endpoint.pattern(), errors = errors.len(), "X left out something of a page");
        }
        let next = answer.meta.as_ref().and_then(parse::Meta::next);
        Ok((understood(endpoint, read(&answer))?, next))
    }

    async fn own_id(&self) -> Result<AccountId, Error> {
        let known = self.wire.state().me;
        match known {
            Some(id) => Ok(id),
            None => Ok(self.me().await?.account.id),
        }
    }

    async fn own_posts_all(&self, after: PostId) -> Result<Vec<Post>, Error> {
        let me = self.own_id().await?;
        let (mut posts, mut next): (Vec<Post>, Option<PageToken>) = (Vec::new(), None);
        for _ in 0..OWN_POSTS_PAGES_MAX {
            let since = after.to_string();
            let mut query = vec![("max_results", "100")];
            query.extend((after > Snowflake(0)).then_some(("since_id", since.as_str())));
            query.extend(next.as_ref().map(|token| ("pagination_token", token.0.as_str())));
            let url = self.url(format_args!("/2/users/{me}/tweets"), &query);
            let read = |answer: &Answer<'_>| answer.list()?.into_iter().map(|raw| parse::post(raw, Some(me))).collect();
            let (page, token): (Vec<Post>, _) = self.page(Endpoint::OwnPosts, url, read).await?;
            posts.extend(page);
            next = token;
            if next.is_none() {
                posts.retain(|post| after < post.id);
                posts.sort_by_key(|post| std::cmp::Reverse(post.id));
                posts.dedup_by_key(|post| post.id);
                return Ok(posts);
            }
        }
        let what = format!("{}: more than {OWN_POSTS_PAGES_MAX} pages of posts after {after}", Endpoint::OwnPosts);
        Err(Error::Unavailable { what })
    }

    /// Who is in a group, by who joined and left. Of a group older than what X keeps, only who wrote lately is known.
    async fn group(&self, conversation: &ConversationId) -> Result<Vec<AccountId>, Error> {
        let (mut changes, mut next): (Vec<Change>, Option<PageToken>) = (Vec::new(), None);
        for _ in 0..GROUP_PAGES_MAX {
            let kinds = ("event_types", "ParticipantsJoin,ParticipantsLeave");
            let mut query = vec![("max_results", "100"), kinds, ("expansions", "sender_id,participant_ids")];
            query.extend(next.as_ref().map(|token| ("pagination_token", token.0.as_str())));
            let (page, token) = self.group_page(conversation, query, parse::changes).await?;
            changes.extend(page);
            next = token;
            if next.is_none() {
                break;
            }
        }
        if next.is_some() {
            // Not to be tried again: anybody in the group could stop the program by coming and going.
            let what = format!("{}: more than {GROUP_PAGES_MAX} pages of comings and goings", Endpoint::Conversation);
            return Err(Error::Refused { what });
        }
        let known = present(&changes);
        if !known.is_empty() {
            return Ok(known);
        }
        let query = vec![("max_results", "20"), ("event_types", "MessageCreate"), ("expansions", "sender_id")];
        let (senders, _) = self.group_page(conversation, query, parse::senders).await?;
        Ok(present(&[Change::Joined(senders)]))
    }

    async fn group_page<T>(
        &self,
        conversation: &ConversationId,
        mut query: Vec<(&str, &str)>,
        read: impl FnOnce(&Answer<'_>) -> Result<T, String>,
    ) -> Result<(T, Option<PageToken>), Error> {
        query.push(("dm_event.fields", "id,event_type,created_at,dm_conversation_id"));
        let url = self.url(format_args!("/2/dm_conversations/{conversation}/dm_events"), &query);
        self.page(Endpoint::Conversation, url, read).await
    }
}

/// Who is in a group after these changes, of which the newest comes first.
fn present(changes: &[Change]) -> Vec<AccountId> {
    let mut present = std::collections::BTreeSet::new();
    for change in changes.iter().rev() {
        match change {
            Change::Joined(ids) => present.extend(ids),
            Change::Left(ids) => present.retain(|id| !ids.contains(id)),
        }
    }
    present.into_iter().collect()
}

/// An address that calls can be made at.
fn address(text: &str) -> Result<Url, SettingsError> {
    let bad = |why| SettingsError::Address { address: errors::clean(text), why };
    let url = Url::parse(text).map_err(|_| bad("it is not a valid address"))?;
    // a password in an address must not be repeated
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SettingsError::Address { address: "…".to_owned(), why: "it holds a name or a password" });
    }
    let here = matches!(url.host_str(), Some("localhost" | "[::1]")) || url.host_str().is_some_and(is_loopback);
    match url.scheme() {
        "https" | "http" if url.query().is_some() || url.fragment().is_some() => {
            Err(bad("it has a query or a fragment"))
        }
        "https" => Ok(url),
        "http" if here => Ok(url),
        "http" => Err(bad("without TLS, messages could be read on the way")),
        _ => Err(bad("it does not begin with https")),
    }
}

fn is_loopback(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// An answer that is not what it should be: after a write, nobody knows what happened.
fn understood<T>(endpoint: Endpoint, read: Result<T, String>) -> Result<T, Error> {
    read.map_err(|what| errors::unknown(endpoint, format!("{endpoint}: {what}")))
}

/// Holds a call of many pages to the time that one call may take.
async fn in_time<T>(endpoint: Endpoint, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| Err(Error::Unavailable { what: format!("{endpoint}: not done within {CALL_TIME_MAX:?}") });
    tokio::time::timeout(CALL_TIME_MAX, call).await.unwrap_or_else(late)
}

#[async_trait]
impl Platform for X {
    async fn me(&self) -> Result<Me, Error> {
        let url = self.url(format_args!("/2/users/me"), &[]);
        let absent = || Error::Unavailable { what: format!("{}: X does not say who we are", Endpoint::Me) };
        let (account, clock) = self.one(Endpoint::Me, url, parse::account).await?.ok_or_else(absent)?;
        self.wire.state().me = Some(account.id);
        Ok(Me { account, clock })
    }

    async fn account_by_name(&self, name: &AccountName) -> Result<Option<Account>, Error> {
        let url = self.url(format_args!("/2/users/by/username/{name}"), &[]);
        Ok(self.one(Endpoint::UserByName, url, parse::account).await?.map(|(account, _)| account))
    }

    async fn account_by_id(&self, id: AccountId) -> Result<Option<Account>, Error> {
        let url = self.url(format_args!("/2/users/{id}"), &[]);
        Ok(self.one(Endpoint::UserById, url, parse::account).await?.map(|(account, _)| account))
    }

    async fn messages(&self, size: u32, page: Option<&PageToken>) -> Result<MessagePage, Error> {
        let size = size.clamp(1, 100).to_string();
        // What the old and the new vocabulary have in common.
        let mut query = vec![
            ("max_results", size.as_str()),
            ("event_types", "MessageCreate"),
            ("dm_event.fields", "id,text,event_type,created_at,dm_conversation_id,attachments,entities"),
            ("expansions", "sender_id,attachments.media_keys"),
            ("media.fields", "media_key,type,url,variants"),
        ];
        query.extend(page.map(|token| ("pagination_token", token.0.as_str())));
        let url = self.url(format_args!("/2/dm_events"), &query);
        let (messages, next): (Vec<Message>, _) = self.page(Endpoint::Messages, url, parse::messages).await?;
        Ok(MessagePage { messages, next })
    }

    async fn participants(&self, conversation: &ConversationId) -> Result<Vec<AccountId>, Error> {
        match conversation.pair() {
            Some((one, other)) => Ok(vec![one, other]),
            None => in_time(Endpoint::Conversation, self.group(conversation)).await,
        }
    }

    async fn attachment(&self, _: MessageId, attachment: &Attachment, bytes_max: u64) -> Result<File, Error> {
        let refused = |what: &str| Error::Refused { what: format!("file {}: {what}", attachment.media_key) };
        let address = attachment.url.as_deref().ok_or_else(|| refused("X gave no address for it"))?;
        let (url, signature) = media::allowed(address, &self.base).map_err(|what| refused(&what))?;
        let found = self.wire.send(Endpoint::Media, url, None, signature, bytes_max).await?;
        let file = found.ok_or_else(|| refused("X says that it does not exist"))?;
        let media_type = file.media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
        Ok(File { media_type, bytes: file.body })
    }

    async fn post(&self, text: &str) -> Result<PostId, Error> {
        let url = self.url(format_args!("/2/tweets"), &[]);
        let lost = || errors::unknown(Endpoint::Post, format!("{}: an answer without `data`", Endpoint::Post));
        let success = self.wire.call(Endpoint::Post, url, Some(json!({ "text": text }))).await?.ok_or_else(lost)?;
        let answer = understood(Endpoint::Post, Answer::read(&success.body))?;
        understood(Endpoint::Post, parse::posted(answer.data.ok_or_else(lost)?))
    }

    async fn posts_left(&self) -> Option<u64> {
        self.wire.state().limits.left(Endpoint::Post, self.wire.now())
    }

    async fn own_posts(&self, after: PostId) -> Result<Vec<Post>, Error> {
        in_time(Endpoint::OwnPosts, self.own_posts_all(after)).await
    }

    async fn read_post(&self, id: PostId) -> Result<Option<Post>, Error> {
        let url = self.url(format_args!("/2/tweets/{id}"), &[("expansions", "author_id")]);
        Ok(self.one(Endpoint::ReadPost, url, |raw| parse::post(raw, None)).await?.map(|(post, _)| post))
    }
}

/// Reads the body of an answer in every way in which a call reads one: for fuzzing.
#[cfg(fuzzing)]
pub fn read_any(body: &[u8]) {
    let _ = errors::classify(Endpoint::Post, 403, body);
    let Ok(answer) = Answer::read(body) else { return };
    let _ = (parse::messages(&answer), parse::changes(&answer), parse::senders(&answer), answer.list());
    if let Some(data) = answer.data {
        let _ = (parse::account(data), parse::posted(data), parse::post(data, None));
    }
}

#[cfg(test)]
mod tests;
