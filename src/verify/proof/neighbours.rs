//! Other notes near one: how many the published log has, and how many of them were opened. Somebody might seal several
//! versions of a note and later open only the best one. That would leave many unopened notes beside it, sealed within
//! the same hours or to the same correspondent.
//!
//! Whatever was sealed before a note was opened might have been opened in its place: all of that is counted.
//!
//! Nothing is read here, and nothing is trusted. The log's entries go in, then the envelopes of opened notes, and
//! counts come out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::base::hash::Hash;
use crate::base::time::{DAY_MS, Time};
use crate::note::Envelope;
use crate::note::proof::Files;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::{Entry, Level};
use crate::tlog::signed_note::{SignedNote, VerifierKey};
use crate::tlog::tree::{Frontier, leaf_hash};

pub use super::counts::{Choice, Conversation, Neighbours, Others};
use super::{Parts, Trust, kept};
use crate::verify::versions::{Versions, conversation, is_of_another_version};

/// Notes that were sealed within this time before or after a note are near it, in milliseconds.
pub const NEAR_MS: i64 = DAY_MS;

/// Most opened notes whose envelopes are read.
pub const OPENED_MAX: usize = 10_000;

/// Why nothing was counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Uncounted {
    /// What is published contradicts the proof, or itself.
    Fails(String),
    /// It could not be read.
    Unread(String),
    /// It is another log, about which the proof says nothing.
    OtherLog(String),
}

/// The counting while it goes on.
#[derive(Debug)]
pub struct Counting {
    envelope: Envelope,
    sealed: Time,
    /// The head in the proof.
    head: Checkpoint,
    key: VerifierKey,
    frontier: Frontier,
    /// The root of the first entries, as many as the head in the proof has.
    at_head: Option<Hash>,
    kept: Option<kept::Beside>,
    /// Of each note.
    commitments: Vec<Hash>,
    near: Vec<u64>,
    /// For each opened note, the hashes that the log calls its content.
    opened: BTreeMap<u64, BTreeSet<Hash>>,
    /// The first entry that opens the note of the proof, and the last note before it.
    own_opening: Option<(u64, u64)>,
    versions: Versions,
    conversation: Conversation,
    missing: u64,
}

impl Counting {
    /// Begins with the note of a proof. None if the proof is not whole. [`super::verify`] says whether it holds.
    pub fn of(files: &Files, trust: &Trust) -> Option<Counting> {
        let parts = Parts::read(files, trust);
        let sealed = parts.entry.get()?.time()?;
        let envelope = parts.envelope.get()?.clone();
        let commitment = parts.commitment?;
        let before = envelope.correspondence.count.saturating_sub(1);
        let mut versions = Versions::default();
        versions.take(&envelope, commitment).ok()?;
        let kept = kept::Beside::of(&parts, trust);
        Some(Counting {
            sealed,
            head: parts.checkpoint?,
            key: parts.key?,
            frontier: Frontier::new(),
            at_head: None,
            kept,
            commitments: Vec::new(),
            near: Vec::new(),
            opened: BTreeMap::new(),
            own_opening: None,
            versions,
            conversation: Conversation { before, before_unopened: before, ..Conversation::default() },
            missing: 0,
            envelope,
        })
    }

    /// Takes the published checkpoint. It must be signed by the key that the proof was checked with.
    ///
    /// # Errors
    /// If it is of another log. One that has fewer entries than the proof's says nothing: a copy on the way may be old.
    pub fn head(&self, checkpoint: &[u8]) -> Result<Checkpoint, Uncounted> {
        let head = Checkpoint::open(checkpoint, &self.key).map_err(|error| self.no_head(checkpoint, &error))?;
        if head.size < self.head.size {
            let (now, then) = (head.size, self.head.size);
            return Err(Uncounted::Unread(format!(
                "its head has {now} entries, fewer than the {then} of the proof: perhaps a copy on the way is old; if it stays so, \
                 the log was rewound"
            )));
        }
        Ok(head)
    }

    /// What a checkpoint that cannot be used says: only one of this log that its key has not signed contradicts the proof.
    fn no_head(&self, checkpoint: &[u8], error: &impl fmt::Display) -> Uncounted {
        let parsed = SignedNote::parse(checkpoint).and_then(|note| Checkpoint::parse(note.text()));
        match parsed {
            Err(_) => Uncounted::Unread(format!("its checkpoint cannot be read: {error}")),
            Ok(head) if head.origin != self.envelope.log => {
                Uncounted::OtherLog(format!("it is that of the log {}", head.origin))
            }
            Ok(_) => failed(format!("its checkpoint is not that of the proof's log: {error}")),
        }
    }

