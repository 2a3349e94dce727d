//! What the port shows of those whom messages go to.

use super::shapes;
use crate::base::ids::{AccountId, ConversationId, MessageId};
use crate::base::time::Time;
use crate::note::recipient::RecipientRecord;
use crate::platform::{ConversationPage, ListedConversation, PageToken, Recipient};
use crate::sandbox::shapes::Asked;
use crate::sandbox::world::{EventListing, Refusal, World};

/// Conversations on a page.
const PAGE_SIZE: usize = 200;

/// Events that are read of a conversation.
const EVENTS: usize = 20;

/// An account as it is shown to `asking`, put on the bill.
pub(super) fn recipient(world: &mut World, now: Time, asking: AccountId, id: AccountId) -> Recipient {
    let Some(user) = world.user(id) else { return Recipient::Absent };
    if user.is_suspended {
        return Recipient::Suspended;
    }
    let mut asked = Asked::default();
    asked.user.extend(["receives_your_dm", "connection_status"].map(str::to_owned));
    let mut record = shapes::user(user, &asked);
    shapes::add_relation(world, id, asking, &asked, &mut record);
    let (account, record) = (user.account.clone(), record.to_string().into_bytes());
    world.bill_user(now, id);
    let says = RecipientRecord::read(&record).expect("the record that was just written is one");
    Recipient::Shown { account, says, record }
}

/// A page of conversations.
pub(super) fn conversations(world: &World, user: AccountId, before: Option<u64>) -> Result<ConversationPage, Refusal> {
    let page = world.chats(user, PAGE_SIZE, before.map(MessageId));
    let conversations = page.conversations.into_iter().map(|chat| ListedConversation {
        id: chat.id,
        members: chat.members,
        ttl_ms: chat.ttl_ms.and_then(|ttl_ms| u64::try_from(ttl_ms).ok()),
        newest: chat.newest,
        has_key: false,
    });
    let next = page.next.map(|id| PageToken(id.to_string()));
    Ok(ConversationPage { conversations: conversations.collect(), unreadable: Vec::new(), next })
}

/// Whether one of the newest events is encrypted, or the conversation has got its keys.
pub(super) fn is_encrypted(world: &World, user: AccountId, id: &ConversationId) -> Result<Option<bool>, Refusal> {
    match world.chat_events(user, id.as_str(), EVENTS) {
        Err(Refusal::NoConversation) => Ok(None),
        events => events.map(|(_, is_upgraded)| Some(is_upgraded)),
    }
}

/// The newest message of a conversation that is listed.
pub(super) fn newest_message(
    world: &mut World,
    now: Time,
    user: AccountId,
    conversation: &ConversationId,
) -> Result<Option<MessageId>, Refusal> {
    let id = match conversation.pair() {
        Some((one, other)) => Some(ConversationId::between(one, other)),
        None => ConversationId::parse(conversation.as_str().trim_start_matches('g')),
    };
    let asked = EventListing { conversation: id.as_ref(), kinds: &["MessageCreate"], size: 1, before: None };
    match world.list_events(now, user, asked) {
        Err(Refusal::NoConversation) => Ok(None),
        page => page.map(|page| page.events.first().map(|event| event.id)),
    }
}
