//! The log's own rules about what is rare in it: what may stand there once, what must come before, and what cannot be.
//! What an opened envelope says is compared once all entries were read: see `openings`.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use crate::base::hash::Hash;
use crate::base::ids::{Origin, PublicPost};
use crate::base::time::{SKEW_MS_MAX, Time};
use crate::tlog::entry::{Entry, Level};
use crate::verify::check::{Check, fails, holds, not_checked};

/// Most opened notes, disputes, and receipts that are remembered, of each: those beyond are not compared with others.
pub const RARE_MAX: usize = 10_000;

/// Number of the latest notes whose commitments are kept: most notes that are opened are opened soon.
pub(super) const LATEST_MAX: usize = 4096;

/// What a gap that lasts begins its reason with.
const SINCE: &str = "since";

/// What the rare entries have said so far, and what breaks the rules.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Rules {
    wrong: Finding,
    /// Number of entries that were not compared with others: there were too many.
    uncompared: u64,
    opened: BTreeMap<u64, Opened>,
    latest: VecDeque<Latest>,
    /// The notes of their commitments, and of those of notes that were opened.
    commitments: BTreeMap<Hash, u64>,
    /// The entry of each dispute, by note and post.
    disputes: BTreeMap<String, u64>,
    /// The entry and the commitment of each receipt, by log and note.
    receipts: BTreeMap<String, (u64, Hash)>,
}

/// One of the latest notes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Latest {
    note: u64,
    time: Time,
    commitment: Hash,
}

/// What the log says about the openings of one note: the entry, and the hash in it.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Opened {
    /// The commitment of the note, if it was one of the latest.
    pub(super) commitment: Option<Hash>,
    /// When something of it was opened for the first time.
    pub(super) since: Option<Time>,
    pub(super) envelope: Option<(u64, Hash)>,
    pub(super) content: Option<(u64, Hash)>,
    unlocked: Option<(u64, Hash)>,
    /// That its text became readable.
    unlock: Option<(u64, Hash)>,
}

impl Opened {
    /// Whether its envelope is public.
    pub(super) fn is_open(&self) -> bool {
        self.envelope.or(self.content).or(self.unlocked).is_some()
    }

    /// Takes a line that opens something of it. Returns what is wrong with that.
    fn open(&mut self, index: u64, note: u64, level: Level, sha256: Hash) -> Option<String> {
        let content = self.content;
        let place = match level {
            Level::Envelope => &mut self.envelope,
            Level::Content => &mut self.content,
            Level::Unlocked => &mut self.unlocked,
        };
        let before = *place;
        place.get_or_insert((index, sha256));
        let what = if level == Level::Unlocked { "unlocked text" } else { level.as_str() };
        let opens = format!("entry {index} opens the {what} of note {note}");
        match (before, content) {
            (Some((earlier, _)), _) => Some(format!("{opens} a second time, after entry {earlier}")),
            (None, Some((earlier, _))) if level == Level::Envelope => {
                Some(format!("{opens}, and entry {earlier} has opened its content"))
            }
            (None, _) if level == Level::Unlocked && self.unlock.is_none_or(|(_, unlock)| unlock != sha256) => {
                Some(format!("entry {index} opens a text of note {note} that no entry before it says was unlocked"))
            }
            _ => None,
        }
    }

    fn unlock(&mut self, index: u64, note: u64, sha256: Hash) -> Option<String> {
        let (earlier, _) = self.unlock.replace((index, sha256))?;
        Some(format!("entry {index} unlocks note {note} a second time, after entry {earlier}"))
    }
}

impl Rules {
    /// Takes the next entry.
    pub(super) fn take(&mut self, index: u64, entry: &Entry) {
        let wrong = match entry {
            Entry::Note { time, note, commitment } => {
                self.note(index, Latest { note: *note, time: *time, commitment: *commitment })
            }
            Entry::Open { time, note, level, sha256 } => self.of_note(*note).and_then(|opened| {
                opened.since.get_or_insert(*time);
                opened.open(index, *note, *level, *sha256)
            }),
            Entry::Unlock { note, sha256, .. } => {
                self.of_note(*note).and_then(|opened| opened.unlock(index, *note, *sha256))
            }
            Entry::Dispute { note, post, .. } => self.dispute(index, *note, *post),
            Entry::Receipt { log, note, commitment, .. } => self.receipt(index, log, *note, *commitment),
            Entry::Stamp { size, .. } => (index < *size)
                .then(|| format!("entry {index} is a stamp over the head of {size} entries, and {index} were there")),
            Entry::Gap { time, to, reason, .. } => gap(index, *time, *to, reason),
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.wrong.add(|| wrong);
        }
    }

