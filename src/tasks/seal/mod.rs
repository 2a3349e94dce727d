//! Seals what was sent: reads the account's messages, picks the formal ones, and makes each a sealed note.
//!
//! Messages come newest first, a page at a time, small pages first because each message read is paid for. The listing
//! ends at the first page with a message that was dealt with already. Only then are the new ones dealt with, oldest
//! first, so that a program that dies in between finds the rest again. A note, its opening and the mark that its
//! message has been dealt with become durable in one transaction.
//!
//! A slip of ours is not a note, and a slip from an account whose notes we receipt is kept for the receiver. What an
//! official writes to the account is kept for the bot if it is a command; a conversation with an official has no notes.

mod settings;
mod kind;
mod listing;
mod sealing;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use crate::base::clock::Clock;
use crate::base::ids::{Account, AccountId, ConversationId, Origin};
use crate::base::time::SKEW_MS_MAX;
use crate::base::time::Time;
use crate::note::Salt;
use crate::platform::{Addressee, Error as PlatformError, Message, Platform};
use crate::store::vault::Vault;
use crate::store::{Batch, Command, Gap, Outgoing, ReceivedSlip, Sealing, Store};
use crate::tasks::acknowledge::ReceiptSettings;
use crate::tasks::rules::{Correspondent, Formal, Rule};
use crate::tasks::task::{Backoff, Needs, Next, Task, TaskError, Wake, ms};
use kind::MessageClass;
use listing::{Listing, ListingEnd};
use sealing::{Hand, NoteDraft};

pub use settings::{RuleSettings, SlipSettings, WatchSettings};

/// Most messages that are dealt with, and so most notes that are sealed, in one tick and one transaction.
const BATCH: usize = 256;

/// If more bytes of files are in memory, or more time has passed, a batch is sealed with fewer messages in it.
const BATCH_BYTES: usize = 64 << 20;
const BATCH_TIME: Duration = Duration::from_secs(5);

/// A command that is found later than this after it was sent is ignored.
const COMMAND_AGE: Duration = Duration::from_secs(86_400);

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
    /// Our account and the meaning of the rules. None until the platform has said.
    known: Option<Known>,
    listing: Option<Listing>,
    /// Messages to be dealt with, oldest first, and when they were listed.
    queue: VecDeque<(Message, Time)>,
    /// A gap to be entered together with the first of them.
    gap: Option<Gap>,
    names: HashMap<AccountId, Account>,
    /// The members of the groups in the queue: asked once, because X allows few such calls.
    groups: HashMap<ConversationId, Vec<AccountId>>,
    /// When the last complete listing began.
    looked: Option<Time>,
}

