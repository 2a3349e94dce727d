//! Text files that a mail program, an editor or git wrote anew: with other line ends, a mark at the beginning, or in
//! UTF-16.

use std::collections::BTreeSet;

use super::{NotRead, listed};
use crate::base::hash::Hash;
use crate::note::names;
use crate::note::proof::{Files, Sums};

/// The longest file of which it is tried whether it was written anew.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// What was done to a text file, in words that go on with "on the way".
const UTF_16: &str = "saved in UTF-16";
const MARK: &str = "given a byte order mark";
const CRLF: &str = "given CRLF line ends";
const CR: &str = "given CR line ends";
const LAST: &str = "given or robbed of a last line end";
const INSIDE: &str = "robbed of the CR inside the text";

/// What was done to a text; nothing, if it is as it was.
pub(super) type Done = BTreeSet<&'static str>;

/// A text as it may have been before, and what was done to it then.
pub(super) struct Before {
    pub bytes: Vec<u8>,
    pub done: Done,
}

/// What these bytes may have been before a program wrote them anew as text. First as they are in UTF-8 without a mark.
pub(super) fn before(bytes: &[u8]) -> Vec<Before> {
    if BYTES_MAX < bytes.len() {
        return Vec::new();
    }
    let Some((text, done)) = decoded(bytes) else { return Vec::new() };
    let mut all = Vec::new();
    for (lines, done) in line_ends(text, done) {
        let without = lines.strip_suffix(b"\n").map(<[u8]>::to_vec);
        let with = [&lines[..], b"\n"].concat();
        let last = |done: &Done| done.iter().copied().chain([LAST]).collect();
        let others = [Some(with), without].into_iter().flatten().map(|bytes| Before { bytes, done: last(&done) });
        let others: Vec<Before> = others.collect();
        all.push(Before { bytes: lines, done });
        all.extend(others);
    }
    all
}

/// The text in UTF-8 without a mark. None if it is in UTF-16, but no text.
fn decoded(bytes: &[u8]) -> Option<(Vec<u8>, Done)> {
    let units = |rest: &[u8], number: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.as_chunks::<2>().0.iter().map(|two| number(*two)).collect();
        let text = String::from_utf16(&units).ok()?.into_bytes();
        Some((text, BTreeSet::from([UTF_16])))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => Some((rest.to_vec(), BTreeSet::from([MARK]))),
        _ => Some((bytes.to_vec(), BTreeSet::new())),
    }
}

/// The text as it is, and with LF line ends; and with those of a message in it, which may have CRLF of its own.
fn line_ends(text: Vec<u8>, done: Done) -> Vec<(Vec<u8>, Done)> {
    let with = |what: &'static str| done.iter().copied().chain([what]).collect::<BTreeSet<_>>();
    let mut all = vec![(text.clone(), done.clone())];
    if let Some(text) = with_message_in_crlf(&text) {
        all.push((text, with(INSIDE)));
    }
    if text.contains(&b'\r') {
        let mut next = text.iter().skip(1);
        let mut lines = text.clone();
        lines.retain(|byte| next.next() != Some(&b'\n') || *byte != b'\r');
        let ends = text.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect();
        all.extend(with_message_in_crlf(&lines).map(|lines| (lines, with(CRLF))));
        all.extend([(lines, with(CRLF)), (ends, with(CR))]);
    }
    all
}

/// A content or post, which ends with a message behind the line `text <length>`, with CRLF in the message.
fn with_message_in_crlf(text: &[u8]) -> Option<Vec<u8>> {
    let line = memchr::memmem::find(text, b"\ntext ")? + 1;
    let (head, message) = text.split_at(line + memchr::memchr(b'\n', &text[line..])? + 1);
    let message = message.strip_suffix(b"\n")?;
    let lines: Vec<&[u8]> = message.split(|byte| *byte == b'\n').collect();
    (1 < lines.len() && !message.contains(&b'\r')).then(|| [head, &lines.join(&b"\r\n"[..]), b"\n"].concat())
}

