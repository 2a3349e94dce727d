//! Posts the commitment of each sealed note, once; and the parts of mirrors, and answers, in the same way.
//!
//! [`once`](crate::tasks::once) brings each post to its end, even if the program dies at any moment. Deciding upon a
//! post makes its text, the signed head that it shows and its first attempt durable in one step; the result is entered
//! in the log. A timeline lags: a post that is not on it may still appear within the configured
//! `unknown_outcome_timeout`, or within a day if the platform refused it as a duplicate.
//!
//! Notes come first, then the parts of mirrors in their order, answers, receipts, the heartbeat. A part, an answer or a
//! receipt that has to wait for something of its own is deferred, and notes pass it. A part answers the part before it,
//! and the first part answers the note's post. If the platform refuses the reply, this part and the rest of its series
//! are posted with the same words, but not as replies. Files are uploaded before each attempt, since an upload that
//! nobody uses does no harm. A file that the platform does not take is left out.

mod settings;
mod intent;
mod timeline;
mod ledger;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cron::Schedule;
use tokio::sync::watch;
use tracing::{info, warn};

use self::intent::Intent;
use self::ledger::Posts;
use self::timeline::Timeline;
use crate::base::clock::Clock;
use crate::base::ids::{Channel, MediaId, PostId};
use crate::base::time::{DAY_MS, SKEW_MS_MAX, Time};
use crate::platform::{Error as PlatformError, Platform};
use crate::store::{Budget, Lane, Store, Subject};
use crate::tasks::once::decide::{Retry, Rules};
use crate::tasks::once::{End, EndOf, Ledger, Once};
use crate::tasks::task::{Needs, Next, RARE_RETRY, Task, TaskError, Wake, ms};
use crate::wording::post::PostText;

pub use self::settings::PublishSettings;

/// How long a post that was refused as a duplicate may be missing from our timeline before it counts as gone.
const DUPLICATE_STAYS_AWAY: Duration = Duration::from_secs(86_400);

/// If only this number of posts is left before the platform's limit, one post carries all notes that wait.
const POSTS_LEFT_FEW: u64 = 3;

/// The task that posts.
pub struct Publisher {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    settings: PublishSettings,
    /// Number of posts of receipts in a day (UTC): others decide how many notes they send.
    receipts_a_day: u64,
    timeline: Timeline,
    ledger: Posts,
    once: Once,
    /// Whether our own posts have been compared with the log since the start.
    compared: watch::Sender<bool>,
}

impl Task for Publisher {
    const NAME: &'static str = "publisher";
    const WAKE: Wake = Wake::Log;
    const NEEDS: Needs = Needs::Nothing;

    /// Does the next thing, at most one post. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only errors that must stop the daemon: the store's errors, and a public post that contradicts the log.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        self.once.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await
    }
}

impl Publisher {
    /// A publisher that has done nothing yet.
    pub fn new(
        platform: Arc<dyn Platform>,
        store: Store,
        clock: Clock,
        settings: PublishSettings,
        receipts_a_day: u64,
    ) -> Publisher {
        let rules = Rules {
            unknown_outcome_timeout: settings.unknown_outcome_timeout,
            duplicate_stays_away: DUPLICATE_STAYS_AWAY,
            retry: Retry::ByItself,
        };
        Publisher {
            timeline: Timeline {
                platform: platform.clone(),
                store: store.clone(),
                clock: clock.clone(),
                without_media: BTreeSet::new(),
            },
            ledger: Posts(store.clone()),
            once: Once::new(rules, clock.clone()),
            platform,
            store,
            clock,
            settings,
            receipts_a_day,
            compared: watch::Sender::new(false),
        }
    }

    /// Reports when our own posts have been compared with the log: before that nothing may be sealed. Sealing again
    /// what a lost database had sealed, and posted, would fork the log.
    pub fn compared(&self) -> watch::Receiver<bool> {
        self.compared.subscribe()
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        if !*self.compared.borrow() {
            self.compare().await?;
            self.compared.send_replace(true);
        }
        let now = self.clock.now();
        let next = self.store.next_effect(Lane::Posts, &self.once.deferred.at(now), Budget::Enough).await?;
        let mut open = next.and_then(Intent::of);
        if let Some(intent) = open.take_if(|intent| intent.comes_before_notes()) {
            return self.finish(intent).await;
        }
        if let Some(notes) = self.due_notes().await? {
            return self.begin(notes, now).await;
        }
        if let Some(intent) = open {
            return self.finish(intent).await;
        }
        let receipt = self.store.unposted_receipt().await?;
        let begun = if receipt.is_some() { self.store.receipts_begun_since(now.midnight()).await? } else { 0 };
        if let Some(index) = receipt.filter(|_| begun < self.receipts_a_day) {
            return self.begin(Subject::Receipt { index }, now).await;
        }
        if let Some(heartbeat) = self.due_heartbeat(now).await? {
            return self.begin(heartbeat, now).await;
        }
        self.once.backoff.succeeded();
        let tomorrow = receipt.map(|_| now.midnight().plus_ms(DAY_MS));
        let next = tomorrow.into_iter().fold(self.next_heartbeat(now), Time::min);
        if let Some(until) = self.once.deferred.until() {
            return Ok(Next::Idle(next.min(until)));
        }
        if receipt.is_some() {
            let limit = self.receipts_a_day;
            let trouble =
                format!("{limit} receipts were posted today, and no more are before tomorrow: see `posts_a_day`");
            self.store.report(Self::NAME, Some(trouble), now).await?;
            return Ok(Next::Idle(next));
        }
        self.store.report(Self::NAME, None, now).await?;
        Ok(Next::Idle(next))
    }

