//! Direct messages, and who is in a group.

use serde_json::value::RawValue;

use super::kind::OF_ANOTHER_CONVERSATION;
use super::{ApiAnswer, Elements, decode, is_token, links, whole};
use crate::base::ids::{AccountId, ConversationId, MessageId};
use crate::note::content;
use crate::platform::x::object::{self, Object};
use crate::platform::{Attachment, Change, Message, Sent};
use crate::verify::proof;

/// Stands for the key of a file that cannot be read.
const UNNAMED: &str = "unnamed";

/// X's words for a message, in its errors. None of X's documents has such an error: an assumption.
const ABSENT: [&str; 2] = ["dm_event", "dm-event"];

/// What happened, by X's word for it.
#[derive(PartialEq, Eq)]
enum Kind {
    Message,
    Joined,
    Left,
    /// Something else that is known, and no message.
    Other,
    /// It may be a message.
    Unknown,
}

/// The kind of an event, in whatever spelling: X has called the same thing `message_create` and `MessageCreate`. An event
/// without a kind is a message if it has what a message has.
fn kind(event: &Object<'_>) -> Kind {
    if event.raw("event_type").is_none_or(object::is_empty) {
        return Kind::Message;
    }
    let word = event.text("event_type").unwrap_or_default().to_ascii_lowercase().replace(['_', '-', '.', ' '], "");
    match word.as_str() {
        "messagecreate" | "messagecreated" => Kind::Message,
        "participantsjoin" | "participantjoin" | "participantsjoined" => Kind::Joined,
        "participantsleave" | "participantleave" | "participantsleft" => Kind::Left,
        word if word.starts_with("reaction") => Kind::Other,
        _ => Kind::Unknown,
    }
}

/// The messages of a page, in X's order. Joining, leaving and reactions are not messages. A message that `fits` refuses
/// counts as unreadable.
pub(in crate::platform::x) fn messages(
    answer: &ApiAnswer<'_>,
    fits: impl Fn(&Message) -> Result<(), String>,
) -> Elements<Message, MessageId> {
    let media: Vec<Object<'_>> = answer.includes.list("media").into_iter().filter_map(Object::read).collect();
    answer.each(MessageId, &ABSENT, |raw, event| match kind(event) {
        Kind::Message => {
            let message = message(raw, event, &media)?;
            fits(&message)?;
            Ok(Some(message))
        }
        Kind::Joined | Kind::Left | Kind::Other => Ok(None),
        Kind::Unknown => Err("it is of an unknown kind".to_owned()),
    })
}

/// Reads what a note must have, as strictly as a proof of the note will be checked.
fn message(raw: &RawValue, event: &Object<'_>, media: &[Object<'_>]) -> Result<Message, String> {
    let lacks = |field: &str| format!("it has no valid `{field}`");
    // A number in place of a text would be another record than the one that a proof needs.
    let id = |field: &str| event.text(field).and_then(|id| object::id_text(&id)).ok_or_else(|| lacks(field));
    let (id, sender) = (MessageId(id("id")?), AccountId(id("sender_id")?));
    let conversation = event.text("dm_conversation_id").as_deref().and_then(ConversationId::parse);
    let conversation = conversation.ok_or_else(|| lacks("dm_conversation_id"))?;
    let attachments = attachments(event, media);
    let text = match event.raw("text") {
        None if !attachments.is_empty() => String::new(),
        _ => event.text("text").ok_or_else(|| lacks("text"))?,
    };
    proof::read_record(raw.get().as_bytes())?;
    let links = links(event).into_iter().filter_map(|link| Some((ascii(link.url)?, ascii(link.expanded)?))).collect();
    let record = raw.get().as_bytes().to_vec();
    Ok(Message { id, conversation, sender, text: decode(&text), record, attachments, links })
}

/// The files of a message. One whose key cannot be read is there all the same.
fn attachments(event: &Object<'_>, media: &[Object<'_>]) -> Vec<Attachment> {
    let unnamed = || Attachment { media_key: UNNAMED.to_owned(), url: None };
    let Some(raw) = event.raw("attachments").filter(|raw| !object::is_empty(raw)) else { return Vec::new() };
    let Some(attachments) = Object::read(raw) else { return vec![unnamed()] };
    let key = |raw: &RawValue| serde_json::from_str(raw.get()).ok().filter(|key: &String| content::is_media_key(key));
    let file = |raw| key(raw).map_or_else(unnamed, |key| attachment(key, media));
    attachments.list("media_keys").into_iter().map(file).collect()
}

