//! The conversations of X Chat and their events: only what shows whether messages can be read in them.

use super::{ApiAnswer, Elements, needed_id};
use crate::base::ids::{AccountId, ConversationId, MessageId};
use crate::base::text;
use crate::platform::ListedConversation;
use crate::platform::x::object::{self, Object};

/// The least number with a time inside, of the second day on which X numbered so, in November 2010. A smaller number is of
/// another kind, and cannot be compared.
const NUMBERED_FROM: u64 = 86_400_000 << 22;

/// The names of a key's version: of the events of a conversation, of a group's description, which only encrypted groups
/// have. The first is documented for events alone; if it stands with a conversation some day, it says the same.
const KEYS: [&str; 2] = ["conversation_key_version", "group_description_key_version"];

/// The conversations of a page. That there is more without a mark of its place counts as unreadable.
pub(in crate::platform::x) fn conversations(answer: &ApiAnswer<'_>) -> Elements<ListedConversation, ConversationId> {
    // The identifier of an element that cannot be read may be of two numbers: none is given.
    let mut elements = answer.each(|id| id, &[], |_, object| conversation(object).map(Some));
    let meta = answer.meta.filter(|meta| {
        let more = Object::read(meta).and_then(|meta| meta.raw("has_more"));
        more.is_some_and(|more| more.get() == "true") && matches!(answer.next(), Ok(None))
    });
    meta.into_iter().for_each(|meta| elements.cut_at(meta));
    let unreadable = elements.unreadable.into_iter().map(|one| crate::platform::Unreadable {
        id: one.id.and_then(|id: u64| ConversationId::parse(&id.to_string())),
        sha256: one.sha256,
        why: one.why,
        is_elsewhere: one.is_elsewhere,
    });
    Elements { items: elements.items, unreadable: unreadable.collect() }
}

/// A conversation, or which part of it cannot be read.
fn conversation(object: &Object<'_>) -> Result<ListedConversation, String> {
    let lacks = |field: &str| format!("it has no valid `{field}`");
    let id = object.text("id").as_deref().and_then(ConversationId::parse).ok_or_else(|| lacks("id"))?;
    let members = match id.pair() {
        Some((one, other)) => vec![one, other],
        None => {
            let listed = object.list("participant_ids").into_iter().chain(object.list("member_ids"));
            let members: Option<Vec<AccountId>> = listed.map(|raw| object::id(raw).map(AccountId)).collect();
            members.filter(|members| !members.is_empty()).ok_or_else(|| lacks("participant_ids"))?
        }
    };
    let has = |field: &str| object.raw(field).is_some_and(|raw| !object::is_empty(raw));
    let ttl_ms = match has("message_ttl_ms") {
        true => Some(whole(object, "message_ttl_ms").ok_or_else(|| lacks("message_ttl_ms"))?),
        false => None,
    };
    let newest = match has("newest_event_id") {
        true => {
            let id = object.id("newest_event_id").filter(|id| NUMBERED_FROM <= *id);
            Some(MessageId(id.ok_or_else(|| lacks("newest_event_id"))?))
        }
        false => None,
    };
    let has_key = KEYS.into_iter().any(has);
    Ok(ListedConversation { id, members, ttl_ms: ttl_ms.filter(|ttl_ms| 0 < *ttl_ms), newest, has_key })
}

/// A whole number, written as a number or as a text.
fn whole(object: &Object<'_>, field: &str) -> Option<u64> {
    let number = object.number(field).and_then(|number| u64::try_from(number).ok());
    number.or_else(|| object.text(field).as_deref().and_then(text::number))
}

/// Of each event of a page whether it is encrypted, and `true` if the page has brought keys. An event without a key's version
/// is unencrypted; in whatever form the version is written, it names a key.
pub(in crate::platform::x) fn encrypted(answer: &ApiAnswer<'_>) -> Elements<bool, MessageId> {
    let has = |object: &Object<'_>, field: &str| object.raw(field).is_some_and(|raw| !object::is_empty(raw));
    let mut elements = answer.each(MessageId, &[], |_, event| Ok(Some(has(event, KEYS[0]))));
    let meta = answer.meta.and_then(Object::read);
    elements.items.extend(meta.filter(|meta| has(meta, "conversation_key_events")).map(|_| true));
    elements
}

/// The identifiers of a page of messages.
pub(in crate::platform::x) fn numbers(answer: &ApiAnswer<'_>) -> Elements<MessageId, MessageId> {
    answer.each(MessageId, &[], |_, event| needed_id(event).map(MessageId).map(Some))
}
