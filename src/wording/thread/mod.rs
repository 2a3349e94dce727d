//! The public mirror of an opened note: a numbered series of posts that carry its text. The text can be joined again
//! from them.
//!
//! The form is in `FORMAT.md`, section 9. The writer decides where the text is cut, and a later version may cut
//! elsewhere. So a series that is begun is written to its end from the texts that it was begun with. Every post says
//! which part of which note it is, so that a thread and posts that stand alone have the same words.

mod part;

use unicode_segmentation::UnicodeSegmentation;

use crate::base::escape::{self, Unit};
use crate::base::hash::Hash;
use crate::base::text::ParseError;
use crate::note::redacted;
use crate::wording::weight;

pub use crate::wording::weight::WEIGHT_MAX;
pub use part::{PART_BYTES_MAX, PARTS_MAX, Part};

/// The longest text that is mirrored, in bytes: more than the 10,000 characters that a direct message may have.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// A character, as people see it, that weighs more than this is cut between its code points.
const UNIT_WEIGHT_MAX: usize = 100;

/// What a whole series says.
#[derive(Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// The note.
    pub note: u64,
    /// Its commitment.
    pub commitment: Hash,
    /// Its text, byte for byte.
    pub text: String,
}

/// Why a text cannot be mirrored, or posts are no mirror.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum MirrorError {
    /// The text is longer than [`TEXT_BYTES_MAX`].
    #[error("the text of note {note} is {size} bytes long, and at most {TEXT_BYTES_MAX} are mirrored\n{FILES}")]
    TooLong { note: u64, size: usize },
    /// The text takes more than [`PARTS_MAX`] posts.
    #[error("the text of note {note} takes more than {PARTS_MAX} posts\n{FILES}")]
    TooMany { note: u64 },
    /// A post is not of its form.
    #[error("post {place} of the series cannot be read: {error}\ngive the text of each post as it was posted")]
    Form { place: u64, error: ParseError },
    /// A post stands where another should.
    #[error(
        "where part {place} of {count} of note {note} should be, there is {found}\ngive all posts of one series in order"
    )]
    Series { note: u64, place: u64, count: u64, found: String },
    /// There is no post.
    #[error("there is no post\ngive all posts of one series in order")]
    Empty,
}

const FILES: &str = "its files can be published without a mirror";

/// The texts of the posts that mirror a note, in order; at least one. The same note makes the same posts.
///
/// None is longer than [`WEIGHT_MAX`], and [`join`] returns the text byte for byte. A part ends at the end of a
/// sentence if it is then at least half full. Otherwise it ends at the end of a word, or else of a character.
///
/// # Errors
/// If the text is too long.
pub fn split(note: u64, commitment: Hash, text: &str) -> Result<Vec<String>, MirrorError> {
    if TEXT_BYTES_MAX < text.len() {
        return Err(MirrorError::TooLong { note, size: text.len() });
    }
    let pieces = pieces(text);
    // The length of the first line depends on the number of posts.
    for count in [9, 99, PARTS_MAX] {
        let quotes = quotes(&pieces, Room::of(note, count));
        if quotes.len() as u64 <= count {
            return Ok(posts(note, commitment, quotes));
        }
    }
    Err(MirrorError::TooMany { note })
}

/// The one post that says that a note's envelope is open. It quotes nothing of it, for an envelope is mainly hashes.
pub fn envelope(note: u64, commitment: Hash) -> String {
    format!("Note {note}, its envelope is open: who wrote to whom, and when\n\nsha256 {commitment}")
}

fn posts(note: u64, commitment: Hash, quotes: Vec<String>) -> Vec<String> {
    let count = quotes.len() as u64;
    let parts = (1..).zip(quotes).map(|(place, quote)| {
        let commitment = (place == count).then_some(commitment);
        Part { note, place, count, quote, commitment }.to_text()
    });
    parts.collect()
}

