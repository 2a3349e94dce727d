//! The [`Platform`] port on a shared [`World`], without a network between.
//!
//! It sorts faults like a client that sees nothing but the answer: a write whose answer is lost or says 5xx may have
//! happened. Delays move a standing clock instead of taking time.

mod correspondents;
mod errors;

use async_trait::async_trait;

use self::errors::{error_of, error_of_fault, lost};
use super::shapes::{self, Asked};
use super::world::{
    Call, Draft as WorldDraft, Event, EventKind, EventListing, How, Moment, Outgoing, Post, Range, Refusal, User,
    World, unescape,
};
use super::{Shared, world};
use crate::base::hash::Hash;
use crate::base::ids::{AccountId, AccountName, ConversationId, MediaId, MessageId, PostId};
use crate::base::text;
use crate::base::time::Time;
use crate::platform::{
    Addressee, Attachment, CALL_TIME_MAX, Change, ConversationPage, Draft, Error, File, FileKind, History, Lookup, Me,
    Mention, MentionPage, Message, MessagePage, OwnPosts, PageToken, Participants, Platform, PostState, Purpose,
    Recipient, Sent, Shown, Unreadable,
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
            Ok(Me { account, clock: Some(clock(now)) })
        })
    }

    async fn account_by_name(&self, name: &AccountName) -> Result<Lookup, Error> {
        self.call(Call::UserByName, |world, now, _| {
            let user = world.user_by_name(name.as_str()).cloned();
            Ok(lookup(world, now, user))
        })
    }

    async fn account_by_id(&self, id: AccountId) -> Result<Lookup, Error> {
        self.call(Call::UserById, |world, now, _| {
            let user = world.user(id).cloned();
            Ok(lookup(world, now, user))
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
                Err(Refusal::NoConversation) => Ok(MessagePage { clock: Some(clock(now)), ..MessagePage::default() }),
                page => page,
            }
        })
    }

    async fn messages_in(
        &self,
        conversation: &ConversationId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error> {
        let list = |world: &mut World, now, user| list(world, now, user, Some(conversation), size, page);
        self.call(Call::ConversationMessages, list)
    }

    async fn messages_left(&self) -> Option<u64> {
        self.world.with(|world, now| world.left(now, self.user, Call::Messages)).map(u64::from)
    }

    async fn send_message(&self, to: &Addressee, text: &str, media: Option<MediaId>) -> Result<Sent, Error> {
        let what = Outgoing { text: text.to_owned(), media: media.into_iter().collect() };
        self.call(Call::SendMessage, |world, now, user| {
            let conversation = match to {
                Addressee::Account(id) => ConversationId::between(user, *id),
                Addressee::Conversation(id) => id.clone(),
            };
            world.check_unencrypted(&conversation)?;
            let message = match to {
                Addressee::Account(id) => world.send(now, user, *id, &what)?,
                Addressee::Conversation(id) => world.send_in(now, user, id, &what)?,
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

    async fn participants(&self, conversation: &ConversationId) -> Result<Participants, Error> {
        if let Some((one, other)) = conversation.pair() {
            return Ok(Participants::of_two(one, other));
        }
        self.call(Call::ConversationMessages, |world, now, user| {
            let asked = |kinds, size| EventListing { conversation: Some(conversation), kinds, size, before: None };
            let page = world.list_events(now, user, asked(&["ParticipantsJoin", "ParticipantsLeave"], 100))?;
            let changes: Vec<Change> = page.events.iter().filter_map(change).collect();
            let shown = Shown::of(&changes, &[], page.next.is_none());
            let history = History { group: conversation, changes: &changes, shown, senders: &[] };
            let found = history.participants(now);
            if found.complete {
                return Ok(found);
            }
            let page = world.list_events(now, user, asked(&["MessageCreate"], 20))?;
            let senders: Vec<AccountId> = page.events.iter().map(|event| event.sender).collect();
            Ok(History { senders: &senders, ..history }.participants(now))
        })
    }

    async fn recipient(&self, id: AccountId) -> Result<Recipient, Error> {
        self.call(Call::UserById, |world, now, user| Ok(correspondents::recipient(world, now, user, id)))
    }

    async fn conversations(&self, page: Option<&PageToken>) -> Result<ConversationPage, Error> {
        self.call(Call::Chats, |world, _, user| correspondents::conversations(world, user, before(page)?))
    }

    async fn is_encrypted(&self, conversation: &ConversationId) -> Result<Option<bool>, Error> {
        self.call(Call::ChatEvents, |world, _, user| correspondents::is_encrypted(world, user, conversation))
    }

    async fn newest_message(&self, conversation: &ConversationId) -> Result<Option<MessageId>, Error> {
        self.call(Call::ConversationMessages, |world, now, user| {
            correspondents::newest_message(world, now, user, conversation)
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

    async fn own_posts(&self, after: PostId) -> Result<OwnPosts, Error> {
        self.call(Call::Timeline, |world, now, user| {
            let range = Range { after: Some(after), before: None, size: usize::MAX - 1, without_answers: false };
            let posts = world.timeline(now, user, user, range).posts.iter().map(public).collect();
            Ok(OwnPosts { posts, unreadable: Vec::new() })
        })
    }

    async fn newest_posts(&self, after: PostId, count: u32) -> Result<OwnPosts, Error> {
        self.call(Call::Timeline, |world, now, user| {
            let size = count.clamp(5, 100) as usize;
            let range = Range { after: Some(after), before: None, size, without_answers: true };
            let posts = world.timeline(now, user, user, range).posts.iter().map(public).collect();
            Ok(OwnPosts { posts, unreadable: Vec::new() })
        })
    }

    async fn mentions(&self, after: PostId, size: u32, page: Option<&PageToken>) -> Result<MentionPage, Error> {
        self.call(Call::Mentions, |world, now, user| {
            let size = size.clamp(5, 100) as usize;
            let range = Range { after: Some(after), before: before(page)?.map(PostId), size, without_answers: false };
            let page = world.mentions_of(now, user, user, range);
            let mentions = page.posts.iter().map(|post| mention(world, post)).collect();
            Ok(MentionPage { mentions, unreadable: Vec::new(), next: page.next.map(|id| PageToken(id.to_string())) })
        })
    }

    async fn read_post(&self, id: PostId) -> Result<Option<crate::platform::Post>, Error> {
        self.call(Call::ReadPost, |world, now, user| {
            let post = found(world.read_for(now, user, id))?;
            Ok(post.as_ref().map(public))
        })
    }

    async fn post_state(&self, id: PostId) -> Result<PostState, Error> {
        self.call(Call::ReadPost, |world, now, user| {
            let post = match world.read_for(now, user, id) {
                Err(Refusal::NotFound { .. }) => return Ok(PostState::Absent),
                Err(Refusal::Hidden { .. }) => return Ok(PostState::Hidden),
                read => read?,
            };
            Ok(match world.history(&post).last() {
                Some(newest) if post.id < *newest => PostState::Edited,
                _ if !post.withheld.is_empty() => PostState::Hidden,
                _ => PostState::Stands(public(&post)),
            })
        })
    }
}

/// What is said of a user who was asked for, put on the bill if the user is shown.
fn lookup(world: &mut World, now: Time, user: Option<User>) -> Lookup {
    match user {
        None => Lookup::Absent,
        Some(user) if user.is_suspended => Lookup::Suspended,
        Some(user) => {
            world.bill_user(now, user.account.id);
            Lookup::Found(user.account)
        }
    }
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
    let (odd, plain): (Vec<&Event>, Vec<&Event>) = page.events.iter().partition(|event| event.is_odd);
    let messages = plain.into_iter().filter_map(|event| message(world, event)).collect();
    let unreadable = odd.into_iter().map(unreadable).collect();
    let next = page.next.map(|id| PageToken(id.to_string()));
    Ok(MessagePage { messages, unreadable, next, clock: Some(clock(now)) })
}

/// What an event says of who is in a group.
fn change(event: &Event) -> Option<Change> {
    let at = event.id;
    match &event.kind {
        EventKind::Message { .. } => None,
        // Who brought them in was there.
        EventKind::Join(who) => Some(Change::Joined { at, who: who.iter().copied().chain([event.sender]).collect() }),
        EventKind::Leave(who) => Some(Change::Left { at, who: who.clone() }),
    }
}

/// An event that is listed in a form that cannot be read.
fn unreadable(event: &Event) -> Unreadable<MessageId> {
    let sha256 = Hash::of(event.id.to_string().as_bytes());
    Unreadable { id: Some(event.id), sha256, why: "it has no conversation".to_owned(), is_elsewhere: false }
}

/// The world's clock as an answer shows it.
fn clock(now: Time) -> Time {
    Time::from_ms(now.ms().div_euclid(1000) * 1000)
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
