//! `SHA256SUMS`: the list that `sha256sum -c` reads.

use std::collections::BTreeMap;

use crate::base::hash::Hash;
use crate::base::text::{self, Lines, ParseError};
use crate::note::FILES_MAX;
use crate::note::names::{self, SUMS_BYTES_MAX};

/// The SHA-256 of each file by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sums(pub BTreeMap<String, Hash>);

impl Sums {
    /// The list of these files: all but the list itself and `README.txt`.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Sums {
        let listed = files.into_iter().filter(|(name, _)| ![names::SUMS, names::README].contains(name));
        Sums(listed.map(|(name, bytes)| (name.to_owned(), Hash::of(bytes))).collect())
    }

    /// Reads a whole list.
    ///
    /// # Errors
    /// If it is longer than [`SUMS_BYTES_MAX`], names a file twice or out of order, or differs from the format otherwise.
    pub fn parse(bytes: &[u8]) -> Result<Sums, ParseError> {
        const FORM: &str = "<64 hex digits>, two spaces, and a name that is greater than the one before";
        let mut lines = Lines::new(names::SUMS, bytes, SUMS_BYTES_MAX)?;
        let mut sums: BTreeMap<String, Hash> = BTreeMap::new();
        while !lines.rest().is_empty() {
            let line = lines.next(FORM)?;
            let parts = line.split_once("  ").and_then(|(hash, name)| Some((text::hash(hash)?, name)));
            let (hash, name) = lines.value(FORM, parts)?;
            let in_order = sums.last_key_value().is_none_or(|(before, _)| before.as_str() < name);
            let itself = [names::SUMS, names::README].contains(&name);
            if !in_order || itself || !names::is_plain(name) || sums.len() == FILES_MAX {
                return Err(lines.error(FORM));
            }
            sums.insert(name.to_owned(), hash);
        }
        Ok(Sums(sums))
    }

    /// The list, a line a file, ascending by the bytes of the name.
    pub fn to_text(&self) -> String {
        self.0.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect()
    }
}
