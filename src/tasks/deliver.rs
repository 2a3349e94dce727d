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
use crate::store::{Attempts, Budget, Effect, EffectId, Lane, MessageBody, Payload, PendingMessage, Store};
use crate::tasks::task::{Backoff, Deferred, Next, Task, TaskError, ms};

/// How far our clock and the platform's may differ when a message is looked for.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);

/// How far a conversation is read at most, in fewer calls than X allows in a window: a look that never ends finds nothing.
const REACH: Reach = Reach { page_sizes: &[5, 20, 100], pages_max: 12 };

/// So many of the messages that the platform allows are left to answers to commands.
const RESERVED: u64 = 3;

/// When to look again how many messages the platform allows.
const ALLOWED_LATER_MS: i64 = 60_000;

/// How messages are sent.
pub struct Settings {
    /// How long after an attempt with unknown outcome the message may still appear in its conversation.
    pub unknown_outcome_timeout: Duration,
    /// The secret keys that open notes, for slips; without one no slip is sent.
    pub identities: Vec<age::x25519::Identity>,
}

/// A message that is to be sent.
struct Pending {
    id: EffectId,
    to: Addressee,
    body: MessageBody,
    attempts: Option<Attempts>,
}

impl Pending {
    /// The effect, which is a message that is kept.
    fn of(Effect { id, payload, attempts, .. }: Effect) -> Option<Pending> {
        let Payload::Message(PendingMessage { to, body: Some(body) }) = payload else { return None };
        Some(Pending { id, to, body, attempts })
    }
}

/// The loop that sends.
pub struct DmSender {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    settings: Settings,
    backoff: Backoff,
    /// Messages that have to wait.
    deferred: Deferred<EffectId>,
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
    pub fn new(platform: Arc<dyn Platform>, store: Store, clock: Clock, settings: Settings) -> DmSender {
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
        let Some(message) = self.next(now, low_budget).await? else {
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
                    info!(effect.id = %message.id, until = %look, "the message is not in its conversation yet");
                    self.deferred.defer(message.id, look);
                    return Ok(Next::Now);
                }
                Ok(Look::Absent) => {}
                Err(TaskError::Platform(error)) => return self.put_off(&message, error).await,
                Err(stop) => return Err(stop),
            }
        }
        self.store.attempt(message.id, self.clock.now()).await?;
        match self.platform.send_message(&message.to, &text, None).await {
            Ok(sent) => self.sent(&message, sent.message).await,
            Err(error @ (PlatformError::NoAnswer { .. } | PlatformError::Duplicate)) => {
                let look = self.backoff.wait(self.clock.now());
                warn!(effect.id = %message.id, error = %error, until = %look, "no answer to a message: it will be looked for");
                self.deferred.defer(message.id, look);
                Ok(Next::Now)
            }
            Err(error) => {
                self.store.failed(message.id).await?;
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

    /// The message that is next.
    async fn next(&mut self, now: Time, low_budget: bool) -> Result<Option<Pending>, TaskError> {
        let budget = if low_budget { Budget::Low } else { Budget::Enough };
        let next = self.store.next_effect(Lane::Messages, &self.deferred.at(now), budget).await?;
        Ok(next.and_then(Pending::of))
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
    async fn put_off(&mut self, message: &Pending, error: PlatformError) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let until = self.backoff.after(&error, now);
        warn!(effect.id = %message.id, error = %error, until = %until, "a message has to wait");
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
    async fn look(&self, message: &Pending, tried: Attempts, text: &str) -> Result<Look, TaskError> {
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

    async fn sent(&mut self, message: &Pending, id: MessageId) -> Result<Next, TaskError> {
        self.store.accepted(message.id, id.into(), self.clock.now()).await?;
        self.backoff.succeeded();
        info!(effect.id = %message.id, sent.id = %id, "sent a message");
        Ok(Next::Now)
    }

    async fn drop(&self, message: &Pending, why: String) -> Result<Next, TaskError> {
        warn!(effect.id = %message.id, why, "a message is dropped");
        self.store.given_up(message.id, why, self.clock.now()).await?;
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
