//! Sends each direct message that was decided upon, once.
//!
//! [`once`](crate::tasks::once) brings each message to its end, even if the program dies at any moment. After an
//! attempt whose outcome nobody knows, the message is looked for in its conversation, among the messages that are not
//! known to be others of ours. A message that the platform refuses for good is given up, with the reason; it does not
//! delay any other. A message whose recipient cannot be written to, or whose conversation cannot be read, waits alone.
//!
//! Answers to officials' commands go first, and a part of what the platform allows is kept for them: a code that comes
//! late is worth nothing.

mod conversation;
mod ledger;

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use self::conversation::{ComposedDm, Conversations};
use self::ledger::Messages;
use crate::base::clock::Clock;
use crate::base::time::{DAY_MS, Time};
use crate::note::slip::Slip;
use crate::platform::{Addressee, Error as PlatformError, Platform};
use crate::store::vault;
use crate::store::{Attempts, Budget, Effect, EffectId, Lane, MessageBody, Payload, PendingMessage, Store};
use crate::tasks::once::decide::{Retry, Rules};
use crate::tasks::once::{End, EndOf, Once};
use crate::tasks::task::{Needs, Next, RARE_RETRY, Task, TaskError, Wake, ms};

/// Number of messages, of those that the platform allows, that are kept for answers to commands.
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

/// The task that sends.
pub struct DmSender {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    settings: DeliverSettings,
    conversations: Conversations,
    ledger: Messages,
    once: Once,
    /// Accounts that cannot be written to, and until when nothing is sent to them.
    unreachable: Vec<(Addressee, Time)>,
}

impl Task for DmSender {
    const NAME: &'static str = "dm sender";
    const WAKE: Wake = Wake::Log;
    const NEEDS: Needs = Needs::Comparison;

    /// Sends at most one message. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only errors that must stop the daemon.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        self.once.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await
    }
}

impl DmSender {
    /// A sender that has done nothing yet.
    pub fn new(platform: Arc<dyn Platform>, store: Store, clock: Clock, settings: DeliverSettings) -> DmSender {
        let rules = Rules {
            unknown_outcome_timeout: settings.unknown_outcome_timeout,
            duplicate_stays_away: settings.unknown_outcome_timeout,
            retry: Retry::ByItself,
        };
        DmSender {
            conversations: Conversations { platform: platform.clone(), store: store.clone(), clock: clock.clone() },
            ledger: Messages(store.clone()),
            once: Once::new(rules, clock.clone()),
            platform,
            store,
            clock,
            settings,
            unreachable: Vec::new(),
        }
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let budget = match self.platform.sends_left().await {
            Some(left) if left <= RESERVED => Budget::Low,
            _ => Budget::Enough,
        };
        let next = self.store.next_effect(Lane::Messages, &self.once.deferred.at(now), budget).await?;
        let Some(Effect { id, attempts, payload: Payload::Message(message), .. }) = next else {
            return self.rest(now, budget).await;
        };
        let PendingMessage { to, body } = message;
        self.unreachable.retain(|(_, until)| now < *until);
        if let Some((_, until)) = self.unreachable.iter().find(|(unreachable, _)| *unreachable == to) {
            self.once.deferred.defer(id, *until);
            return Ok(Next::Now);
        }
        let Some(text) = self.text(body).await? else {
            return self.without_slip(id, attempts).await;
        };
        let composed = ComposedDm { id, attempts, to, text };
        let end = self.once.bring(&self.conversations, &self.ledger, &composed).await?;
        self.conclude(composed, end).await
    }

