//! X's answers, read into the values of the port.
//!
//! X renamed its fields in 2026 (`tweet` became `post`) and sends either name, both, or neither. Only fields that we
//! need are required. Nothing of a body ever gets into an error.

mod posts;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use twitter_v2::User;

pub(super) use self::posts::{mentions, post, posted};
use super::errors::shape;
use crate::base::ids::{Account, AccountId, AccountName, ConversationId, MediaId, MessageId};
use crate::platform::{Attachment, Message, PageToken, Sent};

/// Keys longer than this are not X's.
const MEDIA_KEY_LEN_MAX: usize = 100;

/// What stands around every answer.
#[derive(Deserialize)]
pub(super) struct ApiAnswer<'a> {
    /// What was asked for; in an empty listing the key is missing.
    #[serde(borrow, default)]
    pub(super) data: Option<&'a RawValue>,
    #[serde(default)]
    includes: Option<Includes>,
    #[serde(default)]
    pub(super) meta: Option<Meta>,
    #[serde(default)]
    errors: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Includes {
    media: Option<Vec<Media>>,
    users: Option<Vec<Named>>,
}

#[derive(Deserialize)]
struct Named {
    id: Option<String>,
    username: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Meta {
    next_token: Option<String>,
}

impl Meta {
    pub(super) fn next(&self) -> Option<PageToken> {
        self.next_token.clone().filter(|token| !token.is_empty()).map(PageToken)
    }
}

impl<'a> ApiAnswer<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<ApiAnswer<'a>, String> {
        serde_json::from_slice(body).map_err(|error| shape(&error))
    }

    /// What X says is wrong, beside the data or in place of it.
    pub(super) fn errors(&self) -> &[Value] {
        self.errors.as_deref().unwrap_or_default()
    }

