//! Reads our own posts again: nothing that was posted is trusted to stay.
//!
//! One post is read at a time, by its number, within a number of reads a day. A post that was deleted, edited or hidden is
//! entered in the log, once; then the publisher posts the log's head again, so that somebody who deletes posts does not
//! take the head out of public. What cannot be read is told, and is never taken for any of these.
//!
//! | the platform says | what follows |
//! |---|---|
//! | the post, as it was made | it is read again later |
//! | a later version of it, or other words | `edited`, if it says so for an hour |
//! | that there is no such post | `deleted`, if it says so for an hour, and shows another post of ours then |
//! | that it shows the post only to some, or not to us | `hidden`, in the same way |
//! | anything else, or nothing | nothing: it is read again after an hour, and told; the others that are due are read |

mod settings;
mod decide;

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::{info, warn};

use self::decide::Follows;
use crate::base::clock::Clock;
use crate::base::time::Time;
use crate::platform::{Error as PlatformError, Platform, PostState};
use crate::store::{DuePost, EffectId, READS_MAX, Store};
use crate::tasks::task::{Backoff, Needs, Next, Task, TaskError, Wake};
use crate::tlog::entry::Loss;

pub use self::settings::MonitorSettings;

/// The longest time after which it looks whether a post is due.
const LOOK_EVERY_MS: i64 = 300_000;

/// Most posts of ours that are asked for until one shows that the platform shows posts.
const OTHERS_MAX: u32 = 3;

/// The task that reads our own posts again.
pub struct Monitor {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    reads_a_day: u64,
    backoff: Backoff,
    /// What the operator has to know of posts that cannot be read, or of which nobody knows whether they are lost.
    troubles: BTreeMap<EffectId, String>,
}

impl Task for Monitor {
    const NAME: &'static str = "monitor";
    const WAKE: Wake = Wake::Time;
    /// What it finds is entered in the log.
    const NEEDS: Needs = Needs::Comparison;

    /// Reads one post that is due. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only errors that must stop the daemon: the store's.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        self.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await
    }
}

impl Monitor {
    /// A monitor that has read nothing yet.
    pub fn new(platform: Arc<dyn Platform>, store: Store, clock: Clock, settings: &MonitorSettings) -> Monitor {
        let reads_a_day = settings.reads_a_day;
        Monitor { platform, store, clock, reads_a_day, backoff: Backoff::new(), troubles: BTreeMap::new() }
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let read = self.store.posts_read_since(now.midnight()).await?;
        let mut next = now.plus_ms(LOOK_EVERY_MS);
        for reads in 0..=READS_MAX {
            let Some(post) = self.store.due_post(reads).await? else { continue };
            if now < post.due {
                next = next.min(post.due);
            } else if read < decide::allowed(reads, self.reads_a_day, now) {
                return self.read(post, now).await;
            }
        }
        match self.troubles.values().next() {
            Some(trouble) => self.store.report(Self::NAME, Some(trouble.clone()), now).await?,
            None => self.backoff.idle(Self::NAME, &self.store, now).await?,
        }
        Ok(Next::Idle(next))
    }

    /// Reads a post, and writes down what follows. After one that cannot be read the next one waits a little: the platform may
    /// not answer at all.
    async fn read(&mut self, post: DuePost, now: Time) -> Result<Next, TaskError> {
        let Some(state) = self.state(&post, now).await? else {
            self.store.report(Self::NAME, self.troubles.get(&post.effect).cloned(), now).await?;
            return Ok(Next::Wait(self.backoff.wait(now)));
        };
        let said = decide::loss(&post, &state);
        match decide::follows(post.clone(), said, now) {
            Follows::Stands(post) => self.store.keep_reading(post, now).await?,
            Follows::Doubted(post) => {
                let how = said.map_or("", Loss::as_str);
                info!(post.id = %post.post.id, how, until = %post.due, "a post of ours seems lost: it is read again before that is believed");
                self.store.keep_reading(post, now).await?;
            }
            Follows::Lost(how) => self.believe(post, how, now).await?,
        }
        Ok(Next::Now)
    }

    /// What the platform says of a post. None if the post cannot be read now: it is put off, and only it.
    async fn state(&mut self, post: &DuePost, now: Time) -> Result<Option<PostState>, TaskError> {
        let id = post.post.id;
        let error = match self.platform.post_state(id).await {
            Ok(state) => {
                self.backoff.succeeded();
                self.troubles.remove(&post.effect);
                return Ok(Some(state));
            }
            Err(error) if error.may_concern_one() || matches!(error, PlatformError::Refused { .. }) => error,
            Err(error) => return Err(error.into()),
        };
        let what = error.to_string();
        warn!(post.id = %id, what, "a post of ours cannot be read");
        self.troubles.insert(post.effect, format!("post {id} cannot be read: {what}"));
        // A crash here leaves it due, and it is read again.
        self.store.keep_reading(decide::unread(post.clone(), now), now).await?;
        Ok(None)
    }

    /// Enters a loss in the log, if the platform shows another post of ours at this moment.
    async fn believe(&mut self, post: DuePost, how: Loss, now: Time) -> Result<(), TaskError> {
        let id = post.post.id;
        if self.shows_another(&post, now).await? {
            warn!(post.id = %id, how = %how, "a post of ours is lost");
            // A crash here leaves a post in doubt, which is read again.
            return Ok(self.store.lose(post.effect, how, now).await?);
        }
        let trouble =
            format!("post {id} seems {how}: this is not believed as long as the platform shows no other post of ours");
        self.troubles.insert(post.effect, trouble);
        let since = post.doubt.map_or(now, |(_, since)| since);
        Ok(self.store.keep_reading(decide::doubted(post, how, since, now), now).await?)
    }

    /// Whether one of the newest of our other posts of which there is no doubt can be read, and is as it was made. One that
    /// cannot be read says nothing of the others.
    async fn shows_another(&mut self, post: &DuePost, now: Time) -> Result<bool, TaskError> {
        for other in self.store.undoubted_posts(post.effect, OTHERS_MAX).await? {
            let Some(state) = self.state(&other, now).await? else { continue };
            let said = decide::loss(&other, &state);
            let other = match said {
                None => other,
                Some(how) => decide::doubted(other, how, now, now),
            };
            self.store.keep_reading(other, now).await?;
            return Ok(said.is_none());
        }
        Ok(false)
    }
}
