//! `/2/chat/conversations…`: whether conversations are encrypted, and nothing of what is said in them.

use axum::Extension;
use axum::extract::{Path, Query, State};
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::query::{self, Pairs, Parameters};
use super::{AppState, Caller};
use crate::base::ids::MessageId;
use crate::sandbox::shapes::{self, ChatAsked};
use crate::sandbox::world::Event;

/// `chat_conversation.fields`, `expansions` and `chat_message_event.fields` that X knows.
const FIELDS: &str = "admin_settings created_at group_avatar_url group_description group_description_key_version \
    group_name id invite is_archived is_muted last_read_event_id message_ttl_ms newest_event_id pending_member_ids \
    screen_capture_blocking_enabled screen_capture_detection_enabled type unread updated_at";
const EXPANSIONS: &str = "admin_ids member_ids participant_ids";
const EVENT_FIELDS: &str = "conversation_id conversation_key_version conversation_token created_at encoded_event id \
    is_trusted message_event_signature previous_id sender_id";

/// `GET /2/chat/conversations`
pub(super) async fn all(
    State(state): State<AppState>,
    Extension(Caller(user)): Extension<Caller>,
    Query(pairs): Pairs,
) -> Answer {
    let mut parameters = Parameters::new(pairs)?;
    let size = parameters.number("max_results", 1, 1000, 200)?;
    let before = parameters.page()?.map(MessageId);
    let asked = ChatAsked {
        fields: parameters.list("chat_conversation.fields", &[FIELDS])?,
        expansions: parameters.list("expansions", &[EXPANSIONS])?,
    };
    parameters.end()?;
    state.world.with(|world, _| {
        let page = world.chats(user, size, before);
        let data: Vec<Value> = page.conversations.iter().map(|one| shapes::chat(one, &asked)).collect();
        let mut meta =
            json!({ "result_count": data.len(), "has_more": page.next.is_some(), "has_message_requests": false });
        if let Some(next) = page.next {
            meta["next_token"] = json!(query::token(next.0));
        }
        answer::ok(json!({ "data": data, "meta": meta }))
    })
}

/// `GET /2/chat/conversations/{id}/events`
pub(super) async fn events(
    State(state): State<AppState>,
    Extension(Caller(user)): Extension<Caller>,
    Path(id): Path<String>,
    Query(pairs): Pairs,
) -> Answer {
    let mut parameters = Parameters::new(pairs)?;
    let size = parameters.number("max_results", 1, 100, 10)?;
    let fields = parameters.list("chat_message_event.fields", &[EVENT_FIELDS])?;
    parameters.end()?;
    state.world.with(|world, _| {
        let (events, is_upgraded) = world.chat_events(user, &id, size)?;
        let one = |event: &Event| {
            let mut shown = json!({ "id": event.id.to_string(), "encoded_event": encoded(event) });
            if fields.contains("conversation_key_version") && world.is_event_encrypted(event) {
                shown["conversation_key_version"] = json!(KEY_VERSION);
            }
            shown
        };
        let data: Vec<Value> = events.iter().map(one).collect();
        let mut meta = json!({ "result_count": data.len(), "has_more": false });
        if is_upgraded {
            meta["conversation_key_events"] = json!([BASE64.encode(b"a change of keys")]);
        }
        answer::ok(json!({ "data": data, "meta": meta }))
    })
}

/// The version of every key here: invented.
const KEY_VERSION: &str = "1796073061218";

/// An event's bytes: invented, and without its text.
fn encoded(event: &Event) -> String {
    BASE64.encode(format!("event {}", event.id).as_bytes())
}
