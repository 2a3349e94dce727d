//! Sends each direct message that was decided upon, once.
//!
//! The attempt is durable before it is made. After one whose outcome nobody knows the message is looked for in its
//! conversation, among those that are not known to be others of ours; only when it has not appeared for as long as the
//! configured `unknown_outcome_timeout` is it tried again. A message that the platform refuses for good is dropped, with the reason; it
//! holds up no other. Nor does one whose recipient cannot be written to, or whose conversation cannot be read: it waits by
//! itself.
//!
//! What officials are told in answer to a command goes first, and some of what the platform allows is kept for it: a code
//! that comes late is worth nothing.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tracing::{info, warn};

use crate::base::clock::Clock;
use crate::base::ids::{MessageId, Source};
use crate::base::time::{DAY_MS, Time};
use crate::note::slip::Slip;
use crate::platform::{Addressee, Error as PlatformError, Message, Newest, Platform, Reach, newest};
use crate::store::vault;
use crate::store::{Attempts, MessageBody, PendingMessage, Store};
use crate::tasks::task::{Backoff, Deferred, Needs, Next, Task, TaskError, Wake, ms};

/// How far our clock and the platform's may differ when a message is looked for.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);

/// How far a conversation is read at most, in fewer calls than X allows in a window: a look that never ends finds nothing.
const REACH: Reach = Reach { page_sizes: &[5, 20, 100], pages_max: 12 };

/// So many of the messages that the platform allows are left to answers to commands.
const RESERVED: u64 = 3;

/// When to look again how many messages the platform allows.
const ALLOWED_LATER_MS: i64 = 60_000;

/// How messages are sent.
pub struct DeliverSettings {
    /// How long after an attempt with unknown outcome the message may still appear in its conversation.
    pub unknown_outcome_timeout: Duration,
    /// The secret keys that open notes, for slips; without one no slip is sent.
    pub identities: Vec<age::x25519::Identity>,
}

/// The loop that sends.
pub struct DmSender {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    settings: DeliverSettings,
    backoff: Backoff,
    /// Messages that have to wait.
    deferred: Deferred,
    /// Who cannot be written to, and until when nobody tries.
    unreachable: Vec<(Addressee, Time)>,
}

/// What the look for a message came to.
enum Look {
    Found(MessageId),
    Absent,
    /// More was written since than is read.
    Endless,
}

impl Task for DmSender {
    const NAME: &'static str = "dm sender";
    const WAKE: Wake = Wake::Log;
    const NEEDS: Needs = Needs::Comparison;

    /// Sends at most one message. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only what must stop the daemon.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        self.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await
    }
}

impl DmSender {
    /// A sender that has done nothing yet.
    pub fn new(platform: Arc<dyn Platform>, store: Store, clock: Clock, settings: DeliverSettings) -> DmSender {
        DmSender {
            platform,
            store,
            clock,
            settings,
            backoff: Backoff::new(),
            deferred: Deferred::default(),
            unreachable: Vec::new(),
        }
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let low_budget = self.platform.sends_left().await.is_some_and(|left| left <= RESERVED);
        let Some(message) = self.store.pending_message(self.deferred.at(now), low_budget).await? else {
            return self.rest(now, low_budget).await;
        };
        self.unreachable.retain(|(_, until)| now < *until);
        if let Some((_, until)) = self.unreachable.iter().find(|(unreachable, _)| *unreachable == message.to) {
            self.deferred.defer(message.id, *until);
            return Ok(Next::Now);
        }
        let Some(text) = self.text(&message.body).await? else {
            return self.drop(&message, "its slip cannot be made".to_owned()).await;
        };
        if let Some(attempts) = message.attempts.filter(|attempts| !attempts.all_failed) {
            // What the answer does not show was not there when it was asked, not when it came.
            let asked = self.clock.now();
            match self.look(&message, attempts, &text).await {
                Ok(Look::Found(found)) => return self.sent(&message, found).await,
                Ok(Look::Endless) => {
                    let why = "nobody knows whether it was sent, and too much was written since to look for it";
                    return self.drop(&message, why.to_owned()).await;
                }
                Ok(Look::Absent) if asked < attempts.last.plus_ms(ms(self.settings.unknown_outcome_timeout)) => {
                    let look = self.backoff.wait(self.clock.now());
                    info!(message.id, until = %look, "the message is not in its conversation yet");
                    self.deferred.defer(message.id, look);
                    return Ok(Next::Now);
                }
                Ok(Look::Absent) => {}
                Err(TaskError::Platform(error)) => return self.put_off(&message, error).await,
                Err(stop) => return Err(stop),
            }
        }
        self.store.sending(message.id, self.clock.now()).await?;
        match self.platform.send_message(&message.to, &text, None).await {
            Ok(sent) => self.sent(&message, sent.message).await,
            Err(error @ (PlatformError::NoAnswer { .. } | PlatformError::Duplicate)) => {
                let look = self.backoff.wait(self.clock.now());
                warn!(message.id, error = %error, until = %look, "no answer to a message: it will be looked for");
                self.deferred.defer(message.id, look);
                Ok(Next::Now)
            }
            Err(error) => {
                self.store.not_sent(message.id).await?;
                match error {
                    PlatformError::Refused { .. }
                    | PlatformError::TooLong { .. }
                    | PlatformError::ReplyRefused { .. } => self.drop(&message, error.to_string()).await,
                    // It may be this recipient alone, whose conversation is encrypted; if it is the account, each
                    // recipient is tried as seldom.
                    PlatformError::NeedsPerson { .. } => {
                        self.unreachable.push((message.to.clone(), self.backoff.after(&error, self.clock.now())));
                        self.put_off(&message, error).await
                    }
                    error => Err(error.into()),
                }
            }
        }
    }

