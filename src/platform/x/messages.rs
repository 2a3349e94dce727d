//! Direct messages: listed, sent, and who is in a group.

use serde_json::json;
use serde_json::value::RawValue;

use super::clocks::Clocks;
use super::endpoint::Endpoint;
use super::parse::{self, ApiAnswer, Elements};
use super::wire::{Content, PLACE};
use super::{Page, X};
use crate::base::ids::{AccountId, ConversationId, MediaId, MessageId};
use crate::platform::{
    Addressee, Change, Error, History, MessagePage, PageToken, Pages, Participants, Sent, Shown, Turn,
};

/// A group has at most 50 people; more comings and goings than this in 30 days are not read.
const GROUP_PAGES_MAX: usize = 10;
const EMPTY_MAX: usize = 3;

/// Of which conversations.
#[derive(Clone, Copy)]
pub(super) enum Of<'a> {
    All,
    With(AccountId),
    Conversation(&'a ConversationId),
}

impl X {
    /// A page of messages. A message of the future, and one of another conversation than was asked for, cannot be read.
    pub(super) async fn list_messages(
        &self,
        of: Of<'_>,
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
        query.extend(page.map(|token| (PLACE, token.0.as_str())));
        let read = |answer: &ApiAnswer<'_>, clocks: Clocks| {
            parse::messages(answer, |message| {
                clocks.not_later(message.id.moment())?;
                self.is_of(of, &message.conversation)
            })
        };
        let found = match of {
            Of::All => Some(self.page(Endpoint::Messages, self.url(format_args!("/2/dm_events"), &query), read).await?),
            // Nobody has written yet.
            Of::With(account) => {
                let url = self.url(format_args!("/2/dm_conversations/with/{account}/dm_events"), &query);
                self.page_if_any(Endpoint::MessagesWith, url, read).await?
            }
            Of::Conversation(id) => {
                let url = self.url(format_args!("/2/dm_conversations/{id}/dm_events"), &query);
                Some(self.page(Endpoint::Conversation, url, read).await?)
            }
        };
        let Some(Page { items: messages, unreadable, next, clock }) = found else { return Ok(MessagePage::default()) };
        Ok(MessagePage { messages, unreadable, next, clock })
    }

    /// Checks that a conversation is one of those that were asked for, as far as it is known who we are.
    fn is_of(&self, of: Of<'_>, conversation: &ConversationId) -> Result<(), String> {
        let me = self.wire.state().me;
        let is_with = |account: AccountId| {
            let ours = |id| me.is_none_or(|me| me == id);
            let is_pair = |(one, other)| (one == account && ours(other)) || (other == account && ours(one));
            conversation.pair().is_some_and(is_pair)
        };
        let is_it = match of {
            Of::All => true,
            Of::With(account) => is_with(account),
            Of::Conversation(id) => id == conversation,
        };
        if is_it { Ok(()) } else { Err(parse::OF_ANOTHER_CONVERSATION.to_owned()) }
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
        let read = |raw: &RawValue, clocks: Clocks| {
            let sent = parse::sent(raw)?;
            clocks.made_now(sent.message.moment())?;
            let of = match to {
                Addressee::Account(id) => Of::With(*id),
                Addressee::Conversation(id) => Of::Conversation(id),
            };
            self.is_of(of, &sent.conversation)?;
            Ok(sent)
        };
        self.make(Endpoint::Send, url, Content::Json(body), read).await
    }

    /// Who is in a group, by who joined and left, and, where that is not certainly all of them, by who wrote lately.
    pub(super) async fn group(&self, conversation: &ConversationId) -> Result<Participants, Error> {
        let (changes, shown) = self.changes(conversation).await?;
        let history = History { group: conversation, changes: &changes, shown, senders: &[] };
        let found = history.participants(self.wire.now());
        if found.complete {
            return Ok(found);
        }
        let query = vec![("max_results", "20"), ("event_types", "MessageCreate"), ("expansions", "sender_id")];
        let senders = match self.group_page(conversation, query, |answer, _| parse::senders(answer)).await {
            Ok(page) => page.items,
            // They would not make it complete.
            Err(_) if !found.accounts.is_empty() => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(History { senders: &senders, ..history }.participants(self.wire.now()))
    }

    /// Who joined and left a group, in X's order, and how far back that is surely all. A list without end is cut: otherwise
    /// anybody in the group could hold the program up by joining and leaving.
    async fn changes(&self, conversation: &ConversationId) -> Result<(Vec<Change>, Shown), Error> {
        let (mut changes, mut unreadable) = (Vec::new(), Vec::new());
        let mut pages = Pages::new(GROUP_PAGES_MAX, EMPTY_MAX);
        let is_whole = loop {
            let kinds = ("event_types", "ParticipantsJoin,ParticipantsLeave");
            let mut query = vec![("max_results", "100"), kinds, ("expansions", "sender_id,participant_ids")];
            query.extend(pages.next().map(|token| (PLACE, token.0.as_str())));
            let page =
                match self.group_page(conversation, query, |answer, _| parse::changes(answer, conversation)).await {
                    Err(Error::TokenRefused { .. }) => break false,
                    page => page?,
                };
            let turn = pages.take(page.items.iter().map(|change: &Change| change.at().0), &page.unreadable, page.next);
            unreadable.extend(page.unreadable.into_iter().map(|one| one.id));
            changes.extend(page.items);
            match turn {
                Turn::More => {}
                Turn::End => break true,
                Turn::Repeats | Turn::TooMany => break false,
            }
        };
        let shown = Shown::of(&changes, &unreadable, is_whole);
        Ok((changes, shown))
    }

    async fn group_page<T>(
        &self,
        conversation: &ConversationId,
        mut query: Vec<(&str, &str)>,
        read: impl FnOnce(&ApiAnswer<'_>, Clocks) -> Elements<T, MessageId>,
    ) -> Result<Page<T, MessageId>, Error> {
        query.push(("dm_event.fields", "id,event_type,created_at,dm_conversation_id"));
        let url = self.url(format_args!("/2/dm_conversations/{conversation}/dm_events"), &query);
        self.page(Endpoint::Conversation, url, read).await
    }
}
