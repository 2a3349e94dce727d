//! The text of a public post: a pure function of the log, short, without link, dot or mention.
//!
//! The forms are in `FORMAT.md`, section 5. No two posts of one log have the same text: each shows another head.

use std::fmt;

use crate::base::hash::Hash;
use crate::base::text::{self, Lines, ParseError};
use crate::base::time::Time;

/// The longest text of a post, in bytes: what X allows an account that does not pay.
pub const POST_BYTES_MAX: usize = 280;

/// What a post says.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(
    missing_docs,
    reason = "`size` and `root` are the head of the log that the post shows, the rest is in FORMAT.md"
)]
pub enum PostText {
    /// One note was sealed; its entry is the last one of the head.
    Note { note: u64, commitment: Hash, size: u64, root: Hash },
    /// These notes were sealed, `first` smaller than `last`; the entry of `last` is the last one of the head.
    Run { first: u64, last: u64, size: u64, root: Hash },
    /// We received a note of somebody else's log, which a post cannot name: it may not have dots. The entry of the receipt,
    /// which names it, is the last one of the head.
    Receipt { note: u64, commitment: Hash, size: u64, root: Hash },
    /// Number of notes that were sealed on a day, `2026-11-22` in UTC.
    Heartbeat { count: u64, date: String, size: u64, root: Hash },
}

impl PostText {
    /// The text, without LF at its end.
    pub fn to_text(&self) -> String {
        self.to_string()
    }

    /// Reads the whole text of a post.
    ///
    /// # Errors
    /// If it is longer than [`POST_BYTES_MAX`] or differs from the forms in any byte.
    pub fn parse(text: &str) -> Result<PostText, ParseError> {
        const FIRST: &str =
            "Sealed note <n>, Sealed notes <first>-<last>, Received note <n>, or <count> notes sealed today";
        if POST_BYTES_MAX < text.len() {
            return Err(ParseError::TooLarge { format: "post", size: text.len(), limit: POST_BYTES_MAX });
        }
        let closed = format!("{text}\n");
        let mut lines = Lines::new("post", closed.as_bytes(), POST_BYTES_MAX + 1)?;
        let first = lines.next(FIRST)?;
        let post = if let Some(note) = first.strip_prefix("Sealed note ") {
            let note = lines.value(FIRST, positive(note))?;
            let commitment = commitment(&mut lines)?;
            let (size, root) = head(&mut lines, note)?;
            PostText::Note { note, commitment, size, root }
        } else if let Some(run) = first.strip_prefix("Sealed notes ") {
            let (first, last) = lines.value(FIRST, run_of(run))?;
            let (size, root) = head(&mut lines, last)?;
            PostText::Run { first, last, size, root }
        } else if let Some(note) = first.strip_prefix("Received note ") {
            let note = lines.value(FIRST, positive(note))?;
            let commitment = commitment(&mut lines)?;
            let (size, root) = head(&mut lines, 1)?;
            PostText::Receipt { note, commitment, size, root }
        } else {
            let count = lines.value(FIRST, count_of(first))?;
            let date = lines.next("<date>")?;
            let date = lines.value("<date>", date_of(date))?;
            let (size, root) = head(&mut lines, count)?;
            PostText::Heartbeat { count, date, size, root }
        };
        lines.end()?;
        Ok(post)
    }

    /// The size and the root of the log that the post shows.
    pub fn head(&self) -> (u64, Hash) {
        match *self {
            PostText::Note { size, root, .. }
            | PostText::Run { size, root, .. }
            | PostText::Receipt { size, root, .. }
            | PostText::Heartbeat { size, root, .. } => (size, root),
        }
    }
}

