//! A post that was decided upon, as the publisher sees it.

use std::ops::Deref;

use crate::store::{Attempts, Effect, EffectId, Payload, PendingPost, Subject};
use crate::tasks::once;

/// A post that was decided upon.
pub(super) struct Intent {
    pub(super) id: EffectId,
    attempts: Option<Attempts>,
    post: PendingPost,
}

impl Intent {
    /// The effect, if it is a post.
    pub(super) fn of(Effect { id, payload, attempts, .. }: Effect) -> Option<Intent> {
        match payload {
            Payload::Post(post) => Some(Intent { id, attempts, post }),
            Payload::Message(_) => None,
        }
    }

    /// Whether it shows notes. Everything waits for it then, as long as it is not posted; any other post may be passed by
    /// what can be done.
    pub(super) fn is_of_notes(&self) -> bool {
        matches!(self.subject, Subject::Notes { .. })
    }

    /// Whether it shows a head of the log.
    pub(super) fn shows_head(&self) -> bool {
        matches!(
            self.subject,
            Subject::Notes { .. } | Subject::Heartbeat { .. } | Subject::Again | Subject::Receipt { .. }
        )
    }
}

impl Deref for Intent {
    type Target = PendingPost;

    fn deref(&self) -> &PendingPost {
        &self.post
    }
}

impl once::Effect for Intent {
    fn id(&self) -> EffectId {
        self.id
    }

    fn attempts(&self) -> Option<Attempts> {
        self.attempts
    }
}