    /// The elements of a listing, each as X wrote it.
    pub(super) fn list(&self) -> Result<Vec<&'a RawValue>, String> {
        let Some(data) = self.data else { return Ok(Vec::new()) };
        serde_json::from_str(data.get()).map_err(|error| shape(&error))
    }

    /// The name of an account, if the answer says it.
    fn name_of(&self, id: AccountId) -> Option<AccountName> {
        let users = self.includes.as_ref()?.users.as_deref()?;
        let found = users.iter().find(|user| user.id.as_deref().and_then(AccountId::parse) == Some(id))?;
        AccountName::parse(found.username.as_deref()?)
    }

    fn media(&self) -> &[Media] {
        self.includes.as_ref().and_then(|includes| includes.media.as_deref()).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct RawEvent {
    id: Option<String>,
    event_type: Option<String>,
    text: Option<String>,
    sender_id: Option<String>,
    dm_conversation_id: Option<String>,
    participant_ids: Option<Vec<String>>,
    attachments: Option<Attachments>,
    entities: Option<Entities>,
    /// Where the links stood until 2026.
    urls: Option<Vec<Link>>,
}

#[derive(Deserialize)]
struct Attachments {
    media_keys: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Entities {
    urls: Option<Vec<Link>>,
}

#[derive(Deserialize)]
struct Link {
    start: Option<i64>,
    url: Option<String>,
    expanded_url: Option<String>,
}

#[derive(Deserialize)]
struct Media {
    media_key: Option<String>,
    url: Option<String>,
    variants: Option<Vec<Variant>>,
}

#[derive(Deserialize)]
struct Variant {
    bit_rate: Option<i64>,
    content_type: Option<String>,
    url: Option<String>,
}

/// The messages of a page, in X's order. Joining and leaving are not messages.
///
/// # Errors
/// If a message lacks something that a note must have. Leaving it out would be to miss it silently.
pub(super) fn messages(answer: &ApiAnswer<'_>) -> Result<Vec<Message>, String> {
    let mut messages = Vec::new();
    for raw in answer.list()? {
        let event: RawEvent = serde_json::from_str(raw.get()).map_err(|error| shape(&error))?;
        if event.event_type.as_deref().is_none_or(|kind| kind == "MessageCreate") {
            messages.push(event.message(raw, answer.media())?);
        }
    }
    Ok(messages)
}

impl RawEvent {
    fn message(self, raw: &RawValue, media: &[Media]) -> Result<Message, String> {
        let id = self.id.as_deref().and_then(positive_text).map(MessageId).ok_or("a message without a valid `id`")?;
        let lacks = |field: &str| format!("message {id} has no valid `{field}`");
        let sender =
            self.sender_id.as_deref().and_then(positive_text).map(AccountId).ok_or_else(|| lacks("sender_id"))?;
        let conversation = self.dm_conversation_id.as_deref().and_then(ConversationId::parse);
        let conversation = conversation.ok_or_else(|| lacks("dm_conversation_id"))?;
        let keys = self.attachments.and_then(|attachments| attachments.media_keys).unwrap_or_default();
        if !keys.iter().all(|key| is_token(key) && key.len() <= MEDIA_KEY_LEN_MAX) {
            return Err(lacks("attachments.media_keys"));
        }
        Ok(Message {
            id,
            conversation,
            sender,
            text: decode(&self.text.unwrap_or_default()),
            record: raw.get().as_bytes().to_vec(),
            attachments: keys.into_iter().map(|key| attachment(key, media)).collect(),
            links: links(self.entities.and_then(|entities| entities.urls).or(self.urls).unwrap_or_default()),
        })
    }
}

/// What a page of a group's history says about who is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Change {
    Joined(Vec<AccountId>),
    Left(Vec<AccountId>),
}

/// Who wrote the messages of a page.
pub(super) fn senders(answer: &ApiAnswer<'_>) -> Result<Vec<AccountId>, String> {
    Ok(messages(answer)?.into_iter().map(|message| message.sender).collect())
}

/// Who joined and who left, in X's order: newest first.
pub(super) fn changes(answer: &ApiAnswer<'_>) -> Result<Vec<Change>, String> {
    let mut changes = Vec::new();
    for raw in answer.list()? {
        let event: RawEvent = serde_json::from_str(raw.get()).map_err(|error| shape(&error))?;
        let ids = event.participant_ids.iter().flatten().map(|id| AccountId::parse(id));
        let ids: Option<Vec<AccountId>> = ids.collect();
        let mut ids = ids.ok_or("an event without valid `participant_ids`")?;
        match event.event_type.as_deref() {
            Some("ParticipantsJoin") => {
                // who brought them in was in the group
                ids.extend(event.sender_id.as_deref().and_then(AccountId::parse));
                changes.push(Change::Joined(ids));
            }
            Some("ParticipantsLeave") => changes.push(Change::Left(ids)),
            _ => {}
        }
    }
    Ok(changes)
}

/// The file with this key. Of a film, the best version that is one file and not a playlist.
fn attachment(media_key: String, media: &[Media]) -> Attachment {
    let found = media.iter().find(|media| media.media_key.as_deref() == Some(media_key.as_str()));
    let url = found.and_then(|media| {
        let files = media.variants.iter().flatten().filter(|variant| variant.url.is_some() && !variant.is_playlist());
        let best = files.max_by_key(|variant| variant.bit_rate).and_then(|variant| variant.url.clone());
        media.url.clone().or(best)
    });
    Attachment { media_key, url }
}

impl Variant {
    fn is_playlist(&self) -> bool {
        self.content_type.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().contains("mpegurl"))
    }
}

/// The links in order of appearance. X names one without saying where it leads if it does not know: this is not a link.
fn links(mut links: Vec<Link>) -> Vec<(String, String)> {
    links.sort_by_key(|link| link.start);
    let pair = |link: Link| Some((ascii(link.url?)?, ascii(link.expanded_url?)?));
    links.into_iter().filter_map(pair).collect()
}

