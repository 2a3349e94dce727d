//! The list of a proof's files: which of the given files it is, and what it says.

use super::{Given, NotRead, kind, names, text};
use crate::base::text::visible;
use crate::note::names as proper;
use crate::note::proof::Sums;

/// The list of hashes, `SHA256SUMS`.
pub(super) struct List {
    /// Which of the given files it is: one, or the same several times.
    pub at: Vec<usize>,
    /// What it says. None if it cannot be read, whatever was done to it.
    pub sums: Option<Sums>,
    /// What was done to it as a text.
    pub done: text::Done,
}

impl List {
    /// The proper name that is this one in lower case, of any file but the list.
    pub(super) fn proper(&self, lower: &str) -> Option<String> {
        let Some(Sums(sums)) = &self.sums else {
            return names::known(lower).filter(|name| name != proper::SUMS);
        };
        let all = sums.keys().map(String::as_str).chain([proper::README]);
        all.into_iter().find(|name| name.eq_ignore_ascii_case(lower)).map(str::to_owned)
    }
}

/// Finds the list: by its name, or else by what it lists. None if there is none that names a part of a proof.
pub(super) fn find(given: &[Given]) -> Result<Option<List>, NotRead> {
    let is_sums = |lower: &str| (lower == "sha256sums").then(String::new);
    let (named, other): (Vec<usize>, Vec<usize>) =
        (0..given.len()).partition(|at| names::proper_of(&given[*at].path, is_sums).is_some());
    let may_be = |at: &usize| lists_parts(&given[*at].bytes).unwrap_or(true);
    let mut found: Vec<usize> = named.into_iter().filter(may_be).collect();
    if found.is_empty() {
        found.extend(other.into_iter().filter(|at| lists_parts(&given[*at].bytes) == Some(true)));
    }
    let Some(&at) = found.first() else { return Ok(None) };
    if found.iter().any(|other| given[*other].bytes != given[at].bytes) {
        let paths = found.iter().map(|at| visible(&given[*at].path)).collect();
        return Err(NotRead::Ambiguous { place: proper::SUMS.to_owned(), paths });
    }
    if let Some(what) = kind::in_its_place(&given[at].bytes) {
        return Err(NotRead::Parts { missing: vec![format!("{} ({what} is in its place)", proper::SUMS)] });
    }
    let (sums, done) = read(&given[at].bytes).unzip();
    Ok(Some(List { at: found, sums, done: done.unwrap_or_default() }))
}

/// What the list says, and what was done to it as a text.
fn read(bytes: &[u8]) -> Option<(Sums, text::Done)> {
    // In UTF-16 every letter takes two bytes.
    if 2 * proper::SUMS_BYTES_MAX + 2 < bytes.len() {
        return None;
    }
    let sums = |before: text::Before| Some((Sums::parse(&before.bytes).ok()?, before.done));
    text::before(bytes).into_iter().filter_map(sums).find(|(sums, _)| !sums.0.is_empty())
}

/// Whether a list names a part of some proof. None if it is no list.
fn lists_parts(bytes: &[u8]) -> Option<bool> {
    let (Sums(sums), _) = read(bytes)?;
    Some(sums.keys().any(|name| names::known(name).is_some()))
}
