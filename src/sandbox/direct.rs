//! The [`Platform`] port on a shared [`World`], without a network between.
//!
//! It sorts faults like a client that sees nothing but the answer: a write whose answer is lost or says 5xx may have
//! happened. Delays move a standing clock instead of taking time.

mod errors;

use async_trait::async_trait;

use self::errors::{error_of, error_of_fault, lost};
use super::shapes::{self, Asked};
use super::world::{
    Call, Draft as WorldDraft, Event, EventKind, EventListing, How, Moment, Outgoing, Post, Range, Refusal, User,
    World, unescape,
};
use super::{Shared, world};
use crate::base::ids::{Account, AccountId, AccountName, ConversationId, MediaId, MessageId, PostId};
use crate::base::text;
use crate::base::time::Time;
use crate::platform::{
    Addressee, Attachment, CALL_TIME_MAX, Draft, Error, File, FileKind, Me, Mention, MentionPage, Message, MessagePage,
    PageToken, Platform, Purpose, Sent,
};

/// One user's access to a world.
#[derive(Clone)]
pub struct Direct {
    world: Shared,
    user: AccountId,
}

impl Direct {
    /// The access of `user`.
    pub fn new(world: Shared, user: AccountId) -> Direct {
        Direct { world, user }
    }

    /// Makes one call: fault before, limits, the effect itself, fault after.
    fn call<T>(
        &self,
        call: Call,
        act: impl FnOnce(&mut World, Time, AccountId) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        self.world.with(|world, now| {
            let fault = world.begin(call);
            if let Some((Moment::Before, how)) = fault {
                self.apply_fault(call, now, how)?;
            }
            let now = self.world.clock().now();
            let result = world.admit(now, self.user, call).and_then(|_| act(world, now, self.user));
            let result = result.map_err(|refusal| error_of(&refusal));
            match fault {
                Some((Moment::After, how)) => self.apply_fault(call, now, how).map_err(|error| lost(call, error))?,
                _ => return result,
            }
            result
        })
    }

    /// What a fault does to the call. Ok if the answer only comes late.
    fn apply_fault(&self, call: Call, now: Time, how: How) -> Result<(), Error> {
        let limit_ms = CALL_TIME_MAX.as_millis() as u64;
        let late_ms = match how {
            How::Delay { ms } => ms,
            How::Hold => limit_ms,
            _ => 0,
        };
        if self.world.clock().stands() {
            self.world.clock().advance_ms(late_ms.min(limit_ms) as i64);
        }
        match how {
            How::Delay { ms } if ms < limit_ms => Ok(()),
            _ => Err(error_of_fault(call, now, how)),
        }
    }
}

fn found<T>(result: Result<T, Refusal>) -> Result<Option<T>, Refusal> {
    match result {
        Err(Refusal::NotFound { .. }) => Ok(None),
        other => other.map(Some),
    }
}

#[async_trait]
impl Platform for Direct {
    async fn me(&self) -> Result<Me, Error> {
        self.call(Call::Me, |world, now, user| {
            let me = world.user(user).ok_or(Refusal::Forbidden { why: "there is no such user" })?;
            let account = me.account.clone();
            world.bill_user(now, user);
            let clock = Time::from_ms(now.ms().div_euclid(1000) * 1000);
            Ok(Me { account, clock: Some(clock) })
        })
    }

    async fn account_by_name(&self, name: &AccountName) -> Result<Option<Account>, Error> {
        self.call(Call::UserByName, |world, now, _| {
            let account = world.user_by_name(name.as_str()).map(account);
            Ok(billed(world, now, account))
        })
    }

    async fn account_by_id(&self, id: AccountId) -> Result<Option<Account>, Error> {
        self.call(Call::UserById, |world, now, _| {
            let account = world.user(id).map(account);
            Ok(billed(world, now, account))
        })
    }

