//! The calls of X that we make: their names, and whether they change anything.

use std::fmt;

/// A call of X. Each call has its own limits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Endpoint {
    Me,
    UserByName,
    UserById,
    Messages,
    MessagesWith,
    Conversation,
    Chats,
    ChatEvents,
    Send,
    Upload,
    UploadState,
    Post,
    OwnPosts,
    Mentions,
    ReadPost,
    Media,
}

/// Whether a call changes anything that somebody sees. Only then does an unknown outcome matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Access {
    Read,
    Write,
}

impl Endpoint {
    pub(super) fn access(self) -> Access {
        match self {
            Endpoint::Post | Endpoint::Send => Access::Write,
            _ => Access::Read,
        }
    }

    pub(super) fn method(self) -> &'static str {
        match self {
            Endpoint::Post | Endpoint::Send | Endpoint::Upload => "POST",
            _ => "GET",
        }
    }

    /// Whether answers are private. Then nothing of their words is repeated, not even of an error.
    pub(super) fn is_private(self) -> bool {
        use Endpoint::*;
        matches!(
            self,
            Messages | MessagesWith | Conversation | Chats | ChatEvents | Send | Upload | UploadState | Media
        )
    }

    /// The value in a path that names what is asked for. None if the call names nothing.
    pub(super) fn asked(self, path: &str) -> Option<&str> {
        let parts = self.pattern().rsplit('/').zip(path.rsplit('/'));
        parts.into_iter().find(|(name, _)| name.starts_with(':')).map(|(_, value)| value)
    }

    /// Whether X may call by this word, in its errors, what is asked for. Its documents name those of posts and accounts; of
    /// conversations it is assumed.
    pub(super) fn is_of_type(self, word: &str) -> bool {
        match self {
            Endpoint::ReadPost => matches!(word, "tweet" | "post"),
            Endpoint::MessagesWith => word == "user" || word.contains("conversation"),
            Endpoint::Conversation | Endpoint::ChatEvents => word.contains("conversation"),
            _ => word == "user",
        }
    }

    /// The path as X's documentation writes it, without the values: this is what may be logged.
    pub(super) fn pattern(self) -> &'static str {
        match self {
            Endpoint::Me => "/2/users/me",
            Endpoint::UserByName => "/2/users/by/username/:username",
            Endpoint::UserById => "/2/users/:id",
            Endpoint::Messages => "/2/dm_events",
            Endpoint::MessagesWith => "/2/dm_conversations/with/:id/dm_events",
            Endpoint::Send => "/2/dm_conversations/…/messages",
            Endpoint::Upload | Endpoint::UploadState => "/2/media/upload",
            Endpoint::Mentions => "/2/users/:id/mentions",
            Endpoint::Conversation => "/2/dm_conversations/:id/dm_events",
            Endpoint::Chats => "/2/chat/conversations",
            Endpoint::ChatEvents => "/2/chat/conversations/:id/events",
            Endpoint::Post => "/2/tweets",
            Endpoint::OwnPosts => "/2/users/:id/tweets",
            Endpoint::ReadPost => "/2/tweets/:id",
            Endpoint::Media => "(a file)",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method(), self.pattern())
    }
}
