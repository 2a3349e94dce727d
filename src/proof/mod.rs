//! A proof: everything that somebody needs to check one note without trusting whoever hands it over, as one archive.
//!
//! Each file in it can be checked with a tool that is not ours. The formats are described in
//! [`opening`](crate::opening).

mod published;
mod readme;
mod sums;

use crate::log::signed_note::VerifierKey;
use crate::log::tlog_proof::TlogProof;
use crate::opening::{ArchiveError, Opening, archive, content_files, names, redacted};
use std::collections::BTreeMap;

pub use published::{POST_FILE_BYTES_MAX, PublishedPost};
pub use sums::{SUMS_BYTES_MAX, Sums};

/// What a proof is packed from.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    /// The note's number.
    pub note: u64,
    /// The envelope file.
    pub envelope: Vec<u8>,
    /// The log's entry of the note: the line with its LF, which is the leaf of the tree.
    pub entry: String,
    /// Shows that the entry is in the log whose head the post shows.
    pub tlog_proof: TlogProof,
    /// The log's public key.
    pub vkey: VerifierKey,
    /// The public post that shows the commitment, if there is one.
    pub post: Option<PublishedPost>,
    /// What else is opened; without it the envelope alone is.
    pub content: Option<OpenedContent>,
}

/// The private files of a note that its sender has chosen to show.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedContent {
    /// The content file.
    pub content: Vec<u8>,
    /// The platform's own JSON of the message.
    pub record: Vec<u8>,
    /// The attachments in the content's order; none where the content says that it was unreadable.
    pub attachments: Vec<Option<Vec<u8>>>,
}

impl From<Opening> for OpenedContent {
    fn from(opening: Opening) -> OpenedContent {
        OpenedContent { content: opening.content, record: opening.record, attachments: opening.attachments }
    }
}

impl Proof {
    /// The archive, `note-17.proof.zip`. The same proof makes the same bytes.
    pub fn pack(&self) -> Vec<u8> {
        let (tlog_proof, vkey) = (self.tlog_proof.to_text(), format!("{}\n", self.vkey));
        let post = self.post.as_ref().map(PublishedPost::to_text);
        let mut files: Vec<(String, &[u8])> = vec![
            (names::envelope(self.note), &self.envelope),
            (names::entry(self.note), self.entry.as_bytes()),
            (names::tlog_proof(self.note), tlog_proof.as_bytes()),
            (names::VKEY.to_owned(), vkey.as_bytes()),
        ];
        if let Some(post) = &post {
            files.push((names::POST.to_owned(), post.as_bytes()));
        }
        if let Some(opened) = &self.content {
            files.extend(content_files(self.note, &opened.content, &opened.record, &opened.attachments));
        }
        let sums = Sums::of(files.iter().map(|(name, bytes)| (name.as_str(), *bytes))).to_text();
        let readme = readme::text(self);
        files.push((names::SUMS.to_owned(), sums.as_bytes()));
        files.push((names::README.to_owned(), readme.as_bytes()));
        archive::write(&files)
    }
}

/// The files of a proof, unpacked but not yet checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Unpacks an archive into memory, as if its writer were an enemy: within stated limits, whatever its headers claim,
    /// and in 512 MiB beside the archive at worst.
    ///
    /// # Errors
    /// If it is no archive, is damaged, or has a shape that no proof has.
    pub fn unpack(zip: &[u8]) -> Result<Files, ArchiveError> {
        archive::read(zip).map(Files)
    }

    /// The file of this name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// All files, ascending by the bytes of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }
}

redacted!(Proof, OpenedContent, Files);
