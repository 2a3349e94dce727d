//! `/2/dm_events…` and `/2/dm_conversations…`

use std::collections::BTreeMap;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::query::{self, Kind, Pairs, Parameters, invalid};
use super::users::account_id;
use super::{AppState, Caller, base};
use crate::base::ids::{AccountId, ConversationId, MediaId, MessageId};
use crate::sandbox::shapes::{self, Asked};
use crate::sandbox::world::{Event, EventKind, EventListing, Outgoing, Refusal, World};

type Who = Extension<Caller>;

const KINDS: &str = "MessageCreate ParticipantsJoin ParticipantsLeave";

/// `GET /2/dm_events`
pub(super) async fn all(State(state): State<AppState>, who: Who, pairs: Pairs, headers: HeaderMap) -> Answer {
    list(&state, who, pairs, &headers, None)
}

/// `GET /2/dm_conversations/{id}/dm_events`
pub(super) async fn of_conversation(
    State(state): State<AppState>,
    who: Who,
    Path(id): Path<String>,
    pairs: Pairs,
    headers: HeaderMap,
) -> Answer {
    list(&state, who, pairs, &headers, Some(conversation_id(&id)?))
}

/// `GET /2/dm_conversations/with/{id}/dm_events`
pub(super) async fn with(
    State(state): State<AppState>,
    who: Who,
    Path(id): Path<String>,
    pairs: Pairs,
    headers: HeaderMap,
) -> Answer {
    let conversation = ConversationId::between(who.0.0, account_id(&id)?);
    list(&state, who, pairs, &headers, Some(conversation))
}

fn list(
    state: &AppState,
    Extension(Caller(user)): Who,
    Query(pairs): Pairs,
    headers: &HeaderMap,
    conversation: Option<ConversationId>,
) -> Answer {
    let mut parameters = Parameters::new(pairs)?;
    let size = parameters.number("max_results", 1, 100, 100)?;
    let before = parameters.page()?.map(MessageId);
    let kinds = parameters.list("event_types", &[KINDS])?;
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    state.world.with(|world, now| {
        let asked = parameters.asked(world.settings.vocabulary, Kind::Event)?;
        parameters.end()?;
        let listing = EventListing { conversation: conversation.as_ref(), kinds: &kinds, size, before };
        let page = world.list_events(now, user, listing)?;
        let mut body = json!({ "meta": { "result_count": page.events.len() } });
        if let Some(next) = page.next {
            body["meta"]["next_token"] = json!(query::token(next.0));
        }
        if !page.events.is_empty() {
            body["data"] = page.events.iter().map(|event| shapes::event(world, event, &asked)).collect();
            add_includes(&mut body, world, &page.events, &asked, &base(headers));
        }
        answer::ok(body)
    })
}

