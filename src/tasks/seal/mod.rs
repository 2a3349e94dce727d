//! Seals what was sent: reads the account's messages, picks the formal ones, and makes each a sealed note.
//!
//! Messages come newest first, a page at a time, small pages first because each message read is paid for. What surely is
//! no note is dropped as it is read, so that memory stays small; the rest is dealt with oldest first once the listing has
//! reached what is known. A note, its opening and the mark that its message has been dealt with become durable in one
//! transaction.
//!
//! # When the list is not read to its end
//!
//! A list may be too long for what the platform allows at once, or for what strangers may cost; an answer may fail, a mark
//! may be refused, a page may come again for ever. Then the rest becomes a *part* that is unread, which is durable together
//! with what was sealed above it, and is read on later from the platform's own mark. Meanwhile the conversations of those
//! whom the rules name are read by themselves, which the platform counts apart. [`listing`] decides how a listing ends,
//! [`round`] what is read next, [`reading`] what follows from a page, [`places`] which conversation, [`found`] what is kept
//! of a page, [`batch`] what becomes durable together.
//!
//! # The order of notes
//!
//! The notes of a conversation are numbered in the order in which they are sealed, and each names the one before. That is
//! the order of the log, and says nothing of the order in which they were sent: that is in `sent`, which the platform's
//! number of the message gives, and in `seen`. What is found in one listing is sealed in the order of sending, and waits for
//! older messages as long as one poll and no longer. So only what was found later than that is sealed after something newer,
//! and it says so itself: its `sent` is older than that of the note before it, and its `seen` is not. An auditor can tell it
//! from a note that was invented later: a message that did not exist at the time has no number of that time. Waiting longer
//! for the sake of order would leave newer notes unsealed, and whoever wants to deny them has only to keep the list long.
//!
//! # What does not hold it up
//!
//! Sealing needs the message and nothing else. A recipient's name that cannot be looked up is the one from before, or
//! `unknown`; a correspondent who is named in the rules and not found yet holds back only what may be for them; who we are
//! is known from the log. An element that cannot be read is a gap, once. Only a group's members must surely be all: a list
//! that is too short would be sealed for ever.
//!
//! A slip of ours is not a note, and a slip from an account whose notes we receipt is kept for the receiver. What an
//! official writes to the account is kept for the bot if it is a command; a conversation with an official has no notes.

mod settings;
mod spans;
mod budget;
mod accounts;
mod correspondents;
mod sealing;
mod listing;
mod found;
mod kind;
mod round;
mod reading;
mod places;
mod batch;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::base::clock::Clock;
use crate::base::hash::Hash;
use crate::base::ids::{Account, AccountId, ConversationId, MessageId, Origin};
use crate::base::time::SKEW_MS_MAX;
use crate::base::time::Time;
use crate::note::Salt;
use crate::platform::{Error as PlatformError, Platform};
use crate::store::Store;
use crate::store::vault::Vault;
use crate::tasks::acknowledge::ReceiptSettings;
use crate::tasks::task::{Backoff, Needs, Next, Task, TaskError, Wake, ms};
use accounts::Names;
use budget::Budget;
use correspondents::{Correspondents, KnownRule};
use found::{Candidate, Haul, Odd};
use kind::GroupMembers;
use listing::Listing;
use places::Places;
use round::Round;
use spans::Spans;

pub use settings::{RuleSettings, SlipSettings, WatchSettings};

/// How long to wait for the platform to say who we are, if the log knows it.
const ME_TIME: Duration = Duration::from_secs(10);

/// How long the platform keeps messages.
const RETENTION: Duration = Duration::from_secs(30 * 86_400);

/// What the watcher needs to know besides its own section.
pub struct WatchContext {
    /// The name of the log.
    pub log: Origin,
    /// Whether to seal, once, the messages that the platform still keeps.
    pub backfill: bool,
    /// Whose messages to the account are commands. None of them is a correspondent.
    pub officials: Vec<AccountId>,
    /// Whether the slip of each note is sent into its conversation.
    pub slip: SlipSettings,
    /// The accounts whose slips are taken in, to receipt their notes.
    pub receipt: ReceiptSettings,
}

impl WatchContext {
    /// The log of this name, with new messages only and without officials.
    pub fn new(log: Origin) -> WatchContext {
        let (slip, receipt) = (SlipSettings::default(), ReceiptSettings::default());
        WatchContext { log, backfill: false, officials: Vec::new(), slip, receipt }
    }
}

/// Where salts come from: 32 bytes that nobody can guess.
pub type Salts = Arc<dyn Fn() -> Salt + Send + Sync>;

