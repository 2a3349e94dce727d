//! What is durable of the posts.

use super::intent::Intent;
use super::timeline::Timeline;
use crate::base::ids::{Channel, PostId};
use crate::base::time::Time;
use crate::store::Store;
use crate::tasks::once::Ledger;
use crate::tasks::task::TaskError;

/// The posts in the store.
pub(super) struct Posts(pub(super) Store);

impl Ledger<Timeline> for Posts {
    async fn attempt(&self, intent: &Intent, now: Time) -> Result<(), TaskError> {
        Ok(self.0.attempt(intent.id, now).await?)
    }

    async fn failed(&self, intent: &Intent, _now: Time) -> Result<(), TaskError> {
        Ok(self.0.failed(intent.id).await?)
    }

    async fn accepted(&self, intent: &Intent, post: PostId, now: Time) -> Result<(), TaskError> {
        Ok(self.0.accepted(intent.id, Channel::X.post(post).into(), now).await?)
    }

    async fn given_up(&self, intent: &Intent, why: &str, now: Time) -> Result<(), TaskError> {
        Ok(self.0.given_up(intent.id, why.to_owned(), now).await?)
    }
}

impl Posts {
    /// From now on it, and the rest of its series, is posted as posts of their own and not as replies.
    pub(super) async fn as_standalone(&self, intent: &Intent, now: Time) -> Result<(), TaskError> {
        Ok(self.0.as_standalone(intent.id, now).await?)
    }
}
