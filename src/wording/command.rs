//! What a mention, or an official's direct message, asks for. Values in, values out.
//!
//! A mention may be written carelessly. Case, punctuation, invisible characters, names and links around the words make
//! no difference. A number may have the digits of any script in [`ZEROS`], if all are of one script. The command is the
//! first word. `check` allows any text after its argument. What cannot be read asks for help, and nothing else.
//!
//! An official's message must be a command from its first word to its last: what publishes is not guessed.

use std::fmt;
use std::ops::RangeInclusive;

use crate::base::hash::Hash;
use crate::tlog::entry::Level;

/// Number of characters of a text that are read: a command stands at its beginning.
const CHARS_MAX: usize = 4096;

/// Number of words of a text that are read, names and links included.
const WORDS_MAX: usize = 64;

/// The zeros of the scripts whose digits are read: ASCII, Arabic, Persian and Urdu, Devanagari, Bengali, Thai, full width.
const ZEROS: [char; 7] = ['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}', '\u{ff10}'];

/// Words that may stand before a number or a hash.
const FILLERS: [&str; 8] = ["note", "nr", "no", "number", "sha256", "hash", "commitment", "the"];

/// The largest number that is read: the database counts no further.
const NUMBER_MAX: u64 = i64::MAX as u64;

/// Number of digits of a code.
pub const CODE_DIGITS: usize = 6;

/// What anybody may ask for in a mention.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// How it stands with a note.
    Check(Which),
    /// That a note be entered as disputed.
    Dispute(Which),
    /// How it stands with the log.
    Status,
    /// What can be asked for; also anything that cannot be read.
    Help,
}

/// Which note is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Which {
    /// The one with this number.
    Number(u64),
    /// The one with this commitment.
    Commitment(Hash),
    /// Those that a post of ours shows.
    Shown(RangeInclusive<u64>),
}

/// What an official may ask for in a direct message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// How it stands with the log.
    Status,
    /// The newest notes.
    Notes,
    /// That a note be opened.
    Open {
        /// Which.
        note: u64,
        /// How much of it.
        level: Level,
    },
    /// That the request is done for which the code was sent.
    Confirm(Code),
    /// That a request of another official be approved.
    Approve(u64),
    /// What can be asked for; also anything that cannot be read.
    Help,
}

/// The digits that confirm. No Debug: a person who has them may publish.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; CODE_DIGITS]);

impl Ask {
    /// Reads the text of a mention. `shown` are the notes of the post of ours that it answers or quotes, if it does so.
    ///
    /// Never fails, whatever the text is.
    pub fn read(text: &str, shown: Option<RangeInclusive<u64>>) -> Ask {
        let words = words(text).filter(|word| !is_name(word) && !is_link(word));
        let words: Vec<String> = words.collect();
        let shown = shown.map(Which::Shown);
        let Some((first, rest)) = words.split_first() else {
            return shown.map_or(Ask::Help, Ask::Check);
        };
        match first.as_str() {
            "check" => which(rest, shown).map_or(Ask::Help, Ask::Check),
            "dispute" => which(rest, shown).map_or(Ask::Help, Ask::Dispute),
            "status" => Ask::Status,
            "help" => Ask::Help,
            _ => shown.map_or(Ask::Help, Ask::Check),
        }
    }
}

impl Order {
    /// Reads the text of an official's message.
    ///
    /// Never fails, whatever the text is: if it is not a command from its first word to its last, it asks for help.
    pub fn read(text: &str) -> Order {
        let words: Vec<String> = words(text).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let order = match words[..] {
            ["status"] => Some(Order::Status),
            ["notes"] => Some(Order::Notes),
            ["open", note, level] | ["open", "note", note, level] => {
                number(note).zip(level_to_open(level)).map(|(note, level)| Order::Open { note, level })
            }
            ["confirm", code] => Code::parse(code).map(Order::Confirm),
            ["approve", request] | ["approve", "request", request] => number(request).map(Order::Approve),
            _ => None,
        };
        order.unwrap_or(Order::Help)
    }
}

/// How much of a note an official may ask to open.
fn level_to_open(word: &str) -> Option<Level> {
    Level::parse(word).filter(|level| matches!(level, Level::Envelope | Level::Content))
}

/// As [`Order::read`] reads it. Nothing else is kept of an official's message.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Order::Status => f.write_str("status"),
            Order::Notes => f.write_str("notes"),
            Order::Open { note, level } => write!(f, "open {note} {level}"),
            Order::Confirm(code) => write!(f, "confirm {}", code.digits()),
            Order::Approve(request) => write!(f, "approve {request}"),
            Order::Help => f.write_str("help"),
        }
    }
}

impl Code {
    /// The code that a random number gives. All codes are equally likely, except for one part in 2^43.
    pub fn of(random: u64) -> Code {
        let mut left = random;
        Code(std::array::from_fn(|_| {
            let digit = b'0' + (left % 10) as u8;
            left /= 10;
            digit
        }))
    }

    /// Reads exactly [`CODE_DIGITS`] digits.
    pub fn parse(text: &str) -> Option<Code> {
        let digits: String = digits(text)?;
        digits.into_bytes().try_into().ok().map(Code)
    }

    /// The digits as they are written.
    pub fn digits(&self) -> &str {
        // They are digits of ASCII by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The digits as bytes: for a comparison in constant time.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Which note the words after a command mean. A number that cannot be read means no note, not the one that is shown.
fn which(words: &[String], shown: Option<Which>) -> Option<Which> {
    let mut words = words.iter().map(String::as_str).skip_while(|word| FILLERS.contains(word));
    let Some(word) = words.next() else { return shown };
    if let Some(number) = number(word) {
        return Some(Which::Number(number));
    }
    if let Some(hash) = Hash::from_hex(word) {
        return Some(Which::Commitment(hash));
    }
    if word.chars().any(|c| c.is_numeric()) { None } else { shown }
}

/// The number of a note or a request.
fn number(word: &str) -> Option<u64> {
    digits(word)?.parse().ok().filter(|number| (1..=NUMBER_MAX).contains(number))
}

/// The digits of one script, as those of ASCII.
fn digits(word: &str) -> Option<String> {
    let value =
        |c: char, zero: char| u32::from(c).checked_sub(u32::from(zero)).and_then(|value| char::from_digit(value, 10));
    ZEROS
        .iter()
        .find_map(|zero| word.chars().map(|c| value(c, *zero)).collect::<Option<String>>())
        .filter(|digits| !digits.is_empty())
}

/// The words of a text in lower case, without what is around them.
fn words(text: &str) -> impl Iterator<Item = String> {
    let visible: String = text.chars().take(CHARS_MAX).filter(|c| c.is_whitespace() || !is_invisible(*c)).collect();
    let parts: Vec<String> = visible.split_whitespace().take(WORDS_MAX).flat_map(parts).collect();
    parts.into_iter()
}

/// The words of what stands between two spaces: `check:17`, `note#17`, `“@embassy”`, `https://t.co/a`.
fn parts(token: &str) -> Vec<String> {
    let bare = token.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '@' | '\u{ff20}' | '_'));
    let bare = bare.to_lowercase();
    if is_link(&bare) || is_name(&bare) {
        return vec![bare];
    }
    let parts = bare.split([':', '#', '=']).map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn is_link(word: &str) -> bool {
    word.starts_with("https://") || word.starts_with("http://")
}

fn is_name(word: &str) -> bool {
    word.starts_with(['@', '\u{ff20}'])
}

/// Controls, and characters that only direct or join the characters around them.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
