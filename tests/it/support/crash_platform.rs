//! Sudden death, and a platform for a program that may die in any call.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use verbale::base::ids::{AccountId, AccountName, ConversationId, MediaId, MessageId, PostId};
use verbale::base::time::Time;
use verbale::platform::{
    Addressee, Attachment, ConversationPage, Draft, Error, File, Lookup, Me, MentionPage, MessagePage, OwnPosts,
    PageToken, Participants, Platform, Post, PostState, Purpose, Recipient, Sent,
};
use verbale::sandbox::world::{self, Call};
use verbale::sandbox::{Direct, EMBASSY, Shared};

/// Counts down to a sudden death: once for each look at the clock, each salt, and before and after each call.
#[derive(Clone)]
pub struct Fuse(Arc<AtomicU64>);

/// What a death unwinds with.
struct Died;

impl Fuse {
    pub fn new() -> Fuse {
        Fuse(Arc::new(AtomicU64::new(u64::MAX)))
    }

    pub fn set(&self, left: u64) {
        self.0.store(left, Ordering::SeqCst);
    }

    pub fn quench(&self) {
        self.set(u64::MAX);
    }

    /// Whether it has not killed the program since it was set.
    pub fn is_lit(&self) -> bool {
        self.0.load(Ordering::SeqCst) != u64::MAX
    }

    pub fn burn(&self) {
        let left = self.0.load(Ordering::SeqCst);
        if left == 0 {
            self.quench();
            resume_unwind(Box::new(Died));
        }
        if left != u64::MAX {
            self.0.store(left - 1, Ordering::SeqCst);
        }
    }
}

/// Posts that take effect after their caller has stopped waiting.
#[derive(Clone, Default)]
pub struct Late {
    /// Whether the next post is one, and by how many milliseconds.
    pub next_ms: Arc<Mutex<Option<i64>>>,
    waiting: Arc<Mutex<Vec<(Time, Draft)>>>,
}

impl Late {
    /// Makes those posts whose moment has come.
    pub fn flush(&self, world: &Shared) {
        let now = world.clock().now();
        let mut waiting = self.waiting.lock().unwrap();
        let due = waiting.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>();
        for (at, Draft { text, answers, media }) in due {
            let draft = world::Draft { text: &text, answers, media: &media, ..world::Draft::default() };
            // A refusal as a duplicate is fine: nobody gets the answer.
            let _ = world.with(|world, _| world.post(at, EMBASSY, draft));
        }
    }
}

/// What happens at a call that writes, besides what the world can do to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strike {
    /// The program dies just before the call.
    DeathBefore,
    /// The program dies just after the call has had its effect.
    DeathAfter,
    /// The call has its effect, and is answered as if the effect had been there already.
    Duplicate,
}

/// The strike that waits for the next call of a kind.
#[derive(Clone, Default)]
pub struct Strikes(Arc<Mutex<Option<(Call, Strike)>>>);

impl Strikes {
    pub fn set(&self, call: Call, strike: Strike) {
        *self.0.lock().unwrap() = Some((call, strike));
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap().is_none()
    }

    fn take(&self, call: Call) -> Option<Strike> {
        self.0.lock().unwrap().take_if(|(of, _)| *of == call).map(|(_, strike)| strike)
    }
}

/// The platform as the tasks see it: the program may die at every call.
pub struct CrashPlatform {
    pub direct: Direct,
    pub world: Shared,
    pub fuse: Fuse,
    pub late: Late,
    pub strikes: Strikes,
}

impl CrashPlatform {
    async fn call<T>(&self, call: impl Future<Output = T>) -> T {
        self.late.flush(&self.world);
        self.fuse.burn();
        let answer = call.await;
        self.fuse.burn();
        answer
    }

    /// A call that writes.
    async fn write<T>(&self, call: Call, effect: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let strike = self.strikes.take(call);
        if strike == Some(Strike::DeathBefore) {
            resume_unwind(Box::new(Died));
        }
        let answer = self.call(effect).await;
        match strike {
            Some(Strike::DeathAfter) => resume_unwind(Box::new(Died)),
            Some(Strike::Duplicate) => Err(Error::Duplicate),
            _ => answer,
        }
    }
}

#[async_trait]
impl Platform for CrashPlatform {
    async fn me(&self) -> Result<Me, Error> {
        self.call(self.direct.me()).await
    }

