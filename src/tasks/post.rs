//! Posts the commitment of each sealed note, once; and the parts of mirrors, and answers, in the same way.
//!
//! The order of durable steps is the design:
//!
//! | step | what is durable | if the program dies right after |
//! |---|---|---|
//! | decide | text, signed head, first attempt | the post is looked for, then tried |
//! | post | nothing new; the platform may have it | the post is looked for, and found |
//! | result | where it is; the log's `post` entry | the next note |
//!
//! An attempt whose outcome nobody knows is followed by looking at our own timeline. A timeline lags: only when the post
//! has not appeared for as long as the configured `unknown_outcome_timeout` is it tried again. A refusal as a duplicate means that it is
//! there after all: then it is looked for, and tried again only if it has not appeared for a day. "Could not be read" is
//! never taken for "is absent".
//!
//! Notes come first, then the parts of mirrors in their order, answers, receipts, the heartbeat. A part, an answer or a
//! receipt that has to wait for something of its own is held back, and notes pass it. A part answers the part before it, the first one the note's
//! post; where the platform refuses the reply, it and the rest of its series are posted with the same words alone. Files
//! are uploaded before each attempt, since an upload that nobody uses does no harm; one that the platform does not take is
//! left out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cron::Schedule;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::base::clock::Clock;
use crate::base::ids::{Channel, MediaId, PostId};
use crate::base::time::SKEW_MS_MAX;
use crate::base::time::{DAY_MS, Time};
use crate::note::names;
use crate::platform::{Draft, Error as PlatformError, File, Platform, Post, Purpose};
use crate::store::{Attempts, Budget, Effect, EffectId, Lane, Payload, PendingPost, Store, Subject};
use crate::tasks::task::{Backoff, Deferred, Next, RARE_RETRY, Task, TaskError, ms};
use crate::wording::post::PostText;

/// How far our clock and the platform's may differ when posts are looked for.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);

/// How long a post that was refused as a duplicate may stay away from our timeline before it counts as gone.
const DUPLICATE_STAYS_AWAY: Duration = Duration::from_secs(86_400);

/// How far back our own posts are compared with the log at the first start.
const FIRST_LOOK: Duration = Duration::from_secs(30 * 86_400);

/// With so few posts left before the platform's limit, one post carries all that waits.
const POSTS_LEFT_FEW: u64 = 3;

/// How posts are made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long after an attempt with unknown outcome the post may still appear on our timeline.
    pub unknown_outcome_timeout: Duration,
    /// With more notes than this waiting, one post carries the whole run.
    pub run_over: u64,
    /// When the daily heartbeat is due, in UTC; none to be silent.
    pub heartbeat: Option<Schedule>,
    /// Posts of receipts in a day, by UTC: others decide how many notes they send.
    pub receipts_a_day: u64,
    /// Until when the account's posts are those of another log, and say nothing about this one.
    pub ignore_posts_until: Option<Time>,
}

/// A post that was decided upon.
struct Intent {
    id: EffectId,
    subject: Subject,
    text: String,
    answers: Option<PostId>,
    files: Vec<String>,
    attempts: Option<Attempts>,
}

impl Intent {
    /// The effect, which is a post.
    fn of(Effect { id, payload, attempts, .. }: Effect) -> Option<Intent> {
        let Payload::Post(PendingPost { subject, text, answers, files }) = payload else { return None };
        Some(Intent { id, subject, text, answers, files, attempts })
    }

    /// Whether notes wait for it as long as it is not posted: for one another, and for the heartbeat.
    fn holds_all_up(&self) -> bool {
        matches!(self.subject, Subject::Notes { .. } | Subject::Heartbeat { .. })
    }

    /// Whether it is brought to its end before the next notes are decided upon.
    fn comes_before_notes(&self) -> bool {
        matches!(self.subject, Subject::Notes { .. }) || self.attempts.is_some_and(|attempts| !attempts.all_failed)
    }
}

