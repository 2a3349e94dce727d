//! What was found on pages and is not dealt with yet. What surely is no note is dropped as it is read: of it only its
//! number is kept, so that memory stays small however much strangers write.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use tracing::warn;

use super::listing::{Listing, ListingEnd, Purpose};
use super::{Known, Watcher};
use crate::base::hash::Hash;
use crate::base::ids::MessageId;
use crate::base::time::{SKEW_MS_MAX, Time};
use crate::note::slip::Slip;
use crate::platform::{Error as PlatformError, Message, MessagePage, Unreadable};
use crate::store::{Gap, WhyUnread};
use crate::tasks::task::{Task, TaskError};

/// Why a moment is entered as a gap: an element of the list says too little.
const UNREADABLE: &str = "a message that the platform lists in a form that cannot be read";

/// Why a moment is entered as a gap: our clock is right, and the message's number is not.
const FROM_THE_FUTURE: &str = "a message that the platform lists with a time to come";

/// Why a period is entered as a gap: the list has been empty for this long, though messages were seen before.
const EMPTY: &str = "the platform lists no message, though it listed some before";
const EMPTY_MS: i64 = 86_400_000;

/// A message that may have to be sealed.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) message: Message,
    /// When it was first listed.
    pub(super) listed: Time,
    /// The rejudgement for which it is judged once more.
    pub(super) again: Option<u64>,
}

/// An element of a list that cannot be read: a gap that is not entered yet.
#[derive(Clone, Copy)]
pub(super) struct Odd {
    /// What it is known by: a hash of its number, or of itself if it has none.
    pub(super) element: Hash,
    pub(super) gap: Gap,
}

/// What was found and is not dealt with.
#[derive(Default)]
pub(super) struct Haul {
    pub(super) candidates: BTreeMap<MessageId, Candidate>,
    /// Bytes of the candidates.
    pub(super) bytes: usize,
    /// What surely is no note.
    pub(super) dropped: Vec<MessageId>,
    /// Which of these are ours, and when they were first listed.
    pub(super) informal: Vec<(MessageId, Time)>,
    pub(super) odd: Vec<Odd>,
    /// A period in which messages may have been missed.
    pub(super) gap: Option<Gap>,
    /// A rejudgement, and how many messages of ours were judged for it.
    pub(super) judged: Option<(u64, u64)>,
    /// When the first of all this was found.
    pub(super) since: Option<Time>,
}

/// What can be said of a message at first sight.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// It may be a note, a command or a slip.
    Candidate,
    /// It is ours, and not formal.
    Ours,
    /// It is of somebody known, and nothing to be dealt with.
    Known,
    /// It is of a stranger.
    Stranger,
}

impl Haul {
    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.candidates.is_empty() && self.dropped.is_empty() && self.odd.is_empty() && self.gap.is_none()
    }

    fn add(&mut self, candidate: Candidate) {
        self.bytes += candidate.message.record.len() + candidate.message.text.len();
        self.candidates.insert(candidate.message.id, candidate);
    }
}

impl Known {
    /// What can be said of a message before anything is asked.
    fn sort(&self, message: &Message) -> Sort {
        let pair = message.conversation.pair();
        let other = pair.map(|(one, other)| if one == self.me.id { other } else { one });
        if other.is_some_and(|other| self.officials.contains(&other)) {
            return if other == Some(message.sender) { Sort::Candidate } else { Sort::Known };
        }
        if message.sender != self.me.id {
            let is_slip = self.receipt_from().contains(&message.sender) && Slip::parse(&message.text).is_ok();
            return match is_slip && pair.is_some() {
                true => Sort::Candidate,
                false if self.is_known(message.sender) => Sort::Known,
                false => Sort::Stranger,
            };
        }
        let is_for_us = self.says_formal(&message.text, other) && !Slip::is_of(&message.text, &self.log);
        if is_for_us { Sort::Candidate } else { Sort::Ours }
    }
}

