//! The public folder compared with the database, piece by piece, and written anew where it differs.
//!
//! Readers are never shown less for it: each file is replaced as a whole, and in `log.txt` only the part that differs is
//! overwritten. What the database itself has is compared with the tree that was computed at the start, so that a damaged
//! database is told and does not get into the folder.

use std::collections::BTreeSet;

use tracing::warn;

use super::files::Files;
use super::folder::{Folder, GIT_ATTRIBUTES, LOG_TEXT};
use super::manifest;
use crate::note::names;
use crate::site::{self, Page, notes_of, range_of};
use crate::tasks::trouble::Contradiction;
use crate::tlog::checkpoint::{self, Checkpoint};
use crate::tlog::tile::{self, Kind, TilePath, WIDTH_FULL};
use crate::tlog::tree::leaf_hash;

/// Most files that are named when trouble is reported.
const NAMED_MAX: usize = 5;

/// What is compared next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// The entries from this index on, with their tiles; their lines in `log.txt` begin at this byte.
    Entries {
        /// The index.
        index: u64,
        /// The byte.
        offset: u64,
    },
    /// The tiles above the leaves, the checkpoint and the few other files that the log is checked with.
    Head,
    /// The files of the first opened note after this one.
    Opened(u64),
    /// The pages of the range of this place, and of its notes.
    Range(u64),
    /// The pages that are about all notes.
    Pages,
}

/// One comparison of everything.
pub(super) struct Round {
    pub(super) place: Place,
    found: Found,
}

/// What a round has found.
#[derive(Default)]
pub(super) struct Found {
    /// The files that were not as the database has them, and were written anew.
    healed: BTreeSet<String>,
    /// What cannot be healed, and why.
    left: BTreeSet<String>,
}

impl Round {
    /// Nothing is compared yet.
    pub(super) fn new() -> Round {
        Round { place: Place::Entries { index: 0, offset: 0 }, found: Found::default() }
    }

    /// Takes what a piece has found.
    pub(super) fn take(&mut self, found: Found) {
        self.found.join(found);
    }

    /// Whether something was found that cannot be healed.
    pub(super) fn is_stuck(&self) -> bool {
        !self.found.left.is_empty()
    }

    /// What the operator has to know. None if everything was as it should be.
    pub(super) fn trouble(&self) -> Option<String> {
        let Found { healed, left } = &self.found;
        let mut told = Vec::new();
        if !healed.is_empty() {
            told.push(format!(
                "public files were not as the database has them, and were written anew: {}\n\
                 find out what changed them: this is told until a comparison finds nothing",
                named(healed)
            ));
        }
        if !left.is_empty() {
            told.push(format!("what cannot be healed: {}", named(left)));
        }
        (!told.is_empty()).then(|| told.join("\n"))
    }
}

impl Found {
    /// Whether everything was as it should be.
    pub(super) fn is_nothing(&self) -> bool {
        self.healed.is_empty() && self.left.is_empty()
    }

    /// Adds what else was found.
    pub(super) fn join(&mut self, other: Found) {
        self.healed.extend(other.healed);
        self.left.extend(other.left);
    }

    /// A file was written anew, or was not, or could not be.
    fn take(&mut self, file: &str, written: anyhow::Result<bool>) {
        match written {
            Ok(false) => {}
            Ok(true) => {
                warn!(file, "a public file was not as the database has it, and was written anew");
                self.healed.insert(file.to_owned());
            }
            Err(error) => self.cannot(format!("{error:#}").replace('\n', ": ")),
        }
    }

    fn cannot(&mut self, what: String) {
        warn!(what, "something in the public folder or of the log cannot be healed");
        self.left.insert(what);
    }
}

/// The first of them, and how many more there are.
fn named(all: &BTreeSet<String>) -> String {
    let mut named: Vec<&str> = all.iter().take(NAMED_MAX).map(String::as_str).collect();
    let more = format!("and {} more", all.len().saturating_sub(NAMED_MAX));
    named.extend((NAMED_MAX < all.len()).then_some(more.as_str()));
    named.join(", ")
}

impl Folder {
    /// Whether `log.txt` lacks something that the folder shows: nothing can be added to it before it is whole.
    pub(super) fn is_text_short(&self) -> bool {
        self.files.size(LOG_TEXT).unwrap_or(0) < self.text_len
    }

    /// Whether the checkpoint in the folder is the one that this process has written last.
    pub(super) fn is_checkpoint_there(&self, checkpoint: &str) -> bool {
        self.files.read(checkpoint::FILE).is_ok_and(|found| found.is_some_and(|found| found == checkpoint.as_bytes()))
    }

    /// Compares these entries, which begin with a bundle: their bundles, the tiles of their leaves, and their lines in
    /// `log.txt` from byte `offset` on. Returns where the lines end.
    pub(super) fn heal_entries(&self, index: u64, offset: u64, lines: &[String]) -> (u64, Found) {
        let (mut offset, mut index, mut found) = (offset, index, Found::default());
        for bundle in lines.chunks(WIDTH_FULL.into()) {
            let text: String = (index..).zip(bundle).map(|(index, line)| format!("{index} {line}")).collect();
            if self.is_intact(index, bundle) {
                self.heal_bundle(index, bundle, &mut found);
                found.take(LOG_TEXT, self.files.patch(LOG_TEXT, offset, text.as_bytes()));
            } else {
                found.cannot(format!(
                    "entries from {index} on are not what they were in the database: stop the daemon, and restore the newest \
                     backup"
                ));
            }
            offset += text.len() as u64;
            index += bundle.len() as u64;
        }
        (offset, found)
    }

