//! Pages for people: the sandbox at a glance, with forms to write as anybody, and the page of one post.

use axum::Router;
use axum::extract::{Multipart, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post as on_post};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::query::invalid;
use super::{AppState, base, control};
use crate::base::ids::{AccountId, Channel, PostId};
use crate::base::time::Time;
use crate::platform::price::{Billed, usd};
use crate::sandbox::world::{Draft, Event, EventKind, Media, Post, Refusal, User, Words, World, unescape};
use crate::sandbox::{EMBASSY, MINISTRY};

/// Most posts and messages that are shown.
const SHOWN_MAX: usize = 50;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --link: #1a66c2 }
@media (prefers-color-scheme: dark) { :root { --link: #7ab3f5 } }
* { box-sizing: border-box }
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 72rem }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1.05rem; margin: 0 0 .6rem }
header { margin-bottom: 1rem } header p { margin: .2rem 0; opacity: .75 }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); align-items: start }
section { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; min-width: 0 }
form { display: grid; gap: .5rem } label { display: grid; gap: .15rem; font-size: .85rem }
select, textarea, input, button { font: inherit; font-size: 1rem; width: 100%; padding: .4rem; border: 1px solid var(--line); border-radius: .35rem; background: transparent; color: inherit }
option { background: Canvas; color: CanvasText }
button { background: var(--soft); cursor: pointer } textarea { min-height: 5rem; resize: vertical }
.two { display: grid; gap: .5rem; grid-template-columns: 1fr 1fr }
article { border-top: 1px solid var(--line); padding: .6rem 0 } article p { margin: .2rem 0 }
.text { white-space: pre-wrap; overflow-wrap: anywhere } .soft { opacity: .7; font-size: .85rem; overflow-wrap: anywhere }
.time { white-space: nowrap } .alert { border-color: #c33; margin-bottom: 1rem } a { color: var(--link) }
";

/// Keeps what is shown up to date, but does not touch a form that somebody is filling in.
const SCRIPT: &str = "
setInterval(async () => {
  try {
    const page = new DOMParser().parseFromString(await (await fetch('/')).text(), 'text/html')
    for (const id of ['now', 'posts', 'messages', 'bill']) {
      const old = document.getElementById(id), fresh = page.getElementById(id)
      if (old.innerHTML !== fresh.innerHTML) old.replaceWith(fresh)
    }
  } catch { /* the sandbox has stopped: what was last seen stays */ }
}, 1000)
";

/// The pages that are no part of X.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(glance))
        .route("/sandbox/page/message", on_post(write_message))
        .route("/sandbox/page/post", on_post(write_post))
}

fn frame(title: &str, body: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    Html(page.into_string())
}

async fn glance(State(state): State<AppState>) -> Html<String> {
    state.world.with(|world, now| {
        frame(
            "sandbox",
            &html! {
                header {
                    h1 { "sandbox" }
                    p { "X in small, on this computer only. It is " span.time #now { (now) } "." }
                }
                main {
                    (message_form(world))
                    (post_form(world))
                    (timeline(world))
                    (conversations(world))
                    (bill(world))
                }
                script { (PreEscaped(SCRIPT)) }
            },
        )
    })
}

/// The users to choose from, `first` chosen if there is such a user.
fn user_options(world: &World, first: AccountId) -> Markup {
    html! {
        @for user in world.users() {
            option value=(user.account.id) selected[user.account.id == first] { (user.account.name) }
        }
    }
}

fn message_form(world: &World) -> Markup {
    let groups: Vec<_> = world.conversations().filter(|(_, conversation)| conversation.is_group).collect();
    html! {
        section {
            h2 { "Write a direct message" }
            form method="post" action="/sandbox/page/message" enctype="multipart/form-data" {
                div.two {
                    label { "from" select name="from" { (user_options(world, EMBASSY)) } }
                    label {
                        "to"
                        select name="to" {
                            (user_options(world, MINISTRY))
                            @for (id, _) in &groups { option value=(id) { "group " (id) } }
                        }
                    }
                }
                label { "text" textarea name="text" {} }
                label { "file, if any" input type="file" name="file"; }
                button { "Send" }
            }
        }
    }
}

fn post_form(world: &World) -> Markup {
    html! {
        section {
            h2 { "Post in public" }
            form method="post" action="/sandbox/page/post" enctype="multipart/form-data" {
                label { "as" select name="from" { (user_options(world, MINISTRY)) } }
                label { "text" textarea name="text" required {} }
                label { "in answer to post" input name="answers" inputmode="numeric" placeholder="its number, if any"; }
                button { "Post" }
            }
        }
    }
}

fn timeline(world: &World) -> Markup {
    let mut posts = world.posts().rev().filter(|post| !post.is_deleted).take(SHOWN_MAX).peekable();
    html! {
        section #posts {
            h2 { "Public timeline" }
            @if posts.peek().is_none() { p.soft { "Nobody has posted yet." } }
            @for post in posts {
                article {
                    p { strong { (name(world, post.author)) } " " span.soft.time { (Channel::X.moment(post.id)) } }
                    p.text { (unescape(&post.words.text)) }
                    p.soft {
                        a href={ "/" (name(world, post.author)) "/status/" (post.id) } { (post.id) }
                        @if let Some(answered) = post.answers { " in answer to " (answered) }
                        @if let Some(quoted) = post.quotes { " quoting " (quoted) }
                        @if post.first != post.id { " an edit of " (post.first) }
                    }
                }
            }
        }
    }
}

