//! Zip archives: always written in the same way, and read as if the writer were an attacker.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};

use zip::read::Config;
use zip::result::{ZipError, ZipResult};
use zip::unstable::read::ZipIterable;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime, ZipArchive};

use crate::note::names;

/// The largest archive, in bytes.
pub const ARCHIVE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Most bytes that the files of one archive have together.
pub const UNPACKED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The most files in one archive.
pub const FILES_MAX: usize = 64;

/// What every zip archive with a file in it begins with.
const MAGIC: &[u8] = b"PK\x03\x04";

/// What the record at the end of an archive begins with, and its length without a comment.
const END_MAGIC: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;

/// The value of a length field that means: the true length stands elsewhere.
const ZIP64: &[u8] = &[0xff; 4];

/// What a descriptor behind a file's data may begin with.
const DESCRIPTOR_MAGIC: &[u8] = b"PK\x07\x08";

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
pub(crate) type ArchiveFiles = BTreeMap<String, Vec<u8>>;

/// The archive with these files in this order: not compressed, every time stamp the same, so that the same files make
/// the same bytes. The names must differ.
pub(crate) fn write(files: &[(String, &[u8])]) -> Vec<u8> {
    // In memory, with distinct names and room for large files where one is large, nothing can fail.
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

/// Unpacks a whole archive into memory. No memory is allocated only because a header says so: the bytes read are
/// counted. Reading stops at each file's own limit, and at [`UNPACKED_BYTES_MAX`] for all files. At worst it takes 512
/// MiB of memory, for an archive that really has so much in it.
///
/// # Errors
/// If it is not an archive, or has directories, links, encryption, compression other than deflate, the same name twice,
/// a name that is not plain, parts that overlap or hide, two headers that disagree, bytes that belong to no file, a
/// wrong checksum, or too much of anything.
pub(crate) fn read(zip: &[u8]) -> Result<ArchiveFiles, ArchiveError> {
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
    let mut files = ArchiveFiles::new();
    let mut left = UNPACKED_BYTES_MAX;
    for index in 0..archive.len() {
        let (name, bytes) = read_file(&mut archive, index, left)?;
        left -= bytes.len() as u64;
        files.insert(name, bytes);
    }
    Ok(files)
}

/// Checks the list of files before it is kept: the number of files, and their names.
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

/// The files follow each other from the first byte to the list, and the list goes to the record at the end. If a file's
/// header says so, a descriptor follows its data: checksum and sizes once more, with or without a signature.
fn check_places(
    zip: &[u8],
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    damaged: impl Fn(ZipError) -> ArchiveError,
) -> Result<(), ArchiveError> {
    let list = archive.central_directory_start();
    let wrong = |what: &str| match zip.starts_with(MAGIC) {
        true => refused(what.to_owned()),
        false => ArchiveError::NotZip,
    };
    let (mut places, mut list_end) = (Vec::new(), list);
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(&damaged)?;
        let listed = Header { zip, start: file.central_header_start(), len: 46, sizes: 16, lengths: 28 };
        let own = Header { zip, start: file.header_start(), len: 30, sizes: 14, lengths: 26 };
        if !are_extras_plain(listed.extra()) || !are_extras_plain(own.extra()) {
            return Err(wrong(
                "a file in the archive has an extra field that is cut, or says what another header says",
            ));
        }
        if listed.sizes()[1..].contains(&ZIP64) {
            return Err(wrong("a file in the archive is of the kind zip64"));
        }
        let end = file.data_start().unwrap_or(0).saturating_add(file.compressed_size());
        let descriptor = file.flags().is_using_data_descriptor().then(|| listed.sizes().concat());
        places.push((file.header_start(), end, descriptor));
        list_end = list_end.max(end_of_listed(zip, file.central_header_start()));
    }
    places.sort_unstable();
    let starts: Vec<u64> = places.iter().map(|(start, ..)| *start).chain([list]).collect();
    let adjoin = |((_, end, descriptor), next): (&(u64, u64, Option<Vec<u8>>), &u64)| {
        let Some(between) = slice(zip, *end, *next) else { return false };
        match descriptor {
            None => between.is_empty(),
            Some(sizes) => between == sizes || between.strip_prefix(DESCRIPTOR_MAGIC) == Some(sizes),
        }
    };
    let to_the_end = list_end == zip.len().saturating_sub(END_BYTES) as u64;
    if starts.first() == Some(&0) && places.iter().zip(&starts[1..]).all(adjoin) && to_the_end {
        return Ok(());
    }
    Err(wrong("there are bytes in the archive that belong to no file"))
}