    /// Decides upon a post that shows a head, and posts it.
    async fn begin(&mut self, subject: Subject, now: Time) -> Result<Next, TaskError> {
        let Some(intent) = Intent::of(self.store.begin(subject, now).await?) else { return Ok(Next::Now) };
        // A crash here leaves a post with one attempt that was never made: it is looked for, then tried again.
        let end = self.once.begin(&self.timeline, &self.ledger, &intent).await?;
        self.conclude(&intent, end).await
    }

    /// The notes whose post is next, if there are any.
    async fn due_notes(&self) -> Result<Option<Subject>, TaskError> {
        let Some((first, last)) = self.store.unposted_notes().await? else { return Ok(None) };
        let few = self.platform.posts_left().await.is_some_and(|left| left <= POSTS_LEFT_FEW);
        let run = few || self.settings.run_over < last - first + 1;
        Ok(Some(Subject::Notes { first, last: if run { last } else { first } }))
    }

    async fn due_heartbeat(&self, now: Time) -> Result<Option<Subject>, TaskError> {
        let date = now.date();
        if self.heartbeat_passed(now) && !self.store.has_heartbeat(&date).await? {
            return Ok(Some(Subject::Heartbeat { date }));
        }
        Ok(None)
    }

    /// Brings a post that was decided upon to its end.
    async fn finish(&mut self, intent: Intent) -> Result<Next, TaskError> {
        let end = self.once.bring(&self.timeline, &self.ledger, &intent).await?;
        self.conclude(&intent, end).await
    }

    /// What follows from how far a post was brought.
    async fn conclude(&mut self, intent: &Intent, end: EndOf<Timeline>) -> Result<Next, TaskError> {
        match end {
            End::Accepted(post) => Ok(self.posted(intent, post)),
            End::NotYet => self.not_yet(intent).await,
            End::Unreadable(error) if intent.holds_all_up() => Err(error.into()),
            End::Unreadable(error) => self.put_off(intent, error, "a post cannot be looked for").await,
            End::Unknown(error @ PlatformError::Duplicate) if intent.holds_all_up() => Err(error.into()),
            End::Unknown(error) => {
                let look = self.once.later();
                warn!(effect.id = %intent.id, error = %error, until = %look, "a post will be looked for");
                Ok(self.wait_for(intent, look))
            }
            End::NotReady(error) => self.put_off(intent, error, "the files of a part cannot be uploaded").await,
            End::Failed { error, .. } if intent.holds_all_up() => Err(error.into()),
            End::Failed { error, ready } => self.refused(intent, error, &ready).await,
            End::GivenUp(why) => {
                warn!(effect.id = %intent.id, why = %why, "a post is given up");
                Ok(Next::Now)
            }
        }
    }

    /// The post is not on the timeline, and may still appear.
    async fn not_yet(&mut self, intent: &Intent) -> Result<Next, TaskError> {
        let look = self.once.later();
        info!(effect.id = %intent.id, until = %look, "the post is not on the timeline yet");
        if self.once.is_duplicate(intent.id) {
            let trouble = "the platform says that a post is there already, and does not show it";
            self.store.report(Self::NAME, Some(trouble.to_owned()), self.clock.now()).await?;
        }
        Ok(self.wait_for(intent, look))
    }

    /// Files may take some time, and so may a timeline that cannot be read: notes pass what waits for them.
    async fn put_off(&mut self, intent: &Intent, error: PlatformError, why: &str) -> Result<Next, TaskError> {
        let until = self.once.after(&error);
        warn!(effect.id = %intent.id, error = %error, until = %until, "{why}");
        self.store.report(Self::NAME, Some(error.to_string()), self.clock.now()).await?;
        Ok(self.wait_for(intent, until))
    }

    /// Waits until a moment, or defers a post that notes may pass.
    fn wait_for(&mut self, intent: &Intent, until: Time) -> Next {
        if intent.holds_all_up() {
            return Next::Wait(until);
        }
        self.once.deferred.defer(intent.id, until);
        Next::Now
    }

