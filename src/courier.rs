//! Sends each direct message that was decided upon, once.
//!
//! The attempt is durable before it is made. After one whose outcome nobody knows the message is looked for in its
//! conversation, among those that are not known to be others of ours; only when it has not appeared for as long as the
//! configured `settle` is it tried again. A message that the platform refuses for good is dropped, with the reason; it
//! holds up no other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::note::{MessageId, Snowflake};
use crate::pace::{Held, Next, Pace, Stop, Tick, ms};
use crate::platform::{Addressee, Error as PlatformError, Message, Newest, Platform, Reach, newest};
use crate::slip::Slip;
use crate::store::{Attempts, Body, Store, Waiting};
use crate::vault;

/// How far our clock and the platform's may differ when a message is looked for.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);

/// How far a conversation is read at most.
const REACH: Reach = Reach { page_sizes: &[5], pages_max: 40 };

/// How messages are sent.
pub struct Settings {
    /// How long after an attempt with unknown outcome the message may still appear in its conversation.
    pub settle: Duration,
    /// The secret keys that open notes, for slips; without one no slip is sent.
    pub identities: Vec<age::x25519::Identity>,
}

/// The loop that sends.
pub struct Courier {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    settings: Settings,
    pace: Pace,
    /// Messages that have to wait.
    held: Held,
}

impl Tick for Courier {
    const NAME: &'static str = "courier";

    /// Sends at most one message. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only what must stop the daemon.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        self.pace.settle(Self::NAME, step, &self.store, self.clock.now()).await
    }
}

impl Courier {
    /// A courier that has done nothing yet.
    pub fn new(platform: Arc<dyn Platform>, store: Store, clock: Clock, settings: Settings) -> Courier {
        Courier { platform, store, clock, settings, pace: Pace::new(), held: Held::default() }
    }

    async fn step(&mut self) -> Result<Next, Stop> {
        let now = self.clock.now();
        let Some(message) = self.store.waiting_message(self.held.at(now)).await? else {
            self.pace.succeeded();
            if let Some(until) = self.held.until() {
                return Ok(Next::Idle(until));
            }
            self.store.report(Self::NAME, None, now).await?;
            return Ok(Next::Idle(now.plus_ms(86_400_000)));
        };
        let Some(text) = self.text(&message.body).await? else {
            return self.drop(&message, "its slip cannot be made".to_owned()).await;
        };
        if let Some(attempts) = message.attempts.filter(|attempts| !attempts.all_failed) {
            // What the answer does not show was not there when it was asked, not when it came.
            let asked = self.clock.now();
            if let Some(found) = self.look(&message, attempts, &text).await? {
                return self.sent(&message, found).await;
            }
            if asked < attempts.last.plus_ms(ms(self.settings.settle)) {
                let look = self.pace.wait(self.clock.now());
                info!(message.id, until = %look, "the message is not in its conversation yet");
                self.held.hold(message.id, look);
                return Ok(Next::Now);
            }
        }
        self.store.sending(message.id, self.clock.now()).await?;
        match self.platform.send_message(&message.to, &text, None).await {
            Ok(sent) => self.sent(&message, sent.message).await,
            Err(error @ (PlatformError::NoAnswer { .. } | PlatformError::Duplicate)) => {
                let look = self.pace.wait(self.clock.now());
                warn!(message.id, error = %error, until = %look, "no answer to a message: it will be looked for");
                self.held.hold(message.id, look);
                Ok(Next::Now)
            }
            Err(error) => {
                self.store.not_sent(message.id).await?;
                match error {
                    PlatformError::Refused { .. }
                    | PlatformError::TooLong { .. }
                    | PlatformError::ReplyRefused { .. } => self.drop(&message, error.to_string()).await,
                    error => Err(error.into()),
                }
            }
        }
    }

    /// What the message says; nothing if it is a slip that cannot be made.
    async fn text(&self, body: &Body) -> Result<Option<String>, Stop> {
        let note = match body {
            Body::Text(text) => return Ok(Some(text.clone())),
            Body::Slip(note) => *note,
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

    /// The message, if it is in its conversation.
    async fn look(&self, message: &Waiting, tried: Attempts, text: &str) -> Result<Option<MessageId>, Stop> {
        // The publisher keeps it before any other loop begins.
        let me = self.store.own_account().await?.context("nobody has said who we are")?.id;
        let from = Snowflake::first_at(tried.first.plus_ms(-ms(CLOCKS_DIFFER)));
        let with = match &message.to {
            Addressee::Account(account) => Some(*account),
            Addressee::Conversation(id) => id.pair().map(|(one, other)| if one == me { other } else { one }),
        };
        let Newest { messages, .. } = newest(&*self.platform, with, REACH, |message| message.id < from).await?;
        let is_ours = |found: &&Message| found.sender == me && found.text == text && is_there(found, &message.to);
        // The oldest that is not known to be another.
        for found in messages.iter().rev().filter(is_ours).filter(|found| from <= found.id) {
            if !self.store.is_sent(found.id).await? {
                return Ok(Some(found.id));
            }
        }
        Ok(None)
    }

    async fn sent(&mut self, message: &Waiting, id: MessageId) -> Result<Next, Stop> {
        self.store.sent(message.id, Ok(id)).await?;
        self.pace.succeeded();
        info!(message.id, sent.id = %id, "sent a message");
        Ok(Next::Now)
    }

    async fn drop(&self, message: &Waiting, why: String) -> Result<Next, Stop> {
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
