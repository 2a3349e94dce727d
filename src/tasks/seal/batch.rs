//! Deals with what was found, oldest first, a batch at a time, each in one transaction.
//!
//! | what is durable | if the program dies right after |
//! |---|---|
//! | nothing | everything is found again: the list is read from where it was read before |
//! | a batch that is not the last | its notes are sealed; the parts of the list from which all came are still unread, and the rest is found there |
//! | the last batch | nothing is left of it: what was dropped is marked as well, and the parts are as far as they were read |

use std::time::Duration;

use tokio::time::Instant;
use tracing::info;

use super::found::{Candidate, Odd};
use super::kind::MessageClass;
use super::sealing::{self, Hand, NoteDraft};
use super::spans::Spans;
use super::{Known, Watcher};
use crate::base::ids::{AccountId, MessageId};
use crate::base::time::Time;
use crate::platform::Addressee;
use crate::store::{Batch, Command, Gap, Outgoing, ReceivedSlip, Rejudged, Sealing, Unread, WhyUnread};
use crate::tasks::task::TaskError;

/// Most messages that are dealt with, and so most notes that are sealed, in one tick and one transaction.
const BATCH: usize = 256;

/// If more bytes of files are in memory, or more time has passed, a batch is sealed with fewer messages in it.
const BATCH_BYTES: usize = 64 << 20;
const BATCH_TIME: Duration = Duration::from_secs(5);

/// A command that is found later than this after it was sent is ignored.
const COMMAND_AGE: Duration = Duration::from_secs(86_400);

/// So many elements that cannot be read are entered one by one in a day (UTC): strangers must not fill the log. Beyond,
/// those of an hour are one gap.
const ODD_A_DAY: u64 = 24;

/// Why a period is entered as a gap: there were more elements that cannot be read than are entered one by one.
const MANY_ODD: &str = "several messages that the platform lists in a form that cannot be read";

/// Why a moment is entered as a gap: the platform lets messages be what no note can hold.
const UNWRITABLE: &str = "a formal message that cannot be written as a note";

/// Most bytes of messages that wait in memory: beyond, they are found again in the list.
const HELD_BYTES_MAX: usize = 4 << 20;

/// What is made of the candidates of one batch.
#[derive(Default)]
struct Work {
    batch: Batch,
    drafts: Vec<NoteDraft>,
    held: Vec<Candidate>,
    bytes: usize,
    dealt_with: usize,
    /// For which rejudgement a message is to be sealed.
    again: Vec<(u64, MessageId)>,
}

impl Watcher {
    /// Takes over what was found, to be dealt with in batches. Until the last of them is durable, everything that is or
    /// was unread counts as unread.
    pub(super) fn begin_flush(&mut self) {
        let is_uncovered = self.round.as_ref().is_some_and(super::round::Round::leaves_new_unread);
        let newest = self.haul.candidates.keys().copied().chain(self.haul.dropped.iter().copied()).max();
        if let (true, Some(frontier), Some(newest)) = (is_uncovered, self.frontier, newest) {
            self.spans.cover(frontier, MessageId(newest.0.saturating_add(1)));
        }
        if self.haul.is_empty() && self.spans == self.kept && self.rejudged.is_none() && self.haul.judged.is_none() {
            self.haul.since = None;
            return;
        }
        let mut unread = self.kept.clone();
        self.spans.all().iter().for_each(|part| unread.add(part.clone()));
        self.queue.extend(std::mem::take(&mut self.haul.candidates).into_values());
        (self.haul.bytes, self.haul.since) = (0, None);
        self.groups.clear();
        self.flush = Some(unread);
    }

    /// Whether something waits to be dealt with.
    pub(super) fn has_work(&self) -> bool {
        !self.queue.is_empty() || self.flush.is_some()
    }

