//! `/2/tweets…`, timelines, and the public oEmbed address.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::messages::read_json;
use super::query::{self, Kind, Pairs, Parameters, invalid};
use super::users::account_id;
use super::{AppState, Caller, base, page};
use crate::base::ids::{AccountId, Channel, MediaId, PostId};
use crate::sandbox::shapes::{self, Asked, Place};
use crate::sandbox::world::{Draft, Post, PostPage, Range, Refusal, Vocabulary, World};

/// The body of a new post. X knows more keys; keys that the sandbox does not support are refused, not ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    #[serde(default)]
    text: String,
    reply: Option<Reply>,
    media: Option<Attached>,
    edit_options: Option<Edit>,
    #[serde(rename = "made_with_ai")]
    _made_with_ai: Option<bool>,
    #[serde(rename = "reply_settings")]
    _reply_settings: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    in_reply_to_tweet_id: String,
    #[serde(rename = "auto_populate_reply_metadata")]
    _auto_populate_reply_metadata: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attached {
    media_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    previous_post_id: String,
}

/// `POST /2/tweets`
pub(super) async fn create(State(state): State<AppState>, who: Extension<Caller>, body: Bytes) -> Answer {
    let new: New = read_json(&body)?;
    let answers = new.reply.map(|reply| post_id(&reply.in_reply_to_tweet_id)).transpose()?;
    let edits = new.edit_options.map(|edit| post_id(&edit.previous_post_id)).transpose()?;
    let media = new.media.map(|attached| media_ids(&attached.media_ids)).transpose()?.unwrap_or_default();
    state.world.with(|world, now| {
        let draft = Draft { text: &new.text, answers, edits, media: &media, quotes: None };
        let post = world.post(now, who.0.0, draft)?;
        answer::created(json!({ "data": shapes::post(world, &post, &Asked::default(), Place::Created) }))
    })
}

