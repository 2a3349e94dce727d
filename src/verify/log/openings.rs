//! What was opened, compared with what was sealed. The commitments of all notes would fill the memory, so the pass over
//! the entries keeps, for each bundle, which notes it has and its root; the bundles of notes that were opened late are then
//! read once more, and after them the published envelopes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Audit;
use super::finding::Finding;
use super::order::WAIT_MS_MAX;
use super::rules::Opened;
use crate::base::hash::Hash;
use crate::base::ids::Origin;
use crate::base::text;
use crate::base::time::Time;
use crate::note::Envelope;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::Entry;
use crate::tlog::tile::{self, Kind, TilePath, WIDTH_FULL};
use crate::tlog::tree::{Frontier, leaf_hash};
use crate::verify::check::{Check, fails, holds, not_checked};
use crate::verify::versions::{Versions, is_of_another_version};

/// The name of the check.
const NAME: &str = "openings";

/// A bundle as the pass has seen it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Bundle {
    /// Number of notes before it.
    pub(super) notes_before: u64,
    /// The root of its entries.
    pub(super) root: Hash,
}

/// The root of the entries of one bundle.
pub(super) fn root_of(entries: &[&[u8]]) -> Hash {
    let mut frontier = Frontier::new();
    entries.iter().for_each(|entry| frontier.push(leaf_hash(entry)));
    frontier.root()
}

/// The openings of a log that was read to its end.
#[derive(Clone, Debug)]
pub struct Openings {
    log: Origin,
    size: u64,
    bundles: Vec<Bundle>,
    opened: BTreeMap<u64, Opened>,
    commitments: BTreeMap<u64, Hash>,
    versions: Versions,
    wrong: Finding,
    /// Number of envelopes that are not published where they should be, of those among them whose notes were opened more than
    /// a day ago, and of those of an unknown version.
    missing: u64,
    withheld: u64,
    newer: u64,
    /// What stands in the place of envelopes and is none.
    unreadable: Finding,
}

/// What a published envelope is.
enum Published {
    /// The one that was sealed.
    Sealed(Box<Envelope>),
    /// It is, and of a version that is not known.
    Newer,
    /// No envelope at all: somebody on the way may have put it there.
    Unreadable(String),
    /// Another one, or one that should not have been sealed.
    Wrong(String),
}

impl Audit {
    /// What was opened in a log that was read to the end.
    ///
    /// # Errors
    /// The check that says why nothing can be compared: not all entries were read, or the notes are not numbered in order.
    pub fn openings(&self, head: &Checkpoint) -> Result<Openings, Check> {
        if self.broken.is_some() || self.len() != head.size {
            return Err(not_checked(NAME, "it takes all entries"));
        }
        if 0 < self.order.numbers.count() {
            return Err(not_checked(NAME, "it takes notes that are numbered in order"));
        }
        Ok(Openings {
            log: head.origin.clone(),
            size: head.size,
            bundles: self.bundles.clone(),
            opened: self.rules.opened().map(|(note, opened)| (note, opened.clone())).collect(),
            commitments: self.rules.opened().filter_map(|(note, opened)| Some((note, opened.commitment?))).collect(),
            versions: Versions::default(),
            wrong: Finding::default(),
            missing: 0,
            withheld: 0,
            newer: 0,
            unreadable: Finding::default(),
        })
    }
}

impl Openings {
    /// The bundles of opened notes whose commitments are not known: they are to be read once more.
    pub fn bundles(&self) -> impl Iterator<Item = TilePath> + use<> {
        let of = |note: &u64| self.bundles.partition_point(|bundle| bundle.notes_before < *note).checked_sub(1);
        let unknown = self.opened.keys().filter(|note| !self.commitments.contains_key(note));
        let places: BTreeSet<usize> = unknown.filter_map(of).collect();
        let (size, full) = (self.size, u64::from(WIDTH_FULL));
        places.into_iter().filter_map(move |place| {
            let width = (size - place as u64 * full).min(full);
            TilePath::new(Kind::Entries, place as u64, u16::try_from(width).ok()?)
        })
    }

    /// Takes one of them again, or None if it is not there any more.
    ///
    /// # Errors
    /// If it is not what it was.
    pub fn take_bundle(&mut self, path: TilePath, bytes: Option<&[u8]>) -> Result<(), String> {
        let place = usize::try_from(path.start() / u64::from(WIDTH_FULL)).ok();
        let root = place.and_then(|place| self.bundles.get(place)).map(|bundle| bundle.root);
        let entries = bytes.and_then(|bytes| tile::parse_bundle(bytes, path.width()).ok());
        let entries = entries.filter(|entries| Some(root_of(entries)) == root);
        let entries = entries.ok_or_else(|| format!("{path} is not what it was a moment ago"))?;
        for entry in entries {
            if let Ok(Entry::Note { note, commitment, .. }) = Entry::parse(entry)
                && self.opened.contains_key(&note)
            {
                self.commitments.insert(note, commitment);
            }
        }
        Ok(())
    }

    /// The opened notes, whose envelopes are to be taken after the bundles.
    pub fn notes(&self) -> Vec<u64> {
        self.opened.keys().copied().collect()
    }

