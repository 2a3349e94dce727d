//! Our own timeline, compared with the log: at the start, before and after each post that shows a head, and each hour.
//!
//! | when | what is read | why |
//! |---|---|---|
//! | at the start | what was posted since the newest known post, a page of 100 at most | a database that is older than what was published must not go on |
//! | before a post that shows a head | what is new | another daemon's head is seen before a second one is shown |
//! | after it, and once more when the timeline's lag is over | what is new, that post among it | what others posted in the same moments is seen |
//! | each hour | what is new | what a person posted by hand is told |
//!
//! "What is new" are the posts since some minutes before the comparison before, the newest 5 of them, or a page of 100 if
//! there are more. So a post of ours is read a few times, and X bills it once in a day. Only the comparison at the start
//! is waited for: before it nothing is sealed or posted. If a later one cannot be made, posts are made all the same, and it
//! is tried again.
//!
//! Posts that answer others are not read: no post that shows a head is one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::judge::{self, Whose};
use super::settings::PublishSettings;
use super::timeline::known_before;
use crate::base::clock::Clock;
use crate::base::hash::Hash;
use crate::base::ids::{Channel, PostId};
use crate::base::time::{SKEW_MS_MAX, Time};
use crate::platform::{Error as PlatformError, Me, OwnPosts, Platform, Post};
use crate::store::Store;
use crate::tasks::task::{Backoff, TaskError, ms};
use crate::tasks::trouble::Contradiction;
use crate::tlog::entry::Entry;
use crate::wording::post::PostText;

/// Number of posts that are asked for where few are to be expected.
const FEW: u32 = 5;

/// Number of posts in the largest page of X.
const PAGE: u32 = 100;

/// How often the timeline is compared if nothing is posted.
const EVERY: Duration = Duration::from_secs(3600);

/// A comparison this short ago is not made again before a post.
const FRESH_MS: i64 = 10_000;

/// Most unreadable posts that are remembered, so that each is told once.
const UNREADABLE_MAX: usize = 1_000;

/// The comparisons of our own timeline with the log.
pub(super) struct Comparison {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    /// Posts that are not this log's, by the operator's word.
    ignored: Vec<PostId>,
    /// Until when no post is this log's, by the operator's word.
    ignored_until: Time,
    /// How long a post may be missing from the timeline.
    lag: Duration,
    /// Whether the first comparison counts only after that time.
    waits_out_lag: bool,
    /// Whether the platform has said since the start that this is our account.
    is_confirmed: bool,
    /// When the first comparison was made.
    begun: Option<Time>,
    /// Since when, by the platform's clock, this daemon runs on a database that contradicts nothing in public.
    running_since: Option<Time>,
    /// When the timeline was last read.
    read_at: Time,
    /// When it is to be read again.
    due: Time,
    /// Why the last attempt to read it failed. None if it did not.
    trouble: Option<String>,
    backoff: Backoff,
    /// The unreadable posts that were told.
    unreadable: BTreeSet<Hash>,
}

impl Comparison {
    /// Nothing is read yet.
    pub(super) fn new(
        platform: Arc<dyn Platform>,
        store: Store,
        clock: Clock,
        settings: &PublishSettings,
    ) -> Comparison {
        Comparison {
            platform,
            store,
            clock,
            ignored: settings.ignore_posts.clone(),
            ignored_until: settings.ignore_posts_until.unwrap_or(Time::from_ms(0)),
            lag: settings.unknown_outcome_timeout,
            waits_out_lag: false,
            is_confirmed: false,
            begun: None,
            running_since: None,
            read_at: Time::from_ms(0),
            due: Time::from_ms(0),
            trouble: None,
            backoff: Backoff::new(),
            unreadable: BTreeSet::new(),
        }
    }

    /// Whether the first comparison counts only after the lag of the timeline, because nothing else shows whether the
    /// database is older than the newest posts.
    pub(super) fn wait_out_lag(&mut self, waits_out_lag: bool) {
        self.waits_out_lag = waits_out_lag;
    }

    /// The comparison at the start. Returns the moment at which it is to be made once more; None if it is done.
    ///
    /// Another account's posts would say nothing. So the platform is first asked who we are, and what time it is. A post
    /// so new that the timeline does not show it yet is not seen. If a copy of the database is restored within minutes of
    /// the last post, the public folder shows that; if there is none, the lag is waited for.
    pub(super) async fn at_start(&mut self) -> Result<Option<Time>, TaskError> {
        let me = self.who_we_are().await?;
        let now = self.clock.now();
        let from = known_before(&self.store, now).await?;
        let own = self.platform.newest_posts(Channel::X.first_at(from.max(self.ignored_until)), PAGE).await?;
        self.judge(&own).await?;
        let counts_from = self.begun.get_or_insert(now).plus_ms(ms(self.lag));
        if self.waits_out_lag && now < counts_from {
            return Ok(Some(counts_from));
        }
        self.running_since = Some(me.and_then(|me| me.clock).unwrap_or(now));
        self.was_read(now);
        Ok(None)
    }

