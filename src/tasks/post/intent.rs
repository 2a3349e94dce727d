//! A post that was decided upon, as the publisher sees it.

use std::ops::Deref;

use crate::store::{Attempts, Effect, EffectId, EffectKind, Payload, PendingPost, Subject};
use crate::tasks::once;

/// A post that was decided upon.
pub(super) struct Intent {
    pub(super) id: EffectId,
    kind: EffectKind,
    attempts: Option<Attempts>,
    post: PendingPost,
}

impl Intent {
    /// The effect, if it is a post.
    pub(super) fn of(Effect { id, kind, payload, attempts }: Effect) -> Option<Intent> {
        match payload {
            Payload::Post(post) => Some(Intent { id, kind, attempts, post }),
            Payload::Message(_) => None,
        }
    }

    /// Whether everything waits for it as long as it is not posted. Notes are waited for, by each other and by the
    /// heartbeat. Everything else may be passed by what can be done.
    pub(super) fn holds_all_up(&self) -> bool {
        matches!(self.subject, Subject::Notes { .. } | Subject::Heartbeat { .. })
    }

    /// Whether it is brought to its end before the next notes are decided upon. This is so for notes, and for posts
    /// with an attempt whose outcome nobody knows.
    pub(super) fn comes_before_notes(&self) -> bool {
        self.kind.rank() <= EffectKind::NotePost.rank() || self.attempts.is_some_and(|attempts| !attempts.all_failed)
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