/// The loop that posts.
pub struct Publisher {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    settings: Settings,
    backoff: Backoff,
    /// Whether our own posts have been compared with the log since the start.
    compared: watch::Sender<bool>,
    /// After a refusal as a duplicate the post is only looked for, for a day.
    duplicates: BTreeSet<EffectId>,
    /// Parts, answers and receipts that have to wait.
    deferred: Deferred<EffectId>,
    /// Parts that the platform refuses with their files.
    without_media: BTreeSet<EffectId>,
}

impl Task for Publisher {
    const NAME: &'static str = "publisher";

    /// Does the next thing there is to do, at most one post. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only what must stop the daemon: the store's errors, and a public post that the log does not bear out.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        self.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await
    }
}

impl Publisher {
    /// A publisher that has done nothing yet.
    pub fn new(platform: Arc<dyn Platform>, store: Store, clock: Clock, settings: Settings) -> Publisher {
        Publisher {
            platform,
            store,
            clock,
            settings,
            backoff: Backoff::new(),
            compared: watch::Sender::new(false),
            duplicates: BTreeSet::new(),
            deferred: Deferred::default(),
            without_media: BTreeSet::new(),
        }
    }

    /// Tells when our own posts have been compared with the log: before that nothing may be sealed. To seal anew what a
    /// lost database had sealed, and posted, would fork the log.
    pub fn compared(&self) -> watch::Receiver<bool> {
        self.compared.subscribe()
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        if !*self.compared.borrow() {
            self.compare().await?;
            self.compared.send_replace(true);
        }
        let now = self.clock.now();
        let mut open = self.next(now).await?;
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
        if let Some(index) = receipt.filter(|_| begun < self.settings.receipts_a_day) {
            return self.begin(Subject::Receipt { index }, now).await;
        }
        if let Some(heartbeat) = self.due_heartbeat(now).await? {
            return self.begin(heartbeat, now).await;
        }
        self.backoff.succeeded();
        let tomorrow = receipt.map(|_| now.midnight().plus_ms(DAY_MS));
        let next = tomorrow.into_iter().fold(self.next_heartbeat(now), Time::min);
        if let Some(until) = self.deferred.until() {
            return Ok(Next::Idle(next.min(until)));
        }
        if receipt.is_some() {
            let limit = self.settings.receipts_a_day;
            let trouble =
                format!("{limit} receipts were posted today, and no more are before tomorrow: see `posts_a_day`");
            self.store.report(Self::NAME, Some(trouble), now).await?;
            return Ok(Next::Idle(next));
        }
        self.store.report(Self::NAME, None, now).await?;
        Ok(Next::Idle(next))
    }

    /// The post that is next.
    async fn next(&mut self, now: Time) -> Result<Option<Intent>, TaskError> {
        let next = self.store.next_effect(Lane::Posts, &self.deferred.at(now), Budget::Enough).await?;
        Ok(next.and_then(Intent::of))
    }

    /// Decides upon a post that shows a head, and posts it.
    async fn begin(&mut self, subject: Subject, now: Time) -> Result<Next, TaskError> {
        let Some(intent) = Intent::of(self.store.begin(subject, now).await?) else { return Ok(Next::Now) };
        self.send(&intent, Vec::new()).await
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
        let Some(attempts) = intent.attempts else { return self.try_again(&intent).await };
        if attempts.all_failed {
            return self.try_again(&intent).await;
        }
        let from = self.newest_post_or(attempts.first).await?.min(attempts.first.plus_ms(-ms(CLOCKS_DIFFER)));
        // What the answer does not show was not there when it was asked, not when it came.
        let asked = self.clock.now();
        let posts = self.platform.own_posts(Channel::X.first_at(from)).await?;
        let found = posts.iter().filter(|post| shows(post, &intent.text)).min_by_key(|post| post.id);
        if let Some(post) = found {
            return self.posted(&intent, post.id).await;
        }
        let refused = self.duplicates.contains(&intent.id);
        let unknown_outcome_timeout = if refused {
            DUPLICATE_STAYS_AWAY.max(self.settings.unknown_outcome_timeout)
        } else {
            self.settings.unknown_outcome_timeout
        };
        if asked < attempts.last.plus_ms(ms(unknown_outcome_timeout)) {
            let look = self.backoff.wait(self.clock.now());
            info!(effect.id = %intent.id, until = %look, "the post is not on the timeline yet");
            if refused {
                let trouble = "the platform says that a post is there already, and does not show it";
                self.store.report(Self::NAME, Some(trouble.to_owned()), asked).await?;
            }
            return Ok(self.wait_for(&intent, look));
        }
        self.try_again(&intent).await
    }