/// The text and its note, from the texts of all posts of a series in order, `&lt; &gt; &amp;` decoded once.
///
/// # Errors
/// If a post is not of its form, belongs to another series, is missing, or is out of order.
pub fn join<T: AsRef<str>>(posts: &[T]) -> Result<Mirrored, MirrorError> {
    let parse =
        |(place, post): (u64, &T)| Part::parse(post.as_ref()).map_err(|error| MirrorError::Form { place, error });
    let parts = (1..).zip(posts).map(parse).collect::<Result<Vec<Part>, MirrorError>>()?;
    let first = parts.first().ok_or(MirrorError::Empty)?;
    let (note, count) = (first.note, first.count);
    let error = |place, found| MirrorError::Series { note, place, count, found };
    let mut text = String::new();
    for (place, part) in (1..).zip(&parts) {
        if (part.note, part.place, part.count) != (note, place, count) {
            return Err(error(place, format!("part {} of {} of note {}", part.place, part.count, part.note)));
        }
        // A part that was read has a quote that can be read.
        text += &escape::read(&part.quote).unwrap_or_default();
    }
    let commitment = parts.last().and_then(|part| part.commitment);
    let commitment = commitment.ok_or_else(|| error(parts.len() as u64 + 1, "no post".to_owned()))?;
    Ok(Mirrored { note, commitment, text })
}

/// How much text fits into one post, in units of [`weight::weight()`]: into any post, and into the last one.
#[derive(Clone, Copy)]
struct Room {
    any: usize,
    last: usize,
}

impl Room {
    fn of(note: u64, count: u64) -> Room {
        let empty = |commitment| {
            let part = Part { note, place: count, count, quote: String::new(), commitment };
            WEIGHT_MAX - weight::weight(&part.to_text())
        };
        Room { any: empty(None), last: empty(Some(Hash::ZERO)) }
    }
}

/// How good a place is for a part to end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Boundary {
    Character,
    /// At the end of a word, as UAX 29 defines words: in scripts without spaces too.
    Word,
    /// After a space.
    Space,
    Sentence,
}

/// A piece that is not cut: how it is written, how long it is, and how good a place is behind it.
struct Piece {
    written: String,
    weight: usize,
    end: Boundary,
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut ends = vec![Boundary::Character; text.len() + 1];
    let mut before = "";
    for (at, word) in text.split_word_bound_indices() {
        // A mark after a word stays with it, and a space too.
        if word.starts_with(char::is_alphanumeric) || before.ends_with(char::is_whitespace) {
            ends[at] = Boundary::Word;
        }
        if before.ends_with(char::is_whitespace) && !word.starts_with(char::is_whitespace) {
            ends[at] = Boundary::Space;
        }
        before = word;
    }
    text.split_sentence_bound_indices().for_each(|(at, _)| ends[at] = Boundary::Sentence);
    let units: Vec<Unit<'_>> = escape::units(text).collect();
    let beside = |at: usize| units.get(at).map_or("", |unit| unit.source);
    let weights: Vec<usize> = (0..units.len())
        .map(|at| match &units[at] {
            unit if unit.written == unit.source => {
                weight::cluster(beside(at.wrapping_sub(1)), unit.source, beside(at + 1))
            }
            unit => weight::weight(&unit.written),
        })
        .collect();
    let mut at = 0;
    let piece = |(unit, weight): (Unit<'_>, usize)| {
        at += unit.source.len();
        Piece { written: unit.written, weight, end: ends[at] }
    };
    units.into_iter().zip(weights).flat_map(whole_or_code_points).map(piece).collect()
}

fn whole_or_code_points((unit, weight): (Unit<'_>, usize)) -> Vec<(Unit<'_>, usize)> {
    if weight <= UNIT_WEIGHT_MAX {
        return vec![(unit, weight)];
    }
    escape::code_points(unit).map(weighed).collect()
}

fn weighed(unit: Unit<'_>) -> (Unit<'_>, usize) {
    let weight = weight::weight(&unit.written);
    (unit, weight)
}

/// The parts in order, each as it is written; at least one.
fn quotes(pieces: &[Piece], room: Room) -> Vec<String> {
    let mut rest = pieces;
    let mut quotes = Vec::new();
    let mut left: usize = pieces.iter().map(|piece| piece.weight).sum();
    while room.last < left {
        let (part, after) = rest.split_at(cut(rest, room.any));
        quotes.push(written(part));
        left -= part.iter().map(|piece| piece.weight).sum::<usize>();
        rest = after;
    }
    quotes.push(written(rest));
    quotes
}

/// Number of pieces in the next part: at least one, and at least one is left for the last post.
fn cut(pieces: &[Piece], room: usize) -> usize {
    let (mut weight, mut best) = (0, (Boundary::Character, 1));
    for (index, piece) in pieces[..pieces.len() - 1].iter().enumerate() {
        weight += piece.weight;
        if room < weight {
            break;
        }
        let end = if weight < room / 2 { Boundary::Character } else { piece.end };
        best = best.max((end, index + 1));
    }
    best.1
}

fn written(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.written.as_str()).collect()
}

redacted!(Mirrored);

#[cfg(test)]
mod tests;
