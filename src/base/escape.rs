//! A text as X passes it on unchanged: whatever X would rewrite, link, refuse or drop is written in brackets.
//!
//! `https://t.co/a by @embassy` becomes `https://t[.]co/a by [@]embassy`. The forms are in `FORMAT.md`, section 8. What
//! comes out has no link, mention or cashtag, so it costs no more than its length, calls nobody, and is not shortened.

use std::fmt::Write;

use unicode_normalization::is_nfc;
use unicode_segmentation::UnicodeSegmentation;

/// The characters that are written as themselves in brackets.
const BRACKETED: [char; 6] = ['.', '@', '\u{ff20}', '$', '&', '['];

/// One character as people see it (a grapheme cluster), or a code point of one that is too long for that.
pub(crate) struct Unit<'a> {
    /// As it stands in the text.
    pub(crate) source: &'a str,
    /// As it is written.
    pub(crate) written: String,
}

/// The text as it is written. [`read`] gives it back.
pub fn write(text: &str) -> String {
    units(text).map(|unit| unit.written).collect()
}

/// The text in the parts that may be separated from each other, each as it is written.
pub(crate) fn units(text: &str) -> impl Iterator<Item = Unit<'_>> {
    text.grapheme_indices(true).map(move |(at, source)| {
        let form = Form::of(source);
        let mut written = String::with_capacity(source.len());
        for (inside, c) in source.char_indices() {
            push(&mut written, text, at + inside, c, form);
        }
        Unit { source, written }
    })
}

/// The code points of one character that is too long to be kept together.
pub(crate) fn code_points(unit: Unit<'_>) -> impl Iterator<Item = Unit<'_>> {
    unit.source.char_indices().map(move |(at, c)| {
        let mut written = String::new();
        push(&mut written, unit.source, at, c, Form::of(unit.source));
        Unit { source: &unit.source[at..at + c.len_utf8()], written }
    })
}

/// Reads what [`write()`] wrote. Returns None if it contains a character that is always written in brackets.
pub fn read(written: &str) -> Option<String> {
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        if let Some((bracketed, len)) = bracketed(rest) {
            text.push(bracketed);
            rest = &rest[len..];
        } else {
            if !is_plain(c) || (c == '\n' && text.ends_with("\n\n")) {
                return None;
            }
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    Some(text)
}

/// The character in brackets at the beginning of `text`, and the number of bytes that it is written in.
fn bracketed(text: &str) -> Option<(char, usize)> {
    let (inside, _) = text.strip_prefix('[')?.split_at_checked(inside_len(text)?)?;
    let mut chars = inside.chars();
    let c = match (chars.next(), chars.next()) {
        (Some(c), None) if BRACKETED.contains(&c) => c,
        _ => code_point(inside)?,
    };
    Some((c, inside.len() + 2))
}

/// Number of bytes between the brackets. A closing bracket that comes too late is none of ours.
fn inside_len(text: &str) -> Option<usize> {
    const LONGEST: usize = "U+10FFFF".len();
    let after = text.bytes().skip(2).take(LONGEST).position(|byte| byte == b']');
    after.map(|at| at + 1)
}

/// Reads `U+` and four to six capital hexadecimal digits, without needless leading zeros.
fn code_point(text: &str) -> Option<char> {
    let digits = text.strip_prefix("U+")?;
    let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    (format!("{:04X}", u32::from(c)) == digits).then_some(c)
}

/// How a cluster is written: in the composed normal form (NFC) or not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Composed,
    Other,
}

impl Form {
    fn of(cluster: &str) -> Form {
        if is_nfc(cluster) { Form::Composed } else { Form::Other }
    }
}

/// Writes the character `c` that stands at `at`, in a cluster of this form.
fn push(out: &mut String, text: &str, at: usize, c: char, form: Form) {
    let (before, after) = (&text[..at], &text[at + c.len_utf8()..]);
    let code_point = !is_plain(c) || (form == Form::Other && !c.is_ascii()) || (c == '\n' && before.ends_with("\n\n"));
    if code_point {
        // Writing to a string does not fail.
        let _ = write!(out, "[U+{:04X}]", u32::from(c));
    } else if is_active(c, before, after, &text[at..]) {
        out.extend(['[', c, ']']);
    } else {
        out.push(c);
    }
}

/// Whether X passes this character on: it is neither invisible control nor forbidden.
fn is_plain(c: char) -> bool {
    let control = c.is_control() && c != '\n';
    let direction = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let separator = matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    let noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    !(control || direction || separator || noncharacter)
}

/// Whether X, or [`read`], would make something else of this character where it stands.
fn is_active(c: char, before: &str, after: &str, here: &str) -> bool {
    match c {
        '.' => joins_domain(before, after),
        '@' | '\u{ff20}' => after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'),
        '$' => after.starts_with(|next: char| next.is_ascii_alphabetic()),
        '&' => is_entity(after),
        '[' => bracketed(here).is_some(),
        _ => false,
    }
}

/// Whether a dot stands between what could be a name and a top-level domain: two letters at least, of any script.
fn joins_domain(before: &str, after: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || (!c.is_ascii() && !c.is_whitespace());
    let label = |c: char| letter(c) || c.is_ascii_digit() || c == '-' || c == '_';
    let mut next = after.chars();
    before.ends_with(label) && next.next().is_some_and(letter) && next.next().is_some_and(label)
}

/// Whether the text after `&` makes it a character reference of HTML: `lt;`, `#60;`.
fn is_entity(after: &str) -> bool {
    const LONGEST: usize = 32;
    let len = after.bytes().take(LONGEST).position(|byte| byte == b';');
    len.is_some_and(|len| 0 < len && after[..len].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_x_would_change_stands_in_brackets() {
        for (text, written) in [
            ("plain, e.g. 3.14 and U.S. & p.m. ...", "plain, e.g. 3.14 and U.S. & p.m. ..."),
            ("https://t.co/abc", "https://t[.]co/abc"),
            ("write to info@mfa.example.", "write to info[@]mfa[.]example."),
            ("\u{ff20}embassy @ noon", "[\u{ff20}]embassy @ noon"),
            ("$USD 5, US$5", "[$]USD 5, US$5"),
            ("AT&T &lt; &#60; & so;", "AT&T [&]lt; [&]#60; & so;"),
            ("президент.рф", "президент[.]рф"),
            ("a\tb\r\n", "a[U+0009]b[U+000D]\n"),
            ("a\n\n\n\nb", "a\n\n[U+000A][U+000A]b"),
            ("[1] [sic] [.] [[] [U+000D] [U+00d]", "[1] [sic] [[].] [[][] [[]U+000D] [U+00d]"),
            ("e\u{301}\u{e9}", "e[U+0301]\u{e9}"),
            ("\u{feff}\u{202e}\u{ffff}", "[U+FEFF][U+202E][U+FFFF]"),
        ] {
            assert_eq!(write(text), written);
            assert_eq!(read(written).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_no_writer_leaves_bare_is_refused() {
        for written in ["a\r\n", "\t", "\u{feff}", "a\n\n\nb", "\u{85}", "\u{202e}", "\u{10ffff}"] {
            assert_eq!(read(written), None, "{written:?}");
        }
    }

    #[test]
    fn what_is_not_quite_an_escape_is_text() {
        for text in ["[U+D800]", "[U+00000A]", "[U+a]", "[U+110000]", "[", "[]", "[.", "[U+000a]", "[U++00A]"] {
            assert_eq!(read(text).as_deref(), Some(text));
            assert_eq!(write(text), text);
        }
    }
}
