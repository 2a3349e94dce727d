//! The turn to send: one command at a time, and what is known of the last try.
//!
//! It is a file beside the database. It names the account and the moment of the last try, and the message once the platform
//! has named it: nothing of what was sent.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::base::ids::{AccountId, MessageId};
use crate::base::time::Time;

/// How many bytes the file has: it is written in one piece, over what stood there.
const BYTES: usize = 96;

/// The last try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LastAttempt {
    /// To whom.
    pub(super) to: AccountId,
    /// When it began.
    pub(super) at: Time,
    /// The message that came of it; nothing if nobody knows.
    pub(super) message: Option<MessageId>,
}

/// The turn, until it is dropped.
pub(super) struct SendLock {
    file: File,
    path: PathBuf,
}

impl SendLock {
    /// Takes the turn on this database; nothing if another command has it.
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

    /// The last try, if there was one.
    pub(super) fn last(&self) -> io::Result<Option<LastAttempt>> {
        let mut bytes = [0; BYTES];
        let len = self.file.read_at(&mut bytes, 0).map_err(|error| named(&self.path, &error))?;
        let text = std::str::from_utf8(&bytes[..len]).unwrap_or("?").trim_end();
        if text.is_empty() {
            return Ok(None);
        }
        let tried = read(text).ok_or_else(|| io::Error::other("it is not what the last command wrote: delete it"));
        tried.map(Some).map_err(|error| named(&self.path, &error))
    }

    /// Keeps a try; it is durable when this returns.
    pub(super) fn keep(&self, tried: Option<LastAttempt>) -> io::Result<()> {
        let text = tried.map_or_else(String::new, |LastAttempt { to, at, message }| {
            format!("{to} {at} {}", message.map_or_else(|| "-".to_owned(), |message| message.to_string()))
        });
        let line = format!("{text:<width$}\n", width = BYTES - 1);
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let written = self.file.write_all_at(line.as_bytes(), 0).and_then(|()| self.file.sync_all());
        let kept = written.and_then(|()| File::open(folder)?.sync_all());
        kept.map_err(|error| named(&self.path, &error))
    }
}

fn read(text: &str) -> Option<LastAttempt> {
    let [to, at, message] = text.split(' ').collect::<Vec<_>>()[..] else { return None };
    let message = if message == "-" { None } else { Some(MessageId::parse(message)?) };
    Some(LastAttempt { to: AccountId::parse(to)?, at: Time::parse(at)?, message })
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_the_turn_and_the_next_knows_the_last_try() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("verbale.db");
        let turn = SendLock::take(&database).unwrap().unwrap();
        assert!(SendLock::take(&database).unwrap().is_none());
        assert_eq!(turn.last().unwrap(), None);
        let tried = LastAttempt { to: AccountId(u64::MAX), at: Time::from_ms(1_764_000_000_000), message: None };
        for tried in [tried, LastAttempt { message: MessageId::parse("9223372036854775807"), ..tried }, tried] {
            turn.keep(Some(tried)).unwrap();
            assert_eq!(turn.last().unwrap(), Some(tried));
        }
        drop(turn);
        let turn = SendLock::take(&database).unwrap().unwrap();
        assert_eq!(turn.last().unwrap(), Some(tried));
        turn.keep(None).unwrap();
        assert_eq!(turn.last().unwrap(), None);
        std::fs::write(folder.path().join("verbale.db.send"), "5 now -").unwrap();
        assert!(turn.last().unwrap_err().to_string().ends_with("delete it"));
    }
}