    /// Waits until a moment, or holds back what notes may pass.
    fn wait_for(&mut self, intent: &Intent, until: Time) -> Next {
        if intent.holds_all_up() {
            return Next::Wait(until);
        }
        self.deferred.defer(intent.id, until);
        Next::Now
    }

    async fn try_again(&mut self, intent: &Intent) -> Result<Next, TaskError> {
        let media = match self.upload(intent).await {
            // Files may take their time: notes pass them.
            Err(TaskError::Platform(error)) => {
                let now = self.clock.now();
                let until = self.backoff.after(&error, now);
                warn!(effect.id = %intent.id, error = %error, until = %until, "the files of a part cannot be uploaded");
                self.store.report(Self::NAME, Some(error.to_string()), now).await?;
                return Ok(self.wait_for(intent, until));
            }
            uploaded => uploaded?,
        };
        self.store.attempt(intent.id, self.clock.now()).await?;
        self.send(intent, media).await
    }

    /// Uploads the files that go along, as far as the platform takes them.
    async fn upload(&self, intent: &Intent) -> Result<Vec<MediaId>, TaskError> {
        let mut media = Vec::new();
        let Subject::Part { note, .. } = intent.subject else { return Ok(media) };
        for name in intent.files.iter().filter(|_| !self.without_media.contains(&intent.id)) {
            let bytes = self.store.disclosed_file(note, name).await?;
            let (Some(media_type), Some(bytes)) = (names::media_type(name), bytes) else { continue };
            let file = File { media_type: media_type.to_owned(), bytes };
            match self.platform.upload(&file, Purpose::Post).await {
                Err(PlatformError::Refused { what }) => warn!(note, file = name, what, "a file is not mirrored"),
                uploaded => media.push(uploaded?),
            }
        }
        Ok(media)
    }

    /// Posts. The attempt is durable already.
    async fn send(&mut self, intent: &Intent, media: Vec<MediaId>) -> Result<Next, TaskError> {
        let has_media = !media.is_empty();
        let draft = Draft { text: intent.text.clone(), answers: intent.answers, media };
        match self.platform.post(&draft).await {
            Ok(id) => self.posted(intent, id).await,
            Err(error @ PlatformError::NoAnswer { .. }) => {
                let look = self.backoff.wait(self.clock.now());
                warn!(effect.id = %intent.id, error = %error, until = %look, "no answer to a post: it will be looked for");
                Ok(self.wait_for(intent, look))
            }
            Err(error @ PlatformError::Duplicate) => {
                self.duplicates.insert(intent.id);
                if intent.holds_all_up() {
                    return Err(error.into());
                }
                let look = self.backoff.wait(self.clock.now());
                Ok(self.wait_for(intent, look))
            }
            Err(error) => {
                self.store.failed(intent.id).await?;
                if intent.holds_all_up() { Err(error.into()) } else { self.refused(intent, error, has_media).await }
            }
        }
    }

