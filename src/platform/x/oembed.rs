//! A post as X shows it to anybody: its oEmbed, which needs no account.
//!
//! It is trusted only for what X shows today. It asks only the address that the client was made with, and sends it only
//! a post's number and an account's name.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use html5gum::{Token, Tokenizer};
use reqwest::header::{CACHE_CONTROL, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

use super::{SettingsError, WEB, address, errors, wire};
use crate::base::ids::{AccountName, PostId};
use crate::verify::proof::Shown;

/// Where X answers anybody.
pub const OEMBED: &str = "https://publish.x.com/oembed";

/// The longest wait for a caller for whom a person waits.
pub const PATIENCE_SHORT: Duration = Duration::from_secs(30);

/// The longest wait for a caller with many posts: X counts calls in quarters of an hour.
pub const PATIENCE_LONG: Duration = Duration::from_secs(16 * 60);

/// A card is about a thousand bytes long; the longest post has 25,000 characters.
const CARD_BYTES_MAX: usize = 512 * 1024;

/// The longest time for a connection, and for a whole exchange.
const CONNECT_TIME: Duration = Duration::from_secs(10);
const CALL_TIME: Duration = Duration::from_secs(10);

/// Number of attempts for a post after the first, and the wait before the second attempt; it doubles from one to the
/// next.
const RETRIES: usize = 4;
const WAIT: Duration = Duration::from_millis(200);

/// After this number of posts in a row that could not be read, no more are asked for.
const SILENT_MAX: u32 = 8;

/// Asks X for posts as anybody may.
#[derive(Debug)]
pub struct Oembed {
    client: Client,
    base: Url,
    patience: Duration,
    /// Number of posts in a row that could not be read.
    silent: AtomicU32,
}

/// A failed attempt: why, whether another one may succeed, and how long X says to wait for it.
struct Failed {
    why: String,
    again: bool,
    wait: Option<Duration>,
}

impl Oembed {
    /// A client that asks at `base`, [`OEMBED`] or the address of a sandbox. For one post it waits little longer than
    /// `patience`, even if X asks for more.
    ///
    /// # Errors
    /// If the address is not usable, or the system has no root certificates.
    pub fn new(base: &str, patience: Duration) -> Result<Oembed, SettingsError> {
        let base = address(base, OEMBED)?;
        let client = wire::builder(&base).connect_timeout(CONNECT_TIME).timeout(CALL_TIME).build();
        let client = client.map_err(|error| SettingsError::Tls(error.to_string()))?;
        Ok(Oembed { client, base, patience, silent: AtomicU32::new(0) })
    }

    /// The address that it asks.
    pub fn base(&self) -> &str {
        self.base.as_str()
    }

    /// What X shows of a post. `author` is the account that is said to have made it; X uses only the number.
    pub async fn look(&self, post: PostId, author: &AccountName) -> Shown {
        if SILENT_MAX <= self.silent.load(Ordering::Relaxed) {
            return Shown::Unread { why: "it was not asked for, as those before it could not be read".to_owned() };
        }
        let url = self.url(post, author);
        let ask = async || self.ask(url.clone(), post).await;
        let waits = ExponentialBuilder::default().with_min_delay(WAIT).with_max_times(RETRIES);
        let asked = ask.retry(waits).sleep(tokio::time::sleep).when(|failed| failed.again);
        let asked = asked.adjust(|failed, wait| self.agree(failed.wait, wait));
        let limit = self.patience + CALL_TIME;
        let late = |_| Err(Failed { why: format!("no answer within {limit:?}"), again: false, wait: None });
        let asked = tokio::time::timeout(limit, asked).await.unwrap_or_else(late);
        match &asked {
            Ok(_) => self.silent.store(0, Ordering::Relaxed),
            Err(_) => _ = self.silent.fetch_add(1, Ordering::Relaxed),
        }
        asked.unwrap_or_else(|failed| Shown::Unread { why: failed.why })
    }

    /// Only the number and the name are used: they need no escaping, and cannot lead elsewhere.
    fn url(&self, post: PostId, author: &AccountName) -> Url {
        let mut url = self.base.clone();
        let asked = format!("{WEB}/{author}/status/{post}");
        url.query_pairs_mut().extend_pairs([("url", asked.as_str()), ("omit_script", "1"), ("dnt", "true")]);
        url
    }

    /// The wait before another attempt; None if there is no other. X's own wait counts if it is not longer than the
    /// patience.
    fn agree(&self, theirs: Option<Duration>, ours: Option<Duration>) -> Option<Duration> {
        let wait = ours?.max(theirs.unwrap_or_default());
        (wait <= self.patience).then_some(wait)
    }

    async fn ask(&self, url: Url, post: PostId) -> Result<Shown, Failed> {
        let is_absent = |answer: &Response| matches!(answer.status(), StatusCode::NOT_FOUND | StatusCode::GONE);
        let mut answer = self.client.get(url.clone()).send().await.map_err(no_answer)?;
        if is_absent(&answer) {
            // A cache on the way may have asked before the post was there.
            let past_caches = self.client.get(url).header(CACHE_CONTROL, "no-cache");
            answer = past_caches.send().await.map_err(no_answer)?;
        }
        let status = answer.status();
        match status {
            StatusCode::OK => {}
            _ if is_absent(&answer) => return Ok(Shown::Absent),
            StatusCode::FORBIDDEN => return Ok(Shown::Withheld),
            _ => return Err(refused(status, answer.headers())),
        }
        let body = body(answer).await.map_err(|error| error.map_or_else(too_large, no_answer))?;
        read(&body, post).map_err(|why| Failed { why, again: false, wait: None })
    }
}

fn no_answer(error: reqwest::Error) -> Failed {
    let why = format!("no answer: {}", errors::cause(error));
    Failed { why: errors::clean(&why), again: true, wait: None }
}

fn too_large() -> Failed {
    Failed { why: format!("the answer is larger than {CARD_BYTES_MAX} bytes"), again: false, wait: None }
}

/// Any other status says nothing about the post. A redirect is not followed.
fn refused(status: StatusCode, headers: &HeaderMap) -> Failed {
    let again = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let wait = wait_of(headers).filter(|_| again);
    let asks = wait.map(|wait| format!(", and asks to wait {} s", wait.as_secs())).unwrap_or_default();
    Failed { why: format!("X answers {status}{asks}"), again, wait }
}

/// How long X says to wait: in seconds, or until a second of Unix time, by its own clock.
fn wait_of(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let until_reset = || {
        let now = wire::http_date(headers.get(DATE)?.as_bytes())?.ms().div_euclid(1000);
        number("x-rate-limit-reset")?.checked_sub(u64::try_from(now).ok()?)
    };
    number(RETRY_AFTER.as_str()).or_else(until_reset).map(Duration::from_secs)
}

/// The whole body. The error is None if the body is too large.
async fn body(mut answer: Response) -> Result<Vec<u8>, Option<reqwest::Error>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(Some)? {
        if CARD_BYTES_MAX < body.len() + chunk.len() {
            return Err(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The parts of a card that count. Anybody can choose the name in `author_name`.
#[derive(Deserialize)]
struct Card {
    url: String,
    author_url: String,
    html: String,
}

/// Reads a card, which must be that of this post.
pub(super) fn read(body: &[u8], post: PostId) -> Result<Shown, String> {
    let card: Card = serde_json::from_slice(body).map_err(|error| errors::shape(&error))?;
    if last_segment(&card.url).is_none_or(|id| id != post.to_string()) {
        return Err(format!("the answer is about another post, {}", errors::clean(&card.url)));
    }
    let author = last_segment(&card.author_url).as_deref().and_then(AccountName::parse);
    let author = author.ok_or("the answer does not say whose post it is")?;
    let text = text_of(&card.html).ok_or("the answer holds no text of a post")?;
    Ok(Shown::Stands { author, text: text.trim_end().to_owned() })
}

fn last_segment(address: &str) -> Option<String> {
    Url::parse(address).ok()?.path_segments()?.next_back().map(str::to_owned)
}

/// The text of the first paragraph in a quotation, as a browser shows it. `<br>` ends a line, together with a line end
/// of the source directly after it; other tags are ignored.
pub(super) fn text_of(html: &str) -> Option<String> {
    let (mut is_quote, mut after_break) = (false, false);
    let mut text: Option<String> = None;
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match (token, &mut text) {
            (Token::StartTag(tag), _) if *tag.name == b"blockquote" => is_quote = true,
            (Token::StartTag(tag), None) if *tag.name == b"p" && is_quote => text = Some(String::new()),
            (Token::EndTag(tag), Some(_)) if *tag.name == b"p" => return text,
            (Token::StartTag(tag), Some(text)) if *tag.name == b"br" => {
                text.push('\n');
                after_break = true;
            }
            (Token::String(string), Some(text)) => {
                let string = String::from_utf8_lossy(&string);
                text.push_str(string.strip_prefix('\n').filter(|_| after_break).unwrap_or(&string));
                after_break = false;
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
