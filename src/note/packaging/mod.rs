//! How a proof comes: packed anew by other programs, unpacked, renamed, with other files around it, or spoilt on its way.
//!
//! What belongs to the proof is found and given its proper name, and what does not is set aside. Whoever changes a proof
//! so gains nothing: every file is still judged by its hash afterwards. And where the files cannot be what their sender
//! gave, for a reason that is no fault of the evidence, it is not judged.

mod kind;
mod names;
mod junk;
mod text;
mod version;
mod list;
mod place;
mod inside;

use crate::base::text::visible;
use crate::note::archive::{self, ArchiveError, ArchivedFile, Room};
use crate::note::proof::Files;
use crate::note::redacted;
use list::List;

/// How deep an archive may be inside others.
const LEVELS_MAX: usize = 2;

/// A file as it was given: a path or name, and bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    /// Where it was found, as whoever gave it says it: `proof/post (1).txt`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl From<ArchivedFile> for Given {
    fn from(file: ArchivedFile) -> Given {
        Given { path: file.path, bytes: file.bytes }
    }
}

/// The files of one proof under their proper names, and what was found about how they were packed. They are not yet
/// checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed {
    /// Each file by the name that it has in a proof.
    pub files: Files,
    /// The paths of the files that were not looked at, with the reason if it is not obvious.
    pub set_aside: Vec<String>,
    /// How this was packed anew, if it was.
    pub remarks: Vec<String>,
}

redacted!(Given, Packed);

/// Why the evidence is not judged. Each is shown as what happened, LF, and what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotRead {
    /// It is no proof at all.
    #[error("this is {what}, not a proof\n{next}")]
    NoProof {
        /// What it is.
        what: String,
        /// What to do.
        next: String,
    },
    /// It is larger than any proof.
    #[error("this is {size} bytes long, more than the {} that a proof can have\n{ASK}", archive::ARCHIVE_BYTES_MAX)]
    TooLarge {
        /// Its length in bytes.
        size: u64,
    },
    /// The archive is damaged, or two programs could unpack two different things from it.
    #[error("the archive cannot be read: {what}\n{ASK}")]
    Refused {
        /// What is wrong with it.
        what: String,
    },
    /// Files of the proof are missing.
    #[error("parts of the proof were removed on the way: {}\n{ASK}", listed(missing))]
    Parts {
        /// Their proper names, with what stands in their place if something does.
        missing: Vec<String>,
    },
    /// A file looks like a part of the proof, and the list does not name it.
    #[error("{path} looks like a part of the proof, and SHA256SUMS does not name it\n{ASK}")]
    Unlisted {
        /// Its path.
        path: String,
    },
    /// A file has a format that came later than this program.
    #[error(
        "{file} is of version {found} of its format, which this program does not know\n\
         get a newer version of the program, and check the proof with that"
    )]
    Version {
        /// Its proper name.
        file: String,
        /// The version that it says.
        found: String,
    },
    /// A program on the way wrote the text files anew, and nothing else was changed.
    #[error("{cause}\nask for the file as it was, in one archive: note-<n>.proof.zip")]
    LineEnds {
        /// What was done to which files, and what shows it.
        cause: String,
    },
    /// Several files are for one place, and they differ.
    #[error(
        "several files are for one place, {place}: {}\ngive one proof at a time, as it was handed out",
        listed(paths)
    )]
    Ambiguous {
        /// The proper name that they all would have.
        place: String,
        /// Their paths.
        paths: Vec<String>,
    },
}

/// What to do where nothing better is known.
const ASK: &str = "ask for the file note-<n>.proof.zip as it was handed out, and give that";

/// The first few of these, and how many more there are.
fn listed(all: &[String]) -> String {
    const SHOWN: usize = 8;
    let first = all[..all.len().min(SHOWN)].join(", ");
    if all.len() <= SHOWN { first } else { format!("{first} and {} more", all.len() - SHOWN) }
}

impl NotRead {
    fn from_archive(zip: &[u8], error: ArchiveError) -> NotRead {
        match error {
            ArchiveError::NotZip => kind::no_proof(zip),
            ArchiveError::TooLarge { size } => NotRead::TooLarge { size },
            ArchiveError::Refused { what } => NotRead::Refused { what },
            ArchiveError::Twice { first, second } => NotRead::Ambiguous {
                place: visible(names::last(&first)),
                paths: vec![visible(&first), visible(&second)],
            },
        }
    }
}

/// Finds the proof in an archive.
///
/// # Errors
/// If the evidence in it cannot be judged: see [`NotRead`].
pub fn open(zip: &[u8]) -> Result<Packed, NotRead> {
    open_in(zip, &mut Room::default(), LEVELS_MAX)
}

/// Finds the proof among files: those of a folder, or files that were chosen one by one. A single archive is opened.
///
/// # Errors
/// As [`open`].
pub fn gather(given: Vec<Given>) -> Result<Packed, NotRead> {
    match given.as_slice() {
        [file] if archive::is_archive(&file.bytes) => open(&file.bytes),
        _ => gather_in(given, &mut Room::default(), LEVELS_MAX + 1),
    }
}

/// Opens an archive, in which others may be so deep inside each other.
fn open_in(zip: &[u8], room: &mut Room, levels: usize) -> Result<Packed, NotRead> {
    let files = archive::unpack_in(zip, room).map_err(|error| NotRead::from_archive(zip, error))?;
    let is_ours = archive::is_ours(zip, &files);
    let mut packed = gather_in(files.into_iter().map(Given::from).collect(), room, levels)?;
    if !is_ours {
        packed.remarks.insert(0, "by another program".to_owned());
    }
    Ok(packed)
}

fn gather_in(given: Vec<Given>, room: &mut Room, levels: usize) -> Result<Packed, NotRead> {
    let (junk, given): (Vec<Given>, Vec<Given>) = given.into_iter().partition(|file| junk::is_junk(&file.path));
    let mut packed = match list::find(&given)? {
        Some(list) => listed_in(given, list)?,
        None => inside::find(given, room, levels)?,
    };
    packed.set_aside.extend(junk.iter().map(|file| visible(&file.path)));
    Ok(packed)
}

/// The proof whose list of files is among these.
fn listed_in(given: Vec<Given>, list: List) -> Result<Packed, NotRead> {
    let packed = place::sort(given, &list)?;
    version::check(&packed.files)?;
    if let Some(sums) = &list.sums {
        text::check(&packed.files, sums, list.done)?;
    }
    Ok(packed)
}

#[cfg(test)]
mod tests;
