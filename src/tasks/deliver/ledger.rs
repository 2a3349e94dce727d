//! What is durable of the messages.

use super::conversation::{ComposedDm, Conversations};
use crate::base::ids::MessageId;
use crate::base::time::Time;
use crate::store::{Attempts, Store};
use crate::tasks::once::{Effect, Ledger};
use crate::tasks::task::TaskError;

impl Effect for ComposedDm {
    fn id(&self) -> u64 {
        self.message.id
    }

    fn attempts(&self) -> Option<Attempts> {
        self.message.attempts
    }
}

/// The messages in the store.
pub(super) struct Messages(pub(super) Store);

impl Ledger<Conversations> for Messages {
    async fn attempt(&self, composed: &ComposedDm, now: Time) -> Result<(), TaskError> {
        Ok(self.0.sending(composed.message.id, now).await?)
    }

    async fn failed(&self, composed: &ComposedDm) -> Result<(), TaskError> {
        Ok(self.0.not_sent(composed.message.id).await?)
    }

    async fn accepted(&self, composed: &ComposedDm, id: MessageId, _now: Time) -> Result<(), TaskError> {
        Ok(self.0.sent(composed.message.id, Ok(id)).await?)
    }

    async fn given_up(&self, composed: &ComposedDm, why: &str, _now: Time) -> Result<(), TaskError> {
        self.give_up(composed.message.id, why).await
    }
}

impl Messages {
    /// The message with this number is not sent any more, and why.
    pub(super) async fn give_up(&self, id: u64, why: &str) -> Result<(), TaskError> {
        Ok(self.0.sent(id, Err(why.to_owned())).await?)
    }
}