/// The file with this key. Of a film, the best version that is one file and not a playlist.
fn attachment(media_key: String, media: &[Object<'_>]) -> Attachment {
    let found = media.iter().find(|media| media.text("media_key").as_deref() == Some(media_key.as_str()));
    let url = found.and_then(|media| {
        let versions = media.list("variants").into_iter().filter_map(Object::read);
        let files = versions.filter(|version| version.text("url").is_some() && !is_playlist(version));
        let best = files.max_by_key(|version| version.number("bit_rate")).and_then(|version| version.text("url"));
        media.text("url").or(best)
    });
    Attachment { media_key, url }
}

fn is_playlist(version: &Object<'_>) -> bool {
    version.text("content_type").is_some_and(|kind| kind.to_ascii_lowercase().contains("mpegurl"))
}

/// The address in the characters that an address may have (RFC 3986). X sometimes sends others unescaped.
fn ascii(address: String) -> Option<String> {
    if is_token(&address) {
        return Some(address);
    }
    reqwest::Url::parse(&address).ok().map(String::from).filter(|address| is_token(address))
}

/// Who wrote the messages of a page.
pub(in crate::platform::x) fn senders(answer: &ApiAnswer<'_>) -> Elements<AccountId, MessageId> {
    answer.each(MessageId, &ABSENT, |_, event| match kind(event) {
        Kind::Message => {
            event.id("sender_id").map(|id| Some(AccountId(id))).ok_or_else(|| "it has no sender".to_owned())
        }
        _ => Ok(None),
    })
}

/// Who joined and who left, in X's order: newest first. Of a change that names somebody whose identifier cannot be read,
/// the others are kept, and it counts as unreadable too. Only what names another kind, and nobody who came or went, is
/// certainly no change: whatever else cannot be told for one counts as unreadable.
pub(in crate::platform::x) fn changes(answer: &ApiAnswer<'_>, group: &ConversationId) -> Elements<Change, MessageId> {
    let mut all: Vec<Change> = Vec::new();
    let read = answer.each(MessageId, &ABSENT, |_, event| {
        let has = |field: &str| event.raw(field).is_some_and(|raw| !object::is_empty(raw));
        let kind = kind(event);
        match kind {
            Kind::Joined | Kind::Left => {}
            Kind::Message | Kind::Other if has("event_type") && !has("participant_ids") => return Ok(None),
            Kind::Message | Kind::Other | Kind::Unknown => {
                return Err("it may be about who came or went, and does not say so".to_owned());
            }
        }
        if event.raw("dm_conversation_id").is_some()
            && event.text("dm_conversation_id").as_deref() != Some(group.as_str())
        {
            return Err(OF_ANOTHER_CONVERSATION.to_owned());
        }
        let at = event.id("id").map(MessageId).ok_or("it has no valid `id`")?;
        let named = event.list("participant_ids");
        let mut who: Vec<AccountId> = named.iter().filter_map(|raw| object::id(raw)).map(AccountId).collect();
        let mut is_complete = who.len() == named.len() && !named.is_empty();
        if kind == Kind::Joined {
            // Who brought them in was in the group.
            let sender = event.id("sender_id").map(AccountId);
            is_complete &= sender.is_some();
            who.extend(sender);
            all.push(Change::Joined { at, who });
        } else {
            all.push(Change::Left { at, who });
        }
        if is_complete { Ok(None::<Change>) } else { Err("it does not name everybody whom it is about".to_owned()) }
    });
    Elements { items: all, unreadable: read.unreadable }
}

/// The conversation of a message that was sent, and its identifier.
pub(in crate::platform::x) fn sent(raw: &RawValue) -> Result<Sent, String> {
    let accepted = whole(raw)?;
    let conversation = accepted.text("dm_conversation_id").as_deref().and_then(ConversationId::parse);
    Ok(Sent {
        conversation: conversation.ok_or("the answer has no valid `dm_conversation_id`")?,
        message: accepted.id("dm_event_id").map(MessageId).ok_or("the answer has no valid `dm_event_id`")?,
    })
}