    /// What becomes of a part or an answer that surely was not posted, with these media.
    async fn refused(&mut self, intent: &Intent, error: PlatformError, media: &[MediaId]) -> Result<Next, TaskError> {
        let has_media = !media.is_empty();
        let now = self.clock.now();
        let is_reply = intent.answers.is_some() && !matches!(intent.subject, Subject::Answer { standalone: false, .. });
        match &error {
            PlatformError::ReplyRefused { what } if is_reply => {
                info!(effect.id = %intent.id, what, "the platform refuses the reply: it is posted alone");
                self.ledger.as_standalone(intent, now).await?;
            }
            // X has more ways to say this than are known.
            PlatformError::Refused { what } if is_reply && !has_media => {
                warn!(effect.id = %intent.id, what, "the platform refuses it as a reply: it is posted alone");
                self.ledger.as_standalone(intent, now).await?;
            }
            PlatformError::Refused { .. } | PlatformError::TooLong { .. } | PlatformError::ReplyRefused { .. } => {
                if let Subject::Answer { .. } = intent.subject {
                    warn!(effect.id = %intent.id, error = %error, "an answer is dropped");
                    self.ledger.given_up(intent, &error.to_string(), now).await?;
                } else if has_media {
                    warn!(effect.id = %intent.id, error = %error, "a part is posted without its files");
                    self.timeline.without_media.insert(intent.id);
                } else {
                    let until = now.plus_ms(ms(RARE_RETRY));
                    warn!(effect.id = %intent.id, error = %error, until = %until, "a part of a mirror or a receipt is held back");
                    self.store.report(Self::NAME, Some(error.to_string()), now).await?;
                    self.once.deferred.defer(intent.id, until);
                }
            }
            _ => return Err(error.into()),
        }
        Ok(Next::Now)
    }

    fn posted(&mut self, intent: &Intent, post: PostId) -> Next {
        self.once.backoff.succeeded();
        self.timeline.without_media.remove(&intent.id);
        match &intent.subject {
            Subject::Notes { first, last } => info!(note.first = first, note.last = last, post.id = %post, "posted"),
            Subject::Heartbeat { date } => info!(date, post.id = %post, "posted the heartbeat"),
            Subject::Receipt { index } => info!(entry.index = index, post.id = %post, "posted a receipt"),
            Subject::Part { note, place, count, .. } => info!(note, place, count, post.id = %post, "posted a part"),
            Subject::Answer { note, .. } => info!(note, post.id = %post, "answered"),
        }
        Next::Now
    }

    /// Compares our own newest posts with the log. A public head that is not one of ours means that the database is
    /// older than what was published; continuing would fork the log.
    ///
    /// Another account's posts would say nothing. So the platform is first asked who we are, and what time it is. A
    /// post so new that the timeline does not show it yet is not seen here. If a copy of the database is restored
    /// within minutes of the last post, only the public folder shows it.
    async fn compare(&self) -> Result<(), TaskError> {
        let me = self.platform.me().await?;
        let now = self.clock.now();
        me.compare_clocks(now, SKEW_MS_MAX)?;
        self.store.keep_account(&me.account).await?;
        let from =
            self.timeline.newest_post_or(now).await?.max(self.settings.ignore_posts_until.unwrap_or(Time::from_ms(0)));
        for post in self.platform.own_posts(Channel::X.first_at(from)).await? {
            let Ok(text) = PostText::parse(post.text.trim_end()) else { continue };
            let (size, root) = text.head();
            if self.store.root_at(size).await? != Some(root) {
                return Err(TaskError::Fatal(anyhow::anyhow!(
                    "post {} shows the head of a log of {size} entries that this database does not lead to\n\
                     the database is older than what was published, or another's: restore the newest backup; if the post is that of an earlier log of this account, set `ignore_posts_until` in the configuration",
                    post.id
                )));
            }
        }
        Ok(())
    }

    /// Whether today's moment of the heartbeat (UTC) has come.
    fn heartbeat_passed(&self, now: Time) -> bool {
        let Some(schedule) = &self.settings.heartbeat else { return false };
        next_of(schedule, now.midnight().plus_ms(-1)).is_some_and(|due| due <= now)
    }

    fn next_heartbeat(&self, now: Time) -> Time {
        let due = self.settings.heartbeat.as_ref().and_then(|schedule| next_of(schedule, now));
        due.unwrap_or(now.plus_ms(DAY_MS))
    }
}

/// The first moment of the schedule after `time`.
fn next_of(schedule: &Schedule, time: Time) -> Option<Time> {
    let time = chrono::DateTime::from_timestamp_millis(time.ms())?;
    Some(Time::from_ms(schedule.after(&time).next()?.timestamp_millis()))
}