impl Watcher {
    /// Takes what a page says. Returns whether it is the last of the listing. Whatever may fail comes first: of a page on
    /// which something fails, no message is taken.
    pub(super) async fn take(
        &mut self,
        listing: &mut Listing,
        page: MessagePage,
        known: &Known,
        now: Time,
    ) -> Result<ListingEnd, TaskError> {
        let ids: Vec<MessageId> = page.messages.iter().map(|message| message.id).collect();
        let unseen: BTreeSet<MessageId> = self.store.unseen(&ids).await?.into_iter().collect();
        let (listed, unmet) = self.with_odd(&ids, &unseen, &page.unreadable, now).await?;
        let end = listing.take(&listed, page.next, &unmet, &self.spans, &self.store, now).await?;
        let odd = self.take_odd(page.unreadable, &ids, now).await?;
        let again = match &listing.purpose {
            Purpose::Part(part) => match part.why {
                WhyUnread::Again(id) => Some((id, self.store.unsealed(&ids).await?)),
                _ => None,
            },
            _ => None,
        };
        let is_to_come = |id: MessageId| SKEW_MS_MAX < id.moment().ms_since(now);
        let to_come = ids.iter().filter(|id| listing.start < **id && unseen.contains(*id) && is_to_come(**id));
        self.take_to_come(to_come.copied().collect(), page.clock, now).await?;
        self.budget(now).await?;
        // Nobody knows of whom they are: they are surely not all ours.
        let (mut strangers, mut bytes, mut others) = (odd, 0, 0);
        for message in page.messages {
            let (id, is_new) = (message.id, unseen.contains(&message.id));
            let judged = again.as_ref().and_then(|(again, unsealed)| {
                let first = unsealed.iter().find(|(other, _)| *other == id)?.1;
                (message.sender == known.me.id).then_some((*again, first.unwrap_or(now)))
            });
            let is_done = !is_new && judged.is_none();
            if id <= listing.start || self.waits(id) || is_done || is_to_come(id) {
                continue;
            }
            let (listed, again) = judged.map_or((now, None), |(again, first)| (first, Some(again)));
            if let Some(again) = again {
                let judged = self.haul.judged.map_or(0, |(_, judged)| judged);
                self.haul.judged = Some((again, judged + 1));
            }
            self.haul.since.get_or_insert(now);
            let sort = known.sort(&message);
            if sort == Sort::Stranger {
                (strangers, bytes) = (strangers + 1, bytes + message.record.len() as u64);
            } else {
                others += 1;
            }
            match sort {
                Sort::Candidate => self.haul.add(Candidate { message, listed, again }),
                _ if !is_new => {}
                Sort::Ours => {
                    self.haul.informal.push((id, listed));
                    self.haul.dropped.push(id);
                }
                Sort::Known | Sort::Stranger => self.haul.dropped.push(id),
            }
        }
        self.budget.iter_mut().for_each(|budget| budget.count(strangers, bytes, others == 0));
        Ok(end)
    }

    /// Whether a message is found already, and waits.
    fn waits(&self, id: MessageId) -> bool {
        self.haul.candidates.contains_key(&id) || self.held.iter().any(|held| held.message.id == id)
    }

    /// What a page lists, and what of it was not dealt with before. Of a page on which no message can be read, the newest
    /// number counts that an element has: whatever the others are, they end no listing too soon.
    async fn with_odd(
        &self,
        ids: &[MessageId],
        unseen: &BTreeSet<MessageId>,
        odd: &[Unreadable<MessageId>],
        now: Time,
    ) -> Result<(Vec<MessageId>, BTreeSet<MessageId>), TaskError> {
        let numbers = odd.iter().filter_map(|odd| odd.id);
        let newest = numbers.filter(|id| id.moment().ms_since(now) <= SKEW_MS_MAX).max();
        let Some(newest) = newest.filter(|_| ids.is_empty()) else { return Ok((ids.to_vec(), unseen.clone())) };
        let element = of_number(newest);
        let waits = self.odd_later.iter().any(|odd| odd.element == element);
        let is_met = waits || self.store.unentered(&[element]).await?.is_empty();
        Ok((vec![newest], if is_met { BTreeSet::new() } else { BTreeSet::from([newest]) }))
    }

