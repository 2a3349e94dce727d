//! Of what kind the elements of a listing are. A proxy or a cache may give the answer to another question: each of its
//! elements would be read alone, as one that X writes oddly, or as a listing in which what is looked for is absent.

use super::{ApiAnswer, Elements};
use crate::platform::x::endpoint::Endpoint;
use crate::platform::x::object::{self, Object};

/// What only events of direct messages have.
const OF_EVENTS: [&str; 3] = ["event_type", "sender_id", "dm_conversation_id"];

/// What only an answer to a message that was sent has.
const OF_SENT: &str = "dm_event_id";

/// Why an element does not fit the conversation, or the account, that was asked for.
pub(in crate::platform::x) const OF_ANOTHER_CONVERSATION: &str = "it is of another conversation than was asked for";
pub(in crate::platform::x) const OF_ANOTHER_ACCOUNT: &str = "it is another account's";

/// All of these.
pub(super) const ELSEWHERE: [&str; 2] = [OF_ANOTHER_CONVERSATION, OF_ANOTHER_ACCOUNT];

impl<T, Id> Elements<T, Id> {
    /// Checks that something is of the conversation, or the account, that was asked for, if anything is listed at all.
    ///
    /// # Errors
    /// If everything is of another one: then it is no answer.
    pub(in crate::platform::x) fn check_place(&self) -> Result<(), String> {
        let is_any_here = !self.items.is_empty() || self.unreadable.iter().any(|one| !one.is_elsewhere);
        if is_any_here || self.unreadable.is_empty() {
            return Ok(());
        }
        Err("everything in the answer is of another conversation or account than was asked for".to_owned())
    }
}

impl ApiAnswer<'_> {
    /// Checks that something in a listing is of the kind that was asked for, if anything is listed at all. An element that
    /// is no object may be of any kind.
    ///
    /// # Errors
    /// If everything is of another kind: then it is no answer.
    pub(in crate::platform::x) fn check_kind(&self, endpoint: Endpoint) -> Result<(), String> {
        let elements = self.data.map(object::list).unwrap_or_default();
        let is_other = |object: Option<Object<'_>>| object.is_some_and(|object| !is_of(endpoint, &object));
        if elements.is_empty() || !elements.into_iter().map(Object::read).all(is_other) {
            return Ok(());
        }
        Err("everything in the answer is of another kind than was asked for".to_owned())
    }
}

/// Whether an object may be what this call lists, by the fields that it has.
fn is_of(endpoint: Endpoint, object: &Object<'_>) -> bool {
    let has = |name: &str| object.raw(name).is_some();
    match endpoint {
        Endpoint::Messages | Endpoint::MessagesWith | Endpoint::Conversation => {
            OF_EVENTS.into_iter().any(has) && !has(OF_SENT)
        }
        Endpoint::OwnPosts | Endpoint::Mentions => has("text") && !OF_EVENTS.into_iter().any(has),
        Endpoint::Chats | Endpoint::ChatEvents => {
            !["text", "username", "dm_conversation_id", OF_SENT].into_iter().any(has)
        }
        _ => true,
    }
}