/// The bytes between two offsets. None if they are not there.
fn slice(zip: &[u8], from: u64, to: u64) -> Option<&[u8]> {
    zip.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
}

/// One of the two headers of a file, byte for byte: a library does not return everything that is in it.
struct Header<'a> {
    zip: &'a [u8],
    start: u64,
    /// Its length without name, extra fields and comment.
    len: u64,
    /// Offsets in it of the checksum and sizes, and of the lengths of name and extra fields.
    sizes: u64,
    lengths: u64,
}

impl<'a> Header<'a> {
    fn at(&self, at: u64, len: u64) -> &'a [u8] {
        let from = self.start.saturating_add(at);
        slice(self.zip, from, from.saturating_add(len)).unwrap_or_default()
    }

    /// Checksum, packed length and length, four bytes each.
    fn sizes(&self) -> [&'a [u8]; 3] {
        [0, 4, 8].map(|at| self.at(self.sizes + at, 4))
    }

    fn extra(&self) -> &'a [u8] {
        let length = |at| self.at(at, 2).iter().rev().fold(0, |length, byte| length << 8 | u64::from(*byte));
        let (name, extra) = (length(self.lengths), length(self.lengths + 2));
        self.at(self.len + name, extra)
    }
}

/// Extra fields that repeat, in another way, what stands elsewhere: sizes (zip64), comment, name, where the data begin.
const EXTRAS_REFUSED: [u16; 5] = [0x0001, 0x6375, 0x7075, 0xa11e, 0xd935];

/// Times beside the one in the header: as many as the flags say, or the last change alone.
const EXTRA_TIMES: u16 = 0x5455;

/// Whether the extra fields are whole, one after the other, and none contradicts a header or itself. All other fields
/// are ignored.
fn are_extras_plain(mut extra: &[u8]) -> bool {
    while let Some((head, rest)) = extra.split_first_chunk::<4>() {
        let [id, len] = [[head[0], head[1]], [head[2], head[3]]].map(u16::from_le_bytes);
        let Some((data, rest)) = rest.split_at_checked(len.into()) else { return false };
        if EXTRAS_REFUSED.contains(&id) || (id == EXTRA_TIMES && !are_times_plain(data)) {
            return false;
        }
        extra = rest;
    }
    extra.is_empty()
}

fn are_times_plain(data: &[u8]) -> bool {
    let Some((flags, times)) = data.split_first() else { return false };
    let is_changed_alone = flags & 1 == 1 && times.len() == 4;
    *flags < 8 && (is_changed_alone || times.len() == 4 * flags.count_ones() as usize)
}

/// The end of the header in the list that begins here: 46 bytes, a name, extra fields and a comment. Their lengths are
/// in it.
fn end_of_listed(zip: &[u8], start: u64) -> u64 {
    let at = usize::try_from(start).unwrap_or(usize::MAX);
    let lengths = zip.get(at.saturating_add(28)..at.saturating_add(34)).unwrap_or_default();
    let lengths: u64 = lengths.as_chunks::<2>().0.iter().map(|two| u64::from(u16::from_le_bytes(*two))).sum();
    start.saturating_add(46).saturating_add(lengths)
}

/// The list of files, the record of where it is, and the archive's end follow each other. So another program, which
/// might search for that record in another way, finds the same list. No archive within these limits needs the records
/// of zip64.
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
    if file.size() != bytes.len() as u64 {
        return Err(refused(format!("{name} cannot be unpacked: its length is another")));
    }
    // The buffer grew by doubling: the unused part would count again for every file.
    bytes.shrink_to_fit();
    Ok((name, bytes))
}
