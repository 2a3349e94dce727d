//! What the entries say in their order: numbers, times, and that each note was posted once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::texts::{Sealed, WINDOW_MAX};
use crate::base::ids::PublicPost;
use crate::base::time::SKEW_MS_MAX;
use crate::base::time::{DAY_MS, Time};
use crate::tlog::entry::Entry;

/// How long a note may wait for its post, or an opened file for its publication, in milliseconds: the platform may be
/// unreachable for hours, or allow no more posts that day.
pub const WAIT_MS_MAX: i64 = DAY_MS;

/// Most lines about anything but notes and posts that are shown.
pub const SHOWN_MAX: usize = 100;

/// Number of the last days with notes for which the number of notes is kept.
const DAYS_MAX: usize = 8;

/// Most posts of the same ten minutes whose numbers are compared with each other.
const RECENT_MAX: usize = 4096;

/// Number of entries of each kind.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the kinds of entries: see FORMAT.md")]
pub struct Counts {
    pub notes: u64,
    pub posts: u64,
    pub opened: u64,
    pub disputed: u64,
    pub lost: u64,
    pub gaps: u64,
    pub keys: u64,
    pub receipts: u64,
    pub stamps: u64,
    pub unlocked: u64,
    pub unknown: u64,
}

/// What is kept of notes without a post that are too many to be kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Dropped {
    /// When the first of them was sealed.
    oldest: Time,
    /// The last of them.
    newest: Sealed,
}

/// The order so far, and what breaks it.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) counts: Counts,
    /// The number of the last note.
    pub(super) last_note: u64,
    /// The number of the last note whose post is in the log.
    pub(super) last_posted: u64,
    /// The times of the first entry and of the latest.
    pub(super) span: Option<(Time, Time)>,
    /// Lines about anything but notes and posts, [`SHOWN_MAX`] at most.
    pub(super) shown: Vec<String>,
    pub(super) numbers: Finding,
    pub(super) times: Finding,
    pub(super) posts: Finding,
    /// The notes without a post yet: the last [`WINDOW_MAX`] of them, and what is kept of those before.
    waiting: VecDeque<Sealed>,
    dropped: Option<Dropped>,
    /// The longest time that a note waited for its post, in milliseconds.
    pub(super) longest_wait: i64,
    /// The latest moment of a post, and the posts of the ten minutes before it: the numbers of posts ascend, as far as the
    /// platform's clocks agree.
    latest_post: Option<Time>,
    recent: BTreeSet<(i64, PublicPost)>,
    /// Number of posts that were left out of them, since there were too many.
    pub(super) crowded: u64,
    days: BTreeMap<i64, u64>,
}

impl Order {
    /// Takes the next entry. For a post, returns the last note that it shows.
    pub(super) fn take(&mut self, index: u64, entry: &Entry) -> Option<Sealed> {
        if let Some(time) = entry.time() {
            self.take_time(index, time);
        }
        match entry {
            Entry::Note { time, note, commitment } => {
                self.take_note(Sealed { note: *note, index, time: *time, commitment: *commitment });
            }
            Entry::Post { time, first, last, post, .. } => return self.take_post(index, *time, (*first, *last), *post),
            other => self.take_other(index, other),
        }
        None
    }

    fn take_time(&mut self, index: u64, time: Time) {
        let (first, latest) = *self.span.get_or_insert((time, time));
        if SKEW_MS_MAX < latest.ms_since(time) {
            self.times
                .add(|| format!("entry {index} is of {time}, more than 10 minutes before an earlier one, {latest}"));
        }
        self.span = Some((first, latest.max(time)));
    }

    fn take_note(&mut self, note: Sealed) {
        self.counts.notes += 1;
        let next = self.last_note.saturating_add(1);
        if note.note != next {
            self.numbers.add(|| format!("entry {} is note {}, where note {next} should come", note.index, note.note));
        }
        if next <= note.note {
            self.last_note = note.note;
            self.waiting.push_back(note);
        }
        if WINDOW_MAX < self.waiting.len()
            && let Some(newest) = self.waiting.pop_front()
        {
            let oldest = self.dropped.map_or(newest.time, |dropped| dropped.oldest);
            self.dropped = Some(Dropped { oldest, newest });
        }
        *self.days.entry(note.time.ms().div_euclid(DAY_MS)).or_default() += 1;
        if DAYS_MAX < self.days.len() {
            self.days.pop_first();
        }
    }

