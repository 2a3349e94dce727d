//! X's answers, read into the values of the port.
//!
//! X renamed its fields in 2026 (`tweet` became `post`) and sends either name, both, or neither. Only fields that we
//! need are required. Each element of a list is read alone: one that cannot be read is named as such, and the others are
//! read all the same. Nothing of a body ever gets into an error.

pub(super) mod chat;
mod kind;
mod messages;
mod posts;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use twitter_v2::User;

pub(super) use self::kind::{OF_ANOTHER_ACCOUNT, OF_ANOTHER_CONVERSATION};
pub(super) use self::messages::{changes, messages, senders, sent};
pub(super) use self::posts::{mentions, own_posts, post, post_state, posted};
use super::errors::shape;
use super::object::{self, Object};
use crate::base::hash::Hash;
use crate::base::ids::{Account, AccountId, AccountName, MediaId};
use crate::platform::{PageToken, Unreadable};

/// What stands around every answer.
pub(super) struct ApiAnswer<'a> {
    /// What was asked for; in an empty listing the key is missing.
    pub(super) data: Option<&'a RawValue>,
    /// What X says is wrong, beside the data or in place of it.
    pub(super) errors: Vec<&'a RawValue>,
    includes: Object<'a>,
    meta: Option<&'a RawValue>,
}

/// The elements of a listing.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Elements<T, Id> {
    pub(super) items: Vec<T>,
    /// What cannot be read, or does not fit what was asked for.
    pub(super) unreadable: Vec<Unreadable<Id>>,
}

impl<'a> ApiAnswer<'a> {
    pub(super) fn read(text: &'a str) -> Result<ApiAnswer<'a>, String> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| shape(&error))?;
        let answer = Object::read(raw).ok_or("the answer is no object, or has a field twice")?;
        Ok(ApiAnswer {
            data: answer.raw("data").filter(|data| !object::is_empty(data)),
            errors: answer.list("errors"),
            includes: answer.object("includes").unwrap_or_default(),
            meta: answer.raw("meta"),
        })
    }

    /// Whether it says of itself that it is a listing, which may be empty.
    pub(super) fn is_listing(&self) -> bool {
        self.meta.is_some_and(|meta| Object::read(meta).is_some())
    }

    /// Checks that its data, if it has some, are a list, or a single thing, which counts as a list of one.
    ///
    /// # Errors
    /// If they are neither.
    pub(super) fn check_listed(&self) -> Result<(), String> {
        let is_listed = |data: &RawValue| data.get().starts_with(['[', '{']);
        if self.data.is_none_or(is_listed) { Ok(()) } else { Err("the answer's `data` are no list".to_owned()) }
    }

    /// Where the next page begins.
    ///
    /// # Errors
    /// What stands in its place, if that cannot be read: there is a next page, and nobody knows where.
    pub(super) fn next(&self) -> Result<Option<PageToken>, &'a RawValue> {
        let Some(meta) = self.meta.filter(|meta| !object::is_empty(meta)) else { return Ok(None) };
        let meta = Object::read(meta).ok_or(meta)?;
        let Some(raw) = meta.raw("next_token").filter(|raw| !object::is_empty(raw) && raw.get() != "false") else {
            return Ok(None);
        };
        let number = || raw.get().bytes().all(|byte| byte.is_ascii_digit()).then(|| raw.get().to_owned());
        meta.text("next_token").or_else(number).map(|token| Some(PageToken(token))).ok_or(raw)
    }

    /// The elements of a listing, in X's order. What `read` leaves out is none of those asked for. `absent` are X's words
    /// for the kind of thing that is listed: an error about one says that it is left out.
    fn each<T, Id>(
        &self,
        id: fn(u64) -> Id,
        absent: &[&str],
        mut read: impl FnMut(&'a RawValue, &Object<'a>) -> Result<Option<T>, String>,
    ) -> Elements<T, Id> {
        let mut elements = Elements { items: Vec::new(), unreadable: Vec::new() };
        for raw in self.data.map(object::list).unwrap_or_default() {
            let object = Object::read(raw);
            let found = object.as_ref().ok_or_else(|| "it is no object, or has a field twice".to_owned());
            match found.and_then(|object| read(raw, object)) {
                Ok(item) => elements.items.extend(item),
                Err(why) => {
                    let id = object.and_then(|object| object.id("id")).map(id);
                    elements.unreadable.push(unreadable(id, raw, why));
                }
            }
        }
        for (raw, error) in self.errors.iter().filter_map(|raw| Some((raw, Object::read(raw)?))) {
            if error.text("resource_type").is_some_and(|kind| absent.contains(&kind.as_str())) {
                let (id, why) = (error.id("resource_id").or(error.id("value")).map(id), "X leaves it out".to_owned());
                elements.unreadable.push(unreadable(id, raw, why));
            }
        }
        elements
    }

    /// The name of an account, if the answer says it.
    fn name_of(&self, id: AccountId) -> Option<AccountName> {
        let users = self.includes.list("users").into_iter().filter_map(Object::read);
        let mut named = users.filter(|user| user.id("id") == Some(id.0));
        named.find_map(|user| AccountName::parse(&user.text("username")?))
    }
}

