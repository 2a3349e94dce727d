//! What each post must say: a pure function of the log, computed while it is read.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::base::hash::Hash;
use crate::base::time::Time;
use crate::tlog::tree::Frontier;
use crate::wording::post::PostText;

/// Number of entries after a note's for which the root that its post must show is kept.
pub const WINDOW_MAX: usize = 1 << 18;

/// A note without a post yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Sealed {
    pub(super) note: u64,
    pub(super) index: u64,
    pub(super) time: Time,
    pub(super) commitment: Hash,
}

/// The tree as it was some entries ago, and the steps from there to the present.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Texts {
    past: Frontier,
    /// For each entry since then, the root of the largest subtree that it completed.
    since: VecDeque<Hash>,
}

impl Texts {
    pub(super) fn new(present: &Frontier) -> Texts {
        Texts { past: present.clone(), since: VecDeque::new() }
    }

    /// Takes the root of the largest subtree that the next entry completes.
    pub(super) fn push(&mut self, root: Hash) {
        self.since.push_back(root);
        if WINDOW_MAX < self.since.len() {
            self.advance(self.past.len() + 1);
        }
    }

    /// The text of a post that shows the notes from `first` to `last`. None if they are too long ago.
    pub(super) fn text(&mut self, first: u64, last: Sealed) -> Option<PostText> {
        let size = last.index + 1;
        if size < self.past.len() {
            return None;
        }
        self.advance(size);
        let root = self.past.root();
        Some(match last.note {
            note if note == first => PostText::Note { note, commitment: last.commitment, size, root },
            last => PostText::Run { first, last, size, root },
        })
    }

    /// Goes on from the present: no note waits for its post.
    pub(super) fn forget(&mut self, present: &Frontier) {
        self.past.clone_from(present);
        self.since.clear();
    }

    fn advance(&mut self, size: u64) {
        while self.past.len() < size {
            let Some(root) = self.since.pop_front() else { return };
            self.past.replay(root);
        }
    }
}