    /// Nothing can be done now.
    async fn rest(&mut self, now: Time, low_budget: bool) -> Result<Next, TaskError> {
        self.backoff.succeeded();
        let later = low_budget.then(|| now.plus_ms(ALLOWED_LATER_MS));
        if let Some(until) = self.deferred.until().into_iter().chain(later).min() {
            return Ok(Next::Idle(until));
        }
        self.store.report(Self::NAME, None, now).await?;
        Ok(Next::Idle(now.plus_ms(DAY_MS)))
    }

    /// Lets one message wait because of what the platform says; others pass it.
    async fn put_off(&mut self, message: &PendingMessage, error: PlatformError) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let until = self.backoff.after(&error, now);
        warn!(message.id, error = %error, until = %until, "a message has to wait");
        self.store.report(Self::NAME, Some(error.to_string()), now).await?;
        self.deferred.defer(message.id, until);
        Ok(Next::Now)
    }

    /// What the message says; nothing if it is a slip that cannot be made.
    async fn text(&self, body: &MessageBody) -> Result<Option<String>, TaskError> {
        let note = match body {
            MessageBody::Text(text) => return Ok(Some(text.clone())),
            MessageBody::Slip(note) => *note,
        };
        let sealed = self.store.opening(note).await?;
        let Some(sealed) = sealed.filter(|_| !self.settings.identities.is_empty()) else { return Ok(None) };
        let opening = match vault::open(note, &sealed, &self.settings.identities) {
            Ok(opening) => opening,
            Err(error) => {
                warn!(note, error = %error, "a slip cannot be made");
                return Ok(None);
            }
        };
        let Ok((envelope, content)) = opening.check() else {
            warn!(note, "a slip cannot be made: the opening does not agree with itself");
            return Ok(None);
        };
        Ok(Slip::of(envelope, &content).to_text().inspect_err(|error| warn!(note, error = %error, "no slip")).ok())
    }

    /// Looks for the message in its conversation.
    async fn look(&self, message: &PendingMessage, tried: Attempts, text: &str) -> Result<Look, TaskError> {
        // The publisher keeps it before any other loop begins.
        let me = self.store.own_account().await?.context("nobody has said who we are")?.id;
        let from = Source::XDm.first_at(tried.first.plus_ms(-ms(CLOCKS_DIFFER)));
        let with = match &message.to {
            Addressee::Account(account) => Some(*account),
            Addressee::Conversation(id) => id.pair().map(|(one, other)| if one == me { other } else { one }),
        };
        let Newest { messages, is_enough } = newest(&*self.platform, with, REACH, |message| message.id < from).await?;
        let is_ours = |found: &&Message| found.sender == me && found.text == text && is_there(found, &message.to);
        // The oldest that is not known to be another.
        for found in messages.iter().rev().filter(is_ours).filter(|found| from <= found.id) {
            if !self.store.is_sent(found.id).await? {
                return Ok(Look::Found(found.id));
            }
        }
        Ok(if is_enough { Look::Absent } else { Look::Endless })
    }

    async fn sent(&mut self, message: &PendingMessage, id: MessageId) -> Result<Next, TaskError> {
        self.store.sent(message.id, Ok(id)).await?;
        self.backoff.succeeded();
        info!(message.id, sent.id = %id, "sent a message");
        Ok(Next::Now)
    }

    async fn drop(&self, message: &PendingMessage, why: String) -> Result<Next, TaskError> {
        warn!(message.id, why, "a message is dropped");
        self.store.sent(message.id, Err(why)).await?;
        Ok(Next::Now)
    }
}

/// Whether a listed message is in the conversation that one was sent to.
fn is_there(found: &Message, to: &Addressee) -> bool {
    match to {
        Addressee::Account(_) => true,
        Addressee::Conversation(id) => found.conversation == *id,
    }
}
