//! What is durable of the posts.

use super::timeline::Timeline;
use crate::base::ids::PostId;
use crate::base::time::Time;
use crate::store::{Intent, Store};
use crate::tasks::once::{Effect, Ledger};
use crate::tasks::task::TaskError;

impl Effect for Intent {
    fn id(&self) -> u64 {
        self.id
    }

    fn attempts(&self) -> Option<crate::store::Attempts> {
        self.attempts
    }
}

/// The posts in the store.
pub(super) struct Posts(pub(super) Store);

impl Ledger<Timeline> for Posts {
    async fn attempt(&self, intent: &Intent, now: Time) -> Result<(), TaskError> {
        Ok(self.0.attempt(intent.id, now).await?)
    }

    async fn failed(&self, intent: &Intent) -> Result<(), TaskError> {
        Ok(self.0.failed(intent.id).await?)
    }

    async fn accepted(&self, intent: &Intent, post: PostId, now: Time) -> Result<(), TaskError> {
        Ok(self.0.posted(intent.id, post, now).await?)
    }

    async fn given_up(&self, intent: &Intent, why: &str, now: Time) -> Result<(), TaskError> {
        Ok(self.0.dropped(intent.id, why.to_owned(), now).await?)
    }
}

impl Posts {
    /// From now on it, and the rest of its series, is posted without answering.
    pub(super) async fn as_standalone(&self, intent: &Intent, now: Time) -> Result<(), TaskError> {
        Ok(self.0.unanswering(intent.id, now).await?)
    }
}
