//! One post of a mirror: read and written.

use std::fmt;

use crate::base::escape;
use crate::base::hash::Hash;
use crate::base::text::{self, ParseError};
use crate::note::redacted;

/// The longest text of one post, in bytes. 280 units of length never take more.
pub const PART_BYTES_MAX: usize = 16 * 1024;

/// Most posts that one note is mirrored in.
pub const PARTS_MAX: u64 = 999;

/// One post of the series in which an opened note is mirrored.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// The note.
    pub note: u64,
    /// This post's place in the series, counted from 1.
    pub place: u64,
    /// Number of posts in the series.
    pub count: u64,
    /// This part of the note's text, as [`escape`] writes it.
    pub quote: String,
    /// The note's commitment: only on the last post.
    pub commitment: Option<Hash>,
}

impl Part {
    /// Reads the whole text of a post.
    ///
    /// # Errors
    /// If it is longer than [`PART_BYTES_MAX`] or differs from the form in any byte.
    pub fn parse(text: &str) -> Result<Part, ParseError> {
        const FORM: &str = "Note <n>, part <i> of <k>, an empty line, the text in \u{201c}\u{201d}, and after the last an empty line and sha256 <64 hex digits>";
        if PART_BYTES_MAX < text.len() {
            return Err(ParseError::TooLarge { format: FORMAT, size: text.len(), limit: PART_BYTES_MAX });
        }
        read(text).ok_or(ParseError::Line { format: FORMAT, line: 1, expected: FORM })
    }

    /// The text, without LF at its end. Reading and writing a post gives the same bytes.
    pub fn to_text(&self) -> String {
        self.to_string()
    }
}

const FORMAT: &str = "mirror post";

fn read(text: &str) -> Option<Part> {
    let (head, rest) = text.strip_prefix("Note ")?.split_once("\n\n\u{201c}")?;
    let (note, series) = head.split_once(", part ")?;
    let (place, count) = series.split_once(" of ")?;
    let (note, place, count) = (text::number(note)?, text::number(place)?, text::number(count)?);
    if note == 0 || place == 0 || count < place || PARTS_MAX < count {
        return None;
    }
    let (quoted, commitment) = match place == count {
        true => rest.rsplit_once("\n\nsha256 ").map(|(quoted, hash)| Some((quoted, Some(text::hash(hash)?))))??,
        false => (rest, None),
    };
    let quote = quoted.strip_suffix('\u{201d}')?.to_owned();
    escape::read(&quote)?;
    Some(Part { note, place, count, quote, commitment })
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Note {}, part {} of {}\n\n\u{201c}{}\u{201d}", self.note, self.place, self.count, self.quote)?;
        self.commitment.map_or(Ok(()), |commitment| write!(f, "\n\nsha256 {commitment}"))
    }
}

redacted!(Part);
