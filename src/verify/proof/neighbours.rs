//! Other notes near one: how many the published log has, and how many of them were opened. Somebody might seal several
//! versions of a note and later open only the best one. That would leave many unopened notes beside it, sealed within
//! the same hours or to the same correspondent.
//!
//! Nothing is read here, and nothing is trusted. The log's entries go in, then the envelopes of opened notes, and
//! counts come out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::base::hash::Hash;
use crate::base::text;
use crate::base::time::{DAY_MS, Time};
use crate::note::Envelope;
use crate::note::proof::Files;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::{Entry, Level};
use crate::tlog::signed_note::VerifierKey;
use crate::tlog::tree::{Frontier, leaf_hash};

use super::{Parts, Trust};

/// Notes that were sealed within this time before or after a note are near it, in milliseconds.
pub const NEAR_MS: i64 = DAY_MS;

/// Most opened notes whose envelopes are read.
pub const OPENED_MAX: usize = 10_000;

/// What a published log shows of the notes near one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Neighbours {
    /// Number of entries in the log.
    pub size: u64,
    /// Those in the same conversation.
    pub conversation: Conversation,
    /// Those that were sealed within 24 hours before or after it.
    pub day: Day,
    /// Number of opened notes whose envelope is not published where it should be: their conversation is not known.
    pub envelopes_missing: u64,
}

/// Notes of one conversation.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Conversation {
    /// Number of earlier notes, by the envelope.
    pub before: u64,
    /// Number of these that are opened.
    pub before_opened: u64,
    /// Number of these that are not.
    pub before_unopened: u64,
    /// Number of later notes that are opened. Only the sender knows how many there are.
    pub after_opened: u64,
}

/// Notes of the same hours.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Day {
    /// Number of notes.
    pub notes: u64,
    /// Number of these that are opened.
    pub opened: u64,
    /// Number of these that are not.
    pub unopened: u64,
}

/// Why nothing was counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Uncounted {
    /// What is published contradicts the proof, or itself.
    Fails(String),
    /// It could not be read.
    Unread(String),
}

/// The counting while it goes on.
#[derive(Debug)]
pub struct Counting {
    envelope: Envelope,
    commitment: Hash,
    sealed: Time,
    /// The head in the proof.
    head: Checkpoint,
    key: VerifierKey,
    frontier: Frontier,
    /// The root of the first entries, as many as the head in the proof has.
    at_head: Option<Hash>,
    /// Of each note.
    commitments: Vec<Hash>,
    near: Vec<u64>,
    /// For each opened note, the hashes that the log calls its content.
    opened: BTreeMap<u64, BTreeSet<Hash>>,
    conversation: Conversation,
    missing: u64,
}

impl Counting {
    /// Begins with the note of a proof. None if the proof is not whole. [`super::verify`] says whether it holds.
    pub fn of(zip: &[u8], trust: &Trust) -> Option<Counting> {
        let parts = Parts::read(&Files::unpack(zip).ok()?, trust);
        let sealed = parts.entry.get()?.time()?;
        let envelope = parts.envelope.get()?.clone();
        let before = envelope.correspondence.count.saturating_sub(1);
        Some(Counting {
            commitment: parts.commitment?,
            sealed,
            head: parts.checkpoint?,
            key: parts.key?,
            frontier: Frontier::new(),
            at_head: None,
            commitments: Vec::new(),
            near: Vec::new(),
            opened: BTreeMap::new(),
            conversation: Conversation { before, before_unopened: before, ..Conversation::default() },
            missing: 0,
            envelope,
        })
    }

    /// Takes the published checkpoint. It must be signed by the key that the proof was checked with.
    ///
    /// # Errors
    /// If it is of another log, or the log has fewer entries than it had when the proof was made.
    pub fn head(&self, checkpoint: &[u8]) -> Result<Checkpoint, Uncounted> {
        let head = Checkpoint::open(checkpoint, &self.key);
        let head = head.map_err(|error| failed(format!("its checkpoint is not that of the proof's log: {error}")))?;
        if head.size < self.head.size {
            let (now, then) = (head.size, self.head.size);
            return Err(failed(format!(
                "its head has {now} entries, fewer than the {then} of the proof: it was rewound"
            )));
        }
        Ok(head)
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
        };
        if is_other {
            return Err(failed(format!("entry {index} opens another {level} of note {note} than was sealed")));
        }
        if !is_own {
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
        Ok(self.opened.keys().copied().collect())
    }