    /// What follows from how far a message was brought.
    async fn conclude(&mut self, message: ComposedDm, end: EndOf<Conversations>) -> Result<Next, TaskError> {
        match end {
            End::Accepted(id) => {
                self.once.backoff.succeeded();
                info!(effect.id = %message.id, sent.id = %id, "sent a message");
            }
            End::NotYet => {
                let look = self.once.later();
                info!(effect.id = %message.id, until = %look, "the message is not in its conversation yet");
                self.once.deferred.defer(message.id, look);
            }
            End::Unknown(error) => {
                let look = self.once.later();
                warn!(effect.id = %message.id, error = %error, until = %look, "no answer to a message: it will be looked for");
                self.once.deferred.defer(message.id, look);
            }
            End::GivenUp(why) => warn!(effect.id = %message.id, why = %why, "a message is given up"),
            End::Unreadable(error) | End::NotReady(error) => return self.put_off(message.id, error).await,
            End::Failed { error, .. } => return self.failed(message, error).await,
        }
        Ok(Next::Now)
    }

    /// What happens to a message that surely was not sent.
    async fn failed(&mut self, message: ComposedDm, error: PlatformError) -> Result<Next, TaskError> {
        match error {
            PlatformError::Refused { .. } | PlatformError::TooLong { .. } | PlatformError::ReplyRefused { .. } => {
                self.give_up(message.id, &error.to_string()).await
            }
            // The cause may be this recipient only, whose conversation is encrypted. If the cause is the account, each
            // recipient is tried just as seldom.
            PlatformError::NeedsPerson { .. } => {
                self.unreachable.push((message.to, self.once.after(&error)));
                self.put_off(message.id, error).await
            }
            error => Err(error.into()),
        }
    }

    /// Nothing can be done now.
    async fn rest(&mut self, now: Time, budget: Budget) -> Result<Next, TaskError> {
        self.once.backoff.succeeded();
        let later = (budget == Budget::Low).then(|| now.plus_ms(ALLOWED_LATER_MS));
        if let Some(until) = self.once.deferred.until().into_iter().chain(later).min() {
            return Ok(Next::Idle(until));
        }
        self.store.report(Self::NAME, None, now).await?;
        Ok(Next::Idle(now.plus_ms(DAY_MS)))
    }

    /// Lets one message wait because of the platform's answer; others pass it.
    async fn put_off(&mut self, id: EffectId, error: PlatformError) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let until = self.once.after(&error);
        warn!(effect.id = %id, error = %error, until = %until, "a message has to wait");
        self.store.report(Self::NAME, Some(error.to_string()), now).await?;
        self.once.deferred.defer(id, until);
        Ok(Next::Now)
    }

    /// What happens to a slip that cannot be made. It is given up, unless it may have been sent: then nobody can look
    /// for it, and it waits for the key.
    async fn without_slip(&mut self, id: EffectId, attempts: Option<Attempts>) -> Result<Next, TaskError> {
        if attempts.is_none_or(|attempts| attempts.all_failed) {
            return self.give_up(id, "its slip cannot be made").await;
        }
        let now = self.clock.now();
        let until = now.plus_ms(ms(RARE_RETRY));
        let trouble = "a slip that may have been sent cannot be looked for: it cannot be made again";
        warn!(effect.id = %id, until = %until, "{trouble}");
        self.store.report(Self::NAME, Some(trouble.to_owned()), now).await?;
        self.once.deferred.defer(id, until);
        Ok(Next::Now)
    }

    /// The text of the message. None if it is a slip that cannot be made.
    async fn text(&self, body: Option<MessageBody>) -> Result<Option<String>, TaskError> {
        let note = match body {
            Some(MessageBody::Text(text)) => return Ok(Some(text)),
            Some(MessageBody::Slip(note)) => note,
            None => return Ok(None),
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
        let Some(slip) = Slip::of(envelope, &content) else {
            warn!(note, "no slip: the note's text could not be read when it was sealed");
            return Ok(None);
        };
        Ok(slip.to_text().inspect_err(|error| warn!(note, error = %error, "no slip")).ok())
    }

    async fn give_up(&self, id: EffectId, why: &str) -> Result<Next, TaskError> {
        warn!(effect.id = %id, why, "a message is given up");
        self.ledger.give_up(id, why, self.clock.now()).await?;
        Ok(Next::Now)
    }
}