    async fn messages(&self, size: u32, page: Option<&PageToken>) -> Result<MessagePage, Error> {
        self.call(Call::Messages, |world, now, user| list(world, now, user, None, size, page))
    }

    async fn messages_with(
        &self,
        account: AccountId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error> {
        let conversation = ConversationId::between(self.user, account);
        self.call(Call::MessagesWith, |world, now, user| {
            match list(world, now, user, Some(&conversation), size, page) {
                // Nobody has written yet.
                Err(Refusal::NoConversation) => Ok(MessagePage { messages: Vec::new(), next: None }),
                page => page,
            }
        })
    }

    async fn send_message(&self, to: &Addressee, text: &str, media: Option<MediaId>) -> Result<Sent, Error> {
        let what = Outgoing { text: text.to_owned(), media: media.into_iter().collect() };
        self.call(Call::SendMessage, |world, now, user| {
            let (conversation, message) = match to {
                Addressee::Account(id) => (ConversationId::between(user, *id), world.send(now, user, *id, &what)?),
                Addressee::Conversation(id) => (id.clone(), world.send_in(now, user, id, &what)?),
            };
            Ok(Sent { conversation, message })
        })
    }

    async fn sends_left(&self) -> Option<u64> {
        self.world.with(|world, now| world.left(now, self.user, Call::SendMessage)).map(u64::from)
    }

    async fn upload(&self, file: &File, purpose: Purpose) -> Result<MediaId, Error> {
        FileKind::of(&file.media_type, file.bytes.len() as u64)?;
        self.call(Call::Upload, |world, now, user| {
            world.take_file(now, user, purpose, &file.media_type, file.bytes.clone())
        })
    }

    async fn participants(&self, conversation: &ConversationId) -> Result<Vec<AccountId>, Error> {
        if let Some((one, other)) = conversation.pair() {
            return Ok(vec![one, other]);
        }
        self.call(Call::ConversationMessages, |world, now, user| {
            let asked = EventListing { conversation: Some(conversation), kinds: &[], size: 100, before: None };
            let page = world.list_events(now, user, asked)?;
            Ok(participants(page.events.iter().rev()))
        })
    }

    async fn attachment(&self, message: MessageId, attachment: &Attachment, bytes_max: u64) -> Result<File, Error> {
        let number = attachment.media_key.rsplit('_').next().unwrap_or_default();
        let id = MediaId::parse(number)
            .ok_or_else(|| Error::Refused { what: format!("{} is no media key", attachment.media_key) })?;
        let file = self.call(Call::MediaBytes, |world, _, user| {
            let media = world.media_for(user, message, id)?;
            Ok(File { media_type: media.media_type.clone(), bytes: media.bytes.clone() })
        })?;
        let size = file.bytes.len() as u64;
        if bytes_max < size {
            let what = format!("the file has {size} bytes, more than {bytes_max}");
            return Err(Error::Refused { what });
        }
        Ok(file)
    }

    async fn post(&self, draft: &Draft) -> Result<PostId, Error> {
        self.call(Call::CreatePost, |world, now, user| {
            let Draft { text, answers, media } = draft;
            let draft = WorldDraft { text, answers: *answers, media, ..WorldDraft::default() };
            Ok(world.post(now, user, draft)?.id)
        })
    }

    async fn posts_left(&self) -> Option<u64> {
        self.world.with(|world, now| world.left(now, self.user, Call::CreatePost)).map(u64::from)
    }

    async fn own_posts(&self, after: PostId) -> Result<Vec<crate::platform::Post>, Error> {
        self.call(Call::Timeline, |world, now, user| {
            let range = Range { after: Some(after), before: None, size: usize::MAX - 1, without_answers: false };
            Ok(world.timeline(now, user, user, range).posts.iter().map(public).collect())
        })
    }

    async fn mentions(&self, after: PostId, size: u32, page: Option<&PageToken>) -> Result<MentionPage, Error> {
        self.call(Call::Mentions, |world, now, user| {
            let size = size.clamp(5, 100) as usize;
            let range = Range { after: Some(after), before: before(page)?.map(PostId), size, without_answers: false };
            let page = world.mentions_of(now, user, user, range);
            let mentions = page.posts.iter().map(|post| mention(world, post)).collect();
            Ok(MentionPage { mentions, next: page.next.map(|id| PageToken(id.to_string())) })
        })
    }

    async fn read_post(&self, id: PostId) -> Result<Option<crate::platform::Post>, Error> {
        self.call(Call::ReadPost, |world, now, user| {
            let post = found(world.read_for(now, user, id))?;
            Ok(post.as_ref().map(public))
        })
    }
}

fn account(user: &User) -> Account {
    user.account.clone()
}

fn billed(world: &mut World, now: Time, account: Option<Account>) -> Option<Account> {
    if let Some(account) = &account {
        world.bill_user(now, account.id);
    }
    account
}

fn public(post: &Post) -> crate::platform::Post {
    let links = post.words.links.iter().map(|link| (link.url.clone(), link.expanded.clone())).collect();
    crate::platform::Post { id: post.id, author: post.author, text: unescape(&post.words.text), links }
}

fn mention(world: &World, post: &Post) -> Mention {
    Mention {
        id: post.id,
        author: post.author,
        name: world.user(post.author).map(|user| user.account.name.clone()),
        text: unescape(&post.words.text),
        answers: post.answers,
        quotes: post.quotes,
        conversation: Some(shapes::root(world, post)),
    }
}

/// The place that a mark of ours stands for.
fn before(page: Option<&PageToken>) -> Result<Option<u64>, Refusal> {
    let unknown = || Refusal::Invalid {
        parameter: "pagination_token".to_owned(),
        value: String::new(),
        why: "it is none of ours".to_owned(),
    };
    page.map(|token| text::number(&token.0).ok_or_else(unknown)).transpose()
}

fn list(
    world: &mut World,
    now: Time,
    user: AccountId,
    conversation: Option<&ConversationId>,
    size: u32,
    page: Option<&PageToken>,
) -> Result<MessagePage, Refusal> {
    let asked = EventListing {
        conversation,
        kinds: &["MessageCreate"],
        size: size as usize,
        before: before(page)?.map(MessageId),
    };
    let page = world.list_events(now, user, asked)?;
    let messages = page.events.iter().filter_map(|event| message(world, event)).collect();
    Ok(MessagePage { messages, next: page.next.map(|id| PageToken(id.to_string())) })
}

/// Who is in a group, from its events, oldest first.
fn participants<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<AccountId> {
    let mut members = std::collections::BTreeSet::new();
    for event in events {
        match &event.kind {
            EventKind::Message { .. } => members.extend([event.sender]),
            EventKind::Join(who) => members.extend(who),
            EventKind::Leave(who) => members.retain(|id| !who.contains(id)),
        }
    }
    members.into_iter().collect()
}

/// A message as the port returns it. None for an event that is not a message.
fn message(world: &World, event: &Event) -> Option<Message> {
    let EventKind::Message { words, media, .. } = &event.kind else { return None };
    let fields = ["attachments", "created_at", "dm_conversation_id", "entities"];
    let mut asked = Asked::default();
    asked.event.extend(fields.map(str::to_owned));
    asked.expansions.insert("sender_id".to_owned());
    let keys = media.iter().filter_map(|id| world.media(*id)).map(|media: &world::Media| Attachment {
        media_key: media.key(),
        url: Some(shapes::media_address("sandbox:", event.id, media)),
    });
    Some(Message {
        id: event.id,
        conversation: event.conversation.clone(),
        sender: event.sender,
        text: unescape(&words.text),
        record: shapes::event(world, event, &asked).to_string().into_bytes(),
        attachments: keys.collect(),
        links: words.links.iter().map(|link| (link.url.clone(), link.expanded.clone())).collect(),
    })
}

#[cfg(test)]
mod tests;