    /// Takes the published envelope of an opened note; None if it is known not to be there at the moment `now`.
    pub fn take_envelope(&mut self, note: u64, bytes: Option<&[u8]>, now: Time) {
        let (Some(opened), Some(commitment)) = (self.opened.get(&note), self.commitments.get(&note).copied()) else {
            return self.wrong.add(|| format!("note {note} is opened, and there is no such note"));
        };
        if let Some((index, _)) = opened.envelope.filter(|(_, sha256)| *sha256 != commitment) {
            self.wrong.add(|| format!("entry {index} opens another envelope of note {note} than was sealed"));
        }
        let Some(bytes) = bytes else {
            self.missing += 1;
            self.withheld += u64::from(opened.since.is_some_and(|since| WAIT_MS_MAX < now.ms_since(since)));
            return;
        };
        match self.published(note, opened, commitment, bytes) {
            Published::Sealed(envelope) => {
                if let Err(why) = self.versions.take(&envelope, commitment) {
                    self.wrong.add(|| why);
                }
            }
            Published::Newer => self.newer += 1,
            Published::Unreadable(why) => self.unreadable.add(|| why),
            Published::Wrong(why) => self.wrong.add(|| why),
        }
    }

    /// What the bytes are that stand in the place of the envelope of this note.
    fn published(&self, note: u64, opened: &Opened, commitment: Hash, bytes: &[u8]) -> Published {
        let is_sealed = Hash::of(bytes) == commitment;
        match Envelope::parse(bytes) {
            Ok(_) if !is_sealed => {
                Published::Wrong(format!("the published envelope of note {note} is not the one that was sealed"))
            }
            Ok(envelope) => match self.wrong_with(note, opened, &envelope) {
                Some(wrong) => Published::Wrong(wrong),
                None => Published::Sealed(Box::new(envelope)),
            },
            Err(_) if is_sealed && is_of_another_version(bytes) => Published::Newer,
            Err(error) if is_sealed => Published::Wrong(format!("the envelope of note {note}: {error}")),
            Err(error) => Published::Unreadable(format!(
                "what is published for the envelope of note {note} is none: {error}; {}",
                text::glimpse(bytes)
            )),
        }
    }

    /// What is wrong with the envelope that was sealed as that of a note.
    fn wrong_with(&self, note: u64, opened: &Opened, envelope: &Envelope) -> Option<String> {
        let count = envelope.correspondence.count;
        if envelope.note != note || envelope.log != self.log {
            return Some(format!("the envelope of note {note} is of note {} of {}", envelope.note, envelope.log));
        }
        if note < count {
            return Some(format!("note {note} says that it is number {count} of its conversation"));
        }
        let (index, _) = opened.content.filter(|(_, sha256)| *sha256 != envelope.content)?;
        Some(format!("entry {index} opens another content of note {note} than was sealed"))
    }

    /// The first two opened notes of one commitment, as an error in words.
    fn twice(&self) -> Option<String> {
        let mut notes = BTreeMap::new();
        let (note, first) =
            self.commitments.iter().find_map(|(note, hash)| Some((*note, notes.insert(hash, *note)?)))?;
        Some(format!("notes {first} and {note}, which are opened, have one hash"))
    }

    /// Sums up, after all bundles and envelopes.
    pub fn check(&self) -> Check {
        if let Some(told) = self.wrong.told().or_else(|| self.twice()) {
            return fails(NAME, told);
        }
        if let Some(unreadable) = self.unreadable.told() {
            return not_checked(NAME, unreadable);
        }
        let notes = self.opened.len() as u64;
        let told = match notes {
            0 => "nothing is opened".to_owned(),
            _ => format!("{} opened as sealed, none of them twice", text::count(notes, "note is", "notes are")),
        };
        let (missing, newer) = (self.missing, self.newer);
        let unread = [
            (missing, "not published where it should be", "not published where they should be"),
            (newer, "of a version that this program does not know", "of versions that this program does not know"),
        ];
        let unread: String = unread
            .into_iter()
            .filter(|(count, ..)| 0 < *count)
            .map(|(count, one, several)| {
                format!(
                    "; {} {}",
                    text::count(count, "envelope is", "envelopes are"),
                    if count == 1 { one } else { several }
                )
            })
            .collect();
        if unread.is_empty() {
            holds(NAME, told)
        } else {
            not_checked(NAME, format!("of {}{unread}", text::count(notes, "opened note", "opened notes")))
        }
    }

    /// What leaves the question open whether all is opened as it was sealed, if anything: what is not published cannot be
    /// compared. A file may come a little after its entry.
    pub fn open(&self) -> Option<String> {
        let withheld = || match self.withheld {
            0 => None,
            1 => Some("1 opened note has no published envelope".to_owned()),
            count => Some(format!("{count} opened notes have no published envelope")),
        };
        self.unreadable.told().or_else(withheld)
    }

    /// The check if not all could be read.
    pub fn unread(&self, why: &str) -> Check {
        match self.wrong.told() {
            Some(told) => fails(NAME, told),
            None => not_checked(NAME, format!("not all could be read: {why}")),
        }
    }
}

#[cfg(test)]
mod tests;
