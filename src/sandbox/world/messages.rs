//! Conversations, the direct messages in them, and their files.

use std::collections::BTreeSet;

use super::words::{self, Words};
use super::{Refusal, World};
use crate::base::ids::{AccountId, ConversationId, MediaId, MessageId};
use crate::base::time::Time;
use crate::platform::price::Billed;
use crate::platform::{MESSAGE_CHARS_MAX, Purpose};

/// Between whom messages go.
#[derive(Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Who reads and writes in it.
    pub members: BTreeSet<AccountId>,
    /// Whether it was made as a group.
    pub is_group: bool,
    /// Everything later than this number is encrypted. None as long as nothing is.
    pub encrypted_after: Option<MessageId>,
    /// After how long its messages disappear, in milliseconds. None if they do not.
    pub ttl_ms: Option<i64>,
}

impl Conversation {
    fn of(members: BTreeSet<AccountId>, is_group: bool) -> Conversation {
        Conversation { members, is_group, encrypted_after: None, ttl_ms: None }
    }
}

/// Something that happened in a conversation. No Debug: its text is private.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// Its identifier, with its moment inside.
    pub id: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// Who did it.
    pub sender: AccountId,
    /// What.
    pub kind: EventKind,
    /// Never listed and not found by its identifier, as X does with conversations that it encrypts.
    pub is_hidden: bool,
    /// Listed in a form that no program can read.
    pub is_odd: bool,
}

/// What happened in a conversation.
#[derive(Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A message was sent.
    Message {
        /// Its text as the platform returns it, a link for its file included.
        words: Words,
        /// Its text as it was written.
        written: String,
        /// Its files, in order.
        media: Vec<MediaId>,
    },
    /// These joined.
    Join(Vec<AccountId>),
    /// These left.
    Leave(Vec<AccountId>),
}

impl EventKind {
    /// X's name of the kind.
    pub fn name(&self) -> &'static str {
        match self {
            EventKind::Message { .. } => "MessageCreate",
            EventKind::Join(_) => "ParticipantsJoin",
            EventKind::Leave(_) => "ParticipantsLeave",
        }
    }
}

/// A message to be sent.
#[derive(Clone, Default)]
pub struct Outgoing {
    /// The text; may be empty if there is a file.
    pub text: String,
    /// Files uploaded before.
    pub media: Vec<MediaId>,
}

impl Outgoing {
    /// A message without files.
    pub fn text(text: &str) -> Outgoing {
        Outgoing { text: text.to_owned(), media: Vec::new() }
    }
}

/// Which events of a user's conversations are asked for.
#[derive(Clone, Copy)]
pub struct EventListing<'a> {
    /// Only of this conversation.
    pub conversation: Option<&'a ConversationId>,
    /// Only of these kinds, by X's names; of all if empty.
    pub kinds: &'a [&'a str],
    /// Most events.
    pub size: usize,
    /// Only older ones than this.
    pub before: Option<MessageId>,
}

/// Events, newest first.
pub struct EventPage {
    /// The events.
    pub events: Vec<Event>,
    /// The oldest of them, if there are older ones.
    pub next: Option<MessageId>,
}

impl World {
    /// Sends a message to one other user.
    ///
    /// # Errors
    /// [`Refusal::NoRecipient`], [`Refusal::RecipientSuspended`], and those of [`World::send_in`].
    pub fn send(&mut self, now: Time, from: AccountId, to: AccountId, what: &Outgoing) -> Result<MessageId, Refusal> {
        if !self.users.contains_key(&to) || from == to {
            return Err(Refusal::NoRecipient);
        }
        if self.users.get(&to).is_some_and(|user| user.is_suspended) {
            return Err(Refusal::RecipientSuspended);
        }
        self.check(from, what)?;
        let id = ConversationId::between(from, to);
        let members = BTreeSet::from([from, to]);
        self.conversations.entry(id.clone()).or_insert_with(|| Conversation::of(members, false));
        self.send_in(now, from, &id, what)
    }

