//! Posts the commitment of each sealed note, once; and the parts of mirrors, and answers, in the same way.
//!
//! [`once`](crate::tasks::once) brings each post to its end, even if the program dies at any moment. Deciding upon a
//! post makes its text, the signed head that it shows and its first attempt durable in one step; the result is entered
//! in the log. A timeline lags: a post that is not on it may still appear within the configured
//! `unknown_outcome_timeout`, or within a day if the platform refused it as a duplicate.
//!
//! The timeline is compared with the log before and after each post that shows a head: `compare` says when, and `judge`
//! what follows from a post that is not ours.
//!
//! Notes come first, then the parts of mirrors in their order, answers, receipts, the heartbeat, and the head again when a
//! post was lost. Notes wait for nothing else: whatever troubles another post, it waits, and notes pass it. A part answers
//! the part before it, and the first part answers the note's post. If the platform refuses the reply, this part and the rest
//! of its series are posted with the same words, but not as replies. Files are uploaded before each attempt, since an upload
//! that nobody uses does no harm. A file that the platform does not take is left out.
//!
//! | the platform's error | a post of notes | any other post |
//! |---|---|---|
//! | `Wait`, `Unavailable`, `NeedsPerson` | it waits, and so do all others | it waits, and so do all others but notes |
//! | `Doubtful` | the same | it waits, longer each time; if it happens to several, all but notes wait |
//! | `NoAnswer`, `Duplicate` | it is looked for, and waited for | it is looked for |
//! | `ReplyRefused` | it waits | if it may stand alone, it is posted so |
//! | `Refused`, `TooLong` | it waits, longer each time, and is never given up | an answer is given up, and listed (`verbale resend`); a part or a receipt waits, longer each time |

mod settings;
mod intent;
mod start;
mod timeline;
mod ledger;
mod others;
mod judge;
mod compare;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{info, warn};

use self::compare::Comparison;
use self::intent::Intent;
use self::ledger::Posts;
use self::others::Others;
use self::timeline::Timeline;
use crate::base::clock::Clock;
use crate::base::ids::{MediaId, PostId};
use crate::base::time::{DAY_MS, Time};
use crate::platform::{Error as PlatformError, Platform};
use crate::store::{Budget, Lane, Store, Subject};
use crate::tasks::once::decide::{Retry, Rules};
use crate::tasks::once::{End, EndOf, Ledger, Once};
use crate::tasks::settings::values::next_of;
use crate::tasks::task::{Backoff, Needs, Next, Shown, Task, TaskError, Wake, ms};

pub use self::settings::PublishSettings;
pub use self::timeline::shows;

/// How long a post that was refused as a duplicate may be missing from our timeline before it counts as gone.
const DUPLICATE_STAYS_AWAY: Duration = Duration::from_secs(86_400);

/// If only this number of posts is left before the platform's limit, one post carries all notes that wait, and nothing
/// else is posted.
const POSTS_LEFT_FEW: u64 = 3;

/// The longest wait before the next try or look, as long as only time is needed: a poll by custom. X allows many more posts
/// and looks than this makes.
const LONGEST_WAIT: Duration = Duration::from_secs(90);

/// The shortest time between two posts that show the head again because a post was lost.
const AGAIN_EVERY_MS: i64 = 3_600_000;

/// When to look again how many posts the platform allows.
const ALLOWED_LATER_MS: i64 = 60_000;

/// The task that posts.
pub struct Publisher {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    settings: PublishSettings,
    /// Number of posts of receipts in a day (UTC): others decide how many notes they send.
    receipts_a_day: u64,
    /// How often to look whether a command has asked to post something again.
    poll: Duration,
    timeline: Timeline,
    ledger: Posts,
    once: Once,
    /// What holds up all posts but those of notes.
    others: Others,
    comparison: Comparison,
    /// What the public folder showed when it was first opened, if there is one.
    shown: Option<watch::Receiver<Shown>>,
    /// How often messages are read.
    sealing_every: Duration,
    /// When the head was last posted again.
    again_at: Time,
    /// Whether our own posts have been compared with the log since the start.
    compared: watch::Sender<bool>,
}

impl Task for Publisher {
    const NAME: &'static str = "publisher";
    const WAKE: Wake = Wake::Log;
    const NEEDS: Needs = Needs::Folder;