    /// What becomes of a part or an answer that surely was not posted.
    async fn refused(&mut self, intent: &Intent, error: PlatformError, has_media: bool) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let is_reply = intent.answers.is_some() && !matches!(intent.subject, Subject::Answer { standalone: false, .. });
        match &error {
            PlatformError::ReplyRefused { what } if is_reply => {
                info!(effect.id = %intent.id, what, "the platform refuses the reply: it is posted alone");
                self.store.as_standalone(intent.id, now).await?;
            }
            // X has more words for it than anybody knows.
            PlatformError::Refused { what } if is_reply && !has_media => {
                warn!(effect.id = %intent.id, what, "the platform refuses it as a reply: it is posted alone");
                self.store.as_standalone(intent.id, now).await?;
            }
            PlatformError::Refused { .. } | PlatformError::TooLong { .. } | PlatformError::ReplyRefused { .. } => {
                if let Subject::Answer { .. } = intent.subject {
                    warn!(effect.id = %intent.id, error = %error, "an answer is dropped");
                    self.store.given_up(intent.id, error.to_string(), now).await?;
                } else if has_media {
                    warn!(effect.id = %intent.id, error = %error, "a part is posted without its files");
                    self.without_media.insert(intent.id);
                } else {
                    let until = now.plus_ms(ms(RARE_RETRY));
                    warn!(effect.id = %intent.id, error = %error, until = %until, "a part of a mirror or a receipt is held back");
                    self.store.report(Self::NAME, Some(error.to_string()), now).await?;
                    self.deferred.defer(intent.id, until);
                }
            }
            _ => return Err(error.into()),
        }
        Ok(Next::Now)
    }

    async fn posted(&mut self, intent: &Intent, post: PostId) -> Result<Next, TaskError> {
        self.store.accepted(intent.id, Channel::X.post(post).into(), self.clock.now()).await?;
        self.backoff.succeeded();
        self.duplicates.remove(&intent.id);
        self.without_media.remove(&intent.id);
        match &intent.subject {
            Subject::Notes { first, last } => info!(note.first = first, note.last = last, post.id = %post, "posted"),
            Subject::Heartbeat { date } => info!(date, post.id = %post, "posted the heartbeat"),
            Subject::Receipt { index } => info!(entry.index = index, post.id = %post, "posted a receipt"),
            Subject::Part { note, place, count, .. } => info!(note, place, count, post.id = %post, "posted a part"),
            Subject::Answer { note, .. } => info!(note, post.id = %post, "answered"),
        }
        Ok(Next::Now)
    }

    /// Compares our own newest posts with the log: a head in public that is not one of ours means that the database is
    /// older than what was published, and to go on would fork the log.
    ///
    /// Another account's posts would say nothing, so who we are is asked first, and what time it is. What was posted so
    /// lately that the timeline does not show it yet is not seen here: a copy of the database that is restored within
    /// minutes of the last post is told by the public folder alone.
    async fn compare(&self) -> Result<(), TaskError> {
        let me = self.platform.me().await?;
        let now = self.clock.now();
        me.compare_clocks(now, SKEW_MS_MAX)?;
        self.store.keep_account(&me.account).await?;
        let from = self.newest_post_or(now).await?.max(self.settings.ignore_posts_until.unwrap_or(Time::from_ms(0)));
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

    /// From when on our own posts are of interest: those before the newest that is known are known too. A moment that our
    /// own clock told at an earlier time may be wrong; the one in a post's number is not.
    async fn newest_post_or(&self, now: Time) -> Result<Time, TaskError> {
        Ok(match self.store.newest_post().await? {
            Some(post) => post.moment().plus_ms(-ms(CLOCKS_DIFFER)),
            None => now.plus_ms(-ms(FIRST_LOOK)),
        })
    }

    /// Whether today's moment of the heartbeat, by UTC, has come.
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

/// Whether a post shows this text; the platform may have cut or added blanks at its end, and adds a link to the files that
/// go along. No text of ours has a link, or begins with a name, as X lets what answers somebody begin.
fn shows(post: &Post, text: &str) -> bool {
    let mut shown = post.text.as_str();
    while let Some((_, rest)) = shown.split_once(' ').filter(|(name, _)| name.starts_with('@')) {
        shown = rest;
    }
    let Some(added) = shown.strip_prefix(text).map(str::trim) else { return false };
    added.is_empty() || (added.starts_with("https://") && !added.contains(char::is_whitespace))
}