    /// Sends a message in a conversation that exists.
    ///
    /// # Errors
    /// [`Refusal::NoConversation`], [`Refusal::NotAccepting`], [`Refusal::Empty`], [`Refusal::TooLong`],
    /// [`Refusal::BadMedia`].
    pub fn send_in(
        &mut self,
        now: Time,
        from: AccountId,
        conversation: &ConversationId,
        what: &Outgoing,
    ) -> Result<MessageId, Refusal> {
        if !self.conversations.get(conversation).is_some_and(|known| known.members.contains(&from)) {
            return Err(Refusal::NoConversation);
        }
        if let Some((one, other)) = conversation.pair() {
            let to = if one == from { other } else { one };
            if self.settings.refuses_closed && !self.receives(to, from) {
                return Err(Refusal::NotAccepting);
            }
        }
        self.check(from, what)?;
        let id = MessageId(self.next_id(now));
        let tail = what.media.first().map(|media| format!("https://x.com/messages/media/{id}/{media}"));
        let words = words::dress(&what.text, tail, &mut self.rng);
        let kind = EventKind::Message { words, written: what.text.clone(), media: what.media.clone() };
        self.add_event(id, conversation.clone(), from, kind);
        self.counts.add(Billed::MessageSend);
        Ok(id)
    }

    /// Makes a group of `from` and 2 to 49 others, and sends its first message.
    ///
    /// # Errors
    /// [`Refusal::NoRecipient`], [`Refusal::Invalid`] for the number of members, and those of [`World::send_in`].
    pub fn make_group(
        &mut self,
        now: Time,
        from: AccountId,
        others: &[AccountId],
        what: &Outgoing,
    ) -> Result<(ConversationId, MessageId), Refusal> {
        self.check(from, what)?;
        if others.iter().any(|id| !self.users.contains_key(id)) {
            return Err(Refusal::NoRecipient);
        }
        let mut members: BTreeSet<AccountId> = others.iter().copied().collect();
        members.insert(from);
        if !(3..=50).contains(&members.len()) {
            return Err(Refusal::invalid("participant_ids", others.len(), "2 to 49 others make a group"));
        }
        let number = self.next_id(now);
        let id = ConversationId::parse(&number.to_string()).expect("one decimal number is a conversation's identifier");
        let joined = members.iter().copied().collect();
        self.conversations.insert(id.clone(), Conversation::of(members, true));
        let join = MessageId(self.next_id(now));
        self.add_event(join, id.clone(), from, EventKind::Join(joined));
        let message = self.send_in(now, from, &id, what)?;
        Ok((id, message))
    }

    /// Takes a user out of a group.
    ///
    /// # Errors
    /// [`Refusal::NoConversation`] also if the user is not in it.
    pub fn leave(&mut self, now: Time, user: AccountId, id: &ConversationId) -> Result<MessageId, Refusal> {
        let group = self.conversations.get_mut(id).filter(|known| known.is_group).ok_or(Refusal::NoConversation)?;
        if !group.members.remove(&user) {
            return Err(Refusal::NoConversation);
        }
        let event = MessageId(self.next_id(now));
        self.add_event(event, id.clone(), user, EventKind::Leave(vec![user]));
        Ok(event)
    }

    /// A conversation.
    pub fn conversation(&self, id: &ConversationId) -> Option<&Conversation> {
        self.conversations.get(id)
    }

    /// All conversations.
    pub fn conversations(&self) -> impl Iterator<Item = (&ConversationId, &Conversation)> {
        self.conversations.iter()
    }

