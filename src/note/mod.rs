//! The private files of a note, envelope and content: written, parsed, hashed. All formats are described here.
//!
#![doc = include_str!("../FORMAT.md")]

pub mod envelope;
pub mod file;
pub(crate) mod json;
pub mod record;
pub mod recipient;
pub mod content;
pub mod unlocked;
pub mod names;
pub(crate) mod archive;
pub mod slip;
pub mod proof;
pub mod packaging;
pub mod standing;
pub mod request;

use std::fmt;

use data_encoding::HEXLOWER;

use crate::base::hash::Hash;
use crate::base::text::ParseError;

pub use archive::{ARCHIVE_BYTES_MAX, ArchiveError, FILES_MAX, UNPACKED_BYTES_MAX, UNPACKED_FILES_MAX};
pub use content::{AttachmentRef, Content, Header};
pub use envelope::{Beacon, Correspondence, ENVELOPE_BYTES_MAX, Envelope};
pub use file::FileRef;
pub use record::{Record, Role};

/// Gives types a `Debug` that shows nothing: their values are private until somebody discloses them.
macro_rules! redacted {
    ($($name:ident),+) => {$(
        /// Shows nothing: what it holds is private.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), " { .. }"))
            }
        }
    )+};
}
pub(crate) use redacted;

/// 32 random bytes, so that a hash cannot be found by guessing what was hashed. Private until it is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// The salt with exactly these bytes, which the caller has drawn at random for this one use.
    pub const fn from_bytes(bytes: [u8; 32]) -> Salt {
        Salt(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits: for the two files alone.
    pub(crate) fn to_hex(self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

/// A hash and a salt are written alike.
impl From<Hash> for Salt {
    fn from(hash: Hash) -> Salt {
        Salt(*hash.as_bytes())
    }
}

/// Shows nothing.
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// Everything private about one note, as files: exactly the bytes that were committed to.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// The envelope file.
    pub envelope: Vec<u8>,
    /// The content file.
    pub content: Vec<u8>,
    /// What the platform itself said, in the content's order.
    pub records: Vec<Vec<u8>>,
    /// The attachments in the content's order. None for one that the content calls unreadable.
    pub attachments: Vec<Option<Vec<u8>>>,
}

/// Why files are not the opening of a note.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OpeningError {
    /// The archive could not be read.
    #[error("the opening cannot be unpacked: {0}")]
    Archive(#[from] ArchiveError),
    /// Envelope or content are not of their format.
    #[error("the opening cannot be read: {0}")]
    Parse(#[from] ParseError),
    /// A file is not there.
    #[error("the opening has no {0}")]
    Missing(String),
    /// A file does not belong there.
    #[error("the opening has a file that does not belong to it: {0}")]
    Unknown(String),
    /// A file is not the one that was committed to.
    #[error("the {0} of the opening is not the one that was committed to")]
    Differs(&'static str),
}

impl Opening {
    /// One archive of all the files, named as in a proof of this note. The same files make the same bytes.
    pub fn pack(&self, note: u64) -> Vec<u8> {
        let mut files = vec![(names::envelope(note), self.envelope.as_slice())];
        files.extend(content_files(note, &self.content, &self.records, &self.attachments));
        archive::write(&files)
    }

    /// Reads what [`Opening::pack`] wrote: the note's number and its files, which agree with each other.
    ///
    /// # Errors
    /// If it is anything else, or its parts disagree.
    pub fn unpack(bytes: &[u8]) -> Result<(u64, Opening), OpeningError> {
        let mut files = archive::read(bytes)?;
        let note = files.keys().find_map(|name| names::note_of_envelope(name));
        let note = note.ok_or_else(|| OpeningError::Missing("envelope".to_owned()))?;
        let mut take = |name: String| files.remove(&name).ok_or(OpeningError::Missing(name));
        let envelope = take(names::envelope(note))?;
        let content = take(names::content(note))?;
        let header = Content::parse(&content)?.header;
        let records = names::records(note, &header.records).into_iter().map(&mut take).collect::<Result<_, _>>()?;
        let names = attachment_names(note, &header);
        let attachments = names.into_iter().map(|name| name.map(&mut take).transpose()).collect::<Result<_, _>>()?;
        if let Some(name) = files.into_keys().next() {
            return Err(OpeningError::Unknown(name));
        }
        let opening = Opening { envelope, content, records, attachments };
        let (envelope, _) = opening.check()?;
        if envelope.note != note {
            return Err(OpeningError::Differs("number"));
        }
        Ok((note, opening))
    }

    /// Reads both files, and compares every hash in them with the file that it stands for.
    ///
    /// # Errors
    /// If a file is not of its format or not the one that was committed to.
    pub fn check(&self) -> Result<(Envelope, Content), OpeningError> {
        let envelope = Envelope::parse(&self.envelope)?;
        let content = Content::parse(&self.content)?;
        if envelope.content != Hash::of(&self.content) {
            return Err(OpeningError::Differs("content"));
        }
        let Header { records, attachments, .. } = &content.header;
        let is_same = |(record, bytes): (&Record, &Vec<u8>)| record.file.is(bytes);
        if records.len() != self.records.len() || !records.iter().zip(&self.records).all(is_same) {
            return Err(OpeningError::Differs("record"));
        }
        let same = |(attachment, bytes): (&AttachmentRef, &Option<Vec<u8>>)| match (attachment, bytes) {
            (AttachmentRef::File(file), Some(bytes)) => file.is(bytes),
            (AttachmentRef::Unreadable { .. }, None) => true,
            _ => false,
        };
        let same_count = attachments.len() == self.attachments.len();
        if !same_count || !attachments.iter().zip(&self.attachments).all(same) {
            return Err(OpeningError::Differs("list of attachments"));
        }
        Ok((envelope, content))
    }
}

/// The content, the records and the attachments under their names. Of a content that cannot be read they have none.
pub(crate) fn content_files<'a>(
    note: u64,
    content: &'a [u8],
    records: &'a [Vec<u8>],
    attachments: &'a [Option<Vec<u8>>],
) -> Vec<(String, &'a [u8])> {
    let mut files = vec![(names::content(note), content)];
    let Ok(Content { header, .. }) = Content::parse(content) else { return files };
    files.extend(names::records(note, &header.records).into_iter().zip(records.iter().map(Vec::as_slice)));
    let attached = attachment_names(note, &header).into_iter().zip(attachments);
    files.extend(attached.filter_map(|(name, bytes)| Some((name?, bytes.as_deref()?))));
    files
}

/// The names of the attachments in order. None for one that was unreadable.
pub(crate) fn attachment_names(note: u64, header: &Header) -> Vec<Option<String>> {
    let name = |(index, attachment): (usize, &AttachmentRef)| match attachment {
        AttachmentRef::File(file) => Some(names::attachment(note, index + 1, &file.media_type)),
        AttachmentRef::Unreadable { .. } => None,
    };
    header.attachments.iter().enumerate().map(name).collect()
}

/// Shows nothing: what it holds is private.
impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opening { .. }")
    }
}

#[cfg(test)]
mod tests;