/// What was done to the file whose hash was this one. None if that cannot be told.
pub(super) fn explained(bytes: &[u8], hash: Hash) -> Option<Done> {
    before(bytes).into_iter().find(|before| Hash::of(&before.bytes) == hash).map(|before| before.done)
}

/// The beginning of a text up to the end of its first line, whatever was done to it.
pub(super) fn first_line(bytes: &[u8]) -> Option<String> {
    const BYTES_MAX: usize = 512;
    let (text, _) = decoded(&bytes[..bytes.len().min(BYTES_MAX)])?;
    let end = text.iter().position(|byte| [b'\r', b'\n'].contains(byte)).unwrap_or(text.len());
    String::from_utf8(text[..end].to_vec()).ok()
}

/// Checks that no program on the way wrote the text files anew: if all that differ from the list would be right as they
/// were before, they are not judged.
pub(super) fn check(files: &Files, sums: &Sums, mut done: Done) -> Result<(), NotRead> {
    // Most bytes of all files together for which ways are tried.
    let (mut changed, mut tried) = (Vec::<String>::new(), 0);
    if !done.is_empty() {
        changed.push(names::SUMS.to_owned());
    }
    for (name, hash) in &sums.0 {
        let Some(bytes) = files.get(name).filter(|bytes| Hash::of(bytes) != *hash) else { continue };
        tried += bytes.len();
        let explained = if tried <= BYTES_MAX { explained(bytes, *hash) } else { None };
        let Some(explained) = explained else { return Ok(()) };
        changed.push(name.clone());
        done.extend(explained);
    }
    if changed.is_empty() {
        return Ok(());
    }
    let (verb, done) = (if changed.len() == 1 { "was" } else { "were" }, done.into_iter().collect::<Vec<_>>());
    let right = if done.contains(&INSIDE) { "the line ends that it had" } else { "LF line ends" };
    let (changed, done) = (listed(&changed), done.join(" and "));
    Err(NotRead::LineEnds { cause: format!("{changed} {verb} {done} on the way: with {right} the hashes fit") })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "verbale é\nline\n";

    fn utf_16(number: fn(u16) -> [u8; 2]) -> Vec<u8> {
        format!("\u{feff}{}", TEXT.replace('\n', "\r\n")).encode_utf16().flat_map(number).collect()
    }

    #[test]
    fn what_programs_do_to_a_text_is_told() {
        let hash = Hash::of(TEXT.as_bytes());
        for (bytes, done) in [
            (TEXT.into(), vec![]),
            (TEXT.replace('\n', "\r\n").into_bytes(), vec![CRLF]),
            (TEXT.replace('\n', "\r").into_bytes(), vec![CR]),
            (format!("\u{feff}{TEXT}").into_bytes(), vec![MARK]),
            (TEXT.trim_end().into(), vec![LAST]),
            (format!("{TEXT}\n").into_bytes(), vec![LAST]),
            (TEXT.trim_end().replace('\n', "\r\n").into_bytes(), vec![CRLF, LAST]),
            (utf_16(u16::to_le_bytes), vec![CRLF, UTF_16]),
            (utf_16(u16::to_be_bytes), vec![CRLF, UTF_16]),
        ] {
            let bytes: Vec<u8> = bytes;
            assert_eq!(explained(&bytes, hash), Some(BTreeSet::from_iter(done)), "{:?}", bytes.escape_ascii());
            assert_eq!(first_line(&bytes).as_deref(), Some("verbale é"));
        }
        for changed in ["verbale e\nline\n", "verbale é line\n", "", "verbale é\n\nline\n"] {
            assert_eq!(explained(changed.as_bytes(), hash), None, "{changed:?}");
        }
    }

    #[test]
    fn a_message_may_have_crlf_of_its_own() {
        let text = "verbale content v1\nsalt 5e\ntext 20\nDear Sirs,\r\nanswer!\r\n\n";
        let hash = Hash::of(text.as_bytes());
        let git = text.replace("\r\n", "\n");
        assert_eq!(explained(git.replace('\n', "\r\n").as_bytes(), hash), Some(BTreeSet::from([CRLF])));
        assert_eq!(explained(git.as_bytes(), hash), Some(BTreeSet::from([INSIDE])));
    }
}
