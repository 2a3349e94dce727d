//! The state with X's own paths and shapes, a control interface under `/sandbox/`, and a page for people at `/`.
//!
//! It listens on this computer only: everybody who reaches it may act as any of its users.

mod connections;
mod oauth;
mod answer;
mod query;
mod users;
mod messages;
mod chat;
mod media;
mod control;
mod page;
mod posts;

use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Query, Request, State};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::connections::{ConnectionCutter, Lines};
use super::Shared;
use super::world::{Call, How, Moment};
use crate::base::clock::Clock;
use crate::base::ids::AccountId;

/// The largest body that is read: a file of 64 MiB and the data around it.
const BODY_BYTES_MAX: usize = 65 * 1024 * 1024;

/// How long connections may take to finish once the sandbox is told to stop.
const GRACE: Duration = Duration::from_millis(500);

/// What every handler needs.
#[derive(Clone)]
struct AppState {
    world: Shared,
    nonces: Arc<Mutex<oauth::Nonces>>,
    stopping: CancellationToken,
}

/// Whose call it is: set once the signature was checked.
#[derive(Clone, Copy)]
struct Caller(AccountId);

/// Answers on `listener` until `shutdown` is ready, then for half a second more the requests that have begun.
///
/// # Errors
/// If the listener is reachable from other computers, or fails.
pub async fn serve(listener: TcpListener, world: Shared, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let what = format!("the sandbox would be reachable from outside at {address}\nlet it listen on 127.0.0.1");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    let stopping = CancellationToken::new();
    let state = AppState { world, nonces: Arc::default(), stopping: stopping.clone() };
    let service = router(state).into_make_service_with_connect_info::<ConnectionCutter>();
    // However this function ends, calls that are held must end too.
    let _ends_held_calls = stopping.clone().drop_guard();
    let server = axum::serve(Lines(listener), service).with_graceful_shutdown(stopping.clone().cancelled_owned());
    let mut server = pin!(server.into_future());
    tokio::select! {
        ended = &mut server => return ended,
        () = shutdown => stopping.cancel(),
    }
    // Answers that take longer are cut in the middle, because the caller asked to stop.
    tokio::time::timeout(GRACE, server).await.unwrap_or(Ok(()))
}

fn router(state: AppState) -> Router {
    let api = Router::new()
        .route("/2/users/me", get(users::me))
        .route("/2/users/by/username/{username}", get(users::by_name))
        .route("/2/users/{id}", get(users::by_id))
        .route("/2/users/{id}/tweets", get(posts::timeline))
        .route("/2/users/{id}/mentions", get(posts::mentions))
        .route("/2/dm_events", get(messages::all))
        .route("/2/dm_events/{id}", get(messages::one).delete(messages::delete))
        .route("/2/dm_conversations", post(messages::make_group))
        .route("/2/dm_conversations/{id}/dm_events", get(messages::of_conversation))
        .route("/2/dm_conversations/{id}/messages", post(messages::send_in))
        .route("/2/dm_conversations/with/{id}/dm_events", get(messages::with))
        .route("/2/dm_conversations/with/{id}/messages", post(messages::send_to))
        .route("/2/chat/conversations", get(chat::all))
        .route("/2/chat/conversations/{id}/events", get(chat::events))
        .route("/2/media/upload", post(media::upload))
        .route("/media/dm/{message}/{media}/{name}", get(media::bytes))
        .route("/media/post/{post}/{media}/{name}", get(media::public))
        .route("/2/tweets", post(posts::create))
        .route("/2/tweets/{id}", get(posts::one).delete(posts::delete))
        .route("/oembed", get(posts::oembed))
        .route("/{user}/status/{id}", get(page::post))
        .route_layer(from_fn_with_state(state.clone(), pass));
    api.merge(control::routes())
        .merge(page::routes())
        .fallback(answer::no_such_path)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(axum::middleware::from_fn(only_from_here))
        .with_state(state)
}

/// Which kind of call a route is.
fn call_of(method: &Method, path: &str) -> Option<Call> {
    Some(match (method.as_str(), path) {
        ("GET" | "HEAD", "/2/users/me") => Call::Me,
        ("GET" | "HEAD", "/2/users/by/username/{username}") => Call::UserByName,
        ("GET" | "HEAD", "/2/users/{id}") => Call::UserById,
        ("GET" | "HEAD", "/2/users/{id}/tweets") => Call::Timeline,
        ("GET" | "HEAD", "/2/users/{id}/mentions") => Call::Mentions,
        ("GET" | "HEAD", "/2/dm_events") => Call::Messages,
        ("GET" | "HEAD", "/2/dm_events/{id}") => Call::Message,
        ("DELETE", "/2/dm_events/{id}") => Call::DeleteMessage,
        ("GET" | "HEAD", "/2/dm_conversations/{id}/dm_events") => Call::ConversationMessages,
        ("GET" | "HEAD", "/2/dm_conversations/with/{id}/dm_events") => Call::MessagesWith,
        ("GET" | "HEAD", "/2/chat/conversations") => Call::Chats,
        ("GET" | "HEAD", "/2/chat/conversations/{id}/events") => Call::ChatEvents,
        ("POST", path) if path.starts_with("/2/dm_conversations") => Call::SendMessage,
        ("POST", "/2/media/upload") => Call::Upload,
        ("GET" | "HEAD", "/media/dm/{message}/{media}/{name}") => Call::MediaBytes,
        ("POST", "/2/tweets") => Call::CreatePost,
        ("GET" | "HEAD", "/2/tweets/{id}") => Call::ReadPost,
        ("DELETE", "/2/tweets/{id}") => Call::DeletePost,
        ("GET" | "HEAD", "/oembed") => Call::Oembed,
        ("GET" | "HEAD", "/{user}/status/{id}") => Call::PostPage,
        _ => return None,
    })
}