    /// Whether these lines are still the leaves of the tree.
    fn is_intact(&self, index: u64, lines: &[String]) -> bool {
        (index..).zip(lines).all(|(index, line)| self.tree.leaf(index) == Some(leaf_hash(line.as_bytes())))
    }

    fn heal_bundle(&self, index: u64, lines: &[String], found: &mut Found) {
        let place = |kind| {
            let width = u16::try_from(lines.len()).ok()?;
            TilePath::new(kind, index / u64::from(WIDTH_FULL), width)
        };
        let Some((entries, leaves)) = place(Kind::Entries).zip(place(Kind::Hashes(0))) else { return };
        if let Ok(bytes) = tile::bundle(lines.iter().map(|line| line.as_bytes())) {
            self.heal(&entries.to_string(), &bytes, found);
        }
        if let Some(bytes) = leaves.hashes(&self.tree) {
            self.heal(&leaves.to_string(), &bytes, found);
        }
    }

    fn heal(&self, file: &str, bytes: &[u8], found: &mut Found) {
        found.take(file, self.files.restore(file, bytes));
    }

    /// Compares what leads from the leaves to the head, and the head itself.
    ///
    /// # Errors
    /// If the folder shows a head of this log that this database does not lead to.
    pub(super) fn heal_head(&self, checkpoint: &str) -> anyhow::Result<Found> {
        let mut found = Found::default();
        let Some(shown) = self.shown() else { return Ok(found) };
        if self.files.size(LOG_TEXT).is_some_and(|len| self.text_len < len) {
            found.take(LOG_TEXT, self.files.cut(LOG_TEXT, self.text_len).map(|()| true));
        }
        let above = |tile: &TilePath| matches!(tile.kind(), Kind::Hashes(level) if 0 < level);
        for tile in tile::new_since(0, shown.size).into_iter().filter(above) {
            if let Some(bytes) = tile.hashes(&self.tree) {
                self.heal(&tile.to_string(), &bytes, &mut found);
            }
        }
        self.heal(GIT_ATTRIBUTES.0, GIT_ATTRIBUTES.1.as_bytes(), &mut found);
        self.heal(names::VKEY, format!("{}\n", self.settings.vkey).as_bytes(), &mut found);
        if let Some(manifest) = &self.manifest {
            self.heal(manifest::NAME, manifest.to_text().as_bytes(), &mut found);
        }
        if let Ok(Some(bytes)) = self.files.read(checkpoint::FILE)
            && let Ok(head) = Checkpoint::open(&bytes, &self.settings.vkey)
            && self.root_at(head.size) != Some(head.root)
        {
            let what = format!(
                "{} shows a log of {} entries that this database does not lead to\n\
                 another daemon of this log writes there, from another database: find out which database leads to what was \
                 published, and go on with that alone",
                self.files.root().display(),
                head.size
            );
            return Err(Contradiction(what).into());
        }
        self.heal(checkpoint::FILE, checkpoint.as_bytes(), &mut found);
        Ok(found)
    }

    /// The first opened note after this one whose files are here.
    pub(super) fn opened_after(&self, note: u64) -> Option<u64> {
        self.released.range(note.saturating_add(1)..).next().map(|(note, _)| *note)
    }

    /// Compares one file of an opened note.
    pub(super) fn heal_opened(&self, note: u64, name: &str, bytes: &[u8]) -> Found {
        let mut found = Found::default();
        if names::is_plain(name) {
            self.heal(&site::path_of(note, name), bytes, &mut found);
        }
        found
    }

    /// Compares the pages of a range and of its notes. Returns None if there is no such range.
    pub(super) fn heal_range(&self, place: u64) -> Option<Found> {
        let last = self.ledger.last();
        if last == 0 || range_of(last) < place {
            return None;
        }
        let mut found = Found::default();
        let notes = notes_of(place);
        (*notes.start()..=last.min(*notes.end())).for_each(|note| self.heal_page(Page::Note(note), &mut found));
        self.heal_page(Page::Range(place), &mut found);
        Some(found)
    }

    /// Compares the pages that are about all notes.
    pub(super) fn heal_pages(&self) -> Found {
        let mut found = Found::default();
        site::FIXED.into_iter().chain(site::ALWAYS).for_each(|page| self.heal_page(page, &mut found));
        found
    }

    fn heal_page(&self, page: Page, found: &mut Found) {
        found.take(&page.path(), self.write_page(page));
    }
}

impl Files {
    /// Writes a file durably if it has other bytes than these, and returns whether it was written. What cannot be read is
    /// written too.
    fn restore(&self, path: &str, bytes: &[u8]) -> anyhow::Result<bool> {
        if self.read(path).is_ok_and(|old| old.is_some_and(|old| old == bytes)) {
            return Ok(false);
        }
        self.put_durably(path, bytes).map(|()| true)
    }
}