    /// Does the next thing, at most one post. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only errors that must stop the daemon: a store that must be opened anew, and a public post that contradicts the log.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        let now = self.clock.now();
        let is_for_the_platform = matches!(step, Ok(_) | Err(TaskError::Platform(PlatformError::Wait { .. })));
        let next = self.once.backoff.conclude(Self::NAME, step, &self.store, now).await?;
        Ok(if is_for_the_platform { next } else { self.hurried(next, now) })
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
        poll: Duration,
    ) -> Publisher {
        let rules = Rules {
            unknown_outcome_timeout: settings.unknown_outcome_timeout,
            duplicate_stays_away: DUPLICATE_STAYS_AWAY,
            retry: Retry::ByItself,
        };
        let mut once = Once::new(rules, clock.clone());
        once.backoff = Backoff::up_to(LONGEST_WAIT);
        Publisher {
            timeline: Timeline { platform: platform.clone(), store: store.clone(), without_media: BTreeSet::new() },
            ledger: Posts(store.clone()),
            comparison: Comparison::new(platform.clone(), store.clone(), clock.clone(), &settings),
            again_at: Time::from_ms(0),
            shown: None,
            sealing_every: LONGEST_WAIT,
            once,
            others: Others::default(),
            platform,
            store,
            clock,
            settings,
            receipts_a_day,
            poll,
            compared: watch::Sender::new(false),
        }
    }

    /// Reports when our own posts have been compared with the log: before that nothing may be sealed. Sealing again
    /// what a lost database had sealed, and posted, would fork the log.
    pub fn compared(&self) -> watch::Receiver<bool> {
        self.compared.subscribe()
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        if let Some(wait) = self.compare_at_start().await? {
            return Ok(wait);
        }
        self.comparison.when_due().await?;
        let now = self.clock.now();
        if self.shown() == Shown::Unreadable {
            return self.wait_for_the_folder(now).await;
        }
        if let Some(intent) = self.next(now, Budget::Low).await? {
            return self.finish(intent).await;
        }
        let few = self.platform.posts_left().await.is_some_and(|left| left <= POSTS_LEFT_FEW);
        if let Some(notes) = self.due_notes(few).await? {
            return self.begin(notes).await;
        }
        let allowed = few.then(|| now.plus_ms(ALLOWED_LATER_MS));
        if let Some(until) = allowed.or(self.others.held_until(now)) {
            return Ok(Next::Idle(until));
        }
        if let Some(intent) = self.next(now, Budget::Enough).await? {
            return self.finish(intent).await;
        }
        let receipt = self.store.unposted_receipt().await?;
        let begun = if receipt.is_some() { self.store.receipts_begun_since(now.midnight()).await? } else { 0 };
        if let Some(index) = receipt.filter(|_| begun < self.receipts_a_day) {
            return self.begin(Subject::Receipt { index }).await;
        }
        if let Some(heartbeat) = self.due_heartbeat(now).await? {
            return self.begin(heartbeat).await;
        }
        if AGAIN_EVERY_MS <= now.ms_since(self.again_at) && self.store.has_unshown_loss().await? {
            self.again_at = now;
            return self.begin(Subject::Again).await;
        }
        self.once.backoff.succeeded();
        let tomorrow = receipt.map(|_| now.midnight().plus_ms(DAY_MS));
        // A command may have asked to post again what is given up.
        let asked = self.store.has_unsent().await?.then(|| now.plus_ms(ms(self.poll)));
        let next =
            tomorrow.into_iter().chain(asked).chain([self.comparison.due()]).fold(self.next_heartbeat(now), Time::min);
        if let Some(until) = self.once.deferred.until() {
            return Ok(Next::Idle(next.min(until)));
        }
        let limit = self.receipts_a_day;
        let held_back =
            || format!("{limit} receipts were posted today, and no more are before tomorrow: see `posts_a_day`");
        if let Some(trouble) = self.comparison.trouble().await?.or_else(|| receipt.map(|_| held_back())) {
            self.report(trouble).await?;
            return Ok(Next::Idle(next));
        }
        self.once.backoff.idle(Self::NAME, &self.store, now).await?;
        Ok(Next::Idle(next))
    }

    /// The post that was decided upon and comes next.
    async fn next(&mut self, now: Time, budget: Budget) -> Result<Option<Intent>, TaskError> {
        let next = self.store.next_effect(Lane::Posts, &self.once.deferred.at(now), budget).await?;
        Ok(next.and_then(Intent::of))
    }

    /// Says what troubles this task.
    async fn report(&mut self, trouble: String) -> Result<(), TaskError> {
        Ok(self.once.backoff.trouble(Self::NAME, trouble, &self.store, self.clock.now()).await?)
    }

    /// Decides upon a post that shows a head, and posts it.
    async fn begin(&mut self, subject: Subject) -> Result<Next, TaskError> {
        self.comparison.before_post().await?;
        // The comparison takes time, and the post may be made as late as now: what is looked for later is looked for from now on.
        let Some(intent) = Intent::of(self.store.begin(subject, self.clock.now()).await?) else { return Ok(Next::Now) };
        // A crash here leaves a post with one attempt that was never made: it is looked for, then tried again.
        let end = self.once.begin(&self.timeline, &self.ledger, &intent).await?;
        self.conclude(&intent, end).await
    }

    /// The notes whose post is next, if there are any. `few`: whether few posts are left before the platform's limit.
    async fn due_notes(&self, few: bool) -> Result<Option<Subject>, TaskError> {
        let Some((first, last)) = self.store.unposted_notes().await? else { return Ok(None) };
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
        if intent.shows_head() {
            self.comparison.before_post().await?;
        }
        let end = self.once.bring(&self.timeline, &self.ledger, &intent).await?;
        self.conclude(&intent, end).await
    }

    /// What follows from how far a post was brought.
    async fn conclude(&mut self, intent: &Intent, end: EndOf<Timeline>) -> Result<Next, TaskError> {
        match end {
            End::Accepted(post) => {
                let next = self.posted(intent, post);
                if intent.shows_head() {
                    self.comparison.after_post().await?;
                }
                Ok(next)
            }
            End::NotYet | End::Unfinished => self.not_yet(intent).await,
            End::Unreadable(error) if intent.is_of_notes() => Err(error.into()),
            End::Unreadable(error) => self.put_off(intent, error, "a post cannot be looked for").await,
            End::Unknown(error @ PlatformError::Duplicate) if intent.is_of_notes() => Err(error.into()),
            End::Unknown(error) => {
                let look = self.once.later();
                warn!(effect.id = %intent.id, error = %error, until = %look, "a post will be looked for");
                Ok(self.wait_for(intent, look))
            }
            End::NotReady(error) => self.put_off(intent, error, "the files of a part cannot be uploaded").await,
            End::Failed { error, .. } if intent.is_of_notes() => Err(error.into()),
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
            self.report(trouble.to_owned()).await?;
        }
        Ok(self.wait_for(intent, look))
    }

    /// Lets a post wait that notes may pass, and others too, unless the error is not about this one alone.
    async fn put_off(&mut self, intent: &Intent, error: PlatformError, why: &str) -> Result<Next, TaskError> {
        if error.forbids_sealing() {
            return Err(error.into());
        }
        let until = self.once.after(intent.id, &error);
        self.others.troubled(intent.id, &error, self.clock.now());
        warn!(effect.id = %intent.id, error = %error, until = %until, "{why}");
        self.report(error.to_string()).await?;
        Ok(self.wait_for(intent, until))
    }

    /// Waits until a moment, or defers a post that notes may pass.
    fn wait_for(&mut self, intent: &Intent, until: Time) -> Next {
        if intent.is_of_notes() {
            return Next::Wait(until);
        }
        self.once.deferred.defer(intent.id, until);
        Next::Now
    }

    /// What becomes of a post that surely was not made, with these media, and that is not of notes.
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
                    self.once.forget(intent.id);
                } else if has_media {
                    warn!(effect.id = %intent.id, error = %error, "a part is posted without its files");
                    self.timeline.without_media.insert(intent.id);
                } else {
                    return self.put_off(intent, error, "a post is held back").await;
                }
            }
            _ => return self.put_off(intent, error, "a post has to wait").await,
        }
        Ok(Next::Now)
    }

    fn posted(&mut self, intent: &Intent, post: PostId) -> Next {
        self.once.backoff.succeeded();
        self.timeline.without_media.remove(&intent.id);
        if !intent.is_of_notes() {
            self.others.succeeded();
        }
        match &intent.subject {
            Subject::Notes { first, last } => info!(note.first = first, note.last = last, post.id = %post, "posted"),
            Subject::Heartbeat { date } => info!(date, post.id = %post, "posted the heartbeat"),
            Subject::Again => info!(post.id = %post, "posted the head again"),
            Subject::Receipt { index } => info!(entry.index = index, post.id = %post, "posted a receipt"),
            Subject::Part { note, place, count, .. } => info!(note, place, count, post.id = %post, "posted a part"),
            Subject::Answer { note, .. } => info!(note, post.id = %post, "answered"),
        }
        Next::Now
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
