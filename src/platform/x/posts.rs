//! Public posts: made, and read with their links.

use std::collections::BTreeMap;

use serde_json::json;
use serde_json::value::RawValue;

use super::clocks::Clocks;
use super::endpoint::Endpoint;
use super::names::Names;
use super::parse::{self, ApiAnswer};
use super::wire::{Content, Missing, PLACE, Reply};
use super::{One, Page, X, errors, object, understood};
use crate::base::ids::{AccountId, Channel, PostId};
use crate::platform::{Draft, Error, MentionPage, OwnPosts, PageToken, Pages, Post, PostState, Turn};

/// X keeps 3,200 posts of a timeline in pages of 100.
const OWN_POSTS_PAGES_MAX: usize = 32;

impl X {
    pub(super) async fn create(&self, draft: &Draft) -> Result<PostId, Error> {
        let mut body = json!({ "text": draft.text });
        if let Some(id) = draft.answers {
            body["reply"] = json!({ "in_reply_to_tweet_id": id.to_string() });
        }
        if !draft.media.is_empty() {
            let ids: Vec<String> = draft.media.iter().map(ToString::to_string).collect();
            body["media"] = json!({ "media_ids": ids });
        }
        let read = |raw: &RawValue, clocks: Clocks| {
            let post = parse::posted(raw)?;
            clocks.made_now(Channel::X.moment(post))?;
            Ok(post)
        };
        self.make(Endpoint::Post, self.url(format_args!("/2/tweets"), &[]), Content::Json(body), read).await
    }

    /// Reads with the names that X used last. If X refuses them, it is asked once more with the others.
    async fn in_either<T, F>(&self, read: impl Fn(Names) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let names = self.wire.state().names;
        match read(names).await {
            Err(refused @ Error::Refused { .. }) => {
                let Ok(found) = read(names.other()).await else { return Err(refused) };
                self.wire.state().names = names.other();
                Ok(found)
            }
            answer => answer,
        }
    }

    pub(super) async fn own_posts_all(&self, after: PostId) -> Result<OwnPosts, Error> {
        self.in_either(|names| self.own_posts_in(names, after)).await
    }

    /// Reads our posts to the end of the list, which is by our own rule: no further page is named, the list repeats itself, or
    /// as many posts were read as X keeps. The newest come first, so whatever X names after that end is older than all of
    /// them.
    async fn own_posts_in(&self, names: Names, after: PostId) -> Result<OwnPosts, Error> {
        let me = self.own_id().await?;
        let (mut posts, mut unreadable) = (BTreeMap::new(), BTreeMap::new());
        let mut pages = Pages::new(OWN_POSTS_PAGES_MAX, 1);
        loop {
            let place: Vec<_> = pages.next().map(|token| (PLACE, token.0.as_str())).into_iter().collect();
            let page = self.own_posts_page(names, me, after, ("100", &place)).await?;
            let turn = pages.take(page.items.iter().map(|post| post.id.0), &page.unreadable, page.next);
            posts.extend(page.items.into_iter().map(|post| (post.id, post)));
            unreadable.extend(page.unreadable.into_iter().map(|one| (one.sha256, one)));
            if turn != Turn::More {
                break;
            }
        }
        let posts = posts.into_values().rev().filter(|post| after < post.id).collect();
        let unreadable = unreadable.into_values().filter(|one| one.id.is_none_or(|id| after < id)).collect();
        Ok(OwnPosts { posts, unreadable })
    }

    /// One page. Without the posts that answer others, it holds more of those that show a head.
    pub(super) async fn newest_own(&self, after: PostId, count: u32) -> Result<OwnPosts, Error> {
        let count = count.clamp(5, 100).to_string();
        self.in_either(|names| self.newest_own_in(names, after, &count)).await
    }

    async fn newest_own_in(&self, names: Names, after: PostId, count: &str) -> Result<OwnPosts, Error> {
        let me = self.own_id().await?;
        let asked = (count, &[("exclude", "replies,retweets")][..]);
        let Page { items: mut posts, mut unreadable, .. } = self.own_posts_page(names, me, after, asked).await?;
        posts.retain(|post| after < post.id);
        unreadable.retain(|one| one.id.is_none_or(|id| after < id));
        posts.sort_by_key(|post| std::cmp::Reverse(post.id));
        posts.dedup_by_key(|post| post.id);
        Ok(OwnPosts { posts, unreadable })
    }

