//! What the public may know, from the log's entries in their order: a few bytes for each note, and everything else as
//! it stands in the log.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::base::hash::Hash;
use crate::base::ids::PublicPost;
use crate::base::time::Time;
use crate::note::standing::Standing;
use crate::tlog::entry::{Entry, Level};

/// The word with which the reason of a gap that lasts begins.
const SINCE: &str = "since";

/// What the log says so far.
#[derive(Default)]
pub struct Ledger {
    size: u64,
    newest: Option<Time>,
    notes: Vec<Row>,
    posts: Vec<Shown>,
    others: Vec<Other>,
    /// The indexes in `others` of entries about a note.
    about: BTreeMap<u64, Vec<usize>>,
    /// The indexes in `others` of gaps that have not ended.
    lasting: Vec<usize>,
    counts: LedgerCounts,
}

/// A note in as few bytes as possible.
struct Row {
    sealed: Time,
    commitment: Hash,
    index: u64,
    /// The place of its post in `posts`, counted from 1; 0 if there is none yet.
    post: u32,
}

/// A post that shows notes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shown {
    /// The index of its entry.
    pub index: u64,
    /// When it was entered.
    pub time: Time,
    /// The first note that it shows.
    pub first: u64,
    /// The last note that it shows: the same for a single note.
    pub last: u64,
    /// Where it stands.
    pub post: PublicPost,
}

/// An entry that is neither a note nor the first post that shows one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Other {
    /// Its index in the log.
    pub index: u64,
    /// What it says.
    pub entry: Entry,
    /// The notes that it is about, including those of a lost post.
    pub notes: Option<(u64, u64)>,
}

/// Numbers of everything.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct LedgerCounts {
    /// Notes whose post is in the log.
    pub posted: u64,
    /// Notes of which something was opened.
    pub opened: u64,
    /// Notes that somebody disputes.
    pub disputed: u64,
    /// Receipts for notes of others.
    pub receipts: u64,
    /// Entries about a post that is not what it was.
    pub lost: u64,
    /// Gaps.
    pub gaps: u64,
    /// Lines of an unknown kind, or lines that do not follow from those before them.
    pub unknown: u64,
}

/// One note.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// How it stands.
    pub standing: Standing,
    /// The index of its entry.
    pub index: u64,
    /// The post of its standing, with the other notes that the same post shows.
    pub shown: Option<Shown>,
    /// Whether its post is not what it was.
    pub lost: bool,
}

impl Note {
    /// The entry's line, without LF.
    pub fn line(&self) -> String {
        let Standing { note, commitment, sealed, .. } = self.standing;
        Entry::Note { time: sealed, note, commitment }.to_string()
    }
}

impl Ledger {
    /// Takes the next line of the log, its LF included, and returns the notes that it is about.
    pub fn take(&mut self, line: &str) -> Option<RangeInclusive<u64>> {
        let index = self.size;
        self.size += 1;
        let entry = Entry::parse(line.as_bytes())
            .unwrap_or_else(|_| Entry::Unknown { line: line.trim_end_matches('\n').to_owned() });
        self.newest = self.newest.max(entry.time());
        match entry {
            Entry::Note { time, note, commitment } if note == self.last() + 1 => {
                self.notes.push(Row { sealed: time, commitment, index, post: 0 });
                Some(note..=note)
            }
            Entry::Post { time, first, last, post, .. } if self.is_first_post(first, last) => {
                self.posts.push(Shown { index, time, first, last, post });
                let place = u32::try_from(self.posts.len()).unwrap_or(u32::MAX);
                self.rows(first, last).iter_mut().for_each(|row| row.post = place);
                self.counts.posted += last - first + 1;
                Some(first..=last)
            }
            entry => self.take_other(index, entry),
        }
    }

    fn is_first_post(&mut self, first: u64, last: u64) -> bool {
        last <= self.last() && self.rows(first, last).iter().all(|row| row.post == 0)
    }

    /// The rows of notes that are there.
    fn rows(&mut self, first: u64, last: u64) -> &mut [Row] {
        let place = |note: u64| usize::try_from(note).unwrap_or(usize::MAX);
        self.notes.get_mut(place(first - 1)..place(last)).unwrap_or_default()
    }