struct Known {
    me: Account,
    /// To whom, and how the text says that it is formal.
    rules: Vec<(Vec<AccountId>, Formal)>,
    /// Whose notes are receipted.
    receipt_from: Vec<AccountId>,
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
    /// Only errors that must stop the daemon: the store's errors, a clock that is wrong, a configuration that names
    /// nobody.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        self.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await
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
            settings,
            context,
            backoff: Backoff::new(),
            known: None,
            listing: None,
            queue: VecDeque::new(),
            gap: None,
            names: HashMap::new(),
            groups: HashMap::new(),
            looked: None,
        }
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        let known = match self.known.take() {
            Some(known) => known,
            None => self.identify().await?,
        };
        let next = self.step_knowing(&known).await;
        self.known = Some(known);
        next
    }

    async fn step_knowing(&mut self, known: &Known) -> Result<Next, TaskError> {
        if self.has_work() {
            self.process_batch(known).await?;
        } else {
            let complete = self.list(known).await?;
            self.backoff.succeeded();
            if !complete {
                return Ok(Next::Now);
            }
        }
        if self.has_work() {
            return Ok(Next::Now);
        }
        let now = self.clock.now();
        self.store.report(Self::NAME, None, now).await?;
        Ok(Next::Wait(now.plus_ms(ms(self.settings.poll))))
    }

    fn has_work(&self) -> bool {
        !self.queue.is_empty() || self.gap.is_some()
    }

    /// Learns who we are, compares the clocks, and looks up the correspondents.
    async fn identify(&mut self) -> Result<Known, TaskError> {
        let me = self.platform.me().await?;
        let began = me.compare_clocks(self.clock.now(), SKEW_MS_MAX)?;
        let me = me.account;
        self.store.keep_account(&me).await?;
        let mut rules = Vec::new();
        for Rule { correspondents, formal } in self.settings.rule.clone() {
            let mut ids = Vec::new();
            for correspondent in correspondents {
                let id = self.resolve(correspondent.clone()).await?;
                if self.context.officials.contains(&id) {
                    return Err(TaskError::Fatal(anyhow::anyhow!(
                        "{correspondent} is a correspondent and, as {id}, an official: notes to an official are never \
                         sealed\ntake the account out of `correspondents` or of `officials` in the configuration"
                    )));
                }
                ids.push(id);
            }
            rules.push((ids, formal));
        }
        let mut receipt_from = Vec::new();
        let receipt = &self.context.receipt;
        let senders = if receipt.publish { receipt.from.clone() } else { Vec::new() };
        for correspondent in senders {
            receipt_from.push(self.resolve(correspondent).await?);
        }
        info!(account.id = %me.id, account.name = %me.name, "watching");
        Ok(Known { me, rules, receipt_from, began })
    }

    /// The account that the operator means. A name is looked up once and kept: nothing changes if another account has
    /// the name later, or none has.
    async fn resolve(&mut self, correspondent: Correspondent) -> Result<AccountId, TaskError> {
        let name = match correspondent {
            Correspondent::Id(id) => return Ok(id),
            Correspondent::Name(name) => name,
        };
        if let Some(id) = self.store.correspondent(&name).await? {
            return Ok(id);
        }
        let account = self.platform.account_by_name(&name).await?.ok_or_else(|| {
            TaskError::Fatal(anyhow::anyhow!(
                "the platform knows no account @{name}\ncorrect `correspondents` in the configuration"
            ))
        })?;
        let kept = Account { id: account.id, name };
        self.store.keep_correspondent(&kept).await?;
        self.names.insert(account.id, account.clone());
        Ok(account.id)
    }

    /// Reads one page. Returns true if the listing is complete, and its new messages are in the queue.
    async fn list(&mut self, known: &Known) -> Result<bool, TaskError> {
        if self.listing.is_none() {
            self.listing =
                Some(Listing::begin(&self.store, &self.context, known.began, self.looked, self.clock.now()).await?);
        }
        let Some(listing) = &mut self.listing else { return Ok(false) };
        let read = listing.read(&*self.platform, &self.store, &self.clock).await;
        if let Err(TaskError::Platform(PlatformError::Refused { .. })) = read {
            // The mark of a place in the list may no longer be valid: begin at the newest again.
            self.listing = None;
        }
        match read? {
            ListingEnd::More => return Ok(false),
            ListingEnd::Complete => self.context.backfill = false,
            ListingEnd::Broken(gap) => {
                warn!(from = %gap.from, to = %gap.to, gap.reason, "messages may have been missed: a gap is entered");
                self.gap = Some(gap);
            }
        }
        if let Some(listing) = self.listing.take() {
            self.looked = Some(listing.begun);
            self.queue = listing.into_queue();
        }
        self.groups.clear();
        Ok(true)
    }

    /// Deals with the oldest messages of the queue, at most a batch of them, in one transaction. Large or slow files
    /// end the batch early: no other message waits long for them, and they do not fill the memory.
    async fn process_batch(&mut self, known: &Known) -> Result<(), TaskError> {
        let part: Vec<(Message, Time)> = self.queue.iter().take(BATCH).cloned().collect();
        let mut batch = Batch { gaps: self.gap.into_iter().collect(), ..Batch::default() };
        let mut drafts = Vec::new();
        let (begun, mut bytes, mut stopped) = (Instant::now(), 0, None);
        for (message, listed) in part {
            let at = message.id.moment();
            if SKEW_MS_MAX < at.ms_since(listed) {
                // A message cannot be listed before it was sent: our clock is wrong, and the note would not verify.
                stopped = Some(PlatformError::WrongClock { ours: listed, theirs: at }.into());
                break;
            }
            let kind = match self.kind(&message, known).await {
                Ok(kind) => kind,
                // What was dealt with before is kept: beginning again each time might never end.
                Err(stop) => {
                    stopped = Some(stop);
                    break;
                }
            };
            batch.seen.push(message.id);
            match kind {
                MessageClass::Informal => {}
                MessageClass::Missed(reason) => batch.gaps.push(Gap { from: at, to: at, reason }),
                MessageClass::Command(_) if COMMAND_AGE < Duration::from_millis(listed.ms_since(at).unsigned_abs()) => {
                    info!(message.id = %message.id, "a command is too old to be meant still");
                }
                MessageClass::Command(order) => {
                    batch.commands.push(Command { message: message.id, from: message.sender, text: order.to_string() });
                }
                MessageClass::Slip => {
                    batch.slips.push(ReceivedSlip { slip: message.id, from: message.sender, received: None });
                }
                MessageClass::Formal { to } => {
                    let files = sealing::fetch(&*self.platform, &message, &self.settings).await;
                    bytes += files.iter().flatten().map(|file| file.bytes.len()).sum::<usize>();
                    drafts.push(NoteDraft { message, to, listed, files });
                }
            }
            if BATCH_BYTES <= bytes || BATCH_TIME <= begun.elapsed() {
                break;
            }
        }
        if batch.seen.is_empty() && batch.gaps.is_empty() {
            return stopped.map_or(Ok(()), Err);
        }
        let hand = Hand { from: &known.me, log: &self.context.log, salts: &self.salts, vault: &self.vault };
        batch.notes = sealing::prepare(drafts, &self.store, &hand).await?;
        if self.context.slip.send {
            batch.messages = batch.notes.iter().map(|note| slip_of(note, known.me.id)).collect();
        }
        self.commit(batch).await?;
        stopped.map_or(Ok(()), Err)
    }

    async fn commit(&mut self, batch: Batch) -> Result<(), TaskError> {
        let dealt_with = batch.seen.len();
        let sealed: Vec<_> = batch.notes.iter().map(|note| (note.note, note.commitment)).collect();
        self.store.seal(batch, self.clock.now()).await?;
        self.queue.drain(..dealt_with);
        self.gap = None;
        for (note, commitment) in sealed {
            info!(note, %commitment, "sealed");
        }
        Ok(())
    }
}

/// The slip of a note, for the recipient of the note.
fn slip_of(note: &Sealing, me: AccountId) -> Outgoing {
    let other = note.conversation.pair().map(|(one, other)| if one == me { other } else { one });
    let to = other.map_or_else(|| Addressee::Conversation(note.conversation.clone()), Addressee::Account);
    Outgoing::slip(note.note, to)
}
