//! The lock for sending: one command at a time.
//!
//! It is a lock on a file beside the database, which is released when the process dies. What is known of the last
//! attempt is in the store.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The lock, held until it is dropped.
pub(super) struct SendLock {
    _file: File,
}

impl SendLock {
    /// Takes the lock for this database; None if another command has it.
    pub(super) fn take(database: &Path) -> io::Result<Option<SendLock>> {
        let mut name = database.as_os_str().to_owned();
        name.push(".send");
        let path = PathBuf::from(name);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true).mode(0o600);
        let file = options.open(&path).map_err(|error| named(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(SendLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(named(&path, &error)),
        }
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_the_turn_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("verbale.db");
        let turn = SendLock::take(&database).unwrap().unwrap();
        assert!(SendLock::take(&database).unwrap().is_none());
        drop(turn);
        assert!(SendLock::take(&database).unwrap().is_some());
    }
}