    /// All events, oldest first, hidden and old ones included: what really happened.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.values()
    }

    /// The events of the user's conversations as the platform lists them, put on the bill.
    ///
    /// # Errors
    /// [`Refusal::NoConversation`] if one is asked for that the user is not in.
    pub fn list_events(&mut self, now: Time, user: AccountId, asked: EventListing<'_>) -> Result<EventPage, Refusal> {
        if asked.conversation.is_some_and(|id| !self.is_member(user, id)) {
            return Err(Refusal::NoConversation);
        }
        let oldest = MessageId::first_at(now.plus_ms(-self.settings.retention_ms));
        let end = asked.before.unwrap_or(MessageId(u64::MAX));
        let lag_ms = self.settings.message_lag_ms;
        let listed = now.plus_ms(-lag_ms);
        let mut found: Vec<&Event> = Vec::new();
        if oldest < end {
            let in_time = self.events.range(oldest..end).rev().map(|(_, event)| event);
            let wanted = in_time.filter(|event| {
                let is_listed = (lag_ms == 0 || event.id.moment() <= listed) && !self.has_disappeared(now, event);
                is_listed && fits(event, &asked) && self.may_read(user, event)
            });
            found = wanted.take(asked.size.saturating_add(1)).collect();
        }
        let has_more = asked.size < found.len();
        found.truncate(asked.size);
        let events: Vec<Event> = found.into_iter().cloned().collect();
        for event in &events {
            self.counts.add_read(now, Billed::MessageRead, event.id.0);
        }
        let next = events.last().filter(|_| has_more).map(|event| event.id);
        Ok(EventPage { events, next })
    }

    /// One event, put on the bill.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] also if the user is not in its conversation.
    pub fn event_for(&mut self, now: Time, user: AccountId, id: MessageId) -> Result<Event, Refusal> {
        let oldest = MessageId::first_at(now.plus_ms(-self.settings.retention_ms));
        let event = self.events.get(&id).filter(|event| oldest <= event.id && self.may_read(user, event)).cloned();
        let event = event.ok_or_else(|| no_event(id))?;
        self.counts.add_read(now, Billed::MessageRead, id.0);
        Ok(event)
    }

    /// Deletes an event of the user's own.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Forbidden`] if it is another's.
    pub fn delete_event(&mut self, user: AccountId, id: MessageId) -> Result<(), Refusal> {
        let event = self.events.get(&id).filter(|event| self.may_read(user, event)).ok_or_else(|| no_event(id))?;
        if event.sender != user {
            return Err(Refusal::Forbidden { why: "You can delete only your own messages." });
        }
        self.events.remove(&id);
        self.counts.add(Billed::MessageDelete);
        Ok(())
    }

    /// Lets an event be listed without its conversation from now on.
    pub fn set_odd(&mut self, id: MessageId) {
        if let Some(event) = self.events.get_mut(&id) {
            event.is_odd = true;
        }
    }

    /// Hides an event from everybody, or shows it again.
    pub fn set_hidden(&mut self, id: MessageId, is_hidden: bool) {
        if let Some(event) = self.events.get_mut(&id) {
            event.is_hidden = is_hidden;
        }
    }

    pub(super) fn is_member(&self, user: AccountId, id: &ConversationId) -> bool {
        self.conversations.get(id).is_some_and(|known| known.members.contains(&user))
    }

    pub(super) fn may_read(&self, user: AccountId, event: &Event) -> bool {
        !event.is_hidden && self.is_member(user, &event.conversation) && !self.is_event_encrypted(event)
    }

    fn add_event(&mut self, id: MessageId, conversation: ConversationId, sender: AccountId, kind: EventKind) {
        self.events.insert(id, Event { id, conversation, sender, kind, is_hidden: false, is_odd: false });
    }

    fn check(&self, from: AccountId, what: &Outgoing) -> Result<(), Refusal> {
        if what.text.is_empty() && what.media.is_empty() {
            return Err(Refusal::Empty);
        }
        if MESSAGE_CHARS_MAX < what.text.chars().count() {
            return Err(Refusal::TooLong);
        }
        let fits = |id| self.owned_file(from, id, Purpose::Message).is_some();
        if what.media.iter().all(|id| fits(*id)) { Ok(()) } else { Err(Refusal::BadMedia) }
    }
}

fn fits(event: &Event, asked: &EventListing<'_>) -> bool {
    asked.conversation.is_none_or(|id| event.conversation == *id)
        && (asked.kinds.is_empty() || asked.kinds.contains(&event.kind.name()))
}

fn no_event(id: MessageId) -> Refusal {
    Refusal::NotFound { kind: "dm_event", parameter: "event_id", value: id.to_string() }
}
