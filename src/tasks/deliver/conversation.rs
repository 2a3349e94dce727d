//! The conversations: messages are sent into them, and looked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;

use super::search::{Progress, Search, Target, newest_of};
use crate::base::clock::{Clock, Reading};
use crate::base::ids::MessageId;
use crate::base::time::Time;
use crate::platform::{Addressee, Error as PlatformError, Platform};
use crate::store::{Attempts, EffectId, Store};
use crate::tasks::once::Remote;
use crate::tasks::once::decide::{Look, Sight};
use crate::tasks::task::{TaskError, ms};

/// How far our clock and the platform's may differ when a message is looked for.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);

/// Why a message is not sent that is worth nothing any more.
const EXPIRED: &str = "its code has expired";

/// A message with its text.
pub(super) struct ComposedDm {
    pub(super) id: EffectId,
    pub(super) attempts: Option<Attempts>,
    pub(super) to: Addressee,
    /// What it says. Private.
    pub(super) text: String,
    /// From when on it is worth nothing, and is not sent any more.
    pub(super) expires: Option<Time>,
}

/// All the account's conversations.
pub(super) struct Conversations {
    pub(super) platform: Arc<dyn Platform>,
    pub(super) store: Store,
    pub(super) clock: Clock,
    /// How long after an attempt its message may still appear.
    pub(super) timeout: Duration,
    /// The searches that go on. Losing them does no harm.
    searches: Mutex<BTreeMap<EffectId, Search>>,
}

impl ComposedDm {
    /// Whether it is worth nothing any more.
    pub(super) fn is_expired(&self, now: Time) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl Conversations {
    pub(super) fn new(platform: Arc<dyn Platform>, store: Store, clock: Clock, timeout: Duration) -> Conversations {
        Conversations { platform, store, clock, timeout, searches: Mutex::default() }
    }

    /// Whether a search for this message goes on.
    pub(super) fn is_searching(&self, id: EffectId) -> bool {
        self.searches().contains_key(&id)
    }

    /// Each search stands alone, so a panic of another thread leaves nothing half done.
    fn searches(&self) -> MutexGuard<'_, BTreeMap<EffectId, Search>> {
        self.searches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the message can be, and since when.
    async fn target<'a>(
        &self,
        composed: &'a ComposedDm,
        first: Option<Time>,
        now: Time,
    ) -> Result<Target<'a>, TaskError> {
        // The publisher keeps it before any other task begins.
        let me = self.store.own_account().await?.context("nobody has said who we are")?.id;
        // If our clock was ahead at the attempt and was set back since, now is earlier than the attempt.
        let first = first.map_or(now, |first| first.min(now));
        let from = MessageId::first_at(first.plus_ms(-ms(CLOCKS_DIFFER)));
        let last = composed.attempts.map_or(now, |attempts| attempts.last);
        let until = newest_of(last, self.timeout, CLOCKS_DIFFER);
        let with = match &composed.to {
            Addressee::Account(account) => Some(*account),
            Addressee::Conversation(id) => id.pair().map(|(one, other)| if one == me { other } else { one }),
        };
        Ok(Target { to: &composed.to, text: &composed.text, me, with, from, until })
    }

    /// Goes on with the search for the message, or begins one.
    async fn search(
        &self,
        id: EffectId,
        target: &Target<'_>,
        asked: Reading,
    ) -> Result<(Reading, Progress), TaskError> {
        let kept = self.searches().remove(&id);
        let mut search = kept.unwrap_or_else(|| Search::begin(asked));
        let read = search.go_on(&*self.platform, &self.store, target).await;
        let began = search.asked();
        if matches!(read, Ok(Progress::More) | Err(_)) {
            self.searches().insert(id, search);
        }
        Ok((began, read?))
    }
}

impl Remote for Conversations {
    type Effect = ComposedDm;
    type Id = MessageId;
    type Ready = ();

    /// A code that has expired is not sent.
    async fn prepare(&self, composed: &ComposedDm) -> Result<(), TaskError> {
        if composed.is_expired(self.clock.now()) {
            return Err(PlatformError::Refused { what: EXPIRED.to_owned() }.into());
        }
        Ok(())
    }

    async fn act(&self, composed: &ComposedDm, (): &()) -> Result<MessageId, PlatformError> {
        let message = self.platform.send_message(&composed.to, &composed.text, None).await?.message;
        // No answer to this attempt names another message of ours: then it is one that was given before.
        match self.store.is_sent(message).await {
            Ok(false) => Ok(message),
            _ => Err(PlatformError::NoAnswer {
                what: format!("the answer names message {message}, which is another one"),
            }),
        }
    }

    /// Looks for the message in its conversation, among the messages that are not known to be others of ours. As long as
    /// it may still appear, among the newest; then all that was written since the first attempt is read, over as many
    /// looks as that takes.
    async fn look(
        &self,
        composed: &ComposedDm,
        first: Option<Time>,
        asked: Reading,
    ) -> Result<Look<MessageId>, TaskError> {
        let target = self.target(composed, first, asked.wall).await?;
        let may_appear = composed.attempts.is_some_and(|attempts| asked.wall < attempts.last.plus_ms(ms(self.timeout)));
        let (since, progress) = if may_appear {
            self.searches().remove(&composed.id);
            let newest = Search::begin(asked).newest(&*self.platform, &self.store, &target).await;
            (asked, newest?)
        } else {
            self.search(composed.id, &target, asked).await?
        };
        let sight = match progress {
            Progress::Found(id) => Sight::There(id),
            Progress::Absent => Sight::Absent,
            Progress::More => Sight::Unfinished,
            Progress::TooLate => Sight::TooLate,
        };
        Ok(Look { asked: since, ahead: self.platform.clock_ahead(), sight })
    }
}
