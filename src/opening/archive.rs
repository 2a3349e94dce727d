//! Zip archives: written always alike, read as if the writer were an enemy.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};

use zip::read::Config;
use zip::result::{ZipError, ZipResult};
use zip::unstable::read::ZipIterable;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime, ExtraField, ZipArchive};

use crate::opening::names;

/// The largest archive, in bytes.
pub const ARCHIVE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The most bytes that the files of one archive have together.
pub const UNPACKED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The most files in one archive.
pub const FILES_MAX: usize = 64;

/// What every zip archive with a file in it begins with.
const MAGIC: &[u8] = b"PK\x03\x04";

/// What the record at the end of an archive begins with, and its length without a comment.
const END_MAGIC: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;

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
    /// It is a zip archive, but damaged, or of a shape that no program of ours writes.
    #[error("{what}")]
    Refused {
        /// What is wrong with it.
        what: String,
    },
}

fn refused(what: String) -> ArchiveError {
    ArchiveError::Refused { what }
}

/// The files of an archive by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The archive with these files in this order: not compressed, every time stamp the same, so that the same files make
/// the same bytes. The names must differ.
pub(crate) fn write(files: &[(String, &[u8])]) -> Vec<u8> {
    // In memory, with distinct names and room for large files where one is large, there is nothing left that can fail.
    try_write(files).expect("an archive of distinct names can be written to memory")
}

fn try_write(files: &[(String, &[u8])]) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
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

/// Unpacks a whole archive into memory. Nothing is allocated because a header says so: what is read is counted, and the
/// reading stops at each file's own limit and at [`UNPACKED_BYTES_MAX`] for all. At worst it takes 512 MiB of memory,
/// which takes an archive that really has so much in it.
///
/// # Errors
/// If it is no archive, or one with directories, links, encryption, compression other than deflate, twice the same name,
/// a name that is not plain, parts that overlap or hide, two headers that disagree, bytes that belong to no file, a wrong
/// checksum, or too much of anything.
pub(crate) fn read(zip: &[u8]) -> Result<Files, ArchiveError> {
    if ARCHIVE_BYTES_MAX < zip.len() as u64 {
        return Err(ArchiveError::TooLarge { size: zip.len() as u64 });
    }
    let damaged = |error: ZipError| match zip.starts_with(MAGIC) {
        true => refused(format!("the archive is damaged: {error}")),
        false => ArchiveError::NotZip,
    };
    check_list(zip, damaged)?;
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(damaged)?;
    if archive.offset() != 0 {
        return Err(refused(format!("{} bytes stand before the archive", archive.offset())));
    }
    check_end(zip, archive.central_directory_start())?;
    archive.validate_header_consistency().map_err(damaged)?;
    check_places(zip, &mut archive, damaged)?;
    let mut files = Files::new();
    let mut left = UNPACKED_BYTES_MAX;
    for index in 0..archive.len() {
        let (name, bytes) = read_file(&mut archive, index, left)?;
        left -= bytes.len() as u64;
        files.insert(name, bytes);
    }
    Ok(files)
}

/// Looks at the list of files before anything keeps it: how many there are, and what they are called.
fn check_list(zip: &[u8], damaged: impl Fn(ZipError) -> ArchiveError) -> Result<(), ArchiveError> {
    let mut list = ZipIterable::try_new(Cursor::new(zip), Config::default()).map_err(&damaged)?;
    if FILES_MAX < list.len() {
        return Err(refused(format!("the archive has {} files, more than the {FILES_MAX} allowed", list.len())));
    }
    let mut names = BTreeSet::new();
    for entry in list.files().map_err(&damaged)? {
        let entry = entry.map_err(&damaged)?;
        let name = plain_name(entry.name_raw(), entry.name().map_err(&damaged)?.as_bytes())?;
        if !entry.is_file() || !is_regular(entry.external_attributes()) {
            return Err(refused(format!("{name} is not a file")));
        }
        if entry.encrypted() {
            return Err(refused(format!("{name} is encrypted")));
        }
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(refused(format!("{name} is compressed by {}, not by deflate", entry.compression())));
        }
        if !names.insert(name.to_ascii_lowercase()) {
            return Err(refused(format!("the archive has two files with the name {name}")));
        }
    }
    Ok(())
}

