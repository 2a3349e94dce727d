//! The conversations: messages are sent into them, and looked for.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::base::clock::Clock;
use crate::base::ids::MessageId;
use crate::base::time::Time;
use crate::platform::{Addressee, Error as PlatformError, Message, Newest, Platform, Reach, newest};
use crate::store::{Attempts, EffectId, Store};
use crate::tasks::once::Remote;
use crate::tasks::once::decide::Sight;
use crate::tasks::task::{TaskError, ms};

/// How far our clock and the platform's may differ when a message is looked for.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);

/// Most of a conversation that is read. It takes fewer calls than X allows in a window: a look that never ends finds
/// nothing.
const REACH: Reach = Reach { page_sizes: &[5, 20, 100], pages_max: 12 };

/// A message with its text.
pub(super) struct ComposedDm {
    pub(super) id: EffectId,
    pub(super) attempts: Option<Attempts>,
    pub(super) to: Addressee,
    /// What it says. Private.
    pub(super) text: String,
}

/// All the account's conversations.
pub(super) struct Conversations {
    pub(super) platform: Arc<dyn Platform>,
    pub(super) store: Store,
    pub(super) clock: Clock,
}

impl Remote for Conversations {
    type Effect = ComposedDm;
    type Id = MessageId;
    type Ready = ();

    async fn prepare(&self, _composed: &ComposedDm) -> Result<(), TaskError> {
        Ok(())
    }

    async fn act(&self, composed: &ComposedDm, (): &()) -> Result<MessageId, PlatformError> {
        Ok(self.platform.send_message(&composed.to, &composed.text, None).await?.message)
    }

    /// Looks for the message in its conversation, among the messages that are not known to be others of ours.
    async fn look(&self, composed: &ComposedDm, first: Option<Time>) -> Result<Sight<MessageId>, TaskError> {
        let to = &composed.to;
        // The publisher keeps it before any other task begins.
        let me = self.store.own_account().await?.context("nobody has said who we are")?.id;
        // If our clock was ahead at the attempt and was set back since, now is earlier than the attempt.
        let now = self.clock.now();
        let first = first.map_or(now, |first| first.min(now));
        let from = MessageId::first_at(first.plus_ms(-ms(CLOCKS_DIFFER)));
        let with = match to {
            Addressee::Account(account) => Some(*account),
            Addressee::Conversation(id) => id.pair().map(|(one, other)| if one == me { other } else { one }),
        };
        let Newest { messages, is_enough } = newest(&*self.platform, with, REACH, |message| message.id < from).await?;
        let is_ours = |found: &&Message| found.sender == me && found.text == composed.text && is_there(found, to);
        // The oldest message that is not known to be another one.
        for found in messages.iter().rev().filter(is_ours).filter(|found| from <= found.id) {
            if !self.store.is_sent(found.id).await? {
                return Ok(Sight::There(found.id));
            }
        }
        Ok(if is_enough { Sight::Absent } else { Sight::Endless })
    }
}

/// Whether a listed message is in the conversation that one was sent to.
fn is_there(found: &Message, to: &Addressee) -> bool {
    match to {
        Addressee::Account(_) => true,
        Addressee::Conversation(id) => found.conversation == *id,
    }
}
