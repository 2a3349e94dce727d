//! What is durable of the messages.

use super::conversation::{ComposedDm, Conversations};
use crate::base::ids::MessageId;
use crate::base::time::Time;
use crate::store::{Attempts, EffectId, Store};
use crate::tasks::once::{Effect, Ledger};
use crate::tasks::task::TaskError;

impl Effect for ComposedDm {
    fn id(&self) -> EffectId {
        self.id
    }

    fn attempts(&self) -> Option<Attempts> {
        self.attempts
    }
}

/// The messages in the store.
pub(super) struct Messages(pub(super) Store);

impl Ledger<Conversations> for Messages {
    async fn attempt(&self, composed: &ComposedDm, now: Time) -> Result<(), TaskError> {
        Ok(self.0.attempt(composed.id, now).await?)
    }

    async fn failed(&self, composed: &ComposedDm, _now: Time) -> Result<(), TaskError> {
        Ok(self.0.failed(composed.id).await?)
    }

    async fn accepted(&self, composed: &ComposedDm, id: MessageId, now: Time) -> Result<(), TaskError> {
        Ok(self.0.accepted(composed.id, id.into(), now).await?)
    }

    async fn given_up(&self, composed: &ComposedDm, why: &str, now: Time) -> Result<(), TaskError> {
        self.give_up(composed.id, why, now).await
    }
}

impl Messages {
    /// The message with this number will not be sent any more, and why.
    pub(super) async fn give_up(&self, id: EffectId, why: &str, now: Time) -> Result<(), TaskError> {
        Ok(self.0.given_up(id, why.to_owned(), now).await?)
    }
}