/// `GET /2/dm_events/{id}`
pub(super) async fn one(
    State(state): State<AppState>,
    Extension(Caller(user)): Who,
    Path(id): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Answer {
    let id = event_id(&id)?;
    let mut parameters = Parameters::new(pairs)?;
    state.world.with(|world, now| {
        let asked = parameters.asked(world.settings.vocabulary, Kind::Event)?;
        parameters.end()?;
        answer::found(world.event_for(now, user, id).map(|event| {
            let mut body = json!({ "data": shapes::event(world, &event, &asked) });
            add_includes(&mut body, world, &[event], &asked, &base(&headers));
            body
        }))
    })
}

/// `DELETE /2/dm_events/{id}`
pub(super) async fn delete(State(state): State<AppState>, who: Who, Path(id): Path<String>) -> Answer {
    let id = event_id(&id)?;
    state.world.with(|world, _| world.delete_event(who.0.0, id))?;
    answer::ok(json!({ "data": { "deleted": true } }))
}

/// The users and files that the events name, each once, if they are asked for.
fn add_includes(body: &mut Value, world: &World, events: &[Event], asked: &Asked, base: &str) {
    let mut users: BTreeMap<AccountId, Value> = BTreeMap::new();
    let mut files: BTreeMap<MediaId, Value> = BTreeMap::new();
    for event in events {
        let mut people: Vec<AccountId> = Vec::new();
        if asked.expansions.contains("sender_id") {
            people.push(event.sender);
        }
        match &event.kind {
            EventKind::Join(who) | EventKind::Leave(who) if asked.expansions.contains("participant_ids") => {
                people.extend(who);
            }
            EventKind::Message { media, .. } if asked.expansions.contains("attachments.media_keys") => {
                let found = media.iter().filter_map(|id| world.media(*id));
                files.extend(found.map(|media| {
                    let address = shapes::media_address(base, event.id, media);
                    (media.id, shapes::media(media, asked, &address))
                }));
            }
            _ => {}
        }
        let found = people.into_iter().filter_map(|id| world.user(id));
        users.extend(found.map(|user| (user.account.id, shapes::user(user, asked))));
    }
    if !users.is_empty() {
        body["includes"]["users"] = users.into_values().collect();
    }
    if !files.is_empty() {
        body["includes"]["media"] = files.into_values().collect();
    }
}

/// The body of a message to be sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    text: String,
    #[serde(default)]
    attachments: Vec<Attached>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attached {
    media_id: String,
}

/// The body of a message that makes a group.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    conversation_type: String,
    participant_ids: Vec<String>,
    message: Written,
}

/// `POST /2/dm_conversations/with/{id}/messages`
pub(super) async fn send_to(State(state): State<AppState>, who: Who, Path(id): Path<String>, body: Bytes) -> Answer {
    let (from, to) = (who.0.0, account_id(&id)?);
    let what = outgoing(read_json(&body)?)?;
    let conversation = ConversationId::between(from, to);
    let message = state.world.with(|world, now| {
        world.check_unencrypted(&conversation)?;
        world.send(now, from, to, &what)
    })?;
    sent(&conversation, message)
}

/// `POST /2/dm_conversations/{id}/messages`
pub(super) async fn send_in(State(state): State<AppState>, who: Who, Path(id): Path<String>, body: Bytes) -> Answer {
    let conversation = conversation_id(&id)?;
    let what = outgoing(read_json(&body)?)?;
    let message = state.world.with(|world, now| {
        world.check_unencrypted(&conversation)?;
        world.send_in(now, who.0.0, &conversation, &what)
    })?;
    sent(&conversation, message)
}

/// `POST /2/dm_conversations`
pub(super) async fn make_group(State(state): State<AppState>, who: Who, body: Bytes) -> Answer {
    let group: Group = read_json(&body)?;
    if group.conversation_type != "Group" {
        return Err(invalid("conversation_type", group.conversation_type, "it is not one of [Group]"));
    }
    let others: Vec<AccountId> = group.participant_ids.iter().map(|id| account_id(id)).collect::<Result<_, _>>()?;
    let what = outgoing(group.message)?;
    let (conversation, message) = state.world.with(|world, now| world.make_group(now, who.0.0, &others, &what))?;
    sent(&conversation, message)
}

fn sent(conversation: &ConversationId, message: MessageId) -> Answer {
    let data = json!({ "dm_conversation_id": conversation.as_str(), "dm_event_id": message.to_string() });
    answer::created(json!({ "data": data }))
}

fn outgoing(written: Written) -> Result<Outgoing, Refusal> {
    let media =
        written.attachments.iter().map(|attached| MediaId::parse(&attached.media_id)).collect::<Option<Vec<_>>>();
    let media = media.filter(|media| media.len() <= 1).ok_or(Refusal::BadMedia)?;
    Ok(Outgoing { text: written.text, media })
}

/// A request's JSON body.
pub(super) fn read_json<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| invalid("body", "", error))
}

fn event_id(text: &str) -> Result<MessageId, Refusal> {
    MessageId::parse(text).ok_or_else(|| invalid("event_id", text, "it is not an identifier"))
}

fn conversation_id(text: &str) -> Result<ConversationId, Refusal> {
    ConversationId::parse(text).ok_or_else(|| invalid("id", text, "it is not a conversation's identifier"))
}
