//! Files: uploaded, and fetched by those who were sent them.

use axum::Extension;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::json;

use super::answer::{self, Answer};
use super::messages::read_json;
use super::query::invalid;
use super::{AppState, BODY_BYTES_MAX, Caller};
use crate::base::ids::{MediaId, MessageId, PostId};
use crate::base::text;
use crate::platform::{FileKind, Purpose};
use crate::sandbox::world::Refusal;

/// X's words for what a file is uploaded for. Films and subtitles go to X in pieces, and here not at all.
const CATEGORIES: [(&str, Purpose, FileKind); 4] = [
    ("tweet_image", Purpose::Post, FileKind::Image),
    ("tweet_gif", Purpose::Post, FileKind::Gif),
    ("dm_image", Purpose::Message, FileKind::Image),
    ("dm_gif", Purpose::Message, FileKind::Gif),
];

/// How long an uploaded file waits to be sent, in seconds: X says so, the sandbox keeps it for good.
const EXPIRES_S: u64 = 86_400;

/// A file that comes in.
struct Upload {
    category: String,
    media_type: Option<String>,
    bytes: Vec<u8>,
}

/// The body of an upload as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encoded {
    media: String,
    media_category: String,
    #[serde(default, rename = "additional_owners")]
    _owners: Option<String>,
}

/// `POST /2/media/upload`
pub(super) async fn upload(State(state): State<AppState>, who: Extension<Caller>, request: Request) -> Answer {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let upload = match kind.starts_with("multipart/form-data") {
        true => from_parts(request).await?,
        false => from_json(request).await?,
    };
    let known = CATEGORIES.iter().find(|(name, ..)| *name == upload.category);
    let &(_, purpose, kind) = known.ok_or_else(|| {
        invalid("media_category", &upload.category, "it is not one of [tweet_image tweet_gif dm_image dm_gif]")
    })?;
    let media_type = upload.media_type.unwrap_or_else(|| type_of(&upload.bytes).to_owned());
    let size = upload.bytes.len();
    if FileKind::of(&media_type, size as u64).is_ok_and(|found| found != kind) {
        return Err(invalid("media_category", &upload.category, format!("a file of type {media_type} is none")));
    }
    state.world.with(|world, now| {
        let id = world.take_file(now, who.0.0, purpose, &media_type, upload.bytes)?;
        let key = world.media(id).map(crate::sandbox::world::Media::key);
        let data = json!({ "id": id.to_string(), "media_key": key, "size": size, "expires_after_secs": EXPIRES_S });
        answer::ok(json!({ "data": data }))
    })
}

async fn from_json(request: Request) -> Result<Upload, Refusal> {
    let body = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(unreadable)?;
    let encoded: Encoded = read_json(&body)?;
    let bytes = BASE64.decode(encoded.media.as_bytes()).map_err(|_| invalid("media", "", "it is not base64"))?;
    Ok(Upload { category: encoded.media_category, media_type: None, bytes })
}

async fn from_parts(request: Request) -> Result<Upload, Refusal> {
    let mut parts = Multipart::from_request(request, &()).await.map_err(unreadable)?;
    let (mut category, mut file) = (None, None);
    while let Some(part) = parts.next_field().await.map_err(unreadable)? {
        let media_type = part.content_type().map(str::to_owned);
        match part.name().unwrap_or_default().to_owned().as_str() {
            "media" => file = Some((media_type, part.bytes().await.map_err(unreadable)?.to_vec())),
            "media_category" => category = Some(part.text().await.map_err(unreadable)?),
            "additional_owners" => {}
            other => return Err(invalid(other, "", "it is not a part of an upload")),
        }
    }
    let (media_type, bytes) = file.ok_or_else(|| invalid("media", "", "it is missing"))?;
    let category = category.ok_or_else(|| invalid("media_category", "", "it is missing"))?;
    let media_type = media_type.filter(|kind| kind != "application/octet-stream");
    Ok(Upload { category, media_type, bytes })
}

fn unreadable(error: impl ToString) -> Refusal {
    invalid("body", "", error)
}

/// The media type by a file's first bytes.
fn type_of(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        _ => "image/jpeg",
    }
}

/// The bytes of a file that went with a post, to anybody.
pub(super) async fn public(
    State(state): State<AppState>,
    Path((post, media, _)): Path<(String, String, String)>,
) -> Answer {
    let (post, media) = (PostId(number(&post)?), MediaId(number(&media)?));
    state.world.with(|world, _| {
        let file = world.media_of_post(post, media)?;
        Ok(([(CONTENT_TYPE, file.media_type.clone())], file.bytes.clone()).into_response())
    })
}

fn number(text: &str) -> Result<u64, Refusal> {
    text::number(text).ok_or_else(|| invalid("id", text, "it is not an identifier"))
}

/// The bytes of a file, to those in whose conversation it was sent.
pub(super) async fn bytes(
    State(state): State<AppState>,
    who: Extension<Caller>,
    Path((message, media, _)): Path<(String, String, String)>,
) -> Answer {
    let (message, media) = (MessageId(number(&message)?), MediaId(number(&media)?));
    state.world.with(|world, _| {
        let file = world.media_for(who.0.0, message, media)?;
        Ok(([(CONTENT_TYPE, file.media_type.clone())], file.bytes.clone()).into_response())
    })
}
