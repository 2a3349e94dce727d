//! Direct messages: listed, sent, and who is in a group.

use serde_json::json;

use super::X;
use super::endpoint::Endpoint;
use super::parse::{self, ApiAnswer, Change};
use super::wire::Content;
use crate::base::ids::{AccountId, ConversationId, MediaId};
use crate::platform::{Addressee, Error, Message, MessagePage, PageToken, Sent};

/// A group has at most 50 people; more comings and goings than this in 30 days are not read.
const GROUP_PAGES_MAX: usize = 10;

impl X {
    /// A page of messages, of all conversations or of one.
    pub(super) async fn list_messages(
        &self,
        endpoint: Endpoint,
        path: &str,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error> {
        let size = size.clamp(1, 100).to_string();
        // What the old and the new vocabulary have in common.
        let mut query = vec![
            ("max_results", size.as_str()),
            ("event_types", "MessageCreate"),
            ("dm_event.fields", "id,text,event_type,created_at,dm_conversation_id,attachments,entities"),
            ("expansions", "sender_id,attachments.media_keys"),
            ("media.fields", "media_key,type,url,variants"),
        ];
        query.extend(page.map(|token| ("pagination_token", token.0.as_str())));
        let url = self.url(format_args!("{path}"), &query);
        let found = match endpoint {
            // Nobody has written yet.
            Endpoint::MessagesWith => self.page_if_any(endpoint, url, parse::messages).await?,
            _ => Some(self.page(endpoint, url, parse::messages).await?),
        };
        let (messages, next): (Vec<Message>, _) = found.unwrap_or_default();
        Ok(MessagePage { messages, next })
    }

    /// Sends a message. X's two paths share their limits.
    pub(super) async fn send_to(&self, to: &Addressee, text: &str, media: Option<MediaId>) -> Result<Sent, Error> {
        let url = match to {
            Addressee::Account(id) => self.url(format_args!("/2/dm_conversations/with/{id}/messages"), &[]),
            Addressee::Conversation(id) => self.url(format_args!("/2/dm_conversations/{id}/messages"), &[]),
        };
        let mut body = json!({});
        if !text.is_empty() {
            body["text"] = json!(text);
        }
        if let Some(id) = media {
            body["attachments"] = json!([{ "media_id": id.to_string() }]);
        }
        self.make(Endpoint::Send, url, Content::Json(body), parse::sent).await
    }

    /// Who is in a group, by who joined and left. Of a group older than what X keeps, only those who wrote lately are
    /// known.
    pub(super) async fn group(&self, conversation: &ConversationId) -> Result<Vec<AccountId>, Error> {
        let (mut changes, mut next): (Vec<Change>, Option<PageToken>) = (Vec::new(), None);
        for _ in 0..GROUP_PAGES_MAX {
            let kinds = ("event_types", "ParticipantsJoin,ParticipantsLeave");
            let mut query = vec![("max_results", "100"), kinds, ("expansions", "sender_id,participant_ids")];
            query.extend(next.as_ref().map(|token| ("pagination_token", token.0.as_str())));
            let (page, token) = self.group_page(conversation, query, parse::changes).await?;
            changes.extend(page);
            next = token;
            if next.is_none() {
                break;
            }
        }
        if next.is_some() {
            // Not to be tried again: otherwise anybody in the group could stop the program by joining and leaving.
            let what = format!("{}: more than {GROUP_PAGES_MAX} pages of comings and goings", Endpoint::Conversation);
            return Err(Error::Refused { what });
        }
        let known = present(&changes);
        if !known.is_empty() {
            return Ok(known);
        }
        let query = vec![("max_results", "20"), ("event_types", "MessageCreate"), ("expansions", "sender_id")];
        let (senders, _) = self.group_page(conversation, query, parse::senders).await?;
        Ok(present(&[Change::Joined(senders)]))
    }

    async fn group_page<T>(
        &self,
        conversation: &ConversationId,
        mut query: Vec<(&str, &str)>,
        read: impl FnOnce(&ApiAnswer<'_>) -> Result<T, String>,
    ) -> Result<(T, Option<PageToken>), Error> {
        query.push(("dm_event.fields", "id,event_type,created_at,dm_conversation_id"));
        let url = self.url(format_args!("/2/dm_conversations/{conversation}/dm_events"), &query);
        self.page(Endpoint::Conversation, url, read).await
    }
}

/// Who is in a group after these changes, of which the newest comes first.
fn present(changes: &[Change]) -> Vec<AccountId> {
    let mut present = std::collections::BTreeSet::new();
    for change in changes.iter().rev() {
        match change {
            Change::Joined(ids) => present.extend(ids),
            Change::Left(ids) => present.retain(|id| !ids.contains(id)),
        }
    }
    present.into_iter().collect()
}
