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
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(bytes_max + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes))
    };
    let shown = path.display();
    read.map_err(|error| {
        Failure::unusable(format!("{shown} cannot be read: {error}"), "name a file that exists and that you may read")
    })?;
    if bytes_max < bytes.len() as u64 {
        let what = format!("{shown} has more than {bytes_max} bytes");
        return Err(Failure::unusable(what, "name the right file"));
    }
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
