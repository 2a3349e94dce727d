//! The end of an archive: the record that says where its list of files is.

use memchr::memmem;

use super::bytes::Bytes;
use super::{ArchiveError, MAGIC, refused};

/// The record at the end, and its length without a comment.
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;

/// The record of zip64, which has more room, and what says where it is; with their lengths.
const END64: &[u8] = b"PK\x06\x06";
const END64_BYTES: usize = 56;
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;

/// Most CR and LF behind an archive: some programs add a line's end.
const LINE_ENDS_MAX: usize = 16;

/// Where an archive's list of files is.
pub(super) struct End {
    /// The offset of the list.
    pub list: usize,
    /// The offset behind it.
    pub list_end: usize,
    /// How many files it has.
    pub files: u64,
}

/// Finds the end and what it says. A comment, or a few line ends, may stand behind it: but nothing that another program
/// could take for a record.
pub(super) fn find(zip: &[u8]) -> Result<End, ArchiveError> {
    let at = last_record(zip)?;
    let end = read(zip, at).filter(|end| end.files == 0 || zip.starts_with(MAGIC));
    end.ok_or_else(|| match zip.starts_with(MAGIC) {
        true => refused("the archive's end contradicts itself"),
        false => refused("bytes stand before the archive"),
    })
}

fn last_record(zip: &[u8]) -> Result<usize, ArchiveError> {
    let reach = END_BYTES + usize::from(u16::MAX) + LINE_ENDS_MAX;
    let from = zip.len().saturating_sub(reach);
    let mut places: Vec<usize> = memmem::find_iter(&zip[from..], END).map(|at| from + at).collect();
    let Some(at) = places.pop() else {
        return Err(if zip.starts_with(MAGIC) { cut_short() } else { ArchiveError::NotZip });
    };
    let (comment, behind) = behind(zip, at).ok_or_else(cut_short)?;
    let is_line_end = |byte: &u8| [b'\r', b'\n'].contains(byte);
    if LINE_ENDS_MAX < behind.len() || !behind.iter().all(is_line_end) || memmem::find(comment, b"PK").is_some() {
        return Err(refused("something stands behind the archive's end"));
    }
    // What takes a record before this one for the end takes this one for its comment.
    let reaches = |before: &usize| behind_len(zip, *before).is_none_or(|end| at < end);
    if places.iter().any(reaches) {
        return Err(refused("the archive has two ends"));
    }
    Ok(at)
}

fn cut_short() -> ArchiveError {
    refused("the archive is cut short: its end is missing")
}

/// The offset behind the comment of the record here.
fn behind_len(zip: &[u8], at: usize) -> Option<usize> {
    let len = Bytes::from(zip, at + END_BYTES - 2).u16()?;
    Some(at + END_BYTES + usize::from(len))
}

/// The comment of the record here, and what stands behind it.
fn behind(zip: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    let end = behind_len(zip, at)?;
    Some((zip.get(at + END_BYTES..end)?, &zip[end..]))
}

/// What the record here says, if it fits where it stands, and all that it says twice is the same.
fn read(zip: &[u8], at: usize) -> Option<End> {
    let mut record = Bytes::from(zip, at);
    record.is(END)?;
    let disks = [record.u16()?, record.u16()?];
    let files = [record.u16()?, record.u16()?];
    let place = [record.u32()?, record.u32()?];
    let short = [disks.map(u64::from), files.map(u64::from), place.map(u64::from)];
    let Some(long_at) = at.checked_sub(LOCATOR_BYTES).filter(|at| zip[*at..].starts_with(LOCATOR)) else {
        return whole(short, at);
    };
    let (list_end, long) = read_long(zip, long_at)?;
    let limits = [u64::from(u16::MAX), u64::from(u16::MAX), u64::from(u32::MAX)];
    for ((short, long), limit) in short.iter().zip(&long).zip(limits) {
        if short.iter().zip(long).any(|(short, long)| short != long && *short != limit) {
            return None;
        }
    }
    whole(long, list_end)
}

/// The offset of the record of zip64 and what it says, by its locator.
fn read_long(zip: &[u8], locator_at: usize) -> Option<(usize, [[u64; 2]; 3])> {
    let mut locator = Bytes::from(zip, locator_at);
    locator.is(LOCATOR)?;
    let (disk, at, disks) = (locator.u32()?, locator.u64()?, locator.u32()?);
    let record_at = locator_at.checked_sub(END64_BYTES)?;
    if disk != 0 || 1 < disks || at != record_at as u64 {
        return None;
    }
    let mut record = Bytes::from(zip, record_at);
    record.is(END64)?;
    // Its length is counted from behind this number.
    if record.u64()? != END64_BYTES as u64 - 12 {
        return None;
    }
    let _versions = record.u32()?;
    let disks = [record.u32()?, record.u32()?].map(u64::from);
    let files = [record.u64()?, record.u64()?];
    Some((record_at, [disks, files, [record.u64()?, record.u64()?]]))
}

/// The list, if it ends where it must, and all of it is on one disk.
fn whole([disks, [here, files], [len, list]]: [[u64; 2]; 3], list_end: usize) -> Option<End> {
    let ends_there = list.checked_add(len) == Some(list_end as u64);
    let end = || Some(End { list: usize::try_from(list).ok()?, list_end, files });
    if disks == [0, 0] && here == files && ends_there { end() } else { None }
}