/// The task that seals.
pub struct Watcher {
    platform: Arc<dyn Platform>,
    store: Store,
    vault: Arc<Vault>,
    clock: Clock,
    salts: Salts,
    settings: WatchSettings,
    context: WatchContext,
    backoff: Backoff,
    /// Our own account, and when we began. None until it is known.
    me: Option<(Account, Time)>,
    /// Whether the platform has said since the start that this is our account.
    is_confirmed: bool,
    /// Whom the rules mean. None until the database has said.
    correspondents: Option<Correspondents>,
    names: Names,
    /// The present round; None between two polls.
    round: Option<Round>,
    listing: Option<Listing>,
    /// What was found on pages, and is not dealt with.
    haul: Haul,
    /// Messages to be dealt with, oldest first.
    queue: VecDeque<Candidate>,
    /// What counts as unread until the last of the queue is dealt with. None if the queue is empty, or holds only what
    /// has waited.
    flush: Option<Spans>,
    /// Messages of which nobody can say yet what they are.
    held: Vec<Candidate>,
    /// The parts of the list that are unread, and these as the database has them.
    spans: Spans,
    kept: Spans,
    /// What strangers have cost today. None until the database has said.
    budget: Option<Budget>,
    /// The members of the groups in the queue: asked once, because X allows few such calls.
    groups: HashMap<ConversationId, GroupMembers>,
    /// Elements that cannot be read and are entered, and those that wait for the next hour.
    oddities: HashSet<Hash>,
    odd_later: Vec<Odd>,
    /// When the last complete listing began, and up to which number it has listed all.
    looked: Option<(Time, MessageId)>,
    /// All that was sent up to here is dealt with, or lies in an unread part. None before the first look.
    frontier: Option<MessageId>,
    /// The conversations that are read by themselves.
    places: Places,
    /// Until when the list of all conversations is not to be asked for.
    blocked: Option<Time>,
    /// Why the list could not be read, as the log has it.
    told: Option<String>,
    /// The rejudgement that is done with what is dealt with now.
    rejudged: Option<u64>,
}

/// Who we are, and whom the rules mean.
struct Known {
    me: Account,
    rules: Vec<KnownRule>,
    receipt_from: Vec<AccountId>,
    officials: Vec<AccountId>,
    log: Origin,
    /// When we began, by the earlier of our clock and the platform's.
    began: Time,
}

impl Task for Watcher {
    const NAME: &'static str = "watcher";
    const WAKE: Wake = Wake::Time;
    const NEEDS: Needs = Needs::Comparison;

    /// Reads one page, or deals with one batch of messages. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only errors that must stop the daemon: a store that must be opened anew.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        if let Err(TaskError::Platform(PlatformError::WrongClock { .. })) = step {
            self.forget_by_a_wrong_clock();
        }
        let waits = matches!(&step, Err(TaskError::Platform(PlatformError::Wait { .. })));
        let now = self.clock.now();
        let next = self.backoff.conclude(Self::NAME, step, &self.store, now).await?;
        // Whatever the trouble was: what was sent meanwhile is sealed at most one poll after its end.
        let poll = now.plus_ms(ms(self.settings.poll));
        Ok(match next {
            Next::Wait(until) if !waits => Next::Wait(until.min(poll)),
            next => next,
        })
    }
}

impl Watcher {
    /// A watcher that has done nothing yet.
    pub fn new(
        platform: Arc<dyn Platform>,
        store: Store,
        vault: Arc<Vault>,
        clock: Clock,
        salts: Salts,
        settings: WatchSettings,
        context: WatchContext,
    ) -> Watcher {
        Watcher {
            platform,
            store,
            vault,
            clock,
            salts,
            // After an outage the next look is not later than it would have been without one.
            backoff: Backoff::of_a_reader(settings.poll),
            settings,
            context,
            me: None,
            is_confirmed: false,
            correspondents: None,
            names: Names::default(),
            round: None,
            listing: None,
            haul: Haul::default(),
            queue: VecDeque::new(),
            flush: None,
            held: Vec::new(),
            spans: Spans::default(),
            kept: Spans::default(),
            budget: None,
            groups: HashMap::new(),
            oddities: HashSet::new(),
            odd_later: Vec::new(),
            looked: None,
            frontier: None,
            places: Places::default(),
            blocked: None,
            told: None,
            rejudged: None,
        }
    }

    /// What was listed by a wrong clock is listed again by the right one, once the platform has said that it is right.
    fn forget_by_a_wrong_clock(&mut self) {
        (self.me, self.is_confirmed, self.round, self.listing, self.flush) = (None, false, None, None, None);
        (self.looked, self.frontier, self.blocked, self.places) = (None, None, None, Places::default());
        self.haul = Haul::default();
        self.queue.clear();
        self.held.clear();
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        let known = self.identify().await?;
        loop {
            if self.has_work() {
                self.process_batch(&known).await?;
                return Ok(Next::Now);
            }
            if let Some(listing) = self.listing.take() {
                return self.read(listing, &known).await;
            }
            // Each turn brings the round closer to its end.
            let next = self.go_on(&known).await?;
            if next != Next::Now {
                return Ok(next);
            }
        }
    }

