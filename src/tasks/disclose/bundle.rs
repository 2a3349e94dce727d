//! What of a note is made public: the proof, the files for the site, and the posts of the mirror. Values in, values out.
//!
//! An opening is entered in the log with the SHA-256 of the file that it opens: of the envelope, which is the
//! commitment itself, or of the content. So anybody who has that file can check it against the log with `sha256sum`
//! alone.

use crate::base::hash::Hash;
use crate::base::ids::{AccountName, PostId, PublicPost};
use crate::base::text::ParseError;
use crate::note::proof::{Files, OpenedContent, Proof, PublishedPost};
use crate::note::standing::Standing;
use crate::note::{Content, Envelope, Opening, attachment_names, names};
use crate::platform::{FileKind, POST_FILES_MAX};
use crate::store::{Opened, ProofRow};
use crate::tlog::entry::Level;
use crate::tlog::signed_note::VerifierKey;
use crate::tlog::tlog_proof::TlogProof;
use crate::verify::proof::{self, Trust};
use crate::wording::thread::{self, MirrorError};

/// Why nothing of a proof can be made public. The messages say nothing private.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum BundleError {
    /// It is not the proof of the note, or does not show what is to be opened.
    #[error("the proof that was handed over is not that of note {note} with its {level}: {why}")]
    Other { note: u64, level: Level, why: String },
    /// The text cannot be mirrored.
    #[error("{0}")]
    Mirror(#[from] MirrorError),
}

/// The proof of a note that shows this much of it. Its post bears the name that the account had when the note was sealed,
/// whatever its name is today; `address` says where that account's post stands.
///
/// # Errors
/// If the envelope in the opening cannot be read.
pub fn proof(
    note: u64,
    row: &ProofRow,
    vkey: VerifierKey,
    address: impl FnOnce(&AccountName, PostId) -> String,
    opening: Opening,
    level: Level,
) -> Result<Proof, ParseError> {
    let from = Envelope::parse(&opening.envelope)?.from;
    let post = published(row.post.clone(), from.clone(), |post| address(&from.name, post));
    Ok(Proof {
        note,
        envelope: opening.envelope.clone(),
        entry: row.entry.clone(),
        tlog_proof: TlogProof { index: row.index, path: row.path.clone(), checkpoint: row.checkpoint.clone() },
        vkey,
        post,
        content: (level == Level::Content).then(|| OpenedContent::from(opening)),
    })
}

/// What a packed proof opens of a note. The proof is checked as anybody would check it, and compared with the log's
/// entry of the note.
///
/// # Errors
/// If the proof does not hold, is about something else, or the text cannot be mirrored.
pub fn open(standing: &Standing, level: Level, zip: &[u8]) -> Result<Opened, BundleError> {
    let (note, other) = (standing.note, |why: String| BundleError::Other { note: standing.note, level, why });
    let report = proof::verify(zip, &Trust::default());
    if report.is_broken() {
        return Err(other(report.summary()));
    }
    let unpacked = Files::unpack(zip).map_err(|error| other(error.to_string()))?;
    let missing = |name: &str| other(format!("it has no {name}"));
    let take = |name: String| unpacked.get(&name).map(<[u8]>::to_vec).ok_or_else(|| missing(&name));
    let envelope = take(names::envelope(note))?;
    if Hash::of(&envelope) != standing.commitment {
        return Err(other("its envelope has another hash".to_owned()));
    }
    let mut files = vec![(names::proof(note), zip.to_vec()), (names::envelope(note), envelope.clone())];
    if level == Level::Envelope {
        if unpacked.get(&names::content(note)).is_some() {
            return Err(other("it shows more".to_owned()));
        }
        let parts = vec![(thread::envelope(note, standing.commitment), Vec::new())];
        return Ok(Opened { note, level, sha256: standing.commitment, files, parts });
    }
    let content = take(names::content(note))?;
    let sha256 = Hash::of(&content);
    let read = Content::parse(&content).map_err(|error| other(error.to_string()))?;
    let attachments: Vec<String> = attachment_names(note, &read.header).into_iter().flatten().collect();
    files.push((names::content(note), content));
    for name in names::records(note, &read.header.records).into_iter().chain(attachments.iter().cloned()) {
        files.push((name.clone(), take(name)?));
    }
    let unreadable = || other("its text could not be read when it was sealed".to_owned());
    let texts = thread::split(note, standing.commitment, read.text.as_ref().ok_or_else(unreadable)?)?;
    let sized = |name: &String| (name.clone(), unpacked.get(name).map_or(0, |bytes| bytes.len() as u64));
    let parts = enclose(texts, &attachments.iter().map(sized).collect::<Vec<_>>());
    Ok(Opened { note, level, sha256, files, parts })
}

/// Which files are attached to which post: the images in their order, as many as one post can take, from the first post
/// on; an animated GIF alone. Files that the platform does not take, or for which no post is left, are only on the
/// site.
fn enclose(texts: Vec<String>, files: &[(String, u64)]) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut is_full = true;
    for (name, bytes) in files {
        let kind = names::media_type(name).and_then(|media_type| FileKind::of(media_type, *bytes).ok());
        let Some(kind) = kind else { continue };
        is_full |= kind == FileKind::Gif || groups.last().is_some_and(|group| group.len() == POST_FILES_MAX);
        if is_full {
            groups.push(Vec::new());
        }
        if let Some(group) = groups.last_mut() {
            group.push(name.clone());
        }
        is_full = kind == FileKind::Gif;
    }
    let mut groups = groups.into_iter();
    texts.into_iter().map(|text| (text, groups.next().unwrap_or_default())).collect()
}

/// What a proof says about its post.
pub fn published(
    post: Option<(PublicPost, String)>,
    account: crate::base::ids::Account,
    address: impl FnOnce(PostId) -> String,
) -> Option<PublishedPost> {
    post.map(|(post, text)| PublishedPost { account, post, address: address(post.id), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enclosed(texts: usize, files: &[(&str, u64)]) -> Vec<Vec<String>> {
        let texts = (0..texts).map(|text| text.to_string()).collect();
        let files: Vec<_> = files.iter().map(|(name, bytes)| ((*name).to_owned(), *bytes)).collect();
        enclose(texts, &files).into_iter().map(|(_, names)| names).collect()
    }

    #[test]
    fn images_go_with_the_first_posts_and_a_gif_goes_alone() {
        let files = [("1.jpg", 9), ("2.png", 9), ("3.pdf", 9), ("4.gif", 9), ("5.jpg", 9)];
        assert_eq!(enclosed(4, &files), [vec!["1.jpg", "2.png"], vec!["4.gif"], vec!["5.jpg"], vec![]]);
        assert_eq!(enclosed(1, &files), [["1.jpg", "2.png"]]);
        let five = ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"];
        let files = five.map(|name| (name, 9));
        assert_eq!(enclosed(2, &files), [five[..4].to_vec(), five[4..].to_vec()]);
        assert_eq!(enclosed(1, &[("1.jpg", 5_000_001), ("2.png", 0)]), [Vec::<String>::new()]);
    }
}