    async fn own_posts_page(
        &self,
        names: Names,
        me: AccountId,
        after: PostId,
        (size, more): (&str, &[(&str, &str)]),
    ) -> Result<Page<Post, PostId>, Error> {
        let since = after.to_string();
        let mut query = vec![(names.fields(), "entities"), ("expansions", "author_id"), ("max_results", size)];
        query.extend((after > PostId(0)).then_some(("since_id", since.as_str())));
        query.extend(more);
        let url = self.url(format_args!("/2/users/{me}/tweets"), &query);
        let fits = |post: &Post, clocks: Clocks| {
            clocks.not_later(Channel::X.moment(post.id))?;
            if post.author == me { Ok(()) } else { Err(parse::OF_ANOTHER_ACCOUNT.to_owned()) }
        };
        let read = |answer: &ApiAnswer<'_>, clocks: Clocks| parse::own_posts(answer, |post| fits(post, clocks));
        self.page(Endpoint::OwnPosts, url, read).await
    }

    pub(super) async fn mentions_after(
        &self,
        after: PostId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MentionPage, Error> {
        self.in_either(|names| self.mentions_in(names, after, size, page)).await
    }

    async fn mentions_in(
        &self,
        names: Names,
        after: PostId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MentionPage, Error> {
        let me = self.own_id().await?;
        let (size, since) = (size.clamp(5, 100).to_string(), after.to_string());
        let mut query = vec![
            ("max_results", size.as_str()),
            (names.fields(), "conversation_id"),
            ("expansions", names.references()),
        ];
        query.extend((after > PostId(0)).then_some(("since_id", since.as_str())));
        query.extend(page.map(|token| (PLACE, token.0.as_str())));
        let url = self.url(format_args!("/2/users/{me}/mentions"), &query);
        let read = |answer: &ApiAnswer<'_>, clocks: Clocks| {
            parse::mentions(answer, |mention| clocks.not_later(Channel::X.moment(mention.id)))
        };
        let Page { items: mut mentions, mut unreadable, next, .. } = self.page(Endpoint::Mentions, url, read).await?;
        mentions.retain(|mention| after < mention.id);
        unreadable.retain(|one| one.id.is_none_or(|id| after < id));
        mentions.sort_by_key(|mention| std::cmp::Reverse(mention.id));
        Ok(MentionPage { mentions, unreadable, next })
    }

    pub(super) async fn post_by_id(&self, id: PostId) -> Result<Option<Post>, Error> {
        self.in_either(|names| self.post_in(names, id)).await
    }

    async fn post_in(&self, names: Names, id: PostId) -> Result<Option<Post>, Error> {
        let query = [(names.fields(), "entities"), ("expansions", "author_id")];
        let url = self.url(format_args!("/2/tweets/{id}"), &query);
        let read = |raw: &RawValue, _: Clocks| {
            let post = parse::post(raw)?;
            if post.id == id { Ok(post) } else { Err(format!("the answer is about another post, {}", post.id)) }
        };
        Ok(match self.one(Endpoint::ReadPost, url, read).await? {
            One::Found(post, _) => Some(post),
            One::Missing(_) => None,
        })
    }

    pub(super) async fn state_of(&self, id: PostId) -> Result<PostState, Error> {
        self.in_either(|names| self.state_in(names, id)).await
    }

    /// X keeps the versions of an edited post under numbers of their own, and names all of them with each.
    async fn state_in(&self, names: Names, id: PostId) -> Result<PostState, Error> {
        let endpoint = Endpoint::ReadPost;
        let query = [(names.fields(), "entities,withheld"), ("expansions", names.versions())];
        let url = self.url(format_args!("/2/tweets/{id}"), &query);
        let missing = |missing| match missing {
            Missing::Absent => Ok(PostState::Absent),
            Missing::Suspended => Err(Error::Refused { what: format!("{endpoint}: X has suspended the author") }),
        };
        let success = match self.wire.call(endpoint, url, Content::Nothing).await? {
            Reply::Success(success) => success,
            Reply::Missing(why) => return missing(why),
        };
        let text = object::text_of(&success.body);
        let answer = understood(endpoint, ApiAnswer::read(&text))?;
        if let Some(data) = answer.data {
            return understood(endpoint, parse::post_state(data, id));
        }
        if errors::says_hidden(&answer.errors, id) {
            return Ok(PostState::Hidden);
        }
        let failure = errors::classify_errors(endpoint, Some(&id.to_string()), &answer.errors);
        missing(self.wire.resolve(endpoint, failure, success.clocks)?)
    }
}