    async fn account_by_name(&self, name: &AccountName) -> Result<Lookup, Error> {
        self.call(self.direct.account_by_name(name)).await
    }

    async fn account_by_id(&self, id: AccountId) -> Result<Lookup, Error> {
        self.call(self.direct.account_by_id(id)).await
    }

    async fn messages(&self, size: u32, page: Option<&PageToken>) -> Result<MessagePage, Error> {
        self.call(self.direct.messages(size, page)).await
    }

    async fn messages_with(
        &self,
        account: AccountId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error> {
        self.call(self.direct.messages_with(account, size, page)).await
    }

    async fn messages_in(
        &self,
        conversation: &ConversationId,
        size: u32,
        page: Option<&PageToken>,
    ) -> Result<MessagePage, Error> {
        self.call(self.direct.messages_in(conversation, size, page)).await
    }

    async fn messages_left(&self) -> Option<u64> {
        self.direct.messages_left().await
    }

    async fn send_message(&self, to: &Addressee, text: &str, media: Option<MediaId>) -> Result<Sent, Error> {
        self.write(Call::SendMessage, self.direct.send_message(to, text, media)).await
    }

    async fn sends_left(&self) -> Option<u64> {
        self.direct.sends_left().await
    }

    async fn upload(&self, file: &File, purpose: Purpose) -> Result<MediaId, Error> {
        self.call(self.direct.upload(file, purpose)).await
    }

    async fn participants(&self, conversation: &ConversationId) -> Result<Participants, Error> {
        self.call(self.direct.participants(conversation)).await
    }

    async fn recipient(&self, id: AccountId) -> Result<Recipient, Error> {
        self.call(self.direct.recipient(id)).await
    }

    async fn conversations(&self, page: Option<&PageToken>) -> Result<ConversationPage, Error> {
        self.call(self.direct.conversations(page)).await
    }

    async fn is_encrypted(&self, conversation: &ConversationId) -> Result<Option<bool>, Error> {
        self.call(self.direct.is_encrypted(conversation)).await
    }

    async fn newest_message(&self, conversation: &ConversationId) -> Result<Option<MessageId>, Error> {
        self.call(self.direct.newest_message(conversation)).await
    }

    async fn attachment(&self, message: MessageId, attachment: &Attachment, bytes_max: u64) -> Result<File, Error> {
        self.call(self.direct.attachment(message, attachment, bytes_max)).await
    }

    async fn post(&self, draft: &Draft) -> Result<PostId, Error> {
        let late_ms = self.late.next_ms.lock().unwrap().take();
        if let Some(ms) = late_ms {
            self.fuse.burn();
            self.late.waiting.lock().unwrap().push((self.world.clock().now().plus_ms(ms), draft.clone()));
            return Err(Error::NoAnswer { what: "no answer in time".to_owned() });
        }
        self.write(Call::CreatePost, self.direct.post(draft)).await
    }

    async fn own_posts(&self, after: PostId) -> Result<OwnPosts, Error> {
        self.call(self.direct.own_posts(after)).await
    }

    async fn newest_posts(&self, after: PostId, count: u32) -> Result<OwnPosts, Error> {
        self.call(self.direct.newest_posts(after, count)).await
    }

    async fn mentions(&self, after: PostId, size: u32, page: Option<&PageToken>) -> Result<MentionPage, Error> {
        self.call(self.direct.mentions(after, size, page)).await
    }

    async fn read_post(&self, id: PostId) -> Result<Option<Post>, Error> {
        self.call(self.direct.read_post(id)).await
    }

    async fn post_state(&self, id: PostId) -> Result<PostState, Error> {
        self.call(self.direct.post_state(id)).await
    }

    fn clock_ahead(&self) -> Duration {
        self.direct.clock_ahead()
    }
}

/// Drives a tick to its end, or until the program dies in it.
pub async fn until_death<T>(tick: impl Future<Output = T>) -> Option<T> {
    let mut tick = pin!(tick);
    let polled = poll_fn(|context| {
        let poll = catch_unwind(AssertUnwindSafe(|| tick.as_mut().poll(context)));
        match poll {
            Ok(poll) => poll.map(Some),
            Err(payload) if is_death(&*payload) => Poll::Ready(None),
            Err(payload) => resume_unwind(payload),
        }
    });
    polled.await
}

fn is_death(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Died>()
}