impl<T, Id> Elements<T, Id> {
    /// Adds that there is more which cannot be reached.
    pub(super) fn cut_at(&mut self, raw: &RawValue) {
        let why = "there is a next page, and the mark of its place cannot be read".to_owned();
        self.unreadable.push(unreadable(None, raw, why));
    }
}

fn unreadable<Id>(id: Option<Id>, raw: &RawValue, why: String) -> Unreadable<Id> {
    let is_elsewhere = kind::ELSEWHERE.contains(&why.as_str());
    Unreadable { id, sha256: Hash::of(raw.get().as_bytes()), why, is_elsewhere }
}

/// A link in a text: where it stands, and where it leads.
struct Link {
    start: Option<i64>,
    url: String,
    expanded: String,
}

/// The links of a text, in order of appearance. X names one without saying where it leads if it does not know: this is not
/// a link. One that cannot be read is left out: the text has it all the same.
fn links(object: &Object<'_>) -> Vec<Link> {
    let entities = object.object("entities").filter(|entities| entities.raw("urls").is_some());
    // Where the links stood until 2026.
    let urls = entities.map_or_else(|| object.list("urls"), |entities| entities.list("urls"));
    let read = |link: Object<'_>| {
        Some(Link { start: link.number("start"), url: link.text("url")?, expanded: link.text("expanded_url")? })
    };
    let mut links: Vec<Link> = urls.into_iter().filter_map(Object::read).filter_map(read).collect();
    links.sort_by_key(|link| link.start);
    links
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
    let object = whole(raw)?;
    let name = object.text("username").ok_or("the answer has no valid `username`")?;
    let user: User = typed(&[("id", &needed_id(&object)?.to_string()), ("username", &name), ("name", "")])?;
    let name = AccountName::parse(&user.username).ok_or("an account without a valid `username`")?;
    Ok(Account { id: AccountId(user.id.as_u64()), name })
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

/// An uploaded file. `asked` is the one that was asked for, if one was.
pub(super) fn upload(raw: &RawValue, asked: Option<MediaId>) -> Result<UploadState, String> {
    let object = whole(raw)?;
    let id = MediaId(needed_id(&object)?);
    if asked.is_some_and(|asked| asked != id) {
        return Err("the answer is about another file".to_owned());
    }
    let Some(processing) = object.object("processing_info") else { return Ok(UploadState::Ready(id)) };
    Ok(match processing.text("state").as_deref() {
        Some("pending" | "in_progress") => {
            let after_s = processing.number("check_after_secs").and_then(|s| u64::try_from(s).ok()).unwrap_or(1);
            UploadState::Working { id, after_s }
        }
        Some("failed") => UploadState::Failed,
        _ => UploadState::Ready(id),
    })
}

fn whole(raw: &RawValue) -> Result<Object<'_>, String> {
    Object::read(raw).ok_or_else(|| "the answer's `data` is no object, or has a field twice".to_owned())
}

fn needed_id(object: &Object<'_>) -> Result<u64, String> {
    object.id("id").ok_or_else(|| "it has no valid `id`".to_owned())
}

/// Makes a typed model of the fields that we use. The models are of 2022, and would refuse an answer because of fields
/// that we do not need: an empty identifier, a new kind of reply setting.
fn typed<T: for<'de> Deserialize<'de>>(fields: &[(&str, &str)]) -> Result<T, String> {
    let fields = fields.iter().map(|(name, value)| (name.to_string(), Value::String(value.to_string())));
    let names = || fields.clone().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
    serde_json::from_value(Value::Object(fields.clone().collect::<Map<_, _>>()))
        .map_err(|_| format!("the answer has an invalid one of {}", names()))
}

#[cfg(test)]
mod tests;