fn conversations(world: &World) -> Markup {
    let mut events = world.events().rev().take(SHOWN_MAX).peekable();
    html! {
        section #messages {
            h2 { "Direct messages" }
            @if events.peek().is_none() { p.soft { "Nobody has written yet." } }
            @for event in events { (message(world, event)) }
        }
    }
}

/// The calls so far, at X's prices.
fn bill(world: &World) -> Markup {
    let counts = world.counts();
    let kinds = Billed::ALL.iter().map(|kind| (kind, counts.billed(*kind))).filter(|(_, pieces)| 0 < *pieces);
    html! {
        section #bill {
            h2 { "Bill" }
            @for (kind, pieces) in kinds {
                p { (pieces) " " (kind.name()) " at " (usd(kind.price_usd_micros())) ": " (usd(kind.price_usd_micros() * pieces)) }
            }
            p { strong { (usd(counts.cost_usd_micros())) } " in all, by X's price list of August 2026" }
        }
    }
}

fn message(world: &World, event: &Event) -> Markup {
    let others: Vec<String> = world
        .conversation(&event.conversation)
        .into_iter()
        .flat_map(|conversation| &conversation.members)
        .filter(|id| **id != event.sender)
        .map(|id| name(world, *id))
        .collect();
    html! {
        article {
            p { strong { (name(world, event.sender)) } " to " (others.join(", ")) " " span.soft.time { (event.id.moment()) } }
            @match &event.kind {
                EventKind::Message { written, media, .. } => {
                    p.text { (written) }
                    @for file in media.iter().filter_map(|id| world.media(*id)) { p.soft { (file_line(file)) } }
                }
                EventKind::Join(who) => p.soft { "joined: " (names(world, who)) },
                EventKind::Leave(who) => p.soft { "left: " (names(world, who)) },
            }
            p.soft { (event.id) @if event.is_hidden { ", hidden" } }
        }
    }
}

fn file_line(file: &Media) -> String {
    format!("file {}, {}, {} bytes", file.key(), file.media_type, file.bytes.len())
}

fn name(world: &World, id: AccountId) -> String {
    world.user(id).map_or_else(|| id.to_string(), |user| user.account.name.to_string())
}

fn names(world: &World, ids: &[AccountId]) -> String {
    ids.iter().map(|id| name(world, *id)).collect::<Vec<_>>().join(", ")
}

/// What a form sent: its fields, and its file if one was chosen.
#[derive(Default)]
struct Form {
    fields: std::collections::BTreeMap<String, String>,
    files: Vec<(String, Vec<u8>)>,
}

impl Form {
    async fn read(mut parts: Multipart) -> Result<Form, Refusal> {
        let unreadable = |error: axum::extract::multipart::MultipartError| invalid("form", "", error);
        let mut form = Form::default();
        while let Some(part) = parts.next_field().await.map_err(unreadable)? {
            let name = part.name().unwrap_or_default().to_owned();
            if part.file_name().is_none() {
                form.fields.insert(name, part.text().await.map_err(unreadable)?);
                continue;
            }
            let media_type = part.content_type().unwrap_or("application/octet-stream").to_owned();
            let bytes = part.bytes().await.map_err(unreadable)?.to_vec();
            if !bytes.is_empty() {
                form.files.push((media_type, bytes));
            }
        }
        Ok(form)
    }

