//! `log.txt`: the entries' lines for people, beside the entries themselves.

use std::io::Write;

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use crate::base::text;
use crate::tlog::entry::Entry;

/// The file so far.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct LogText {
    /// Number of its bytes that were compared.
    pub(super) read: u64,
    pub(super) wrong: Finding,
    /// What stands where a line must stand, and is none, if so.
    pub(super) unreadable: Option<String>,
    /// Whether it is longer than the lines of the entries. The rest may belong to the next head.
    pub(super) goes_on: bool,
    /// The entry before whose line it ends, if it ends too early: it may be updated only from time to time.
    pub(super) ends_before: Option<u64>,
    /// The bytes that must come next, and the entry that they begin with.
    due: Vec<u8>,
    due_from: u64,
}

impl LogText {
    /// Takes the next entry, its LF included.
    pub(super) fn push(&mut self, index: u64, entry: &[u8]) {
        if self.wrong.count() == 0 && self.unreadable.is_none() && self.ends_before.is_none() {
            if self.due.is_empty() {
                self.due_from = index;
            }
            // Writing into memory does not fail.
            let _ = write!(self.due, "{index} ");
            self.due.extend_from_slice(entry);
        }
    }

    /// Number of bytes that must come next.
    pub(super) fn due(&self) -> usize {
        self.due.len()
    }

    /// Takes the next bytes of the file: exactly the expected number, or fewer if it ends there.
    pub(super) fn compare(&mut self, bytes: &[u8]) {
        self.read += bytes.len() as u64;
        if self.due != bytes {
            let same = self.due.iter().zip(bytes).take_while(|(due, found)| due == found).count();
            let start = self.due[..same].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            if same == bytes.len() {
                let lines = self.due[..same].iter().filter(|b| **b == b'\n').count();
                self.ends_before = Some(self.due_from + lines as u64);
            } else if !begins_with_line(&bytes[start..]) {
                let line = bytes[start..].split(|b| *b == b'\n').next().unwrap_or_default();
                self.unreadable = Some(format!("a line of it is none: {}", text::glimpse(line)));
            } else {
                let line = String::from_utf8_lossy(&self.due[start..]);
                let line = text::visible(line.lines().next().unwrap_or_default());
                self.wrong.add(|| format!("log.txt differs from the entries where it must say: {line}"));
            }
        }
        self.due.clear();
    }
}

/// Whether a line of the form of the file comes first: an index, a space, and an entry.
fn begins_with_line(bytes: &[u8]) -> bool {
    let line = bytes.split_inclusive(|b| *b == b'\n').next().unwrap_or_default();
    let space = line.iter().position(|b| *b == b' ').unwrap_or(line.len());
    let (index, entry) = line.split_at(space);
    let is_index = std::str::from_utf8(index).is_ok_and(|index| text::number(index).is_some());
    is_index && entry.get(1..).is_some_and(|entry| Entry::parse(entry).is_ok())
}
