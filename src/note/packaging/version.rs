//! Files of a format that came later than this program.

use super::{NotRead, text};
use crate::note::names;
use crate::note::proof::Files;

/// What the first line of a file of this format begins with, before its version. All are of version 1 here. Extras of a proof,
/// which count for nothing where they cannot be read, are not asked.
fn format(name: &str) -> Option<&'static str> {
    match name {
        names::POST => Some("verbale post v"),
        _ if name.ends_with(".envelope.txt") => Some("verbale envelope v"),
        _ if name.ends_with(".content.txt") => Some("verbale content v"),
        _ if name.ends_with(".unlocked.txt") => Some("verbale unlocked v"),
        _ if name.ends_with(".tlog-proof") && !name.contains(".at-") => Some("c2sp.org/tlog-proof@v"),
        _ => None,
    }
}

/// Checks that no file says that it is of another version.
pub(super) fn check(files: &Files) -> Result<(), NotRead> {
    for (file, bytes) in files.iter() {
        if let Some(found) = format(file).and_then(|format| other(format, bytes)) {
            return Err(NotRead::Version { file: file.to_owned(), found });
        }
    }
    Ok(())
}

fn other(format: &str, bytes: &[u8]) -> Option<String> {
    const BYTES_MAX: usize = 20;
    let line = text::first_line(bytes)?;
    let version = line.strip_prefix(format)?;
    let is_version = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let is_other = (1..=BYTES_MAX).contains(&version.len()) && version.bytes().all(is_version) && version != "1";
    is_other.then(|| version.to_owned())
}
