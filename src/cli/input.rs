//! Files that a person names, read whole.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::Failure;

/// The bytes of a file, or of standard input for `-`.
///
/// # Errors
/// If it cannot be read, or has more than `bytes_max` bytes.
pub(super) fn bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let bytes = match path == Path::new("-") {
        true => beginning(path, Ok(io::stdin().lock()), bytes_max)?,
        false => file(path, bytes_max)?,
    };
    if bytes_max < bytes.len() as u64 {
        let what = format!("{} has more than {bytes_max} bytes", path.display());
        return Err(Failure::unusable(what, "name the right file"));
    }
    Ok(bytes)
}

/// The bytes of a file: at most one more than `bytes_max`, so that the reader sees that there are more.
///
/// # Errors
/// If it cannot be read.
pub(super) fn file(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    beginning(path, File::open(path), bytes_max)
}

fn beginning(path: &Path, from: io::Result<impl Read>, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = from.and_then(|from| from.take(bytes_max + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        let what = format!("{} cannot be read: {error}", path.display());
        Failure::unusable(what, "name a file that exists and that you may read")
    })?;
    Ok(bytes)
}

/// The same as text.
///
/// # Errors
/// As [`bytes`], or if it is not UTF-8.
pub(super) fn text(path: &Path, bytes_max: u64) -> Result<String, Failure> {
    String::from_utf8(bytes(path, bytes_max)?).map_err(|_| {
        Failure::unusable(format!("{} is not text in UTF-8", path.display()), "save it as UTF-8, and try again")
    })
}