    /// Who the platform says that we are. None if it cannot be asked now, and the log knows: our timeline is then that
    /// account's, which is enough to seal. Nothing is posted before the platform has said it.
    async fn who_we_are(&mut self) -> Result<Option<Me>, TaskError> {
        match (self.confirm().await, self.store.own_account().await?) {
            (Err(TaskError::Platform(error)), Some(known)) if !error.forbids_sealing() => {
                let why = error.to_string();
                warn!(account.id = %known.id, why, "who we are cannot be asked now: notes are sealed, and posted afterwards");
                Ok(None)
            }
            (me, _) => me.map(Some),
        }
    }

    /// Asks the platform who we are and what time it is, and compares both with what we know.
    async fn confirm(&mut self) -> Result<Me, TaskError> {
        let me = self.platform.me().await?;
        me.compare_clocks(self.clock.now(), SKEW_MS_MAX)?;
        if self.store.own_account().await?.is_none() {
            // Whom the log is of is kept for ever: the platform has to say it twice.
            self.platform.me().await?;
        }
        self.store.keep_account(&me.account).await?;
        self.is_confirmed = true;
        Ok(me)
    }

    /// The comparison before a post that shows a head, unless one was made a moment ago.
    ///
    /// # Errors
    /// Those that must stop the daemon, and those of the platform as long as it has not said who we are: the post would be
    /// another account's if the credentials are.
    pub(super) async fn before_post(&mut self) -> Result<(), TaskError> {
        if !self.is_confirmed {
            self.confirm().await?;
        }
        let age_ms = self.clock.now().ms_since(self.read_at);
        if (0..FRESH_MS).contains(&age_ms) && self.trouble.is_none() { Ok(()) } else { self.look().await }
    }

    /// The comparison after a post that shows a head. It is made once more when the timeline surely shows what was posted
    /// in the same moments.
    ///
    /// # Errors
    /// Only those that must stop the daemon.
    pub(super) async fn after_post(&mut self) -> Result<(), TaskError> {
        self.look().await?;
        self.due = self.due.min(self.clock.now().plus_ms(ms(self.lag)));
        Ok(())
    }

    /// The comparison that is due, if one is.
    ///
    /// # Errors
    /// Only those that must stop the daemon.
    pub(super) async fn when_due(&mut self) -> Result<(), TaskError> {
        if self.clock.now() < self.due { Ok(()) } else { self.look().await }
    }

    /// When the next comparison is due.
    pub(super) fn due(&self) -> Time {
        self.due
    }

    /// What the operator has to know: why the timeline cannot be read, or which posts look like ours and are not.
    pub(super) async fn trouble(&self) -> Result<Option<String>, TaskError> {
        if let Some(trouble) = &self.trouble {
            return Ok(Some(format!("our own posts cannot be compared with the log: {trouble}")));
        }
        let strange = self.store.strange_posts().await?;
        let open: Vec<PostId> = strange.into_iter().filter(|post| !self.is_ignored(*post)).collect();
        let Some(first) = open.first() else { return Ok(None) };
        let others = if 1 < open.len() { format!(", and {} more", open.len() - 1) } else { String::new() };
        Ok(Some(format!(
            "post {first}{others}: on our own account, looks like this log's, and is not\n\
             find out who made it: a person, or a second daemon, which must stop; delete it, then name it in `ignore_posts`"
        )))
    }