    fn take_other(&mut self, index: u64, entry: Entry) -> Option<RangeInclusive<u64>> {
        let notes = self.notes_of(&entry);
        match &entry {
            Entry::Open { note, .. } => self.counts.opened += u64::from(!self.has(*note, is_open)),
            Entry::Dispute { note, .. } => self.counts.disputed += u64::from(!self.has(*note, is_dispute)),
            Entry::Receipt { .. } => self.counts.receipts += 1,
            Entry::Lost { .. } => self.counts.lost += 1,
            Entry::Gap { from, reason, .. } => {
                self.counts.gaps += 1;
                self.take_gap(*from, reason);
            }
            Entry::Note { .. } | Entry::Unknown { .. } => self.counts.unknown += 1,
            Entry::Post { .. } | Entry::Key { .. } | Entry::Stamp { .. } | Entry::Unlock { .. } => {}
        }
        for note in notes.into_iter().flat_map(|(first, last)| first..=last) {
            self.about.entry(note).or_default().push(self.others.len());
        }
        self.others.push(Other { index, entry, notes });
        notes.map(|(first, last)| first..=last)
    }

    /// A gap that lasts, or the end of one with the same beginning.
    fn take_gap(&mut self, from: Time, reason: &str) {
        if reason.split(' ').next() == Some(SINCE) {
            self.lasting.push(self.others.len());
        } else {
            let begins =
                |place: &usize| matches!(self.others[*place].entry, Entry::Gap { from: begun, .. } if begun == from);
            let ended = self.lasting.iter().position(begins);
            ended.map(|place| self.lasting.remove(place));
        }
    }

    /// The notes, of those that are there, that an entry is about.
    fn notes_of(&self, entry: &Entry) -> Option<(u64, u64)> {
        let (first, last) = match entry {
            Entry::Open { note, .. } | Entry::Dispute { note, .. } | Entry::Unlock { note, .. } => (*note, *note),
            Entry::Post { first, last, .. } => (*first, *last),
            Entry::Lost { post, .. } => {
                let shown = self.posts.iter().rev().find(|shown| shown.post == *post)?;
                (shown.first, shown.last)
            }
            _ => return None,
        };
        let last = last.min(self.last());
        (first <= last).then_some((first, last))
    }

    fn has(&self, note: u64, is: fn(&Entry) -> bool) -> bool {
        self.about(note).any(|other| is(&other.entry))
    }

    /// Number of entries that were taken.
    pub fn len(&self) -> u64 {
        self.size
    }

    /// Whether no entry was taken.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The latest time of an entry.
    pub fn newest(&self) -> Option<Time> {
        self.newest
    }

    /// The number of the last note; 0 if there is none.
    pub fn last(&self) -> u64 {
        self.notes.len() as u64
    }

    /// Number of each kind.
    pub fn counts(&self) -> LedgerCounts {
        self.counts
    }

    /// The note with this number.
    pub fn note(&self, note: u64) -> Option<Note> {
        let row = self.notes.get(usize::try_from(note.checked_sub(1)?).ok()?)?;
        let shown = usize::try_from(row.post).ok().and_then(|place| self.posts.get(place.checked_sub(1)?)).copied();
        Some(Note {
            standing: Standing {
                note,
                commitment: row.commitment,
                sealed: row.sealed,
                post: shown.map(|shown| shown.post),
                open: self.about(note).filter_map(|other| level_of(&other.entry)).max(),
                disputes: self.about(note).filter(|other| is_dispute(&other.entry)).count() as u64,
            },
            index: row.index,
            shown,
            lost: self.has(note, |entry| matches!(entry, Entry::Lost { .. })),
        })
    }

    /// What else the log says about a note, in its order.
    pub fn about(&self, note: u64) -> impl Iterator<Item = &Other> {
        self.about.get(&note).into_iter().flatten().filter_map(|place| self.others.get(*place))
    }

    /// The gaps that have not ended: when each began, and why messages may be missed.
    pub fn lasting(&self) -> impl Iterator<Item = (Time, &str)> {
        self.lasting.iter().filter_map(|place| match &self.others.get(*place)?.entry {
            Entry::Gap { from, reason, .. } => Some((*from, reason.as_str())),
            _ => None,
        })
    }

    /// All entries that are neither a note nor the first post that shows one, in their order.
    pub fn others(&self) -> &[Other] {
        &self.others
    }
}

fn is_open(entry: &Entry) -> bool {
    level_of(entry).is_some()
}

/// How much an entry opens.
fn level_of(entry: &Entry) -> Option<Level> {
    match entry {
        Entry::Open { level, .. } => Some(*level),
        _ => None,
    }
}

fn is_dispute(entry: &Entry) -> bool {
    matches!(entry, Entry::Dispute { .. })
}
