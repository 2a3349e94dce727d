//! Posts and mentions. X names what they refer to in either vocabulary.

use serde_json::value::RawValue;
use twitter_v2::Tweet;

use super::{ApiAnswer, Elements, decode, links, needed_id, typed, whole};
use crate::base::ids::{AccountId, PostId};
use crate::platform::x::object::{Object, id, id_text};
use crate::platform::{Mention, Post, PostState};

/// X's words for a post, in its errors.
const ABSENT: [&str; 2] = ["tweet", "post"];

/// The identifier of what was posted. X's answer to a new post has been seen with `"edit_history_tweet_ids":[""]`.
pub(in crate::platform::x) fn posted(raw: &RawValue) -> Result<PostId, String> {
    let tweet: Tweet = typed(&[("id", &needed_id(&whole(raw)?)?.to_string()), ("text", "")])?;
    Ok(PostId(tweet.id.as_u64()))
}

/// The posts that a post refers to, in this way. Those that cannot be read are left out.
fn references<'a>(object: &Object<'a>, kind: &str) -> Vec<Object<'a>> {
    let all = ["referenced_posts", "referenced_tweets"].map(|name| object.list(name)).into_iter().flatten();
    all.filter_map(Object::read).filter(|reference| reference.text("type").as_deref() == Some(kind)).collect()
}

fn reference(object: &Object<'_>, kind: &str) -> Option<PostId> {
    references(object, kind).iter().find_map(|reference| reference.id("id")).map(PostId)
}

/// A post.
pub(in crate::platform::x) fn post(raw: &RawValue) -> Result<Post, String> {
    read(&whole(raw)?)
}

/// What became of the post that was asked for. A version with a greater number is a later one. That a post which X
/// withholds in some countries is shown with the list of them is assumed: no document says who is shown it.
pub(in crate::platform::x) fn post_state(raw: &RawValue, asked: PostId) -> Result<PostState, String> {
    let object = whole(raw)?;
    let post = read(&object)?;
    if post.id != asked {
        return Err(format!("the answer is about another post, {}", post.id));
    }
    let versions = ["edit_history_post_ids", "edit_history_tweet_ids"].map(|name| object.list(name));
    if versions.into_iter().flatten().filter_map(id).any(|version| asked.0 < version) {
        return Ok(PostState::Edited);
    }
    let is_withheld = |it: &Object<'_>| !it.list("country_codes").is_empty() || it.raw("scope").is_some();
    let is_hidden = object.object("withheld").is_some_and(|it| is_withheld(&it));
    Ok(if is_hidden { PostState::Hidden } else { PostState::Stands(post) })
}

fn read(object: &Object<'_>) -> Result<Post, String> {
    let author = object.id("author_id").map(AccountId).ok_or("a post without a valid `author_id`")?;
    let text = object.text("text").ok_or("it has no valid `text`")?;
    let tweet: Tweet = typed(&[("id", &needed_id(object)?.to_string()), ("text", &text)])?;
    let links = links(object).into_iter().map(|link| (link.url, link.expanded)).collect();
    Ok(Post { id: PostId(tweet.id.as_u64()), author, text: decode(&tweet.text), links })
}

/// The posts of an account on a page, in X's order. One that `fits` refuses counts as unreadable.
pub(in crate::platform::x) fn own_posts(
    answer: &ApiAnswer<'_>,
    fits: impl Fn(&Post) -> Result<(), String>,
) -> Elements<Post, PostId> {
    answer.each(PostId, &ABSENT, |_, object| {
        let post = read(object)?;
        fits(&post)?;
        Ok(Some(post))
    })
}

/// The mentions of a page, in X's order. A repost has no words of its own, so it is not a mention. One that `fits` refuses
/// counts as unreadable.
pub(in crate::platform::x) fn mentions(
    answer: &ApiAnswer<'_>,
    fits: impl Fn(&Mention) -> Result<(), String>,
) -> Elements<Mention, PostId> {
    // Errors about posts are about those that mentions refer to: these may be gone.
    answer.each(PostId, &[], |_, object| {
        if !references(object, "retweeted").is_empty() {
            return Ok(None);
        }
        let post = read(object)?;
        let mention = Mention {
            id: post.id,
            author: post.author,
            name: answer.name_of(post.author),
            text: post.text,
            answers: reference(object, "replied_to"),
            quotes: reference(object, "quoted"),
            conversation: object.text("conversation_id").as_deref().and_then(id_text).map(PostId),
        };
        fits(&mention)?;
        Ok(Some(mention))
    })
}

#[cfg(test)]
mod tests;