    /// Takes the published envelope of an opened note. None if it is known not to be there.
    ///
    /// # Errors
    /// If it is not the one that the log commits to, or contradicts the one in the proof.
    pub fn take_envelope(&mut self, note: u64, bytes: Option<&[u8]>) -> Result<(), Uncounted> {
        let Some(commitment) = self.sealed_as(note) else {
            return Err(failed(format!("note {note} is opened, and there is no such note")));
        };
        let Some(bytes) = bytes else {
            self.missing += 1;
            return Ok(());
        };
        if Hash::of(bytes) != commitment {
            return Err(failed(format!("the published envelope of note {note} is not the one that was sealed")));
        }
        let envelope =
            Envelope::parse(bytes).map_err(|error| failed(format!("the envelope of note {note}: {error}")))?;
        if envelope.note != note || envelope.log != self.envelope.log {
            return Err(failed(format!(
                "the envelope of note {note} is of note {} of {}",
                envelope.note, envelope.log
            )));
        }
        if self.opened.get(&note).is_some_and(|contents| contents.iter().any(|content| *content != envelope.content)) {
            return Err(failed(format!("the log opens another content of note {note} than was sealed")));
        }
        if envelope.conversation == self.envelope.conversation {
            self.take_relative(&envelope, commitment)?;
        }
        Ok(())
    }

    /// Takes another note of the conversation: numbers and chain must fit.
    fn take_relative(&mut self, other: &Envelope, commitment: Hash) -> Result<(), Uncounted> {
        let (own, own_place) = (self.envelope.note, self.envelope.correspondence);
        let (note, place) = (other.note, other.correspondence);
        let is_before = note < own;
        let (first, second) = if is_before { (place, own_place) } else { (own_place, place) };
        let earlier = if is_before { commitment } else { self.commitment };
        let is_next = first.count.checked_add(1) == Some(second.count);
        if second.count <= first.count || (is_next && second.previous != earlier) {
            return Err(failed(format!(
                "note {own} says that it is number {} of its conversation, and note {note}, of the same one, contradicts it as \
                 number {}",
                own_place.count, place.count
            )));
        }
        if is_before {
            self.conversation.before_opened += 1;
            self.conversation.before_unopened =
                self.conversation.before.saturating_sub(self.conversation.before_opened);
        } else {
            self.conversation.after_opened += 1;
        }
        if self.conversation.before < self.conversation.before_opened {
            let (before, opened) = (self.conversation.before, self.conversation.before_opened);
            return Err(failed(format!(
                "{opened} notes before it in its conversation are opened, and it says {before}"
            )));
        }
        Ok(())
    }

    /// The counts, after all entries and envelopes.
    pub fn counts(self) -> Neighbours {
        let notes = self.near.len() as u64;
        let opened = self.near.iter().filter(|note| self.opened.contains_key(note)).count() as u64;
        Neighbours {
            size: self.frontier.len(),
            conversation: self.conversation,
            day: Day { notes, opened, unopened: notes - opened },
            envelopes_missing: self.missing,
        }
    }
}

fn failed(why: String) -> Uncounted {
    Uncounted::Fails(why)
}

impl Neighbours {
    /// What the counts show of the order.
    pub(super) fn shown(&self) -> [String; 3] {
        let Conversation { before, before_opened, before_unopened, .. } = self.conversation;
        let Day { notes, opened, unopened } = self.day;
        [
            "in the published log no number is missing or given twice".to_owned(),
            format!(
                "before it in this conversation: {}, {before_opened} opened in public, {before_unopened} not",
                text::count(before, "note", "notes")
            ),
            format!(
                "sealed within 24 hours before or after it: {}, {opened} opened in public, {unopened} not",
                text::count(notes, "other note", "other notes")
            ),
        ]
    }

    /// What they do not show of it.
    pub(super) fn not_shown(&self) -> Vec<String> {
        let after = self.conversation.after_opened;
        let mut lines = vec![
            "what the notes before and after it say".to_owned(),
            format!(
                "how many notes came after it in this conversation: only opened ones can be known, and there are {after}"
            ),
        ];
        if 0 < self.envelopes_missing {
            let missing = self.envelopes_missing;
            lines.push(format!("in which conversation {missing} opened notes are, whose envelopes are not published"));
        }
        lines
    }
}
