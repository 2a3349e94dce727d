//! The check of a head that the reader kept at an earlier time: a note that was under it existed by then.

use super::{Parts, Trust};
use crate::base::hash::Hash;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::tree::{self, Frontier};
use crate::verify::check::{Check, fails, holds, not_checked};

/// The name of the check.
pub(super) const NAME: &str = "kept head";

/// What is said where the published log cannot show it.
pub(super) const SHORTER: &str = "the published log is shorter than the head";

/// What it shows.
pub(super) const WORDS: &str = "no later than you kept that head: its date is your own word";

/// The kept head, opened by the key that the proof was checked with.
///
/// # Errors
/// Why it cannot be compared.
pub(super) fn open(parts: &Parts, bytes: &[u8]) -> Result<Checkpoint, String> {
    let key = parts.key.as_ref().ok_or("there is no key that can be read")?;
    Checkpoint::open(bytes, key).map_err(|error| format!("it is no head of this log: {error}"))
}

/// The note is under the kept head. None if no head was given. Where sizes differ only the published log can show it, which
/// is not read here.
pub(super) fn check(parts: &Parts, trust: &Trust) -> Option<Check> {
    let bytes = trust.head.as_ref()?;
    Some(match open(parts, bytes) {
        Ok(kept) => compare(parts, &kept),
        Err(why) => not_checked(NAME, why),
    })
}

/// The kept head beside the entries of the published log, where sizes differ.
#[derive(Debug)]
pub(super) struct Beside {
    kept: Checkpoint,
    /// The index of the note's entry.
    index: u64,
    /// The root of as many entries as the kept head has.
    found: Option<Hash>,
}

impl Beside {
    /// None if no head was given that is one of this log.
    pub(super) fn of(parts: &Parts, trust: &Trust) -> Option<Beside> {
        let kept = open(parts, trust.head.as_ref()?).ok()?;
        let found = (kept.size == 0).then(tree::empty_root);
        Some(Beside { kept, index: parts.proof.get()?.index, found })
    }

    /// Takes the log as it is after the next entry.
    pub(super) fn take(&mut self, log: &Frontier) {
        if log.len() == self.kept.size {
            self.found = Some(log.root());
        }
    }

    /// What the published log shows of it, whose entries lead to its own head and to the proof's.
    pub(super) fn check(&self) -> Check {
        let size = self.kept.size;
        match self.found {
            Some(root) if root != self.kept.root => fails(
                NAME,
                format!(
                    "the published log does not continue the head of {size} entries that you kept: it was rewritten"
                ),
            ),
            Some(_) if self.index < size => holds(
                NAME,
                format!(
                    "the note is under the head of {size} entries that you kept, and the published log continues it"
                ),
            ),
            Some(_) => not_checked(NAME, format!("the note came after the head of {size} entries that you kept")),
            None => not_checked(NAME, format!("{SHORTER} of {size} entries that you kept")),
        }
    }
}

fn compare(parts: &Parts, kept: &Checkpoint) -> Check {
    let own = parts.checkpoint.iter().chain(parts.later.iter().filter_map(|later| later.held.as_ref()));
    match own.clone().find(|head| head.size == kept.size) {
        Some(head) if head.root == kept.root => {
            holds(NAME, format!("the head of {} entries that you kept is one of this proof's", kept.size))
        }
        Some(_) => fails(
            NAME,
            format!(
                "the head of {} entries that you kept has another root: the log has shown two histories",
                kept.size
            ),
        ),
        None => not_checked(
            NAME,
            format!(
                "it has {} entries, and the proof's has another number: give the published log with --site",
                kept.size
            ),
        ),
    }
}
