//! The lock for sending: one command at a time.
//!
//! It is a lock on a file beside the database, which is released when the process dies. What is known of the last
//! attempt is in the store. An earlier version kept it in this file; what is still there is moved to the store.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::base::ids::{AccountId, MessageId};
use crate::base::time::Time;

/// More bytes than an earlier version of the program has written into the file.
const BYTES: usize = 128;

/// The last attempt, as an earlier version of the program kept it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct EarlierAttempt {
    /// To whom.
    pub(super) to: AccountId,
    /// When it began.
    pub(super) at: Time,
    /// The message that was sent; None if nobody knows it.
    pub(super) message: Option<MessageId>,
}

/// The lock, held until it is dropped.
pub(super) struct SendLock {
    file: File,
    path: PathBuf,
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
            Ok(()) => Ok(Some(SendLock { file, path })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(named(&path, &error)),
        }
    }

    /// The last attempt of an earlier version; None if there was none, or it is in the store already.
    ///
    /// # Errors
    /// If the file cannot be read, or contains something else.
    pub(super) fn earlier(&self) -> io::Result<Option<EarlierAttempt>> {
        let mut bytes = [0; BYTES];
        let len = self.file.read_at(&mut bytes, 0).map_err(|error| named(&self.path, &error))?;
        let text = std::str::from_utf8(&bytes[..len]).unwrap_or("?").trim_end();
        if text.is_empty() {
            return Ok(None);
        }
        let earlier = read(text).ok_or_else(|| io::Error::other("it is not what the last command wrote: delete it"));
        earlier.map(Some).map_err(|error| named(&self.path, &error))
    }

    /// Empties the file: what it contained is in the store.
    pub(super) fn empty(&self) -> io::Result<()> {
        self.file.set_len(0).and_then(|()| self.file.sync_all()).map_err(|error| named(&self.path, &error))
    }
}

/// Reads `<account> <moment> <message or ->`.
fn read(text: &str) -> Option<EarlierAttempt> {
    let [to, at, message] = text.split(' ').collect::<Vec<_>>()[..] else { return None };
    let message = if message == "-" { None } else { Some(MessageId::parse(message)?) };
    Some(EarlierAttempt { to: AccountId::parse(to)?, at: Time::parse(at)?, message })
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

    #[test]
    fn what_an_earlier_version_wrote_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let lock = SendLock::take(&folder.path().join("verbale.db")).unwrap().unwrap();
        let write =
            |text: &str| std::fs::write(folder.path().join("verbale.db.send"), format!("{text:<95}\n")).unwrap();
        assert_eq!(lock.earlier().unwrap(), None);
        write("");
        assert_eq!(lock.earlier().unwrap(), None);
        let (to, at) = (AccountId(u64::MAX), Time::from_ms(1_764_000_000_000));
        write("18446744073709551615 2025-11-24T16:00:00.000Z -");
        assert_eq!(lock.earlier().unwrap(), Some(EarlierAttempt { to, at, message: None }));
        write("18446744073709551615 2025-11-24T16:00:00.000Z 900");
        assert_eq!(lock.earlier().unwrap(), Some(EarlierAttempt { to, at, message: Some(MessageId(900)) }));
        lock.empty().unwrap();
        assert_eq!(lock.earlier().unwrap(), None);
        write("5 now -");
        assert!(lock.earlier().unwrap_err().to_string().ends_with("delete it"));
    }
}