    /// A field as text, with the line ends of Unix instead of a form's.
    fn text(&self, name: &str) -> String {
        self.fields.get(name).map(|text| text.replace("\r\n", "\n")).unwrap_or_default()
    }
}

async fn write_message(State(state): State<AppState>, parts: Multipart) -> Response {
    let result = Form::read(parts).await.and_then(|form| {
        let (from, to, text) = (form.text("from"), form.text("to"), form.text("text"));
        control::send_as(&state, &from, &to, text, form.files)
    });
    back(result)
}

async fn write_post(State(state): State<AppState>, parts: Multipart) -> Response {
    let result = Form::read(parts).await.and_then(|form| {
        let answers = Some(form.text("answers")).filter(|text| !text.trim().is_empty());
        let answers = answers.as_deref().map(|text| control::post_id(text.trim())).transpose()?;
        let text = form.text("text");
        control::post_as(&state, &form.text("from"), Draft { text: &text, answers, ..Draft::default() })
    });
    back(result)
}

/// Back to the page, or to a page that says what was refused.
fn back<T>(result: Result<T, Refusal>) -> Response {
    match result {
        Ok(_) => Redirect::to("/").into_response(),
        Err(refusal) => {
            let page = frame(
                "refused",
                &html! {
                    section.alert { h2 { "Refused" } p { (refusal) } }
                    p { a href="/" { "Back" } }
                },
            );
            (StatusCode::BAD_REQUEST, page).into_response()
        }
    }
}

/// A post as other sites show it.
pub(super) fn blockquote(post: &Post, author: &User, base: &str) -> Markup {
    let name = &author.account.name;
    html! {
        blockquote class="twitter-tweet" {
            p lang="en" dir="ltr" { (dressed(&post.words, base)) }
            "— " (author.display) " (@" (name) ") "
            a href={ (base) "/" (name) "/status/" (post.id) "?ref_src=twsrc%5Etfw" } { (long_date(Channel::X.moment(post.id))) }
        }
    }
}

/// A text with a link for each link and mention in it, and with `<br>` for each line end.
fn dressed(words: &Words, base: &str) -> Markup {
    let letters: Vec<char> = words.text.chars().collect();
    let piece = |from: usize, to: usize| unescape(&letters[from..to].iter().collect::<String>());
    let links = words.links.iter().map(|link| (link.start, link.end, link.url.clone()));
    let mentions =
        words.mentions.iter().map(|mention| (mention.start, mention.end, format!("{base}/{}", mention.name)));
    let mut marked: Vec<(usize, usize, String)> = links.chain(mentions).collect();
    marked.sort();
    let mut at = 0;
    html! {
        @for (start, end, address) in &marked {
            (lines(&piece(std::mem::replace(&mut at, *end), *start)))
            a href=(address) { (piece(*start, *end)) }
        }
        (lines(&piece(at, letters.len())))
    }
}

fn lines(text: &str) -> Markup {
    html! {
        @for (index, line) in text.split('\n').enumerate() {
            @if 0 < index { br; }
            (line)
        }
    }
}

/// `March 9, 2018`
fn long_date(time: Time) -> String {
    let moment = jiff::Timestamp::from_millisecond(time.ms()).unwrap_or_default();
    moment.to_zoned(jiff::tz::TimeZone::UTC).strftime("%B %-d, %Y").to_string()
}

/// `GET /{user}/status/{id}`: the public page of a post, as far as the name in the address is anybody's.
pub(super) async fn post(
    State(state): State<AppState>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    state.world.with(|world, _| {
        let found = PostId::parse(&id).and_then(|id| world.read(id));
        let found = found.and_then(|post| Some((post, world.user(post.author)?)));
        let Some((post, author)) = found else {
            let page = frame("not found", &html! { p { "There is no such post." } });
            return (StatusCode::NOT_FOUND, page).into_response();
        };
        let versions = world.history(post);
        frame("post", &html! {
            section {
                (blockquote_of_page(post, author))
                p.soft { "post " (post.id) ", " (Channel::X.moment(post.id)) }
                @if 1 < versions.len() {
                    p.soft {
                        "versions: "
                        @for id in &versions { a href={ (base(&headers)) "/" (author.account.name) "/status/" (id) } { (id) } " " }
                    }
                }
            }
        })
        .into_response()
    })
}

fn blockquote_of_page(post: &Post, author: &User) -> Markup {
    html! {
        p { strong { (author.display) } " @" (author.account.name) }
        p.text { (unescape(&post.words.text)) }
    }
}
