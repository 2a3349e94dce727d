//! What X calls posts, and how it is asked for them.

/// The names of parameters and values when posts are read. X renamed them in 2026, and may refuse the old or the new
/// ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Names {
    #[default]
    Post,
    Tweet,
}

impl Names {
    pub(super) fn other(self) -> Names {
        match self {
            Names::Post => Names::Tweet,
            Names::Tweet => Names::Post,
        }
    }

    pub(super) fn fields(self) -> &'static str {
        match self {
            Names::Post => "post.fields",
            Names::Tweet => "tweet.fields",
        }
    }

    pub(super) fn references(self) -> &'static str {
        match self {
            Names::Post => "author_id,referenced_posts",
            Names::Tweet => "author_id,referenced_tweets.id",
        }
    }

    pub(super) fn versions(self) -> &'static str {
        match self {
            Names::Post => "author_id,edit_history_post_ids",
            Names::Tweet => "author_id,edit_history_tweet_ids",
        }
    }
}
