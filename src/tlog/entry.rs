//! Entries of the log: each is one line of text, its LF included. The line's bytes are the leaf of the tree.

use std::fmt;

use crate::base::hash::Hash;
use crate::base::ids::{Channel, Origin, PostId, PublicPost};
use crate::base::text::{self, ParseError};
use crate::base::time::Time;

use super::signed_note;

/// The longest line of an entry in bytes, its LF included. Tiles allow 65,535 bytes; no kind of ours needs more than
/// this.
pub const LINE_BYTES_MAX: usize = 1024;

/// The longest name of a time stamp's authority, in bytes.
pub const AUTHORITY_BYTES_MAX: usize = 64;

/// How much of a note has been opened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// Who, to whom, when: everything but the text.
    Envelope,
    /// The text too.
    Content,
    /// The text of a note whose content could not be read when it was sealed.
    Unlocked,
}

/// What became of a post.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// The platform says that it does not exist.
    Deleted,
    /// Its text is different now.
    Edited,
    /// The platform says that it exists, and shows it only to some.
    Hidden,
    /// The platform does not show it, and does not say why.
    Unreadable,
}

/// The form of a time stamp.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StampKind {
    /// The answer of an authority, after RFC 3161.
    Tsr,
    /// A file of OpenTimestamps.
    Ots,
}

/// What an entry says. `time` is the moment at which it was entered, by the writer's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the words of the line, in its order: see FORMAT.md")]
pub enum Entry {
    /// A note was sealed.
    Note { time: Time, note: u64, commitment: Hash },
    /// Where the commitments of these notes were published.
    Post { time: Time, first: u64, last: u64, post: PublicPost },
    /// What an official has opened in public.
    Open { time: Time, note: u64, level: Level, sha256: Hash },
    /// Somebody disputes a note, and where.
    Dispute { time: Time, note: u64, post: PublicPost },
    /// We received a note of somebody else's log.
    Receipt { time: Time, log: Origin, note: u64, commitment: Hash },
    /// A post is no longer what it was.
    Lost { time: Time, post: PublicPost, how: Loss },
    /// A period in which messages may have been missed, and why.
    Gap { time: Time, from: Time, to: Time, reason: String },
    /// A key, in the form of signed-note and of any type. Reserved: it has no effect.
    Key { time: Time, vkey: String },
    /// A time stamp that was obtained over the head of `size` entries; the hash is that of its file.
    Stamp { time: Time, size: u64, kind: StampKind, by: String, sha256: Hash },
    /// The text of a note became readable after it was sealed; the hash is that of the file that has it.
    Unlock { time: Time, note: u64, sha256: Hash },
    /// A kind that this version does not know: shown as it is, never ignored.
    Unknown { line: String },
}

/// Declares the words that a value is written as, once for both directions.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// Reads the one word.
            pub fn parse(text: &str) -> Option<$name> {
                match text { $($word => Some($name::$variant),)+ _ => None }
            }

            /// The one word that it is written as.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
words!(Level { Envelope = "envelope", Content = "content", Unlocked = "unlocked" });
words!(Loss { Deleted = "deleted", Edited = "edited", Hidden = "hidden", Unreadable = "unreadable" });
words!(StampKind { Tsr = "tsr", Ots = "ots" });

impl Entry {
    /// Reads one line with its LF, and nothing after it.
    ///
    /// # Errors
    /// If it is too long, not clean text, or of a known kind but not in its form. An unknown kind is no error.
    pub fn parse(bytes: &[u8]) -> Result<Entry, ParseError> {
        const EXPECTED: &str = "<kind> <time> ...";
        let mut lines = text::Lines::new("entry", bytes, LINE_BYTES_MAX)?;
        let line = lines.next(EXPECTED)?;
        if line.is_empty() || has_control(line) {
            return Err(lines.error(EXPECTED));
        }
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let entry = match kind {
            "note" => lines.value("note <time> <n> <commitment>", note(rest))?,
            "post" => lines.value("post <time> <first>-<last> <platform> <post id>", post(rest))?,
            "open" => lines.value("open <time> <n> envelope|content|unlocked <sha256>", open(rest))?,
            "dispute" => lines.value("dispute <time> <n> <platform> <post id>", dispute(rest))?,
            "receipt" => lines.value("receipt <time> <log> <n> <commitment>", receipt(rest))?,
            "lost" => lines.value("lost <time> <platform> <post id> deleted|edited|hidden|unreadable", lost(rest))?,
            "gap" => lines.value("gap <time> <from> <to> <reason>", gap(rest))?,
            "key" => lines.value("key <time> <name>+<8 hex digits>+<base64>", key(rest))?,
            "stamp" => lines.value("stamp <time> <size> tsr|ots <by> <sha256>", stamp(rest))?,
            "unlock" => lines.value("unlock <time> <n> <sha256>", unlock(rest))?,
            _ => Entry::Unknown { line: line.to_owned() },
        };
        lines.end()?;
        Ok(entry)
    }

    /// The line with its LF: the bytes that the tree's leaf is made of.
    pub fn to_line(&self) -> String {
        format!("{self}\n")
    }

    /// When it was entered; None for an unknown kind.
    pub fn time(&self) -> Option<Time> {
        match self {
            Entry::Note { time, .. }
            | Entry::Post { time, .. }
            | Entry::Open { time, .. }
            | Entry::Dispute { time, .. }
            | Entry::Receipt { time, .. }
            | Entry::Lost { time, .. }
            | Entry::Gap { time, .. }
            | Entry::Key { time, .. }
            | Entry::Stamp { time, .. }
            | Entry::Unlock { time, .. } => Some(*time),
            Entry::Unknown { .. } => None,
        }
    }
}