    /// Takes the next entry, its LF included.
    ///
    /// # Errors
    /// If it is not an entry, or a note does not have the next number.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Uncounted> {
        let index = self.frontier.len();
        self.frontier.push(leaf_hash(bytes));
        if self.frontier.len() == self.head.size {
            self.at_head = Some(self.frontier.root());
        }
        self.kept.iter_mut().for_each(|kept| kept.take(&self.frontier));
        match Entry::parse(bytes).map_err(|error| failed(format!("entry {index}: {error}")))? {
            Entry::Note { time, note, commitment } => {
                let next = self.commitments.len() as u64 + 1;
                if note != next {
                    return Err(failed(format!("entry {index} is note {note}, where note {next} should come")));
                }
                self.commitments.push(commitment);
                if note != self.envelope.note && time.ms_since(self.sealed).abs() <= NEAR_MS {
                    self.near.push(note);
                }
            }
            Entry::Open { note, level, sha256, .. } => self.take_open(index, note, level, sha256)?,
            _ => {}
        }
        Ok(())
    }

    /// Takes a line about an opened file. The note's envelope shows whether a content is the one that was sealed.
    fn take_open(&mut self, index: u64, note: u64, level: Level, sha256: Hash) -> Result<(), Uncounted> {
        let commitment = self.sealed_as(note);
        let commitment =
            commitment.ok_or_else(|| failed(format!("entry {index} opens note {note}, which is not there yet")))?;
        let is_own = note == self.envelope.note;
        let is_other = match level {
            Level::Envelope => sha256 != commitment,
            Level::Content => is_own && sha256 != self.envelope.content,
            Level::Unlocked => false,
        };
        if is_other {
            return Err(failed(format!("entry {index} opens another {level} of note {note} than was sealed")));
        }
        // What became readable later was not shown when it was chosen.
        if level == Level::Unlocked {
            return Ok(());
        }
        if is_own {
            self.own_opening.get_or_insert((index, self.commitments.len() as u64));
        } else {
            let contents = self.opened.entry(note).or_default();
            contents.extend((level == Level::Content).then_some(sha256));
        }
        Ok(())
    }

    /// The commitment of a note. None if the note is not there.
    fn sealed_as(&self, note: u64) -> Option<Hash> {
        let place = usize::try_from(note).ok()?.checked_sub(1)?;
        self.commitments.get(place).copied()
    }

    /// Ends the entries, and returns the opened notes whose envelopes are to be taken.
    ///
    /// # Errors
    /// If the entries do not lead to the published head, or do not contain the proof's head; or if too many notes are
    /// opened.
    pub fn opened(&self, head: &Checkpoint) -> Result<Vec<u64>, Uncounted> {
        if self.frontier.len() != head.size || self.frontier.root() != head.root {
            return Err(failed("its entries do not lead to the root that it signed".to_owned()));
        }
        if self.at_head != Some(self.head.root) {
            let size = self.head.size;
            return Err(failed(format!(
                "its first {size} entries do not lead to the proof's head: the log was rewritten"
            )));
        }
        if OPENED_MAX < self.opened.len() {
            return Err(Uncounted::Unread(format!("{} notes are opened, more than {OPENED_MAX}", self.opened.len())));
        }
        let own = self.own_opening.map(|_| self.envelope.note);
        Ok(self.opened.keys().copied().chain(own).collect())
    }

    /// Takes the published envelope of an opened note. None if it is known not to be there.
    ///
    /// # Errors
    /// If it is not the one that the log commits to, or contradicts the one in the proof.
    pub fn take_envelope(&mut self, note: u64, bytes: Option<&[u8]>) -> Result<(), Uncounted> {
        let Some(commitment) = self.sealed_as(note) else {
            return Err(failed(format!("note {note} is opened, and there is no such note")));
        };
        let is_own = note == self.envelope.note;
        let Some(bytes) = bytes else {
            self.is_not_published(note);
            return Ok(());
        };
        if Hash::of(bytes) != commitment {
            // Anybody on the way may put something there: only another envelope speaks of the log.
            return Err(match Envelope::parse(bytes) {
                Ok(_) => failed(format!("the published envelope of note {note} is not the one that was sealed")),
                Err(error) => Uncounted::Unread(format!("what stands there for the envelope of note {note}: {error}")),
            });
        }
        let envelope = Envelope::parse(bytes).map_err(|error| match is_of_another_version(bytes) {
            true => Uncounted::Unread(format!(
                "the envelope of note {note} is of a version that this program does not know"
            )),
            false => failed(format!("the envelope of note {note}: {error}")),
        })?;
        if envelope.note != note || envelope.log != self.envelope.log {
            return Err(failed(format!(
                "the envelope of note {note} is of note {} of {}",
                envelope.note, envelope.log
            )));
        }
        if self.opened.get(&note).is_some_and(|contents| contents.iter().any(|content| *content != envelope.content)) {
            return Err(failed(format!("the log opens another content of note {note} than was sealed")));
        }
        if is_own {
            return Ok(());
        }
        self.versions.take(&envelope, commitment).map_err(failed)?;
        if conversation(&envelope) == conversation(&self.envelope) {
            self.count_relative(note);
        }
        Ok(())
    }

    /// Whoever says in the log that a note is open, and publishes nothing of it, has not opened it.
    fn is_not_published(&mut self, note: u64) {
        self.missing += 1;
        match note == self.envelope.note {
            true => self.own_opening = None,
            false => drop(self.opened.remove(&note)),
        }
    }

    /// Counts another note of the conversation that is opened.
    fn count_relative(&mut self, note: u64) {
        let conversation = &mut self.conversation;
        if note < self.envelope.note {
            conversation.before_opened += 1;
            conversation.before_unopened = conversation.before.saturating_sub(conversation.before_opened);
        } else {
            conversation.after_opened += 1;
        }
    }

    /// The counts, after all entries and envelopes.
    pub fn counts(self) -> Neighbours {
        let near = self.near.iter().filter(|note| self.opened.contains_key(note)).count() as u64;
        let last = self.own_opening.map_or(self.commitments.len() as u64, |(_, last)| last);
        let opened = self.opened.range(..=last).count() as u64;
        let others = Others::of(last.saturating_sub(1), opened);
        Neighbours {
            size: self.frontier.len(),
            conversation: self.conversation,
            day: Others::of(self.near.len() as u64, near),
            choice: Choice { opened_by_entry: self.own_opening.map(|(index, _)| index), others },
            envelopes_missing: self.missing,
            kept: self.kept.as_ref().map(kept::Beside::check),
        }
    }
}

fn failed(why: String) -> Uncounted {
    Uncounted::Fails(why)
}
