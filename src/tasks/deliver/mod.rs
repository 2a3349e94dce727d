//! Sends each direct message that was decided upon, once.
//!
//! [`once`](crate::tasks::once) brings each message to its end, even if the program dies at any moment. After an
//! attempt whose outcome nobody knows, the message is looked for in its conversation, among the messages that are not
//! known to be others of ours. A message that cannot be sent waits alone, and what may pass is waited for. What the
//! platform refuses for good is given up, with the reason, until a person says that it shall be sent again (`verbale
//! resend`); a code that has expired is not sent any more.
//!
//! | the platform's error | what becomes of the message | what becomes of others |
//! |---|---|---|
//! | `Wait`, `Unavailable` | it waits | they wait too: nothing can be sent |
//! | `Doubtful`, `NeedsPerson` | it waits, longer each time | those to the same recipient wait, others pass it |
//! | `NoAnswer`, `Duplicate` | it is looked for | they pass it |
//! | `Refused`, `TooLong`, `ReplyRefused` | it is given up, and listed | they pass it |
//!
//! Answers to officials' commands go first, and a part of what the platform allows is kept for them: a code that comes
//! late is worth nothing.

mod search;
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

/// The wait between two looks of one search, so that calls are left for others.
const SEARCH_EVERY_MS: i64 = 300_000;

/// Why a slip cannot be made on this machine.
const WITHOUT_KEY: &str = "this machine has no key that opens the note, and without one no slip can be made";

/// How messages are sent.
pub struct DeliverSettings {
    /// How long after an attempt with unknown outcome the message may still appear in its conversation.
    pub unknown_outcome_timeout: Duration,
    /// The secret keys that open notes, for slips; without one no slip is sent.
    pub identities: Vec<age::x25519::Identity>,
    /// How often to look whether a command has asked to send something again.
    pub poll: Duration,
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

/// What a message says, if it can be made.
enum Made {
    /// This text. Private.
    Text(String),
    /// It cannot be made, and why.
    Not(&'static str),
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
            conversations: Conversations::new(
                platform.clone(),
                store.clone(),
                clock.clone(),
                settings.unknown_outcome_timeout,
            ),
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
        let PendingMessage { to, body, expires } = message;
        self.unreachable.retain(|(_, until)| now < *until);
        if let Some((_, until)) = self.unreachable.iter().find(|(unreachable, _)| *unreachable == to) {
            self.once.deferred.defer(id, *until);
            return Ok(Next::Now);
        }
        let text = match self.make(body).await? {
            Made::Text(text) => text,
            Made::Not(why) => return self.without_slip(id, attempts, why).await,
        };
        let composed = ComposedDm { id, attempts, to, text, expires };
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
            End::Unfinished => {
                let is_searching = self.conversations.is_searching(message.id);
                let every = is_searching.then(|| self.clock.now().plus_ms(SEARCH_EVERY_MS));
                let look = every.unwrap_or_else(|| self.once.later());
                info!(effect.id = %message.id, until = %look, "much was written since: the search for a message goes on");
                self.once.deferred.defer(message.id, look);
            }
            End::GivenUp(why) => warn!(effect.id = %message.id, why = %why, "a message is given up"),
            End::NotReady(PlatformError::Refused { what }) => return self.give_up(message.id, &what).await,
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
            PlatformError::NeedsPerson { .. } | PlatformError::Doubtful { .. } => {
                let until = self.once.after(message.id, &error);
                self.unreachable.push((message.to, until));
                self.wait_until(message.id, error, until).await
            }
            error => Err(error.into()),
        }
    }

    /// Nothing can be done now.
    async fn rest(&mut self, now: Time, budget: Budget) -> Result<Next, TaskError> {
        self.once.backoff.succeeded();
        let mut until = now.plus_ms(DAY_MS);
        if budget == Budget::Low {
            until = until.min(now.plus_ms(ALLOWED_LATER_MS));
        }
        // A command may have asked to send again what is given up.
        if self.store.has_unsent().await? {
            until = until.min(now.plus_ms(ms(self.settings.poll)));
        }
        match self.once.deferred.until() {
            Some(deferred) => Ok(Next::Idle(until.min(deferred))),
            None => {
                self.once.backoff.idle(Self::NAME, &self.store, now).await?;
                Ok(Next::Idle(until))
            }
        }
    }

    /// Lets one message wait because of the platform's answer; others pass it.
    async fn put_off(&mut self, id: EffectId, error: PlatformError) -> Result<Next, TaskError> {
        let until = self.once.after(id, &error);
        self.wait_until(id, error, until).await
    }

    async fn wait_until(&mut self, id: EffectId, error: PlatformError, until: Time) -> Result<Next, TaskError> {
        warn!(effect.id = %id, error = %error, until = %until, "a message has to wait");
        self.report(error.to_string()).await?;
        self.once.deferred.defer(id, until);
        Ok(Next::Now)
    }

    /// Says what troubles this task.
    async fn report(&mut self, trouble: String) -> Result<(), TaskError> {
        Ok(self.once.backoff.trouble(Self::NAME, trouble, &self.store, self.clock.now()).await?)
    }

    /// What happens to a slip that cannot be made. It is given up, unless it may have been sent: then nobody can look
    /// for it, and it waits for the key.
    async fn without_slip(
        &mut self,
        id: EffectId,
        attempts: Option<Attempts>,
        why: &'static str,
    ) -> Result<Next, TaskError> {
        if attempts.is_none_or(|attempts| attempts.all_failed) {
            return self.give_up(id, why).await;
        }
        let now = self.clock.now();
        let until = now.plus_ms(ms(RARE_RETRY));
        let trouble = "a slip that may have been sent cannot be looked for: it cannot be made again";
        warn!(effect.id = %id, until = %until, "{trouble}");
        self.report(trouble.to_owned()).await?;
        self.once.deferred.defer(id, until);
        Ok(Next::Now)
    }

    /// The text of the message. A slip is made of the note's opening.
    async fn make(&self, body: Option<MessageBody>) -> Result<Made, TaskError> {
        let note = match body {
            Some(MessageBody::Text(text)) => return Ok(Made::Text(text)),
            Some(MessageBody::Slip(note)) => note,
            None => return Ok(Made::Not("its text is not kept")),
        };
        let Some(sealed) = self.store.opening(note).await? else {
            return Ok(Made::Not("the note's opening was removed"));
        };
        if self.settings.identities.is_empty() {
            return Ok(Made::Not(WITHOUT_KEY));
        }
        let opening = match vault::open(note, &sealed, &self.settings.identities) {
            Ok(opening) => opening,
            Err(error) => {
                warn!(note, error = %error, "a slip cannot be made");
                return Ok(Made::Not(WITHOUT_KEY));
            }
        };
        let Ok((envelope, content)) = opening.check() else {
            return Ok(Made::Not("the note's opening does not agree with itself"));
        };
        let Some(slip) = Slip::of(envelope, &content) else {
            return Ok(Made::Not("the note's text could not be read when it was sealed"));
        };
        Ok(match slip.to_text() {
            Ok(text) => Made::Text(text),
            Err(error) => {
                warn!(note, error = %error, "no slip");
                Made::Not("the note's slip is longer than a direct message may be")
            }
        })
    }

    async fn give_up(&mut self, id: EffectId, why: &str) -> Result<Next, TaskError> {
        warn!(effect.id = %id, why, "a message is given up");
        self.ledger.give_up(id, why, self.clock.now()).await?;
        self.once.forget(id);
        Ok(Next::Now)
    }
}
