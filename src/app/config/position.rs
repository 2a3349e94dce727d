//! Where in a file something is wrong, for the messages about it.

use std::ops::Range;
use std::path::Path;

use toml::de::DeTable;

use super::Error;

/// What to do if nothing better is known.
const REMEDY: &str = "correct that line; the comments in the file that `verbale init` writes say what it may hold";

/// An error of TOML as ours: file, line, column, key, what is wrong. The further lines of its message become what to
/// do. The value is shown only as far as the message shows it: a line may hold a misplaced secret.
pub(super) fn error(error: &toml::de::Error, text: &str, path: &Path) -> Error {
    at(error.span(), error.message(), text, path)
}

/// The same for a message of our own about the bytes `span` of `text`.
pub(super) fn at(span: Option<Range<usize>>, message: &str, text: &str, path: &Path) -> Error {
    let (what, remedy) = message.split_once('\n').unwrap_or((message, remedy(message)));
    let place = span.map_or_else(String::new, |span| place(text, span.start));
    Error::new(format!("{}{place}: {what}", path.display()), remedy)
}

/// Where in `text` the value of `key` in `section` stands. Returns None if it is not said.
pub(super) fn of(text: &str, section: &str, key: &str) -> Option<Range<usize>> {
    let file = DeTable::parse(text).ok()?;
    let (_, section) = file.get_ref().iter().find(|(name, _)| name.get_ref() == section)?;
    let (_, value) = section.get_ref().as_table()?.iter().find(|(name, _)| name.get_ref() == key)?;
    Some(value.span())
}

fn remedy(message: &str) -> &'static str {
    match message {
        message if message.starts_with("unknown field") => "correct its spelling, or remove the line",
        message if message.starts_with("missing field") => {
            "add it; the comments in the file that `verbale init` writes say what it may hold"
        }
        _ => REMEDY,
    }
}

/// `:12:10: origin` of the byte `offset`, counted from 1; the key only where the line has one.
fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.matches('\n').count() + 1;
    let column = before[start..].chars().count() + 1;
    let whole = text[start..].lines().next().unwrap_or("");
    let key = whole.split_once('=').map(|(key, _)| key.trim()).filter(|key| offset >= start + key.len());
    let plain = |key: &&str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
    match key.filter(plain) {
        Some(key) if column > key.len() => format!(":{line}:{column}: {key}"),
        _ => format!(":{line}:{column}"),
    }
}
