//! Which file is which part of the proof: by its name, or else by its hash.

use std::collections::{BTreeMap, BTreeSet};

use super::list::List;
use super::{Given, NotRead, Packed, kind, listed, names};
use crate::base::hash::Hash;
use crate::base::text::visible;
use crate::note::names as proper;
use crate::note::proof::Sums;

/// Gives each file that belongs its proper name, and sets the others aside. The list says which files belong.
pub(super) fn sort(given: Vec<Given>, list: &List) -> Result<Packed, NotRead> {
    let (mut places, mut unclaimed) = (BTreeMap::<String, Vec<Given>>::new(), Vec::new());
    for (at, file) in given.into_iter().enumerate() {
        let place = match list.at.contains(&at) {
            true => Some(proper::SUMS.to_owned()),
            false => names::proper_of(&file.path, |lower| list.proper(lower)),
        };
        match place {
            Some(place) => places.entry(place).or_default().push(file),
            None => unclaimed.push(file),
        }
    }
    let mut sorted = Sorted::default();
    for (place, claimants) in places {
        sorted.take(place, claimants)?;
    }
    for file in unclaimed {
        sorted.take_by_hash(file, list.sums.as_ref())?;
    }
    sorted.check(list)?;
    Ok(sorted.packed())
}

/// What is sorted so far.
#[derive(Default)]
struct Sorted {
    files: BTreeMap<String, Vec<u8>>,
    set_aside: Vec<String>,
    /// Which part has which other name.
    renamed: Vec<String>,
    /// The folders that files were taken from.
    folders: BTreeSet<String>,
}

impl Sorted {
    fn put(&mut self, place: String, path: &str, bytes: Vec<u8>) {
        let name = names::last(path);
        let folder = path[..path.len() - name.len()].trim_end_matches(['/', '\\']);
        self.folders.insert(folder.to_owned());
        if name != place {
            self.renamed.push(format!("{place} to {}", visible(name)));
        }
        self.files.insert(place, bytes);
    }

    /// All files that are called like this part: one, or the same several times.
    fn take(&mut self, place: String, claimants: Vec<Given>) -> Result<(), NotRead> {
        // Nothing vouches for an explanation, and many folders have one.
        let may_differ = place == proper::README;
        if !may_differ && claimants.iter().any(|file| file.bytes != claimants[0].bytes) {
            let paths = claimants.iter().map(|file| visible(&file.path)).collect();
            return Err(NotRead::Ambiguous { place, paths });
        }
        let mut claimants = claimants.into_iter();
        if let Some(first) = claimants.next() {
            let how = if may_differ { "beside" } else { "the same as" };
            let again = |file: Given| format!("{} ({how} {})", visible(&file.path), visible(&first.path));
            self.set_aside.extend(claimants.map(again));
            self.put(place, &first.path, first.bytes);
        }
        Ok(())
    }

    /// A file whose name says nothing: it is each part that has its hash and that nothing else is called.
    fn take_by_hash(&mut self, file: Given, sums: Option<&Sums>) -> Result<(), NotRead> {
        let hash = Hash::of(&file.bytes);
        let listed = sums.into_iter().flat_map(|Sums(sums)| sums);
        let is_free = |(name, listed): &(&String, &Hash)| **listed == hash && !self.files.contains_key(*name);
        let places: Vec<String> = listed.filter(is_free).map(|(name, _)| name.clone()).collect();
        if places.is_empty() {
            if self.is_like_a_part(&file.path) {
                return Err(NotRead::Unlisted { path: visible(&file.path) });
            }
            self.set_aside.push(format!("{} ({} does not name it)", visible(&file.path), proper::SUMS));
        }
        for place in places {
            self.put(place, &file.path, file.bytes.clone());
        }
        Ok(())
    }

    /// Whether somebody who unpacks the proof would take a file of this name for one of its parts.
    fn is_like_a_part(&self, path: &str) -> bool {
        let Some(name) = names::proper_of(path, names::known) else { return false };
        let of_note = |known: &String| known.split_once('.').map(|(note, _)| note.to_owned());
        let note = self.files.keys().find(|known| proper::note_of_envelope(known).is_some()).and_then(of_note);
        let is_of_note = note.is_some_and(|note| name.starts_with(&format!("{note}.")));
        is_of_note || (!name.starts_with("note-") && ![proper::README, proper::SUMS].contains(&name.as_str()))
    }

    /// Checks that all parts came as they were sent, as far as a program on the way is to blame.
    fn check(&self, list: &List) -> Result<(), NotRead> {
        for (name, bytes) in &self.files {
            let limit = proper::bytes_max(name);
            if limit < bytes.len() as u64 {
                return Err(NotRead::Refused { what: format!("{name} is longer than the {limit} bytes allowed") });
            }
        }
        let Some(Sums(sums)) = &list.sums else { return Ok(()) };
        let missing: Vec<String> = sums.iter().filter_map(|(name, hash)| self.missing(name, *hash)).collect();
        if missing.is_empty() { Ok(()) } else { Err(NotRead::Parts { missing }) }
    }

    /// What to say of a part that is not there, or in whose place is what a cloud drive or a site puts there.
    fn missing(&self, name: &str, hash: Hash) -> Option<String> {
        let Some(bytes) = self.files.get(name) else { return Some(name.to_owned()) };
        let what = kind::in_its_place(bytes).filter(|_| Hash::of(bytes) != hash)?;
        Some(format!("{name} ({what} is in its place)"))
    }

    fn packed(self) -> Packed {
        let folders: Vec<&String> = self.folders.iter().collect();
        let folder = match folders.as_slice() {
            [folder] if folder.is_empty() => None,
            [folder] => Some(format!("in a folder: {}", visible(folder))),
            _ => Some("in several folders".to_owned()),
        };
        let renamed = (!self.renamed.is_empty()).then(|| format!("renamed: {}", listed(&self.renamed)));
        let remarks = folder.into_iter().chain(renamed).collect();
        Packed { files: self.files.into(), set_aside: self.set_aside, remarks }
    }
}