    /// Reads what is new, and compares it.
    async fn look(&mut self) -> Result<(), TaskError> {
        let now = self.clock.now();
        let from = self.read_at.min(now).plus_ms(-(ms(self.lag) + SKEW_MS_MAX));
        match self.judge_since(Channel::X.first_at(from.max(self.ignored_until))).await {
            Ok(()) => self.was_read(now),
            Err(TaskError::Platform(error)) => {
                self.due = self.backoff.after(&error, now);
                warn!(error = %error, until = %self.due, "our own posts cannot be compared with the log");
                self.trouble = Some(error.to_string());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn judge_since(&mut self, after: PostId) -> Result<(), TaskError> {
        let own = self.new_since(after).await?;
        self.judge(&own).await
    }

    async fn new_since(&self, after: PostId) -> Result<OwnPosts, crate::platform::Error> {
        let own = self.platform.newest_posts(after, FEW).await?;
        let is_full = FEW as usize <= own.posts.len() + own.unreadable.len();
        if is_full { self.platform.newest_posts(after, PAGE).await } else { Ok(own) }
    }

    fn was_read(&mut self, now: Time) {
        self.read_at = now;
        self.due = now.plus_ms(ms(EVERY));
        self.trouble = None;
        self.backoff.succeeded();
    }

    /// Compares these posts, the oldest first.
    async fn judge(&mut self, own: &OwnPosts) -> Result<(), TaskError> {
        if PAGE as usize <= own.posts.len() + own.unreadable.len() {
            warn!(posts = PAGE, "there are more new posts on our account than are compared with the log");
        }
        for one in &own.unreadable {
            if self.unreadable.len() < UNREADABLE_MAX && self.unreadable.insert(one.sha256) {
                warn!(post.id = ?one.id, why = one.why, "a post on our account cannot be read, and is not compared");
            }
        }
        for post in own.posts.iter().rev() {
            self.judge_one(post).await?;
        }
        Ok(())
    }

    async fn judge_one(&self, post: &Post) -> Result<(), TaskError> {
        let shown = post.text.trim_end();
        let Ok(text) = PostText::parse(shown) else { return Ok(()) };
        if self.is_ignored(post.id) || self.store.is_known_post(post.id, shown).await? {
            return Ok(());
        }
        let (size, root) = text.head();
        if self.store.root_at(size).await? == Some(root) {
            if !self.is_true(&text).await? {
                self.see_again(post).await?;
                self.tell(post.id, "a false note or receipt").await?;
            }
            return Ok(());
        }
        self.see_again(post).await?;
        let before = self.store.shown_before(post.id).await?;
        match judge::whose(post.id, &text, &before, self.running_since) {
            Whose::TooLate => self.tell(post.id, "a head that contradicts one that was shown before it").await,
            Whose::Unlikely => self.tell(post.id, "a head that no daemon of this log can have").await,
            Whose::Rival => Err(TaskError::Fatal(Contradiction(rival(post.id, size)).into())),
            Whose::Newer => Err(TaskError::Fatal(Contradiction(newer(post.id, size)).into())),
        }
    }

    /// Reads a post that looks like ours and is not by its number too: no list is believed because it came, and this one may
    /// be of another account, or of another time.
    ///
    /// # Errors
    /// [`PlatformError::Unavailable`] if it is not shown in the same way.
    async fn see_again(&self, post: &Post) -> Result<(), TaskError> {
        let again = self.platform.read_post(post.id).await?;
        if again.is_some_and(|again| again.author == post.author && again.text == post.text) {
            return Ok(());
        }
        let what =
            format!("our own posts were listed with post {}, which the platform does not show by its number", post.id);
        Err(PlatformError::Unavailable { what }.into())
    }

    /// Whether a post whose head is ours says what the log has there: then it is ours, and will be found.
    async fn is_true(&self, text: &PostText) -> Result<bool, TaskError> {
        let (size, _) = text.head();
        let lines = self.store.entries(size.saturating_sub(1), 1).await?;
        let last = lines.first().and_then(|line| Entry::parse(line.as_bytes()).ok());
        Ok(match (text, last) {
            (PostText::Heartbeat { .. }, _) => true,
            (PostText::Note { note, commitment, .. }, Some(Entry::Note { note: of, commitment: hash, .. })) => {
                (*note, *commitment) == (of, hash)
            }
            (PostText::Run { last, .. }, Some(Entry::Note { note, .. })) => *last == note,
            (PostText::Receipt { note, commitment, .. }, Some(Entry::Receipt { note: of, commitment: hash, .. })) => {
                (*note, *commitment) == (of, hash)
            }
            _ => false,
        })
    }

    fn is_ignored(&self, post: PostId) -> bool {
        Channel::X.moment(post) < self.ignored_until || self.ignored.contains(&post)
    }

    /// Tells of a post that looks like ours and is not, once.
    async fn tell(&self, post: PostId, what: &str) -> Result<(), TaskError> {
        warn!(post.id = %post, what, "a post on our account looks like this log's, and is not");
        // A crash here tells it once more.
        Ok(self.store.keep_strange_post(post, self.clock.now()).await?)
    }
}

fn newer(post: PostId, size: u64) -> String {
    format!(
        "post {post} shows the head of a log of {size} entries that this database does not lead to\n\
         the database is older than what was published, or another's: restore the newest backup; if the post is that of an \
         earlier log of this account, set `ignore_posts_until` in the configuration; if a person made it by hand, name it \
         in `ignore_posts`"
    )
}

fn rival(post: PostId, size: u64) -> String {
    format!(
        "post {post} shows the head of a log of {size} entries that this database does not lead to: a second daemon of this \
         log is running, and has shown its head first\n\
         this one has to stop, since its database lacks that head: leave it stopped, and go on with the other's database \
         alone; only if a person made the post by hand, name it in `ignore_posts` and start again"
    )
}