/// The address in the characters that an address may have (RFC 3986). X sometimes sends others unescaped.
fn ascii(address: String) -> Option<String> {
    if is_token(&address) {
        return Some(address);
    }
    reqwest::Url::parse(&address).ok().map(String::from).filter(|address| is_token(address))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Decodes `&lt; &gt; &amp;` once, and nothing else.
fn decode(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// An account.
pub(super) fn account(raw: &RawValue) -> Result<Account, String> {
    let user: User = only(raw, &["id", "name", "username"], &["name"])?;
    let name = AccountName::parse(&user.username).ok_or("an account without a valid `username`")?;
    Ok(Account { id: AccountId(positive(user.id.as_u64())?), name })
}

#[derive(Deserialize)]
struct Accepted {
    dm_conversation_id: Option<String>,
    dm_event_id: Option<String>,
}

/// The conversation of a message that was sent, and its identifier.
pub(super) fn sent(raw: &RawValue) -> Result<Sent, String> {
    let accepted: Accepted = serde_json::from_str(raw.get()).map_err(|error| shape(&error))?;
    let conversation = accepted.dm_conversation_id.as_deref().and_then(ConversationId::parse);
    let message = accepted.dm_event_id.as_deref().and_then(positive_text).map(MessageId);
    Ok(Sent {
        conversation: conversation.ok_or("the answer has no valid `dm_conversation_id`")?,
        message: message.ok_or("the answer has no valid `dm_event_id`")?,
    })
}

#[derive(Deserialize)]
struct Given {
    id: Option<String>,
    processing_info: Option<Processing>,
}

#[derive(Deserialize)]
struct Processing {
    state: Option<String>,
    check_after_secs: Option<u64>,
}

/// How far X has processed a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum UploadState {
    Ready(MediaId),
    /// To be asked for again after this number of seconds.
    Working {
        id: MediaId,
        after_s: u64,
    },
    Failed,
}

/// An uploaded file.
pub(super) fn upload(raw: &RawValue) -> Result<UploadState, String> {
    let given: Given = serde_json::from_str(raw.get()).map_err(|error| shape(&error))?;
    let id = given.id.as_deref().and_then(positive_text).map(MediaId).ok_or("the answer has no valid `id`")?;
    let Some(processing) = given.processing_info else { return Ok(UploadState::Ready(id)) };
    Ok(match processing.state.as_deref() {
        Some("pending" | "in_progress") => {
            UploadState::Working { id, after_s: processing.check_after_secs.unwrap_or(1) }
        }
        Some("failed") => UploadState::Failed,
        _ => UploadState::Ready(id),
    })
}

/// X's identifiers are positive numbers of 63 bits, and no database keeps a greater one.
fn positive(id: u64) -> Result<u64, String> {
    if (1..=i64::MAX as u64).contains(&id) { Ok(id) } else { Err("an identifier beyond 63 bits".to_owned()) }
}

fn positive_text(id: &str) -> Option<u64> {
    crate::base::text::number(id).and_then(|id| positive(id).ok())
}

/// Reads a typed model from the fields that we use. The models are of 2022, and refuse an answer because of fields that
/// we do not need: an empty identifier, a new kind of reply setting. `optional` names fields that the model requires
/// and we do not.
fn only<T: for<'de> Deserialize<'de>>(raw: &RawValue, fields: &[&str], optional: &[&str]) -> Result<T, String> {
    let mut object: Map<String, Value> = serde_json::from_str(raw.get()).map_err(|error| shape(&error))?;
    object.retain(|key, value| fields.contains(&key.as_str()) && !value.is_null());
    for field in optional {
        object.entry(*field).or_insert_with(|| Value::String(String::new()));
    }
    let missing = fields.iter().find(|field| **field != "author_id" && !object.contains_key(**field));
    match missing {
        Some(field) => Err(format!("the answer has no `{field}`")),
        None => serde_json::from_value(Value::Object(object))
            .map_err(|_| format!("the answer has an invalid one of {}", fields.join(", "))),
    }
}

#[cfg(test)]
mod tests;