    /// Elements that cannot be read are entered as gaps, each once, and hold up nothing. Returns how many are new. A message of
    /// another conversation than was asked for is none of them: the list of all messages has it.
    async fn take_odd(
        &mut self,
        unreadable: Vec<Unreadable<MessageId>>,
        ids: &[MessageId],
        now: Time,
    ) -> Result<u64, TaskError> {
        let mut count = 0;
        let oldest = ids.iter().min().map_or(now, |oldest| oldest.moment()).min(now);
        for Unreadable { id, sha256, why, .. } in unreadable.into_iter().filter(|one| !one.is_elsewhere) {
            let element = id.map_or(sha256, of_number);
            // Without a number it may be any of this page.
            let from = id.map_or(oldest, MessageId::moment).min(now);
            let to = if id.is_some() { from } else { now };
            if self.is_new_oddity(element).await? {
                let number = id.map(|id| id.to_string()).unwrap_or_default();
                warn!(message.id = number, element = %sha256, why, "a listed message cannot be read: a gap is entered");
                self.haul.odd.push(Odd { element, gap: Gap { from, to, reason: UNREADABLE } });
                self.haul.since.get_or_insert(now);
                count += 1;
            }
        }
        Ok(count)
    }

    /// The list is empty. After a while that is a gap, once, from when the list was last read without trouble: what went to
    /// nobody in the rules by name may have been missed since.
    pub(super) async fn take_emptiness(&mut self, now: Time) -> Result<(), TaskError> {
        let Some(since) =
            self.store.task_done(Self::NAME).await?.or(self.store.started().await?.map(MessageId::moment))
        else {
            return Ok(());
        };
        let element = Hash::of(format!("no message listed since {since}").as_bytes());
        if EMPTY_MS <= now.ms_since(since) && self.is_new_oddity(element).await? {
            warn!(%since, "the list of messages has been empty for a day: a gap is entered");
            self.haul.odd.push(Odd { element, gap: Gap { from: since, to: now, reason: EMPTY } });
        }
        Ok(())
    }

    /// A message cannot be listed before it was sent: either our clock is wrong, or this element of the list is. The
    /// platform's clock decides; where the page does not say it, it is asked for.
    async fn take_to_come(&mut self, to_come: Vec<MessageId>, clock: Option<Time>, now: Time) -> Result<(), TaskError> {
        for id in to_come {
            let element = of_number(id);
            if !self.is_new_oddity(element).await? {
                continue;
            }
            match clock {
                Some(theirs) if SKEW_MS_MAX < theirs.ms_since(now).abs() => {
                    return Err(PlatformError::WrongClock { ours: now, theirs }.into());
                }
                Some(_) => {}
                // Nobody knows yet: it is listed again.
                None => match self.platform.me().await {
                    Ok(me) => drop(me.compare_clocks(self.clock.now(), SKEW_MS_MAX)?),
                    Err(_) => return Ok(()),
                },
            }
            warn!(message.id = %id, moment = %id.moment(), "a message is listed with a time to come: a gap is entered");
            self.haul.odd.push(Odd { element, gap: Gap { from: now, to: now, reason: FROM_THE_FUTURE } });
        }
        Ok(())
    }

    async fn is_new_oddity(&mut self, element: Hash) -> Result<bool, TaskError> {
        let waits = self.haul.odd.iter().chain(&self.odd_later).any(|odd| odd.element == element);
        let is_known = waits || self.oddities.contains(&element);
        if is_known {
            return Ok(false);
        }
        let is_new = !self.store.unentered(&[element]).await?.is_empty();
        if !is_new {
            self.remember_oddity(element);
        }
        Ok(is_new)
    }

    /// Remembers that an element is entered, so that the database is not asked at each page.
    pub(super) fn remember_oddity(&mut self, element: Hash) {
        const REMEMBERED_MAX: usize = 10_000;
        if REMEMBERED_MAX <= self.oddities.len() {
            self.oddities = HashSet::new();
        }
        self.oddities.insert(element);
    }
}

/// What an element is known by that has a number.
fn of_number(id: MessageId) -> Hash {
    Hash::of(format!("message {id}").as_bytes())
}
