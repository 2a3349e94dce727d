//! Conversations that are upgraded to encrypted ones (X Chat), and messages that disappear.
//!
//! That the messages of an upgraded conversation are missing from the lists of direct messages from that moment on, without
//! an error, is what users of X report. Invented, since no document says it: that the list of conversations has the
//! unencrypted ones too, that reading it costs nothing and has no limit, and what an encrypted event looks like inside.

use super::{Conversation, Event, EventKind, Refusal, World};
use crate::base::ids::{AccountId, ConversationId, MessageId};
use crate::base::time::Time;

/// A conversation as the list of encrypted ones shows it.
pub struct ChatConversation {
    /// The smaller number, `-`, the larger one; or `g` and the number of a group.
    pub id: ConversationId,
    /// Who is in it.
    pub members: Vec<AccountId>,
    /// Whether it is a group.
    pub is_group: bool,
    /// After how long its messages disappear, in milliseconds.
    pub ttl_ms: Option<i64>,
    /// Its newest message.
    pub newest: Option<MessageId>,
    /// Its newest event of any kind.
    pub last: MessageId,
}

/// Some of these, the one with the newest event first.
pub struct ChatPage {
    /// The conversations.
    pub conversations: Vec<ChatConversation>,
    /// The newest event of the last of them, if there are more.
    pub next: Option<MessageId>,
}

impl World {
    /// Upgrades a conversation: what is written in it from now on is encrypted.
    pub fn upgrade(&mut self, now: Time, id: &ConversationId) {
        let after = MessageId(self.next_id(now));
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.encrypted_after.get_or_insert(after);
        }
    }

    /// Takes an upgrade back: the messages are listed again. X does no such thing, as far as anybody knows.
    pub fn downgrade(&mut self, id: &ConversationId) {
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.encrypted_after = None;
        }
    }

    /// Lets the messages of a conversation disappear after so many milliseconds, or stay with None.
    pub fn set_ttl(&mut self, id: &ConversationId, ttl_ms: Option<i64>) {
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.ttl_ms = ttl_ms;
        }
    }

    /// Whether nothing unencrypted can be written in a conversation any more.
    ///
    /// # Errors
    /// [`Refusal::Encrypted`].
    pub fn check_unencrypted(&self, id: &ConversationId) -> Result<(), Refusal> {
        let encrypted = self.conversations.get(id).is_some_and(|known| known.encrypted_after.is_some());
        if encrypted { Err(Refusal::Encrypted) } else { Ok(()) }
    }

    /// Whether an event is encrypted.
    pub fn is_event_encrypted(&self, event: &Event) -> bool {
        let known = self.conversations.get(&event.conversation);
        known.and_then(|known| known.encrypted_after).is_some_and(|after| after < event.id)
    }

    /// Whether an event is gone because the messages of its conversation disappear.
    pub(super) fn has_disappeared(&self, now: Time, event: &Event) -> bool {
        let ttl_ms = self.conversations.get(&event.conversation).and_then(|known| known.ttl_ms);
        ttl_ms.is_some_and(|ttl_ms| event.id.moment().plus_ms(ttl_ms) <= now)
    }

    /// The user's conversations of which something happened before `before`, at most `size`.
    pub fn chats(&self, user: AccountId, size: usize, before: Option<MessageId>) -> ChatPage {
        let of = self.conversations.iter().filter(|(_, known)| known.members.contains(&user));
        let mut all: Vec<ChatConversation> = of.filter_map(|(id, known)| self.chat(id, known)).collect();
        all.retain(|chat| before.is_none_or(|before| chat.last < before));
        all.sort_by_key(|chat| std::cmp::Reverse(chat.last));
        let has_more = size < all.len();
        all.truncate(size);
        let next = all.last().filter(|_| has_more).map(|chat| chat.last);
        ChatPage { conversations: all, next }
    }

    fn chat(&self, id: &ConversationId, known: &Conversation) -> Option<ChatConversation> {
        let events = || self.events.values().rev().filter(|event| event.conversation == *id);
        let newest = events().find(|event| matches!(event.kind, EventKind::Message { .. })).map(|event| event.id);
        Some(ChatConversation {
            id: chat_id(id),
            members: known.members.iter().copied().collect(),
            is_group: known.is_group,
            ttl_ms: known.ttl_ms,
            newest,
            last: events().next()?.id,
        })
    }

    /// The newest events of a conversation, encrypted and not, newest first; and whether it was upgraded. It is named as
    /// the list names it, or by the other account's number.
    ///
    /// # Errors
    /// [`Refusal::NoConversation`].
    pub fn chat_events(&self, user: AccountId, named: &str, size: usize) -> Result<(Vec<Event>, bool), Refusal> {
        let other = AccountId::parse(named).map(|other| ConversationId::between(user, other));
        let is_named = |id: &&ConversationId| chat_id(id).as_str() == named || Some(*id) == other.as_ref();
        let id = self.conversations.keys().find(is_named).filter(|id| self.is_member(user, id));
        let id = id.ok_or(Refusal::NoConversation)?;
        let events = self.events.values().rev().filter(|event| event.conversation == *id);
        let is_upgraded = self.conversations.get(id).is_some_and(|known| known.encrypted_after.is_some());
        Ok((events.take(size).cloned().collect(), is_upgraded))
    }
}

/// The name of a conversation in the list of encrypted ones.
fn chat_id(id: &ConversationId) -> ConversationId {
    let is_group = id.pair().is_none();
    let text = if is_group { format!("g{id}") } else { id.to_string() };
    ConversationId::parse(&text).expect("a number, or two, is a conversation's identifier")
}
