//! Public posts: made, and read with their links.

use serde_json::json;

use super::X;
use super::endpoint::Endpoint;
use super::names::Names;
use super::parse::{self, ApiAnswer};
use super::wire::Content;
use crate::base::ids::PostId;
use crate::platform::{Draft, Error, MentionPage, PageToken, Post};

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
        self.make(Endpoint::Post, self.url(format_args!("/2/tweets"), &[]), Content::Json(body), parse::posted).await
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

    pub(super) async fn own_posts_all(&self, after: PostId) -> Result<Vec<Post>, Error> {
        self.in_either(|names| self.own_posts_in(names, after)).await
    }

    async fn own_posts_in(&self, names: Names, after: PostId) -> Result<Vec<Post>, Error> {
        let me = self.own_id().await?;
        let (mut posts, mut next): (Vec<Post>, Option<PageToken>) = (Vec::new(), None);
        for _ in 0..OWN_POSTS_PAGES_MAX {
            let since = after.to_string();
            let mut query = vec![("max_results", "100"), (names.fields(), "entities")];
            query.extend((after > PostId(0)).then_some(("since_id", since.as_str())));
            query.extend(next.as_ref().map(|token| ("pagination_token", token.0.as_str())));
            let url = self.url(format_args!("/2/users/{me}/tweets"), &query);
            let read =
                |answer: &ApiAnswer<'_>| answer.list()?.into_iter().map(|raw| parse::post(raw, Some(me))).collect();
            let (page, token): (Vec<Post>, _) = self.page(Endpoint::OwnPosts, url, read).await?;
            posts.extend(page);
            next = token;
            if next.is_none() {
                posts.retain(|post| after < post.id);
                posts.sort_by_key(|post| std::cmp::Reverse(post.id));
                posts.dedup_by_key(|post| post.id);
                return Ok(posts);
            }
        }
        let what = format!("{}: more than {OWN_POSTS_PAGES_MAX} pages of posts after {after}", Endpoint::OwnPosts);
        Err(Error::Unavailable { what })
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
        query.extend(page.map(|token| ("pagination_token", token.0.as_str())));
        let url = self.url(format_args!("/2/users/{me}/mentions"), &query);
        let (mut mentions, next) = self.page(Endpoint::Mentions, url, parse::mentions).await?;
        mentions.retain(|mention| after < mention.id);
        mentions.sort_by_key(|mention| std::cmp::Reverse(mention.id));
        Ok(MentionPage { mentions, next })
    }

    pub(super) async fn post_by_id(&self, id: PostId) -> Result<Option<Post>, Error> {
        self.in_either(|names| self.post_in(names, id)).await
    }

    async fn post_in(&self, names: Names, id: PostId) -> Result<Option<Post>, Error> {
        let query = [(names.fields(), "entities"), ("expansions", "author_id")];
        let url = self.url(format_args!("/2/tweets/{id}"), &query);
        Ok(self.one(Endpoint::ReadPost, url, |raw| parse::post(raw, None)).await?.map(|(post, _)| post))
    }
}
