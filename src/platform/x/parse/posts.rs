//! Posts and mentions. X names what they refer to in either vocabulary.

use serde::Deserialize;
use serde_json::value::RawValue;
use twitter_v2::Tweet;

use super::{ApiAnswer, Entities, decode, only, positive, positive_text, shape};
use crate::base::ids::{AccountId, PostId};
use crate::platform::{Mention, Post};

/// The identifier of what was posted. X's answer to a new post has been seen with `"edit_history_tweet_ids":[""]`.
pub(in crate::platform::x) fn posted(raw: &RawValue) -> Result<PostId, String> {
    let tweet: Tweet = only(raw, &["id"], &["text"])?;
    Ok(PostId(positive(tweet.id.as_u64())?))
}

/// Fields that the models of 2022 lack, under either name.
#[derive(Deserialize)]
struct Extras {
    entities: Option<Entities>,
    conversation_id: Option<String>,
    referenced_posts: Option<Vec<Reference>>,
    referenced_tweets: Option<Vec<Reference>>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
}

impl Extras {
    fn read(raw: &RawValue) -> Result<Extras, String> {
        serde_json::from_str(raw.get()).map_err(|error| shape(&error))
    }

    fn references(&self) -> impl Iterator<Item = &Reference> {
        self.referenced_posts.iter().chain(&self.referenced_tweets).flatten()
    }

    fn is(&self, kind: &str) -> bool {
        self.references().any(|reference| reference.kind.as_deref() == Some(kind))
    }

    /// The post that is referred to in this way.
    fn reference(&self, kind: &str) -> Option<PostId> {
        let mut found = self.references().filter(|reference| reference.kind.as_deref() == Some(kind));
        found.find_map(|reference| reference.id.as_deref().and_then(positive_text)).map(PostId)
    }
}

/// A post. `author` is used if the answer does not name one.
pub(in crate::platform::x) fn post(raw: &RawValue, author: Option<AccountId>) -> Result<Post, String> {
    let tweet: Tweet = only(raw, &["id", "text", "author_id"], &[])?;
    let named = tweet.author_id.map(|id| positive(id.as_u64()).map(AccountId)).transpose()?;
    let author = named.or(author).ok_or("a post without `author_id`")?;
    let mut links = Extras::read(raw)?.entities.and_then(|entities| entities.urls).unwrap_or_default();
    links.sort_by_key(|link| link.start);
    let links = links.into_iter().filter_map(|link| Some((link.url?, link.expanded_url?))).collect();
    Ok(Post { id: PostId(positive(tweet.id.as_u64())?), author, text: decode(&tweet.text), links })
}

/// The mentions of a page, in X's order. A repost has no words of its own, so it is not a mention.
pub(in crate::platform::x) fn mentions(answer: &ApiAnswer<'_>) -> Result<Vec<Mention>, String> {
    let mut mentions = Vec::new();
    for raw in answer.list()? {
        let (post, extras) = (post(raw, None)?, Extras::read(raw)?);
        if extras.is("retweeted") {
            continue;
        }
        mentions.push(Mention {
            id: post.id,
            author: post.author,
            name: answer.name_of(post.author),
            text: post.text,
            answers: extras.reference("replied_to"),
            quotes: extras.reference("quoted"),
            conversation: extras.conversation_id.as_deref().and_then(positive_text).map(PostId),
        });
    }
    Ok(mentions)
}
