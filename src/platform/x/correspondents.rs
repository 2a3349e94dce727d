//! Those whom messages go to: whether their accounts take ours, and whether their conversations can be read.
//!
//! Facts from X's document of October 2026 (2.173). It says where a key's version stands: in the events of a conversation,
//! not in the list of conversations. What no document says, and is assumed here: that the list has unencrypted
//! conversations too (else `is_encrypted` alone finds out, since it is asked for those that are not listed as well);
//! that `newest_event_id` is numbered with the time inside, as messages are (else the conversation is told as unreadable);
//! that the group `g17` of the list is the group `17` of the messages (else it has no messages, which is told).

use serde_json::value::RawValue;

use super::clocks::Clocks;
use super::endpoint::Endpoint;
use super::parse::{self, ApiAnswer, chat};
use super::wire::{Missing, PLACE};
use super::{One, Page, X};
use crate::base::ids::{AccountId, ConversationId, MessageId};
use crate::note::recipient::RecipientRecord;
use crate::platform::{ConversationPage, Error, PageToken, Recipient, Unreadable};

/// Conversations on a page: X allows 1,000.
const PAGE_SIZE: &str = "200";

/// Events that are read of a conversation: the newest.
const EVENTS: &str = "20";

/// The longest record of an account: X's own have some hundred bytes.
const RECORD_BYTES_MAX: usize = 64 * 1024;

impl X {
    /// What X shows of an account, with whether it takes our messages and follows us.
    pub(super) async fn show_recipient(&self, id: AccountId) -> Result<Recipient, Error> {
        let url = self.url(format_args!("/2/users/{id}"), &[("user.fields", "receives_your_dm,connection_status")]);
        Ok(match self.one(Endpoint::UserById, url, |raw, _| recipient(raw, id)).await? {
            One::Found(recipient, _) => recipient,
            One::Missing(Missing::Absent) => Recipient::Absent,
            One::Missing(Missing::Suspended) => Recipient::Suspended,
        })
    }

    pub(super) async fn list_conversations(&self, page: Option<&PageToken>) -> Result<ConversationPage, Error> {
        let mut query = vec![
            ("max_results", PAGE_SIZE),
            ("chat_conversation.fields", "id,type,message_ttl_ms,newest_event_id,group_description_key_version"),
            ("expansions", "participant_ids"),
        ];
        query.extend(page.map(|token| (PLACE, token.0.as_str())));
        let url = self.url(format_args!("/2/chat/conversations"), &query);
        let read = |answer: &ApiAnswer<'_>, _: Clocks| chat::conversations(answer);
        let Page { items: conversations, unreadable, next, .. } = self.page(Endpoint::Chats, url, read).await?;
        Ok(ConversationPage { conversations, unreadable, next })
    }

    pub(super) async fn has_key(&self, conversation: &ConversationId) -> Result<Option<bool>, Error> {
        let query = [("max_results", EVENTS), ("chat_message_event.fields", "id,conversation_key_version")];
        let url = self.url(format_args!("/2/chat/conversations/{conversation}/events"), &query);
        let read = |answer: &ApiAnswer<'_>, _: Clocks| chat::encrypted(answer);
        let Some(page) = self.page_if_any(Endpoint::ChatEvents, url, read).await? else { return Ok(None) };
        let has_key = page.items.contains(&true);
        if !has_key && !page.unreadable.is_empty() {
            return Err(unread(Endpoint::ChatEvents, &page.unreadable));
        }
        Ok(Some(has_key))
    }

    pub(super) async fn newest_in(&self, conversation: &ConversationId) -> Result<Option<MessageId>, Error> {
        let query =
            [("max_results", "1"), ("event_types", "MessageCreate"), ("dm_event.fields", "id,event_type,created_at")];
        let conversation = in_messages(conversation);
        let url = self.url(format_args!("/2/dm_conversations/{conversation}/dm_events"), &query);
        let read = |answer: &ApiAnswer<'_>, _: Clocks| chat::numbers(answer);
        let Some(page) = self.page_if_any(Endpoint::Conversation, url, read).await? else { return Ok(None) };
        if !page.unreadable.is_empty() {
            return Err(unread(Endpoint::Conversation, &page.unreadable));
        }
        Ok(page.items.into_iter().max())
    }
}

/// The account that was asked for. An answer about another one is none.
fn recipient(raw: &RawValue, asked: AccountId) -> Result<Recipient, String> {
    let record = raw.get().as_bytes();
    if RECORD_BYTES_MAX < record.len() {
        return Err(format!("the record has {} bytes, more than {RECORD_BYTES_MAX}", record.len()));
    }
    let (account, says) = (parse::account(raw)?, RecipientRecord::read(record)?);
    if account.id != asked || says.id != Some(asked) {
        return Err(format!("the answer is about another account, {account}"));
    }
    Ok(Recipient::Shown { account, says, record: record.to_vec() })
}

/// Something that is needed cannot be read.
fn unread<Id>(endpoint: Endpoint, unreadable: &[Unreadable<Id>]) -> Error {
    let why = unreadable.first().map(|one| one.why.as_str()).unwrap_or_default();
    Error::Unavailable { what: format!("{endpoint}: an element cannot be read: {why}") }
}

/// A conversation as the paths of messages name it: the smaller number first, a group without its `g`.
fn in_messages(conversation: &ConversationId) -> String {
    match conversation.pair() {
        Some((one, other)) => ConversationId::between(one, other).to_string(),
        None => conversation.as_str().trim_start_matches('g').to_owned(),
    }
}
