//! `/sandbox/…`: what tests and tools do to the world from outside. JSON in and out, no signature.

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::AppState;
use super::answer::{self, Answer};
use super::query::invalid;
use crate::base::ids::{Account, AccountId, AccountName, Channel, ConversationId, MessageId, PostId};
use crate::sandbox::shapes;
use crate::sandbox::world::{Chaos, Draft, Fault, Outgoing, Refusal, Settings, User, World, unescape};

/// The control interface.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/sandbox/state", get(state))
        .route("/sandbox/settings", get(settings).put(set_settings))
        .route("/sandbox/clock", put(set_clock))
        .route("/sandbox/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/sandbox/chaos", put(set_chaos))
        .route("/sandbox/users", get(users).post(add_user))
        .route("/sandbox/users/{user}/credentials.toml", get(credentials))
        .route("/sandbox/users/{user}/follows/{other}", put(set_follows))
        .route("/sandbox/users/{user}/inbox", put(set_inbox))
        .route("/sandbox/conversations/{id}/upgrade", put(upgrade).delete(downgrade))
        .route("/sandbox/conversations/{id}/ttl", put(set_ttl))
        .route("/sandbox/messages", post(send))
        .route("/sandbox/messages/{id}/hidden", put(hide))
        .route("/sandbox/posts", post(create_post))
        .route("/sandbox/posts/{id}", axum::routing::delete(delete_post))
        .route("/sandbox/posts/{id}/hidden", put(hide_post))
        .route("/sandbox/posts/{id}/withheld", put(withhold_post))
        .route("/sandbox/timeline.json", get(timeline))
}

async fn state(State(state): State<AppState>) -> Response {
    let offset_ms = state.world.clock().offset_ms();
    state.world.with(|world, now| {
        Json(json!({
            "now": now.to_string(),
            "clock_offset_ms": offset_ms,
            "users": world.users().count(),
            "events": world.events().count(),
            "posts": world.posts().filter(|post| !post.is_deleted).count(),
            "faults": world.faults().collect::<Vec<_>>(),
            "chaos": world.chaos(),
            "counts": world.counts(),
            "cost_usd_micros": world.counts().cost_usd_micros(),
        }))
        .into_response()
    })
}

async fn settings(State(state): State<AppState>) -> Json<Settings> {
    Json(state.world.with(|world, _| world.settings.clone()))
}

