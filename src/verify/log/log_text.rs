//! `log.txt`: the entries' lines for people, beside the entries themselves.

use std::io::Write;

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use crate::base::text;

/// The file so far.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct LogText {
    /// How many bytes of it were compared.
    pub(super) read: u64,
    pub(super) wrong: Finding,
    /// Whether it has more than the lines of the entries: perhaps those of the next head.
    pub(super) goes_on: bool,
    /// Before the line of which entry it ends, if it does so too early: perhaps it is brought up to date now and then.
    pub(super) ends_before: Option<u64>,
    /// What must come next, and from which entry on.
    due: Vec<u8>,
    due_from: u64,
}

impl LogText {
    /// Takes the next entry, its LF included.
    pub(super) fn push(&mut self, index: u64, entry: &[u8]) {
        if self.wrong.count() == 0 && self.ends_before.is_none() {
            if self.due.is_empty() {
                self.due_from = index;
            }
            // Writing into memory does not fail.
            let _ = write!(self.due, "{index} ");
            self.due.extend_from_slice(entry);
        }
    }

    /// How many bytes must come next.
    pub(super) fn due(&self) -> usize {
        self.due.len()
    }

    /// Takes the next bytes of the file: as many as are due, unless it ends before.
    pub(super) fn compare(&mut self, bytes: &[u8]) {
        self.read += bytes.len() as u64;
        if self.due != bytes {
            let same = self.due.iter().zip(bytes).take_while(|(due, found)| due == found).count();
            let line = self.due[..same].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            if same == bytes.len() && line == same {
                let lines = self.due[..same].iter().filter(|b| **b == b'\n').count();
                self.ends_before = Some(self.due_from + lines as u64);
            } else {
                let line = String::from_utf8_lossy(&self.due[line..]);
                let line = text::visible(line.lines().next().unwrap_or_default());
                self.wrong.add(|| format!("log.txt differs from the entries where it must say: {line}"));
            }
        }
        self.due.clear();
    }
}
