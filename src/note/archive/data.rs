//! The files themselves: where each stands, and how it is unpacked.

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem;

use super::bytes::Bytes;
use super::list::{Listed, STORED};
use super::{ArchiveError, MAGIC, UNPACKED_BYTES_MAX, extra, refused};
use crate::base::text::visible;

/// What a descriptor behind a file's data may begin with.
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

/// What follows `PK` in each record of an archive.
const RECORDS: [&[u8]; 8] =
    [b"\x01\x02", b"\x03\x04", b"\x05\x05", b"\x05\x06", b"\x06\x06", b"\x06\x07", b"\x06\x08", b"\x07\x08"];

/// Most bytes that the buffer of an unpacked file grows by at once.
const STEP: usize = 64 * 1024;

/// The packed bytes of each file. They follow each other from the first byte of the archive to its list, each behind its own
/// header and before its descriptor, if it has one: so whoever reads from the front finds the same files.
pub(super) fn places<'a>(zip: &'a [u8], files: &[Listed], list: usize) -> Result<Vec<&'a [u8]>, ArchiveError> {
    let mut starts: Vec<u64> = files.iter().map(|file| file.start).collect();
    starts.push(list as u64);
    starts.sort_unstable();
    if starts[0] != 0 {
        return Err(belongs_to_nothing());
    }
    let next = |start: u64| starts[starts.partition_point(|other| *other <= start)..].first().copied();
    files.iter().map(|file| place(zip, file, next(file.start))).collect()
}

fn belongs_to_nothing() -> ArchiveError {
    refused("there are bytes in the archive that belong to no file, or to two")
}

/// The packed bytes of one file, behind which the next one starts.
fn place<'a>(zip: &'a [u8], file: &Listed, next: Option<u64>) -> Result<&'a [u8], ArchiveError> {
    let part = part(zip, file.start, next).ok_or_else(belongs_to_nothing)?;
    let behind = own_header(part, file).ok_or_else(|| {
        refused(format!("{}: its own header and the archive's list say different things", visible(&file.path)))
    })?;
    let len = usize::try_from(file.packed_len).unwrap_or(usize::MAX);
    let (packed, rest) = behind.split_at_checked(len).ok_or_else(belongs_to_nothing)?;
    let is_right = if file.has_descriptor() { is_descriptor(rest, file) } else { rest.is_empty() };
    if is_right { Ok(packed) } else { Err(belongs_to_nothing()) }
}

fn part(zip: &[u8], start: u64, next: Option<u64>) -> Option<&[u8]> {
    zip.get(usize::try_from(start).ok()?..usize::try_from(next?).ok()?)
}

/// What stands behind the file's own header, if that says what the list says. Before a descriptor, checksum and sizes may
/// be zero in it.
fn own_header<'a>(part: &'a [u8], file: &Listed) -> Option<&'a [u8]> {
    let mut rest = Bytes(part);
    rest.is(MAGIC)?;
    let _version = rest.u16()?;
    let (flags, method) = (rest.u16()?, rest.u16()?);
    let _modified = rest.u32()?;
    let (crc, packed_len, len) = (rest.u32()?, rest.u32()?, rest.u32()?);
    let (name_len, extra_len) = (rest.u16()?, rest.u16()?);
    let (name, extra) = (rest.take(name_len.into())?, rest.take(extra_len.into())?);
    let extras = extra::read(extra)?;
    let [len, packed_len] = extras.numbers([len, packed_len], 0)?;
    let pairs = [(crc.into(), file.crc.into()), (packed_len, file.packed_len), (len, file.len)];
    let fits = |(own, listed): (u64, u64)| own == listed || (own == 0 && file.has_descriptor());
    let is_same = (name, flags, method) == (file.name, file.flags, file.method);
    (is_same && pairs.into_iter().all(fits) && extras.is_path(name, &file.path)).then_some(rest.0)
}

/// A descriptor says checksum and sizes once more, in four or eight bytes each, with or without a signature.
fn is_descriptor(bytes: &[u8], file: &Listed) -> bool {
    let bare = bytes.strip_prefix(DESCRIPTOR).unwrap_or(bytes);
    // A checksum may look like the signature.
    [bytes, bare].into_iter().any(|bytes| {
        let mut rest = Bytes(bytes);
        let crc = rest.u32();
        let sizes = match rest.0.len() {
            8 => rest.u32().zip(rest.u32()).map(|(packed, len)| (packed.into(), len.into())),
            16 => rest.u64().zip(rest.u64()),
            _ => None,
        };
        crc == Some(file.crc) && sizes == Some((file.packed_len, file.len))
    })
}

/// Unpacks one file, of at most so many bytes.
pub(super) fn unpack(file: &Listed, packed: &[u8], bytes_max: u64) -> Result<Vec<u8>, ArchiveError> {
    let wrong = |what: &str| refused(format!("{} {what}", visible(&file.path)));
    if bytes_max < file.len {
        return Err(refused(format!("the files are more than {UNPACKED_BYTES_MAX} bytes long when unpacked")));
    }
    let bytes = if file.method == STORED {
        // Who reads from the front looks for the descriptor in the data.
        if file.has_descriptor() && has_record(packed) {
            return Err(wrong("has a second archive inside, which other programs could read in its place"));
        }
        packed.to_vec()
    } else {
        inflate(packed, file.len).map_err(wrong)?
    };
    if bytes.len() as u64 != file.len {
        return Err(wrong("cannot be unpacked: its length is another"));
    }
    if extra::checksum(&bytes) != file.crc {
        return Err(wrong("cannot be unpacked: its checksum is another"));
    }
    Ok(bytes)
}

fn has_record(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, b"PK").any(|at| RECORDS.iter().any(|record| bytes[at + 2..].starts_with(record)))
}

/// Inflates a stream that fills all these bytes, and of which at most so many come.
fn inflate(packed: &[u8], len: u64) -> Result<Vec<u8>, &'static str> {
    let (mut inflater, mut bytes) = (Decompress::new(false), Vec::new());
    loop {
        let read = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let before = (read, bytes.len());
        bytes.reserve(STEP);
        let status = inflater.decompress_vec(&packed[read..], &mut bytes, FlushDecompress::None);
        let after = (usize::try_from(inflater.total_in()).unwrap_or(usize::MAX), bytes.len());
        match status {
            _ if len < bytes.len() as u64 => return Err("cannot be unpacked: its length is another"),
            Ok(Status::StreamEnd) if after.0 < packed.len() => return Err("has bytes behind the end of its data"),
            Ok(Status::StreamEnd) => break,
            Ok(_) if before != after => {}
            _ => return Err("cannot be unpacked: it is damaged"),
        }
    }
    // The buffer grew in steps: the unused part would count again for every file.
    bytes.shrink_to_fit();
    Ok(bytes)
}
