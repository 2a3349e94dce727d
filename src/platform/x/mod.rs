//! The client for X.
//!
//! The wire is our own. It is signed by OAuth 1.0a, whose tokens do not expire, so no renewal can be lost. Nothing is
//! retried here: each answer is sorted, and the caller decides. Facts about X are from its documents of August 2026.

mod endpoint;
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
mod upload;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Url;
use secrecy::SecretString;

pub use self::address::SettingsError;
use self::address::address;
use self::endpoint::Endpoint;
pub use self::oembed::{OEMBED, Oembed, PATIENCE_LONG, PATIENCE_SHORT};
use self::parse::ApiAnswer;
use self::wire::{Content, Success, Wire};
use super::{
    Addressee, Attachment, CALL_TIME_MAX, Draft, Error, File, Me, MentionPage, MessagePage, PageToken, Platform, Post,
    Purpose, Sent,
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

/// Where a person can see a post; `web` is [`WEB`] or the address of a sandbox.
pub fn address_of(web: &str, author: &AccountName, post: PostId) -> String {
    format!("{}/{author}/status/{post}", web.trim_end_matches('/'))
}

/// The post that a person names by its address or its number. None if it is neither.
pub fn named_post(text: &str) -> Option<PostId> {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let number = match path.rsplit_once("/status/") {
        Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
        None => path,
    };
    PostId::parse(number).filter(|id| i64::try_from(id.0).is_ok())
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

    /// One thing, read from the answer's `data`. None if X says that it does not exist.
    async fn one<T>(
        &self,
        endpoint: Endpoint,
        url: Url,
        read: impl FnOnce(&serde_json::value::RawValue) -> Result<T, String>,
    ) -> Result<Option<(T, Option<Time>)>, Error> {
        let Some(success) = self.wire.call(endpoint, url, Content::Nothing).await? else { return Ok(None) };
        let answer = understood(endpoint, ApiAnswer::read(&success.body))?;
        if let Some(data) = answer.data {
            return Ok(Some((understood(endpoint, read(data))?, success.date)));
        }
        let failure = errors::classify_errors(endpoint, answer.errors());
        self.wire.resolve(endpoint, failure, success.date).map_or(Ok(None), Err)
    }

    /// A page of a listing that must be there.
    async fn page<T>(
        &self,
        endpoint: Endpoint,
        url: Url,
        read: impl FnOnce(&ApiAnswer<'_>) -> Result<T, String>,
    ) -> Result<(T, Option<PageToken>), Error> {
        let absent = || Error::Refused { what: format!("{endpoint}: X says that there is no such thing") };
        self.page_if_any(endpoint, url, read).await?.ok_or_else(absent)
    }

    /// A page of a listing. None if X says that the thing listed does not exist. An error never gives an empty page.
    async fn page_if_any<T>(
        &self,
        endpoint: Endpoint,
        url: Url,
        read: impl FnOnce(&ApiAnswer<'_>) -> Result<T, String>,
    ) -> Result<Option<(T, Option<PageToken>)>, Error> {
        let success = self.wire.call(endpoint, url, Content::Nothing).await?;
        let Some(success): Option<Success> = success else { return Ok(None) };
        let answer = understood(endpoint, ApiAnswer::read(&success.body))?;
        let errors = answer.errors();
        if answer.data.is_none() && (!errors.is_empty() || answer.meta.is_none()) {
            let failure = errors::classify_errors(endpoint, errors);
            return self.wire.resolve(endpoint, failure, success.date).map_or(Ok(None), Err);
        }
        if !errors.is_empty() {
            tracing::warn!(path = endpoint.pattern(), errors = errors.len(), "X left out something of a page");
        }
        let next = answer.meta.as_ref().and_then(parse::Meta::next);
        Ok(Some((understood(endpoint, read(&answer))?, next)))
    }

    /// Makes something, and reads the result from the answer's `data`.
    async fn make<T>(
        &self,
        endpoint: Endpoint,
        url: Url,
        content: Content,
        read: impl FnOnce(&serde_json::value::RawValue) -> Result<T, String>,
    ) -> Result<T, Error> {
        let lost = || errors::unknown(endpoint, format!("{endpoint}: an answer without `data`"));
        let success = self.wire.call(endpoint, url, content).await?.ok_or_else(lost)?;
        let answer = understood(endpoint, ApiAnswer::read(&success.body))?;
        understood(endpoint, read(answer.data.ok_or_else(lost)?))
    }

    async fn own_id(&self) -> Result<AccountId, Error> {
        let known = self.wire.state().me;
        match known {
            Some(id) => Ok(id),
            None => Ok(self.me().await?.account.id),
        }
    }
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
        self.list_messages(Endpoint::Messages, "/2/dm_events", size, page).await
    }

    async fn messages_with(
        &self,
        account: AccountId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error> {
        let path = format!("/2/dm_conversations/with/{account}/dm_events");
        self.list_messages(Endpoint::MessagesWith, &path, size, page).await
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
        let found = self.wire.send(Endpoint::Media, url, Content::Nothing, signature, bytes_max).await?;
        let file = found.ok_or_else(|| refused("X says that it does not exist"))?;
        let media_type = file.media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
        Ok(File { media_type, bytes: file.body })
    }

    async fn post(&self, draft: &Draft) -> Result<PostId, Error> {
        self.create(draft).await
    }

    async fn posts_left(&self) -> Option<u64> {
        self.wire.state().limits.left(Endpoint::Post, self.wire.now())
    }

    async fn own_posts(&self, after: PostId) -> Result<Vec<Post>, Error> {
        in_time(Endpoint::OwnPosts, self.own_posts_all(after)).await
    }

    async fn mentions(&self, after: PostId, size: u32, page: Option<&PageToken>) -> Result<MentionPage, Error> {
        in_time(Endpoint::Mentions, self.mentions_after(after, size, page)).await
    }

    async fn read_post(&self, id: PostId) -> Result<Option<Post>, Error> {
        in_time(Endpoint::ReadPost, self.post_by_id(id)).await
    }
}

/// Reads the body of an answer in every way in which a call reads one: for fuzzing.
#[cfg(feature = "fuzzing")]
pub fn read_any(body: &[u8]) {
    let _ = errors::classify(Endpoint::Post, 403, body);
    let _ = oembed::read(body, crate::base::ids::PostId(0));
    let _ = wire::http_date(body);
    let Ok(answer) = ApiAnswer::read(body) else { return };
    let _ = (parse::messages(&answer), parse::changes(&answer), parse::senders(&answer), answer.list());
    let _ = parse::mentions(&answer);
    if let Some(data) = answer.data {
        let _ = (parse::account(data), parse::posted(data), parse::post(data, None));
        let _ = (parse::sent(data), parse::upload(data));
    }
}

/// Reads a post's HTML as a card brings it, and a text in such HTML, which must come out as it is: for fuzzing.
#[cfg(feature = "fuzzing")]
pub fn read_card(html: &str) {
    let post = crate::base::ids::PostId(7);
    let card = |html: &str| {
        let [url, author_url] = ["embassy/status/7", "embassy"].map(|path| format!("https://twitter.com/{path}"));
        let card = serde_json::json!({ "url": url, "author_url": author_url, "html": html });
        oembed::read(card.to_string().as_bytes(), post)
    };
    assert_eq!(card(html).is_ok(), oembed::text_of(html).is_some());
    let text = html.replace(['\r', '\0'], "");
    let written = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>");
    let shown =
        card(&format!("<blockquote class=\"twitter-tweet\"><p lang=\"en\" dir=\"ltr\">{written}</p>&mdash; Embassy"));
    let author = crate::base::ids::AccountName::parse("embassy").expect("it is one");
    assert_eq!(shown, Ok(crate::verify::proof::Shown::Stands { author, text: text.trim_end().to_owned() }));
}

#[cfg(test)]
mod tests;
