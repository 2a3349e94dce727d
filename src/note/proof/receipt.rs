//! A receipt: what a note's recipient adds to its proof, from its own log and account.

use crate::note::names;
use crate::tlog::signed_note::VerifierKey;
use crate::tlog::tlog_proof::TlogProof;

use super::PublishedPost;

/// A receipt, as it goes into a proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The entry `receipt` of the recipient's log: the line with its LF.
    pub entry: String,
    /// Shows that it is in the log whose head the post shows.
    pub inclusion: TlogProof,
    /// The public key of the recipient's log.
    pub vkey: VerifierKey,
    /// The recipient's public post of the receipt. Without it, only the key says whose receipt it is.
    pub post: Option<PublishedPost>,
}

impl Receipt {
    /// Its files by their names.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let files = [
            (names::RECEIPT_LINE, Some(self.entry.clone())),
            (names::RECEIPT_INCLUSION, Some(self.inclusion.to_text())),
            (names::RECEIPT_VKEY, Some(format!("{}\n", self.vkey))),
            (names::RECEIPT_POST, self.post.as_ref().map(PublishedPost::to_text)),
        ];
        files.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into_bytes())))
    }
}
