//! A file that belongs to a note, by its hash.

use crate::base::hash::Hash;
use crate::base::text;
use crate::note::redacted;

/// A file that is kept beside the content.
#[derive(Clone, PartialEq, Eq)]
pub struct FileRef {
    /// The SHA-256 of its bytes.
    pub sha256: Hash,
    /// Its length in bytes.
    pub len: u64,
    /// Its media type, `image/jpeg`: lower case, without parameters.
    pub media_type: String,
}

impl FileRef {
    /// The reference to a file with these bytes.
    pub fn of(bytes: &[u8], media_type: &str) -> FileRef {
        FileRef { sha256: Hash::of(bytes), len: bytes.len() as u64, media_type: media_type.to_owned() }
    }

    /// Whether the file has these bytes.
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.len == bytes.len() as u64 && self.sha256 == Hash::of(bytes)
    }

    /// `<sha256> <length> <media type>`.
    pub(super) fn to_line(&self) -> String {
        format!("{} {} {}", self.sha256, self.len, self.media_type)
    }

    pub(super) fn parse(text: &str) -> Option<FileRef> {
        let [sha256, len, media_type] = text::words(text)?;
        let file = FileRef { sha256: text::hash(sha256)?, len: text::number(len)?, media_type: media_type.to_owned() };
        is_media_type(media_type).then_some(file)
    }
}

/// Whether this is a media type as a content file writes it: `type/subtype`, lower case, no parameters, at most 100
/// bytes, in the characters that RFC 9110 allows in a token.
pub fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| !part.is_empty() && part.bytes().all(is_token_byte);
    text.len() <= 100 && text.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

redacted!(FileRef);
