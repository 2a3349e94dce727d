//! Answers mentions, and takes the officials' commands.
//!
//! Everybody who mentions the account is answered with what the log tells everybody. Mentions come newest first, a page
//! at a time, down to those that have been dealt with. Then the new ones are dealt with, oldest first; if there are
//! more than the day can pay for, newest first. Each is dealt with in one transaction: that it was, what it caused in
//! the log, and what is to be posted and sent. The [`publisher`] posts, and the dm sender sends. The [`watcher`] passes
//! on what the officials have written.
//!
//! | what is durable | if the program dies right after |
//! |---|---|
//! | nothing: a page was read | it is read again |
//! | a mention's mark, with its entry, its answer and its messages | the next one |
//! | the last mention that was read, once all that was found is dealt with | the next listing |
//!
//! [`publisher`]: crate::tasks::post
//! [`watcher`]: crate::tasks::seal

pub mod limits;
mod settings;
mod listing;
mod mentions;
mod officials;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tracing::{info, warn};

use crate::base::clock::Clock;
use crate::base::ids::{AccountId, Channel, PostId};
use crate::base::time::SKEW_MS_MAX;
use crate::base::time::Time;
use crate::platform::{Mention, Platform};
use crate::store::Store;
use crate::tasks::allowance;
use crate::tasks::disclose::OpenSettings;
use crate::tasks::rules::Correspondent;
use crate::tasks::task::{Backoff, Needs, Next, Task, TaskError, Wake, ms};
use limits::{Author, Tally};
use listing::{Listing, ListingEnd};

/// Number of mentions dealt with in one tick.
const BATCH: usize = 64;

pub use self::settings::BotSettings;

/// What the bot needs to know besides its own section.
#[derive(Clone)]
pub struct BotContext {
    /// The accounts to which notes are addressed.
    pub correspondents: Vec<Correspondent>,
    /// Whether approval is needed for what would be published, and by whom.
    pub open: OpenSettings,
    /// Whether this machine has a key that opens notes.
    pub has_key: bool,
}

/// Where codes come from: a number that nobody can guess.
pub type Chance = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The task that answers.
pub struct Bot {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    chance: Chance,
    settings: BotSettings,
    context: BotContext,
    backoff: Backoff,
    /// Our own account. None until the platform has said who we are.
    me: Option<AccountId>,
    /// What was read and answered today. None until the database has said it.
    tally: Option<Tally>,
    listing: Option<Listing>,
    /// Mentions to be dealt with, the next one first.
    queue: VecDeque<Mention>,
    /// Up to where all is dealt with once the queue is empty.
    listened: Option<PostId>,
    /// The platform is not asked before this moment.
    hold: Option<Time>,
    /// Why the last listing did not come to its end.
    trouble: Option<&'static str>,
}

impl Task for Bot {
    const NAME: &'static str = "bot";
    const WAKE: Wake = Wake::Log;
    const NEEDS: Needs = Needs::Comparison;

    /// Takes the officials' commands, and then reads one page of mentions or deals with some. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only errors that must stop the daemon: the store's errors, a clock that is wrong.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let now = self.clock.now();
        let step = self.step(now).await;
        let next = self.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await?;
        // An unreachable platform does not keep an official waiting: commands need only the database.
        let Next::Wait(until) = next else { return Ok(next) };
        self.hold = Some(until);
        Ok(Next::Idle(until))
    }
}

impl Bot {
    /// A bot that has done nothing yet.
    pub fn new(
        platform: Arc<dyn Platform>,
        store: Store,
        clock: Clock,
        chance: Chance,
        settings: BotSettings,
        context: BotContext,
    ) -> Bot {
        Bot {
            platform,
            store,
            clock,
            chance,
            settings,
            context,
            backoff: Backoff::new(),
            me: None,
            tally: None,
            listing: None,
            queue: VecDeque::new(),
            listened: None,
            hold: None,
            trouble: None,
        }
    }

    async fn step(&mut self, now: Time) -> Result<Next, TaskError> {
        self.count_the_day(now).await?;
        self.handle_commands(now).await?;
        self.notify_officials().await?;
        if !self.queue.is_empty() {
            return self.process_batch().await;
        }
        if let Some(hold) = self.hold.filter(|hold| now < *hold) {
            return Ok(Next::Idle(hold));
        }
        self.listen(now).await
    }