    /// Deals with the oldest messages of the queue, at most a batch of them, in one transaction. Large or slow files
    /// end the batch early: no other message waits long for them, and they do not fill the memory.
    pub(super) async fn process_batch(&mut self, known: &Known) -> Result<(), TaskError> {
        let mut work = Work::default();
        let begun = Instant::now();
        self.names.begin();
        let part: Vec<Candidate> = self.queue.iter().take(BATCH).cloned().collect();
        for candidate in part {
            self.judge(candidate, known, &mut work).await?;
            if BATCH_BYTES <= work.bytes || BATCH_TIME <= begun.elapsed() {
                break;
            }
        }
        let Work { mut batch, drafts, held, dealt_with, again, .. } = work;
        let hand = Hand { from: &known.me, log: &self.context.log, salts: &self.salts, vault: &self.vault };
        let prepared = sealing::prepare(drafts, &self.store, &hand).await?;
        batch.notes = prepared.sealings;
        let unwritable = prepared.unwritable.iter().map(|id| id.moment());
        batch.gaps.extend(unwritable.map(|at| Gap { from: at, to: at, reason: UNWRITABLE }));
        if self.context.slip.send {
            batch.messages = batch.notes.iter().map(|note| slip_of(note, known.me.id)).collect();
        }
        let now = self.clock.now();
        let odd = self.odd_gaps(now).await?;
        batch.gaps.splice(0..0, self.haul.gap.into_iter().chain(odd.gaps.iter().copied()));
        batch.unreadable = odd.entered.iter().map(|odd| odd.element).collect();
        let is_last = dealt_with == self.queue.len();
        let mut spans = if is_last { self.spans.clone() } else { self.flush.clone().unwrap_or(self.kept.clone()) };
        let held_before = self.held.len();
        self.held.extend(held);
        self.shed_held(&mut spans);
        spans.wait(bounds(&self.held));
        batch.unread = (spans != self.kept).then(|| spans.all().to_vec());
        batch.rejudged = self.rejudged_by(&batch, &again, is_last, now);
        if is_last {
            batch.seen.extend(&self.haul.dropped);
            batch.informal.clone_from(&self.haul.informal);
            batch.strangers = self.budget.as_ref().map(super::budget::Budget::unkept).unwrap_or_default();
        }
        let sealed: Vec<_> = batch.notes.iter().map(|note| (note.note, note.commitment)).collect();
        if let Err(error) = self.store.seal(batch, now).await {
            self.held.truncate(held_before);
            return Err(error.into());
        }
        self.queue.drain(..dealt_with);
        self.haul.gap = None;
        self.haul.odd.clear();
        self.odd_later = odd.later;
        odd.entered.iter().for_each(|odd| self.remember_oddity(odd.element));
        if is_last {
            self.spans = spans.clone();
            self.haul = Default::default();
            (self.flush, self.rejudged) = (None, None);
            self.budget.iter_mut().for_each(super::budget::Budget::was_kept);
        }
        self.kept = spans;
        for (note, commitment) in sealed {
            info!(note, %commitment, "sealed");
        }
        Ok(())
    }

    /// Adds what one candidate is to a batch.
    async fn judge(&mut self, candidate: Candidate, known: &Known, work: &mut Work) -> Result<(), TaskError> {
        let kind = self.kind(&candidate, known).await?;
        work.dealt_with += 1;
        let Candidate { message, listed, again } = candidate;
        let at = message.id.moment();
        if let MessageClass::Later = kind {
            work.held.push(Candidate { message, listed, again });
            return Ok(());
        }
        work.batch.seen.push(message.id);
        match kind {
            MessageClass::Formal { to } => {
                let files = sealing::fetch(&*self.platform, &message, &self.settings).await;
                work.bytes += files.iter().flatten().map(|file| file.bytes.len()).sum::<usize>();
                work.again.extend(again.map(|again| (again, message.id)));
                work.drafts.push(NoteDraft { message, to, listed, files });
            }
            MessageClass::Missed(reason) => work.batch.gaps.push(Gap { from: at, to: at, reason }),
            MessageClass::Informal if message.sender == known.me.id => work.batch.informal.push((message.id, listed)),
            MessageClass::Informal | MessageClass::Later => {}
            // Only notes are made of what is judged once more.
            MessageClass::Command(_) | MessageClass::Slip if again.is_some() => {}
            MessageClass::Command(_) if COMMAND_AGE < Duration::from_millis(listed.ms_since(at).unsigned_abs()) => {
                info!(message.id = %message.id, "a command is too old to be meant still");
            }
            MessageClass::Command(order) => {
                let text = order.to_string();
                work.batch.commands.push(Command { message: message.id, from: message.sender, text });
            }
            MessageClass::Slip => {
                work.batch.slips.push(ReceivedSlip { slip: message.id, from: message.sender, received: None });
            }
        }
        Ok(())
    }