/// `GET /2/tweets/{id}`
pub(super) async fn one(
    State(state): State<AppState>,
    who: Extension<Caller>,
    Path(id): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Answer {
    let id = post_id(&id)?;
    let mut parameters = Parameters::new(pairs)?;
    state.world.with(|world, now| {
        let asked = parameters.asked(world.settings.vocabulary, Kind::Post)?;
        parameters.end()?;
        answer::found(world.read_for(now, who.0.0, id).map(|post| {
            let mut body = json!({ "data": shapes::post(world, &post, &asked, Place::Single) });
            add_includes(&mut body, world, &[post], &asked, &base(&headers));
            body
        }))
    })
}

/// `DELETE /2/tweets/{id}`
pub(super) async fn delete(State(state): State<AppState>, who: Extension<Caller>, Path(id): Path<String>) -> Answer {
    let id = post_id(&id)?;
    let deleted = state.world.with(|world, _| world.delete_post(who.0.0, id))?;
    answer::ok(json!({ "data": { "deleted": deleted } }))
}

/// `GET /2/users/{id}/tweets`
pub(super) async fn timeline(
    State(state): State<AppState>,
    who: Extension<Caller>,
    Path(id): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Answer {
    let of = account_id(&id)?;
    let mut parameters = Parameters::new(pairs)?;
    let without_answers = parameters.list("exclude", &["replies retweets"])?.contains("replies");
    list(&state, parameters, of, &base(&headers), |world, now, range| {
        world.timeline(now, who.0.0, of, Range { without_answers, ..range })
    })
}

/// `GET /2/users/{id}/mentions`
pub(super) async fn mentions(
    State(state): State<AppState>,
    who: Extension<Caller>,
    Path(id): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Answer {
    let of = account_id(&id)?;
    let parameters = Parameters::new(pairs)?;
    list(&state, parameters, of, &base(&headers), |world, now, range| world.mentions_of(now, who.0.0, of, range))
}

fn list(
    state: &AppState,
    mut parameters: Parameters,
    of: AccountId,
    base: &str,
    read: impl FnOnce(&mut World, crate::base::time::Time, Range) -> PostPage,
) -> Answer {
    let range = range(&mut parameters)?;
    state.world.with(|world, now| {
        let asked = parameters.asked(world.settings.vocabulary, Kind::Post)?;
        parameters.end()?;
        if world.user(of).is_none() {
            let missing = Refusal::NotFound { kind: "user", parameter: "id", value: of.to_string() };
            return answer::found(Err(missing));
        }
        let page = read(world, now, range);
        let mut body = json!({ "meta": { "result_count": page.posts.len() } });
        if let Some(next) = page.next {
            body["meta"]["next_token"] = json!(query::token(next.0));
        }
        if let [newest, ..] = &page.posts[..] {
            body["meta"]["newest_id"] = json!(newest.id.to_string());
            body["meta"]["oldest_id"] = json!(page.posts[page.posts.len() - 1].id.to_string());
            body["data"] = page.posts.iter().map(|post| shapes::post(world, post, &asked, Place::Listed)).collect();
            add_includes(&mut body, world, &page.posts, &asked, base);
        }
        answer::ok(body)
    })
}

fn range(parameters: &mut Parameters) -> Result<Range, Refusal> {
    let size = parameters.number("max_results", 5, 100, 10)?;
    let since = parameters.id("since_id")?.map(PostId);
    let start = parameters.time("start_time")?.map(|time| PostId(Channel::X.first_at(time).0.saturating_sub(1)));
    let until = parameters.id("until_id")?.map(PostId);
    let end = parameters.time("end_time")?.map(|time| Channel::X.first_at(time));
    let page = parameters.page()?.map(PostId);
    let before = [until, end, page].into_iter().flatten().min();
    Ok(Range { after: since.max(start), before, size, without_answers: false })
}

/// The authors, posts and files that the posts name, each once, if they are asked for.
fn add_includes(body: &mut Value, world: &World, posts: &[Post], asked: &Asked, base: &str) {
    if asked.expansions.contains("author_id") {
        let mut authors: Vec<AccountId> = posts.iter().map(|post| post.author).collect();
        authors.sort();
        authors.dedup();
        let users: Vec<Value> =
            authors.iter().filter_map(|id| world.user(*id)).map(|user| shapes::user(user, asked)).collect();
        body["includes"]["users"] = json!(users);
    }
    if shapes::asks_references(asked) {
        let mut named: Vec<PostId> = posts.iter().flat_map(shapes::references).map(|(_, id)| id).collect();
        named.sort();
        named.dedup();
        let found = named.iter().filter_map(|id| world.read(*id));
        let found: Vec<Value> = found.map(|post| shapes::post(world, post, asked, Place::Listed)).collect();
        let key = if world.settings.vocabulary == Vocabulary::Post { "posts" } else { "tweets" };
        if !found.is_empty() {
            body["includes"][key] = json!(found);
        }
    }
    if asked.expansions.contains("attachments.media_keys") {
        let files = posts.iter().flat_map(|post| post.media.iter().map(|id| (post.id, *id)));
        let files = files.filter_map(|(post, id)| Some((post, world.media(id)?)));
        let found: Vec<Value> = files
            .map(|(post, media)| shapes::media(media, asked, &shapes::public_address(base, post, media)))
            .collect();
        if !found.is_empty() {
            body["includes"]["media"] = json!(found);
        }
    }
}

const OEMBED_OPTIONS: [&str; 11] = [
    "maxwidth",
    "hide_media",
    "hide_thread",
    "align",
    "related",
    "lang",
    "theme",
    "link_color",
    "widget_type",
    "dnt",
    "format",
];

/// `GET /oembed`: what X answers at publish.x.com, to anybody.
pub(super) async fn oembed(State(state): State<AppState>, headers: HeaderMap, Query(pairs): Pairs) -> Answer {
    let mut parameters = Parameters::new(pairs)?;
    let address = parameters.take("url").ok_or_else(|| invalid("url", "", "it is missing"))?;
    let script = match parameters.take("omit_script").as_deref() {
        Some("1" | "t" | "true") => "",
        _ => "\n<script async src=\"https://platform.twitter.com/widgets.js\" charset=\"utf-8\"></script>\n",
    };
    OEMBED_OPTIONS.iter().for_each(|name| drop(parameters.take(name)));
    parameters.end()?;
    let number = address.split(['?', '#']).next().and_then(|path| path.rsplit_once("/status/")).map(|(_, id)| id);
    let id = number.and_then(PostId::parse);
    let id = id.ok_or_else(|| invalid("url", &address, "it is not the address of a post"))?;
    state.world.with(|world, _| {
        let missing = || Refusal::NotFound { kind: "post", parameter: "url", value: address.clone() };
        let post = world.read(id).ok_or_else(missing)?;
        let author = world.user(post.author).ok_or_else(missing)?;
        let name = author.account.name.as_str();
        let base = base(&headers);
        answer::ok(json!({
            "url": format!("{base}/{name}/status/{id}"),
            "author_name": author.display,
            "author_url": format!("{base}/{name}"),
            "html": page::blockquote(post, author, &base).into_string() + script,
            "width": 550, "height": null, "type": "rich", "cache_age": "3153600000",
            "provider_name": "X", "provider_url": base, "version": "1.0",
        }))
    })
}

fn media_ids(ids: &[String]) -> Result<Vec<MediaId>, Refusal> {
    let wrong = |text: &str| invalid("media.media_ids", text, "it is not an identifier");
    let ids: Vec<MediaId> =
        ids.iter().map(|text| MediaId::parse(text).ok_or_else(|| wrong(text))).collect::<Result<_, _>>()?;
    if ids.is_empty() { Err(wrong("")) } else { Ok(ids) }
}

fn post_id(text: &str) -> Result<PostId, Refusal> {
    PostId::parse(text).ok_or_else(|| invalid("id", text, "it is not an identifier"))
}