/// The line without its LF.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Note { time, note, commitment } => write!(f, "note {time} {note} {commitment}"),
            Entry::Post { time, first, last, post } => {
                write!(f, "post {time} {first}-{last} {} {}", post.channel, post.id)
            }
            Entry::Open { time, note, level, sha256 } => write!(f, "open {time} {note} {level} {sha256}"),
            Entry::Dispute { time, note, post } => write!(f, "dispute {time} {note} {} {}", post.channel, post.id),
            Entry::Receipt { time, log, note, commitment } => write!(f, "receipt {time} {log} {note} {commitment}"),
            Entry::Lost { time, post, how } => write!(f, "lost {time} {} {} {how}", post.channel, post.id),
            Entry::Gap { time, from, to, reason } => write!(f, "gap {time} {from} {to} {reason}"),
            Entry::Key { time, vkey } => write!(f, "key {time} {vkey}"),
            Entry::Stamp { time, size, kind, by, sha256 } => write!(f, "stamp {time} {size} {kind} {by} {sha256}"),
            Entry::Unlock { time, note, sha256 } => write!(f, "unlock {time} {note} {sha256}"),
            Entry::Unknown { line } => f.write_str(line),
        }
    }
}

/// Whether there is a control character. A line of plain ASCII, which nearly all lines are, is checked without a
/// branch.
fn has_control(line: &str) -> bool {
    let is_plain = line.bytes().fold(true, |plain, b| plain & (b' '..=b'~').contains(&b));
    !is_plain && line.chars().any(char::is_control)
}

fn note(rest: &str) -> Option<Entry> {
    let [time, note, commitment] = text::words(rest)?;
    Some(Entry::Note { time: text::time(time)?, note: positive(note)?, commitment: text::hash(commitment)? })
}

/// Reads a channel and what it calls a post.
fn public_post(channel: &str, id: &str) -> Option<PublicPost> {
    Some(Channel::parse(channel)?.post(PostId::parse(id)?))
}

fn post(rest: &str) -> Option<Entry> {
    let [time, run, platform, post] = text::words(rest)?;
    let (first, last) = run.split_once('-')?;
    let (first, last) = (positive(first)?, positive(last)?);
    if last < first {
        return None;
    }
    Some(Entry::Post { time: text::time(time)?, first, last, post: public_post(platform, post)? })
}

fn open(rest: &str) -> Option<Entry> {
    let [time, note, level, sha256] = text::words(rest)?;
    Some(Entry::Open {
        time: text::time(time)?,
        note: positive(note)?,
        level: Level::parse(level)?,
        sha256: text::hash(sha256)?,
    })
}

fn dispute(rest: &str) -> Option<Entry> {
    let [time, note, platform, post] = text::words(rest)?;
    Some(Entry::Dispute { time: text::time(time)?, note: positive(note)?, post: public_post(platform, post)? })
}

fn receipt(rest: &str) -> Option<Entry> {
    let [time, log, note, commitment] = text::words(rest)?;
    Some(Entry::Receipt {
        time: text::time(time)?,
        log: Origin::parse(log)?,
        note: positive(note)?,
        commitment: text::hash(commitment)?,
    })
}

fn lost(rest: &str) -> Option<Entry> {
    let [time, platform, post, how] = text::words(rest)?;
    Some(Entry::Lost { time: text::time(time)?, post: public_post(platform, post)?, how: Loss::parse(how)? })
}

fn gap(rest: &str) -> Option<Entry> {
    let mut parts = rest.splitn(4, ' ');
    let time = text::time(parts.next()?)?;
    let from = text::time(parts.next()?)?;
    let to = text::time(parts.next()?)?;
    let reason = parts.next().filter(|reason| !reason.is_empty() && !reason.starts_with(' '))?.to_owned();
    (from <= to).then_some(Entry::Gap { time, from, to, reason })
}

fn key(rest: &str) -> Option<Entry> {
    let [time, vkey] = text::words(rest)?;
    let (_, _, bytes) = signed_note::key_fields(vkey, LINE_BYTES_MAX)?;
    (!bytes.is_empty()).then_some(Entry::Key { time: text::time(time)?, vkey: vkey.to_owned() })
}

fn stamp(rest: &str) -> Option<Entry> {
    let [time, size, kind, by, sha256] = text::words(rest)?;
    Some(Entry::Stamp {
        time: text::time(time)?,
        size: positive(size)?,
        kind: StampKind::parse(kind)?,
        by: is_authority(by).then(|| by.to_owned())?,
        sha256: text::hash(sha256)?,
    })
}

/// Whether an authority may be called this: it is a part of file names.
fn is_authority(name: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-');
    (1..=AUTHORITY_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain)
}

fn unlock(rest: &str) -> Option<Entry> {
    let [time, note, sha256] = text::words(rest)?;
    Some(Entry::Unlock { time: text::time(time)?, note: positive(note)?, sha256: text::hash(sha256)? })
}

/// Notes are counted from 1, and a head that is stamped has an entry at least.
fn positive(text: &str) -> Option<u64> {
    text::number(text).filter(|&n| 0 < n)
}

#[cfg(test)]
mod tests;
