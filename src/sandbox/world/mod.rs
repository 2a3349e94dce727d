//! The model: the users, what they wrote, what the platform allows and bills, and what goes wrong.
//!
//! It has no clock: `now` is an argument of each call. Chance comes from a seed: the same calls give the same world.

mod call;
mod price;
mod fault;
mod words;
mod refusal;
mod users;
mod media;
mod messages;
mod chat;
mod posts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

pub use call::{Allowance, Call, Limit, limits_of_x};
pub use chat::{ChatConversation, ChatPage};
pub use fault::{Body, Chaos, Fault, How, Moment};
pub use media::Media;
pub use messages::{Conversation, Event, EventKind, EventListing, EventPage, Outgoing};
pub use posts::{Draft, Post, PostPage, Range};
pub use price::Counts;
pub use refusal::Refusal;
pub use users::{Credentials, User};
pub use words::{Link, Mention, Words, unescape};

use crate::base::ids::{AccountId, Channel, ConversationId, MediaId, MessageId, PostId};
use crate::base::time::Time;

/// How the platform behaves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How long a new post is missing from timelines, in milliseconds. It can be found by its identifier at once.
    pub lag_ms: i64,
    /// How long a new direct message is missing from listings, in milliseconds.
    #[serde(default)]
    pub message_lag_ms: i64,
    /// How long direct messages are kept, in milliseconds.
    pub retention_ms: i64,
    /// Whether a text that the author has posted already is refused.
    pub refuses_duplicates: bool,
    /// Whether it is refused even after the first one was deleted; X did so in some years.
    pub duplicates_outlive_deletion: bool,
    /// Whether a user may answer only those who mentioned or quoted the user.
    pub replies_need_mention: bool,
    /// Whether users may not even answer themselves. No document of X says or denies this.
    pub refuses_self_replies: bool,
    /// Whether the text of an answer to somebody else begins with that account's name, as X has it in the texts that it
    /// returns.
    #[serde(default)]
    pub names_the_answered: bool,
    /// Whether a message to an account that does not take it is refused. X says of an account whether it takes messages, and
    /// has a refusal of that name; that the one follows from the other, no document says.
    #[serde(default = "yes")]
    pub refuses_closed: bool,
    /// Which names the answers use.
    pub vocabulary: Vocabulary,
    /// Number of calls of each kind that a user may make.
    pub limits: BTreeMap<Call, Vec<Limit>>,
}

impl Settings {
    /// X's behaviour of 2026 as its documents tell it, timelines without lag.
    pub fn of_x() -> Settings {
        Settings {
            lag_ms: 0,
            message_lag_ms: 0,
            retention_ms: 30 * 24 * 60 * 60 * 1000,
            refuses_duplicates: true,
            duplicates_outlive_deletion: false,
            replies_need_mention: true,
            refuses_self_replies: false,
            names_the_answered: false,
            refuses_closed: true,
            vocabulary: Vocabulary::Post,
            limits: limits_of_x(),
        }
    }

    /// The same without any limit of calls: for tests and demonstrations that are not about limits.
    pub fn without_limits() -> Settings {
        Settings { limits: BTreeMap::new(), ..Settings::of_x() }
    }
}

fn yes() -> bool {
    true
}

/// The names in answers, which X began to change in August 2026.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vocabulary {
    /// `edit_history_post_ids`, `includes.posts`: the published document.
    Post,
    /// `edit_history_tweet_ids`, `includes.tweets`: before.
    Tweet,
    /// The new names in some answers and the old ones in others, and `edit_history_tweet_ids: [""]` for a new post: as
    /// seen in traffic of September 2026.
    Mixed,
}

/// The platform.
pub struct World {
    /// How it behaves. May be changed at any time.
    pub settings: Settings,
    rng: StdRng,
    ids: BTreeSet<u64>,
    app: (String, String),
    users: BTreeMap<AccountId, User>,
    conversations: BTreeMap<ConversationId, Conversation>,
    events: BTreeMap<MessageId, Event>,
    media: BTreeMap<MediaId, Media>,
    posts: BTreeMap<PostId, Post>,
    /// The versions of each post, by its first.
    chains: BTreeMap<PostId, Vec<PostId>>,
    posted: HashSet<(AccountId, String)>,
    windows: call::Windows,
    counts: Counts,
    faults: fault::Faults,
}

impl World {
    /// A world without users. `seed` is the seed of its random numbers.
    pub fn new(settings: Settings, seed: u64) -> World {
        let mut rng = StdRng::seed_from_u64(seed);
        let app = (words::alphanumeric(25, &mut rng), words::alphanumeric(50, &mut rng));
        World {
            settings,
            rng,
            ids: BTreeSet::new(),
            app,
            users: BTreeMap::new(),
            conversations: BTreeMap::new(),
            events: BTreeMap::new(),
            media: BTreeMap::new(),
            posts: BTreeMap::new(),
            chains: BTreeMap::new(),
            posted: HashSet::new(),
            windows: call::Windows::default(),
            counts: Counts::default(),
            faults: fault::Faults::default(),
        }
    }

    /// Counts a call that came in, and returns what goes wrong with it.
    pub fn begin(&mut self, call: Call) -> Option<(Moment, How)> {
        *self.counts.calls.entry(call).or_default() += 1;
        let fault = self.faults.take(call);
        self.counts.faults += u64::from(fault.is_some());
        fault
    }

    /// Counts a call against its user's limits. None if the call has none.
    ///
    /// # Errors
    /// [`Refusal::RateLimited`].
    pub fn admit(&mut self, now: Time, user: AccountId, call: Call) -> Result<Option<Allowance>, Refusal> {
        match self.settings.limits.get(&call) {
            Some(limits) => self.windows.admit(now, user, call, limits),
            None => Ok(None),
        }
    }

    /// Number of calls of a kind that are left to a user. None if it has made none in this window, or there is no
    /// limit.
    pub fn left(&self, now: Time, user: AccountId, call: Call) -> Option<u32> {
        self.windows.left(now, user, call, self.settings.limits.get(&call)?)
    }

    /// Adds a fault to the queue.
    pub fn add_fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Begins faults by chance, or ends them with None.
    pub fn set_chaos(&mut self, chaos: Option<Chaos>) {
        self.faults.set_chaos(chaos);
    }

    /// Ends all faults, queued and by chance.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// The faults that are still to come, in order.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.queued()
    }

    /// The faults by chance.
    pub fn chaos(&self) -> Option<&Chaos> {
        self.faults.chaos()
    }

    /// What was called, billed, and went wrong so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// A new identifier with the moment `now` inside: greater than all of the same millisecond.
    fn next_id(&mut self, now: Time) -> u64 {
        let first = Channel::X.first_at(now).0;
        let last = self.ids.range(first..first + (1 << 22)).next_back();
        let id = last.map_or(first, |last| last + 1);
        self.ids.insert(id);
        id
    }
}
