//! An archive's list: a header for each file.

use std::collections::BTreeMap;

use super::bytes::Bytes;
use super::end::End;
use super::{ArchiveError, extra, path, refused};
use crate::base::text::visible;

/// What each header of the list begins with.
const HEADER: &[u8] = b"PK\x01\x02";

/// The two ways of packing that every program knows.
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

/// A descriptor stands behind the file: checksum and sizes are known there at last.
const HAS_DESCRIPTOR: u16 = 1 << 3;
/// The name is in UTF-8.
const IS_UTF8: u16 = 1 << 11;
/// How hard the packing program tried.
const EFFORT: u16 = 0b110;
/// Encrypted, strongly encrypted, and with headers that are masked.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;

/// A file or folder as the list has it.
pub(super) struct Listed<'a> {
    /// Its name, byte for byte.
    pub name: &'a [u8],
    /// Its path, and whether that is a folder's.
    pub path: String,
    pub is_folder: bool,
    pub flags: u16,
    /// [`STORED`] or [`DEFLATED`].
    pub method: u16,
    pub crc: u32,
    pub packed_len: u64,
    pub len: u64,
    /// Where its own header is.
    pub start: u64,
}

impl Listed<'_> {
    pub(super) fn has_descriptor(&self) -> bool {
        self.flags & HAS_DESCRIPTOR != 0
    }
}

/// Reads the whole list, of at most so many files.
pub(super) fn read<'a>(zip: &'a [u8], end: &End, files_max: usize) -> Result<Vec<Listed<'a>>, ArchiveError> {
    if (files_max as u64) < end.files {
        return Err(refused(format!("the archive has {} files, more than the {files_max} allowed", end.files)));
    }
    let mut rest = Bytes(zip.get(end.list..end.list_end).unwrap_or_default());
    let (mut listed, mut places) = (Vec::new(), BTreeMap::new());
    for _ in 0..end.files {
        let header = Header::read(&mut rest).ok_or_else(|| refused("the archive's list of files is damaged"))?;
        let file = header.check()?;
        if let Some(first) = places.insert(path::place(&file.path), file.path.clone()) {
            return Err(ArchiveError::Twice { first, second: file.path });
        }
        listed.push(file);
    }
    if rest.0.is_empty() { Ok(listed) } else { Err(refused("the archive's list has more files than its end says")) }
}

/// A header, byte for byte.
struct Header<'a> {
    flags: u16,
    method: u16,
    crc: u32,
    packed_len: u32,
    len: u32,
    disk: u16,
    attributes: u32,
    start: u32,
    name: &'a [u8],
    extra: &'a [u8],
    comment: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(rest: &mut Bytes<'a>) -> Option<Header<'a>> {
        rest.is(HEADER)?;
        let _versions = rest.u32()?;
        let (flags, method) = (rest.u16()?, rest.u16()?);
        let _modified = rest.u32()?;
        let (crc, packed_len, len) = (rest.u32()?, rest.u32()?, rest.u32()?);
        let [name_len, extra_len, comment_len] = [rest.u16()?, rest.u16()?, rest.u16()?].map(usize::from);
        let disk = rest.u16()?;
        let _is_text = rest.u16()?;
        let (attributes, start) = (rest.u32()?, rest.u32()?);
        let (name, extra, comment) = (rest.take(name_len)?, rest.take(extra_len)?, rest.take(comment_len)?);
        Some(Header { flags, method, crc, packed_len, len, disk, attributes, start, name, extra, comment })
    }

    fn check(self) -> Result<Listed<'a>, ArchiveError> {
        let Header { name, flags, method, crc, .. } = self;
        let Some((path, is_folder)) = path::read(name, flags & IS_UTF8 != 0) else {
            let start = name[..name.len().min(100)].escape_ascii();
            return Err(refused(format!("the archive has a file with a name that is not allowed: \"{start}\"")));
        };
        let wrong = |what: &str| Err(refused(format!("{} {what}", visible(&path))));
        if flags & ENCRYPTED != 0 {
            return wrong("is encrypted: ask for it without a password");
        }
        if flags & !(HAS_DESCRIPTOR | IS_UTF8 | EFFORT) != 0 {
            return wrong("is packed in a way that programs read differently");
        }
        if ![STORED, DEFLATED].contains(&method) {
            return wrong(&format!("is compressed by method {method}, not by deflate"));
        }
        if !is_kind(self.attributes, is_folder) {
            return wrong("is not a file");
        }
        if memchr::memmem::find(self.comment, b"PK").is_some() {
            return wrong("has a comment that programs could take for a file");
        }
        let Some(extras) = extra::read(self.extra).filter(|extras| extras.is_path(name, &path)) else {
            return wrong("has an extra field that is cut, or says another name");
        };
        let Some([len, packed_len, start]) = extras.numbers([self.len, self.packed_len, self.start], self.disk) else {
            return wrong("has sizes that contradict each other, or stands on another disk");
        };
        if is_folder && 0 < len {
            return wrong("is a folder with bytes of its own");
        }
        Ok(Listed { name, path, is_folder, flags, method, crc, packed_len, len, start })
    }
}

/// Whether the attributes are those of a file, or of a folder. The upper four bits are the kind on Unix, where 8 is a file
/// and 4 a folder; bit 4 marks a folder on DOS, and bit 3 the name of a disk.
fn is_kind(attributes: u32, is_folder: bool) -> bool {
    let (unix, dos) = (attributes >> 28, attributes & 0x18);
    match is_folder {
        true => [0, 4].contains(&unix) && dos & 8 == 0,
        false => [0, 8].contains(&unix) && dos == 0,
    }
}
