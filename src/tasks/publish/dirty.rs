//! Which pages are to be written: a list of bounded size, whatever the number of pages.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::site::{Page, RANGE, notes_of, range_of};

/// If more notes than this are to be written, whole ranges are remembered instead.
const NOTES_MAX: usize = 1024;

/// The pages that are to be written.
#[derive(Default)]
pub(super) struct Dirty {
    notes: BTreeSet<u64>,
    ranges: BTreeSet<u64>,
    /// Ranges of which every page is dirty.
    whole: BTreeSet<u64>,
    /// The last note that is known.
    last: u64,
}

impl Dirty {
    /// These notes have changed.
    pub(super) fn touch(&mut self, notes: RangeInclusive<u64>) {
        self.last = self.last.max(*notes.end());
        for note in notes {
            if NOTES_MAX <= self.notes.len() {
                self.whole.insert(range_of(note));
            } else {
                self.touch_one(note);
            }
        }
    }

    fn touch_one(&mut self, note: u64) {
        self.notes.insert(note);
        self.ranges.insert(range_of(note));
        if note.is_multiple_of(RANGE) {
            // The full range's page leads to the next one.
            self.ranges.insert(range_of(note) + 1);
        }
    }

    /// Every page of a log whose last note is `last` is dirty.
    pub(super) fn all(&mut self, last: u64) {
        *self = Dirty { last, ..Dirty::default() };
        if 0 < last {
            self.whole.extend(0..=range_of(last));
        }
    }

    /// Number of dirty pages, or a little more.
    pub(super) fn len(&self) -> u64 {
        (self.notes.len() + self.ranges.len()) as u64 + self.whole.len() as u64 * (RANGE + 1)
    }

    /// The next page to write, the newest notes first.
    pub(super) fn pop(&mut self) -> Option<Page> {
        if self.notes.is_empty()
            && self.ranges.is_empty()
            && let Some(place) = self.whole.pop_last()
        {
            let notes = notes_of(place);
            (*notes.start()..=self.last.min(*notes.end())).for_each(|note| self.touch_one(note));
        }
        self.notes.pop_last().map(Page::Note).or_else(|| self.ranges.pop_last().map(Page::Range))
    }
}
