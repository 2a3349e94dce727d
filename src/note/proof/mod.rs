//! A proof: everything that somebody needs to check one note without trusting the person who gives it to them, as one
//! archive.
//!
//! Each file in it can be checked with a tool that is not ours. The formats are described in
//! [`opening`](crate::note).

mod published;
mod receipt;
mod sums;

use crate::note::{ArchiveError, Opening, archive, content_files, names, redacted};
use crate::tlog::signed_note::VerifierKey;
use crate::tlog::tlog_proof::TlogProof;
use std::collections::BTreeMap;

pub use published::{POST_FILE_BYTES_MAX, PublishedPost};
pub use receipt::Receipt;
pub use sums::Sums;

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
    /// What else is opened. None if only the envelope is.
    pub content: Option<OpenedContent>,
}

/// The private files of a note that its sender has chosen to show.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedContent {
    /// The content file.
    pub content: Vec<u8>,
    /// What the platform itself said, in the content's order.
    pub records: Vec<Vec<u8>>,
    /// The attachments in the content's order. None for one that the content calls unreadable.
    pub attachments: Vec<Option<Vec<u8>>>,
}

impl From<Opening> for OpenedContent {
    fn from(opening: Opening) -> OpenedContent {
        OpenedContent { content: opening.content, records: opening.records, attachments: opening.attachments }
    }
}

impl Proof {
    /// The archive with this text as its `README.txt`: [`Proof::pack`] stands beside the text itself.
    pub fn pack_with(&self, readme: &str) -> Vec<u8> {
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
            files.extend(content_files(self.note, &opened.content, &opened.records, &opened.attachments));
        }
        let sums = Sums::of(files.iter().map(|(name, bytes)| (name.as_str(), *bytes))).to_text();
        files.push((names::SUMS.to_owned(), sums.as_bytes()));
        files.push((names::README.to_owned(), readme.as_bytes()));
        archive::write(&files)
    }
}

/// The files of a proof; unpacked, they are not yet checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl From<BTreeMap<String, Vec<u8>>> for Files {
    fn from(files: BTreeMap<String, Vec<u8>>) -> Files {
        Files(files)
    }
}

impl Files {
    /// Unpacks an archive into memory, as if its writer were an attacker: within stated limits, whatever its headers
    /// claim. At worst it takes 512 MiB besides the archive.
    ///
    /// # Errors
    /// If it is no archive, is damaged, or has a shape that no proof has.
    pub fn unpack(zip: &[u8]) -> Result<Files, ArchiveError> {
        archive::read(zip).map(Files)
    }

    /// The archive of these files, in the order in which we write them. For the files of [`Proof::pack`] it is the same
    /// archive.
    pub fn pack(&self) -> Vec<u8> {
        let mut files: Vec<(String, &[u8])> = self.iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
        files.sort_by_key(|(name, _)| place(name));
        archive::write(&files)
    }

    /// The same files with this receipt in place of any other and this text as their `README.txt`; the list of hashes is made
    /// anew. [`Files::with_receipt`] stands beside the text itself.
    #[must_use]
    pub fn with_receipt_and(mut self, receipt: &Receipt, readme: String) -> Files {
        names::RECEIPT.iter().for_each(|name| {
            self.0.remove(*name);
        });
        self.0.extend(receipt.files());
        self.0.insert(names::README.to_owned(), readme.into_bytes());
        let sums = Sums::of(self.iter().filter(|(name, _)| *name != names::SUMS && *name != names::README)).to_text();
        self.0.insert(names::SUMS.to_owned(), sums.into_bytes());
        self
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

/// Where a file stands in an archive that we write.
fn place(name: &str) -> (usize, usize) {
    const ENDS: [&str; 3] = [".envelope.txt", ".entry.txt", ".tlog-proof"];
    const PRIVATE: [&str; 9] = [
        ".content.txt",
        ".record.json",
        ".message.bin",
        ".key-change.bin",
        ".public-keys.json",
        ".recipient-",
        ".subkey.txt",
        ".unlocked.txt",
        ".attachment-",
    ];
    let number = |name: &str| name.split(['-', '.']).rev().find_map(|part| part.parse().ok()).unwrap_or(0);
    let order = [
        ENDS.iter().position(|end| name.ends_with(end) && !name.contains(".at-")),
        [names::VKEY, names::POST].iter().position(|known| *known == name),
        PRIVATE.iter().position(|part| name.contains(part)),
        [".at-", "head-"].iter().position(|part| name.contains(part)),
        names::RECEIPT.iter().position(|known| *known == name),
        Some(0).filter(|_| ![names::SUMS, names::README].contains(&name)),
        [names::SUMS, names::README].iter().position(|known| *known == name),
    ];
    let found = order.iter().enumerate().find_map(|(group, place)| Some((10 * group + (*place)?, number(name))));
    found.unwrap_or_default()
}

redacted!(Proof, OpenedContent, Files);
