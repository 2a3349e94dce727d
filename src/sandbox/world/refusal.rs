//! Why the platform does not do what it is asked.

use super::Allowance;

/// A refusal by the platform itself: this is not a fault, and the call had no effect.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum Refusal {
    /// There is no such thing, or not for this user.
    #[error("could not find {kind} with {parameter} {value}")]
    NotFound { kind: &'static str, parameter: &'static str, value: String },
    /// There is such a post, and this user is not shown it.
    #[error("not authorized to see post {id}")]
    Hidden { id: String },
    /// The request itself is wrong.
    #[error("invalid {parameter} {value}: {why}")]
    Invalid { parameter: String, value: String, why: String },
    /// The user may not do this.
    #[error("not allowed: {why}")]
    Forbidden { why: &'static str },
    /// The user may not answer this post.
    #[error("no reply: {why}")]
    NoReply { why: &'static str },
    /// A post of more than 280 weighted characters.
    #[error("the post is too long: {weight} of 280 weighted characters")]
    PostTooLong { weight: usize },
    /// The same text is there already.
    #[error("duplicate content")]
    Duplicate,
    /// The conversation does not exist or the user is not in it.
    #[error("no such conversation")]
    NoConversation,
    /// The user who is asked for is suspended.
    #[error("the user with {parameter} {value} is suspended")]
    Suspended { parameter: &'static str, value: String },
    /// The receiver is suspended.
    #[error("the recipient is suspended")]
    RecipientSuspended,
    /// The receiver does not exist.
    #[error("no such recipient")]
    NoRecipient,
    /// The receiver takes no messages from this user.
    #[error("the recipient takes no messages from this account")]
    NotAccepting,
    /// The conversation is encrypted, and the call is not.
    #[error("the conversation is encrypted")]
    Encrypted,
    /// There is no such file, or it is somebody else's.
    #[error("no such media")]
    BadMedia,
    /// A message with neither text nor file.
    #[error("the message is empty")]
    Empty,
    /// A message of more than 10,000 characters.
    #[error("the message is too long")]
    TooLong,
    /// No more calls of this kind before the reset.
    #[error("too many calls until {}", .0.reset)]
    RateLimited(Allowance),
}

impl Refusal {
    pub(super) fn no_post(id: impl ToString) -> Refusal {
        Refusal::NotFound { kind: "post", parameter: "id", value: id.to_string() }
    }

    pub(super) fn invalid(parameter: &str, value: impl ToString, why: impl ToString) -> Refusal {
        Refusal::Invalid { parameter: parameter.to_owned(), value: value.to_string(), why: why.to_string() }
    }
}