/// The steps of every call: fault before, signature, limits, the call itself, fault after.
async fn pass(
    State(state): State<AppState>,
    ConnectInfo(scissors): ConnectInfo<ConnectionCutter>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let Some(call) = call_of(request.method(), path.as_str()) else { return next.run(request).await };
    let fault = state.world.with(|world, _| world.begin(call));
    if let Some((Moment::Before, how)) = fault
        && let Some(response) = apply_fault(&state, &scissors, how, None).await
    {
        return dated(&state, response);
    }
    let response = dated(&state, admitted(&state, call, request, next).await);
    match fault {
        Some((Moment::After, how)) => match apply_fault(&state, &scissors, how, Some(half(&response))).await {
            Some(instead) => dated(&state, instead),
            None => response,
        },
        _ => response,
    }
}

/// The call itself, if its signature is good and its user has any left of this kind.
async fn admitted(state: &AppState, call: Call, mut request: Request, next: Next) -> Response {
    if matches!(call, Call::Oembed | Call::PostPage) {
        return next.run(request).await;
    }
    let Ok(user) = authenticated(state, &request) else { return answer::unauthorized() };
    let allowance = match state.world.with(|world, now| world.admit(now, user, call)) {
        Ok(allowance) => allowance,
        Err(refusal) => return refusal.into_response(),
    };
    request.extensions_mut().insert(Caller(user));
    let mut response = next.run(request).await;
    if let Some(allowance) = allowance {
        answer::add_allowance(response.headers_mut(), &allowance);
    }
    response
}

fn authenticated(state: &AppState, request: &Request) -> Result<AccountId, &'static str> {
    let headers = request.headers();
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or("no authorization")?;
    let Query(query) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()).map_err(|_| "no query")?;
    let address = format!("{}{}", base(headers), request.uri().path());
    let signed = oauth::Request { method: request.method(), address: &address, query: &query, authorization };
    let mut nonces = state.nonces.lock().unwrap_or_else(PoisonError::into_inner);
    // Signatures hold the machine's time, also where somebody drives the world's.
    let machine = state.world.clock().stands().then(|| Clock::system().now());
    let checked = state.world.with(|world, now| oauth::verify(world, machine.unwrap_or(now), &mut nonces, &signed));
    checked.inspect_err(|why| tracing::debug!(why, path = request.uri().path(), "a call to the sandbox is not signed"))
}

/// What a fault does: the answer that it gives, unless it leaves the true one unchanged. `half` is the number of bytes
/// of the true answer up to its middle, once there is one.
async fn apply_fault(state: &AppState, scissors: &ConnectionCutter, how: How, half: Option<u64>) -> Option<Response> {
    match how {
        How::Delay { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            None
        }
        How::Half => {
            scissors.cut_after(half.unwrap_or(0));
            half.is_none().then(|| StatusCode::OK.into_response())
        }
        How::Cut => {
            scissors.cut_after(0);
            Some(StatusCode::OK.into_response())
        }
        How::Hold => {
            state.stopping.cancelled().await;
            scissors.cut_after(0);
            Some(StatusCode::OK.into_response())
        }
        how => answer::of_fault(how, state.world.clock().now()),
    }
}

/// Number of bytes of an answer up to about the middle of its body.
fn half(response: &Response) -> u64 {
    use axum::body::HttpBody;
    const STATUS_LINE_AND_LENGTH: usize = 45;
    let lines = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let head = STATUS_LINE_AND_LENGTH + lines.sum::<usize>();
    head as u64 + response.body().size_hint().lower() / 2
}

fn dated(state: &AppState, mut response: Response) -> Response {
    answer::add_date(response.headers_mut(), state.world.clock().now());
    response
}

/// Refuses what a page of another site could make a browser send: such a request names another host.
async fn only_from_here(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let origin = request.headers().get("origin").and_then(|origin| origin.to_str().ok());
    let is_own = origin.is_none_or(|origin| origin == format!("http://{host}"));
    if matches!(name, "127.0.0.1" | "localhost" | "[::1]") && is_own {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "the sandbox answers only to its own computer\n").into_response()
}

/// The address at which the client reached the sandbox.
fn base(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}
