//! What the entries say in their order: numbers, times, and that each note was posted once.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::texts::{Sealed, WINDOW_MAX};
use crate::base::ids::PublicPost;
use crate::base::time::SKEW_MS_MAX;
use crate::base::time::{DAY_MS, Time};
use crate::tlog::entry::Entry;

/// Most lines about anything but notes and posts that are shown.
pub const SHOWN_MAX: usize = 100;

/// Number of the last days with notes for which the number of notes is kept.
const DAYS_MAX: usize = 8;

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
    pub unknown: u64,
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
    waiting: VecDeque<Sealed>,
    last_post: Option<PublicPost>,
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
        let far = |old: &Sealed| (WINDOW_MAX as u64) < note.index - old.index;
        while self.waiting.front().is_some_and(far) {
            self.waiting.pop_front();
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
        if self.last_post == Some(post) {
            self.posts.add(|| format!("entry {index} names post {post}, as the one before it does"));
        }
        self.last_post = Some(post);
        self.last_posted = self.last_posted.max(last);
        let shown = self.waiting.partition_point(|note| note.note <= last);
        let found = self.waiting.drain(..shown).next_back().filter(|note| note.note == last);
        self.compare_times(index, time, post, found.as_ref());
        found
    }

    /// The moment inside the post's identifier is the platform's own: later than the seal, and before the entry.
    fn compare_times(&mut self, index: u64, entered: Time, post: PublicPost, note: Option<&Sealed>) {
        let posted = post.moment();
        if SKEW_MS_MAX < posted.ms_since(entered) {
            self.times.add(|| format!("entry {index} is of {entered}, and its post {post} of {posted}, after it"));
        }
        if let Some(note) = note.filter(|note| SKEW_MS_MAX < note.time.ms_since(posted)) {
            let (note, sealed) = (note.note, note.time);
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
            Entry::Unknown { .. } => self.counts.unknown += 1,
            Entry::Note { .. } | Entry::Post { .. } => return,
        }
        if let Entry::Open { note, .. } | Entry::Dispute { note, .. } = entry
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
        !self.waiting.is_empty()
    }

    /// When the oldest note without a post was sealed.
    pub(super) fn waiting_since(&self) -> Option<Time> {
        self.waiting.front().map(|note| note.time)
    }

    /// Number of notes that were sealed on each of the last days, by date in UTC.
    pub(super) fn sealed(&self) -> BTreeMap<String, u64> {
        self.days.iter().map(|(day, count)| (Time::from_ms(day * DAY_MS).date(), *count)).collect()
    }
}
