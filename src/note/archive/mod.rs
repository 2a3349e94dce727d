//! Zip archives: always written in the same way, and read as if the writer were an attacker.
//!
//! [`unpack`] takes every archive that all programs read alike, whoever wrote it. It refuses whatever two programs could
//! read in two ways: then nobody is shown other files than those that are checked. [`read`] takes only what [`write()`]
//! makes.

mod bytes;
mod path;
mod extra;
mod end;
mod list;
mod data;

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use zip::result::ZipResult;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime};

use crate::base::text::visible;
use crate::note::names;

/// The largest archive, in bytes.
pub const ARCHIVE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Most bytes that the files of one archive have together.
pub const UNPACKED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The most files in an archive that we write.
pub const FILES_MAX: usize = 128;

/// The most files and folders in an archive that somebody else wrote.
pub const UNPACKED_FILES_MAX: usize = 4096;

/// What every zip archive with a file in it begins with.
const MAGIC: &[u8] = b"PK\x03\x04";

/// Why an archive was not read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is something else.
    #[error("this is not a zip archive")]
    NotZip,
    /// It is larger than [`ARCHIVE_BYTES_MAX`].
    #[error("the archive is {size} bytes long, more than the {ARCHIVE_BYTES_MAX} allowed")]
    TooLarge {
        /// Its length in bytes.
        size: u64,
    },
    /// It is a zip archive, but damaged, or of a shape that programs read in different ways.
    #[error("{what}")]
    Refused {
        /// What is wrong with it.
        what: String,
    },
    /// Two files have the same path on some system.
    #[error("the archive has two files in one place: {first} and {second}")]
    Twice {
        /// The path of the first.
        first: String,
        /// The path of the second, which may differ in case.
        second: String,
    },
}

fn refused(what: impl Into<String>) -> ArchiveError {
    ArchiveError::Refused { what: what.into() }
}

/// The files of an archive by name.
pub(crate) type ArchiveFiles = BTreeMap<String, Vec<u8>>;

/// One file of an archive.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ArchivedFile {
    /// Its path there: parts with `/` between them, none of which is empty, `.` or `..`; no control characters.
    pub(crate) path: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// How much may still be unpacked: one for an archive and all the archives in it.
pub(crate) struct Room {
    files: usize,
    bytes: u64,
}

impl Default for Room {
    fn default() -> Room {
        Room { files: UNPACKED_FILES_MAX, bytes: UNPACKED_BYTES_MAX }
    }
}

/// The archive with these files in this order: not compressed, every time stamp the same, so that the same files make
/// the same bytes. The names must differ.
pub(crate) fn write(files: &[(String, &[u8])]) -> Vec<u8> {
    // In memory, with distinct names and room for large files where one is large, nothing can fail.
    try_write(files).expect("an archive of distinct names can be written to memory")
}

fn try_write(files: &[(String, &[u8])]) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(written_len(files))));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644)
            .large_file(u64::from(u32::MAX) <= bytes.len() as u64);
        zip.start_file(name, options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Unpacks an archive into memory, in the order of its list; folders are left out. Memory grows only with the bytes that
/// are read, whatever headers claim, and stops at what the [`Room`] still has.
///
/// # Errors
/// If it is no archive, is damaged, has anything that another program could read in another way, has a file that is none,
/// or leads out of its folder, or has too much of anything. Section 6.1 of the formats says what is tolerated.
pub(crate) fn unpack_in(zip: &[u8], room: &mut Room) -> Result<Vec<ArchivedFile>, ArchiveError> {
    if ARCHIVE_BYTES_MAX < zip.len() as u64 {
        return Err(ArchiveError::TooLarge { size: zip.len() as u64 });
    }
    let end = end::find(zip)?;
    let listed = list::read(zip, &end, room.files)?;
    room.files -= listed.len();
    let places = data::places(zip, &listed, end.list)?;
    let mut files = Vec::new();
    for (file, packed) in listed.into_iter().zip(places) {
        let bytes = data::unpack(&file, packed, room.bytes)?;
        room.bytes -= bytes.len() as u64;
        if !file.is_folder {
            files.push(ArchivedFile { path: file.path, bytes });
        }
    }
    Ok(files)
}

/// Unpacks an archive as [`unpack_in`] with all the [`Room`] that there is.
///
/// # Errors
/// As [`unpack_in`].
pub(crate) fn unpack(zip: &[u8]) -> Result<Vec<ArchivedFile>, ArchiveError> {
    unpack_in(zip, &mut Room::default())
}

/// Reads an archive that is, to the byte, what [`write()`] makes of its files.
///
/// # Errors
/// If it is anything else, or has more than [`FILES_MAX`] files, or one that is longer than its name allows.
pub(crate) fn read(zip: &[u8]) -> Result<ArchiveFiles, ArchiveError> {
    let files = unpack(zip)?;
    if FILES_MAX < files.len() {
        return Err(refused(format!("the archive has {} files, more than the {FILES_MAX} allowed", files.len())));
    }
    for file in &files {
        let limit = names::bytes_max(&file.path);
        if !names::is_plain(&file.path) {
            return Err(refused(format!(
                "the archive has a file with a name that is not allowed: {}",
                visible(&file.path)
            )));
        }
        if limit < file.bytes.len() as u64 {
            return Err(refused(format!("{} is longer than the {limit} bytes allowed", file.path)));
        }
    }
    if !is_ours(zip, &files) {
        return Err(refused("the archive was packed by another program"));
    }
    Ok(files.into_iter().map(|file| (file.path, file.bytes)).collect())
}

/// Whether the bytes begin as an archive with a file in it does.
pub(crate) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Whether the archive, of which these are all the files, is what [`write()`] makes of them.
pub(crate) fn is_ours(zip: &[u8], files: &[ArchivedFile]) -> bool {
    let files: Vec<(String, &[u8])> = files.iter().map(|file| (file.path.clone(), file.bytes.as_slice())).collect();
    written_len(&files) == zip.len() && try_write(&files).is_ok_and(|ours| ours == zip)
}

/// How long [`write()`] makes the archive of these files: two headers for each, with its name, its bytes, and the end.
fn written_len(files: &[(String, &[u8])]) -> usize {
    22 + files.iter().map(|(name, bytes)| 30 + 46 + 2 * name.len() + bytes.len()).sum::<usize>()
}

#[cfg(test)]
mod tests;