    /// Takes a note. No two have one commitment: it would not be known which of them an envelope is.
    fn note(&mut self, index: u64, note: Latest) -> Option<String> {
        self.latest.push_back(note);
        let earlier = *self.commitments.entry(note.commitment).or_insert(note.note);
        if LATEST_MAX < self.latest.len()
            && let Some(old) = self.latest.pop_front()
            && !self.opened.contains_key(&old.note)
        {
            self.commitments.remove(&old.commitment);
        }
        let note = note.note;
        (earlier != note).then(|| format!("entry {index} seals note {note} under the hash of note {earlier}"))
    }

    /// A note, if it is one of the latest.
    fn latest(&self, note: u64) -> Option<Latest> {
        let place = self.latest.binary_search_by_key(&note, |latest| latest.note).ok()?;
        self.latest.get(place).copied()
    }

    /// What is known of the openings of a note. None if there are too many such notes.
    fn of_note(&mut self, note: u64) -> Option<&mut Opened> {
        let is_kept = self.opened.len() < RARE_MAX || self.opened.contains_key(&note);
        self.uncompared += u64::from(!is_kept);
        let commitment = self.latest(note).map(|latest| latest.commitment);
        is_kept.then(|| self.opened.entry(note).or_insert_with(|| Opened { commitment, ..Opened::default() }))
    }

    fn dispute(&mut self, index: u64, note: u64, post: PublicPost) -> Option<String> {
        let earlier = remember(&mut self.disputes, &mut self.uncompared, format!("{note} {post}"), index);
        if let Some(earlier) = earlier {
            return Some(format!(
                "entry {index} disputes note {note} in post {post} a second time, after entry {earlier}"
            ));
        }
        let (sealed, posted) = (self.latest(note)?.time, post.moment());
        (SKEW_MS_MAX < sealed.ms_since(posted)).then(|| {
            format!("entry {index} disputes note {note}, sealed at {sealed}, in post {post} of {posted}, before it")
        })
    }

    fn receipt(&mut self, index: u64, log: &Origin, note: u64, commitment: Hash) -> Option<String> {
        let given = (index, commitment);
        let (earlier, other) = remember(&mut self.receipts, &mut self.uncompared, format!("{log} {note}"), given)?;
        Some(match other == commitment {
            true => format!("entry {index} is a second receipt for note {note} of {log}, after entry {earlier}"),
            false => format!(
                "entry {index} is a receipt for note {note} of {log} with another hash than that of entry {earlier}"
            ),
        })
    }

    /// The notes of which something was opened: all of them, if not too many.
    pub(super) fn opened(&self) -> impl Iterator<Item = (u64, &Opened)> {
        self.opened.iter().filter(|(_, opened)| opened.is_open()).map(|(note, opened)| (*note, opened))
    }

    /// What is wrong with the receipts, if one is of the log itself.
    fn own_receipt(&self, log: &Origin) -> Option<String> {
        let of_log = format!("{log} ");
        let (key, (index, _)) =
            self.receipts.range(of_log.clone()..).next().filter(|(key, _)| key.starts_with(&of_log))?;
        let note = key.strip_prefix(&of_log)?;
        Some(format!("entry {index} is a receipt for note {note} of this log itself"))
    }

    /// Sums up the rules of the log of that name.
    pub(super) fn check(&self, name: &'static str, log: &Origin) -> Check {
        match (self.wrong.told().or_else(|| self.own_receipt(log)), self.uncompared) {
            (Some(told), _) => fails(name, told),
            (None, 0) => holds(name, "what is opened, disputed, received, stamped or missed is entered as it may be"),
            (None, uncompared) => not_checked(
                name,
                format!(
                    "{uncompared} entries about openings, disputes or receipts, those after the first {RARE_MAX} of each, \
                     were not compared with others; the rest is entered as it may be"
                ),
            ),
        }
    }
}

/// Remembers something under a key that may come once. Returns what was there already.
fn remember<T: Copy>(known: &mut BTreeMap<String, T>, uncompared: &mut u64, key: String, value: T) -> Option<T> {
    let earlier = known.get(&key).copied();
    if earlier.is_none() && RARE_MAX <= known.len() {
        *uncompared += 1;
    } else if earlier.is_none() {
        known.insert(key, value);
    }
    earlier
}

/// What is wrong with the end of a gap.
fn gap(index: u64, time: Time, to: Time, reason: &str) -> Option<String> {
    if SKEW_MS_MAX < to.ms_since(time) {
        return Some(format!("entry {index} is of {time}, and its gap ends at {to}, more than 10 minutes after it"));
    }
    let lasts = reason.split(' ').next() == Some(SINCE);
    (lasts && to != time).then(|| format!("entry {index} is of a gap that lasts, and does not end at its own time"))
}

#[cfg(test)]
mod tests;