async fn set_settings(State(state): State<AppState>, Json(settings): Json<Settings>) -> Json<Settings> {
    state.world.with(|world, _| world.settings = settings.clone());
    Json(settings)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Offset {
    offset_ms: i64,
}

async fn set_clock(State(state): State<AppState>, Json(offset): Json<Offset>) -> Json<Value> {
    state.world.clock().set_offset_ms(offset.offset_ms);
    // So that a caller who waits for something in the world looks again at the new time.
    Json(state.world.with(|_, now| json!({ "now": now.to_string() })))
}

async fn faults(State(state): State<AppState>) -> Json<Vec<Fault>> {
    Json(state.world.with(|world, _| world.faults().copied().collect()))
}

async fn add_fault(State(state): State<AppState>, Json(fault): Json<Fault>) -> Json<Fault> {
    state.world.with(|world, _| world.add_fault(fault));
    Json(fault)
}

async fn clear_faults(State(state): State<AppState>) -> Json<Value> {
    state.world.with(|world, _| world.clear_faults());
    Json(json!({ "cleared": true }))
}

async fn set_chaos(State(state): State<AppState>, Json(chaos): Json<Option<Chaos>>) -> Json<Option<Chaos>> {
    state.world.with(|world, _| world.set_chaos(chaos.clone()));
    Json(chaos)
}

/// A user with the credentials that sign in its name.
fn user(user: &User) -> Value {
    let account = &user.account;
    json!({ "id": account.id.to_string(), "username": account.name.as_str(), "credentials": user.credentials })
}

async fn users(State(state): State<AppState>) -> Json<Value> {
    Json(state.world.with(|world, _| world.users().map(user).collect()))
}

/// The credentials of a user, by name or identifier, as a file of credentials holds them.
async fn credentials(State(state): State<AppState>, Path(named): Path<String>) -> Answer {
    state.world.with(|world, _| {
        let id = user_named(world, &named)?;
        let user = world.user(id).ok_or_else(|| invalid("user", &named, "it is nobody"))?;
        let lines = toml::to_string(&user.credentials).map_err(|error| invalid("user", &named, error))?;
        Ok(([(CONTENT_TYPE, "application/toml")], lines).into_response())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    id: String,
    username: String,
}

async fn add_user(State(state): State<AppState>, Json(new): Json<NewUser>) -> Answer {
    let id = AccountId::parse(&new.id).ok_or_else(|| invalid("id", &new.id, "it is not an identifier"))?;
    let name = AccountName::parse(&new.username);
    let name = name.ok_or_else(|| invalid("username", &new.username, "it is not a name"))?;
    state.world.with(|world, now| answer::created(user(world.add_user(now, Account { id, name }))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Follows {
    follows: bool,
}

/// Lets a user follow another, or follow no more; both by name or identifier.
async fn set_follows(
    State(state): State<AppState>,
    Path((user, other)): Path<(String, String)>,
    Json(Follows { follows }): Json<Follows>,
) -> Answer {
    state.world.with(|world, _| {
        let (user, other) = (user_named(world, &user)?, user_named(world, &other)?);
        world.set_follows(user, other, follows);
        answer::ok(json!({ "follows": follows }))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inbox {
    closed: bool,
}

/// Closes the inbox of a user to all whom the user does not follow, or opens it.
async fn set_inbox(
    State(state): State<AppState>,
    Path(user): Path<String>,
    Json(Inbox { closed }): Json<Inbox>,
) -> Answer {
    state.world.with(|world, _| {
        let user = user_named(world, &user)?;
        world.set_inbox_closed(user, closed);
        answer::ok(json!({ "closed": closed }))
    })
}

/// Upgrades a conversation to an encrypted one, from now on.
async fn upgrade(State(state): State<AppState>, Path(id): Path<String>) -> Answer {
    let id = conversation_id(&state, &id)?;
    state.world.with(|world, now| world.upgrade(now, &id));
    answer::ok(json!({ "encrypted": true }))
}

/// Takes that back.
async fn downgrade(State(state): State<AppState>, Path(id): Path<String>) -> Answer {
    let id = conversation_id(&state, &id)?;
    state.world.with(|world, _| world.downgrade(&id));
    answer::ok(json!({ "encrypted": false }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ttl {
    ttl_ms: Option<i64>,
}

/// Lets the messages of a conversation disappear after that time; with `null` they stay.
async fn set_ttl(State(state): State<AppState>, Path(id): Path<String>, Json(Ttl { ttl_ms }): Json<Ttl>) -> Answer {
    let id = conversation_id(&state, &id)?;
    state.world.with(|world, _| world.set_ttl(&id, ttl_ms));
    answer::ok(json!({ "ttl_ms": ttl_ms }))
}

/// A conversation that exists.
fn conversation_id(state: &AppState, text: &str) -> Result<ConversationId, Refusal> {
    let known = |id: &ConversationId| state.world.with(|world, _| world.conversation(id).is_some());
    ConversationId::parse(text).filter(known).ok_or(Refusal::NoConversation)
}

/// A message of any user to another or into a conversation that exists; users by name or identifier.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMessage {
    from: String,
    to: Option<String>,
    conversation: Option<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    files: Vec<NewFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFile {
    media_type: String,
    base64: String,
}

#[derive(Serialize)]
struct SentEvent {
    dm_conversation_id: String,
    dm_event_id: String,
}

async fn send(State(state): State<AppState>, Json(new): Json<NewMessage>) -> Answer {
    let decode = |file: &NewFile| Some((file.media_type.clone(), BASE64.decode(file.base64.as_bytes()).ok()?));
    let files: Option<Vec<_>> = new.files.iter().map(decode).collect();
    let files = files.ok_or_else(|| invalid("files", "", "the bytes are not base64"))?;
    let to = new.to.or(new.conversation).ok_or_else(|| invalid("to", "", "it is missing"))?;
    let (conversation, message) = send_as(&state, &new.from, &to, new.text, files)?;
    let sent = SentEvent { dm_conversation_id: conversation.to_string(), dm_event_id: message.to_string() };
    answer::created(json!(sent))
}

/// Sends a message of `from` to a user, or into a conversation; `files` are media types and bytes.
pub(super) fn send_as(
    state: &AppState,
    from: &str,
    to: &str,
    text: String,
    files: Vec<(String, Vec<u8>)>,
) -> Result<(ConversationId, MessageId), Refusal> {
    state.world.with(|world, now| {
        let from = user_named(world, from)?;
        let media = files.into_iter().map(|(media_type, bytes)| world.upload(now, from, &media_type, bytes)).collect();
        let what = Outgoing { text, media };
        let existing = ConversationId::parse(to).filter(|id| world.conversation(id).is_some());
        if let Some(conversation) = existing {
            let message = world.send_in(now, from, &conversation, &what)?;
            return Ok((conversation, message));
        }
        let to = user_named(world, to)?;
        let message = world.send(now, from, to, &what)?;
        Ok((ConversationId::between(from, to), message))
    })
}

/// The user with this name or identifier.
pub(super) fn user_named(world: &World, text: &str) -> Result<AccountId, Refusal> {
    let by_name = world.user_by_name(text);
    let found = by_name.or_else(|| AccountId::parse(text).and_then(|id| world.user(id)));
    let missing = || Refusal::NotFound { kind: "user", parameter: "name", value: text.to_owned() };
    found.map(|user| user.account.id).ok_or_else(missing)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hidden {
    hidden: bool,
}

async fn hide(State(state): State<AppState>, Path(id): Path<String>, Json(hidden): Json<Hidden>) -> Answer {
    let id = MessageId::parse(&id).ok_or_else(|| invalid("id", id, "it is not an identifier"))?;
    state.world.with(|world, _| world.set_hidden(id, hidden.hidden));
    answer::ok(json!({ "hidden": hidden.hidden }))
}

/// A post of any user, an answer if `answers` is given, a quotation if `quotes` is, a new version if `edits` is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPost {
    from: String,
    text: String,
    answers: Option<String>,
    quotes: Option<String>,
    edits: Option<String>,
}

async fn create_post(State(state): State<AppState>, Json(new): Json<NewPost>) -> Answer {
    let id = |text: &Option<String>| text.as_deref().map(post_id).transpose();
    let (answers, quotes, edits) = (id(&new.answers)?, id(&new.quotes)?, id(&new.edits)?);
    let id = post_as(&state, &new.from, Draft { text: &new.text, answers, quotes, edits, media: &[] })?;
    answer::created(json!({ "id": id.to_string() }))
}

/// A post's identifier.
pub(super) fn post_id(text: &str) -> Result<PostId, Refusal> {
    PostId::parse(text).ok_or_else(|| invalid("id", text, "it is not an identifier"))
}

/// Posts as `from`.
pub(super) fn post_as(state: &AppState, from: &str, draft: Draft<'_>) -> Result<PostId, Refusal> {
    state.world.with(|world, now| {
        let from = user_named(world, from)?;
        Ok(world.post(now, from, draft)?.id)
    })
}

async fn delete_post(State(state): State<AppState>, Path(id): Path<String>) -> Answer {
    let id = post_id(&id)?;
    state.world.with(|world, _| {
        let Some(author) = world.read(id).map(|post| post.author) else {
            return answer::ok(json!({ "deleted": false }));
        };
        answer::ok(json!({ "deleted": world.delete_post(author, id)? }))
    })
}

async fn hide_post(State(state): State<AppState>, Path(id): Path<String>, Json(hidden): Json<Hidden>) -> Answer {
    let id = post_id(&id)?;
    let is_there = state.world.with(|world, _| world.hide_post(id, hidden.hidden));
    answer::ok(json!({ "hidden": is_there && hidden.hidden }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Withheld {
    countries: Vec<String>,
}

async fn withhold_post(State(state): State<AppState>, Path(id): Path<String>, Json(new): Json<Withheld>) -> Answer {
    let id = post_id(&id)?;
    let is_there = state.world.with(|world, _| world.withhold_post(id, new.countries));
    answer::ok(json!({ "withheld": is_there }))
}

/// What anybody can see in public now, oldest first.
async fn timeline(State(state): State<AppState>) -> Json<Value> {
    Json(state.world.with(|world, _| {
        let shown = world.posts().filter(|post| !post.is_deleted && !post.is_hidden);
        let line = |post: &crate::sandbox::world::Post| {
            let author = world.user(post.author).map(|user| user.account.name.as_str());
            json!({
                "id": post.id.to_string(), "author": author, "text": unescape(&post.words.text),
                "created_at": shapes::cut_time(Channel::X.moment(post.id)),
            })
        };
        shown.map(line).collect()
    }))
}
