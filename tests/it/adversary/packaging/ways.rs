//! The ways: each makes something else of an honest proof, as people and programs do who mean no harm.

use super::zips::Listed;
use crate::support::fixture::{self, unzip};

/// What somebody has in hand in the end.
pub enum Made {
    /// One file, with its name.
    File(&'static str, Vec<u8>),
    /// A folder of files.
    Folder(Listed),
}

/// One way.
pub struct Way {
    /// Who or what does it, in plain words.
    pub name: &'static str,
    pub made: Made,
}

/// The archive as it is handed out.
pub fn handed_out() -> Vec<u8> {
    fixture::proof().pack()
}

/// Its files, each under its proper name.
pub fn files() -> Listed {
    unzip(&handed_out()).into_iter().collect()
}

/// Its files in this folder, which ends in a separator.
pub fn below(folder: &str) -> Listed {
    files().into_iter().map(|(name, bytes)| (format!("{folder}{name}"), bytes)).collect()
}

/// The same files and these.
pub fn with(mut files: Listed, more: &[(&str, &[u8])]) -> Listed {
    files.extend(more.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())));
    files
}

/// The files, each under the name that this makes of its own.
pub fn renamed(new: impl Fn(&str) -> String) -> Listed {
    files().into_iter().map(|(name, bytes)| (new(&name), bytes)).collect()
}

/// The files, with other bytes in some of them.
pub fn rewritten(is_in: impl Fn(&str) -> bool, new: impl Fn(&[u8]) -> Vec<u8>) -> Listed {
    let change = |(name, bytes): (String, Vec<u8>)| {
        let bytes = if is_in(&name) { new(&bytes) } else { bytes };
        (name, bytes)
    };
    files().into_iter().map(change).collect()
}

/// The files without those of this kind.
pub fn without(is_out: impl Fn(&str) -> bool) -> Listed {
    files().into_iter().filter(|(name, _)| !is_out(name)).collect()
}

pub fn archive(name: &'static str, zip: Vec<u8>) -> Way {
    Way { name, made: Made::File("note-2.proof.zip", zip) }
}

pub fn file(name: &'static str, called: &'static str, bytes: &[u8]) -> Way {
    Way { name, made: Made::File(called, bytes.to_vec()) }
}

pub fn folder(name: &'static str, files: Listed) -> Way {
    Way { name, made: Made::Folder(files) }
}
