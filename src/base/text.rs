//! Strict reading of line-based text: what all our formats share.
//!
//! Text is UTF-8; a line ends in LF; there is no CR, no BOM, no space at a line's end; numbers are decimal without sign
//! or leading zero. Each format states its own limit of size, which is checked before anything is read.

use std::fmt::{self, Write};

use crate::base::hash::Hash;
use crate::base::time::Time;

/// Why a text does not have its format: the place, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum ParseError {
    /// The text is larger than its format allows.
    #[error("{format} is {size} bytes long, more than the {limit} allowed")]
    TooLarge { format: &'static str, size: usize, limit: usize },
    /// A line is not what the format has at this place. The line's text is left out: it may be private.
    #[error("{format}, line {line}: expected {expected}")]
    Line { format: &'static str, line: usize, expected: &'static str },
}

/// Reads a text line by line.
pub struct Lines<'a> {
    format: &'static str,
    rest: &'a [u8],
    line: usize,
}

/// Shows where it is, not what it reads: that may be private.
impl fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("format", &self.format).field("line", &self.line).finish_non_exhaustive()
    }
}

impl<'a> Lines<'a> {
    /// Starts at the beginning of `bytes`, which `format` allows to be at most `limit` long.
    ///
    /// # Errors
    /// [`ParseError::TooLarge`].
    pub fn new(format: &'static str, bytes: &'a [u8], limit: usize) -> Result<Lines<'a>, ParseError> {
        if bytes.len() > limit {
            return Err(ParseError::TooLarge { format, size: bytes.len(), limit });
        }
        Ok(Lines { format, rest: bytes, line: 0 })
    }

    /// The next line without its LF.
    ///
    /// # Errors
    /// If there is none, or it is not clean text: see the module's description.
    pub fn next(&mut self, expected: &'static str) -> Result<&'a str, ParseError> {
        self.line += 1;
        let end = memchr::memchr(b'\n', self.rest).ok_or(self.error(expected))?;
        let line = std::str::from_utf8(&self.rest[..end]).map_err(|_| self.error("UTF-8 text"))?;
        if memchr::memchr(b'\r', line.as_bytes()).is_some() || line.starts_with('\u{feff}') || line.ends_with(' ') {
            return Err(self.error("a line without CR, BOM or space at its end"));
        }
        self.rest = &self.rest[end + 1..];
        Ok(line)
    }

    /// The part of the next line after `key` and one space.
    ///
    /// # Errors
    /// As [`Lines::next`], or if the line does not begin with `key` and one space.
    pub fn field(&mut self, key: &'static str) -> Result<&'a str, ParseError> {
        let line = self.next(key)?;
        line.strip_prefix(key).and_then(|rest| rest.strip_prefix(' ')).ok_or(self.error(key))
    }

    /// Whether the next line begins with `key` and one space. Reads nothing.
    pub fn at(&self, key: &str) -> bool {
        self.rest.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.first() == Some(&b' '))
    }

    /// The value that was read out of the last line, or the error that says what was expected there.
    ///
    /// # Errors
    /// If there is none.
    pub fn value<T>(&self, expected: &'static str, value: Option<T>) -> Result<T, ParseError> {
        value.ok_or(self.error(expected))
    }

    /// The error that the line read last is not what was expected.
    pub fn error(&self, expected: &'static str) -> ParseError {
        ParseError::Line { format: self.format, line: self.line, expected }
    }

    /// All that has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads the next `len` bytes, whatever they are.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn take(&mut self, len: usize, expected: &'static str) -> Result<&'a [u8], ParseError> {
        self.line += 1;
        if self.rest.len() < len {
            return Err(self.error(expected));
        }
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(taken)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// If anything is left.
    pub fn end(mut self) -> Result<(), ParseError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        self.line += 1;
        Err(self.error("the end of the file"))
    }
}

/// Reads a decimal number without sign or leading zero.
pub fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Splits a line at single spaces into exactly `N` parts, none of them empty.
pub fn words<const N: usize>(line: &str) -> Option<[&str; N]> {
    let mut parts = line.split(' ');
    let mut words = [""; N];
    for word in &mut words {
        *word = parts.next().filter(|part| !part.is_empty())?;
    }
    parts.next().is_none().then_some(words)
}

/// A number of things in words: `1 entry`, `2 entries`.
pub fn count(many: u64, one: &str, several: &str) -> String {
    format!("{many} {}", if many == 1 { one } else { several })
}

/// A text for a line on a screen. Characters that could control a terminal, change the order of letters, or be
/// invisible are written as their code point, `[U+202E]`.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unseen(c) {
            // Writing to a string does not fail.
            let _ = write!(shown, "[U+{:04X}]", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Most characters of a file that are repeated.
const GLIMPSE_CHARS_MAX: usize = 60;

/// What a file is that has not the form that it must have, for a line on a screen: how it begins.
pub fn glimpse(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let begin: String = text.chars().take(GLIMPSE_CHARS_MAX).collect();
    if bytes.is_empty() { "it is empty".to_owned() } else { visible(&format!("it begins with {begin:?}")) }
}

/// Controls, marks of direction, separators of lines, and letters without a shape.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

/// Reads a hash of 64 lower-case hexadecimal digits.
pub fn hash(text: &str) -> Option<Hash> {
    Hash::from_hex(text)
}

/// Reads a moment in the one form that our formats use.
pub fn time(text: &str) -> Option<Time> {
    Time::parse(text)
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_is_not_seen_is_written() {
        for (text, shown) in [
            ("Ünïcödé, 公文 and \u{1f1fa}\u{1f1f3}", "Ünïcödé, 公文 and \u{1f1fa}\u{1f1f3}"),
            ("a\u{1b}[2J\r\n", "a[U+001B][2J[U+000D][U+000A]"),
            ("\u{202e}b\u{2066}\u{200b}\u{feff}\u{9b}\u{e0041}", "[U+202E]b[U+2066][U+200B][U+FEFF][U+009B][U+E0041]"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }
}