/// The upper four bits are the kind of file on Unix, where 8 is a regular one; bit 4 marks a folder on DOS.
fn is_regular(attributes: u32) -> bool {
    [0, 8].contains(&(attributes >> 28)) && attributes & 0x10 == 0
}

/// The files follow each other from the first byte to the list, and the list goes to the record at the end. Behind the data
/// of a file whose header says so stands a descriptor of 12 bytes, or 16 with its signature.
fn check_places(
    zip: &[u8],
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    damaged: impl Fn(ZipError) -> ArchiveError,
) -> Result<(), ArchiveError> {
    let list = archive.central_directory_start();
    let (mut places, mut list_end) = (Vec::new(), list);
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(&damaged)?;
        if file.extra_data_fields().any(|field| matches!(field, ExtraField::UnicodePath(_))) {
            return Err(refused("a file in the archive has a second name".to_owned()));
        }
        let end = file.data_start().unwrap_or(0).saturating_add(file.compressed_size());
        places.push((file.header_start(), end, file.flags().is_using_data_descriptor()));
        list_end = list_end.max(end_of_listed(zip, file.central_header_start()));
    }
    places.sort_unstable();
    let starts: Vec<u64> = places.iter().map(|(start, ..)| *start).chain([list]).collect();
    let adjoin = |((_, end, descriptor), next): (&(u64, u64, bool), &u64)| match next.checked_sub(*end) {
        Some(0) => !descriptor,
        Some(12 | 16) => *descriptor,
        _ => false,
    };
    let to_the_end = list_end == zip.len().saturating_sub(END_BYTES) as u64;
    if starts.first() == Some(&0) && places.iter().zip(&starts[1..]).all(adjoin) && to_the_end {
        return Ok(());
    }
    Err(refused("there are bytes in the archive that belong to no file".to_owned()))
}

/// Where the header in the list ends that begins here: 46 bytes, a name, extra fields and a comment, whose lengths are in it.
fn end_of_listed(zip: &[u8], start: u64) -> u64 {
    let at = usize::try_from(start).unwrap_or(usize::MAX);
    let lengths = zip.get(at.saturating_add(28)..at.saturating_add(34)).unwrap_or_default();
    let lengths: u64 = lengths.as_chunks::<2>().0.iter().map(|two| u64::from(u16::from_le_bytes(*two))).sum();
    start.saturating_add(46).saturating_add(lengths)
}

/// The list of files, the record of where it is, and the archive's end follow each other: another program, which might
/// look for that record in another way, finds the same list. No archive of these limits needs the records of zip64.
fn check_end(zip: &[u8], list: u64) -> Result<(), ArchiveError> {
    let end = zip.len().saturating_sub(END_BYTES);
    let number = |at: usize| {
        zip.get(end + at..end + at + 4).map_or(0, |b| u64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]])))
    };
    let (len, start) = (number(12), number(16));
    if zip[end..].starts_with(END_MAGIC) && zip.ends_with(&[0, 0]) && start == list && start + len == end as u64 {
        return Ok(());
    }
    Err(refused("something stands after the archive's list of files".to_owned()))
}

/// The name, if it is plain in both forms that an archive can give it.
fn plain_name(raw: &[u8], shown: &[u8]) -> Result<String, ArchiveError> {
    let name = std::str::from_utf8(raw).ok().filter(|name| raw == shown && names::is_plain(name));
    name.map(str::to_owned).ok_or_else(|| {
        let start = &raw[..raw.len().min(100)];
        refused(format!("the archive has a file with a name that is not allowed: \"{}\"", start.escape_ascii()))
    })
}

fn read_file(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    left: u64,
) -> Result<(String, Vec<u8>), ArchiveError> {
    let mut file = archive.by_index(index).map_err(|error| refused(format!("file {index}: {error}")))?;
    let name = String::from_utf8_lossy(file.name_raw()).into_owned();
    let limit = names::bytes_max(&name).min(left);
    let mut bytes = Vec::new();
    let read = file.by_ref().take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|error| refused(format!("{name} cannot be unpacked: {error}")))?;
    if limit < bytes.len() as u64 {
        return Err(refused(format!("{name} is longer than the {limit} bytes allowed")));
    }
    // The buffer has grown by doubling: what it has too much would count again for every file.
    bytes.shrink_to_fit();
    Ok((name, bytes))
}