    fn take_post(&mut self, index: u64, time: Time, (first, last): (u64, u64), post: PublicPost) -> Option<Sealed> {
        self.counts.posts += 1;
        let (next, newest) = (self.last_posted.saturating_add(1), self.last_note);
        if newest < last {
            self.posts.add(|| format!("entry {index} posts note {last}, and the last one before it is {newest}"));
        }
        if first < next {
            self.posts.add(|| format!("entry {index} posts note {first} a second time"));
        }
        if next < first {
            self.posts.add(|| format!("entry {index} posts note {first}, and note {next} was never posted"));
        }
        self.compare_with_recent(index, post);
        self.last_posted = self.last_posted.max(last);
        if let Some(since) = self.waiting_since().filter(|_| next <= last) {
            self.longest_wait = self.longest_wait.max(post.moment().ms_since(since));
        }
        let dropped = self.take_dropped(last);
        let shown = self.waiting.partition_point(|note| note.note <= last);
        let found = self.waiting.drain(..shown).next_back().filter(|note| note.note == last);
        self.compare_times(index, time, post, found.map(|note| note.time).or(dropped).map(|sealed| (last, sealed)));
        found
    }

    /// Takes those of the notes that are not kept that a post up to `last` shows. Returns a moment at which that note was not
    /// sealed yet, or just so.
    fn take_dropped(&mut self, last: u64) -> Option<Time> {
        let Dropped { oldest, newest } = self.dropped?;
        if last < newest.note {
            return Some(oldest);
        }
        self.dropped = None;
        Some(newest.time)
    }

    /// A post shows one note or run, and none is older than those before it.
    fn compare_with_recent(&mut self, index: u64, post: PublicPost) {
        let posted = post.moment();
        let latest = self.latest_post.map_or(posted, |latest| latest.max(posted));
        if SKEW_MS_MAX < latest.ms_since(posted) {
            let order =
                format!("entry {index} names post {post}, of {posted}, and an earlier one names a post of {latest}");
            return self.times.add(|| order);
        }
        self.latest_post = Some(latest);
        if !self.recent.insert((posted.ms(), post)) {
            self.posts.add(|| format!("entry {index} names post {post}, as an entry before it does"));
        }
        let is_old = |recent: &(i64, PublicPost)| SKEW_MS_MAX < latest.ms() - recent.0;
        while self.recent.first().is_some_and(is_old) {
            self.recent.pop_first();
        }
        if RECENT_MAX < self.recent.len() {
            self.recent.pop_first();
            self.crowded += 1;
        }
    }

    /// The moment inside the post's identifier is the platform's own: later than the seal, and before the entry.
    fn compare_times(&mut self, index: u64, entered: Time, post: PublicPost, note: Option<(u64, Time)>) {
        let posted = post.moment();
        if SKEW_MS_MAX < posted.ms_since(entered) {
            self.times.add(|| format!("entry {index} is of {entered}, and its post {post} of {posted}, after it"));
        }
        if let Some((note, sealed)) = note.filter(|(_, sealed)| SKEW_MS_MAX < sealed.ms_since(posted)) {
            self.times.add(|| format!("post {post} is of {posted}, before note {note} was sealed at {sealed}"));
        }
    }

    fn take_other(&mut self, index: u64, entry: &Entry) {
        match entry {
            Entry::Open { .. } => self.counts.opened += 1,
            Entry::Dispute { .. } => self.counts.disputed += 1,
            Entry::Lost { .. } => self.counts.lost += 1,
            Entry::Gap { .. } => self.counts.gaps += 1,
            Entry::Key { .. } => self.counts.keys += 1,
            Entry::Receipt { .. } => self.counts.receipts += 1,
            Entry::Stamp { .. } => self.counts.stamps += 1,
            Entry::Unlock { .. } => self.counts.unlocked += 1,
            Entry::Unknown { .. } => self.counts.unknown += 1,
            Entry::Note { .. } | Entry::Post { .. } => return,
        }
        if let Entry::Open { note, .. } | Entry::Dispute { note, .. } | Entry::Unlock { note, .. } = entry
            && self.last_note < *note
        {
            self.numbers.add(|| format!("entry {index} is about note {note}, which is not there yet"));
        }
        if self.shown.len() < SHOWN_MAX {
            self.shown.push(format!("{index} {entry}"));
        }
    }

    /// Whether there is a note without a post yet.
    pub(super) fn is_any_waiting(&self) -> bool {
        self.dropped.is_some() || !self.waiting.is_empty()
    }

    /// When the oldest note without a post was sealed.
    pub(super) fn waiting_since(&self) -> Option<Time> {
        let dropped = self.dropped.map(|dropped| dropped.oldest);
        dropped.or_else(|| self.waiting.front().map(|note| note.time))
    }

    /// Number of notes that were sealed on each of the last days, by date in UTC.
    pub(super) fn sealed(&self) -> BTreeMap<String, u64> {
        self.days.iter().map(|(day, count)| (Time::from_ms(day * DAY_MS).date(), *count)).collect()
    }
}

#[cfg(test)]
mod tests;