    /// Who we are, and whom the rules mean, as far as that is known. Who we are the log knows after the first start: the
    /// platform is asked again, but not waited for.
    async fn identify(&mut self) -> Result<Known, TaskError> {
        let now = self.clock.now();
        let (me, began) = match &self.me {
            Some(known) => known.clone(),
            None => self.begin(now).await?,
        };
        if self.round.is_none() {
            self.look_up_correspondents(now).await?;
        }
        let (rules, receipt_from) = match &self.correspondents {
            Some(known) => (known.rules.clone(), known.receipt_from.clone()),
            None => (Vec::new(), Vec::new()),
        };
        let (officials, log) = (self.context.officials.clone(), self.context.log.clone());
        Ok(Known { me, rules, receipt_from, officials, log, began })
    }

    async fn begin(&mut self, now: Time) -> Result<(Account, Time), TaskError> {
        let before = self.store.own_account().await?;
        let is_started = self.store.started().await?.is_some();
        let known = match (self.confirm(now).await, before) {
            (Err(TaskError::Platform(error)), Some(me)) if is_started && !error.forbids_sealing() => {
                let why = error.to_string();
                warn!(account.id = %me.id, why, "who we are cannot be asked now: it is the account that the log knows");
                (me, now)
            }
            (confirmed, _) => confirmed?,
        };
        self.spans = Spans::after_a_start(self.store.unread().await?);
        self.kept = self.spans.clone();
        if self.context.backfill && self.store.newest_seen().await?.is_some() {
            // What was read before, and not formal then, may be formal by the rules of today.
            self.store.ask_rejudgement(now.plus_ms(-ms(RETENTION)), now).await?;
        }
        info!(account.id = %known.0.id, account.name = %known.0.name, "watching");
        self.me = Some(known.clone());
        Ok(known)
    }

    /// Asks the platform who we are and what time it is, and compares both with what we know.
    async fn confirm(&mut self, now: Time) -> Result<(Account, Time), TaskError> {
        let late = |_| PlatformError::Unavailable { what: "who we are: no answer in time".to_owned() };
        let me = tokio::time::timeout(ME_TIME, self.platform.me()).await.map_err(late)??;
        let began = me.compare_clocks(now, SKEW_MS_MAX)?;
        self.store.keep_account(&me.account).await?;
        self.is_confirmed = true;
        Ok((me.account, began))
    }

    /// Looks up the names in the rules that mean nobody yet: once in a round, and each by itself.
    async fn look_up_correspondents(&mut self, now: Time) -> Result<(), TaskError> {
        let rules = self.settings.rule.clone();
        let mut known = match self.correspondents.take() {
            Some(known) => known,
            None => Correspondents::known(&self.store, &rules, &self.context, Vec::new()).await?,
        };
        if known.look_up(&*self.platform, &self.store, !self.held.is_empty(), now).await? {
            known = Correspondents::known(&self.store, &rules, &self.context, known.waiting()).await?;
        }
        self.correspondents = Some(known);
        Ok(())
    }

    /// What strangers have cost today.
    async fn budget(&mut self, now: Time) -> Result<&mut Budget, TaskError> {
        let budget = match self.budget.take() {
            Some(budget) => budget,
            None => Budget::new(now, self.store.strangers(now.midnight()).await?),
        };
        let budget = self.budget.insert(budget);
        budget.roll(now);
        Ok(budget)
    }

    /// Whether more of what strangers write may be read now.
    async fn is_budget_left(&mut self, now: Time) -> Result<bool, TaskError> {
        self.budget(now).await?;
        Ok(self.budget.as_ref().is_none_or(|budget| budget.is_left(&self.settings, now)))
    }
}

impl Known {
    /// Whose notes are receipted.
    fn receipt_from(&self) -> &[AccountId] {
        &self.receipt_from
    }

    /// To whom notes go.
    fn correspondents(&self) -> HashSet<AccountId> {
        self.rules.iter().flat_map(|rule| rule.ids.iter().copied()).collect()
    }

    /// Whose conversations matter: of each rule, the officials', and of those whose notes are receipted.
    fn watched(&self) -> HashSet<AccountId> {
        let others = self.receipt_from.iter().chain(&self.officials).copied();
        self.correspondents().into_iter().chain(others).collect()
    }

    fn is_known(&self, account: AccountId) -> bool {
        self.watched().contains(&account)
    }
}
