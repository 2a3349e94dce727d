//! Why the store could not do it, sorted by what happens next.

/// Why the store could not do it. Most of it is weather, which passes by itself; the tasks sort it by what follows.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// There is no database at this path.
    #[error("there is no database at {0}\nmake one with `verbale init`, or restore the backup")]
    Missing(String),
    /// There is something already where a database is to be made.
    #[error("{0} exists already\nan existing log is never overwritten: choose another place")]
    Exists(String),
    /// Another daemon has it.
    #[error("another process is writing to {0}\nonly one daemon may run on a log: stop the other one first")]
    InUse(String),
    /// It is the database of another log, or of something else.
    #[error("{0}")]
    WrongLog(String),
    /// What is in it does not agree with itself: entries, heads and numbers contradict each other.
    #[error(
        "the database is damaged: {0}\nnothing was changed; restore the newest backup, and compare its head with the last post before you go on"
    )]
    Damaged(String),
    /// The file cannot be read as a database of this program: perhaps it is being written, or the disk has lost a part.
    #[error("{0}")]
    Corrupt(String),
    /// The file is no longer where it was when it was opened.
    #[error(
        "{0} is no longer there\nnothing is written until it is back: put the same file there again, or stop the daemon and restore the newest backup"
    )]
    Gone(String),
    /// Another file is where the database was when it was opened.
    #[error(
        "{0} is not the file that was opened\nnothing is written until what is there now has been checked, by a new start"
    )]
    Replaced(String),
    /// The handle is closed, or the thread that holds it has ended.
    #[error("the store is closed")]
    Closed,
    /// Another program has it open and does not let it go.
    #[error("the database is held by another program: {0}\nend what has it open, and the daemon goes on")]
    Held(String),
    /// No room on the disk.
    #[error("the disk with the database is full\nnothing was lost: make room, and the daemon goes on")]
    Full,
    /// The disk does not do what it should.
    #[error(
        "the disk with the database failed: {0}\nnothing was lost: see that the disk works, has room, and that this user may write so much, and the daemon goes on"
    )]
    Disk(String),
    /// A step that the tasks should never ask for.
    #[error("the store refused: {0}")]
    Refused(String),
    /// The database could not do it.
    #[error("the database failed: {0}")]
    Database(String),
}

/// What to do about a file that cannot be read.
const RESTORE: &str =
    "nothing was changed; restore the newest backup, and compare its head with the last post before you go on";

/// Sorts what SQLite says by what happens next.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        use rusqlite::ErrorCode::{
            CannotOpen, ConstraintViolation, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull,
            FileLockingProtocolFailed, NotADatabase, ReadOnly, SystemIoFailure,
        };
        match error.sqlite_error_code() {
            Some(DiskFull) => Error::Full,
            Some(DatabaseCorrupt | NotADatabase) => {
                Error::Corrupt(format!("the database is damaged: {error}\n{RESTORE}"))
            }
            Some(DatabaseBusy | DatabaseLocked | FileLockingProtocolFailed) => Error::Held(error.to_string()),
            Some(SystemIoFailure | ReadOnly | CannotOpen) => Error::Disk(error.to_string()),
            Some(ConstraintViolation) => Error::Refused(error.to_string()),
            _ => Error::Database(error.to_string()),
        }
    }
}