    /// What a batch says about a rejudgement.
    fn rejudged_by(&self, batch: &Batch, again: &[(u64, MessageId)], is_last: bool, now: Time) -> Option<Rejudged> {
        let judged = self.haul.judged.filter(|_| is_last);
        let id = again.first().map(|(id, _)| *id).or(judged.map(|(id, _)| id)).or(self.rejudged.filter(|_| is_last))?;
        let is_sealed = |message: &MessageId| batch.notes.iter().any(|note| note.message == *message);
        let sealed = again.iter().filter(|(_, message)| is_sealed(message));
        Some(Rejudged {
            id,
            judged: judged.map_or(0, |(_, judged)| judged),
            sealed: sealed.clone().count() as u64,
            late_ms: sealed.map(|(_, message)| now.ms_since(message.moment())).max().unwrap_or(0),
            is_done: is_last && self.rejudged == Some(id),
        })
    }

    /// The gaps of elements that cannot be read: one by one, and those of an hour together if there are many.
    async fn odd_gaps(&self, now: Time) -> Result<OddGaps, TaskError> {
        const HOUR_MS: i64 = 3_600_000;
        let mut found: Vec<Odd> = self.odd_later.iter().chain(&self.haul.odd).copied().collect();
        if found.is_empty() {
            return Ok(OddGaps::default());
        }
        let room = ODD_A_DAY.saturating_sub(self.store.entered_since(now.midnight()).await?);
        let many = found.split_off(found.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
        let mut gaps: Vec<Gap> = found.iter().map(|odd| odd.gap).collect();
        let hour = Time::from_ms(now.ms().div_euclid(HOUR_MS) * HOUR_MS);
        if !many.is_empty() && self.store.entered_since(hour).await? == 0 {
            let from = many.iter().map(|odd| odd.gap.from).min().unwrap_or(now);
            let to = many.iter().map(|odd| odd.gap.to).max().unwrap_or(now);
            gaps.push(Gap { from, to, reason: MANY_ODD });
            found.extend(many);
            return Ok(OddGaps { gaps, entered: found, later: Vec::new() });
        }
        Ok(OddGaps { gaps, entered: found, later: many })
    }

    /// Lets go of messages that wait, if they are too many: they are found again in the list.
    fn shed_held(&mut self, spans: &mut Spans) {
        let mut bytes = 0;
        let size = |held: &Candidate| held.message.record.len() + held.message.text.len();
        let kept = self.held.iter().take_while(|held| {
            bytes += size(held);
            bytes <= HELD_BYTES_MAX
        });
        let kept = kept.count();
        for Candidate { message, .. } in self.held.drain(kept..) {
            let (after, before) = (MessageId(message.id.0 - 1), MessageId(message.id.0 + 1));
            spans.add(Unread { after, before, token: None, why: WhyUnread::Cut });
        }
    }
}

/// What is entered of elements that cannot be read.
#[derive(Default)]
struct OddGaps {
    gaps: Vec<Gap>,
    entered: Vec<Odd>,
    /// What waits for the next hour.
    later: Vec<Odd>,
}

/// Between which numbers the messages lie that wait.
fn bounds(held: &[Candidate]) -> Option<(MessageId, MessageId)> {
    let ids = || held.iter().map(|held| held.message.id.0);
    Some((MessageId(ids().min()? - 1), MessageId(ids().max()? + 1)))
}

/// The slip of a note, for the recipient of the note.
fn slip_of(note: &Sealing, me: AccountId) -> Outgoing {
    let other = note.conversation.pair().map(|(one, other)| if one == me { other } else { one });
    let to = other.map_or_else(|| Addressee::Conversation(note.conversation.clone()), Addressee::Account);
    Outgoing::slip(note.note, to)
}