impl fmt::Display for PostText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PostText::Note { note, commitment, .. } => write!(f, "Sealed note {note}\nsha256 {commitment}")?,
            PostText::Run { first, last, .. } => write!(f, "Sealed notes {first}-{last}")?,
            PostText::Receipt { note, commitment, .. } => write!(f, "Received note {note}\nsha256 {commitment}")?,
            PostText::Heartbeat { count: 0, date, .. } => write!(f, "No note sealed today\n{date}")?,
            PostText::Heartbeat { count: 1, date, .. } => write!(f, "1 note sealed today\n{date}")?,
            PostText::Heartbeat { count, date, .. } => write!(f, "{count} notes sealed today\n{date}")?,
        }
        let (size, root) = self.head();
        write!(f, "\nlog {size} {}", root.to_base64())
    }
}

fn positive(text: &str) -> Option<u64> {
    text::number(text).filter(|&n| 0 < n)
}

fn run_of(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once('-')?;
    Some((positive(first)?, positive(last)?)).filter(|(first, last)| first < last)
}

fn commitment(lines: &mut Lines<'_>) -> Result<Hash, ParseError> {
    let hash = lines.field("sha256")?;
    lines.value("sha256 <64 hex digits>", text::hash(hash))
}

fn count_of(line: &str) -> Option<u64> {
    match line.split_once(' ')? {
        ("No", "note sealed today") => Some(0),
        ("1", "note sealed today") => Some(1),
        (count, "notes sealed today") => text::number(count).filter(|&n| 1 < n),
        _ => None,
    }
}

fn date_of(line: &str) -> Option<String> {
    Time::parse(&format!("{line}T00:00:00.000Z")).map(Time::date)
}

/// Reads the last line. A log in which `notes` notes are sealed has at least as many entries.
fn head(lines: &mut Lines<'_>, notes: u64) -> Result<(u64, Hash), ParseError> {
    const FORM: &str = "log <size, at least the notes in it> <root in base64>";
    let line = lines.field("log")?;
    let parsed = text::words(line).and_then(|[size, root]| Some((text::number(size)?, Hash::from_base64(root)?)));
    lines.value(FORM, parsed.filter(|&(size, _)| notes <= size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_back() {
        let (root, commitment) = (Hash::of(b"root"), Hash::of(b"note"));
        let date = "2026-11-22".to_owned();
        for (post, first) in [
            (PostText::Note { note: 17, commitment, size: 23, root }, "Sealed note 17\nsha256 "),
            (PostText::Run { first: 17, last: 62, size: 80, root }, "Sealed notes 17-62\nlog 80 "),
            (PostText::Receipt { note: 170, commitment, size: 1, root }, "Received note 170\nsha256 "),
            (PostText::Heartbeat { count: 0, date: date.clone(), size: 0, root }, "No note sealed today\n2026-11-22\n"),
            (PostText::Heartbeat { count: 1, date: date.clone(), size: 9, root }, "1 note sealed today\n"),
            (PostText::Heartbeat { count: 3, date, size: 9, root }, "3 notes sealed today\n"),
        ] {
            let text = post.to_text();
            assert!(text.starts_with(first) && text.len() < POST_BYTES_MAX, "{text}");
            assert!(!text.contains(['.', '@', '#']), "{text}");
            assert_eq!(PostText::parse(&text), Ok(post));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let root = Hash::of(b"root").to_base64();
        for text in [
            "".to_owned(),
            format!("Sealed notes 17-17\nlog 80 {root}"),
            format!("Sealed notes 62-17\nlog 80 {root}"),
            format!("Sealed notes 17-62\nlog 61 {root}"),
            format!("Sealed notes 17-62\nlog 80 {root}\n"),
            format!("Received note 17\nlog 80 {root}"),
            format!("Received notes 17-18\nlog 80 {root}"),
            format!("Received note 17\nsha256 {}\nlog 0 {root}", Hash::of(b"note")),
            format!("0 notes sealed today\n2026-11-22\nlog 80 {root}"),
            format!("1 notes sealed today\n2026-11-22\nlog 80 {root}"),
            format!("No note sealed today\n2026-02-30\nlog 80 {root}"),
            "x".repeat(POST_BYTES_MAX + 1),
        ] {
            assert!(PostText::parse(&text).is_err(), "{text}");
        }
    }
}