    /// Makes sure that the counts are today's. After a start they are counted again from what was dealt with.
    async fn count_the_day(&mut self, now: Time) -> Result<(), TaskError> {
        if let Some(tally) = &mut self.tally {
            tally.roll(now);
            return Ok(());
        }
        let correspondents = self.correspondents().await?;
        let mut tally = Tally::new(self.settings.limits(), now);
        for (mention, author, done) in self.store.mentions_since(now.midnight()).await? {
            let who = if correspondents.contains(&author) { Author::Correspondent } else { Author::Stranger };
            tally.count(mention, author, who, done);
        }
        self.tally = Some(tally);
        Ok(())
    }

    /// The accounts to which notes are addressed, if the watcher has looked up their names.
    async fn correspondents(&self) -> Result<HashSet<AccountId>, TaskError> {
        let mut ids = HashSet::new();
        for correspondent in &self.context.correspondents {
            match correspondent {
                Correspondent::Id(id) => ids.extend([*id]),
                Correspondent::Name(name) => ids.extend(self.store.correspondent(name).await?),
            }
        }
        Ok(ids)
    }

    /// Reads one page of mentions.
    async fn listen(&mut self, now: Time) -> Result<Next, TaskError> {
        let me = self.identify().await?;
        let Some(tally) = &mut self.tally else { return Ok(Next::Now) };
        let mut listing = match self.listing.take() {
            Some(listing) => listing,
            None => {
                let (start, read) = self.store.mentions_read().await?.unwrap_or((PostId(0), PostId(0)));
                Listing::begin(start, read)
            }
        };
        // If this fails, the listing begins again: the mark of a place in the list may no longer be valid. Only its end is a
        // success: else one whose second page never comes would begin again without a pause.
        let end = listing.read(&*self.platform, &self.store, tally, me, now).await?;
        if end == ListingEnd::More {
            self.listing = Some(listing);
            return Ok(Next::Now);
        }
        self.backoff.succeeded();
        let (found, newest) = listing.into_found();
        self.queue = found.collect();
        self.trouble = end.told();
        if let Some(why) = self.trouble {
            warn!(mentions = self.queue.len(), why, "the list of mentions was not read to its end");
        }
        let next = if end == ListingEnd::Poor {
            // What is left is for those who ask now, not for the end of a flood.
            self.queue.make_contiguous().reverse();
            allowance::next_hour(now)
        } else {
            // What was read counts as read, even if more may be there that the platform does not give.
            self.listened = newest.filter(|_| end != ListingEnd::Refused);
            now.plus_ms(ms(self.settings.poll))
        };
        self.hold = Some(next);
        if !self.queue.is_empty() {
            return self.process_batch().await;
        }
        self.rest(now).await
    }

    /// Learns who we are. At the first start, mentions of earlier times are never answered.
    async fn identify(&mut self) -> Result<AccountId, TaskError> {
        if let Some(me) = self.me {
            return Ok(me);
        }
        let me = self.platform.me().await?;
        let began = me.compare_clocks(self.clock.now(), SKEW_MS_MAX)?;
        if self.store.mentions_read().await?.is_none() {
            self.store.keep_mentions_read(Channel::X.first_at(began)).await?;
        }
        info!(account.id = %me.account.id, officials = self.settings.officials.len(), "listening");
        self.me = Some(me.account.id);
        Ok(me.account.id)
    }

    /// Deals with the oldest mentions of the queue.
    async fn process_batch(&mut self) -> Result<Next, TaskError> {
        let correspondents = self.correspondents().await?;
        for _ in 0..BATCH {
            let Some(mention) = self.queue.front().cloned() else { break };
            self.handle_mention(&mention, &correspondents).await?;
            self.queue.pop_front();
        }
        if !self.queue.is_empty() {
            return Ok(Next::Now);
        }
        self.rest(self.clock.now()).await
    }

    /// All that was found is dealt with.
    async fn rest(&mut self, now: Time) -> Result<Next, TaskError> {
        if let Some(listened) = self.listened.take() {
            self.store.keep_mentions_read(listened).await?;
        }
        self.store.report(Self::NAME, self.trouble.map(str::to_owned), now).await?;
        Ok(Next::Idle(self.hold.unwrap_or(now)))
    }
}
