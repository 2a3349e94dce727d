//! The [`Platform`] port on a shared [`World`], without a network between.
//!
//! It sorts faults as a client does that sees nothing but the answer: a write whose answer is lost or says 5xx may have
//! happened. Delays move a standing clock instead of taking time.

use async_trait::async_trait;

use super::shapes::{self, Asked};
use super::world::{
    Body, Call, Draft, Event, EventKind, How, Listing, Moment, Post, Range, Refusal, User, World, unescape,
};
use super::{Shared, world};
use crate::note::{Account, AccountId, AccountName, ConversationId, MessageId, PostId, Snowflake};
use crate::platform::{Attachment, CALL_TIME_MAX, Error, File, Me, Message, MessagePage, PageToken, Platform};
use crate::time::Time;

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
                self.suffer(call, now, how)?;
            }
            let now = self.world.clock().now();
            let result = world.admit(now, self.user, call).and_then(|_| act(world, now, self.user));
            let result = result.map_err(|refusal| error_of(&refusal));
            match fault {
                Some((Moment::After, how)) => self.suffer(call, now, how).map_err(|error| lost(call, error))?,
                _ => return result,
            }
            result
        })
    }

    /// What a fault does to the call; nothing if the answer only comes late.
    fn suffer(&self, call: Call, now: Time, how: How) -> Result<(), Error> {
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

/// How long to wait after a 429 that does not say it.
const UNSAID_WAIT_MS: i64 = 60_000;

fn error_of_fault(call: Call, now: Time, how: How) -> Error {
    let person = |what: &str, remedy: &str| Error::NeedsPerson { what: what.to_owned(), remedy: remedy.to_owned() };
    match how {
        How::RateLimited { wait_ms } => {
            Error::Wait { until: now.plus_ms(wait_ms), what: "429, the rate limit is reached".to_owned() }
        }
        How::UsageCapped => person("429, the cap of usage is reached", "raise the cap of the account's plan"),
        How::CreditsDepleted | How::CreditsDepletedOld => person("402, no credits are left", "buy credits"),
        How::Unauthorized => Error::Unavailable { what: "401, the credentials are not accepted".to_owned() },
        How::Suspended => person("403, the account is suspended", "ask the platform why"),
        How::Duplicate if call == Call::CreatePost => Error::Duplicate,
        How::Duplicate => Error::Refused { what: "403, duplicate content".to_owned() },
        How::Status { code: 401, .. } => error_of_fault(call, now, How::Unauthorized),
        How::Status { code: 402, .. } => error_of_fault(call, now, How::CreditsDepleted),
        How::Status { code: 429, .. } => error_of_fault(call, now, How::RateLimited { wait_ms: UNSAID_WAIT_MS }),
        How::Status { code: 400..=499, body: Body::Problem } => Error::Refused { what: "a problem".to_owned() },
        How::Status { code, .. } => unknown(call, format!("status {code}")),
        How::Cut | How::Half => unknown(call, "the connection was cut".to_owned()),
        How::Delay { .. } | How::Hold => unknown(call, "no answer in time".to_owned()),
    }
}

/// A write without a usable answer may have happened; a read can be made again.
fn unknown(call: Call, what: String) -> Error {
    if call.writes() { Error::NoAnswer { what } } else { Error::Unavailable { what } }
}

/// A write that took effect and whose answer was replaced: whatever was said instead, nobody knows.
fn lost(call: Call, error: Error) -> Error {
    if call.writes() { Error::NoAnswer { what: error.to_string() } } else { error }
}

fn error_of(refusal: &Refusal) -> Error {
    match refusal {
        Refusal::RateLimited(allowance) => Error::Wait { until: allowance.reset, what: refusal.to_string() },
        Refusal::Duplicate => Error::Duplicate,
        _ => Error::Refused { what: refusal.to_string() },
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
            let clock = Time::from_ms(now.ms().div_euclid(1000) * 1000);
            Ok(Me { account: me.account.clone(), clock: Some(clock) })
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
        self.call(Call::Messages, |world, now, user| {
            let before = page.map(|token| Snowflake::parse(&token.0)).map(|id| {
                id.ok_or_else(|| Refusal::Invalid {
                    parameter: "pagination_token".to_owned(),
                    value: String::new(),
                    why: "it is none of ours".to_owned(),
                })
            });
            let before = before.transpose()?;
            let asked = Listing { conversation: None, kinds: &["MessageCreate"], size: size as usize, before };
            let page = world.list_events(now, user, asked)?;
            let messages = page.events.iter().filter_map(|event| message(world, event)).collect();
            Ok(MessagePage { messages, next: page.next.map(|id| PageToken(id.to_string())) })
        })
    }

    async fn participants(&self, conversation: &ConversationId) -> Result<Vec<AccountId>, Error> {
        if let Some((one, other)) = conversation.pair() {
            return Ok(vec![one, other]);
        }
        self.call(Call::ConversationMessages, |world, now, user| {
            let asked = Listing { conversation: Some(conversation), kinds: &[], size: 100, before: None };
            let page = world.list_events(now, user, asked)?;
            Ok(participants(page.events.iter().rev()))
        })
    }

    async fn attachment(&self, message: MessageId, attachment: &Attachment, bytes_max: u64) -> Result<File, Error> {
        let number = attachment.media_key.rsplit('_').next().unwrap_or_default();
        let id = Snowflake::parse(number)
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

    async fn post(&self, text: &str) -> Result<PostId, Error> {
        self.call(Call::CreatePost, |world, now, user| {
            let draft = Draft { text, ..Draft::default() };
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
    crate::platform::Post { id: post.id, author: post.author, text: unescape(&post.words.text) }
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

/// A message as the port hands it on; none for what is no message.
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
mod tests {
    use super::*;
    use crate::sandbox::world::{Fault, Outgoing, Settings};
    use crate::sandbox::{Clock, EMBASSY, MINISTRY, story_world};

    fn start() -> (Shared, Direct) {
        let clock = Clock::standing_at(Time::from_ms(1_800_000_000_500));
        let world = Shared::new(story_world(Settings::of_x(), 3, clock.now()), clock);
        (world.clone(), Direct::new(world, EMBASSY))
    }

    fn next(world: &Shared, call: Call, at: Moment, how: How) {
        world.with(|world, _| world.add_fault(Fault::once(call, at, how)));
    }

    #[tokio::test]
    async fn messages_come_with_links_files_and_their_record() {
        let (world, direct) = start();
        let sent = world.with(|world, now| {
            let media = vec![world.upload(now, EMBASSY, "image/png", vec![9; 10])];
            let text = "a < b: https://example.org/annex".to_owned();
            world.send(now, EMBASSY, MINISTRY, &Outgoing { text, media })
        });
        let page = direct.messages(5, None).await.ok().unwrap();
        let [message] = &page.messages[..] else { panic!("one message") };
        assert_eq!((Ok(message.id), page.next.is_none()), (sent, true));
        assert!(message.text.starts_with("a < b: https://t.co/"));
        assert_eq!(message.links[0].1, "https://example.org/annex");
        assert!(String::from_utf8(message.record.clone()).unwrap().contains("a &lt; b"));
        let file = direct.attachment(message.id, &message.attachments[0], 10).await.ok().unwrap();
        assert_eq!((file.media_type.as_str(), file.bytes.len()), ("image/png", 10));
        assert!(direct.attachment(message.id, &message.attachments[0], 9).await.is_err());
    }

    #[tokio::test]
    async fn a_lost_answer_leaves_the_post_and_a_refusal_before_leaves_none() {
        let (world, direct) = start();
        next(&world, Call::CreatePost, Moment::Before, How::Cut);
        assert!(matches!(direct.post("one").await, Err(Error::NoAnswer { .. })));
        assert_eq!(direct.own_posts(Snowflake(0)).await.unwrap(), []);
        next(&world, Call::CreatePost, Moment::After, How::Unauthorized);
        assert!(matches!(direct.post("one").await, Err(Error::NoAnswer { .. })));
        let posts = direct.own_posts(Snowflake(0)).await.unwrap();
        assert_eq!((posts.len(), posts[0].text.as_str()), (1, "one"));
        assert_eq!(direct.post("one").await, Err(Error::Duplicate));
        assert_eq!(direct.read_post(posts[0].id).await.unwrap(), Some(posts[0].clone()));
        assert_eq!(direct.read_post(Snowflake(1)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_passes_by_itself_is_told_from_what_needs_a_person() {
        let (world, direct) = start();
        let now = world.clock().now();
        next(&world, Call::Me, Moment::Before, How::RateLimited { wait_ms: 5000 });
        let Err(Error::Wait { until, .. }) = direct.me().await else { panic!("a limit") };
        assert_eq!(until, now.plus_ms(5000));
        next(&world, Call::Me, Moment::Before, How::UsageCapped);
        assert!(matches!(direct.me().await, Err(Error::NeedsPerson { .. })));
        next(&world, Call::Me, Moment::After, How::Hold);
        assert!(matches!(direct.me().await, Err(Error::Unavailable { .. })));
        assert_eq!(world.clock().now(), now.plus_ms(30_000));
        assert_eq!(direct.me().await.unwrap().clock, Some(Time::from_ms(1_800_000_030_000)));
    }

    #[tokio::test]
    async fn who_looks_before_repeating_posts_each_text_once_in_spite_of_chaos() {
        let (world, direct) = start();
        let kinds = [How::Cut, How::Unauthorized, How::Status { code: 503, body: Body::Html }, How::Hold];
        let kinds = kinds.iter().flat_map(|how| [(Moment::Before, *how), (Moment::After, *how)]).collect();
        world.with(|world, _| {
            world.settings = Settings { refuses_duplicates: false, ..Settings::without_limits() };
            world.set_chaos(Some(world::Chaos { seed: 11, per_mille: 400, kinds }));
        });
        for number in 0..500 {
            let text = format!("Sealed note {number}");
            while let Err(error) = direct.post(&text).await {
                let unknown = matches!(error, Error::NoAnswer { .. });
                if unknown && is_there(&direct, &text).await {
                    break;
                }
            }
        }
        world.with(|world, _| {
            assert!(300 < world.counts().faults, "{}", world.counts().faults);
            let texts: Vec<&str> = world.posts().map(|post| post.written.as_str()).collect();
            assert_eq!(texts, (0..500).map(|number| format!("Sealed note {number}")).collect::<Vec<_>>());
        });
    }

    /// Whether one of the newest posts has this text, asked until there is an answer.
    async fn is_there(direct: &Direct, text: &str) -> bool {
        loop {
            if let Ok(posts) = direct.own_posts(Snowflake(0)).await {
                return posts.iter().any(|post| post.text == text);
            }
        }
    }

    #[tokio::test]
    async fn what_is_left_is_known_after_the_first_post() {
        let (_, direct) = start();
        assert_eq!(direct.posts_left().await, None);
        direct.post("one").await.unwrap();
        assert_eq!(direct.posts_left().await, Some(99));
    }

    #[tokio::test]
    async fn a_waiter_wakes_when_what_it_waits_for_is_so() {
        let (world, direct) = start();
        let waiter = tokio::spawn({
            let world = world.clone();
            async move { world.until(|world| world.posts().count() == 2).await }
        });
        for text in ["one", "two"] {
            direct.post(text).await.unwrap();
        }
        waiter.await.unwrap();
    }
}
